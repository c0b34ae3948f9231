#include "app/handover/take_over.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <type_traits>
#include <utility>

#include "app/audience/audience_service.h"
#include "app/cluster/archive_links.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/cluster/seat_service.h"
#include "app/cluster/slot_service.h"
#include "app/handover/handover_records.h"
#include "app/handover/taken_direct.h"
#include "app/operate/conf_service.h"
#include "app/operate/listener_numbers.h"
#include "app/operate/record_service.h"
#include "app/pages/due_titles.h"
#include "app/process/service_manager.h"
#include "app/programs/child_record.h"
#include "app/programs/dead_air_service.h"
#include "app/services/archive_service.h"
#include "app/services/event_service.h"
#include "app/services/hls_service.h"
#include "app/services/login_service.h"
#include "app/services/tls_pumps.h"
#include "app/services/worker.h"
#include "archive/files/past_record.h"
#include "archive/record/recording_record.h"
#include "auth/guard/throttle.h"
#include "auth/listener/authenticators.h"
#include "auth/listener/listener_ledger.h"
#include "base/cat.h"
#include "base/file.h"
#include "cluster/link/master_record.h"
#include "cluster/nodes/node_record.h"
#include "cluster/polling/stream_list_record.h"
#include "cluster/slots/seat_book.h"
#include "cluster/slots/slot_book.h"
#include "hls/list_record.h"
#include "net/socket/fd_parcel.h"
#include "stream/file/heard_file_record.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/dump_writer.h"
#include "stream/source/ended_record.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_record.h"
#include "stream/source/source_set.h"
#include "stream/source/standby_record.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

Result<void> say(FdChannel& channel, HandoverType type, const WordRecord& word) {
  HandoverOut out;
  out.put(type, word);
  return send_parcel(channel, out.bytes(), {}, 2s);
}

}  // namespace

struct TakeOver::Row {
  HandoverType type;
  std::string_view name;
  Result<void> (*read)(TakeOver&, Network&, const Row&, std::string_view bytes);
};

struct TakeOver::Taken {
  template <class T>
  auto operator()(TakeOver& to, Network& network, T& saved) const {
    return to.take(network, std::move(saved));
  }
};

TakeOver::TakeOver(FdChannel channel) : channel_(std::move(channel)) {}
TakeOver::~TakeOver() = default;

Result<std::unique_ptr<TakeOver>> TakeOver::begin(int fd) {
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  std::unique_ptr<TakeOver> taken(new TakeOver(FdChannel(UniqueFd(fd))));
  auto parcel = receive_parcel(taken->channel_, kOffer);
  if (!parcel) return parcel.error();
  RecordList list(parcel->bytes);
  auto head = list.next();
  if (!head) return head.error();
  if (!*head || static_cast<HandoverType>((*head)->type) != HandoverType::kOffer)
    return Error::invalid("the previous process offers nothing that is known");
  auto offer = read_record<OfferRecord>("offer", (*head)->bytes);
  if (!offer) {
    taken->refuse(offer.error().what);
    return offer.error();
  }
  if (offer->format != kHandoverFormat || offer->workers == 0 || offer->workers > 64) {
    const std::string why = cat(
        {"its format of a hand-over is ", offer->format, ", this program knows ", kHandoverFormat});
    taken->refuse(why);
    return Error::invalid(why);
  }
  taken->offer_ = std::move(*offer);
  taken->offered_ = FdsIn(std::move(parcel->fds));
  taken->sources_.resize(taken->offer_.workers);
  taken->standbys_.resize(taken->offer_.workers);
  return taken;
}

ServiceManager TakeOver::manager() {
  ServiceManager manager;
  if (!offer_.notify.empty()) manager.notify = offered_.take(offer_.notify.front());
  manager.watchdog = std::chrono::microseconds(offer_.watchdog_us);
  manager.store = offer_.store;
  return manager;
}

std::vector<ListenSockets::Handed> TakeOver::handed(const std::vector<SocketRecord>& sockets,
                                                    UniqueFd (FdsIn::*taken)(MovedFd)) {
  std::vector<ListenSockets::Handed> all;
  for (const SocketRecord& saved : sockets) {
    ListenSockets::Handed one;
    one.wanted_port = static_cast<int>(saved.wanted_port);
    one.port = static_cast<int>(saved.port);
    one.bind_address = saved.bind_address;
    one.shoutcast = saved.shoutcast;
    one.inherited = saved.inherited;
    one.tls = saved.tls;
    for (const MovedFd at : saved.fds)
      if (UniqueFd fd = (offered_.*taken)(at)) one.fds.push_back(std::move(fd));
    all.push_back(std::move(one));
  }
  return all;
}

std::pair<UniqueFd, int> TakeOver::cluster_port() {
  if (offer_.cluster_port.size() != 1 || offer_.cluster_port.front().fds.size() != 1) return {};
  const SocketRecord& saved = offer_.cluster_port.front();
  UniqueFd fd = offered_.take_socket(saved.fds.front());
  if (!fd) return {};
  return {std::move(fd), static_cast<int>(saved.wanted_port)};
}

FileCopies TakeOver::certificates() {
  FileCopies copies;
  for (const FileCopyRecord& saved : offer_.certificates)
    if (UniqueFd fd = offered_.take(saved.fd)) copies[saved.file] = std::move(fd);
  return copies;
}

Standing TakeOver::standing() {
  Standing standing;
  standing.known_pid = offer_.known_pid;
  if (!offer_.stand_in.empty()) standing.stand_in = offered_.take(offer_.stand_in.front());
  if (!offer_.pid_file.empty()) standing.pid_file = offered_.take(offer_.pid_file.front());
  return standing;
}

void TakeOver::refuse(std::string_view why) {
  // If the message fails, the other process sees that this one has ended.
  [[maybe_unused]] const auto said = say(channel_, HandoverType::kRefused, {std::string(why)});
}

Result<void> TakeOver::prepared() {
  return say(channel_, HandoverType::kPrepared,
             {LB_VERSION, offer_.in_parts, records_revision_, true, true, true, has_titles_});
}

Result<void> TakeOver::restore(Network& network) {
  const auto worked = network.clock.thread_work();
  auto done = read_all(network);
  if (!done) {
    refuse(done.error().what);
    return done;
  }
  if (auto said = say(channel_, HandoverType::kPrepared, {"all"}); !said) return said;
  auto go = receive_parcel(channel_, kGo);
  if (!go) return go.error();
  // Of the process that stays for TLS connections.
  if (!go->fds.empty()) network.pumps->begin(std::move(go->fds.front()));
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(network.clock.thread_work() - worked);
  network.log.debug("app/handover",
                    cat({"the pause took ", took.count(), " ms of processor time here"}));
  return {};
}

// A mismatch is reported after everything has arrived, as the other process waits for that.
Result<void> TakeOver::read_all(Network& network) {
  Result<void> done;
  for (;;) {
    auto parcel = receive_parcel(channel_, kState);
    if (!parcel) return parcel.error();
    const bool is_end = parcel->bytes.empty() && parcel->fds.empty();
    fds_.more(std::move(parcel->fds));
    if (done) done = read(network, parcel->bytes);
    if (!offer_.in_parts || is_end) break;
  }
  return done ? has_all() : done;
}

Result<void> TakeOver::read(Network& network, std::string_view bytes) {
  RecordList list(bytes);
  for (;;) {
    auto head = list.next();
    if (!head) return head.error();
    if (!*head) return {};
    if (whole_) return Error::invalid("a hand-over has more behind its end");
    if (auto one = read_one(network, **head); !one) return one;
  }
}

Result<void> TakeOver::has_all() const {
  if (!whole_) return Error::invalid("a hand-over is not whole");
  if (!leases_.empty()) return Error::invalid("a mount has a writer that is not a source");
  return {};
}

// T: the record; F: what takes it, without captures.
template <class T, class F>
constexpr TakeOver::Row TakeOver::row(HandoverType type, std::string_view name, F) {
  return {
      type, name,
      [](TakeOver& to, Network& network, const Row& row, std::string_view bytes) -> Result<void> {
        auto record = read_record<T>(row.name, bytes);
        if (!record) return record.error();
        if constexpr (std::is_void_v<decltype(F{}(to, network, *record))>) {
          F{}(to, network, *record);
          return {};
        } else {
          return F{}(to, network, *record);
        }
      }};
}

constexpr TakeOver::Row TakeOver::kRows[] = {
    row<ServerRecord>(HandoverType::kServer, "server"),
    row<AdmissionRecord>(HandoverType::kMount, "mount"),
    row<SourceRecord>(HandoverType::kSource, "source"),
    row<ProgramRecord>(HandoverType::kProgram, "program"),
    row<RelayRecord>(
        HandoverType::kRelay, "relay",
        [](auto&, auto& n, auto& saved) { return n.relays->handed().add(std::move(saved)); }),
    row<StreamListRecord>(HandoverType::kStreamList, "stream list",
                          [](auto&, auto& n, auto& saved) { n.relays->restore(std::move(saved)); }),
    row<StandbyRecord>(HandoverType::kStandby, "standby"),
    row<HeardFileRecord>(HandoverType::kFile, "file"),
    row<EndedRecord>(HandoverType::kEnded, "ended"),
    row<ListenersRecord>(HandoverType::kListeners, "listeners"),
    row<PastRecord>(HandoverType::kPast, "past"),
    row<DirectRecord>(HandoverType::kDirect, "direct"),
    row<PlayersRecord>(HandoverType::kPlayers, "players"),
    row<RequestRecord>(
        HandoverType::kRequest, "request",
        [](auto& to, auto&, auto& saved) { to.requests_.push_back(std::move(saved)); }),
    row<DumpRecord>(HandoverType::kDump, "dump"),
    row<DeadAirRecord>(
        HandoverType::kDeadAir, "dead air",
        [](auto& to, auto& n, auto& saved) { n.dead_air->take_over(saved, to.fds_); }),
    row<ClosedRecord>(HandoverType::kClosed, "closed",
                      [](auto&, auto& n, auto& saved) { n.admission->restore_closed(saved); }),
    row<OffAirRecord>(
        HandoverType::kOffAir, "off air",
        [](auto&, auto& n, auto& saved) { n.off_air->note(saved.mount, std::move(saved.row)); }),
    row<EndRecord>(HandoverType::kEnd, "end"),
    row<RecordsRecord>(HandoverType::kRecords, "records"),
    row<RecordsSinceRecord>(HandoverType::kRecordsSince, "records since"),
    row<AudienceRecord>(HandoverType::kAudience, "audience"),
    row<ClusterRecord>(HandoverType::kCluster, "cluster"),
    row<MasterRecord>(
        HandoverType::kMaster, "master",
        [](auto& to, auto&, auto& saved) { to.masters_.push_back(std::move(saved)); }),
    row<NodeRecord>(HandoverType::kNode, "node",
                    [](auto& to, auto&, auto& saved) { to.nodes_.push_back(std::move(saved)); }),
    row<HoldersRecord>(HandoverType::kHolders, "holders",
                       [](auto& to, auto&, auto& saved) {
                         std::ranges::move(saved.holders, std::back_inserter(to.holders_));
                       }),
    row<SlotBookRecord>(HandoverType::kSlots, "slots",
                        [](auto&, auto& n, auto& saved) { n.links->slots().restore(saved); }),
    row<SeatBookRecord>(HandoverType::kSeats, "seats",
                        [](auto&, auto& n, auto& saved) { n.links->seats().restore(saved); }),
    row<LedgerRecord>(HandoverType::kLedger, "ledger",
                      [](auto&, auto& n, auto& saved) { n.auth->ledger().restore(saved); }),
    row<UnsentEventsRecord>(HandoverType::kMountEvents, "mount events",
                            [](auto&, auto& n, auto& saved) { n.auth->restore(std::move(saved)); }),
    row<ArchiveRecord>(HandoverType::kArchive, "archive",
                       [](auto& to, auto& n, auto& saved) {
                         return n.archive->take_over(std::move(saved), to.fds_);
                       }),
    row<TitlesRecord>(HandoverType::kTitles, "titles",
                      [](auto&, auto& n, auto& saved) { n.titles.restore(std::move(saved)); }),
    row<DueTitleRecord>(
        HandoverType::kDueTitle, "due title",
        [](auto&, auto& n, auto& saved) { n.due_titles->restore(std::move(saved)); }),
    row<NumbersRecord>(HandoverType::kNumbers, "numbers",
                       [](auto&, auto& n, auto& saved) { n.listener_numbers->restore(saved); }),
    row<PumpsRecord>(HandoverType::kPumps, "pumps",
                     [](auto& to, auto& n, auto& saved) { n.pumps->restore(saved, to.fds_); }),
    row<CountsRecord>(HandoverType::kCounts, "counts",
                      [](auto& to, auto&, auto& saved) { to.counts_ = std::move(saved); }),
    row<ListingsRecord>(HandoverType::kListings, "listings",
                        [](auto& to, auto&, auto& saved) { to.listings_ = std::move(saved); }),
    row<KnownNamesRecord>(HandoverType::kKnownNames, "known names",
                          [](auto&, auto& n, auto& saved) {
                            n.relays->names().restore(saved);
                            n.links->masters().names().restore(saved);
                          }),
    row<WebhookRecord>(HandoverType::kWebhook, "webhook",
                       [](auto&, auto& n, auto& saved) { n.events->webhooks().restore(saved); }),
    row<EventsRecord>(
        HandoverType::kEvents, "events",
        [](auto&, auto& n, auto& saved) { n.events->stream().restore(std::move(saved)); }),
    row<PicturesRecord>(HandoverType::kPictures, "pictures"),
    row<ThrottleRecord>(HandoverType::kThrottle, "throttle",
                        [](auto&, auto& n, auto& saved) { n.throttle->restore(saved); }),
    row<LoginRecord>(HandoverType::kLogin, "login",
                     [](auto&, auto& n, auto& saved) { n.login->take_over(std::move(saved)); }),
};

Result<void> TakeOver::read_one(Network& network, const RecordHead& head) {
  const auto type = static_cast<HandoverType>(head.type);
  const auto row = std::ranges::find(kRows, type, &Row::type);
  if (row != std::end(kRows)) return row->read(*this, network, *row, head.bytes);
  if (!head.needed) return {};
  return Error::invalid(cat({"a record of type ", head.type, " is not known to this program"}));
}

Result<void> TakeOver::take(Network&, const EndRecord& saved) {
  whole_ = true;
  const bool same = saved.mounts == taken_.mounts && saved.sources == taken_.sources &&
                    saved.listeners == taken_.listeners && saved.requests == requests_.size() &&
                    saved.positions == taken_.positions && saved.standbys == taken_.standbys &&
                    saved.players == taken_.players && saved.masters == masters_.size() &&
                    saved.nodes == nodes_.size();
  if (same) return {};
  return Error::invalid(cat({"what has come are ", taken_.listeners, " listeners, ", taken_.sources,
                             " sources and ", taken_.mounts, " mounts, not ", saved.listeners, ", ",
                             saved.sources, " and ", saved.mounts}));
}

Result<void> TakeOver::take(Network& network, const DumpRecord& saved) {
  const auto mount = network.mounts.find(saved.mount);
  if (!mount) return Error::invalid(cat({"a dump of ", saved.mount, " has no mount"}));
  network.dumps->take_over(mount, saved, fds_.take(saved.file));
  return {};
}

void TakeOver::take(Network& network, PicturesRecord saved) {
  for (const auto& [art, mount] : saved.mounts) network.titles.note_picture(mount, art);
  for (std::string& bytes : saved.pictures) {
    [[maybe_unused]] const auto put = network.pictures.put(std::move(bytes));
  }
}

// Without a store these records are not used.
void TakeOver::take(Network& network, RecordsRecord saved) {
  for (RegistryRecord& record : saved.records) records_.records.push_back(std::move(record));
  records_.revision = saved.revision;
  if (!saved.whole) return;
  if (network.config.read()->store.type != StoreType::kNone) network.records->take_over(records_);
  records_ = {};
}

void TakeOver::take(Network& network, const ServerRecord& saved) {
  network.next_client_id = std::max(network.next_client_id.load(), saved.next_client_id);
  network.started_wall = saved.started_wall;
  next_lease_ = saved.next_lease;
  upgrades_ = saved.upgrades;
  paused_ = saved.paused;
  network.counters.each([&, at = std::size_t{0}](std::atomic<std::uint64_t>& counter) mutable {
    if (at < saved.counters.size()) counter.store(saved.counters[at++], std::memory_order_relaxed);
  });
  network.workers[0]->sources->count_received(static_cast<std::size_t>(saved.bytes_read));
  network.workers[0]->streams->count_sent(saved.bytes_sent);
}

void TakeOver::take(Network& network, RecordsSinceRecord saved) {
  RegistryChange change{std::move(saved.set), std::move(saved.deleted), saved.revision};
  if (change.revision != records_revision_) network.records->take_over(change);
}

void TakeOver::take(Network& network, AudienceRecord saved) {
  network.listenings->take_up(std::move(saved.journal), fds_.take(saved.fd), saved.next_listening,
                              std::move(saved.master));
}

void TakeOver::take(Network& network, ClusterRecord saved) {
  cluster_ = std::move(saved);
  network.cluster->take_over(cluster_);
}

void TakeOver::cluster_goes_on(Network& network) {
  std::vector<UniqueFd> links;
  for (const MovedFd at : cluster_.links)
    if (UniqueFd fd = fds_.take(at)) links.push_back(std::move(fd));
  network.cluster->go_on(cluster_, nodes_);
  network.links->masters().go_on(cluster_, masters_, std::move(links));
  network.links->restore_rows(holders_);
}

void TakeOver::go_on(Network& network, const ListenSockets& sockets) {
  network.auth->go_on();
  network.links->seats().go_on();
  for (std::size_t i = 0; i < sources_.size(); ++i)
    network.workers[i]->loop.post([w = network.workers[i].get(), saved = std::move(sources_[i]),
                                   standbys = std::move(standbys_[i])] {
      w->sources->go_on(saved);
      w->sources->go_on_standbys(standbys);
    });
  network.admission->go_on();
  network.due_titles->go_on();
  network.pumps->go_on();
  network.events->webhooks().go_on();
  directs_go_on(network, network.clock.steady() + kDirects);
  requests_go_on(network, sockets);
  unnamed_files_.clear();
}

void TakeOver::when_left(Loop& control, UniqueFunction<void()> then) {
  then_ = std::move(then);
  watch_.start<&TakeOver::left>(control, channel_.fd(), EV_READ, this);
}

void TakeOver::left(short) {
  watch_.stop();
  channel_.close();
  if (then_) std::exchange(then_, {})();
}

}  // namespace lb
