#include "stream/listener/direct_streams.h"

#include <utility>

#include "stream/listener/direct_record.h"

namespace lb {
namespace {

constexpr std::chrono::milliseconds kStallPoll{250};

}  // namespace

struct DirectStreams::One final : Member {
  One(std::unique_ptr<Listener> given, std::shared_ptr<Mount> of, DirectSource from, Loop& loop)
      : Member(std::move(given), std::move(of)), source(std::move(from)), heard(loop.awake()) {
    place = GatePass::enter(mount->direct_gate());
    upstream.start<&One::on_upstream>(loop, source.transport->fd(), EV_READ, this);
  }
  DirectStreams& owner() const { return static_cast<DirectStreams&>(*group); }
  void on_upstream(short) { run(); }
  void run() override;
  bool send_preamble();
  void wait(bool for_client);
  void end(EndReason reason) { owner().end(*this, reason); }
  bool settle() override {
    const bool ended = mount->phase() == MountPhase::kEnded;
    if (ended) end(EndReason::kRemoved);
    return !ended;
  }
  void tick() override {
    if (owner().host_.loop().awake() - heard >= mount->settings()->source_timeout)
      end(EndReason::kTimeout);
  }

  DirectSource source;
  GatePass place;
  Watch upstream;
  SteadyTime heard;  // by Loop::awake()
};

DirectStreams::DirectStreams(FanoutHost& host) : ListenerGroup(host, {kStallPoll, kLongestStall}) {}

void DirectStreams::join(std::unique_ptr<Listener> listener, std::shared_ptr<Mount> mount,
                         DirectSource source) {
  auto made =
      std::make_unique<One>(std::move(listener), std::move(mount), std::move(source), host_.loop());
  One& one = *made;
  if (!one.listener->preamble) one.listener->preamble = std::make_unique<Preamble>();
  one.listener->preamble->head += std::exchange(one.source.begun, {});
  add(std::move(made));
  one.run();
}

void DirectStreams::each_direct(const std::function<void(DirectRecord)>& f, FdsOut& fds) const {
  each(nullptr, [&](const Listener& listener) {
    const One& one = static_cast<const One&>(*find(listener.id));
    const SplicePump& pump = one.source.pump;
    DirectRecord saved;
    saved.listener = save_listener(listener, {}, fds);
    saved.worker = host_.loop().id();
    saved.mount = one.mount->name();
    saved.upstream = fds.add(*one.source.transport);
    saved.peer = one.source.transport->peer();
    saved.pipe_out = fds.add(pump.out_fd());
    saved.pipe_in = fds.add(pump.in_fd());
    saved.held = pump.state().held;
    saved.source_ended = pump.state().source_ended;
    f(std::move(saved));
  });
}

void DirectStreams::adopt(std::unique_ptr<Listener> listener, std::shared_ptr<Mount> mount,
                          DirectSource source) {
  auto made =
      std::make_unique<One>(std::move(listener), std::move(mount), std::move(source), host_.loop());
  One& one = *made;
  add(std::move(made));
  one.run();
}

// Returns false if the listener has ended or its socket is full.
bool DirectStreams::One::send_preamble() {
  while (listener->preamble) {
    Preamble& preamble = *listener->preamble;
    if (preamble.sent == preamble.head.size()) {
      listener->preamble.reset();
      break;
    }
    iovec part{preamble.head.data() + preamble.sent, preamble.head.size() - preamble.sent};
    const IoResult result = listener->transport->write_v({&part, 1}, false);
    if (result.status == IoStatus::kAgain) {
      wait(true);
      return false;
    }
    if (result.status != IoStatus::kDone) {
      end(EndReason::kClientGone);
      return false;
    }
    preamble.sent += result.bytes;
    listener->bytes_sent += result.bytes;
    owner().account(*this, result.bytes);
  }
  return true;
}

void DirectStreams::One::run() {
  if (!send_preamble()) return;
  const SplicePump::Moved moved =
      source.pump.pump(source.transport->fd(), listener->transport->fd(), kBudget);
  if (moved.in > 0) {
    heard = owner().host_.loop().awake();
    mount->bytes_read.fetch_add(moved.in, std::memory_order_relaxed);
  }
  listener->bytes_sent += moved.out;
  owner().account(*this, moved.out);
  switch (moved.stop) {
    case SplicePump::Stop::kBudget:  // level-triggered: the event comes again at once
    case SplicePump::Stop::kSourceDry:
      wait(false);
      return;
    case SplicePump::Stop::kSinkFull:
      wait(true);
      return;
    case SplicePump::Stop::kSourceEnded:
    case SplicePump::Stop::kSourceBroken:
      end(EndReason::kSourceEnded);
      return;
    case SplicePump::Stop::kSinkBroken:
      end(EndReason::kClientGone);
      return;
  }
}

void DirectStreams::One::wait(bool for_client) {
  upstream.want(for_client ? short{0} : short{EV_READ});
  owner().want_write(*this, for_client);
}

}  // namespace lb
