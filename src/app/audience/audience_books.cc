// AudienceService: rows for a master's database, and books of nodes for the one here.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "app/audience/audience_service.h"
#include "app/services/event_service.h"
#include "app/services/runtime.h"
#include "audience/book.h"
#include "base/cat.h"
#include "base/file.h"
#include "cluster/link/frame.h"

namespace lb {
namespace {

constexpr std::string_view kBookModule = "audience/book";

}  // namespace

// Only control reads master_.
void AudienceService::deliver_by(Way way, const std::string& master, Courier courier) {
  if (!on()) return;
  if (way == Way::kMaster) master_ = master;
  sends_up_.store(way == Way::kMaster, std::memory_order_relaxed);
  journal_thread_.loop().post([this, way, master, courier = std::move(courier)] {
    way_ = way;
    courier_ = courier;
    unwritten_ = way == Way::kMaster && sends_to_ != master;
    sends_to_ = master;
    ask_keys_ = way == Way::kMaster;
    deliver();
  });
}

void AudienceService::master_linked() {
  if (!on()) return;
  journal_thread_.loop().post([this] {
    if (way_ != Way::kMaster) return;
    keys_asked_ = {};
    ask_keys_ = true;
    unanswered_->cancel();
    retry_->cancel();
    delivers_ = false;
    deliver();
  });
}

void AudienceService::wait(std::chrono::milliseconds pause) {
  delivers_ = false;
  retry_->after(pause);
}

// With shared keys the master's database recognizes listeners that change servers.
bool AudienceService::wants_keys() {
  if (!ask_keys_ && keys_->knows_tomorrow(now_ms() / 1000)) return false;
  return keys_asked_ == SteadyTime{} || runtime_.clock.steady() - keys_asked_ >= kKeysPause;
}

void AudienceService::save_keys() {
  if (!keys_->changed()) return;
  if (const auto saved = keys_->save(); !saved) complain(saved.error().what);
}

bool AudienceService::write_master() {
  if (!unwritten_) return true;
  if (const auto written = replace_file(master_path_, sends_to_ + "\n"); !written) {
    complain(written.error().what + "; the rows of the journal wait");
    return false;
  }
  unwritten_ = false;
  return true;
}

void AudienceService::send_book() {
  if (!write_master()) return wait(kRetryPause);
  auto batch = journal_->next(kMaxBookRows, kBookBytes);
  if (!batch) {
    complain(batch.error().what);
    return wait(kRetryPause);
  }
  const bool keys = wants_keys();
  if (batch->rows.empty() && !journal_->asks() && !keys)
    return wait(kAlivePause);  // not written yet
  std::vector<std::string> rows = fitting_rows(*batch, kLongestFrame - 2048);
  delivers_ = true;
  sent_last_ = rows.empty() ? 0 : batch->rows[rows.size() - 1].number;
  sent_at_ = runtime_.clock.steady();
  if (keys) keys_asked_ = sent_at_;
  unanswered_->after(kBookPatience);
  runtime_.loops.control().post(
      [this, courier = courier_,
       book = BookFrame{batch->epoch, sent_last_, std::move(rows), keys}]() mutable {
        if (courier(std::move(book)) || !on()) return;
        journal_thread_.loop().post([this] {
          unanswered_->cancel();
          keys_asked_ = {};
          if (delivers_ && !suspended_) wait(kAlivePause);
        });
      });
}

bool AudienceService::acknowledge(std::uint64_t number) {
  const std::uint64_t before = journal_->unacknowledged();
  const auto moved = journal_->acknowledge(number);
  if (!moved) {
    complain(moved.error().what);
    return journal_->unacknowledged() < before;
  }
  if (*moved == 0) return true;
  runtime_.log.warn(kBookModule,
                    cat({"the journal is an older copy of itself, as the database knows "
                         "later rows of it: ",
                         *moved, " new rows have got numbers behind those"}));
  if (!journal_->shifted().empty()) send_shift(0);
  return true;
}

void AudienceService::booked(BookedFrame answer) {
  if (!on()) return;
  journal_thread_.loop().post([this, answer = std::move(answer)] {
    if (!delivers_ || suspended_ || way_ != Way::kMaster || answer.epoch != journal_->epoch())
      return;
    unanswered_->cancel();
    if (!answer.keys.empty()) {
      keys_->adopt(now_ms() / 1000, answer.keys);
      save_keys();
      ask_keys_ = false;
    }
    if (!answer.why.empty() || answer.last < sent_last_) {
      complain(cat({sends_to_, " has not taken rows of the audience: ",
                    answer.why.empty() ? "it has fewer than were sent" : answer.why, "; ",
                    journal_->unacknowledged(), " rows wait in the journal"}));
      keys_asked_ = {};
      return wait(kRetryPause);
    }
    if (!acknowledge(answer.last)) return wait(kRetryPause);
    wait(std::max(kBookPause, std::chrono::duration_cast<std::chrono::milliseconds>(
                                  runtime_.clock.steady() - sent_at_) /
                                  2));
  });
}

void AudienceService::nodes_seen(std::vector<std::string> nodes, AudienceMerge::Rates rates) {
  if (!on() || sends_up()) return;
  nodes.push_back(node_);
  journal_thread_.loop().post([this, nodes = std::move(nodes), rates = std::move(rates)]() mutable {
    if (!suspended_) note_clocks();  // there may be no listener here
    database_thread_.loop().post(
        [this, nodes = std::move(nodes), rates = std::move(rates), at_ms = now_ms()] {
          // Incoming rows report a database that cannot be written.
          if (open_database() && shift_starts())
            static_cast<void>(merge_->nodes_seen(nodes, at_ms, rates));
        });
  });
}

void AudienceService::publish_gap(const std::string& node, std::uint64_t rows,
                                  std::string_view why) {
  runtime_.loops.control().post([&runtime = runtime_, node, rows, why = std::string(why)] {
    runtime.events->publish("audience-gap", node, {{"rows", std::to_string(rows)}, {"why", why}});
  });
}

BookedFrame AudienceService::merge_book(const std::string& node, const BookFrame& book,
                                        std::int64_t ahead_ms) {
  BookedFrame answer;
  answer.epoch = book.epoch;
  BookBudget& budget = budgets_[node];
  if (!budget.allows(runtime_.clock.steady())) {
    answer.why = "they have written more into the database than one node may; they wait";
    if (budget.tell())
      runtime_.log.error(kBookModule, cat({"rows of ", node, " are not taken: ", answer.why}));
    return answer;
  }
  const OpenedBook opened = open_book(book.epoch, book.last, book.rows, now_ms());
  const auto merged = merge(node, opened.batch, AudienceMerge::Origin::kElsewhere, ahead_ms);
  if (!merged) {
    runtime_.log.error(kBookModule,
                       cat({"rows of ", node, " are not taken: ", merged.error().what}));
    answer.why = merged.error().what;
    return answer;
  }
  budget.spend(runtime_.clock.steady(), merged->changes);
  const SteadyTime now = runtime_.clock.steady();
  if (const auto rows = budget.left_out.add(now, merged->unnamed); rows > 0) {
    runtime_.log.error(kBookModule, cat({rows, " rows of ", node,
                                         " are left out: the database has too many mounts, so only "
                                         "those of the configuration are added"}));
    publish_gap(node, rows, "the database has too many mounts");
  }
  answer.last = merged->seen;
  if (const auto rows = budget.refused.add(now, opened.refused); rows > 0)
    runtime_.log.error(kBookModule, cat({node, " has sent ", rows,
                                         " rows that cannot be its own; they are left out"}));
  const std::uint64_t missing = opened.refused > 0 ? 0 : merged->missing;
  if (const auto rows = budget.missing.add(now, missing); rows > 0) {
    runtime_.log.error(kBookModule, cat({rows, " rows of the journal of ", node, " never came"}));
    publish_gap(node, rows, "they never came");
  }
  return answer;
}

void AudienceService::take_book(const std::string& node, BookFrame book,
                                std::chrono::milliseconds ahead,
                                std::function<void(BookedFrame)> then) {
  if (!on()) return then({book.epoch, 0, "it has no database of the audience", {}});
  database_thread_.loop().post([this, node, ahead, book = std::move(book), then = std::move(then)] {
    BookedFrame answer = merge_book(node, book, ahead.count());
    journal_thread_.loop().post(
        [this, then, answer = std::move(answer), keys = book.wants_keys]() mutable {
          if (keys && answer.why.empty()) answer.keys = keys_->share(now_ms() / 1000);
          save_keys();
          runtime_.loops.control().post(
              [then, answer = std::move(answer)]() mutable { then(std::move(answer)); });
        });
  });
}

}  // namespace lb
