// The list of what plays now: the segments of the log and, of a mount that is recorded, those
// before them, from the archive.  What a worker has listed it does not take back.
#include <algorithm>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

#include "app/hls/hls_replies.h"
#include "app/hls/hls_stage.h"
#include "app/services/archive_service.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "hls/media_playlist.h"
#include "hls/past_lookup.h"
#include "media/metadata.h"
#include "stream/source/picture_shelf.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kListLasts = 200ms;
constexpr std::size_t kMaxLists = 256;
// The clock of a source is known by then, and the archive has what came before.
constexpr std::chrono::seconds kGapIsFilled{6};

// The oldest first; those that have a time and an address, by which all nodes tell them alike.
std::vector<HlsTitle> titles_of(const Traffic& traffic, const std::string& mount) {
  std::vector<HlsTitle> titles;
  for (const PlayedTitle& played : traffic.titles.of(mount)) {
    if (!played.place) continue;
    const SongParts parts = played.parts();
    titles.push_back({print_address(*played.place), unix_ms(played.at), std::string(parts.artist),
                      std::string(parts.title),
                      played.art.empty() ? std::string() : cat({kPicturePath, played.art})});
  }
  std::reverse(titles.begin(), titles.end());
  return titles;
}

}  // namespace

// A thousand players ask in a second, and a list lasts for seconds.
const HlsStage::ListText* HlsStage::list_of(const std::shared_ptr<Mount>& of,
                                            const HlsSettings& settings, const HlsPast* recorded,
                                            std::vector<HlsSegment>& held) {
  const Mount& mount = *of;
  const SteadyTime now = worker_.loop.now();
  if (lists_.size() >= kMaxLists) lists_.clear();
  ListText& list = lists_[mount.name()];
  if (list.mount.lock() == of && now < list.until) return &list;
  const std::size_t length = hls_list_length(settings, hls_cut_of(mount));
  const auto view = mount.channel().newest();
  const HlsCut cut(*view);
  held = cut.newest(length);
  auto segments = held;
  if (held.size() == length && !list.pace.shows_due(held, now))
    segments = list.pace.window(cut.newest(~std::size_t{0}), length, now);
  if (held.size() < length && is_recorded(mount)) {
    // What has been listed is not taken back, and need not be looked up again.
    if (!held.empty() && hls_reaches(list.segments, held.front()))
      put_in_front(list.segments, length, segments);
    else if (!held.empty() && recorded == nullptr)
      return nullptr;
    else if (!put_recorded_in_front(list, recorded, length, segments))
      return &list;
  }
  list.mount = of;
  list.segments = std::move(segments);
  list.until = list.segments.empty() ? now : now + kListLasts;
  if (list.segments.empty()) return &list;
  list.pace.note(list.segments, now);
  const auto titles = titles_of(worker_.services, mount.name());
  list.text = with_titles(media_playlist(list.segments, {}), list.segments, titles);
  list.tag = cat({"\"", segment_name(list.segments.back()), "-", list.segments.front().sequence,
                  "-", std::hash<std::string>()(list.text), "\""});
  return &list;
}

bool HlsStage::is_recorded(const Mount& mount) const {
  return mount.settings()->archive.enabled && worker_.services.archive->on();
}

// A source that has sent far ahead may leave the log no segment of the one before.  Its own are
// listed when its clock is known, and the last one of the other is recorded as a whole one then,
// with the next turn of the archive: as long as that tells nothing of the source, there may be more
// before it.
bool HlsStage::put_recorded_in_front(const ListText& list, const HlsPast* recorded,
                                     std::size_t length, std::vector<HlsSegment>& segments) {
  const std::span<const HlsSegment> older =
      recorded == nullptr ? std::span<const HlsSegment>() : recorded->list.segments;
  const bool told = !segments.empty() && std::any_of(older.begin(), older.end(), [&](auto& one) {
    return one.stream == segments.front().stream;
  });
  const bool gap = !list.segments.empty() &&
                   (segments.empty() || list.segments.back().sequence < segments.front().sequence);
  if (gap && !told && worker_.loop.now() < list.until + kGapIsFilled) return false;
  if (!segments.empty()) put_in_front(older, length, segments);
  return true;
}

}  // namespace lb
