#include "app/join/direct_calls.h"

#include <algorithm>
#include <utility>

#include "app/cluster/cluster_service.h"
#include "app/cluster/relay_service.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "cluster/relay/pull_mark.h"
#include "cluster/relay/relay.h"
#include "cluster/relay/relay_marks.h"
#include "stream/listener/direct_streams.h"
#include "stream/source/source_facts.h"

namespace lb {
namespace {

constexpr std::size_t kMaxCalls = 64;

}  // namespace

// Only the first listener of an idle mount, and only where the upstream can be asked without TLS.
bool DirectCalls::may_call(const DirectAsk& ask) const {
  const auto mount = network_.mounts.find(ask.mount);
  if (!mount || mount->phase() != MountPhase::kIdle || mount->listeners() > 0) return false;
  if (calls_.size() >= kMaxCalls) return false;
  const bool under_way = std::any_of(calls_.begin(), calls_.end(), [&](const auto& row) {
    return row.second.ask.mount == ask.mount;
  });
  const Relay* relay = network_.relays->relay_of(ask.mount);
  return !under_way && relay != nullptr && relay->is_idle() &&
         !relay->plan().upstreams.front().target.tls;
}

void DirectCalls::call(DirectAsk ask) {
  if (!may_call(ask)) {
    use_relay(std::move(ask));
    return;
  }
  const auto facts = network_.cluster->facts();
  UpstreamAsk asked;
  asked.upstream = network_.relays->relay_of(ask.mount)->plan().upstreams.front();
  asked.user_agent = network_.relays->user_agent();
  asked.icy_metadata = ask.icy_metadata;
  asked.head_deadline = network_.relays->head_deadline();
  asked.source_types = network_.relays->source_types(ask.mount);
  asked.lines = relay_mark_lines(facts->mark, ask.via);
  asked.first_lines = network_.relays->pull_line(asked.upstream);
  const std::uint64_t number = next_++;
  Call& made = calls_[number];
  made.ask = std::move(ask);
  made.call = std::make_unique<UpstreamCall>(
      network_.relays->connector(), std::move(asked),
      [this, number](Result<UpstreamAnswer> answer) { on_answer(number, std::move(answer)); });
}

void DirectCalls::on_answer(std::uint64_t number, Result<UpstreamAnswer> answer) {
  auto row = calls_.extract(number);  // keeps the call alive until this returns
  DirectAsk& ask = row.mapped().ask;
  Result<DirectOffer> offer =
      answer ? offer_from(ask, std::move(*answer)) : Result<DirectOffer>(answer.error());
  if (!offer) {
    network_.log.info("relay/direct",
                      cat({"relay ", ask.mount, ": one listener cannot be passed on (",
                           offer.error().what, "); the relay is asked for"}));
    use_relay(std::move(ask));
    return;
  }
  Worker::resume(network_, ask.request, WaitOutcome::kReady,
                 std::make_shared<DirectOffer>(std::move(*offer)));
}

Result<DirectOffer> DirectCalls::offer_from(const DirectAsk& ask, UpstreamAnswer answer) const {
  auto mount = network_.mounts.find(ask.mount);
  if (!mount) return Error::not_found("the mount is gone");
  const std::string passed = path_of(answer.headers);
  if (path_contains(passed, network_.cluster->facts()->mark) || path_hops(passed) > kMaxHops)
    return Error::denied("it has the stream from here, by way of " + passed);
  if (answer.body.framing() != BodyReader::Framing::kUntilClose)
    return Error::unsupported("it answers with a transfer-coding");
  // A redirect may have led to TLS.
  if (!answer.transport->can_send_file()) return Error::unsupported("it wants TLS");
  if (answer.metaint > 0 && !ask.icy_metadata)
    return Error::unsupported("it sends metadata that the listener does not know");
  auto pump = SplicePump::open();
  if (!pump) return pump.error();
  const auto settings = network_.relays->settings_of(ask.mount);
  auto facts = std::make_shared<SourceFacts>(
      *make_relay_facts(answer.headers, *settings,
                        SourcePeer{{}, network_.clock.wall(), network_.clock.steady(), passed}));
  facts->metaint = static_cast<unsigned>(answer.metaint);
  return DirectOffer{
      std::move(mount), std::move(facts),
      DirectSource{std::move(answer.transport), std::move(answer.leftover), std::move(*pump)}};
}

void DirectCalls::use_relay(DirectAsk ask) const {
  network_.relays->await(ask.mount, ask.request, std::move(ask.via), ask.window);
}

}  // namespace lb
