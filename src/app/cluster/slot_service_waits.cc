// Listeners that wait for a slot of their mount.
#include <utility>

#include "app/cluster/slot_service.h"
#include "app/services/worker.h"
#include "app/topology/slot_endings.h"
#include "base/cat.h"
#include "base/clock.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kOnTheWay = 100ms;

}  // namespace

void SlotService::wait(const std::string& mount, unsigned worker, std::uint64_t connection) {
  ++waits_;
  const SteadyTime now = network_.clock.steady();
  Waiting waiting{worker, connection, now + kPatience};
  if (stopped_) return;
  const bool known = rows_.contains(mount);
  Row* row = row_of(mount);
  if (row == nullptr || !waiting_.park(mount, std::move(waiting), kPatience)) {
    hand(waiting, {}, SlotWord::kLate);
    return;
  }
  if (!known) publish();
  rouse(mount, *row);
  serve(*row);
  // Armed once: frequent listeners would otherwise postpone it for ever, and with it the check of
  // the parent that keeps slots valid.
  if (!waiting_.of(mount).empty() && !std::exchange(soon_, true)) timer_.after(kWhileBusy);
}

void SlotService::serve(Row& row) {
  const SteadyTime now = network_.clock.steady();
  SlotBook& book = *row.book;
  const std::string& mount = book.mount();
  // Some slots may have expired.
  for (bool more = !waiting_.of(mount).empty(); more;) {
    while (!waiting_.of(mount).empty() && book.gate()->try_enter(now))
      hand(waiting_.take_first(mount), SlotPass(book.gate()), SlotWord::kNone);
    const SlotBook::Count before = book.gate()->idle();
    const std::size_t waiting = waiting_.of(mount).size();
    book.set_waiting(static_cast<SlotBook::Count>(waiting), now);
    more = waiting > 0 && book.gate()->idle() > before;
  }
  if (const auto word = book.take_refusal()) refuse(row, *word);
  if (const SlotBook::Count most = book.take_endings(); most > 0)
    end_newest(network_, book.mount(), book.gate(), static_cast<std::size_t>(most));
  for (const SlotBook::Disbelief& one : book.take_disbelieved()) {
    const std::string subject = cat({"mount ", book.mount(), ": ", one.node});
    if (one.of_node)
      network_.log.warn("cluster/slots",
                        cat({subject, " wants ", one.claimed, " slots; ", one.limit,
                             " (max-listeners of its <node>) are the most that it gets"}));
    else
      network_.log.warn("cluster/slots", cat({subject, " claims ", one.claimed, " slots of ",
                                              one.limit, " (max-listeners-cluster); ", one.counted,
                                              " of them were given to it and count"}));
  }
  outbox_.add_all(book.take_outgoing());
}

// Slots may still be on their way between nodes, so a listener that has just come is not refused
// yet.
void SlotService::refuse(Row& row, SlotWord word) {
  const SteadyTime now = network_.clock.steady();
  const auto has_its_word = [word, now](const Waiting& waiting) {
    return word != SlotWord::kUsed || waiting.until - now <= kPatience - kOnTheWay;
  };
  for (const Waiting& waiting : waiting_.take_if(row.book->mount(), has_its_word))
    hand(waiting, {}, word);
}

// The deadline of a mount is that of its first request; the next request then sets its own.
void SlotService::give_up(const std::string& mount) {
  const auto at = rows_.find(mount);
  const SteadyTime now = network_.clock.steady();
  const auto is_late = [now](const Waiting& waiting) { return waiting.until <= now; };
  for (const Waiting& waiting : waiting_.take_if(mount, is_late))
    hand(waiting, {}, at->second.book->picture().cut_off ? SlotWord::kCut : SlotWord::kLate);
  if (const auto& later = waiting_.of(mount); later.empty())
    waiting_.release(mount);
  else
    waiting_.extend(mount, later.front().until - now);
  if (at != rows_.end()) serve(at->second);
}

void SlotService::hand(const Waiting& waiting, SlotPass pass, SlotWord word) {
  Worker::resume_with_slot(network_, waiting.worker, waiting.connection, std::move(pass), word);
}

}  // namespace lb
