#include "stream/listener/fanout.h"

#include <algorithm>

#include "stream/listener/server_join.h"
#include "stream/log/join.h"

namespace lb {
namespace {

// A listener with more unsent bytes is served again after all others.
constexpr std::size_t kBudgetBytes = 64 * 1024;
// How often a pass reads the clock.
constexpr int kServedBetweenClocks = 16;
// A closed peer accepts the bytes of one pass, and resets the connection by the third.
constexpr unsigned kPassesToKnow = 4;

}  // namespace

Fanout::Fanout(FanoutHost& host, std::shared_ptr<Mount> mount)
    : host_(host), mount_(std::move(mount)), settings_(mount_->settings()) {
  mount_->channel().set_low_water(host_.loop().id(), 0);
  view_ = mount_->channel().take_and_arm(host_.loop().id());
}

Fanout::~Fanout() {
  mount_->channel().unsubscribe(host_.loop().id());
  const auto drop = [](Listener& listener) { delete &listener; };
  idle_.for_each(drop);
  due_.for_each(drop);
  blocked_.for_each(drop);
}

void Fanout::refresh() {
  // The low water comes first: from then on no trim can pass the start of this view.
  mount_->channel().set_low_water(host_.loop().id(), 0);
  view_ = mount_->channel().newest();
}

void Fanout::join(std::unique_ptr<Listener> joined) {
  Listener& listener = *joined;
  adopt(std::move(joined));
  serve(listener);
}

void Fanout::adopt(std::unique_ptr<Listener> joined) {
  Listener& listener = *joined.release();  // the list owns it from here on
  listener.fanout = this;
  ++count_;
  // The writer must know the position before the next pass, or it may trim bytes behind it.
  low_water_ = std::min(low_water_, listener.position);
  mount_->channel().set_low_water(host_.loop().id(), low_water_);
  idle_.push_back(listener);
  // Without events: adding the socket to epoll here would prolong the pause of a hand-over.
  listener.watch.start<&Listener::on_socket>(host_.loop(), listener.transport->fd(), 0, &listener);
}

void Fanout::begin_pass() {
  const std::uint64_t end_before = pass_end_;
  view_ = mount_->channel().take_and_arm(host_.loop().id());
  pass_end_ = view_->end;
  settings_ = mount_->settings();
  if (passes_to_know_ > 0 && pass_end_ != end_before) {
    fed_ = host_.loop().awake();
    --passes_to_know_;
  }
  due_.splice_back(idle_);
  // Blocked listeners are only checked for having left the window, or for being slow.
  blocked_.for_each([this](Listener& listener) {
    if (keep_in_window(listener)) skip_if_slow(listener);
  });
}

bool Fanout::pump(SteadyTime deadline) {
  int served = 0;
  while (!due_.empty()) {
    Listener& listener = due_.front();
    idle_.push_back(listener);
    if (keep_in_window(listener)) serve(listener);
    if (++served % kServedBetweenClocks == 0 && host_.loop().now() >= deadline) return due_.empty();
  }
  return true;
}

void Fanout::end_pass() {
  // Not view_->end: a joiner between two slices may have renewed the view.
  low_water_ = count_ > 0 ? pass_end_ : Channel::kNoReader;
  blocked_.for_each(
      [this](Listener& listener) { low_water_ = std::min(low_water_, listener.position); });
  mount_->channel().set_low_water(host_.loop().id(), low_water_);
  if (sent_ > 0) {
    mount_->bytes_sent.fetch_add(sent_, std::memory_order_relaxed);
    host_.count_sent(sent_);
  }
  sent_ = 0;
}

// Returns false if the listener was moved or has ended.
bool Fanout::keep_in_window(Listener& listener) {
  if (listener.until != SteadyTime::max() && host_.loop().now() >= listener.until) {
    finish(listener, EndReason::kLimit);
    return false;
  }
  if (listener.position < view_->begin ||
      (listener.continuation && host_.loop().awake() >= listener.continuation->by)) {
    drop_slow(listener);
    return false;
  }
  return true;
}

// Of a listener whose socket is full: one that has taken all it could is behind only by what has
// come since, and after a pause that is no sign that it is slow (CatchUp).
void Fanout::skip_if_slow(Listener& listener) {
  if (settings_->lag_policy != LagPolicy::kSkip || listener.continuation ||
      listener.span_begin != Listener::kAnySpan || listener.position >= view_->end ||
      view_->end - listener.position <= settings_->queue_bytes / 4 * 3 + view_->catch_up)
    return;
  // A slow listener gets the rest of its unit and continues with the newest unit.
  const std::uint64_t mark =
      view_->sync.last_where([&](const SyncMark& m) { return m.position < listener.position; });
  const std::uint64_t next = mark == view_->sync.end() ? view_->sync.begin() : mark + 1;
  if (next >= view_->sync.end()) return;
  listener.continuation = std::make_unique<Continuation>(
      Continuation{view_->sync[next].position, mount_, EnterMode::kLive});
  mount_->slow_listeners.fetch_add(1, std::memory_order_relaxed);
}

// Moves a listener that waits for a unit to the next one; without a unit, to the end.
void Fanout::start_at_mark(Listener& listener) {
  const auto& sync = view_->sync;
  const std::uint64_t before =
      sync.last_where([&](const SyncMark& m) { return m.position < listener.position; });
  const std::uint64_t next = before == sync.end() ? sync.begin() : before + 1;
  if (next >= sync.end() || sync[next].position > view_->end) {
    listener.position = view_->end;
    return;
  }
  listener.position = sync[next].position;
  listener.wait_for_mark = false;
}

void Fanout::serve(Listener& listener) {
  if (listener.watch.wanted() == 0 && listener.hung_up == SteadyTime{})
    listener.watch.want(EV_READ);
  if (listener.unplaced) {
    if (is_unborn(*view_)) return rest(listener);
    const std::unique_ptr<Unplaced> asked = std::move(listener.unplaced);
    join_server(listener, *view_, *mount_, asked->burst_bytes, asked->ask);
  }
  if (listener.wait_for_mark) start_at_mark(listener);
  if (listener.span_begin != Listener::kAnySpan && !listener.continuation)
    if (const auto end = view_->span_end(listener.span_begin))
      listener.continuation =
          std::make_unique<Continuation>(Continuation{*end, nullptr, EnterMode::kEnd});
  const std::uint64_t before = listener.bytes_sent;
  const Delivered delivered = deliver(listener, *view_, kBudgetBytes, host_.delivery_call());
  sent_ += listener.bytes_sent - before;
  switch (delivered) {
    case Delivered::kCaughtUp:
      if (listener.continuation && listener.continuation->mode == EnterMode::kEnd &&
          listener.position >= listener.leave_at()) {
        finish(listener, EndReason::kDone);
        return;
      }
      if (listener.position >= listener.leave_at() ||
          (view_->ended && listener.position >= view_->end)) {
        host_.departed(release(listener), *mount_);
        return;
      }
      rest(listener);
      return;
    case Delivered::kMore:
      due_.push_back(listener);
      if (!in_pass) listener.watch.want(EV_READ | EV_WRITE);  // the event comes again at once
      return;
    case Delivered::kBlocked:
      listener.blocked = true;
      blocked_.push_back(listener);
      listener.want_write(true);
      skip_if_slow(listener);
      return;
    case Delivered::kGone:
      finish(listener, EndReason::kClientGone);
      return;
  }
}

void Fanout::rest(Listener& listener) {
  listener.blocked = false;
  idle_.push_back(listener);
  listener.want_write(false);
}

void Fanout::on_socket(Listener& listener, short events) {
  if ((events & EV_READ) != 0) {
    if (!listener.take_input(host_.loop().now())) {
      finish(listener, EndReason::kClientGone);
      return;
    }
    if (listener.hung_up != SteadyTime{}) {
      passes_to_know_ = kPassesToKnow;
      host_.hung_up();
    }
  }
  if (events & EV_WRITE) {
    listener.blocked = false;
    idle_.push_back(listener);
    // The view may be old, but low_water_ protects its bytes.
    if (listener.position < view_->begin) {
      keep_in_window(listener);
      return;
    }
    serve(listener);
  }
}

bool Fanout::end_hung_up() {
  if (passes_to_know_ == 0 || count_ == 0) return false;
  const SteadyTime now = host_.loop().now();
  // While bytes flow, failing writes show closed connections without a walk over all listeners.
  if (host_.loop().awake() - fed_ < kHungUpStays) return true;
  bool some_left = false;
  idle_.for_each([&](Listener& listener) {
    if (listener.hung_up == SteadyTime{}) return;
    if (now - listener.hung_up < kHungUpStays)
      some_left = true;
    else if (listener.sent_since_hang_up == 0 || !listener.take_input(now))
      finish(listener, EndReason::kClientGone);
  });
  if (!some_left) passes_to_know_ = 0;
  return some_left;
}

// A listener in an intro has a time for all of it.
void Fanout::end_stalled() {
  if (!view_->ended || mount_->facts()->from_file) return;
  const SteadyTime now = host_.loop().awake();
  std::unordered_map<std::uint64_t, Stall> stalls;
  blocked_.for_each([&](Listener& listener) {
    const auto known = stalls_.find(listener.id);
    const bool stands = known != stalls_.end() && known->second.bytes_sent == listener.bytes_sent;
    const Stall stall = stands ? known->second : Stall{listener.bytes_sent, now};
    if (now - stall.since >= kLongestStall)
      drop_slow(listener);
    else
      stalls.emplace(listener.id, stall);
  });
  stalls_ = std::move(stalls);
}

void Fanout::drop_slow(Listener& listener) {
  mount_->slow_listeners.fetch_add(1, std::memory_order_relaxed);
  finish(listener, EndReason::kLagged);
}

std::unique_ptr<Listener> Fanout::release(Listener& listener) {
  listener.unlink();
  listener.watch.stop();
  listener.fanout = nullptr;
  --count_;
  return std::unique_ptr<Listener>(&listener);
}

void Fanout::finish(Listener& listener, EndReason reason) {
  host_.ended(release(listener), *mount_, reason);
}

}  // namespace lb
