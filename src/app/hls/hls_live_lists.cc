// The list of a live mount: the segments of the log and, if it is recorded, those before them from
// the archive.  A listed segment is not removed before it is due.
#include <algorithm>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

#include "app/hls/hls_replies.h"
#include "app/hls/hls_stage.h"
#include "app/services/archive_service.h"
#include "app/services/hls_service.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "hls/list_table.h"
#include "hls/media_playlist.h"
#include "hls/past_lookup.h"
#include "media/metadata.h"
#include "stream/source/picture_shelf.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kListLasts = 200ms;
// By then the source's clock is known, and the archive has what came before.
constexpr std::chrono::seconds kGapIsFilled{6};

// Oldest first, only titles with a time and an address, which are the same at all nodes.
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

// Whether the log had bytes of this segment's stream before it, which are in the archive now.
bool has_lost_front(const StreamView& view, const HlsSegment& segment) {
  const auto& spans = view.spans;
  for (auto i = spans.begin(); i < spans.end(); ++i)
    if (static_cast<std::uint32_t>(spans[i].id[0] >> 32) == segment.stream)
      return spans[i].begin < view.begin;
  return false;
}

}  // namespace

// A list lasts for a while, since a thousand players may request it in one second.
HlsLiveListPtr HlsStage::list_of(const std::shared_ptr<Mount>& of, const HlsSettings& settings,
                                 const HlsPast* recorded, std::vector<HlsSegment>& held) {
  const Mount& mount = *of;
  HlsListTable& lists = worker_.services.hls->lists();
  const SteadyTime now = worker_.loop.now();
  HlsLiveListPtr before = lists.of(mount.name());
  if (before->mount.lock() != of) {
    // It waits for the archive from now on, however old the list of the mount before it is.
    auto begun = std::make_shared<HlsLiveList>(*before);
    begun->mount = of;
    begun->until = now;
    before = lists.follow(mount.name(), before, std::move(begun));
  }
  if (before->mount.lock() == of && now < before->until) return before;
  const std::size_t length = hls_list_length(settings, hls_cut_of(mount));
  const auto view = mount.channel().newest();
  const HlsCut cut(*view);
  held = cut.newest(length);
  auto list = std::make_shared<HlsLiveList>();
  list->pace = before->pace;
  auto segments = held;
  if (held.size() == length && !list->pace.shows_due(held, now))
    segments = list->pace.window(cut.newest(~std::size_t{0}), length, now);
  if (held.size() < length && is_recorded(mount)) {
    // Segments listed before stay, without another lookup.
    if (!held.empty() && hls_reaches(before->segments, held.front()))
      put_in_front(before->segments, length, segments);
    else if (!held.empty() && recorded == nullptr)
      return nullptr;
    else if (!put_recorded_in_front(*view, *before, recorded, length, segments))
      return before;
  }
  list->mount = of;
  list->segments = std::move(segments);
  list->until = list->segments.empty() ? now : now + kListLasts;
  if (!list->segments.empty()) {
    list->pace.note(list->segments, now);
    of->hls_listed_end = list->segments.back().end;
    const auto titles = titles_of(worker_.services, mount.name());
    list->text = with_titles(playlist_text(list->segments), list->segments, titles);
    list->tag =
        cat({"\"", segment_name(list->segments.back()), "-", list->segments.front().sequence, "-",
             std::hash<std::string>()(list->text.text), "\""});
  }
  return lists.follow(mount.name(), before, std::move(list));
}

bool HlsStage::is_recorded(const Mount& mount) const {
  return mount.settings()->archive.enabled && worker_.services.archive->on();
}

// A source that has sent far ahead may leave no segment of the previous one in the log.  Its own
// segments are listed when its clock is known; by the archive's next turn the previous source's
// last one is recorded as a whole.  While the recorded list does not have the new source yet, more
// segments may come before it.  A worker's first list waits too, or it would begin later than those
// of other workers.
bool HlsStage::put_recorded_in_front(const StreamView& view, const HlsLiveList& list,
                                     const HlsPast* recorded, std::size_t length,
                                     std::vector<HlsSegment>& segments) {
  const std::span<const HlsSegment> older =
      recorded == nullptr ? std::span<const HlsSegment>() : recorded->list.segments;
  const bool told = !segments.empty() && std::any_of(older.begin(), older.end(), [&](auto& one) {
    return one.stream == segments.front().stream;
  });
  const bool gap =
      list.segments.empty()
          ? !segments.empty() && has_lost_front(view, segments.front())
          : segments.empty() || list.segments.back().sequence < segments.front().sequence;
  if (gap && !told && worker_.loop.now() < list.until + kGapIsFilled) return false;
  if (!segments.empty()) put_in_front(older, length, segments);
  return true;
}

}  // namespace lb
