// The records of a hand-over, besides mounts, sources and listeners.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/topology/cluster_record.h"
#include "archive/files/past_record.h"
#include "audience/journal.h"
#include "base/clock.h"
#include "base/record.h"
#include "hls/session_record.h"
#include "net/address/address.h"
#include "net/socket/fd_channel.h"
#include "registry/registry.h"
#include "stream/file/heard_file_record.h"
#include "stream/listener/direct_record.h"
#include "stream/listener/listener_record.h"
#include "stream/mount/moved_fd.h"
#include "stream/source/admission_record.h"
#include "stream/source/ended_record.h"
#include "stream/source/source_record.h"
#include "stream/source/standby_record.h"
#include "stream/source/title_history.h"

namespace lb {

// Types of records.  A number is never used again for another type.
enum class HandoverType : std::uint32_t {
  kOffer = 1,
  kPrepared = 2,
  kRefused = 3,
  kServer = 10,
  kMount = 11,
  kSource = 12,
  kListeners = 13,
  kRequest = 14,
  kAudience = 15,
  kStandby = 16,
  kPlayers = 17,
  kCluster = 18,
  kMaster = 19,
  kEnd = 20,
  kNode = 21,
  kArchive = 22,
  kDump = 23,
  kLedger = 24,
  kSlots = 25,
  kFile = 26,
  kPast = 27,
  kDirect = 28,
  kSeats = 29,
  kRecords = 30,
  kProgram = 31,
  kTitles = 32,
  kPictures = 33,
  kDeadAir = 34,
  kRelay = 35,
  kClosed = 36,
  kThrottle = 37,
  kLogin = 38,
  kDueTitle = 39,
  kEnded = 40,
  kRecordsSince = 41,
  kNumbers = 42,
  kCounts = 43,
  kWebhook = 44,
  kEvents = 45,
  kHolders = 46,
  kOffAir = 47,
};

// The format of the records; within one format fields are only added.
constexpr std::uint32_t kHandoverFormat = 1;

struct SocketRecord {
  std::uint32_t wanted_port = 0, port = 0;  // as configured, as bound
  std::string bind_address;
  bool shoutcast = false, inherited = false;
  std::vector<MovedFd> fds;  // one a worker
  bool tls = false;
};
template <class Io, RecordOf<SocketRecord> T>
void record_fields(Io& io, T& socket) {
  auto& [wanted_port, port, bind_address, shoutcast, inherited, fds, tls] = socket;
  io(1, wanted_port, port, bind_address, shoutcast, inherited, fds, tls);
}

// The content of a certificate's or key's file that only root may open.
struct FileCopyRecord {
  std::string file;
  MovedFd fd = 0;
};
template <class Io, RecordOf<FileCopyRecord> T>
void record_fields(Io& io, T& copy) {
  auto& [file, fd] = copy;
  io.needed(1, file, fd);
}

// The first record of the predecessor.
struct OfferRecord {
  std::uint32_t format = kHandoverFormat;
  std::string version;
  std::uint32_t workers = 0;
  std::uint64_t known_pid = 0;  // known number of the server: its stand-in's, if it has one
  bool stands_in = false;       // that process stays, named in the pid file
  std::vector<MovedFd> stand_in, notify, pid_file;  // one or none
  std::uint64_t watchdog_us = 0;
  std::vector<SocketRecord> sockets;
  std::vector<SocketRecord> cluster_port;  // one or none
  std::uint64_t store = 0;                 // descriptors that the service manager keeps
  bool confined = false;                   // so the next process is confined at once
  // Pictures of titles, one after the other in a file.
  std::vector<MovedFd> pictures;  // one or none
  std::vector<std::uint64_t> picture_bytes;
  std::vector<MovedFd> conf;  // one or none: settings from masters
  bool in_parts = false;      // the next process reads while this one writes
  // The records of the <store> in a file, and their revision.
  std::vector<MovedFd> records;  // one or none
  std::uint64_t records_revision = 0;
  std::vector<FileCopyRecord> certificates;
  bool has_certificate = false;                  // one is in use
  std::uint64_t file_limit = 0;                  // RLIMIT_FSIZE; 0: not known
  std::vector<SocketRecord> switch_ports;        // of SwitchService
  std::vector<std::string> certificates_in_use;  // their files
};
template <class Io, RecordOf<OfferRecord> T>
void record_fields(Io& io, T& offer) {
  auto& [format, version, workers, known_pid, stands_in, stand_in, notify, pid_file, watchdog_us,
         sockets, cluster_port, store, confined, pictures, picture_bytes, conf, in_parts, records,
         records_revision, certificates, has_certificate, file_limit, switch_ports,
         certificates_in_use] = offer;
  io.needed(1, format);
  io(2, version, workers, known_pid, stands_in, stand_in, notify, pid_file, watchdog_us, sockets,
     cluster_port, store, confined, pictures, picture_bytes, conf, in_parts, records,
     records_revision, certificates, has_certificate, file_limit, switch_ports,
     certificates_in_use);
}

struct WordRecord {
  std::string text;
  // In kPrepared: the accepted parts of the offer.
  bool in_parts = false;
  std::uint64_t records_revision = 0;
  bool rests = false;   // RequestRecord::status is read
  bool files = false;   // … and RequestRecord::file
  bool shared = false;  // … also of several requests
};
template <class Io, RecordOf<WordRecord> T>
void record_fields(Io& io, T& word) {
  auto& [text, in_parts, records_revision, rests, files, shared] = word;
  io(1, text, in_parts, records_revision, rests, files, shared);
}

struct ServerRecord {
  std::uint64_t next_client_id = 0, next_lease = 0;
  WallTime started_wall{};
  std::uint64_t upgrades = 0;
  std::vector<std::uint64_t> counters;  // of ServerCounters, in its order
  std::uint64_t bytes_read = 0, bytes_sent = 0;
};
template <class Io, RecordOf<ServerRecord> T>
void record_fields(Io& io, T& server) {
  auto& [next_client_id, next_lease, started_wall, upgrades, counters, bytes_read, bytes_sent] =
      server;
  io(1, next_client_id, next_lease, started_wall, upgrades, counters, bytes_read, bytes_sent);
}

// Records of the <store>, as this server has them.
template <class Io, RecordOf<RegistryRecord> T>
void record_fields(Io& io, T& record) {
  auto& [key, value, revision] = record;
  io.needed(1, key, value, revision);
}
struct RecordsRecord {
  std::vector<RegistryRecord> records;
  std::uint64_t revision = 0;
  bool whole = false;  // the last one
};
template <class Io, RecordOf<RecordsRecord> T>
void record_fields(Io& io, T& part) {
  auto& [records, revision, whole] = part;
  io.needed(1, records, revision, whole);
}

// Changes of the records since they were offered.
struct RecordsSinceRecord {
  std::vector<RegistryRecord> set;
  std::vector<std::string> deleted;
  std::uint64_t revision = 0;
};
template <class Io, RecordOf<RecordsSinceRecord> T>
void record_fields(Io& io, T& since) {
  auto& [set, deleted, revision] = since;
  io.needed(1, set, deleted, revision);
}

// The listeners of one mount on one worker.
struct ListenersRecord {
  std::string mount;
  std::uint32_t worker = 0;
  std::vector<ListenerRecord> listeners;
  std::uint64_t file = 0;  // HeardFileRecord::number, EndedRecord::number; 0: of neither
};
template <class Io, RecordOf<ListenersRecord> T>
void record_fields(Io& io, T& of) {
  auto& [mount, worker, listeners, file] = of;
  io.needed(1, mount);
  io(2, worker);
  io.needed(3, listeners);
  if (file != 0 || Io::kReads) io.needed(4, file);
}

// Listenings by HLS.
struct PlayersRecord {
  std::vector<HlsSessionRecord> players;
};
template <class Io, RecordOf<PlayersRecord> T>
void record_fields(Io& io, T& of) {
  auto& [players] = of;
  io.needed(1, players);
}

// A connection with an unanswered request, which the next process reads again from its first byte.
struct RequestRecord {
  std::uint32_t worker = 0;
  MovedFd fd = 0;
  Address peer;
  std::uint32_t port = 0;  // of its listen-socket
  bool shoutcast = false;
  std::string bytes;
  bool opened = false, secure = false;
  std::uint64_t id = 0;                    // of its connection; a backend is asked again by it
  std::chrono::milliseconds head_time{0};  // with the next: HeldRequest
  bool kept = false;
  std::uint32_t status = 0;
  std::uint64_t sent = 0;
  std::int64_t asked_ms = 0;
  std::string bind_address;  // of its listen-socket
  // HeldRequest::file
  std::vector<MovedFd> file;  // one or none
  std::uint64_t file_at = 0, file_bytes = 0;
  bool is_probe = false;
};
template <class Io, RecordOf<RequestRecord> T>
void record_fields(Io& io, T& request) {
  auto& [worker, fd, peer, port, shoutcast, bytes, opened, secure, id, head_time, kept, status,
         sent, asked_ms, bind_address, file, file_at, file_bytes, is_probe] = request;
  io(1, worker);
  io.needed(2, fd);
  io(3, peer, port, shoutcast, bytes, opened, secure, id, head_time, kept, status, sent, asked_ms,
     bind_address, file, file_at, file_bytes, is_probe);
}

// Recordings of other nodes.
struct HoldersRecord {
  std::vector<HolderRecord> holders;
};
template <class Io, RecordOf<HoldersRecord> T>
void record_fields(Io& io, T& of) {
  auto& [holders] = of;
  io.needed(1, holders);
}

// The journal of the audience.
struct AudienceRecord {
  MovedFd fd = 0;
  JournalRecord journal;
  std::uint64_t next_listening = 1;
};
template <class Io, RecordOf<AudienceRecord> T>
void record_fields(Io& io, T& audience) {
  auto& [fd, journal, next_listening] = audience;
  io.needed(1, fd, journal, next_listening);
}

// Totals, which the successor compares.
struct EndRecord {
  std::uint64_t mounts = 0, sources = 0, listeners = 0, requests = 0;
  std::uint64_t positions = 0;  // the sum over all listeners
  std::uint64_t standbys = 0, players = 0, masters = 0, nodes = 0;
};
template <class Io, RecordOf<EndRecord> T>
void record_fields(Io& io, T& end) {
  auto& [mounts, sources, listeners, requests, positions, standbys, players, masters, nodes] = end;
  io(1, mounts, sources, listeners, requests, positions, standbys, players, masters, nodes);
}

// Records one after the other, with their descriptors.
class HandoverOut {
 public:
  template <class T>
  void put(HandoverType type, const T& record) {
    add(type, true, record);
  }
  // A program that does not know the type ignores the record.
  template <class T>
  void put_extra(HandoverType type, const T& record) {
    add(type, false, record);
  }
  FdsOut& fds() noexcept { return fds_; }
  const FdsOut& fds() const noexcept { return fds_; }
  const std::string& bytes() const noexcept { return bytes_; }
  // From here on each part is sent as soon as it is full; patience: for each message.
  void send_in_parts(FdChannel& channel, std::chrono::milliseconds patience) noexcept {
    channel_ = &channel;
    patience_ = patience;
  }
  // Sends the last part, and an empty one after it.  Error: of any part.
  Result<void> end_of_parts();

 private:
  static constexpr std::size_t kPartBytes = FdChannel::kMaxBytes, kPartFds = FdChannel::kMaxFds;
  template <class T>
  void add(HandoverType type, bool needed, const T& record) {
    RecordOut out;
    record_fields(out, record);
    put_record(bytes_, static_cast<std::uint32_t>(type), needed, out);
    if (channel_ != nullptr &&
        (bytes_.size() >= kPartBytes || fds_.all().size() - fds_sent_ >= kPartFds))
      send_part();
  }
  void send_part();

  std::string bytes_;
  FdsOut fds_;
  FdChannel* channel_ = nullptr;
  std::chrono::milliseconds patience_{0};
  std::size_t fds_sent_ = 0;
  Result<void> sent_;
};

}  // namespace lb
