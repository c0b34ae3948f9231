#include "app/handover/take_over.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <type_traits>
#include <utility>

#include "app/audience/audience_service.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/relay_service.h"
#include "app/operate/conf_service.h"
#include "app/operate/listener_numbers.h"
#include "app/operate/record_service.h"
#include "app/pages/due_titles.h"
#include "app/programs/dead_air_service.h"
#include "app/services/archive_service.h"
#include "app/services/event_service.h"
#include "app/services/hls_service.h"
#include "app/services/login_service.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "base/file.h"
#include "net/socket/fd_parcel.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

template <class T>
Result<T> read_record(std::string_view name, std::string_view bytes) {
  T record;
  RecordIn in(name, bytes);
  record_fields(in, record);
  if (auto done = in.done(); !done) return done.error();
  return record;
}

// Reads a record, and gives it to what takes it.
template <class T, class Take>
Result<void> taken(std::string_view name, std::string_view bytes, Take&& take) {
  auto record = read_record<T>(name, bytes);
  if (!record) return record.error();
  if constexpr (std::is_void_v<decltype(take(std::move(*record)))>) {
    take(std::move(*record));
    return {};
  } else {
    return take(std::move(*record));
  }
}

Result<void> say(FdChannel& channel, HandoverType type, const WordRecord& word) {
  HandoverOut out;
  out.put(type, word);
  return send_parcel(channel, out.bytes(), {}, 2s);
}

}  // namespace

Result<std::unique_ptr<TakeOver>> TakeOver::begin(int fd) {
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  std::unique_ptr<TakeOver> taken(new TakeOver(FdChannel(UniqueFd(fd))));
  auto parcel = receive_parcel(taken->channel_, kOffer);
  if (!parcel) return parcel.error();
  RecordList list(parcel->bytes);
  auto head = list.next();
  if (!head) return head.error();
  if (!*head || static_cast<HandoverType>((*head)->type) != HandoverType::kOffer)
    return Error::invalid("the process before offers nothing that is known");
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

std::vector<ListenSockets::Handed> TakeOver::sockets() {
  std::vector<ListenSockets::Handed> all;
  for (const SocketRecord& saved : offer_.sockets) {
    ListenSockets::Handed one;
    one.wanted_port = static_cast<int>(saved.wanted_port);
    one.port = static_cast<int>(saved.port);
    one.bind_address = saved.bind_address;
    one.shoutcast = saved.shoutcast;
    one.inherited = saved.inherited;
    one.tls = saved.tls;
    for (const MovedFd at : saved.fds)
      if (UniqueFd fd = offered_.take_socket(at)) one.fds.push_back(std::move(fd));
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

void TakeOver::prepare(Network& network) {
  if (!offer_.conf.empty()) network.conf->take_over(offered_.take(offer_.conf.front()));
  const UniqueFd file =
      offer_.pictures.empty() ? UniqueFd() : offered_.take(offer_.pictures.front());
  std::uint64_t at = 0;
  for (const std::uint64_t size : offer_.picture_bytes) {
    if (!file || size > kMaxPictureBytes) return;
    std::string bytes(static_cast<std::size_t>(size), 0);
    if (read_at(file.get(), at, std::as_writable_bytes(std::span(bytes))) != size) return;
    at += size;
    // One that cannot be shown is left out.
    [[maybe_unused]] const auto put = network.pictures.put(std::move(bytes));
  }
}

void TakeOver::refuse(std::string_view why) {
  // Where it cannot be said, the other process sees that this one has ended.
  [[maybe_unused]] const auto said = say(channel_, HandoverType::kRefused, {std::string(why)});
}

Result<void> TakeOver::prepared() {
  return say(channel_, HandoverType::kPrepared, {LB_VERSION, offer_.in_parts, records_revision_});
}

// Without them all of them come in the pause.
void TakeOver::prepare_records(Network& network) {
  if (offer_.records.empty() || network.config.read()->store.type == StoreType::kNone) return;
  const UniqueFd file = offered_.take(offer_.records.front());
  const auto bytes = read_shared(file, kMaxParcelBytes);
  if (!bytes) return;
  RecordList list(*bytes);
  RegistryContent content;
  for (auto head = list.next(); head && *head; head = list.next()) {
    auto part = read_record<RecordsRecord>("records", (*head)->bytes);
    if (!part) return;
    for (RegistryRecord& record : part->records) content.records.push_back(std::move(record));
    content.revision = part->revision;
    if (!part->whole) continue;
    network.records->take_over(content);
    records_revision_ = content.revision;
  }
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
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(network.clock.thread_work() - worked);
  network.log.debug("app/handover",
                    cat({"the pause took ", took.count(), " ms of processor time here"}));
  return {};
}

// What does not fit is told when all has come, which the other process waits for.
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
  if (!leases_.empty()) return Error::invalid("a mount has a writer that is no source");
  return {};
}

Result<void> TakeOver::read_one(Network& network, const RecordHead& head) {
  const std::string_view bytes = head.bytes;
  switch (static_cast<HandoverType>(head.type)) {
    case HandoverType::kRecords:
      return taken<RecordsRecord>("records", bytes,
                                  [&](auto saved) { take_records(network, std::move(saved)); });
    case HandoverType::kRecordsSince:
      return taken<RecordsSinceRecord>("records since", bytes, [&](auto saved) {
        RegistryChange change{std::move(saved.set), std::move(saved.deleted), saved.revision};
        if (change.revision != records_revision_) network.records->take_over(change);
      });
    case HandoverType::kServer:
      return taken<ServerRecord>("server", bytes,
                                 [&](const auto& saved) { take_server(network, saved); });
    case HandoverType::kMount:
      return taken<AdmissionRecord>("mount", bytes,
                                    [&](const auto& saved) { return take_mount(network, saved); });
    case HandoverType::kSource:
      return taken<SourceRecord>("source", bytes,
                                 [&](const auto& saved) { return take_source(network, saved); });
    case HandoverType::kProgram:
      return taken<ProgramRecord>("program", bytes,
                                  [&](const auto& saved) { return take_program(network, saved); });
    case HandoverType::kRelay:
      return taken<RelayRecord>("relay", bytes, [&](auto saved) {
        return network.relays->handed().add(std::move(saved));
      });
    case HandoverType::kStandby:
      return taken<StandbyRecord>("standby", bytes,
                                  [&](const auto& saved) { return take_standby(network, saved); });
    case HandoverType::kFile:
      return taken<HeardFileRecord>("file", bytes,
                                    [&](const auto& saved) { return take_file(network, saved); });
    case HandoverType::kEnded:
      return taken<EndedRecord>("ended", bytes,
                                [&](const auto& saved) { return take_ended(network, saved); });
    case HandoverType::kListeners:
      return taken<ListenersRecord>(
          "listeners", bytes, [&](const auto& saved) { return take_listeners(network, saved); });
    case HandoverType::kPast:
      return taken<PastRecord>("past", bytes,
                               [&](const auto& saved) { return take_past(network, saved); });
    case HandoverType::kDirect:
      return taken<DirectRecord>("direct", bytes, [&](auto saved) {
        has_come(saved.listener);
        directs_.push_back(std::move(saved));
      });
    case HandoverType::kPlayers:
      return taken<PlayersRecord>("players", bytes,
                                  [&](const auto& saved) { return take_players(network, saved); });
    case HandoverType::kRequest:
      return taken<RequestRecord>("request", bytes, [&](auto saved) {
        ++taken_.requests;
        requests_.push_back(std::move(saved));
      });
    case HandoverType::kAudience:
      return taken<AudienceRecord>("audience", bytes, [&](auto saved) {
        network.listenings->take_up(std::move(saved.journal), fds_.take(saved.fd),
                                    saved.next_listening);
      });
    case HandoverType::kCluster:
      return taken<ClusterRecord>("cluster", bytes, [&](auto saved) {
        cluster_ = std::move(saved);
        network.cluster->take_over(cluster_);
      });
    case HandoverType::kMaster:
      return taken<MasterRecord>("master", bytes, [&](auto saved) {
        masters_.push_back(std::move(saved));
        ++taken_.masters;
      });
    case HandoverType::kNode:
      return taken<NodeRecord>("node", bytes, [&](auto saved) {
        nodes_.push_back(std::move(saved));
        ++taken_.nodes;
      });
    case HandoverType::kSlots:
      return taken<SlotBookRecord>(
          "slots", bytes, [&](const auto& saved) { network.links->slots().restore(saved); });
    case HandoverType::kSeats:
      return taken<SeatBookRecord>(
          "seats", bytes, [&](const auto& saved) { network.links->seats().restore(saved); });
    case HandoverType::kLedger:
      return taken<LedgerRecord>("ledger", bytes,
                                 [&](const auto& saved) { network.auth->ledger().restore(saved); });
    case HandoverType::kArchive:
      return taken<ArchiveRecord>("archive", bytes, [&](auto saved) {
        return network.archive->take_over(std::move(saved), fds_);
      });
    case HandoverType::kDump:
      return taken<DumpRecord>("dump", bytes,
                               [&](const auto& saved) { return take_dump(network, saved); });
    case HandoverType::kTitles:
      return taken<TitlesRecord>("titles", bytes,
                                 [&](auto saved) { network.titles.restore(std::move(saved)); });
    case HandoverType::kDueTitle:
      return taken<DueTitleRecord>(
          "due title", bytes, [&](auto saved) { network.due_titles->restore(std::move(saved)); });
    case HandoverType::kNumbers:
      return taken<NumbersRecord>(
          "numbers", bytes, [&](const auto& saved) { network.listener_numbers->restore(saved); });
    case HandoverType::kCounts:
      return taken<CountsRecord>("counts", bytes, [&](auto saved) { counts_ = std::move(saved); });
    case HandoverType::kWebhook:
      return taken<WebhookRecord>(
          "webhook", bytes, [&](const auto& saved) { network.events->webhooks().restore(saved); });
    case HandoverType::kPictures:
      return taken<PicturesRecord>("pictures", bytes,
                                   [&](auto saved) { take_pictures(network, std::move(saved)); });
    case HandoverType::kDeadAir:
      return taken<DeadAirRecord>(
          "dead air", bytes, [&](const auto& saved) { network.dead_air->take_over(saved, fds_); });
    case HandoverType::kClosed:
      return taken<ClosedRecord>(
          "closed", bytes, [&](const auto& saved) { network.admission->restore_closed(saved); });
    case HandoverType::kThrottle:
      return taken<ThrottleRecord>("throttle", bytes,
                                   [&](const auto& saved) { network.throttle.restore(saved); });
    case HandoverType::kLogin:
      return taken<LoginRecord>("login", bytes,
                                [&](auto saved) { network.login->take_over(std::move(saved)); });
    case HandoverType::kEnd:
      return taken<EndRecord>("end", bytes, [&](const auto& saved) { return end(saved); });
    default:
      if (!head.needed) return {};
      return Error::invalid(cat({"a record of type ", head.type, " is not known to this program"}));
  }
}

Result<void> TakeOver::end(const EndRecord& saved) {
  whole_ = true;
  const bool same = saved.mounts == taken_.mounts && saved.sources == taken_.sources &&
                    saved.listeners == taken_.listeners && saved.requests == taken_.requests &&
                    saved.positions == taken_.positions && saved.standbys == taken_.standbys &&
                    saved.players == taken_.players && saved.masters == taken_.masters &&
                    saved.nodes == taken_.nodes;
  if (same) return {};
  return Error::invalid(cat({"what has come are ", taken_.listeners, " listeners, ", taken_.sources,
                             " sources and ", taken_.mounts, " mounts, not ", saved.listeners, ", ",
                             saved.sources, " and ", saved.mounts}));
}

Result<void> TakeOver::take_dump(Network& network, const DumpRecord& saved) {
  const auto mount = network.mounts.find(saved.mount);
  if (!mount) return Error::invalid(cat({"a dump of ", saved.mount, " has no mount"}));
  network.dumps.take_over(mount, saved, fds_.take(saved.file));
  return {};
}

void TakeOver::take_pictures(Network& network, PicturesRecord saved) {
  for (const auto& [art, mount] : saved.mounts) network.titles.note_picture(mount, art);
  for (std::string& bytes : saved.pictures) {
    [[maybe_unused]] const auto put = network.pictures.put(std::move(bytes));
  }
}

// A configuration without a store has no use for them.
void TakeOver::take_records(Network& network, RecordsRecord saved) {
  for (RegistryRecord& record : saved.records) records_.records.push_back(std::move(record));
  records_.revision = saved.revision;
  if (!saved.whole) return;
  if (network.config.read()->store.type != StoreType::kNone) network.records->take_over(records_);
  records_ = {};
}

void TakeOver::take_server(Network& network, const ServerRecord& saved) {
  network.next_client_id = std::max(network.next_client_id.load(), saved.next_client_id);
  network.started_wall = saved.started_wall;
  next_lease_ = saved.next_lease;
  upgrades_ = saved.upgrades;
  std::size_t at = 0;
  network.counters.each([&](std::atomic<std::uint64_t>& counter) {
    if (at < saved.counters.size()) counter.store(saved.counters[at++], std::memory_order_relaxed);
  });
  network.workers[0]->sources.count_received(static_cast<std::size_t>(saved.bytes_read));
  network.workers[0]->streams.count_sent(saved.bytes_sent);
}

void TakeOver::cluster_goes_on(Network& network) {
  std::vector<UniqueFd> links;
  for (const MovedFd at : cluster_.links)
    if (UniqueFd fd = fds_.take(at)) links.push_back(std::move(fd));
  network.cluster->go_on(nodes_);
  network.links->go_on(cluster_, masters_, std::move(links));
}

void TakeOver::go_on(Network& network, const ListenSockets& sockets) {
  network.auth->ledger().go_on();
  network.links->seats().go_on();
  for (std::size_t i = 0; i < sources_.size(); ++i)
    network.workers[i]->loop.post([w = network.workers[i].get(), saved = std::move(sources_[i]),
                                   standbys = std::move(standbys_[i])] {
      w->sources.go_on(saved);
      w->sources.go_on_standbys(standbys);
    });
  network.admission->go_on();
  network.due_titles->go_on();
  network.events->webhooks().go_on();
  directs_go_on(network, network.clock.steady() + kDirects);
  for (RequestRecord& request : std::exchange(requests_, {})) {
    std::shared_ptr<const ListenSocket> socket;
    for (const auto& one : sockets.open_sockets())
      if (one->port == static_cast<int>(request.port) && one->shoutcast == request.shoutcast)
        socket = one;
    UniqueFd fd = fds_.take(request.fd);
    if (!socket || !fd) continue;  // its port is not of the configuration any more
    Worker& worker = *network.workers[request.worker % network.workers.size()];
    HeldRequest held;
    held.bytes = std::move(request.bytes);
    held.opened = request.opened;
    held.secure = request.secure;
    held.id = request.id;
    worker.loop.post([&worker, socket, peer = request.peer, held = std::move(held),
                      fd = std::move(fd)]() mutable {
      worker.connections.adopt(std::make_unique<PlainTransport>(std::move(fd), peer), socket, held);
    });
  }
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
