// Replica<Row>: a table that linked nodes share by rows: this node's own rows, the rows that
// neighbours send (their own and repeated ones), and which rows each neighbour must still be sent
// (doc/link.md, ARCH and INGEST).
//
// A row has a key: the mount, and the node that it is about; a key may be of a second kind.  If
// several neighbours send a row of one key, the row with the lowest rank counts; this node's own
// row precedes all.  A neighbour is sent everything once its link is up, then each changed row:
// rows are in the order of their last changes, and each neighbour has a position in this order.  A
// row that it may no longer have is sent as gone.
// Rows of a lost neighbour are held for `kept`.  Rows that it does not send again over a new link
// are held for that and `a_row` for each row that it has sent, because a new process may have
// replaced it without a loss, and it sends them at a rate (Link::send_rows).  With
// `ends_with_link`, rows about a lost node that it sent itself, or that another lost node sent, are
// dropped at once.
//
// Thread: one (control).
// Ownership: the service of the table.
// Bounds: a number of rows of one neighbour; further ones are ignored.
#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace lb {

struct RowKey {
  std::string mount;
  bool second_kind = false;
  std::string node;

  auto operator<=>(const RowKey&) const = default;
};

// The row of this key that reports nothing.
template <class Row>
Row empty_row(const RowKey& key) {
  Row row;
  row.mount = key.mount;
  row.at = key.node;
  return row;
}

template <class Row>
class Replica {
 public:
  struct Settings {
    std::size_t most = 20'000;  // rows of one neighbour
    std::chrono::milliseconds kept{10'000};
    bool ends_with_link = false;
    std::chrono::microseconds a_row{5000};  // that rows of all kinds may take to arrive
  };
  // A row as one neighbour sent it.
  struct Heard {
    std::string sender;  // "": this node
    std::shared_ptr<const Row> row;
    bool stands = false;  // its sender is or was lost, and has not sent it again
    SteadyTime until{};   // when it is dropped, if it stands or must be sent again; 0: never
  };
  // All rows of one key.
  struct Entry {
    std::shared_ptr<const Row> row;  // the one that counts; null: none
    std::string sender;              // of `row`
    bool stands = false;
    std::uint64_t version = 0;  // of the last change of row and sender
    std::size_t number = 0;     // unique
    std::vector<Heard> heard;   // by sender, so all nodes choose alike between equal ranks
    bool is_own() const noexcept { return row != nullptr && sender.empty(); }
  };
  using Entries = std::map<RowKey, Entry>;
  // The row with the lowest rank counts; nullopt: the row does not count.
  using Rank = std::function<std::optional<int>(const RowKey&, const Heard&)>;

  Replica(Rank rank, Settings settings) : rank_(std::move(rank)), settings_(settings) {}

  // nullopt: this node has no such row.
  void set_own(const RowKey& key, std::optional<Row> row) { put("", key, std::move(row)); }
  void take(const std::string& sender, const RowKey& key, std::optional<Row> row) {
    put(sender, key, std::move(row));
  }
  // A link to the neighbour is up, perhaps a further one: both sides send everything, and its rows
  // are ranked again.
  void joined(const std::string& neighbour, SteadyTime now) {
    lost_.erase(neighbour);
    resend(neighbour);
    const SteadyTime until = now + settings_.kept + time_of_rows(neighbour);
    for_each_of(neighbour, [&](Heard& heard) { keep(heard, until); });
  }
  // Some rows that were sent to it may be lost.
  void resend(const std::string& neighbour) {
    if (const auto at = told_.find(neighbour); at != told_.end()) at->second.up_to = 0;
  }
  // All rows will be sent to it again.
  void forget_sent(const std::string& neighbour) { told_.erase(neighbour); }
  void left(const std::string& neighbour, SteadyTime now) {
    forget_sent(neighbour);
    for_each_of(neighbour, [&](Heard& heard) {
      heard.stands = true;
      keep(heard, now + settings_.kept);
    });
    lost_[neighbour] = now + settings_.kept;
    if (!settings_.ends_with_link) return;
    erase_if([&](const RowKey& key, const Heard& heard) {
      return lost_.contains(key.node) && lost_.contains(heard.sender);
    });
  }
  // The neighbour has sent its rows to the former process of this node: they are held until then,
  // and for the time that its rows take, unless it sends them again.
  void hold(const std::string& neighbour, SteadyTime until) {
    until += time_of_rows(neighbour);
    for_each_of(neighbour, [&](Heard& heard) {
      heard.stands = true;
      keep(heard, until);
    });
  }
  // The former process has sent the neighbour this row.
  void note_sent(const std::string& neighbour, const RowKey& key) {
    const auto at = entries_.find(key);
    if (at == entries_.end()) return;
    told_[neighbour].row(at->second.number) = true;
  }
  // Drops rows that were held long enough, and returns their keys.
  std::vector<RowKey> forget(SteadyTime now) {
    std::vector<RowKey> dropped;
    std::erase_if(lost_, [now](const auto& row) { return row.second <= now; });
    if (now >= forget_at_) {
      forget_at_ = SteadyTime::max();
      erase_if([&](const RowKey& key, const Heard& heard) {
        if (heard.until > now) forget_at_ = std::min(forget_at_, heard.until);
        const bool goes = heard.until != SteadyTime{} && heard.until <= now;
        if (goes) dropped.push_back(key);
        return goes;
      });
    }
    const bool all_sent = std::all_of(told_.begin(), told_.end(), [this](const auto& row) {
      return row.second.up_to == version_;
    });
    if (!all_sent) return dropped;
    for (const RowKey& key : std::exchange(gone_, {}))
      if (const auto at = entries_.find(key); at->second.heard.empty()) {
        changes_.erase(at->second.version);
        free_numbers_.push_back(at->second.number);
        entries_.erase(at);
      }
    return dropped;
  }
  // The facts that ranks depend on have changed.
  void rank_again() {
    for (auto at = entries_.begin(); at != entries_.end(); ++at) settle(at);
  }

  const Entries& entries() const noexcept { return entries_; }
  // The rows of a mount, as [begin, end).
  auto of_mount(const std::string& mount, bool second_kind = false) const {
    return std::pair(entries_.lower_bound({mount, second_kind, ""}),
                     entries_.lower_bound({second_kind ? mount + '\0' : mount, !second_kind, ""}));
  }
  const Entry* find(const RowKey& key) const {
    const auto at = entries_.find(key);
    return at == entries_.end() || at->second.row == nullptr ? nullptr : &at->second;
  }
  // Some rows may have to be dropped later.
  bool holds_rows() const noexcept { return forget_at_ != SteadyTime::max(); }
  // Changes whenever a row that counts does.
  std::uint64_t version() const noexcept { return version_; }

  // The rows that this neighbour has not been sent. show(key, entry): the row for it; nullopt: it
  // must not have it. gone(key): the row that reports the end.
  template <class Show, class Gone>
  auto news_for(const std::string& neighbour, const Show& show, const Gone& gone) {
    std::vector<std::invoke_result_t<Gone, const RowKey&>> news;
    Told& told = told_[neighbour];
    for (auto each = changes_.upper_bound(told.up_to); each != changes_.end(); ++each) {
      const auto& [key, entry] = *each->second;
      auto row = entry.row ? show(key, entry) : std::nullopt;
      auto sent = told.row(entry.number);
      const bool knew = sent;
      sent = row.has_value();
      if (row)
        news.push_back(std::move(*row));
      else if (knew)
        news.push_back(gone(key));
    }
    told.up_to = version_;
    return news;
  }

 private:
  struct Told {
    std::uint64_t up_to = 0;  // changes
    std::vector<bool> rows;   // that it has from here, by number

    std::vector<bool>::reference row(std::size_t number) {
      if (rows.size() <= number) rows.resize(number + 1);
      return rows[number];
    }
  };

  void put(const std::string& sender, const RowKey& key, std::optional<Row> row) {
    auto at = entries_.find(key);
    if (at == entries_.end()) {
      if (!row || is_full(sender)) return;
      at = entries_.try_emplace(key).first;
      at->second.number = entries_.size() - 1;
      if (!free_numbers_.empty()) {
        at->second.number = free_numbers_.back();
        free_numbers_.pop_back();
      }
    }
    auto& heard = at->second.heard;
    const auto known = std::find_if(heard.begin(), heard.end(),
                                    [&](const Heard& each) { return each.sender >= sender; });
    const bool is_known = known != heard.end() && known->sender == sender;
    if (!row) {
      if (!is_known) return;
      --count_[sender];
      heard.erase(known);
    } else if (!is_known) {
      if (is_full(sender)) return;
      ++count_[sender];
      heard.insert(known, {sender, std::make_shared<const Row>(std::move(*row))});
    } else {
      known->until = {};
      if (!known->stands && *known->row == *row) return;
      *known = {sender, std::make_shared<const Row>(std::move(*row))};
    }
    settle(at);
  }
  bool is_full(const std::string& sender) {
    return !sender.empty() && count_[sender] >= settings_.most;
  }
  void keep(Heard& heard, SteadyTime until) {
    heard.until = until;
    forget_at_ = std::min(forget_at_, until);
  }
  SteadyTime::duration time_of_rows(const std::string& sender) const {
    const auto rows = count_.find(sender);
    return rows == count_.end() ? SteadyTime::duration(0) : rows->second * settings_.a_row;
  }
  template <class Each>
  void for_each_of(const std::string& sender, const Each& each) {
    const auto rows = count_.find(sender);
    std::size_t left = rows == count_.end() ? 0 : rows->second;
    for (auto at = entries_.begin(); left > 0 && at != entries_.end(); ++at)
      for (Heard& heard : at->second.heard)
        if (heard.sender == sender) {
          each(heard);
          settle(at);
          --left;
          break;
        }
  }
  template <class Which>
  void erase_if(const Which& which) {
    for (auto at = entries_.begin(); at != entries_.end(); ++at)
      if (std::erase_if(at->second.heard, [&](const Heard& heard) {
            const bool goes = which(at->first, heard);
            if (goes) --count_[heard.sender];
            return goes;
          }) > 0)
        settle(at);
  }
  // Chooses the row that counts.
  void settle(typename Entries::iterator at) {
    auto& [key, entry] = *at;
    const Heard* best = nullptr;
    int rank_of_best = 0;
    for (const Heard& heard : entry.heard) {
      constexpr int kOwn = std::numeric_limits<int>::min();
      const auto rank = heard.sender.empty() ? std::optional(kOwn) : rank_(key, heard);
      if (!rank || (best != nullptr && *rank >= rank_of_best)) continue;
      best = &heard;
      rank_of_best = *rank;
    }
    if (entry.heard.empty()) gone_.insert(key);
    const auto before = std::exchange(entry.row, best == nullptr ? nullptr : best->row);
    entry.stands = best != nullptr && best->stands;
    const bool same_row = before == entry.row || (before && entry.row && *before == *entry.row);
    if (same_row && (best == nullptr || best->sender == entry.sender)) return;
    if (best != nullptr) entry.sender = best->sender;
    changes_.erase(entry.version);
    entry.version = ++version_;
    changes_.emplace_hint(changes_.end(), version_, at);
  }

  const Rank rank_;
  const Settings settings_;
  Entries entries_;
  std::vector<std::size_t> free_numbers_;     // below their count
  std::map<std::string, std::size_t> count_;  // rows by sender
  std::map<std::string, SteadyTime> lost_;    // neighbours, and until when they count as lost
  std::uint64_t version_ = 0;
  std::map<std::uint64_t, typename Entries::iterator> changes_;  // each entry at its last change
  std::set<RowKey> gone_;                                        // keys that may have ended
  std::map<std::string, Told> told_;                             // by neighbour
  SteadyTime forget_at_ = SteadyTime::max();
};

}  // namespace lb
