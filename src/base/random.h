// Rng: a small seedable generator, always injected, so that tests and simulations are repeatable.
// Thread: one owner.  Not for secrets, which come from OpenSSL.
#pragma once

#include <cstdint>

namespace lb {

class Rng {
 public:
  explicit Rng(std::uint64_t seed) noexcept;
  // A generator seeded by the operating system.
  static Rng from_entropy();

  std::uint64_t next() noexcept;                  // uniform over all 64 bits
  double unit() noexcept;                         // uniform in [0, 1)
  std::uint64_t below(std::uint64_t n) noexcept;  // uniform in [0, n); REQUIRES: n > 0

 private:
  std::uint64_t state_[4];
};

}  // namespace lb
