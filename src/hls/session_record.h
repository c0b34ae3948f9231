// HlsSessionRecord: a listening by HLS between two requests, for the process that goes on with it.
// Its segments and their names follow from the mount's log, which goes over too.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/record.h"
#include "stream/listener/notice_record.h"

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
  std::uint64_t bytes = 0;  // with its part of its crowd's
  bool slot = false;        // of a limit over the cluster
};
template <class Io, RecordOf<HlsSessionRecord> T>
void record_fields(Io& io, T& session) {
  auto& [id, name, mount, ip, crowd, request, referer, user_agent, user, counted, total, notice,
         began, until, patience, earned, segment, bytes, slot] = session;
  io.needed(1, id);
  io.needed(2, name);
  io.needed(3, mount);
  io(4, ip);
  io(5, crowd);
  io(6, request);
  io(7, referer);
  io(8, user_agent);
  io(9, user);
  io(10, counted);
  io(11, total);
  io(12, notice);
  io(13, began);
  io(14, until);
  io(15, patience);
  io(16, earned);
  io(17, segment);
  io(18, bytes);
  io(19, slot);
}

}  // namespace lb
