#include "bench/crowd_listeners.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace lb {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr std::uint32_t kSources = 200;
constexpr std::uint16_t kFirstSource = 3 * 256 + 1;  // 127.0.3.1 …
constexpr double kPatienceMs = 8000;

std::chrono::microseconds ms(double value) {
  return std::chrono::microseconds(static_cast<std::int64_t>(value * 1000));
}

}  // namespace

CrowdListeners::CrowdListeners(Swarm& swarm, std::vector<std::unique_ptr<SwarmNode>>& nodes,
                               CrowdPlan plan)
    : swarm_(swarm), nodes_(nodes), plan_(std::move(plan)), out_since_(nodes.size(), kNever) {
  for (std::size_t i = 0; i < nodes.size(); ++i) node_at_[to_text(nodes[i]->plan().address)] = i;
}

CrowdListeners::~CrowdListeners() = default;

double CrowdListeners::now() const {
  return std::chrono::duration<double>(swarm_.loop.now().time_since_epoch()).count();
}

std::size_t CrowdListeners::any_mount() {
  const auto found =
      std::lower_bound(plan_.popularity.begin(), plan_.popularity.end(), swarm_.rng.unit());
  return std::min(static_cast<std::size_t>(found - plan_.popularity.begin()),
                  plan_.popularity.size() - 1);
}

void CrowdListeners::one_more() {
  listeners_.push_back(std::make_unique<Listener>(*this, audience_++));
  Listener& listener = *listeners_.back();
  listener.mount = static_cast<std::uint32_t>(any_mount());
  ask(listener);
}

void CrowdListeners::ask(Listener& listener) {
  ++tally_.asked;
  listener.state = State::kAsking;
  listener.asked_at = now();
  listener.head.clear();
  const std::string request = "GET " + swarm_.mounts[listener.mount].name +
                              " HTTP/1.1\r\nHost: master\r\nUser-Agent: Player" +
                              std::to_string(listener.person) + "/1\r\n\r\n";
  listener.timer.after(ms(kPatienceMs));
  listener.wire.open(swarm_.master,
                     static_cast<std::uint16_t>(kFirstSource + listener.person % kSources), request,
                     [this, &listener](std::string_view bytes) { on_answer(listener, bytes); });
}

void CrowdListeners::pause(Listener& listener, double how_long_ms) {
  listener.wire.close();
  listener.state = State::kPausing;
  listener.timer.after(ms(how_long_ms));
}

void CrowdListeners::on_answer(Listener& listener, std::string_view bytes) {
  listener.head.append(bytes);
  const bool whole = listener.head.find("\r\n\r\n") != std::string::npos;
  if (!bytes.empty() && !whole) return;
  listener.timer.cancel();
  if (!whole) {
    ++tally_.unanswered;
    pause(listener, plan_.retry_ms);
    return;
  }
  listener.wire.close();
  tally_.answer_ms.push_back((now() - listener.asked_at) * 1000);
  const std::string status = listener.head.substr(listener.head.find(' ') + 1, 3);
  ++tally_.statuses[status];
  if (status == "302") {
    const std::size_t at = listener.head.find("\r\nLocation: http://");
    if (at != std::string::npos) {
      const std::size_t begin = at + 19;
      const std::string location =
          listener.head.substr(begin, listener.head.find('\r', begin) - begin);
      redirected(listener, location);
      return;
    }
  }
  if (status == "200") {
    ++tally_.served_here;
    if (listener.lost_at > 0) tally_.back_ms.push_back((now() - listener.lost_at) * 1000);
    listener.lost_at = 0;
    listener.tries = 0;
    listener.state = State::kDone;
    return;
  }
  ++(status == "503" ? tally_.refused : tally_.other);
  pause(listener, plan_.retry_ms);
}

void CrowdListeners::redirected(Listener& listener, std::string_view location) {
  ++tally_.redirected;
  tally_.most_tries = std::max(tally_.most_tries, ++listener.tries);
  const std::string_view host = location.substr(0, location.find('/'));
  const auto known = node_at_.find(host);
  const std::string name =
      known == node_at_.end() ? std::string(host) : nodes_[known->second]->plan().id;
  tally_.last_redirect[name] = now();
  ++tally_.redirects_to[name];
  if (known == node_at_.end()) {
    listener.state = State::kFollowing;
    listener.hears = false;
    listener.head.clear();
    listener.followed = name;
    const std::string request = "GET " + std::string(location.substr(host.size())) +
                                " HTTP/1.1\r\nHost: " + std::string(host) +
                                "\r\nUser-Agent: Player" + std::to_string(listener.person) +
                                "/1\r\n\r\n";
    listener.wire.open(
        endpoint_of(host), static_cast<std::uint16_t>(kFirstSource + listener.person % kSources),
        request, [this, &listener](std::string_view bytes) { on_followed(listener, bytes); });
    return;
  }
  listener.node = static_cast<std::uint32_t>(known->second);
  listener.run = nodes_[known->second]->run();
  if (listener.asked_at > out_since_[known->second]) {
    ++tally_.wrong;
    if (tally_.first_wrong.empty()) tally_.first_wrong = name + " at " + std::to_string(now());
  }
  listener.state = State::kOnTheWay;
  listener.timer.after(
      ms(plan_.way_ms_least + swarm_.rng.unit() * (plan_.way_ms_most - plan_.way_ms_least)));
}

// At a real server: the head, then the stream, until it ends.
void CrowdListeners::on_followed(Listener& listener, std::string_view bytes) {
  if (bytes.empty()) {
    listener.timer.cancel();
    if (listener.hears) {
      listener.lost_at = now();
    } else {
      ++tally_.wasted;
    }
    ask(listener);
    return;
  }
  if (listener.hears) return;
  listener.head.append(bytes);
  const std::size_t end = listener.head.find("\r\n\r\n");
  if (end == std::string::npos || listener.head.size() == end + 4) return;
  if (listener.head.compare(9, 3, "200") != 0) {
    ++tally_.statuses["node " + listener.head.substr(9, 3)];
    ++tally_.wasted;
    pause(listener, plan_.retry_ms);
    return;
  }
  listener.hears = true;
  listener.tries = 0;
  listener.head.clear();
  ++tally_.arrived;
  if (listener.lost_at > 0) tally_.back_ms.push_back((now() - listener.lost_at) * 1000);
  listener.lost_at = 0;
  stay(listener);
}

void CrowdListeners::stay(Listener& listener) {
  if (plan_.stay_seconds > 0 && !frozen_)
    listener.timer.after(ms(-std::log(1 - swarm_.rng.unit()) * plan_.stay_seconds * 1000));
}

void CrowdListeners::goes(Listener& listener) {
  if (listener.state == State::kListening) nodes_[listener.node]->depart(listener.mount);
  listener.wire.close();
  listener.hears = false;
  ++tally_.departed;
  listener.state = State::kDone;
  if (!plan_.renew) return;
  listener.person = audience_++;
  listener.mount = static_cast<std::uint32_t>(any_mount());
  ask(listener);
}

void CrowdListeners::freeze(bool frozen) {
  frozen_ = frozen;
  for (const auto& listener : listeners_) {
    const bool listens = listener->state == State::kListening ||
                         (listener->state == State::kFollowing && listener->hears);
    if (!listens) continue;
    if (frozen)
      listener->timer.cancel();
    else
      stay(*listener);
  }
}

std::size_t CrowdListeners::hearing() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(listeners_.begin(), listeners_.end(), [](const auto& listener) {
        return listener->state == State::kFollowing && listener->hears;
      }));
}

void CrowdListeners::on_time(Listener& listener) {
  switch (listener.state) {
    case State::kAsking:
      ++tally_.unanswered;
      ask(listener);
      return;
    case State::kPausing:
      ask(listener);
      return;
    case State::kOnTheWay:
      arrived(listener);
      return;
    case State::kListening:
    case State::kFollowing:
      goes(listener);
      return;
    case State::kDone:
      return;
  }
}

void CrowdListeners::arrived(Listener& listener) {
  SwarmNode& node = *nodes_[listener.node];
  if (!node.alive() || node.run() != listener.run) {
    ++tally_.wasted;
    ask(listener);
    return;
  }
  const NodeCapacity& most = node.plan().capacity;
  node.arrive(listener.mount);
  if ((most.listeners > 0 && node.listeners() > most.listeners) ||
      (most.kbps > 0 && node.kbps() > most.kbps + 0.5))
    ++tally_.over;
  ++tally_.arrived;
  listener.state = State::kListening;
  listener.tries = 0;
  stay(listener);
}

void CrowdListeners::lost(std::size_t node) {
  for (const auto& listener : listeners_) {
    if (listener->state != State::kListening || listener->node != node) continue;
    listener->state = State::kPausing;
    listener->timer.after(ms(swarm_.rng.unit() * plan_.back_ms));
  }
}

void CrowdListeners::out(std::size_t node, bool is_out) {
  out_since_[node] = is_out ? now() : kNever;
}

std::size_t CrowdListeners::unserved() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(listeners_.begin(), listeners_.end(), [](const auto& listener) {
        return listener->state == State::kAsking || listener->state == State::kPausing ||
               listener->state == State::kOnTheWay ||
               (listener->state == State::kFollowing && !listener->hears);
      }));
}

}  // namespace lb
