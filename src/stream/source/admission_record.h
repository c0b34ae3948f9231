// AdmissionRecord: a mount, its log and the right to write it, for the process that takes over.
// Its settings come from that process's own configuration.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/record.h"
#include "media/metadata.h"
#include "stream/mount/mount.h"
#include "stream/mount/moved_fd.h"
#include "stream/source/standby_ranks.h"

namespace lb {

// Facts that follow from others, or from the process, are left out.
template <class Io, RecordOf<SourceFacts> T>
void record_fields(Io& io, T& facts) {
  io(1, facts.content_type, facts.stats, facts.listener_headers, facts.metaint, facts.source_ip,
     facts.login, facts.user_agent, facts.shoutcast, facts.relayed, facts.passed,
     facts.started_wall, facts.started, facts.ice_name);
  if constexpr (Io::kReads) facts.plugin = &framer_for(facts.content_type);
}

// A standby encoder, as control knows it.
template <class Io, RecordOf<Standby> T>
void record_fields(Io& io, T& standby) {
  auto& [id, home, rank, user, facts, flows, fell_silent, dead_air, flows_since] = standby;
  io.needed(1, id);
  io(2, home, rank.priority, rank.arrival, user, facts, flows, fell_silent, dead_air, flows_since);
}

struct AdmissionRecord {
  std::string mount;
  MountPhase phase = MountPhase::kIdle;
  SourceFacts facts;
  Metadata metadata;
  CodecFacts codec;
  bool fed = false;
  SteadyTime last_data{};
  std::uint64_t bytes_read = 0, bytes_sent = 0, slow_listeners = 0, listener_connections = 0;
  std::int64_t listener_peak = 0;
  std::uint64_t bytes_per_second = 0, usual_rate = 0;
  std::uint64_t lease = 0;  // 0: none is granted
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
  std::string framer;  // of the last writer, if there is none now; a record too
  std::vector<Standby> standbys;
  std::optional<SteadyTime> rests_until;  // its listeners have ended, its log is kept till then
  std::optional<std::string> fallback;    // set by an administrator, until the next reload
};
template <class Io, RecordOf<AdmissionRecord> T>
void record_fields(Io& io, T& saved) {
  auto& [mount, phase, facts, metadata, codec, fed, last_data, bytes_read, bytes_sent,
         slow_listeners, listener_connections, listener_peak, bytes_per_second, usual_rate, lease,
         home, relay, user, priority, arrival, reserved, dead_air, lingers_until, left_at, log,
         log_file, framer, standbys, rests_until, fallback] = saved;
  io.needed(1, mount);
  io.choice(2, phase, MountPhase::kEnded);
  io(3, facts, metadata, codec, fed, last_data, bytes_read, bytes_sent, slow_listeners,
     listener_connections, listener_peak, bytes_per_second, usual_rate, lease, home, relay, user,
     priority, arrival, reserved, dead_air, lingers_until, left_at, log, log_file, framer);
  io.needed(28, standbys, rests_until);
  io(30, fallback);
}

}  // namespace lb
