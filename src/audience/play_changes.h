// PlayChanges: what one transaction changes of the performances of titles that are counted already.
//
// A session is in the performances of each title that it heard a part of, while it goes on of all
// from its begin on.  Rows of a server that was cut off come when titles of then are counted: they
// begin sessions, go on with them and end them in the past.  The gain of a title stays as it was
// counted.
// Thread: one.
// Ownership: AudienceMerge.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "audience/database.h"

namespace lb {

class PlayChanges {
 public:
  explicit PlayChanges(Sqlite& database);

  static constexpr std::int64_t kGoesOn = std::numeric_limits<std::int64_t>::max();
  // What counts of a session: nothing, unless it ends after its begin.
  struct Part {
    std::int64_t began = 0, ended = 0;
  };
  // sign: 1, a session has this part; -1, it had it.
  void add(std::int64_t mount, const std::string& country, Part part, int sign);
  void write();
  void forget() { changes_.clear(); }

 private:
  struct Change {
    std::int64_t begins = 0, ends = 0;
  };
  using Changes = std::map<std::int64_t, Change>;  // by time
  using Countries = std::map<std::string, Changes>;
  bool write(std::int64_t mount, const Countries& countries);

  Sqlite& database_;
  std::map<std::int64_t, Countries> changes_;  // by mount
  Statement counted_until_;
};

}  // namespace lb
