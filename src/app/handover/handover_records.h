// The records of the server's state in a hand-over, besides mounts, sources and listeners.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/handover/offer_record.h"
#include "app/topology/cluster_record.h"
#include "audience/journal.h"
#include "base/clock.h"
#include "base/record.h"
#include "hls/session_record.h"
#include "http/connection_record.h"
#include "net/address/address.h"
#include "net/socket/fd_channel.h"
#include "registry/registry.h"
#include "stream/listener/listener_record.h"
#include "stream/mount/moved_fd.h"

namespace lb {

struct HlsListRecord;  // hls/list_record.h

struct ServerRecord {
  std::uint64_t next_client_id = 0, next_lease = 0;
  WallTime started_wall{};
  std::uint64_t upgrades = 0;
  std::vector<std::uint64_t> counters;  // of ServerCounters, in its order
  std::uint64_t bytes_read = 0, bytes_sent = 0;
  SteadyTime paused{};  // since when all stands still
  static constexpr PlainRecord kRecord{.members = 8};
};

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
  static constexpr PlainRecord kRecord{.members = 3, .needed = 3};
};

// Changes of the records since they were offered.
struct RecordsSinceRecord {
  std::vector<RegistryRecord> set;
  std::vector<std::string> deleted;
  std::uint64_t revision = 0;
  static constexpr PlainRecord kRecord{.members = 3, .needed = 3};
};

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

// Listenings by HLS, and the lists of mounts.
struct PlayersRecord {
  std::vector<HlsSessionRecord> players;
  std::vector<HlsListRecord> lists;
  static constexpr PlainRecord kRecord{.members = 2, .needed = 1};
};

// A connection with an unanswered request, which the next process reads again from its first byte.
struct RequestRecord {
  std::uint32_t worker = 0;
  MovedFd fd = 0;
  HeldState held;
  // Of its listen-socket.
  std::uint32_t port = 0;
  bool shoutcast = false;
  std::string bind_address;
  // HeldRequest::file
  std::vector<MovedFd> file;  // one or none
  std::uint64_t file_at = 0, file_bytes = 0;
  bool plain = false;  // that one does not demand TLS
};
template <class Io, RecordOf<RequestRecord> T>
void record_fields(Io& io, T& request) {
  auto& [worker, fd, held, port, shoutcast, bind_address, file, file_at, file_bytes, plain] =
      request;
  auto& [peer, bytes, opened, secure, id, head_time, kept, status, sent, asked_ms, is_probe,
         keeps] = held;
  io(1, worker);
  io.needed(2, fd);
  io(3, peer, port, shoutcast, bytes, opened, secure, id, head_time, kept, status, sent, asked_ms,
     bind_address, file, file_at, file_bytes, is_probe, plain, keeps);
}

// Rows of other nodes.
struct HoldersRecord {
  std::vector<HolderRecord> holders;
  static constexpr PlainRecord kRecord{.members = 1, .needed = 1};
};

// The journal of the audience.
struct AudienceRecord {
  MovedFd fd = 0;
  JournalRecord journal;
  std::uint64_t next_listening = 1;
  std::optional<std::string> master;  // AudienceService::master()
  static constexpr PlainRecord kRecord{.members = 4, .needed = 3};
};

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
