// AskLane: questions to one backend, a few at a time; the others wait in order.
//
// A slow or dead backend delays only its own requests: the queue is bounded, and no request waits
// in it longer than a request's time-out.
// Thread: control.  Callbacks: as Fetcher's, but an answer may come before ask() returns.
// Ownership: its authenticator; must not be destroyed while a question is under way (idle()).
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

#include "base/log.h"
#include "base/rate_limit.h"
#include "net/fetch/fetch.h"

namespace lb {

class AskLane {
 public:
  // Icecast's limit of listeners that wait for authentication.
  static constexpr std::size_t kMaxWaiting = 100;

  struct Settings {
    unsigned handlers = 1;
    std::chrono::seconds on_error_wait{0};
  };
  AskLane(Loop& loop, Fetcher& fetcher, Log& log, Settings settings);

  // False: too many wait; the callback is destroyed uncalled.
  bool ask(FetchRequest request, Fetcher::Done done);
  // Held: new questions wait.
  void hold(bool held);
  bool asks() const noexcept { return under_way_ > 0; }
  bool idle() const noexcept { return under_way_ == 0 && waiting_.empty(); }

 private:
  struct Job {
    FetchRequest request;
    Fetcher::Done done;
    SteadyTime since{};
  };
  void next();
  void start(Job job);
  void settled(const Result<FetchAnswer>& answer);

  Loop& loop_;
  Fetcher& fetcher_;
  Log& log_;
  const Settings settings_;
  std::deque<Job> waiting_;
  unsigned under_way_ = 0;
  bool held_ = false;
  SteadyTime left_alone_until_{};
  RepeatGuard guard_;
};

}  // namespace lb
