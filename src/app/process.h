// Process: what a daemon does around its work: background, pid file, chroot, user, limits.
// Source of texts and order: Icecast 2.4.4 (compat.md 8.1).
// Thread: main, before the loops start.
#pragma once

#include <string>

#include "base/result.h"
#include "config/config.h"

namespace lb {

// Prints Icecast's two lines and goes on in a child; the parent exits.
void go_to_background();
// As many descriptors as the system allows; large folios off for our memory (decisions A1); no
// new privileges for whatever we start.
void raise_limits();
// chroot, then group, supplementary groups, user.  An error: not possible, or still root after it.
Result<void> drop_privileges(const SecuritySettings& security, const PathSettings& paths);

// Written at construction, removed at destruction.
class PidFile {
 public:
  PidFile() = default;
  static Result<PidFile> write(const std::string& path);
  PidFile(PidFile&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  PidFile& operator=(PidFile&&) = delete;
  ~PidFile();

 private:
  std::string path_;
};

}  // namespace lb
