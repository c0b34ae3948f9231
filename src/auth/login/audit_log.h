// AuditLog: each change that a person or a program made, one JSON object a line, in a file of its
// own.
//
// The members are those of AuditEntry, with the time ("at"), the node, and "change":
// {FIELD: [OLD, NEW]}.  n counts the lines; prev is the beginning of the SHA-256 of the line before
// it (16 hex digits; of the first one zeros), so that a line that was cut out or changed shows.
// Secrets are written as ***. A line is written before the request is answered; one that cannot be
// written is reported by write(), and the next one that can has a gap in n.
// Thread: any; a mutex around one write(2).
// Bounds: a value is cut after 512 bytes, a line has at most 32 changes.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace lb {

struct AuditEntry {
  struct Change {
    std::string field;
    std::optional<std::string> before, after;  // nullopt: null
  };
  std::string user, role;
  // Of the user, and of what it was done to ("of"), when it was done: names may be given again.
  std::string account, of_account;
  std::string via;  // cookie, basic, token, file, proxy, signal, external
  std::string ip;
  std::string action;  // "do": "killsource", "login"
  std::string on;      // what it was done to: a mount, a node, a user
  std::vector<Change> changes;
  std::string result;  // "ok", a status, a reason
};

// "***", where the field's name is that of a secret.
std::string audited_value(std::string_view field, std::string_view value);

class AuditLog {
 public:
  // Opens, or opens again after a rename; what a file has already is gone on with.
  Result<void> open(const std::string& path, const std::string& node);
  void close();
  bool is_open() const;
  Result<void> write(const AuditEntry& entry, WallTime now);

 private:
  mutable std::mutex mutex_;
  std::string path_, node_;
  UniqueFd fd_;
  std::uint64_t next_ = 1;
  std::string last_;  // the digest of the last line
};

// The lines of such a file, and of the one that follows it, in their order.
class AuditChain {
 public:
  // False: prev is not the digest of the line before, or it is no such line.  The first line of
  // all goes on from another file, or begins.
  bool follows(std::string_view line);

 private:
  std::string before_;  // the digest of the last line
};

}  // namespace lb
