// The paths between this node and its masters: of streams to here, of requests that pull them, and
// of listeners back (master_links.h).
#include <algorithm>
#include <utility>

#include "app/cluster/cluster_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/services/network.h"
#include "app/topology/cluster_facts.h"
#include "app/topology/pull_paths.h"
#include "app/topology/stream_offers.h"
#include "base/cat.h"
#include "cluster/link/link_client.h"
#include "cluster/link/linked_streams.h"
#include "cluster/link/master_session.h"
#include "cluster/relay/pull_mark.h"
#include "cluster/relay/pull_path.h"
#include "cluster/relay/relay.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

bool wants_slots(const LinkedStreams::Stream& stream) noexcept {
  return stream.state != OfferState::kWithdrawn &&
         (stream.offer.needs & static_cast<ProtectionSet>(Protection::kSlots)) != 0;
}

}  // namespace

std::vector<LinkedStream> MasterLinks::streams_of(const std::string& mount) const {
  return streams_to_pull(*network_.config.read(), masters_, mount);
}

void MasterLinks::add_stream_mounts(std::set<std::string>& mounts) const {
  for (const MasterLink& link : masters_)
    if (link.session)
      for (const auto& [mount, stream] : link.session->streams().streams()) mounts.insert(mount);
}

bool MasterLinks::link_replaces_polling(const MasterPlan& master) const {
  const auto same = std::find_if(masters_.begin(), masters_.end(), [&](const MasterLink& link) {
    const MasterSettings& its = link.settings;
    const int port = its.tls_port != 0 ? its.tls_port : its.port;
    return its.server == master.target.host && port == master.target.port &&
           its.username == master.username && its.password == master.password;
  });
  return same != masters_.end() && same->session->replaces_polling();
}

void MasterLinks::add_master_ids(std::set<std::string, std::less<>>& ids) const {
  for (const MasterLink& master : masters_)
    if (!master.session->master_id().empty()) ids.insert(master.session->master_id());
}

// -- whether streams can be pulled ----------------------------------------------------------------

void MasterLinks::pulls_changed(const ConnectTarget& from, PullFault fault) {
  if (is_of_path(fault)) paths_->doubt(from);
  if (!stopped_ && !masters_.empty()) callbacks_.poll_soon();
}

void MasterLinks::path_changed(const MasterSession& session, const PullPath& path) {
  const auto link = std::find_if(masters_.begin(), masters_.end(), [&](const MasterLink& each) {
    return each.session.get() == &session;
  });
  if (link == masters_.end()) return;
  const ConnectTarget& target = path.target();
  const std::string where = cat({target.host, ":", target.port});
  if (const PullFault fault = path.fault(); fault != PullFault::kNone) {
    log().warn("cluster/link",
               cat({"master ", session.name(), ": no stream can be pulled from ", where, ": ",
                    describe(fault), "; it is asked to send no listener for them"}));
  } else {
    log().info("cluster/link",
               cat({"master ", session.name(), ": streams can be pulled from ", where}));
    network_.relays->path_opened(target);
  }
  network_.relays->pulls_changed();
  callbacks_.poll();
  link->session->announce();
}

std::string MasterLinks::pull_line(const Upstream& upstream) {
  // <relay-auth>, or the user of a <relay>, is proof enough.
  if (!upstream.username.empty() && !upstream.password.empty()) return {};
  for (const auto& [settings, session] : masters_) {
    if (session->master_mark().empty() || session->streams_target() != upstream.target) continue;
    const LinkTarget& link = session->plan().link;
    const auto its_clock = network_.clock.wall() + session->clock_offset();
    PullMark mark;
    mark.id = link.id;
    mark.epoch = facts_->epoch;
    mark.to = session->master_mark();
    mark.number = network_.cluster->numbers().next_pull_of_node++;
    mark.at = unix_seconds(its_clock);
    return lb::pull_line(std::move(mark), link.secret, upstream.mount);
  }
  return {};
}

// -- listeners ------------------------------------------------------------------------------------

std::optional<std::string> MasterLinks::origin(PublicScheme scheme) const {
  for (const auto& [settings, session] : masters_)
    if (auto origin = session->origin(scheme)) return origin;
  return std::nullopt;
}

std::optional<WayBack> MasterLinks::way_back(PublicScheme scheme,
                                             std::optional<std::uint8_t> tag) const {
  for (const auto& [settings, session] : masters_) {
    if (tag && token_tag(session->master_id()) != *tag) continue;
    if (auto origin = session->origin(scheme))
      return WayBack{std::move(*origin), session->master_id(), session->plan().link.id};
  }
  return std::nullopt;
}

bool MasterLinks::is_offered(const std::string& mount) const {
  return std::any_of(masters_.begin(), masters_.end(), [&](const MasterLink& link) {
    const auto& streams = link.session->streams().streams();
    const auto found = streams.find(mount);
    return found != streams.end() && found->second.state != OfferState::kWithdrawn;
  });
}

bool MasterLinks::needs_slots(const std::string& mount) const {
  return std::any_of(masters_.begin(), masters_.end(), [&mount](const MasterLink& link) {
    const auto& streams = link.session->streams().streams();
    const auto found = streams.find(mount);
    return found != streams.end() && wants_slots(found->second);
  });
}

void MasterLinks::add_slot_mounts(std::set<std::string>& mounts) const {
  for (const MasterLink& link : masters_)
    for (const auto& [mount, stream] : link.session->streams().streams())
      if (wants_slots(stream)) mounts.insert(mount);
}

const std::vector<std::string>& MasterLinks::way_of(const std::string& name,
                                                    const Mount& mount) const {
  static const std::vector<std::string> kNone;
  const Relay* relay = masters_.empty() ? nullptr : network_.relays->relay_of(name);
  if (relay == nullptr || !mount.facts()->relayed) return kNone;
  const Upstream& from = relay->last_upstream();
  for (const auto& [settings, session] : masters_) {
    if (session->plan().streams.host != from.target.host || !session->linked() ||
        session->streams_target() != from.target)
      continue;
    const auto& streams = session->streams().streams();
    const auto stream = streams.find(from.mount);
    // A withdrawn stream may come from elsewhere by now.
    if (stream == streams.end() ||
        (stream->second.state != OfferState::kOffered && stream->second.settled))
      continue;
    return stream->second.offer.path;
  }
  return kNone;
}

}  // namespace lb
