// HlsSessionNames: the names of sessions, s=: 16 random hex digits and 8 of a signature, so that a
// node knows one that another node of the cluster has given out.
//
// Thread: any, after the constructor.
// A signature lets no listener in: a session that is not known here is a new one, and counts as a
// listener that comes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/digest.h"

namespace lb {

class HlsSessionNames {
 public:
  static constexpr std::size_t kBytes = 24;
  static constexpr std::size_t kRandomBytes = 8;

  // The first one signs, all are accepted.  REQUIRES: not empty
  explicit HlsSessionNames(std::span<const std::string> keys);

  // random: kRandomBytes that are hard to guess.
  std::string issue(std::string_view random) const;
  bool is_ours(std::string_view name) const;

 private:
  std::vector<HmacKey> keys_;
};

}  // namespace lb
