// AccessBatch: the lines of the access log that come in one turn of a loop, in one write: a write a
// line is a fifth of the cost of a 302.
//
// The lines are in the file at the end of the turn; until then they are in memory, at most
// kMaxBytes of them.
// Thread: its loop's.
// Ownership: shared by its owner and, for a turn, by the loop.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "http/access_line.h"

namespace lb {

class Log;
class Loop;

class AccessBatch : public std::enable_shared_from_this<AccessBatch> {
 public:
  static constexpr std::size_t kMaxBytes = 65536;

  AccessBatch(Loop& loop, Log& log) : loop_(loop), log_(log) {}
  ~AccessBatch() { flush(); }
  AccessBatch(const AccessBatch&) = delete;
  AccessBatch& operator=(const AccessBatch&) = delete;

  void add(AccessFacts facts, WallTime now);
  void flush();

 private:
  Loop& loop_;
  Log& log_;
  std::string lines_;
  // The second that was written out last: every line names one.
  WallTime second_{};
  std::string time_;
};

}  // namespace lb
