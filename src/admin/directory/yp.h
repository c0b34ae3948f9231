// YpAnnouncer: announces public streams to directories ("YP"): add, touch, remove.
//
// Thread: control.
// Ownership: app's DirectoryService.  Never blocks: requests go out by one callback, answers come
// in by another; at most one request for each stream and directory is under way.
// Times: the first add 60 s after a stream has become public, the first touch 5 s after it was
// accepted, then every touch-interval of the directory (its TouchFreq, at least 30 s); 20 minutes
// after a directory could not be reached, 2 hours after it refused the stream.
// Source: Icecast 2.4.4.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/record.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "net/fetch/fetch.h"

namespace lb {

struct YpDirectory {
  std::string url;
  std::chrono::seconds timeout{6};
  std::chrono::seconds touch_interval{600};
};

// A stream as directories list it; UTF-8, not escaped.
struct YpStream {
  std::string mount;
  std::string name, genre, cluster_password, description, url, listenurl, type, subtype, bitrate;
  std::string audio_info;  // "ice-samplerate=44100;ice-channels=2"
  std::string song;
  std::uint64_t listeners = 0, max_listeners = 0;
};

// A stream at a directory, for the process that takes over: it touches and removes it by this sid.
struct ListingRecord {
  std::string url, mount, sid;
  SteadyTime due{};
  std::chrono::seconds interval{0};
  static constexpr PlainRecord kRecord{.members = 5, .needed = 3};
};
struct ListingsRecord {
  std::vector<ListingRecord> listings;
  static constexpr PlainRecord kRecord{.members = 1, .needed = 1};
};

// Lower-case %xx for all but A-Z a-z 0-9, as in Icecast, because directories compare it.
std::string yp_escape(std::string_view text);
std::string yp_add_form(const YpStream& stream);
std::string yp_touch_form(std::string_view sid, const YpStream& stream);
std::string yp_remove_form(std::string_view sid);

class YpAnnouncer {
 public:
  using Answer = UniqueFunction<void(Result<FetchAnswer>)>;
  using Post = std::function<void(const YpDirectory& directory, std::string form, Answer answer)>;
  // A stream at the time of a request; nullopt: it has just ended.
  using Describe = std::function<std::optional<YpStream>(const std::string& mount)>;

  YpAnnouncer(const Clock& clock, Log& log, Describe describe, Post post);
  YpAnnouncer(const YpAnnouncer&) = delete;
  YpAnnouncer& operator=(const YpAnnouncer&) = delete;

  // A directory that is no longer configured gets remove requests for its streams.
  void set_directories(std::vector<YpDirectory> directories);
  // Takes the mounts of all streams that are public now, by name.  Called about once a second.
  void tick(std::span<const std::string> mounts);
  // Whether a directory may list a stream soon of which the id is not known yet.
  bool adds() const noexcept;
  ListingsRecord save() const;
  // Before the first set_directories().
  void restore(ListingsRecord saved);
  // Removes all streams; `done` is called when all directories have answered, perhaps at once.
  void withdraw(UniqueFunction<void()> done);

 private:
  struct Key {
    std::string url, mount;
    auto operator<=>(const Key&) const = default;
  };
  struct Entry {
    std::string sid;  // "": not accepted yet
    SteadyTime due{};
    std::chrono::seconds interval{0};
    bool asked = false;   // a request is under way
    bool gone = false;    // the stream has ended meanwhile
    bool missed = false;  // the last touch had no answer
  };
  const YpDirectory* directory_of(const std::string& url) const;
  void add(const YpDirectory& directory, const YpStream& stream, Entry& entry);
  void touch(const YpDirectory& directory, const YpStream& stream, Entry& entry);
  void remove(const YpDirectory& directory, const std::string& mount, const std::string& sid);
  void answered(const Key& key, bool was_add, Result<FetchAnswer> answer);
  void drop_gone(const YpDirectory& directory, std::span<const std::string> mounts);

  const Clock& clock_;
  Log& log_;
  const Describe describe_;
  Post post_;
  std::vector<YpDirectory> directories_;
  std::map<Key, Entry> entries_;
  std::size_t removing_ = 0;
  UniqueFunction<void()> withdrawn_;
};

}  // namespace lb
