#include "auth/listener/event_sender.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

constexpr std::string_view kEventsModule = "auth_url/events";
constexpr std::size_t kEventsARecord = 500;

// With these statuses a gateway reports that it did not reach the backend.
bool was_heard(int status) { return status < 502 || status > 504; }

std::string held_text(unsigned held) {
  return held > 0 ? cat({" (and ", held, " more)"}) : std::string();
}

}  // namespace

struct EventSender::Place {
  Place(EventSender& owner, std::string url_given)
      : url(std::move(url_given)), pause(owner.loop_, [this, &owner] { owner.pump(*this); }) {}

  const std::string url;
  std::deque<Event> waiting;
  std::vector<std::shared_ptr<Event>> under_way;
  unsigned failures = 0;  // in a row
  Timer pause;
  RepeatGuard guard;
};

EventSender::EventSender(Loop& loop, Fetcher& fetcher, Log& log, Limits limits)
    : loop_(loop), fetcher_(fetcher), log_(log), limits_(limits) {}

EventSender::~EventSender() = default;

void EventSender::send(FetchRequest request, UniqueFunction<void()> settled) {
  loop_.assert_here();
  auto& place = places_[request.url];
  if (!place) place = std::make_unique<Place>(*this, request.url);
  if (place->waiting.size() >= limits_.waiting) {
    Event oldest = std::move(place->waiting.front());
    place->waiting.pop_front();
    give_up(std::move(oldest), "too many wait for it");
  }
  place->waiting.push_back({std::move(request), std::move(settled), loop_.now(), 0});
  pump(*place);
}

void EventSender::hold(bool held) {
  held_ = held;
  if (held) return;
  for (auto at = places_.begin(); at != places_.end();) pump(*(at++)->second);
}

bool EventSender::sends() const noexcept {
  return std::any_of(places_.begin(), places_.end(),
                     [](const auto& row) { return !row.second->under_way.empty(); });
}

bool EventSender::promising() const noexcept {
  return std::any_of(places_.begin(), places_.end(),
                     [](const auto& row) { return row.second->failures == 0; });
}

std::size_t EventSender::unsent() const noexcept {
  std::size_t n = 0;
  for (const auto& [url, place] : places_) n += place->waiting.size() + place->under_way.size();
  return n;
}

std::vector<UnsentEventsRecord> EventSender::save() const {
  std::vector<UnsentEventsRecord> all;
  const auto put = [&all](const Event& event) {
    if (all.empty() || all.back().events.size() == kEventsARecord) all.emplace_back();
    all.back().events.push_back(event.request);
  };
  for (const auto& [url, place] : places_) {
    for (const auto& event : place->under_way) put(*event);
    for (const Event& event : place->waiting) put(event);
  }
  return all;
}

void EventSender::pump(Place& place) {
  if (held_ || place.pause.armed()) return;
  const unsigned most = place.failures > 0 ? 1 : limits_.in_flight;
  while (!place.waiting.empty() && place.under_way.size() < most) {
    Event event = std::move(place.waiting.front());
    place.waiting.pop_front();
    if (loop_.now() - event.since > limits_.oldest)
      give_up(std::move(event), cat({"it is older than ", limits_.oldest.count(), " s"}));
    else
      start(place, std::move(event));
  }
  forget_if_done(place);
}

void EventSender::start(Place& place, Event event) {
  ++event.tries;
  FetchRequest request = event.request;
  request.purpose = FetchPurpose::kEvent;
  auto kept = std::make_shared<Event>(std::move(event));
  place.under_way.push_back(kept);
  fetcher_.start(std::move(request), [this, &place, kept](Result<FetchAnswer> answer) {
    std::erase(place.under_way, kept);
    answered(place, std::move(*kept), answer);
  });
}

void EventSender::answered(Place& place, Event event, const Result<FetchAnswer>& answer) {
  if (!answer) {
    failed(place, std::move(event), answer.error().what);
  } else if (!was_heard(answer->status)) {
    failed(place, std::move(event), cat({shown_url(place.url), ": answered ", answer->status}));
  } else {
    place.failures = 0;
    event.settled();
  }
  pump(place);
}

void EventSender::failed(Place& place, Event event, const std::string& why) {
  ++place.failures;
  unsigned held = 0;
  if (limits_.tries > 0 && event.tries >= limits_.tries) {
    place.failures = 0;  // no repeat follows, so no pause
    give_up(std::move(event), why);
    return;
  }
  place.waiting.push_front(std::move(event));
  const unsigned doublings = std::min(place.failures - 1, 10u);
  const auto pause = std::min(limits_.first_pause * (1u << doublings), limits_.longest_pause);
  place.pause.after(pause);
  if (place.guard.pass(loop_.now(), held))
    log_.warn(kEventsModule, cat({why, "; ", place.waiting.size(), " events wait, next try in ",
                                  pause.count(), " ms", held_text(held)}));
}

void EventSender::give_up(Event event, const std::string& why) {
  unsigned held = 0;
  if (given_up_guard_.pass(loop_.now(), held))
    log_.error(kEventsModule, cat({shown_url(event.request.url), ": an event was given up: ", why,
                                   held_text(held)}));
  event.settled();
}

void EventSender::forget_if_done(Place& place) {
  if (place.waiting.empty() && place.under_way.empty()) places_.erase(place.url);
}

}  // namespace lb
