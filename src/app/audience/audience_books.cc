// AudienceService: rows that go to the database of a master, and those of nodes that come here.
#include <algorithm>
#include <utility>

#include "app/audience/audience_service.h"
#include "app/services/runtime.h"
#include "audience/book.h"
#include "base/cat.h"
#include "base/file.h"

namespace lb {
namespace {

constexpr std::string_view kBookModule = "audience/book";

}  // namespace

// Control alone reads master_.
void AudienceService::deliver_by(Way way, const std::string& master, Courier courier) {
  if (!on()) return;
  if (way == Way::kMaster) master_ = master;
  sends_up_.store(way == Way::kMaster, std::memory_order_relaxed);
  journal_thread_.loop().post([this, way, master, courier = std::move(courier)] {
    way_ = way;
    courier_ = courier;
    unwritten_ = way == Way::kMaster && sends_to_ != master;
    sends_to_ = master;
    deliver();
  });
}

void AudienceService::master_linked() {
  if (!on()) return;
  journal_thread_.loop().post([this] {
    if (way_ != Way::kMaster) return;
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
  if (batch->rows.empty()) return wait(kAlivePause);  // they are not written yet
  std::vector<std::string> rows = fitting_rows(*batch, kBookFrame);
  delivers_ = true;
  sent_last_ = batch->rows[rows.size() - 1].number;
  sent_at_ = runtime_.clock.steady();
  unanswered_->after(kBookPatience);
  runtime_.loops.control().post(
      [this, courier = courier_,
       book = BookFrame{batch->epoch, sent_last_, std::move(rows)}]() mutable {
        if (courier(std::move(book)) || !on()) return;
        journal_thread_.loop().post([this] {
          unanswered_->cancel();
          if (delivers_ && !suspended_) wait(kAlivePause);
        });
      });
}

void AudienceService::booked(BookedFrame answer) {
  if (!on()) return;
  journal_thread_.loop().post([this, answer = std::move(answer)] {
    if (!delivers_ || suspended_ || way_ != Way::kMaster || answer.epoch != journal_->epoch())
      return;
    unanswered_->cancel();
    if (!answer.why.empty() || answer.last < sent_last_) {
      complain(cat({sends_to_, " has not taken rows of the audience: ",
                    answer.why.empty() ? "it has fewer than were sent" : answer.why, "; ",
                    journal_->unacknowledged(), " rows wait in the journal"}));
      return wait(kRetryPause);
    }
    if (const auto done = journal_->acknowledge(answer.last); !done) complain(done.error().what);
    wait(std::max(kBookPause, std::chrono::duration_cast<std::chrono::milliseconds>(
                                  runtime_.clock.steady() - sent_at_) /
                                  2));
  });
}

void AudienceService::take_book(const std::string& node, BookFrame book,
                                std::function<void(BookedFrame)> then) {
  if (!on()) return then({book.epoch, 0, "it has no database of the audience"});
  database_thread_.loop().post([this, node, book = std::move(book), then = std::move(then)] {
    BookedFrame answer;
    answer.epoch = book.epoch;
    const OpenedBook opened = open_book(book.epoch, book.last, book.rows, now_ms());
    const auto merged = merge(node, opened.batch, AudienceMerge::Origin::kElsewhere);
    if (!merged) {
      runtime_.log.error(kBookModule,
                         cat({"rows of ", node, " are not taken: ", merged.error().what}));
      answer.why = merged.error().what;
    } else {
      answer.last = merged->seen;
      if (opened.refused > 0)
        runtime_.log.error(kBookModule, cat({node, " has sent ", opened.refused,
                                             " rows that cannot be its own; they are left out"}));
      else if (merged->missing > 0)
        runtime_.log.error(kBookModule,
                           cat({merged->missing, " rows of the journal of ", node, " never came"}));
    }
    runtime_.loops.control().post(
        [then, answer = std::move(answer)]() mutable { then(std::move(answer)); });
  });
}

}  // namespace lb
