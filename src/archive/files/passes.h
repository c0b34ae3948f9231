// ArchivePasses: the right to read what this node has recorded of one mount, as it is told to other
// nodes over links and asked for by block_stage().
//
// A pass is an HMAC of the mount's name with a secret of this server, so that the pass of one
// mount opens no other.  The secret changes every hour, and the one before it stays valid.
// Thread: any.
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
};
template <class Io, RecordOf<PassesRecord> T>
void record_fields(Io& io, T& passes) {
  auto& [secret, before, since] = passes;
  io.needed(1, secret, before, since);
}

class ArchivePasses {
 public:
  static constexpr std::chrono::hours kLasts{1};

  explicit ArchivePasses(SteadyTime now);
  // True: the secret is another one, and the passes have to be told again.
  bool rotate(SteadyTime now);
  // 32 hex.
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
