// PlayChanges: changes by one transaction to performances of titles that were counted before.
//
// A session is in the performances of each title of which it heard a part, so not in those that lie
// within one of its pauses; an open one in all from its start on.  Late rows of a server that was
// cut off begin, continue and end sessions in the past, after such titles were counted.  A title's
// gain is not changed.
// Thread: one.
// Ownership: AudienceMerge.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "audience/database.h"
#include "audience/song_sums.h"

namespace lb {

class PlayChanges {
 public:
  explicit PlayChanges(Sqlite& database);

  static constexpr std::int64_t kGoesOn = std::numeric_limits<std::int64_t>::max();
  // The counted part of a session: empty, unless it ends after its start.
  struct Part {
    std::int64_t began = 0, ended = 0;
    bool is_none() const noexcept { return began >= ended; }
  };
  // sign: 1: a session has this part; -1: it had it.
  void add(std::int64_t mount, const std::string& country, Part part, int sign);
  // The same of a pause within the part.
  void add_pause(std::int64_t mount, const std::string& country, Part pause, int sign);
  void write();
  void forget() { changes_.clear(); }

 private:
  struct Change {
    std::int64_t begins = 0, ends = 0;
  };
  using Changes = std::map<std::int64_t, Change>;                                // by time
  using Pauses = std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t>;  // began, ended
  struct OfCountry {
    Changes changes;
    Pauses pauses;
  };
  using Countries = std::map<std::string, OfCountry>;
  struct Play : SongPlay {
    std::int64_t ended = 0;
  };
  static std::vector<std::int64_t> performances(const std::vector<Play>& plays,
                                                const OfCountry& of);
  bool write(std::int64_t mount, const Countries& countries);

  Sqlite& database_;
  std::map<std::int64_t, Countries> changes_;  // by mount
  Statement counted_until_;
};

}  // namespace lb
