#include "stream/direct_streams.h"

#include <array>
#include <utility>
#include <vector>

namespace lb {
namespace {

constexpr std::size_t kDirectBudgetBytes = 64 * 1024;  // a turn, as in a fan-out
constexpr std::chrono::milliseconds kStallPoll{250};

}  // namespace

DirectStreams::One::One(DirectStreams& owner_given, std::unique_ptr<Listener> listener_given,
                        std::shared_ptr<Mount> mount_given, DirectSource source_given)
    : owner(owner_given),
      listener(std::move(listener_given)),
      mount(std::move(mount_given)),
      source(std::move(source_given)),
      last_in(owner.host_.loop().awake()),
      last_out(last_in) {
  mount->direct_gate().enter();
  place = GatePass(&mount->direct_gate());
}

DirectStreams::DirectStreams(FanoutHost& host)
    : host_(host), stall_timer_(host.loop(), [this] { check_stalls(); }) {}

DirectStreams::~DirectStreams() = default;

void DirectStreams::join(std::unique_ptr<Listener> listener, std::shared_ptr<Mount> mount,
                         DirectSource source) {
  host_.loop().assert_here();
  auto made =
      std::make_unique<One>(*this, std::move(listener), std::move(mount), std::move(source));
  One& one = *made;
  if (!one.listener->preamble) one.listener->preamble = std::make_unique<Preamble>();
  one.listener->preamble->head += std::exchange(one.source.begun, {});
  all_.emplace(one.listener->id, std::move(made));
  one.listener->watch.start<&One::on_client>(host_.loop(), one.listener->transport->fd(), EV_READ,
                                             &one);
  one.upstream.start<&One::on_upstream>(host_.loop(), one.source.transport->fd(), EV_READ, &one);
  if (!stall_timer_.armed()) stall_timer_.after(kStallPoll);
  run(one);
}

void DirectStreams::One::on_client(short events) {
  if ((events & EV_READ) != 0) {
    // Players send nothing after their request; bytes that come all the same are discarded, a few
    // at a time.
    std::array<std::byte, 2048> ignored;
    const IoResult result = listener->transport->read(ignored);
    if (result.status == IoStatus::kError) {
      owner.end(*this, EndReason::kClientGone);
      return;
    }
    // A half-closed client (`nc`) still listens; a closed one shows when we write.
    if (result.status == IoStatus::kEof)
      listener->watch.want(static_cast<short>(listener->watch.wanted() & ~EV_READ));
  }
  if ((events & EV_WRITE) != 0) owner.run(*this);
}

// False: the listener has ended, or has to be waited for.
bool DirectStreams::send_preamble(One& one) {
  Listener& listener = *one.listener;
  while (listener.preamble) {
    Preamble& preamble = *listener.preamble;
    if (preamble.sent == preamble.head.size()) {
      listener.preamble.reset();
      break;
    }
    iovec part{preamble.head.data() + preamble.sent, preamble.head.size() - preamble.sent};
    const IoResult result = listener.transport->write_v({&part, 1}, false);
    if (result.status == IoStatus::kAgain) {
      wait(one, true);
      return false;
    }
    if (result.status != IoStatus::kDone) {
      end(one, EndReason::kClientGone);
      return false;
    }
    preamble.sent += result.bytes;
    account(one, 0, result.bytes);
  }
  return true;
}

void DirectStreams::run(One& one) {
  if (!send_preamble(one)) return;
  const SplicePump::Moved moved = one.source.pump.pump(
      one.source.transport->fd(), one.listener->transport->fd(), kDirectBudgetBytes);
  account(one, moved.in, moved.out);
  switch (moved.stop) {
    case SplicePump::Stop::kBudget:  // level-triggered: comes again at once
    case SplicePump::Stop::kSourceDry:
      wait(one, false);
      return;
    case SplicePump::Stop::kSinkFull:
      wait(one, true);
      return;
    case SplicePump::Stop::kSourceEnded:
    case SplicePump::Stop::kSourceBroken:
      end(one, EndReason::kSourceEnded);
      return;
    case SplicePump::Stop::kSinkBroken:
      end(one, EndReason::kClientGone);
      return;
  }
}

void DirectStreams::wait(One& one, bool for_client) {
  if (std::exchange(one.waits_for_client, for_client) == for_client) return;
  Watch& client = one.listener->watch;
  one.upstream.want(for_client ? short{0} : short{EV_READ});
  client.want(
      static_cast<short>(for_client ? client.wanted() | EV_WRITE : client.wanted() & ~EV_WRITE));
}

void DirectStreams::account(One& one, std::size_t in, std::size_t out) {
  const SteadyTime now = host_.loop().awake();
  if (in > 0) {
    one.last_in = now;
    one.mount->bytes_read.fetch_add(in, std::memory_order_relaxed);
  }
  if (out == 0) return;
  one.last_out = now;
  one.listener->bytes_sent += out;
  one.mount->bytes_sent.fetch_add(out, std::memory_order_relaxed);
  host_.count_sent(out);
}

void DirectStreams::end(One& one, EndReason reason) {
  auto row = all_.extract(one.listener->id);
  One& gone = *row.mapped();
  gone.upstream.stop();
  gone.listener->watch.stop();
  host_.ended(std::move(gone.listener), *gone.mount, reason);
}

bool DirectStreams::finish(std::uint64_t id, EndReason reason) {
  const auto at = all_.find(id);
  if (at == all_.end()) return false;
  end(*at->second, reason);
  return true;
}

void DirectStreams::finish_all(const Mount* mount, EndReason reason) {
  std::vector<std::uint64_t> ids;
  for_each(mount, [&ids](const Listener& listener) { ids.push_back(listener.id); });
  for (const std::uint64_t id : ids) finish(id, reason);
}

void DirectStreams::check_stalls() {
  const SteadyTime now = host_.loop().now(), awake = host_.loop().awake();
  std::vector<std::pair<std::uint64_t, EndReason>> over;
  for (const auto& [id, one] : all_) {
    if (now >= one->listener->until)
      over.emplace_back(id, EndReason::kLimit);
    else if (one->mount->phase() == MountPhase::kEnded)
      over.emplace_back(id, EndReason::kRemoved);
    else if (one->waits_for_client && awake - one->last_out >= kLongestStall)
      over.emplace_back(id, EndReason::kLagged);
    else if (!one->waits_for_client &&
             awake - one->last_in >= one->mount->settings()->source_timeout)
      over.emplace_back(id, EndReason::kTimeout);
  }
  for (const auto& [id, reason] : over) {
    if (reason == EndReason::kLagged)
      all_.at(id)->mount->slow_listeners.fetch_add(1, std::memory_order_relaxed);
    finish(id, reason);
  }
  if (!all_.empty()) stall_timer_.after(kStallPoll);
}

}  // namespace lb
