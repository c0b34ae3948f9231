// ListenerRecord: a listener between two passes, for the process that takes over.
//
// Titles are saved as indexes into StreamLog::titles(), because a title counts as sent if two
// pointers are equal: copies would be sent again.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/record.h"
#include "net/address/address.h"
#include "stream/listener/end_notice.h"
#include "stream/listener/listener.h"
#include "stream/log/stream_place.h"
#include "stream/mount/moved_fd.h"

namespace lb {

template <class Io, class Facts>
void request_fields(Io& io, std::uint32_t first, Facts& facts) {
  std::string request(facts.request()), referer(facts.referer()), agent(facts.user_agent()),
      user(facts.user());
  io(first, request, referer, agent, user);
  if constexpr (Io::kReads) facts = RequestFacts(request, referer, agent, user);
}

using Titles = std::vector<std::shared_ptr<const Metadata>>;

struct TitleRecord {
  enum class Which : std::uint8_t { kNull, kNoTitle, kOfLog, kOther };
  Which which = Which::kNull;
  std::uint64_t at = 0;  // kOfLog
  Metadata other;        // kOther: a title that has left the log
};
template <class Io, RecordOf<TitleRecord> T>
void record_fields(Io& io, T& title) {
  auto& [which, at, other] = title;
  io.choice(1, which, TitleRecord::Which::kOther);
  io(2, at);
  if (which == TitleRecord::Which::kOther || Io::kReads) io(3, other);
}

struct ContinuationRecord {
  std::uint64_t leave_at = 0;
  std::string next;  // "": none
  EnterMode mode = EnterMode::kLive;
  SteadyTime by = SteadyTime::max();
  std::uint64_t ended = 0;  // EndedRecord::number of `next`; 0: the mount of that name
};
template <class Io, RecordOf<ContinuationRecord> T>
void record_fields(Io& io, T& continuation) {
  auto& [leave_at, next, mode, by, ended] = continuation;
  io(1, leave_at, next);
  io.choice(3, mode, EnterMode::kEnd);
  io(4, by);
  if (ended != 0 || Io::kReads) io(5, ended);
}

struct ListenerRecord {
  std::uint64_t id = 0;
  MovedFd fd = 0;
  Address peer;
  RequestFacts facts;
  std::uint64_t position = 0, bytes_sent = 0;
  std::optional<std::string> head;  // nullopt: the preamble is sent
  std::shared_ptr<const Bytes> headers;
  std::uint64_t preamble_sent = 0;
  std::optional<StreamAsk> unplaced;
  std::uint64_t unplaced_burst = 0;
  std::optional<ContinuationRecord> continuation;
  std::uint32_t metaint = 0, until_block = 0, block_sent = 0;
  TitleRecord block, shown;
  bool title_sent = false;
  std::uint64_t span_begin = Listener::kAnySpan;
  bool wait_for_mark = false;
  std::string home;
  bool counted = false, total = false, relay = false;  // its gates
  SteadyTime joined{}, until = SteadyTime::max();
  std::optional<NoticeRecord> notice;
  bool slot = false;  // has a place of the limit over the cluster, at `home`
  bool moved = false;
};
template <class Io, RecordOf<ListenerRecord> T>
void record_fields(Io& io, T& listener) {
  auto& [id, fd, peer, facts, position, bytes_sent, head, headers, preamble_sent, unplaced,
         unplaced_burst, continuation, metaint, until_block, block_sent, block, shown, title_sent,
         span_begin, wait_for_mark, home, counted, total, relay, joined, until, notice, slot,
         moved] = listener;
  io.needed(1, id, fd);
  io(3, peer);
  request_fields(io, 4, facts);
  io.needed(8, position);
  io(9, bytes_sent, head, headers, preamble_sent, unplaced, unplaced_burst, continuation, metaint,
     until_block, block_sent, block, shown, title_sent, span_begin, wait_for_mark, home, counted,
     total, relay, joined, until, notice, slot, moved);
  if constexpr (Io::kReads)
    if (until_block > metaint) io.wrong(17, "does not fit to the others");
}

// The index of each title of a log among its titles.
using TitlePlaces = std::unordered_map<const Metadata*, std::uint64_t>;
TitlePlaces title_places(const Titles& titles);

// Why it cannot be handed over; "": it can.
std::string cannot_move(const Listener& listener);
ListenerRecord save_listener(const Listener& listener, const TitlePlaces& titles, FdsOut& fds);
// Restores it without gates, notice and continuation, which its worker adds.
std::unique_ptr<Listener> restore_listener(const ListenerRecord& saved, const Titles& titles,
                                           UniqueFd fd);

}  // namespace lb
