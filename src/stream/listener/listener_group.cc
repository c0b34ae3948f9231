#include "stream/listener/listener_group.h"

#include <utility>

namespace lb {
namespace {

constexpr std::chrono::milliseconds kGroupSlice{5};  // so that no loop stalls
constexpr std::size_t kBetweenClocks = 8;            // listeners

}  // namespace

ListenerGroup::ListenerGroup(FanoutHost& host, Pace pace)
    : host_(host), pace_(pace), timer_(host.loop(), [this] { begin_pass(); }) {}

ListenerGroup::~ListenerGroup() = default;

void ListenerGroup::Member::on_client(short events) {
  if ((events & EV_READ) != 0 && !listener->take_input(group->host_.loop().now())) {
    group->end(*this, EndReason::kClientGone);
    return;
  }
  if ((events & EV_WRITE) != 0) run();
}

void ListenerGroup::add(std::unique_ptr<Member> made) {
  host_.loop().assert_here();
  Member& member = *made;
  member.group = this;
  member.progress = host_.loop().awake();
  all_.emplace(member.listener->id, std::move(made));
  count_.store(all_.size(), std::memory_order_relaxed);
  member.listener->watch.start<&Member::on_client>(host_.loop(), member.listener->transport->fd(),
                                                   EV_READ, &member);
  if (!timer_.armed()) timer_.after(pace_.tick);
}

ListenerGroup::Member* ListenerGroup::find(std::uint64_t id) const {
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : found->second.get();
}

std::unique_ptr<ListenerGroup::Member> ListenerGroup::take(Member& member) {
  auto row = all_.extract(member.listener->id);
  count_.store(all_.size(), std::memory_order_relaxed);
  member.listener->watch.stop();
  return std::move(row.mapped());
}

void ListenerGroup::end(Member& member, EndReason reason) {
  const auto gone = take(member);
  host_.ended(std::move(gone->listener), *gone->mount, reason);
}

void ListenerGroup::want_write(Member& member, bool wanted) {
  if (std::exchange(member.waits_for_client, wanted) != wanted) member.listener->want_write(wanted);
}

void ListenerGroup::account(Member& member, std::uint64_t sent) {
  if (sent > 0 || !member.waits_for_client) member.progress = host_.loop().awake();
  if (sent == 0) return;
  member.mount->bytes_sent.fetch_add(sent, std::memory_order_relaxed);
  host_.count_sent(sent);
}

void ListenerGroup::each(const Mount* mount, const std::function<void(Listener&)>& f) const {
  for (const auto& [id, member] : all_)
    if (mount == nullptr || member->is_of(*mount)) f(*member->listener);
}

Listener* ListenerGroup::listener_of(const Mount* mount, std::uint64_t id) const {
  const Member* const member = find(id);
  const bool is_of = member != nullptr && (mount == nullptr || member->is_of(*mount));
  return is_of ? member->listener.get() : nullptr;
}

bool ListenerGroup::finish(std::uint64_t id, EndReason reason) {
  Member* const member = find(id);
  if (member != nullptr) end(*member, reason);
  return member != nullptr;
}

void ListenerGroup::finish_all(const Mount* mount, EndReason reason) {
  std::vector<std::uint64_t> ids;
  each(mount, [&ids](const Listener& listener) { ids.push_back(listener.id); });
  for (const std::uint64_t id : ids) finish(id, reason);
}

void ListenerGroup::forget() {
  timer_.cancel();
  passing_.clear();
  all_.clear();
  count_.store(0, std::memory_order_relaxed);
}

void ListenerGroup::begin_pass() {
  passing_.clear();
  for (const auto& [id, member] : all_) passing_.push_back(id);
  passing_at_ = 0;
  pass();
}

void ListenerGroup::pass() {
  Loop& loop = host_.loop();
  const SteadyTime slice_ends = loop.clock().steady() + kGroupSlice;
  while (passing_at_ < passing_.size()) {
    if (Member* const member = find(passing_[passing_at_++]); member != nullptr) {
      if (!member->settle()) continue;
      if (loop.now() >= member->listener->until) {
        end(*member, EndReason::kLimit);
      } else if (!member->waits_for_client) {
        member->tick();
      } else if (loop.awake() - member->progress >= pace_.longest_stall) {
        member->mount->slow_listeners.fetch_add(1, std::memory_order_relaxed);
        end(*member, EndReason::kLagged);
      }
    }
    if (passing_at_ % kBetweenClocks == 0 && loop.clock().steady() >= slice_ends)
      return loop.post([this] { pass(); });
  }
  if (!all_.empty()) timer_.after(pace_.tick);
}

}  // namespace lb
