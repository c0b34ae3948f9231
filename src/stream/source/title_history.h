// TitleHistory: the titles played lately, per mount: <max-history>.  Mounts are kept by name, so
// titles survive the source, its relay, the mount itself and an upgrade, but not a restart.
//
// Thread: all functions from any thread; a title is rare, so one mutex is enough.
// Bounds: titles of a mount by its settings, kMaxMounts mounts (if there are more, the one is
// forgotten that has been off the air longest, without any the quietest), bytes of a title.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/record.h"
#include "media/metadata.h"
#include "stream/log/title_place.h"
#include "stream/source/song_details.h"

namespace lb {

struct PlayedTitle {
  WallTime at{};      // when it began to sound; without stream times: when it came
  std::string title;  // UTF-8
  std::optional<StreamAddress> place = {};  // of its first byte; nullopt: not known
  std::string art = {};                     // the name of its picture; "": it has none
  std::string url = {};                     // StreamUrl, of http or https; "": none
  SongDetails details = {};

  SongParts parts() const noexcept { return song_parts(title, details.artist); }
  static constexpr PlainRecord kRecord{.members = 6};
};

// The titles that a mount has played lately, for the process that takes over.
struct TitlesRecord {
  std::string mount;
  std::vector<PlayedTitle> titles;  // the oldest first
  std::uint64_t changed = 0;
  std::optional<PlayedTitle> announced, painted;
  std::optional<std::string> former;
  static constexpr PlainRecord kRecord{.members = 6};
};

// The pictures of mounts, and pictures that came lately, for the same.
struct PicturesRecord {
  std::vector<std::pair<std::string, std::string>> mounts;  // by name; the oldest first
  std::vector<std::string> pictures;                        // their bytes
  static constexpr PlainRecord kRecord{.members = 2};
};

struct MountPicture {
  std::string mount, title, art;
};

class TitleHistory {
 public:
  static constexpr std::size_t kMaxMounts = 20'000;
  static constexpr std::size_t kLongestTitle = 1000, kLongestUrl = 500;
  static constexpr std::size_t kMaxPictures = 4096;

  // Limits between a title's arrival and its sound, after and before: clocks of other nodes may be
  // wrong, and a relay that begins gets a title that has sounded for a while.
  static constexpr std::chrono::minutes kFurthest{10};
  static constexpr std::chrono::hours kOldest{24};

  // Whole UTF-8 characters of it, at most kLongestTitle bytes.
  static std::string shown_text(std::string_view title);
  // The URL if it is safe as a link in a page; "": not.
  static std::string shown_url(std::string_view url);
  static WallTime begins(const TitlePlace& place, WallTime now);
  // keep: titles kept for the mount; 0: none. url, artist: from the stream, if given.  The same
  // title again is the same song: a source that came back, a relay that went on; so is one at a
  // known byte.
  void add(const std::string& mount, std::string_view title, const TitlePlace& place, WallTime now,
           std::size_t keep, std::string_view url = {}, std::string_view artist = {});
  // The source's node reports the place of the newest title with this text.
  void mend(const std::string& mount, std::string_view title, const TitlePlace& place,
            WallTime now);
  // The mount is off the air: other sound of its listeners begins then.  Not kept in an upgrade.
  void note_end(const std::string& mount, WallTime now);
  WallTime ended(const std::string& mount) const;  // the last time; 1970: not known
  // The mount's record, of this account, was deleted: its titles stay for a record of the same one.
  void note_former(const std::string& mount, const std::string& account);
  // The mount has a new record.  Titles of another account are forgotten.
  void note_owner(const std::string& mount, const std::string& account);
  // The next song, as an operator announced it at that time, until another title comes.  "": not
  // known any more.
  void announce(const std::string& mount, std::string_view title, WallTime now,
                const SongDetails& details = {});
  std::optional<PlayedTitle> next_of(const std::string& mount) const;
  // Sets the picture of the newest title with this text; if that has not come, of the next title,
  // if it has this text.  "": no picture.
  void paint(const std::string& mount, std::string_view title, const std::string& art);
  // Sets its details, in the same way.
  void describe(const std::string& mount, std::string_view title, const SongDetails& details);
  // The picture is one of the mount's, whichever title has it.
  void note_picture(const std::string& mount, const std::string& art);
  // Why the picture of the title is not shown; a title without text has no picture.
  void refuse_picture(const std::string& mount, std::string_view title, std::string why);
  // Of the last title that refuse_picture() was called for, if it has this text and no picture has
  // come since; "": no reason.
  std::string refused_picture(const std::string& mount, std::string_view title) const;
  // Of the mount's newest title with this text; "": none.
  std::string picture_of(const std::string& mount, std::string_view title) const;
  // For each mount the title that has, or waits for, a picture, if it is the newest.
  std::vector<MountPicture> pictured() const;
  // The newest with this text, otherwise only the text.
  PlayedTitle played(const std::string& mount, const std::string& title) const;
  // The last mount with this picture; "": not known.
  std::string mount_of(const std::string& art) const;
  // When the newest title began to sound; 1970: none is known.
  WallTime newest_at(const std::string& mount) const;
  // Newest first.
  std::vector<PlayedTitle> of(const std::string& mount) const;
  // The mounts whose titles changed last, those on the air first; in the order of their names.
  std::vector<std::string> mounts(std::size_t most) const;

  // Rises with each change of a title.
  std::uint64_t changes() const;
  // Of a hand-over: a record for each mount that has changed since then, and the pictures with
  // their mounts (restored by note_picture()), oldest first.
  std::vector<TitlesRecord> save(std::uint64_t since = 0) const;
  std::vector<std::pair<std::string, std::string>> save_pictures() const;
  void restore(TitlesRecord saved);

 private:
  const PlayedTitle* find(const std::string& mount, std::string_view title) const;
  PlayedTitle* find_coming(const std::string& mount, std::string_view title, bool make);
  struct RefusedPicture {
    std::string title, why;
  };
  struct Row {
    std::vector<PlayedTitle> titles;                  // the oldest first
    std::unique_ptr<PlayedTitle> announced, painted;  // painted: a title to come
    std::unique_ptr<RefusedPicture> refused;
    std::optional<std::string> former;  // whose record was deleted
    WallTime ended{};
    bool plays = false;         // since its last title, no end was noted
    std::uint64_t changed = 0;  // its place in order_, rises over all mounts
    std::uint64_t touched = 0;  // by any change, likewise
    void forget();              // the titles
  };
  const Row* row_of(const std::string& mount) const;
  Row* row_to_change(const std::string& mount);
  Row& need_row(const std::string& mount);
  void move_to_end(const std::string& mount, Row& row, bool plays);
  void remember_picture(const std::string& mount, const std::string& art);

  mutable std::mutex mutex_;
  std::map<std::string, Row> rows_;
  std::set<std::tuple<bool, std::uint64_t, std::string>> order_;  // plays, changed; first to go
  std::map<std::string, std::string> mounts_of_;                  // by picture
  std::deque<std::string> pictures_;                              // the oldest first
  std::uint64_t changes_ = 0;
};

}  // namespace lb
