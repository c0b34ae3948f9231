// HlsSessionRecord: a listening by HLS between two requests, for the process that takes over.  Its
// segments and their names follow from the mount's log, which is handed over too.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/record.h"
#include "stream/listener/end_notice.h"
#include "stream/listener/listener_record.h"

namespace lb {

struct HlsPlayer {
  std::uint64_t id = 0;  // numbered as the connections of listeners
  std::string name;      // s=, or its substitute
  std::string ip;
  std::string crowd;   // the address and agent that share segments without s=
  RequestFacts facts;  // of its first request
  SteadyTime began{};
  SteadyTime until = SteadyTime::max();  // max-listener-duration
  std::chrono::seconds patience{20};     // the longest time without a request
  bool earned = false;                   // it has fetched a segment
  std::chrono::milliseconds segment{0};  // about, of each segment
  std::uint64_t bytes = 0;               // in a record with its part of the crowd's bytes
};

struct HlsSessionRecord {
  HlsPlayer player;
  std::string mount;
  bool counted = false, total = false;  // its gates
  std::optional<NoticeRecord> notice;
  bool slot = false;  // of a limit of the whole cluster
  // For a recorded mount without a stream: facts_of_past(), bytes a second.
  std::string past_type;
  std::uint64_t past_rate = 0;
  // Since its last request, and since a newcomer could have fetched a segment.
  std::chrono::milliseconds quiet{0}, listed{0};
};
template <class Io, RecordOf<HlsSessionRecord> T>
void record_fields(Io& io, T& session) {
  auto& [player, mount, counted, total, notice, slot, past_type, past_rate, quiet, listed] =
      session;
  auto& [id, name, ip, crowd, facts, began, until, patience, earned, segment, bytes] = player;
  io.needed(1, id, name, mount);
  io(4, ip, crowd);
  request_fields(io, 6, facts);
  io(10, counted, total, notice, began, until, patience, earned, segment, bytes, slot, past_type,
     past_rate, quiet, listed);
}

}  // namespace lb
