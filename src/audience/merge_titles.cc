// AudienceMerge: when titles begin and end.
#include <functional>
#include <string>

#include "audience/merge.h"

namespace lb {

// The source's server and its relays report the same title, each when its bytes arrive.
bool AudienceMerge::is_known_title(std::int64_t mount, const TitleBegun& row) {
  if (several_)
    return same_play_.first_number(mount, row.at_ms + kSameTitle, row.at_ms - kSameTitle,
                                   row.title) != 0;
  const Play last = last_play(mount, row.at_ms);
  return last.id != 0 && last.title == row.title &&
         (last.ended == 0 ||
          (!last.counted && last.ended <= row.at_ms && last.ended >= row.at_ms - kSameTitle));
}

AudienceMerge::Play AudienceMerge::last_play(std::int64_t mount, std::int64_t at_ms) {
  Play last;
  if (!last_play_.bind(mount, at_ms).step()) return last;
  last = {last_play_.number(0), last_play_.number(1), last_play_.number(2),
          std::string(last_play_.text(3)), last_play_.number(4) != 0};
  last_play_.reset();
  return last;
}

void AudienceMerge::take_up_again(std::int64_t journal, std::int64_t mount, const TitleBegun& row) {
  const Play last = last_play(mount, row.at_ms);
  if (last.id == 0 || last.ended == 0 || last.ended > row.at_ms || last.counted ||
      last.title != row.title)
    return;
  // Until a minute after its start, a server that tells it for the first time may only lag.
  const auto told = told_.find({mount, journal});
  const bool is_again =
      told != told_.end() && told->second.title == std::hash<std::string>()(row.title);
  if (!several_ || is_again || row.at_ms - last.began > kSameTitle)
    reopen_play_.run(next_play_.first_number(mount, last.began), last.id);
}

bool AudienceMerge::goes_on_elsewhere(std::int64_t journal, std::int64_t mount, const Play& play,
                                      std::int64_t at_ms) const {
  const std::size_t title = std::hash<std::string>()(play.title);
  for (auto told = told_.lower_bound({mount, 0}); told != told_.end() && told->first.first == mount;
       ++told) {
    const bool is_own = told->first.second == journal;
    if (is_own ? told->second.title != title
               : told->second.title == title && told->second.at_ms >= at_ms)
      return true;
  }
  return false;
}

void AudienceMerge::title_ended(std::int64_t journal, std::int64_t mount, std::int64_t at_ms) {
  // The source may have gone to another server, which has told its title meanwhile.
  if (!several_ || !goes_on_elsewhere(journal, mount, last_play(mount, at_ms), at_ms))
    end_play_.run(at_ms, mount);
}

void AudienceMerge::title(std::int64_t journal, const TitleBegun& row) {
  const std::int64_t mount = mount_of(row.mount);
  if (mount == 0) return;
  if (row.title.empty()) return title_ended(journal, mount, row.at_ms);
  const bool known = is_known_title(mount, row);
  if (known) take_up_again(journal, mount, row);
  if (told_.size() >= kMaxTitlesKept) told_.clear();
  // A journal that has waited may have older rows behind newer ones.
  if (auto& told = told_[{mount, journal}]; row.at_ms >= told.at_ms)
    told = {std::hash<std::string>()(row.title), row.at_ms};
  if (known) return;
  // A journal that has waited may have titles from before those of others.
  const std::int64_t next = next_play_.first_number(mount, row.at_ms);
  end_play_.run(row.at_ms, mount);
  add_play_.run(mount, row.at_ms, row.title, next);
}

void AudienceMerge::song(const SongDescribed& row) {
  const std::int64_t mount = mount_of(row.mount);
  if (mount == 0) return;
  put_song_.run(mount, row.title, row.at_ms, row.facts.isrc, row.facts.album, row.facts.label,
                row.facts.label_code, row.facts.composer);
}

}  // namespace lb
