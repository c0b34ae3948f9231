#include "acme/challenges.h"

namespace lb {

void AcmeChallenges::put(std::string token, std::string authorization) {
  auto next = std::make_shared<Tokens>(*tokens_.read());
  std::erase_if(*next, [&](const auto& one) { return one.first == token; });
  if (next->size() >= kMost) next->erase(next->begin());
  next->emplace_back(std::move(token), std::move(authorization));
  tokens_.publish(std::move(next));
}

void AcmeChallenges::clear() { tokens_.publish(std::make_shared<const Tokens>()); }

std::string AcmeChallenges::answer(std::string_view token) const {
  for (const auto& [known, authorization] : *tokens_.read())
    if (known == token) return authorization;
  return {};
}

}  // namespace lb
