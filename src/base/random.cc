#include "base/random.h"

#include <sys/random.h>

#include <bit>

namespace lb {
namespace {

// splitmix64 spreads one seed over the state, as the authors of xoshiro advise.
std::uint64_t split_mix(std::uint64_t& x) noexcept {
  x += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = x;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

Rng::Rng(std::uint64_t seed) noexcept {
  for (auto& word : state_) word = split_mix(seed);
}

Rng Rng::from_entropy() {
  std::uint64_t seed = 0;
  // getrandom(2) of 8 bytes never returns fewer, and blocks only during boot.
  if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = 0x6c62272e07bb0142ULL;
  return Rng(seed);
}

// xoshiro256** (Blackman and Vigna)
std::uint64_t Rng::next() noexcept {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double Rng::unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::uint64_t Rng::below(std::uint64_t n) noexcept {
  // Rejects the uneven rest of the range, so that every value is equally likely.
  const std::uint64_t limit = -n % n;
  for (;;) {
    const std::uint64_t x = next();
    if (x >= limit) return x % n;
  }
}

}  // namespace lb
