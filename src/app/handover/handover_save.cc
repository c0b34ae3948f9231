// Writes all records of this process while the loops stand still.
#include <algorithm>
#include <span>
#include <unordered_map>
#include <utility>

#include "admin/directory/yp.h"
#include "app/audience/audience_service.h"
#include "app/cluster/archive_links.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/cluster/seat_service.h"
#include "app/cluster/slot_service.h"
#include "app/handover/handover.h"
#include "app/handover/handover_records.h"
#include "app/operate/listener_numbers.h"
#include "app/operate/metrics_service.h"
#include "app/operate/record_service.h"
#include "app/pages/due_titles.h"
#include "app/programs/child_record.h"
#include "app/programs/dead_air_service.h"
#include "app/services/event_service.h"
#include "app/services/hls_service.h"
#include "app/services/login_service.h"
#include "app/services/mount_files.h"
#include "app/services/tls_pumps.h"
#include "app/services/worker.h"
#include "app/topology/cluster_record.h"
#include "archive/files/past_record.h"
#include "archive/read/shifted_streams.h"
#include "auth/guard/throttle.h"
#include "auth/listener/authenticators.h"
#include "auth/listener/listener_ledger.h"
#include "base/cat.h"
#include "cluster/link/master_record.h"
#include "cluster/nodes/node_record.h"
#include "cluster/polling/stream_list_record.h"
#include "cluster/slots/slot_book.h"
#include "hls/list_table.h"
#include "http/connection_record.h"
#include "http/connections.h"
#include "stream/file/heard_file_record.h"
#include "stream/listener/direct_record.h"
#include "stream/listener/direct_streams.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/dump_writer.h"
#include "stream/source/ended_record.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_record.h"
#include "stream/source/source_set.h"
#include "stream/source/standby_record.h"

namespace lb {
namespace {

constexpr std::size_t kPlayersARecord = 1000;     // per record
constexpr std::size_t kHoldersARecord = 200;      // per record
constexpr std::size_t kListenersARecord = 200;    // per record and part, with connections
constexpr std::size_t kRecordsBytes = 1'000'000;  // per record, beyond which a new one begins
constexpr std::size_t kSeatsARecord = 10'000;     // per record

// Each record is taken as an addition.
void save_seats(HandoverOut& out, SeatBookRecord all) {
  SeatBookRecord part;
  const auto fill = [&](auto& from, auto& to) {
    for (auto& one : from) {
      to.push_back(std::move(one));
      if (to.size() < kSeatsARecord) continue;
      out.put(HandoverType::kSeats, part);
      part.seats.clear();
      part.seated.clear();
    }
  };
  part.next = all.next;
  part.next_here = all.next_here;
  fill(all.seats, part.seats);
  fill(all.seated, part.seated);
  out.put(HandoverType::kSeats, part);
}

SourceAdmission::WriterSight writers_of(Network& network) {
  const auto sources = [&network](unsigned home) -> const SourceSet& {
    return *network.workers[home]->sources;
  };
  return {[=](unsigned home, std::uint64_t lease) { return sources(home).log_of(lease); },
          [=](unsigned home, std::uint64_t lease) { return sources(home).framer_of(lease); },
          [=](unsigned home, std::uint64_t lease) { return sources(home).is_saved(lease); }};
}

}  // namespace

void HandoverOut::send_part() {
  if (sent_ && !fds_.problem().empty()) sent_ = Error::io(fds_.problem());
  if (sent_)
    sent_ = send_parcel(*channel_, bytes_, std::span(fds_.all()).subspan(fds_sent_), patience_);
  bytes_.clear();
  fds_sent_ = fds_.all().size();
}

Result<void> HandoverOut::end_of_parts() {
  if (!bytes_.empty() || fds_.all().size() > fds_sent_) send_part();
  if (sent_) send_part();
  return sent_;
}

void Handover::save_players(HandoverOut& out) {
  PlayersRecord of;
  const auto put = [&] {
    if (!of.players.empty() || !of.lists.empty())
      out.put(HandoverType::kPlayers, std::exchange(of, {}));
  };
  for (HlsSessionRecord& player : network_.hls->sessions().save(network_.clock.steady())) {
    of.players.push_back(std::move(player));
    ++given_.players;
    if (of.players.size() >= kPlayersARecord) put();
  }
  for (HlsListRecord& list : network_.hls->lists().save()) {
    of.lists.push_back(std::move(list));
    if (of.lists.size() >= kPlayersARecord) put();
  }
  put();
}

void Handover::save_files(HandoverOut& out) {
  const auto moved = [&out](MovedFd fd) { return out.fds().add(static_cast<int>(fd)); };
  if (archive_) {
    ArchiveRecord archive = *archive_;
    archive.lock = moved(archive.lock);
    for (RecordingRecord& one : archive.recordings)
      if (one.file) {
        one.file->data = moved(one.file->data);
        one.file->index = moved(one.file->index);
      }
    out.put(HandoverType::kArchive, archive);
  }
  for (DumpRecord dump : dumps_) {
    dump.file = moved(dump.file);
    out.put(HandoverType::kDump, dump);
  }
}

void Handover::save_cluster(HandoverOut& out) {
  ClusterRecord cluster;
  network_.cluster->save(cluster);
  const std::vector<MasterRecord> masters = network_.links->masters().save(cluster, out.fds());
  out.put(HandoverType::kCluster, cluster);
  for (const MasterRecord& master : masters) out.put(HandoverType::kMaster, master);
  given_.masters = masters.size();
  for (const NodeRecord& node : network_.cluster->save_nodes()) {
    out.put(HandoverType::kNode, node);
    ++given_.nodes;
  }
  HoldersRecord of;
  std::size_t bytes = 0;
  for (HolderRecord& holder : network_.links->save_rows()) {
    bytes += holder.row.size();
    of.holders.push_back(std::move(holder));
    if (of.holders.size() < kHoldersARecord && bytes < kRecordsBytes) continue;
    out.put_extra(HandoverType::kHolders, std::exchange(of, {}));
    bytes = 0;
  }
  if (!of.holders.empty()) out.put_extra(HandoverType::kHolders, of);
}

// The changes since the records were offered.
RecordsSinceRecord Handover::records_since(RegistryContent content) const {
  RecordsSinceRecord since;
  since.revision = content.revision;
  auto before = records_.begin();
  for (RegistryRecord& record : content.records) {
    for (; before != records_.end() && before->first < record.key; ++before)
      since.deleted.push_back(before->first);
    const bool same = before != records_.end() && before->first == record.key;
    if (!same || before->second != record.revision) since.set.push_back(std::move(record));
    if (same) ++before;
  }
  for (; before != records_.end(); ++before) since.deleted.push_back(before->first);
  return since;
}

// Comes first, as other records depend on these settings.
void Handover::save_records(HandoverOut& out) {
  const auto revision = network_.records->known_revision();
  if (!revision) return;
  if (!has_records_) return put_records(out, *network_.records->content());
  RecordsSinceRecord since;
  since.revision = *revision;
  if (*revision != records_revision_) since = records_since(*network_.records->content());
  out.put(HandoverType::kRecordsSince, since);
}

void Handover::put_records(HandoverOut& out, RegistryContent content) {
  RecordsRecord part;
  part.revision = content.revision;
  std::size_t bytes = 0;
  for (RegistryRecord& record : content.records) {
    bytes += record.key.size() + record.value.size();
    part.records.push_back(std::move(record));
    if (bytes < kRecordsBytes) continue;
    out.put(HandoverType::kRecords, part);
    part.records.clear();
    bytes = 0;
  }
  part.whole = true;
  out.put(HandoverType::kRecords, part);
}

void Handover::save_server(HandoverOut& out) {
  ServerRecord server;
  server.next_client_id = network_.next_client_id.load();
  server.next_lease = network_.admission->next_lease();
  server.started_wall = network_.started_wall;
  server.upgrades = standing_.upgrades + 1;
  server.paused = pause_.since();
  network_.counters.each([&server](const std::atomic<std::uint64_t>& counter) {
    server.counters.push_back(counter.load(std::memory_order_relaxed));
  });
  for (const auto& worker : network_.workers) {
    server.bytes_read += worker->sources->bytes_read();
    server.bytes_sent += worker->streams->bytes_sent();
  }
  out.put(HandoverType::kServer, server);
}

void Handover::save_titles(HandoverOut& out) {
  for (const TitlesRecord& titles : network_.titles.save(has_titles_ ? titles_to_ : 0))
    out.put_extra(HandoverType::kTitles, titles);
  for (const DueTitleRecord& due : network_.due_titles->save())
    out.put_extra(HandoverType::kDueTitle, due);
  PicturesRecord lately;
  lately.mounts = network_.titles.save_pictures();
  out.put_extra(HandoverType::kPictures, lately);
  for (const auto& [name, bytes] : network_.pictures.all())
    if (!pictures_.contains(name))
      out.put_extra(HandoverType::kPictures, PicturesRecord{{}, {*bytes}});
}

Result<void> Handover::save_audience(HandoverOut& out) {
  if (!network_.listenings->on()) return {};
  auto saved = network_.listenings->suspend();
  if (!saved) return saved.error();
  AudienceRecord audience;
  audience.fd = out.fds().add(saved->fd);
  audience.journal = std::move(saved->journal);
  audience.next_listening = saved->next_listening;
  audience.master = network_.listenings->master();
  out.put(HandoverType::kAudience, audience);
  return {};
}

// Comes before the source's record.
Result<void> Handover::save_relay(HandoverOut& out, const SourceRecord& source) {
  const auto* const writer = network_.admission->writer_of(source.mount);
  if (writer == nullptr || writer->kind != WriterKind::kRelay) return {};
  const auto relay = network_.relays->save(source.mount, source.lease);
  if (relay && relay->from.program.empty()) {
    out.put(HandoverType::kRelay, *relay);
    return {};
  }
  const int output = out.fds().all()[static_cast<std::size_t>(source.encoder.fd)];
  const auto program = network_.relays->programs().save(source.lease, output, out.fds());
  if (!program) return Error::invalid(cat({"what writes ", source.mount, " ends at this moment"}));
  out.put(HandoverType::kProgram, *program);
  return {};
}

Result<void> Handover::save(HandoverOut& out) {
  given_ = {};
  network_.relays->programs().begin_save();
  save_records(out);
  save_server(out);
  out.put_extra(HandoverType::kPumps, network_.pumps->save(out.fds()));
  out.put_extra(HandoverType::kCounts, plan_.counts());
  out.put_extra(HandoverType::kListings, plan_.listings());
  out.put_extra(HandoverType::kKnownNames, network_.relays->names().save());
  out.put_extra(HandoverType::kKnownNames, network_.links->masters().names().save());
  out.put_extra(HandoverType::kEvents, network_.events->stream().save());
  for (const WebhookRecord& hook : network_.events->webhooks().save())
    out.put_extra(HandoverType::kWebhook, hook);
  if (auto saved = save_audience(out); !saved) return saved;
  for (const LedgerRecord& ledger : network_.auth->ledger().save())
    out.put(HandoverType::kLedger, ledger);
  for (const UnsentEventsRecord& events : network_.auth->save_mount_events())
    out.put_extra(HandoverType::kMountEvents, events);
  out.put_extra(HandoverType::kThrottle, network_.throttle->save());
  network_.login->write_audit();
  out.put_extra(HandoverType::kLogin, network_.login->save());
  out.put_extra(HandoverType::kClosed, network_.admission->save_closed());
  for (const OffAirRecord& mount : network_.off_air->save())
    out.put_extra(HandoverType::kOffAir, mount);
  save_seats(out, network_.links->seats().save());
  for (const SlotBookRecord& slots : network_.links->slots().save())
    out.put(HandoverType::kSlots, slots);
  for (const StreamListRecord& list : network_.relays->save_lists())
    out.put_extra(HandoverType::kStreamList, list);
  for (const AdmissionRecord& mount : network_.admission->save(out.fds(), writers_of(network_))) {
    out.put(HandoverType::kMount, mount);
    ++given_.mounts;
  }
  for (const auto& worker : network_.workers) {
    for (const SourceRecord& source : worker->sources->save(out.fds())) {
      if (auto saved = save_relay(out, source); !saved) return saved;
      out.put(HandoverType::kSource, source);
      ++given_.sources;
    }
    for (const StandbyRecord& standby : worker->sources->save_standbys(out.fds())) {
      out.put(HandoverType::kStandby, standby);
      ++given_.standbys;
    }
  }
  MountFiles::Saved files = network_.mount_files->save(out.fds());
  for (const HeardFileRecord& file : files.files) out.put(HandoverType::kFile, file);
  save_ended_mounts(out, files.numbers);
  save_listeners(out, files.numbers);
  save_players(out);
  save_titles(out);
  for (const NumbersRecord& numbers : network_.listener_numbers->save())
    out.put_extra(HandoverType::kNumbers, numbers);
  out.put_extra(HandoverType::kDeadAir, network_.dead_air->save(out.fds()));
  save_files(out);
  save_cluster(out);
  out.put(HandoverType::kEnd, given_);
  return {};
}

// An ended mount stays until its listeners have read the rest, also those that are still to enter
// it, behind an intro.
void Handover::save_ended_mounts(HandoverOut& out, Numbers& numbers) {
  const auto save = [&](const Mount& mount) {
    if (!is_over(mount) || numbers.contains(&mount)) return;
    EndedRecord ended = save_ended(mount, out.fds());
    ended.number = numbers.size() + 1;
    numbers.emplace(&mount, ended.number);
    out.put(HandoverType::kEnded, ended);
  };
  for (const auto& worker : network_.workers) {
    worker->streams->each_mount(save);
    worker->streams->each_listener([&](const Mount&, const Listener& listener) {
      if (listener.continuation && listener.continuation->next) save(*listener.continuation->next);
    });
  }
}

void Handover::save_requests(HandoverOut& out, std::uint32_t worker, SavedFiles& files) {
  const auto rest_of = [&](int fd) {
    if (!shared_) return out.fds().add(fd);
    const auto [at, is_new] = files.try_emplace(fd);
    if (is_new) at->second = out.fds().add(fd);
    return at->second;
  };
  for (const HeldRequest& held :
       network_.workers[worker]->connections->unanswered(rests_, files_, shared_)) {
    RequestRecord request;
    request.worker = worker;
    request.fd = out.fds().add(*held.transport);
    request.held = held;
    request.port = static_cast<std::uint32_t>(held.socket->port);
    request.shoutcast = held.socket->shoutcast;
    request.bind_address = held.socket->settings.bind_address;
    request.plain = !held.socket->settings.tls;
    if (held.file.fd >= 0) request.file.push_back(rest_of(held.file.fd));
    request.file_at = held.file.at;
    request.file_bytes = held.file.bytes;
    out.put(HandoverType::kRequest, request);
    ++given_.requests;
  }
}

void Handover::save_listeners(HandoverOut& out, const Numbers& numbers) {
  const auto sight = writers_of(network_);
  const auto count = [this](const ListenerRecord& listener) {
    ++given_.listeners;
    given_.positions += listener.position;
  };
  std::unordered_map<const Mount*, TitlePlaces> titles;
  SavedFiles files;
  for (std::uint32_t i = 0; i < network_.workers.size(); ++i) {
    ListenersRecord of;
    std::size_t bytes = 0;  // of headers of Ogg that listeners have not read
    const Mount* filling = nullptr;
    const TitlePlaces* places = nullptr;
    const auto put = [&] {
      if (!of.listeners.empty()) out.put(HandoverType::kListeners, std::exchange(of, {}));
      bytes = 0;
    };
    network_.workers[i]
        ->streams->plan_returns();  // the next process knows those to silent mounts only
    network_.workers[i]->streams->each_listener([&](Mount& mount, Listener& listener) {
      if (&mount != filling || of.listeners.size() >= kListenersARecord || bytes >= kRecordsBytes) {
        put();
        filling = &mount;
        const auto [at, is_new] = titles.try_emplace(&mount);
        if (is_new)
          at->second = title_places(is_over(mount) ? titles_of_ended(mount)
                                                   : network_.admission->titles_of(mount, sight));
        places = &at->second;
        of.mount = mount.name();
        of.worker = i;
        if (const auto number = numbers.find(&mount); number != numbers.end())
          of.file = number->second;
      }
      of.listeners.push_back(save_listener(listener, *places, out.fds()));
      if (const auto& headers = of.listeners.back().headers) bytes += headers->size();
      if (auto& next = of.listeners.back().continuation; next) {
        if (const Mount* const to = listener.continuation->next.get(); to && is_over(*to))
          next->ended = numbers.at(to);
        // The loop of the next process has not been away.
        if (next->by != SteadyTime::max()) next->by += network_.workers[i]->loop.away();
      }
      count(of.listeners.back());
    });
    put();
    network_.workers[i]->shifted->each_past(
        [&](const PastRecord& past) {
          out.put(HandoverType::kPast, past);
          count(past.listener);
        },
        out.fds());
    network_.workers[i]->streams->direct().each_direct(
        [&](const DirectRecord& direct) {
          out.put(HandoverType::kDirect, direct);
          count(direct.listener);
        },
        out.fds());
    save_requests(out, i, files);
  }
}

}  // namespace lb
