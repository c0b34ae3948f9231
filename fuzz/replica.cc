// The table behind ARCH and TITLE: rows of neighbours that come, change and go in any order while
// links are cut and return.  Each neighbour, which keeps what it is sent, has at last exactly the
// rows that count and are not its own; no neighbour fills the table for the others.
//
// Input: pairs of bytes: what happens, and to which neighbour and row.
#include "cluster/link/replica.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "check.h"

using namespace lb;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMost = 5;

class Town {
 public:
  explicit Town(bool ends_with_link)
      : table_([](const RowKey& key,
                  const auto& heard) { return std::optional(heard.sender == key.node ? 0 : 1); },
               {kMost, 10s, ends_with_link}) {}

  void act(unsigned what, unsigned which) {
    const std::string who(1, static_cast<char>('a' + which % 4));
    const RowKey key{cat_of(which / 4 % 4), what % 16 == 15,
                     std::string(1, static_cast<char>('a' + which / 16 % 4))};
    switch (what % 8) {
      case 0:
        return link(who);
      case 1:
        if (linked_.erase(who) > 0) table_.left(who, now_);
        has_.erase(who);
        return;
      case 2:
        now_ += std::chrono::milliseconds(which * 50);
        return;
      case 3:
        return table_.set_own({key.mount, key.second_kind, "me"},
                              which % 2 == 0 ? std::optional(text_of(what)) : std::nullopt);
      case 4:
        return table_.rank_again();
      case 5:
        if (linked_.contains(who)) table_.take(who, key, std::nullopt);
        return;
      default:
        if (linked_.contains(who)) table_.take(who, key, text_of(what));
    }
  }
  void send() {
    table_.forget(now_);
    for (const std::string& to : linked_) {
      const auto show = [&](const RowKey& key, const auto& entry) {
        return entry.sender == to ? std::nullopt : std::optional(std::pair(key, *entry.row));
      };
      const auto gone = [](const RowKey& key) { return std::pair(key, std::string()); };
      for (auto& [key, row] : table_.news_for(to, show, gone)) {
        fuzz::must(!row.empty() || has_[to].contains(key), "an end of what it never had");
        if (row.empty())
          has_[to].erase(key);
        else
          has_[to][key] = row;
      }
    }
  }
  void judge() {
    std::map<std::string, std::size_t> sent;
    for (const auto& [key, entry] : table_.entries())
      for (const auto& heard : entry.heard) ++sent[heard.sender];
    for (const auto& [sender, rows] : sent)
      fuzz::must(sender.empty() || rows <= kMost, "too many rows of one neighbour");
    for (const std::string& to : linked_) {
      std::map<RowKey, std::string> wanted;
      for (const auto& [key, entry] : table_.entries())
        if (entry.row != nullptr && entry.sender != to) wanted[key] = *entry.row;
      fuzz::must(has_[to] == wanted, "a neighbour has other rows than those that count");
    }
  }
  void end() {
    for (const char who : {'a', 'b', 'c', 'd'})
      if (linked_.erase(std::string(1, who)) > 0) table_.left(std::string(1, who), now_);
    now_ += 1min;
    send();
    for (const auto& [key, entry] : table_.entries())
      for (const auto& heard : entry.heard)
        fuzz::must(heard.sender.empty(), "rows of neighbours that have long gone");
  }

 private:
  static std::string cat_of(unsigned number) { return "/" + std::to_string(number); }
  static std::string text_of(unsigned what) { return std::to_string(what / 16 % 4); }
  // A new link sends everything, and its receiver begins with what it holds of the one before.
  void link(const std::string& who) {
    linked_.insert(who);
    has_[who].clear();
    table_.forget_sent(who);
    table_.joined(who, now_);
  }

  SteadyTime now_{std::chrono::hours(1)};
  Replica<std::string> table_;
  std::set<std::string> linked_;
  std::map<std::string, std::map<RowKey, std::string>> has_;  // by neighbour
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Town town(data[0] % 2 == 1);
  for (std::size_t at = 1; at + 1 < size; at += 2) {
    town.act(data[at], data[at + 1]);
    if (data[at] >= 128) continue;  // several things before anything is sent
    town.send();
    town.judge();
  }
  town.end();
  return 0;
}
