#include "app/cluster/audience_links.h"

#include <utility>

#include "app/audience/audience_service.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/linked_neighbours.h"
#include "app/cluster/master_links.h"
#include "app/services/network.h"
#include "app/topology/stream_offers.h"
#include "base/cat.h"
#include "cluster/link/master_session.h"
#include "stream/mount/mount.h"

namespace lb {

using Way = AudienceService::Way;

namespace {
constexpr SteadyTime kLogged = SteadyTime::max();
}

AudienceLinks::AudienceLinks(Network& network, MasterLinks& masters, LinkedNeighbours& neighbours)
    : network_(network),
      masters_(masters),
      neighbours_(neighbours),
      timer_(network.loops.control(), [this] { decide(); }),
      seen_(network.loops.control(), [this] { note_seen(); }),
      self_(std::make_shared<AudienceLinks*>(this)) {}

AudienceLinks::~AudienceLinks() { *self_ = nullptr; }

void AudienceLinks::configure() {
  if (stopped_ || !network_.listenings->on()) return;
  if (patience_until_ == SteadyTime{}) {
    patience_until_ = network_.loops.control().now() + kPatience;
    timer_.after(kPatience);
    seen_.after(kSeen);
  }
  decide();
}

void AudienceLinks::stop() {
  stopped_ = true;
  timer_.cancel();
  seen_.cancel();
}

void AudienceLinks::left(const std::string& id) {
  under_way_.erase(id);
  if (heard_.erase(id) > 0 && !stopped_) network_.listenings->nodes_seen({id});
}

void AudienceLinks::note_seen() {
  seen_.after(kSeen);
  AudienceMerge::Rates rates;
  const bool has_database = network_.listenings->on() && !network_.listenings->sends_up();
  if (has_database) {
    note_uncounted();
    for (const auto used = network_.mounts.in_use(); const auto& [name, mount] : used)
      if (const std::uint64_t rate = mount->usual_bytes_per_second(); rate > 0)
        rates.emplace(name, static_cast<std::int64_t>(rate));
  }
  network_.listenings->nodes_seen({heard_.begin(), heard_.end()}, std::move(rates));
}

void AudienceLinks::note_uncounted() {
  const SteadyTime now = network_.loops.control().now();
  std::map<std::string, SteadyTime> uncounted;
  std::string late;
  std::as_const(network_.cluster->decider()).with_table([&](const NodeTable& table) {
    for (const Node& node : table.nodes()) {
      if (node.kind == NodeKind::kSelf || node.reported_listeners < 1 || heard_.contains(node.id))
        continue;
      const auto known = uncounted_.find(node.id);
      SteadyTime since = known == uncounted_.end() ? now : known->second;
      if (since != kLogged && now - since >= kUncounted) {
        late += cat({late.empty() ? "" : ", ", node.id});
        since = kLogged;
      }
      uncounted.emplace(node.id, since);
    }
  });
  uncounted_ = std::move(uncounted);
  if (!late.empty())
    network_.log.warn(
        "audience/book",
        cat({"the listeners of ", late, " are missing in the figures of the audience: no ",
             "rows come from there; a node needs <audience/>, and a cluster link"}));
}

void AudienceLinks::joined(const std::string& id, bool upward) {
  if (stopped_ || !upward || !network_.listenings->on()) return;
  const std::string before = settled_;
  decide();
  if (id == before && id == settled_) network_.listenings->master_linked();
}

void AudienceLinks::decide() {
  if (stopped_) return;
  if (masters_.empty()) return settle("");
  const std::string& written = network_.listenings->master();
  bool all_linked = true, all_known = true;
  std::string first, with_accounts;
  for (const MasterLink& master : masters_.links()) {
    if (!master.session->linked()) {
      all_linked = false;
      all_known &= master.session->offers_no_link();
    } else if (const auto& welcome = *master.session->welcome(); welcome.audience) {
      if (first.empty()) first = master.session->master_id();
      if (with_accounts.empty() && welcome.accounts) with_accounts = master.session->master_id();
    }
  }
  if (!with_accounts.empty()) first = with_accounts;
  if (!written.empty() && (!all_linked || masters_.session_of(written) != nullptr))
    return settle(written);
  const bool over = network_.loops.control().now() >= patience_until_;
  if (all_linked || (over && (all_known || !first.empty()))) return settle(first);
  if (!over || is_settled_) return;
  timer_.after(kPatience);
  if (!std::exchange(waits_, true))
    network_.log.warn(
        "audience/book",
        "no master that keeps a database of the audience has been linked yet, and one "
        "or more have not been reached; the rows wait in the journal for them");
}

void AudienceLinks::settle(const std::string& master) {
  if (is_settled_ && settled_ == master) return;
  is_settled_ = true;
  settled_ = master;
  if (master.empty()) return network_.listenings->deliver_by(Way::kOwn, "", {});
  network_.log.info("audience/book",
                    cat({"rows of the audience go into the database of ", master}));
  network_.listenings->deliver_by(Way::kMaster, master, [self = self_, master](BookFrame book) {
    return *self != nullptr && (*self)->send(master, std::move(book));
  });
}

bool AudienceLinks::send(const std::string& master, BookFrame book) {
  MasterSession* const session = stopped_ ? nullptr : masters_.linked_session(master);
  if (session == nullptr || !session->welcome()->audience) return false;
  session->send(std::move(book));
  return true;
}

void AudienceLinks::take(const std::string& node, const BookFrame& book) {
  if (stopped_ || !neighbours_.is_node(node) || node == masters_.own_id()) return;
  heard_.insert(node);
  if (!under_way_.insert(node).second) return;
  const auto ahead =
      std::as_const(network_.cluster->decider()).with_table([&node](const NodeTable& table) {
        const NodeSlot slot = table.find(node);
        return slot == kNoNode ? std::nullopt : table.node(slot).clock_skew;
      });
  network_.listenings->take_book(node, book, ahead.value_or(std::chrono::milliseconds(0)),
                                 [self = self_, node](BookedFrame answer) {
                                   if (*self == nullptr || (*self)->stopped_) return;
                                   (*self)->under_way_.erase(node);
                                   if ((*self)->neighbours_.is_node(node))
                                     (*self)->neighbours_.send(node, answer);
                                 });
}

void AudienceLinks::take(const std::string& master, const BookedFrame& answer) {
  if (!stopped_ && !settled_.empty() && master == settled_) network_.listenings->booked(answer);
}

}  // namespace lb
