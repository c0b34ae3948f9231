#include "api/records/ended_plans.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "auth/login/session_records.h"

namespace lb {
namespace {

// The other half of a write is reserved for deletions.
constexpr std::size_t kEndedPuts = Registry::kWriteOperations / 2;

using EndedRow = BookRow<EndedLogin>;

// The account of the user; of one without an account, its own name behind a NUL.
std::string holder_of(const RecordBook& book, const std::string& user) {
  const auto* known = book.user(user);
  return known == nullptr || known->value.account.empty() ? '\0' + user : known->value.account;
}

}  // namespace

EndedPlan plan_ended(std::span<const EndedLogin> waiting, const RecordBook& book,
                     std::int64_t now) {
  EndedPlan plan;
  auto& puts = plan.write.puts;
  auto& deletes = plan.write.deletes;
  std::map<std::string_view, std::size_t> of_user;
  std::vector<const EndedRow*> kept, past;
  for (const auto& [sid, row] : book.ended()) {
    (row->value.until > now ? kept : past).push_back(row.get());
    if (row->value.until > now) ++of_user[row->value.user];
  }
  std::set<std::string_view> written;
  for (const EndedLogin& one : waiting) {
    if (puts.size() == kEndedPuts) break;
    ++plan.taken;
    if (one.until <= now || book.ended().contains(one.sid) || !written.insert(one.sid).second)
      continue;
    puts.emplace_back(ended_record_name(one.sid), ended_record(one.user, one.until));
    ++of_user[one.user];
  }
  std::size_t all = kept.size() + puts.size();
  const auto has_room = [&] { return puts.size() + deletes.size() < Registry::kWriteOperations; };
  const auto remove = [&](const EndedRow* row) {
    deletes.push_back(ended_record_name(row->value.sid));
  };
  // The oldest come first: revisions grow with each write.
  std::sort(kept.begin(), kept.end(),
            [](const EndedRow* a, const EndedRow* b) { return a->revision < b->revision; });
  const auto drop = [&](auto is_too_many) {
    for (const EndedRow*& row : kept) {
      if (row == nullptr || !has_room() || !is_too_many(row->value.user)) continue;
      remove(row);
      --of_user[row->value.user];
      --all;
      ++plan.dropped;
      row = nullptr;
    }
  };
  const auto by_count = [](const auto& a, const auto& b) { return a.second < b.second; };
  drop([&](const std::string& user) { return of_user[user] > kMaxEndedOfUser; });
  std::map<std::string, std::size_t> of_holder;
  if (all > kMaxEndedLogins)
    for (const auto& [user, count] : of_user)
      of_holder[holder_of(book, std::string(user))] += count;
  for (std::size_t before = 0; all > kMaxEndedLogins && all != before;) {
    before = all;
    const std::size_t most = std::max_element(of_holder.begin(), of_holder.end(), by_count)->second;
    drop([&](const std::string& user) {
      if (all != before) return false;  // one at a time
      std::size_t& count = of_holder[holder_of(book, user)];
      return count == most && count-- > 0;
    });
  }
  for (const EndedRow* row : past)
    if (has_room()) remove(row);
  return plan;
}

}  // namespace lb
