// TakeOver: listeners and requests.
#include <utility>

#include "app/audience/audience_service.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/seat_service.h"
#include "app/cluster/slot_service.h"
#include "app/handover/handover_records.h"
#include "app/handover/take_over.h"
#include "app/handover/taken_direct.h"
#include "app/join/end_notices.h"
#include "app/services/archive_service.h"
#include "app/services/hls_service.h"
#include "app/services/mount_files.h"
#include "app/services/worker.h"
#include "archive/files/archive_file.h"
#include "archive/files/past_record.h"
#include "archive/read/shifted_streams.h"
#include "auth/listener/authenticators.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "hls/list_table.h"
#include "http/connection_record.h"
#include "http/connections.h"
#include "stream/file/heard_file_record.h"
#include "stream/listener/direct_streams.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/ended_record.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

constexpr std::chrono::milliseconds kDirectPoll{20};

std::unique_ptr<EndNotice> notice_of(Network& network, const NoticeRecord& saved) {
  std::unique_ptr<EndNotice> notice;
  std::vector<AddressTally::Pass> places;
  for (const std::string& key : saved.places)
    places.push_back(network.counters.addresses.enter(key));
  if (saved.ticket) {
    auto ticket = network.auth->ledger().ticket_of(saved.ticket->seq, saved.ticket->since);
    if (ticket) notice = std::make_unique<TicketNotice>(std::move(ticket));
  }
  if (SeatPass seat = network.links->seats().seat_of(saved.seat); seat.number() != 0)
    notice = std::make_unique<SeatNotice>(std::move(notice), std::move(seat));
  if (!places.empty())
    notice = std::make_unique<CountedNotice>(std::move(notice), std::move(places));
  if (saved.listening) notice = network.listenings->go_on(*saved.listening, std::move(notice));
  return notice;
}

// The mount by its name; null: it is gone.
std::shared_ptr<Mount> mount_named(Network& network, const std::string& name) {
  if (name.empty()) return nullptr;
  auto mount = network.mounts.find(name);
  return mount ? mount : network.mount_files->fallback(name);
}

Error wrong(const ListenerRecord& listener, std::string_view mount, std::string_view what) {
  return Error::invalid(cat({"listener ", listener.id, " of ", mount, ": ", what}));
}

}  // namespace

void TakeOver::has_come(const ListenerRecord& listener) {
  ++taken_.listeners;
  taken_.positions += listener.position;
}

// Restores a listener in its gates, without its place in a log.
Result<std::unique_ptr<Listener>> TakeOver::take_listener(Network& network,
                                                          const ListenerRecord& saved,
                                                          const std::shared_ptr<Mount>& mount,
                                                          const Titles& titles) {
  UniqueFd fd = fds_.take_socket(saved.fd);
  if (!fd) return wrong(saved, mount->name(), "it has no connection");
  auto listener = restore_listener(saved, titles, std::move(fd));
  if (!listener) return wrong(saved, mount->name(), "its title is not there");
  if (saved.continuation) {
    const auto ended = files_.find(saved.continuation->ended);
    auto next =
        ended != files_.end() ? ended->second : mount_named(network, saved.continuation->next);
    if (next || saved.continuation->mode == EnterMode::kEnd)
      listener->continuation = std::make_unique<Continuation>(
          Continuation{saved.continuation->leave_at, std::move(next), saved.continuation->mode,
                       saved.continuation->by});
  }
  // During an intro a listener counts at the following mount.
  Mount& counted = counted_at(*listener, *mount);
  listener->home = saved.home == mount->name() ? mount->shared_name()
                                               : std::make_shared<const std::string>(saved.home);
  if (saved.notice) listener->notice = notice_of(network, *saved.notice);
  ServerCounters& counters = network.counters;
  listener->mount_pass = GatePass::enter(counted.gate());
  if (saved.counted) listener->client_pass = GatePass::enter(counters.clients);
  if (saved.total) listener->total_pass = GatePass::enter(counters.listeners);
  if (saved.relay) listener->relay_pass = GatePass::enter(counted.relay_gate());
  if (saved.slot) listener->slot_pass = network.links->slots().enter_again(*listener->home);
  return listener;
}

Result<void> TakeOver::take(Network& network, const HeardFileRecord& saved) {
  auto mount = network.mount_files->restore(saved, fds_);
  if (!mount) return mount.error();
  files_[saved.number] = std::move(*mount);
  return {};
}

Result<void> TakeOver::take(Network& network, const EndedRecord& saved) {
  auto settings =
      std::make_shared<const MountSettings>(mount_settings(*network.config.read(), saved.mount));
  auto mount = std::make_shared<Mount>(saved.mount, std::move(settings), network.loops.workers(),
                                       &network.counters.promised);
  if (auto restored = restore_ended(saved, *mount, fds_); !restored) return restored;
  files_[saved.number] = std::move(mount);
  return {};
}

Result<void> TakeOver::take(Network& network, const ListenersRecord& saved) {
  const auto file = files_.find(saved.file);
  const auto mount = file != files_.end() ? file->second
                     : saved.file == 0    ? network.mounts.find(saved.mount)
                                          : nullptr;
  if (!mount)
    return Error::invalid(cat({"mount ", saved.mount, " has listeners, and is not there"}));
  Worker& worker = *network.workers[saved.worker % network.workers.size()];
  const auto log_of = [&network](unsigned home, std::uint64_t lease) {
    return network.workers[home]->sources->log_of(lease);
  };
  const Titles titles = is_over(*mount) ? titles_of_ended(*mount)
                                        : network.admission->titles_of(*mount, {log_of, {}, {}});
  const auto view = mount->channel().newest();
  for (const ListenerRecord& one : saved.listeners) {
    // A listener that asked for a byte of a running stream may have to wait for it.
    if (view->ended && one.position > view->end)
      return wrong(one, saved.mount,
                   cat({"it is at byte ", one.position, " of a stream that has ended with byte ",
                        view->end}));
    auto listener = take_listener(network, one, mount, titles);
    if (!listener) return listener.error();
    worker.streams->adopt(std::move(*listener), mount);
    has_come(one);
  }
  if (saved.file != 0) network.mount_files->entered(mount);
  return {};
}

// Null: its file has a name, or cannot be used, and is then searched as if it had been removed.
std::shared_ptr<const ArchiveFile> TakeOver::unnamed_file(const PastRecord& saved) {
  if (!saved.unnamed) return nullptr;
  const auto [at, is_new] = unnamed_files_.try_emplace(saved.unnamed->data);
  if (is_new)
    if (auto file = restore_unnamed(saved.unnamed->index, fds_.take(saved.unnamed->data)))
      at->second = std::move(*file);
  const auto& file = at->second;
  const bool has = file && file->index.head.span.id == saved.next.id &&
                   saved.next.position >= file->row.origin &&
                   saved.next.position <= file->row.origin_end();
  return has ? file : nullptr;
}

Result<void> TakeOver::take(Network& network, const PastRecord& saved) {
  auto mount = network.archive->live(saved.recorded);
  if (!mount)
    mount = network.archive->off_air(
        saved.recorded, facts_of_past(network.clock, saved.content_type), saved.bytes_per_second);
  auto listener = take_listener(network, saved.listener, mount, {});
  if (!listener) return listener.error();
  Worker& worker = *network.workers[saved.worker % network.workers.size()];
  worker.shifted->adopt(std::move(*listener), std::move(mount), saved, unnamed_file(saved));
  has_come(saved.listener);
  return {};
}

// Its notice comes first: what no listener has claimed when the server goes on has ended.
void TakeOver::take(Network& network, DirectRecord saved) {
  has_come(saved.listener);
  std::unique_ptr<EndNotice> notice;
  if (saved.listener.notice) notice = notice_of(network, *saved.listener.notice);
  saved.listener.notice.reset();
  directs_.push_back({std::move(saved), std::move(notice)});
}

void TakeOver::requests_go_on(Network& network, const ListenSockets& sockets) {
  std::unordered_map<MovedFd, std::shared_ptr<const UniqueFd>> rests;
  for (RequestRecord& request : std::exchange(requests_, {})) {
    std::shared_ptr<const ListenSocket> socket;
    // Two sockets may have the same port at different addresses.
    for (const auto& one : sockets.open_sockets())
      if (one->port == static_cast<int>(request.port) && one->shoutcast == request.shoutcast &&
          (!socket || one->settings.bind_address == request.bind_address))
        socket = one;
    // As at a reload, a connection goes on although its port is closed, …
    if (!socket) {
      ListenSettings closed;
      closed.port = static_cast<int>(request.port);
      closed.bind_address = request.bind_address;
      closed.tls = !request.plain;
      socket = ListenSocket::of(closed, closed.port, request.shoutcast, {});
    }
    // … and keeps the settings that it was accepted with.
    if (request.plain && socket->settings.tls) {
      ListenSettings plain = socket->settings;
      plain.tls = false;
      socket = socket->with(plain);
    }
    UniqueFd fd = fds_.take(request.fd);
    std::shared_ptr<const UniqueFd> file;
    if (!request.file.empty()) {
      const MovedFd at = request.file.front();
      const auto [rest, is_new] = rests.try_emplace(at);
      if (is_new) rest->second = std::make_shared<const UniqueFd>(fds_.take(at));
      file = rest->second;
    }
    if (!fd || (file && !*file)) continue;
    Worker& worker = *network.workers[request.worker % network.workers.size()];
    HeldRequest held{std::move(request.held)};
    if (file) held.file = ReplyRun::of_file(file, file->get(), request.file_at, request.file_bytes);
    worker.loop.post([&worker, socket, held = std::move(held), fd = std::move(fd)]() mutable {
      auto transport = std::make_unique<PlainTransport>(std::move(fd), held.peer);
      worker.connections->adopt(std::move(transport), socket, held);
    });
  }
}

// These mounts are relays without a source.  The configuration makes them again, or a master whose
// link returns in a moment.
void TakeOver::directs_go_on(Network& network, SteadyTime until) {
  std::erase_if(directs_, [&](TakenDirect& direct) {
    const DirectRecord& saved = direct.saved;
    auto mount = network.mounts.find(saved.mount);
    if (mount)
      direct_goes_on(network, std::move(direct), std::move(mount));
    else if (network.clock.steady() >= until)
      network.log.info("app/handover",
                       cat({"mount ", saved.mount, " is not relayed any more; its listener ",
                            saved.listener.id, " ends"}));
    else
      return false;
    return true;
  });
  if (directs_.empty()) return;
  wait_ = std::make_unique<Timer>(network.loops.control(),
                                  [this, &network, until] { directs_go_on(network, until); });
  wait_->after(kDirectPoll);
}

void TakeOver::direct_goes_on(Network& network, TakenDirect direct, std::shared_ptr<Mount> mount) {
  const DirectRecord& saved = direct.saved;
  UniqueFd upstream = fds_.take_socket(saved.upstream);
  UniqueFd out = fds_.take(saved.pipe_out), in = fds_.take(saved.pipe_in);
  auto listener = take_listener(network, saved.listener, mount, {});
  if (!upstream || !out || !in || !listener) return;
  (*listener)->notice = std::move(direct.notice);
  SplicePump pump(std::move(out), std::move(in),
                  {static_cast<std::size_t>(saved.held), saved.source_ended});
  DirectSource source{
      std::make_unique<PlainTransport>(std::move(upstream), saved.peer), {}, std::move(pump)};
  Worker& worker = *network.workers[saved.worker % network.workers.size()];
  worker.loop.post([&worker, listener = std::move(*listener), mount = std::move(mount),
                    source = std::move(source)]() mutable {
    worker.streams->direct().adopt(std::move(listener), std::move(mount), std::move(source));
  });
}

Result<void> TakeOver::take(Network& network, const PlayersRecord& saved) {
  for (const HlsListRecord& list : saved.lists) {
    auto mount = network.hls->resting(list.mount);
    if (!mount) mount = network.mounts.find(list.mount);
    if (mount) network.hls->lists().go_on(list, mount, network.clock.steady());
  }
  for (const HlsSessionRecord& player : saved.players)
    if (auto taken = take_player(network, player); !taken) return taken;
  return {};
}

Result<void> TakeOver::take_player(Network& network, const HlsSessionRecord& saved) {
  const auto wrong = [&saved](std::string_view what) {
    return Error::invalid(
        cat({"player ", saved.player.id, " of ", saved.mount, " by HLS: ", what}));
  };
  auto mount = network.hls->resting(saved.mount);
  if (!mount) mount = network.mounts.find(saved.mount);
  if (!mount && !saved.past_type.empty())
    mount = network.archive->off_air(saved.mount, facts_of_past(network.clock, saved.past_type),
                                     saved.past_rate);
  if (!mount) return wrong("its mount is not there");
  auto session = std::make_unique<HlsSession>();
  session->mount = mount;
  session->place = GatePass::enter(mount->gate());
  ServerCounters& counters = network.counters;
  if (saved.counted) session->client = GatePass::enter(counters.clients);
  if (saved.total) session->total = GatePass::enter(counters.listeners);
  if (saved.slot) session->slot = network.links->slots().enter_again(saved.mount);
  static_cast<HlsPlayer&>(*session) = saved.player;
  if (saved.notice) session->notice = notice_of(network, *saved.notice);
  // The pause was ours, and does not count as the player's silence.
  const SteadyTime now = network.clock.steady();
  session->seen = now - saved.quiet;
  session->listed = now - saved.listed;
  if (network.hls->sessions().add(std::move(session), now) != nullptr)
    return wrong("there are two of it");
  ++taken_.players;
  return {};
}

}  // namespace lb
