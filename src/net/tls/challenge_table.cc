#include "net/tls/challenge_table.h"

#include <utility>

namespace lb {

void ChallengeTable::put(Entry entry) {
  auto next = std::make_shared<Entries>(*entries_.read());
  std::erase_if(*next, [&](const Entry& one) {
    return one.key == entry.key && (one.context == nullptr) == (entry.context == nullptr);
  });
  if (next->size() >= kMax) next->erase(next->begin());
  next->push_back(std::move(entry));
  entries_.publish(std::move(next));
}

void ChallengeTable::put_text(std::uint64_t owner, std::string token, std::string authorization) {
  put({owner, std::move(token), std::move(authorization), nullptr});
}

void ChallengeTable::put_context(std::uint64_t owner, std::string server_name,
                                 std::shared_ptr<SSL_CTX> context) {
  put({owner, std::move(server_name), {}, std::move(context)});
}

void ChallengeTable::remove(std::uint64_t owner) {
  auto next = std::make_shared<Entries>(*entries_.read());
  if (std::erase_if(*next, [&](const Entry& one) { return one.owner == owner; }) > 0)
    entries_.publish(std::move(next));
}

std::string ChallengeTable::answer(std::string_view token) const {
  const auto entries = entries_.read();
  for (const Entry& one : *entries)
    if (one.context == nullptr && one.key == token) return one.text;
  return {};
}

std::shared_ptr<SSL_CTX> ChallengeTable::context(std::string_view server_name) const {
  const auto entries = entries_.read();
  for (const Entry& one : *entries)
    if (one.context != nullptr && one.key == server_name) return one.context;
  return nullptr;
}

}  // namespace lb
