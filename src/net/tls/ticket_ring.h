// TicketRing: the random secrets of this server's own tickets, one for each hour, and their text in
// the file by which they outlive a restart.
//
// With the last ticket of an hour its secret is forgotten too, so
// that what was recorded of the connections stays secret even if the whole server is stolen later.
//
// Thread: any.
// Ownership: shared by the TlsKeeper, which turns it, and the TicketKeys.
// Bounds: kHours secrets.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lb {

class TicketRing {
 public:
  static constexpr int kHours = 3;  // that a ticket is good for
  struct Secret {
    std::int64_t hour = 0;  // since 1970
    std::string bytes;      // 32

    bool operator==(const Secret&) const = default;
  };

  // The newest first; empty before turn() or take().
  std::vector<Secret> secrets() const;
  // A secret for this hour, if there is none; what is too old goes.  True: it has changed.
  bool turn(std::int64_t hour);
  // Those of a file; they do not replace one of the same hour that is in use.
  void take(std::vector<Secret> secrets, std::int64_t now);
  static Result<std::vector<Secret>> parse(std::string_view text);
  std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Secret> secrets_;
};

}  // namespace lb
