// Spool: the file that guarantees a listener_remove for every listener_add, also if the server was
// killed.
//
// A thread of its own appends lines, so that a slow disk stops no loop: all waiting lines with one
// write and one fdatasync.  `written` is called when the kernel has the line: a later kill -9 loses
// nothing, a power failure only the milliseconds before fdatasync.
// The file is 0600 (it has listeners' passwords for their backend) and locked: a second server on
// the directory gets an error.  It is compacted at the start, and when it exceeds a mebibyte of
// mostly finished lines.
// A full disk loses lines, which is logged, and refuses no listener.
// Thread: control.
// Ownership: the destructor writes remaining lines and joins the thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/listener/authenticator.h"
#include "base/log.h"
#include "base/unique_function.h"
#include "net/loop/loop.h"

namespace lb {

// The text of the listener spool: the listeners whose end a backend must be sent.
//
// One line a fact, fields separated by one space, bytes other than plain text as %xx:
//   icecast-lb-spool 1
//   A SEQ CLIENT TIME URL USER PASSWORD BEFORE AFTER   a listener came in; seconds since 1970
//   E SEQ SECONDS BYTES                                it has gone
//   D SEQ                                              the backend has heard of it
//   H TIME                                             the server was still running then
// An incomplete line (power failure) or one with wrong fields is ignored.
struct SpoolEntry {
  std::uint64_t seq = 0;
  std::uint64_t client_id = 0;
  std::int64_t since = 0;  // seconds since 1970
  RemovalNotice notice;
  bool ended = false;  // then these are known:
  std::uint64_t seconds = 0, bytes_sent = 0;
};

struct SpoolContent {
  std::vector<SpoolEntry> open;  // listeners that no backend has heard of, by seq
  std::int64_t last_alive = 0;   // the newest time in the file
  std::uint64_t highest_seq = 0, highest_client_id = 0;
};

inline constexpr std::string_view kSpoolTitle = "icecast-lb-spool 1\n";

SpoolContent parse_spool(std::string_view text);
std::string spool_added(const SpoolEntry& entry);
std::string spool_ended(std::uint64_t seq, std::uint64_t seconds, std::uint64_t bytes_sent);
std::string spool_done(std::uint64_t seq);
std::string spool_alive(std::int64_t now);
// A whole file with as few lines as possible.
std::string spool_compacted(const SpoolContent& content);

class Spool {
 public:
  struct Opened {
    std::unique_ptr<Spool> spool;
    SpoolContent leftovers;  // of the last run; they stay in the file until done()
  };
  static Result<Opened> open(const std::string& path, Loop& control, Log& log);
  ~Spool();

  // `written` is called on control.
  void added(const SpoolEntry& entry, UniqueFunction<void()> written);
  void ended(std::uint64_t seq, std::uint64_t seconds, std::uint64_t bytes_sent);
  void done(std::uint64_t seq);
  void alive(std::int64_t now, UniqueFunction<void()> written = nullptr);
  const std::string& path() const noexcept;
  // Empties a file whose content is in another one; unless a process appends to it.
  static void empty(const std::string& path) noexcept;

  // -- of a hand-over
  // No line waits to be written.
  bool idle() const;
  // Another process of this server has the file from now on; lock(): takes it back.  REQUIRES:
  // idle(), and no line in between
  void unlock();
  void lock();

 private:
  class Writer;
  explicit Spool(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
};

}  // namespace lb
