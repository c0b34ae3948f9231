// AdmissionRecord: a mount, its log and the right to write it, for the process that goes on with
// them.  Its settings come from that process's own configuration.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/record.h"
#include "media/metadata.h"
#include "stream/mount/mount.h"
#include "stream/mount/moved_fd.h"

namespace lb {

struct FactsRecord {
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> stats;
  std::string listener_headers;
  std::uint32_t metaint = 0;
  std::string source_ip, login, user_agent;
  bool shoutcast = false, relayed = false;
  std::string passed;
  WallTime started_wall{};
  SteadyTime started{};
  bool ice_name = false;
};
template <class Io, RecordOf<FactsRecord> T>
void record_fields(Io& io, T& facts) {
  auto& [content_type, stats, listener_headers, metaint, source_ip, login, user_agent, shoutcast,
         relayed, passed, started_wall, started, ice_name] = facts;
  io(1, content_type, stats, listener_headers, metaint, source_ip, login, user_agent, shoutcast,
     relayed, passed, started_wall, started, ice_name);
}

FactsRecord save_facts(const SourceFacts& facts);
std::shared_ptr<const SourceFacts> restore_facts(const FactsRecord& saved);

// An encoder that stands by, as control knows it.
struct StandbyRankRecord {
  std::uint64_t id = 0;
  std::uint32_t home = 0;
  std::int64_t priority = 0;
  std::uint64_t arrival = 0;
  std::string user;
  FactsRecord facts;
  bool flows = false, fell_silent = false, dead_air = false;
  SteadyTime flows_since{};
};
template <class Io, RecordOf<StandbyRankRecord> T>
void record_fields(Io& io, T& rank) {
  auto& [id, home, priority, arrival, user, facts, flows, fell_silent, dead_air, flows_since] =
      rank;
  io.needed(1, id);
  io(2, home, priority, arrival, user, facts, flows, fell_silent, dead_air, flows_since);
}

struct AdmissionRecord {
  std::string mount;
  MountPhase phase = MountPhase::kIdle;
  FactsRecord facts;
  Metadata metadata;
  CodecFacts codec;
  bool fed = false;
  SteadyTime last_data{};
  std::uint64_t bytes_read = 0, bytes_sent = 0, slow_listeners = 0, listener_connections = 0;
  std::int64_t listener_peak = 0;
  std::uint64_t bytes_per_second = 0, usual_rate = 0;
  std::uint64_t lease = 0;  // 0: none is out
  std::uint32_t home = 0;
  bool relay = false;  // WriterKind
  std::string user;
  std::int64_t priority = 0;
  std::uint64_t arrival = 0;
  bool reserved = false, dead_air = false;
  std::optional<SteadyTime> lingers_until;
  SteadyTime left_at{};
  std::optional<std::string> log;  // a record of its own
  MovedFd log_file = 0;
  std::string framer;  // of the last writer, where there is none; likewise
  std::vector<StandbyRankRecord> standbys;
};
template <class Io, RecordOf<AdmissionRecord> T>
void record_fields(Io& io, T& saved) {
  auto& [mount, phase, facts, metadata, codec, fed, last_data, bytes_read, bytes_sent,
         slow_listeners, listener_connections, listener_peak, bytes_per_second, usual_rate, lease,
         home, relay, user, priority, arrival, reserved, dead_air, lingers_until, left_at, log,
         log_file, framer, standbys] = saved;
  io.needed(1, mount);
  io.choice(2, phase, MountPhase::kEnded);
  io(3, facts, metadata, codec, fed, last_data, bytes_read, bytes_sent, slow_listeners,
     listener_connections, listener_peak, bytes_per_second, usual_rate, lease, home, relay, user,
     priority, arrival, reserved, dead_air, lingers_until, left_at, log, log_file, framer);
  io.needed(28, standbys);
}

}  // namespace lb
