#include "app/cluster/cluster_links.h"

#include "admin/command/station.h"
#include "app/cluster/archive_links.h"
#include "app/cluster/audience_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/conf_source.h"
#include "app/cluster/ingest_service.h"
#include "app/cluster/linked_neighbours.h"
#include "app/cluster/master_links.h"
#include "app/cluster/node_links.h"
#include "app/cluster/relay_service.h"
#include "app/cluster/seat_service.h"
#include "app/cluster/slot_service.h"
#include "app/cluster/title_links.h"
#include "app/services/network.h"
#include "app/topology/cluster_facts.h"
#include "app/topology/neighbours.h"
#include "app/topology/stream_offers.h"
#include "base/cat.h"
#include "cluster/link/message_log.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kPollForMasters = 50ms;
constexpr auto kPollForNodes = 500ms;
constexpr auto kPollAlone = 5s;
constexpr auto kLeastPollPause = 10ms;
constexpr unsigned kMaxPublished = 50;  // a second

}  // namespace

ClusterLinks::ClusterLinks(Network& network)
    : network_(network),
      masters_(std::make_unique<MasterLinks>(
          network, neighbours(true),
          MasterLinks::Callbacks{.poll = [this] { poll(); },
                                 .poll_soon = [this] { poll_soon(); },
                                 .offers_changed =
                                     [this](const std::set<std::string>& mounts) {
                                       for (const std::string& mount : mounts)
                                         nodes_->offer_changed(mount);
                                       slots_->offers_changed(mounts);
                                     },
                                 .conf =
                                     [this](const std::string& master, const ConfFrame& frame) {
                                       if (conf_taker_.take) conf_taker_.take(master, frame);
                                     },
                                 .is_record_of =
                                     [this](const std::string& master, const std::string& mount) {
                                       return conf_taker_.is_record_of &&
                                              conf_taker_.is_record_of(master, mount);
                                     }})),
      nodes_(std::make_unique<NodeLinks>(
          network, neighbours(false),
          [this](const std::string& mount) { return offer_of(mount); })),
      neighbours_(std::make_unique<LinkedNeighbours>(*masters_, *nodes_)),
      ingest_(std::make_unique<IngestService>(network, *masters_, *nodes_, *neighbours_)),
      archive_(std::make_unique<ArchiveLinks>(network, *masters_, *nodes_, *neighbours_)),
      slots_(std::make_unique<SlotService>(network, *masters_, *ingest_, *neighbours_)),
      seats_(std::make_unique<SeatService>(network, *neighbours_, *slots_)),
      conf_(std::make_unique<ConfSource>(network, *nodes_)),
      titles_(std::make_unique<TitleLinks>(network, *masters_, *ingest_, *neighbours_)),
      audience_(std::make_unique<AudienceLinks>(network, *masters_, *neighbours_)),
      messages_(std::make_unique<MessageLog>()),
      poll_timer_(network.loops.control(), [this] { poll(); }) {
  nodes_->sends_records([this] { return conf_->has_anything(); });
}

ClusterLinks::~ClusterLinks() = default;

Result<void> ClusterLinks::bind(const Config& config) { return nodes_->bind(config); }

NeighbourCallbacks ClusterLinks::neighbours(bool upward) {
  return {.joined = [this, upward](const std::string& id,
                                   const std::string& epoch) { joined(id, epoch, upward); },
          .left = [this](const std::string& id, bool silent) { left(id, silent); },
          .message = [this](const MessageFrame& frame) { pass_on(frame); },
          .rows =
              [this](const std::string& sender, const Frame& frame) {
                if (const auto* ingest = std::get_if<IngestFrame>(&frame))
                  ingest_->take(sender, ingest->rows);
                if (const auto* archive = std::get_if<ArchiveFrame>(&frame))
                  archive_->take(sender, archive->rows);
                if (const auto* slots = std::get_if<SlotFrame>(&frame))
                  slots_->take(sender, slots->rows);
                if (const auto* seats = std::get_if<SeatFrame>(&frame))
                  seats_->take(sender, seats->rows);
                if (const auto* titles = std::get_if<TitleFrame>(&frame))
                  titles_->take(sender, titles->rows);
                if (const auto* book = std::get_if<BookFrame>(&frame))
                  audience_->take(sender, *book);
                if (const auto* booked = std::get_if<BookedFrame>(&frame))
                  audience_->take(sender, *booked);
              }};
}

std::optional<StreamOffer> ClusterLinks::offer_of(const std::string& name) const {
  const auto mount = network_.mounts.find(name);
  if (!mount || network_.relays->is_over(name)) return std::nullopt;
  return stream_offer(*network_.config.read(), *mount, masters_->own_id(), masters_->links(),
                      [this](const std::string& each) { return ingest_->way_of(each); });
}

std::vector<std::string> ClusterLinks::way_here(const std::string& mount) const {
  const auto offer = offer_of(mount);
  return offer ? offer->path : std::vector<std::string>();
}

const std::set<std::string>& ClusterLinks::linked() const noexcept { return neighbours_->linked(); }

void ClusterLinks::mounts_changed() {
  nodes_->offers_changed();
  ingest_->mounts_changed();
  slots_->mounts_changed();
}

void ClusterLinks::mount_changed(const std::string& mount) {
  nodes_->offer_changed(mount);
  ingest_->mount_changed(mount);
  slots_->mount_changed(mount);
  titles_->mount_changed(mount);
}

void ClusterLinks::records_changed(std::span<const std::string> mounts) {
  masters_->records_changed(mounts);
  for (const std::string& mount : mounts) mount_changed(mount);
  slots_->sections_changed(mounts);
}

// Reports mounts that were added, removed or replaced since the last call.
void ClusterLinks::note_mounts() {
  const auto mounts = network_.mounts.all();
  const MountTable::Rows before = std::exchange(seen_mounts_, *mounts);
  MountTable::Rows::for_each_change(before, *mounts, [this](const auto* was, const auto* is) {
    mount_changed(was != nullptr ? was->first : is->first);
  });
}

void ClusterLinks::relays_chosen(const std::set<std::string>& touched) {
  note_mounts();
  // No poll lets go of mounts that have ended.
  if (!poll_timer_.armed()) seen_mounts_ = {};
  for (const std::string& mount : touched) mount_changed(mount);
  ingest_->flows_changed();
}

void ClusterLinks::configure(const Config& config) {
  if (stopped_) return;
  nodes_->configure();
  masters_->configure(config);
  nodes_->describe_again();
  for (const std::string& id : neighbours_->gone()) left(id, false);
  ingest_->configure(config);
  archive_->configure();
  slots_->configure();
  conf_->configure(config);
  audience_->configure();
  if (conf_taker_.masters_changed) conf_taker_.masters_changed();
  if (!masters_->empty() || nodes_->any_configured()) poll();
  mounts_changed();
}

void ClusterLinks::stop(const std::string& why) {
  stopped_ = true;
  poll_timer_.cancel();
  ingest_->stop();
  archive_->stop();
  slots_->stop();
  seats_->stop();
  conf_->stop();
  titles_->stop();
  audience_->stop();
  masters_->stop(why);
  nodes_->stop(why);
}

void ClusterLinks::joined(const std::string& id, const std::string& epoch, bool upward) {
  if (!upward) poll_timer_.after(0us);
  bool restarted = false;
  const bool joins = neighbours_->joined(id, epoch, restarted);
  ingest_->joined(id, upward);
  archive_->joined(id);
  titles_->joined(id);
  audience_->joined(id, upward);
  if (!upward)
    conf_->joined(id);
  else if (conf_taker_.masters_changed)
    conf_taker_.masters_changed();
  if (!neighbours_->knows_slots(id)) return;
  if (joins) {
    slots_->joined(id, restarted);
    seats_->joined(id, restarted);
  } else if (!upward && nodes_->replaces_link(id)) {
    slots_->replaced(id);
    seats_->joined(id, false);
  } else {
    resend(id);
  }
}

// One of the two links between peers has ended or begun; rows over the ended one may be lost.
void ClusterLinks::resend(const std::string& id) {
  slots_->resend(id);
  seats_->resend(id);
}

void ClusterLinks::left(const std::string& id, bool silent) {
  conf_->left(id);
  if (conf_taker_.masters_changed) conf_taker_.masters_changed();
  if (!neighbours_->left(id)) {
    if (!neighbours_->is_linked(id)) return;
    ingest_->resend(id);
    archive_->resend(id);
    titles_->resend(id);
    resend(id);
    return;
  }
  ingest_->left(id);
  archive_->left(id);
  titles_->left(id);
  audience_->left(id);
  if (!neighbours_->knew_slots(id)) return;
  slots_->left(id, silent);
  seats_->left(id, silent);
}

void ClusterLinks::poll() {
  if (stopped_) return;
  note_mounts();
  if (!masters_->empty())
    poll_timer_.after(kPollForMasters);
  else
    poll_timer_.after(
        coalesced(network_.loops.control(), nodes_->idle() ? kPollAlone : kPollForNodes));
  polled_ = network_.loops.control().now();
  masters_->poll();
}

void ClusterLinks::poll_soon() {
  poll_timer_.after(polled_ + kLeastPollPause - network_.loops.control().now());
}

Result<void> ClusterLinks::publish(const std::string& topic, std::string bytes) {
  if (!published_.allows(network_.loops.control().now(), kMaxPublished))
    return Error::limit(cat({"more than ", kMaxPublished, " messages in a second"}));
  const auto facts = network_.cluster->facts();
  const MessageFrame message{topic, facts->id,
                             cat({facts->epoch, ".", network_.cluster->numbers().next_message++}),
                             std::move(bytes)};
  messages_->take(message, network_.clock.wall());
  masters_->send(message);
  nodes_->send(message);
  return {};
}

void ClusterLinks::pass_on(const MessageFrame& message) {
  if (message.from == masters_->own_id() || !messages_->take(message, network_.clock.wall()))
    return;
  network_.log.info("cluster/message", cat({"message ", message.serial, " of ", message.from, ": ",
                                            message.topic, ", ", message.bytes.size(), " bytes"}));
  nodes_->send(message);
}

std::vector<LinkRow> ClusterLinks::rows() const {
  std::vector<LinkRow> rows;
  masters_->add_rows(rows);
  nodes_->add_rows(rows);
  return rows;
}

}  // namespace lb
