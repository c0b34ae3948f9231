// AuditLog: one JSON object a line for each change by a person or a program, in a file of its own.
//
// The members are those of AuditEntry, the time ("at"), the node, and "change": {FIELD: [OLD,
// NEW]}. n counts the lines; prev is the start of the SHA-256 of the previous line (16 hex digits;
// zeros first), so that a removed or changed line shows.  Secrets are written as ***. After
// write_by() lines wait for its thread, so that a stuck disk holds up no caller; n has a gap where
// a line was lost.
// Thread: any; write() waits for no other.
// Bounds: a value is cut after 512 bytes, a line has at most 32 changes; kMaxWaiting bytes wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "base/unique_function.h"

namespace lb {

inline constexpr std::size_t kMaxAuditChanges = 32;

struct AuditEntry {
  struct Change {
    std::string field;
    std::optional<std::string> before, after;  // nullopt: null
  };
  std::string user, role;
  // The accounts of the user and of the change's object ("of"): names may be given again.
  std::string account, of_account;
  std::string via;  // cookie, basic, token, file, proxy, signal, external
  std::string ip;
  std::string action;  // "do": "killsource", "login"
  std::string on;      // the object of the change: a mount, a node, a user
  std::vector<Change> changes;
  std::string result;  // "ok", a status, a reason
};

// "***" if the field is a secret.
std::string audited_value(std::string_view field, std::string_view value);

// Whether it is a customer's title, picture, login or refusal, of which there may be many a second.
bool is_frequent(const AuditEntry& entry);
// The account whose titles, pictures and refusals they are.
const std::string& customer_of(const AuditEntry& entry);

class AuditLog {
 public:
  static constexpr std::size_t kMaxWaiting = 1 << 20;
  static constexpr std::chrono::milliseconds kPatience{1000};

  // Opens the file, again after a rename; continues an existing one.
  Result<void> open(const std::string& path, const std::string& node);
  void close();
  // From now on tasks given to `post`, which any thread may call, write the lines; `lost` is called
  // there for each line that could not be written.
  using Post = std::function<void(UniqueFunction<void()>)>;
  using Lost = std::function<void(const Error&)>;
  void write_by(Post post, Lost lost);
  // Writes the lines that wait, unless another thread takes longer for it.
  void write_waiting(std::chrono::milliseconds patience = kPatience);
  Result<void> write(const AuditEntry& entry, WallTime now);

 private:
  struct Waiting {
    WallTime at;
    std::string rest;  // of the line, behind "node"
  };
  Result<void> write_line(const Waiting& line);

  std::timed_mutex mutex_;  // of all members until waiting_mutex_
  std::string path_, node_;
  UniqueFd fd_;
  std::uint64_t next_ = 1;
  std::string last_;  // the digest of the last line
  std::mutex waiting_mutex_;
  std::shared_ptr<const Post> post_;  // null: callers write
  Lost lost_;                         // constant once post_ is set
  std::vector<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool asked_ = false;          // write_waiting() will run
  std::uint64_t left_out_ = 0;  // lines lost since the last write_waiting()
};

// Checks the lines of such a file, and of the one after it, in order.
class AuditChain {
 public:
  // False: prev is not the digest of the line before, or the line is invalid.  The first line may
  // continue another file.
  bool follows(std::string_view line);

 private:
  std::string before_;  // the digest of the last line
};

}  // namespace lb
