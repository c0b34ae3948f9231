// Spool: the file that makes sure that every listener_add gets its listener_remove, also when the
// server was killed in between.
//
// Lines are appended by a thread of the spool's own, so that a slow disk stops no loop: as many as
// have come together in one write and one fdatasync.  `written` is called when the line is with the
// kernel: a kill -9 from then on loses nothing; a power failure may lose what fdatasync has not
// reached yet, some milliseconds.
// The file is 0600 (it holds passwords of listeners for their backend) and locked: a second server
// on the same directory gets an error.  It is compacted at the start, and while running whenever it
// has grown to a mebibyte and is mostly past.
// A full disk loses lines, which is logged, and keeps no listener out.
// Thread: control.
// Ownership: the destructor writes what is left and joins the thread.
#pragma once

#include <memory>
#include <string>

#include "auth/listener/spool_text.h"
#include "base/log.h"
#include "base/unique_function.h"
#include "net/loop/loop.h"

namespace lb {

class Spool {
 public:
  struct Opened {
    std::unique_ptr<Spool> spool;
    SpoolContent leftovers;  // of the last run; they stay in the file until done()
  };
  static Result<Opened> open(const std::string& path, Loop& control, Log& log);
  ~Spool();

  // `written` comes on control.
  void added(const SpoolEntry& entry, UniqueFunction<void()> written);
  void ended(std::uint64_t seq, std::uint64_t seconds, std::uint64_t bytes_sent);
  void done(std::uint64_t seq);
  void alive(std::int64_t now);

  // -- of a hand-over
  // Nothing waits to be written.
  bool idle() const;
  // Another process of this server has the file from now on; lock(): it has not.
  // REQUIRES: idle(), and nothing is noted in between
  void unlock();
  void lock();

 private:
  class Writer;
  explicit Spool(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
};

}  // namespace lb
