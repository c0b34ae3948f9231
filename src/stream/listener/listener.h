// Listener: one HTTP client receiving a mount: a position in a log, not a queue of its own.
//
// Thread: one worker, from join to end.
// Ownership: the Fanout whose list it is in; state = list.
// Bounds: at most 1 kB of process memory each, in all (doc/decisions.md A11); see the static_assert.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/intrusive_list.h"
#include "media/framer.h"
#include "net/loop/loop.h"
#include "net/socket/transport.h"
#include "stream/listener/end_notice.h"
#include "stream/log/stream_place.h"
#include "stream/mount/gate.h"
#include "stream/mount/slot_gate.h"

namespace lb {

class Fanout;
class Mount;

// The facts of the request that the access log and listclients want, in one allocation.
class RequestFacts {
 public:
  RequestFacts() = default;
  RequestFacts(std::string_view request, std::string_view referer, std::string_view user_agent,
               std::string_view user);
  std::string_view request() const noexcept { return part(0, request_); }  // "GET /a.mp3 HTTP/1.0"
  std::string_view referer() const noexcept { return part(request_, referer_); }
  std::string_view user_agent() const noexcept { return part(request_ + referer_, agent_); }
  std::string_view user() const noexcept { return part(request_ + referer_ + agent_, user_); }

 private:
  std::string_view part(std::size_t from, std::size_t size) const noexcept {
    return std::string_view(text_).substr(from, size);
  }
  std::string text_;
  std::uint16_t request_ = 0, referer_ = 0, agent_ = 0, user_ = 0;
};

// Bytes that go before the stream: the reply's head and the stream's headers.
struct Preamble {
  std::string head;
  std::shared_ptr<const Bytes> headers;
  std::size_t sent = 0;

  std::size_t size() const noexcept { return head.size() + (headers ? headers->size() : 0); }
  // One more line of the head, which ends with its empty line.
  void add_line(const std::string& line) { head.insert(head.size() - 2, line + "\r\n"); }
};

// Where the listener is within the interleaved ICY metadata; plain, so that a hand-over of the
// process could carry it (doc/decisions.md A14).
struct IcyPhase {
  std::uint32_t metaint = 0;              // 0: no metadata
  std::uint32_t until_block = 0;          // audio bytes
  std::uint32_t block_sent = 0;           // bytes of the block below
  std::shared_ptr<const Metadata> block;  // being sent; null: between blocks, or the empty block
  std::shared_ptr<const Metadata> shown;  // the last metadata sent to the player
  bool title_sent = false;                // metadata has been sent
};

// kEnd: the connection ends there; its server asks again for what follows.
enum class EnterMode : std::uint8_t { kLive, kSeam, kBurst, kEnd };

// At most one thing that a listener does next (doc/decisions.md A5): drain the present log to
// leave_at, a unit boundary, then enter `next`.
struct Continuation {
  std::uint64_t leave_at = 0;
  std::shared_ptr<Mount> next;
  EnterMode mode = EnterMode::kLive;
  SteadyTime by =
      SteadyTime::max();  // a listener that has not left by then has fallen too far behind
};

// Of a server that came before the first byte was there: it is placed then.
struct Unplaced {
  StreamAsk ask;
  std::size_t burst_bytes = 0;
};

class Listener : public ListHook {
 public:
  Listener(std::uint64_t id, std::unique_ptr<Transport> transport, RequestFacts facts);

  const std::uint64_t id;
  const std::unique_ptr<Transport> transport;
  const RequestFacts facts;

  std::uint64_t position = 0;
  std::uint64_t bytes_sent = 0;        // all, the head included
  std::unique_ptr<Preamble> preamble;  // null: sent
  std::unique_ptr<Unplaced> unplaced;  // null: it has its place
  std::unique_ptr<Continuation> continuation;
  IcyPhase icy;
  // Of a server that keeps addresses: its connection ends with the span that begins here.
  static constexpr std::uint64_t kAnySpan = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t span_begin = kAnySpan;
  bool wait_for_mark = false;               // nothing is sent until a unit begins
  bool blocked = false;                     // the socket is full; its Fanout's list `blocked`
  std::shared_ptr<const std::string> home;  // the mount that was asked for
  GatePass client_pass, mount_pass, total_pass;
  GatePass relay_pass;                // of another server that relays the mount
  SlotPass slot_pass;                 // of the mount that was asked for, wherever it is moved to
  std::unique_ptr<EndNotice> notice;  // null: the end is not reported
  SteadyTime joined{};
  SteadyTime hung_up{};                  // it sends nothing more: it is gone, or only half of it
  unsigned sent_since_hang_up = 0;       // times that bytes were given to its connection since
  SteadyTime until = SteadyTime::max();  // max-listener-duration
  Fanout* fanout = nullptr;
  Watch watch;

  std::uint64_t leave_at() const noexcept {
    return continuation ? continuation->leave_at : std::numeric_limits<std::uint64_t>::max();
  }
  void on_socket(short events);  // passed on to its fan-out
  // Players send nothing after their request; bytes that come all the same are discarded, a few at
  // a time.  False: its client has gone.
  bool take_input(SteadyTime now);
  // Up to when it has listened that is found gone now: a connection takes bytes once more after its
  // client has closed it, and refuses the next ones.
  SteadyTime left_at(SteadyTime now) const noexcept {
    return hung_up != SteadyTime{} && sent_since_hang_up <= 1 ? hung_up : now;
  }
  void want_write(bool wanted);
};

static_assert(sizeof(Listener) <= 512, "100 000 listeners have to fit into memory");

}  // namespace lb
