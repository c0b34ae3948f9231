// DueTitles: keeps titles that were sent in advance until they begin to sound.
//
// Thread: control.
// Ownership: Services.
// Bounds: kMaxOfMount titles of a mount, kMaxMounts mounts.  An upgrade hands them over; otherwise
// they end with the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "admin/command/station.h"
#include "base/record.h"
#include "net/loop/loop.h"

namespace lb {

template <class Io, RecordOf<TitleRequest> T>
void record_fields(Io& io, T& request) {
  auto& [song, artist, title, url, charset, encoder, only_from_ip, art, next, details, next_details,
         at_ms] = request;
  io(1, song, artist, title, url, charset, encoder, only_from_ip, art, next, details, next_details,
     at_ms);
}

struct DueTitleRecord {
  std::string mount;
  TitleRequest request;
  static constexpr PlainRecord kRecord{.members = 2, .needed = 2};
};

class DueTitles {
 public:
  static constexpr std::size_t kMaxOfMount = 32, kMaxMounts = 1000;

  using Set = std::function<void(const std::string& mount, TitleRequest request)>;
  DueTitles(Loop& control, Set set)
      : loop_(control), set_(std::move(set)), timer_(control, [this] { work(); }) {}

  // request: with at_ms; replaces one of the same moment.  False: no room.
  bool add(const std::string& mount, TitleRequest request);

  // The mount was deleted.
  void forget(const std::string& mount) { waiting_.erase(mount); }

  // For an upgrade; go_on() sets the titles that are due.
  std::vector<DueTitleRecord> save() const;
  void restore(DueTitleRecord saved);
  void go_on() { work(); }

 private:
  bool put(const std::string& mount, TitleRequest request);
  void work();

  Loop& loop_;
  const Set set_;
  std::map<std::string, std::map<std::int64_t, TitleRequest>> waiting_;  // by at_ms
  Timer timer_;
};

}  // namespace lb
