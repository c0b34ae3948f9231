#include "app/station/logout_records.h"

#include <iterator>
#include <utility>

#include "api/ended_plans.h"
#include "base/cat.h"

namespace lb {
namespace {

constexpr std::string_view kLogoutModule = "store/logout";

}  // namespace

LogoutRecords::LogoutRecords(Services& services)
    : services_(services),
      book_(std::make_shared<const RecordBook>()),
      timer_(services.loops.control(), [this] { write(); }) {}

void LogoutRecords::begin(Registry& registry) {
  registry_ = &registry;
  write();
}

void LogoutRecords::add(EndedLogin login) {
  if (stopped_) return;
  if (waiting_.size() >= kMaxWaiting) {
    services_.log.warn(kLogoutModule,
                       cat({waiting_.size(),
                            " logouts wait for the store; the oldest is not told to other servers: "
                            "what was handed over from it goes on there until it ends by itself"}));
    waiting_.pop_front();
  }
  waiting_.push_back(std::move(login));
  write();
}

void LogoutRecords::follow(std::shared_ptr<const RecordBook> book) {
  book_ = std::move(book);
  if (!timer_.armed()) check_again();
}

void LogoutRecords::stop() {
  stopped_ = true;
  timer_.cancel();
}

void LogoutRecords::check_again() {
  if (stopped_) return;
  if (!waiting_.empty())
    timer_.after(kRetry);
  else if (!book_->ended().empty())
    timer_.after(kCheck);
}

void LogoutRecords::write() {
  if (stopped_ || registry_ == nullptr || writing_) return;
  if (!registry_->state().up) return check_again();
  const std::vector<EndedLogin> waiting(waiting_.begin(), waiting_.end());
  EndedPlan plan = plan_ended(waiting, *book_, unix_seconds(services_.clock.wall()));
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(plan.taken);
  std::vector<EndedLogin> taken(std::make_move_iterator(waiting_.begin()),
                                std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  if (plan.write.puts.empty() && plan.write.deletes.empty()) return check_again();
  if (plan.dropped > 0)
    services_.log.warn(kLogoutModule,
                       cat({"the store has ", book_->ended().size(), " ended logins, and may have ",
                            kMaxEndedLogins, ", of a user ", kMaxEndedOfUser, "; the oldest ",
                            plan.dropped, " are removed before their time"}));
  writing_ = true;
  registry_->commit(std::move(plan.write),
                    [this, taken = std::move(taken)](const CommitAnswer& answer) mutable {
                      written(std::move(taken), answer);
                    });
}

void LogoutRecords::written(std::vector<EndedLogin> taken, const CommitAnswer& answer) {
  writing_ = false;
  if (stopped_) return;
  if (answer.result == CommitResult::kDone) {
    trouble_.clear();
    return write();
  }
  if (answer.why != trouble_)
    services_.log.warn(kLogoutModule,
                       cat({taken.size(), " logouts could not be told to other servers: ",
                            answer.why, "; it is tried again each second"}));
  trouble_ = answer.why;
  waiting_.insert(waiting_.begin(), std::make_move_iterator(taken.begin()),
                  std::make_move_iterator(taken.end()));
  check_again();
}

}  // namespace lb
