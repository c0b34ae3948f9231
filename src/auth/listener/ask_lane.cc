#include "auth/listener/ask_lane.h"

#include <memory>
#include <utility>

#include "base/cat.h"

namespace lb {

AskLane::AskLane(Loop& loop, Fetcher& fetcher, Log& log, Settings settings)
    : loop_(loop), fetcher_(fetcher), log_(log), settings_(settings) {}

bool AskLane::ask(FetchRequest request, Fetcher::Done done) {
  const SteadyTime now = loop_.now();
  if (now < left_alone_until_) {
    done(Error::closed(shown_url(request.url) + ": failed recently, not asked for a while"));
    return true;
  }
  if (waiting_.size() > kMaxWaiting) return false;
  waiting_.push_back({std::move(request), std::move(done), now});
  next();
  return true;
}

void AskLane::hold(bool held) {
  held_ = held;
  next();
}

void AskLane::next() {
  while (!held_ && !waiting_.empty() && under_way_ < settings_.handlers) {
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    if (loop_.now() - job.since >= job.request.timeout) {
      job.done(Error::timeout(cat({shown_url(job.request.url), ": busy, a listener waited ",
                                   job.request.timeout.count() / 1000, " s without an answer"})));
      continue;
    }
    start(std::move(job));
  }
}

void AskLane::start(Job job) {
  ++under_way_;
  job.request.purpose = FetchPurpose::kLogin;
  auto done = std::make_shared<Fetcher::Done>(std::move(job.done));
  fetcher_.start(std::move(job.request), [this, done](Result<FetchAnswer> answer) {
    --under_way_;
    settled(answer);
    next();
    (*done)(std::move(answer));
  });
}

void AskLane::settled(const Result<FetchAnswer>& answer) {
  if (answer) return;
  unsigned held = 0;
  if (guard_.pass(loop_.now(), held))
    log_.warn("auth_url/url", cat({"auth to server ", answer.error().what,
                                   held > 0 ? cat({" (and ", held, " more)"}) : std::string()}));
  left_alone_until_ = loop_.now() + settings_.on_error_wait;
}

}  // namespace lb
