#include "app/operate/logout_records.h"

#include <iterator>
#include <utility>

#include "api/records/ended_plans.h"
#include "app/services/runtime.h"
#include "base/cat.h"

namespace lb {
namespace {

constexpr std::string_view kLogoutModule = "store/logout";

}  // namespace

LogoutRecords::LogoutRecords(Runtime& runtime)
    : runtime_(runtime),
      book_(std::make_shared<const RecordBook>()),
      writer_(
          runtime.loops.control(), kRetry,
          {[this] { return plan(); }, [this](const CommitAnswer& answer) { written(answer); }}) {}

void LogoutRecords::add(EndedLogin login) {
  if (waiting_.size() >= kMaxWaiting) {
    runtime_.log.warn(kLogoutModule,
                      cat({waiting_.size(),
                           " logouts wait for the store; the oldest is not told to other servers: "
                           "what was handed over from it goes on there until it ends by itself"}));
    waiting_.pop_front();
  }
  waiting_.push_back(std::move(login));
  writer_.check();
}

void LogoutRecords::follow(std::shared_ptr<const RecordBook> book) {
  const bool first = book_->ended().empty() && !book->ended().empty();
  book_ = std::move(book);
  if (first) writer_.check_after(kCheck);
}

RegistryWrite LogoutRecords::plan() {
  const std::vector<EndedLogin> waiting(waiting_.begin(), waiting_.end());
  EndedPlan plan = plan_ended(waiting, *book_, unix_seconds(runtime_.clock.wall()));
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(plan.taken);
  taken_.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  if (plan.write.puts.empty() && plan.write.deletes.empty() && !book_->ended().empty())
    writer_.check_after(kCheck);
  if (plan.dropped > 0)
    runtime_.log.warn(kLogoutModule,
                      cat({"the store has ", book_->ended().size(), " ended logins, and may have ",
                           kMaxEndedLogins, ", of a user ", kMaxEndedOfUser, "; the oldest ",
                           plan.dropped, " are removed before their time"}));
  return std::move(plan.write);
}

void LogoutRecords::written(const CommitAnswer& answer) {
  const auto taken = std::exchange(taken_, {});
  if (answer.result == CommitResult::kDone) {
    trouble_.clear();
    return;
  }
  if (answer.why != trouble_)
    runtime_.log.warn(kLogoutModule,
                      cat({taken.size(), " logouts could not be told to other servers: ",
                           answer.why, "; it is tried again each second"}));
  trouble_ = answer.why;
  waiting_.insert(waiting_.begin(), taken.begin(), taken.end());
}

}  // namespace lb
