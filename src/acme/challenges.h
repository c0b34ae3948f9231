// AcmeChallenges: the answers to the questions of certificate authorities that are due now.
// Thread: any.
// Ownership: CertificateService.
// Bounds: 256 tokens; the oldest goes first.
// Source: RFC 8555 8.3.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/snapshot.h"

namespace lb {

class AcmeChallenges {
 public:
  static constexpr std::size_t kMost = 256;
  static constexpr std::string_view kPath = "/.well-known/acme-challenge/";

  // One writer.
  void put(std::string token, std::string authorization);
  void clear();
  // "": it is not one of ours.
  std::string answer(std::string_view token) const;

 private:
  using Tokens = std::vector<std::pair<std::string, std::string>>;
  Snapshot<Tokens> tokens_{std::make_shared<const Tokens>()};
};

}  // namespace lb
