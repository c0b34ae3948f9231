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

namespace lb {

struct HlsSessionRecord {
  std::uint64_t id = 0;
  std::string name, mount, ip, crowd;
  std::string request, referer, user_agent, user;
  bool counted = false, total = false;  // its gates
  std::optional<NoticeRecord> notice;
  SteadyTime began{}, until = SteadyTime::max();
  std::chrono::seconds patience{20};
  bool earned = false;
  std::chrono::milliseconds segment{0};
  std::uint64_t bytes = 0;  // with its part of the crowd's bytes
  bool slot = false;        // of a limit of the whole cluster
  // For a recorded mount without a stream: facts_of_past(), bytes a second.
  std::string past_type;
  std::uint64_t past_rate = 0;
};
template <class Io, RecordOf<HlsSessionRecord> T>
void record_fields(Io& io, T& session) {
  auto& [id, name, mount, ip, crowd, request, referer, user_agent, user, counted, total, notice,
         began, until, patience, earned, segment, bytes, slot, past_type, past_rate] = session;
  io.needed(1, id, name, mount);
  io(4, ip, crowd, request, referer, user_agent, user, counted, total, notice, began, until,
     patience, earned, segment, bytes, slot, past_type, past_rate);
}

}  // namespace lb
