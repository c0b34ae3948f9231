// TakeOver: the writers of mounts (encoders, relays, programs) and standbys.
#include <utility>

#include "app/cluster/relay_service.h"
#include "app/handover/take_over.h"
#include "app/programs/child_record.h"
#include "app/services/hls_service.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "stream/source/admission_record.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_record.h"
#include "stream/source/source_set.h"
#include "stream/source/standby_record.h"

namespace lb {
namespace {

void count(ServerCounters& counters, SourceOffer& offer) {
  offer.client_pass = GatePass::enter(counters.clients);
  offer.source_pass = GatePass::enter(counters.sources);
}

}  // namespace

Result<void> TakeOver::take(Network& network, const AdmissionRecord& saved) {
  auto lease = network.admission->restore(saved, fds_, next_lease_);
  if (!lease) return lease.error();
  ++taken_.mounts;
  if (saved.rests_until) {
    network.hls->mount_rests(lease->mount);
    return {};
  }
  if (lease->id != 0) leases_.emplace(lease->id, std::make_unique<WriterLease>(std::move(*lease)));
  mounts_.push_back(saved.mount);
  return {};
}

Result<void> TakeOver::take(Network& network, const ProgramRecord& saved) {
  RelayRecord relay;
  relay.from.program = saved.words;
  if (const auto mount = network.mounts.find(saved.mount))
    relay.from.content_type = mount->facts()->content_type;
  relay.lease = saved.lease;
  relay.mount = saved.mount;
  if (auto added = network.relays->handed().add(std::move(relay)); !added) return added;
  return network.relays->programs().take_over(saved, fds_);
}

Result<void> TakeOver::take(Network& network, const SourceRecord& saved) {
  const auto wrong = [&saved](std::string_view what) {
    return Error::invalid(cat({"the source of ", saved.mount, ": ", what}));
  };
  const auto at = leases_.find(saved.lease);
  const auto* const writer = network.admission->writer_of(saved.mount);
  if (at == leases_.end() || writer == nullptr || writer->lease != saved.lease)
    return wrong("it does not write this mount");
  const bool relay = writer->kind == WriterKind::kRelay;
  auto transport =
      relay ? network.relays->reading(saved, fds_) : restore_transport(saved.encoder, fds_);
  if (!transport) return wrong("it has no connection");
  WriterLease lease = std::move(*at->second);
  leases_.erase(at);
  lease.identity = saved.identity;
  SourceOffer offer = restore_offer(saved.encoder, std::move(transport));
  if (relay) offer.source_pass = GatePass::enter(network.counters.sources);
  offer.metaint = static_cast<std::size_t>(saved.metaint);
  offer.place = saved.feed.place;
  if (saved.encoder.counted) count(network.counters, offer);
  Worker& worker = *network.workers[writer->home];
  auto facts = writer->mount->facts();
  if (auto restored = worker.sources->restore(std::move(offer), saved, std::move(lease), facts);
      !restored)
    return wrong(restored.error().what);
  sources_[writer->home].push_back(saved);
  ++taken_.sources;
  return {};
}

Result<void> TakeOver::take(Network& network, const StandbyRecord& saved) {
  const auto wrong = [&saved](std::string_view what) {
    return Error::invalid(cat({"an encoder that stands by on ", saved.mount, ": ", what}));
  };
  const auto mount = network.mounts.find(saved.mount);
  const Standby* const standby = network.admission->standby_of(saved.mount, saved.id);
  if (!mount || standby == nullptr) return wrong("it has no place");
  auto transport = restore_transport(saved.encoder, fds_);
  if (!transport) return wrong("it has no connection");
  SourceOffer offer = restore_offer(saved.encoder, std::move(transport));
  if (saved.encoder.counted) count(network.counters, offer);
  UniqueFd hearing = saved.hearing.empty() ? UniqueFd() : fds_.take(saved.hearing.front());
  Worker& worker = *network.workers[standby->home];
  if (auto restored = worker.sources->restore_standby(std::move(offer), saved, std::move(hearing),
                                                      mount, *standby->facts);
      !restored)
    return wrong(restored.error().what);
  standbys_[standby->home].push_back(saved.id);
  ++taken_.standbys;
  return {};
}

}  // namespace lb
