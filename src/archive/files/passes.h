// ArchivePasses: the right to read this node's recordings of one mount, sent to other nodes over
// links and checked by block_stage().
//
// A pass is an HMAC of the mount's name with a secret of this server, so it opens no other mount.
// The secret changes every hour, and the last one stays valid.
// Thread: any.
// Ownership: app/services/remote_recordings.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/record.h"

namespace lb {

struct PassesRecord {
  std::string secret, before;
  SteadyTime since{};
  static constexpr PlainRecord kRecord{.members = 3, .needed = 3};
};

class ArchivePasses {
 public:
  static constexpr std::chrono::hours kLasts{1};

  explicit ArchivePasses(SteadyTime now);
  // True: the secret has changed, and passes must be sent again.
  bool rotate(SteadyTime now);
  // 32 hexadecimal digits.
  std::string pass(std::string_view mount) const;
  bool valid(std::string_view mount, std::string_view pass) const;
  PassesRecord save() const;
  void restore(PassesRecord saved);

 private:
  mutable std::mutex mutex_;
  std::string secret_, before_;
  SteadyTime since_;
};

}  // namespace lb
