// EventSender: posts events (listener_remove, mount_add …) to backends in the background, and
// repeats them until delivered.
//
// Every address has its own queue, so a dead backend delays no other: after a failure single
// requests follow after 1, 2, 4 … 60 seconds.  Delivered means any HTTP answer except 502, 503 and
// 504, with which a gateway reports that the backend was not reached.
// Thread: control.  Callbacks: `settled` once each, when the event was delivered or given up; or
// destroyed uncalled when the server stops.
// Bounds: a number of waiting events for an address; a new one then replaces the oldest.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/rate_limit.h"
#include "base/record.h"
#include "base/unique_function.h"
#include "net/fetch/fetch.h"
#include "net/loop/loop.h"

namespace lb {

// An event's request; the next process adds what its own configuration says.
template <class Io, RecordOf<FetchRequest> T>
void record_fields(Io& io, T& event) {
  io.needed(1, event.url, event.form);
  io(3, event.user, event.password, event.timeout, event.redirects, event.headers);
}
// Undelivered events, oldest first, for the process that takes over; only a part, because a record
// has a size limit.
struct UnsentEventsRecord {
  std::vector<FetchRequest> events;
  static constexpr PlainRecord kRecord{.members = 1, .needed = 1};
};

class EventSender {
 public:
  struct Limits {
    unsigned in_flight = 4;        // to one address
    std::size_t waiting = 20'000;  // for one address
    unsigned tries = 0;            // 0: until `oldest`
    std::chrono::seconds oldest{86'400};
    std::chrono::milliseconds first_pause{1000}, longest_pause{60'000};
  };
  EventSender(Loop& loop, Fetcher& fetcher, Log& log, Limits limits);
  ~EventSender();

  void send(FetchRequest request, UniqueFunction<void()> settled);
  // Held: new events wait.
  void hold(bool held);
  bool sends() const noexcept;
  bool idle() const noexcept { return places_.empty(); }
  // Whether an event is on its way to an address whose last request did not fail.
  bool promising() const noexcept;
  std::size_t unsent() const noexcept;
  // Of a hand-over.  An event under way is sent again, as its backend may not have heard it.
  std::vector<UnsentEventsRecord> save() const;

 private:
  struct Event {
    FetchRequest request;
    UniqueFunction<void()> settled;
    SteadyTime since{};
    unsigned tries = 0;
  };
  struct Place;
  void pump(Place& place);
  void start(Place& place, Event event);
  void answered(Place& place, Event event, const Result<FetchAnswer>& answer);
  void failed(Place& place, Event event, const std::string& why);
  void give_up(Event event, const std::string& why);
  void forget_if_done(Place& place);

  Loop& loop_;
  Fetcher& fetcher_;
  Log& log_;
  const Limits limits_;
  std::map<std::string, std::unique_ptr<Place>> places_;  // by address; empty ones go
  bool held_ = false;
  RepeatGuard given_up_guard_;
};

}  // namespace lb
