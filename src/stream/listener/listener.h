// Listener: one HTTP client receiving a mount: a position in a log, not a queue of its own.
//
// Thread: one worker, from join to end.
// Ownership: the Fanout whose list it is in; state = list.
// Bounds: at most 1 kB of process memory each (doc/decisions.md A11); see the static_assert.
#pragma once

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

struct AccessFacts;
class Fanout;
class Mount;
struct Request;

// The request's facts for the access log and listclients, in one allocation.
class RequestFacts {
 public:
  RequestFacts() = default;
  RequestFacts(std::string_view request, std::string_view referer, std::string_view user_agent,
               std::string_view user);
  RequestFacts(const Request& request, std::string_view user);
  // Of the finished request; ip: outlives them.
  AccessFacts access(std::string_view ip, std::uint64_t bytes_sent,
                     SteadyTime::duration lasted) const;
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

// Bytes that are sent before the stream: the reply's head and the stream's headers.
struct Preamble {
  std::string head;
  std::shared_ptr<const Bytes> headers;
  std::size_t sent = 0;

  std::size_t size() const noexcept { return head.size() + (headers ? headers->size() : 0); }
  // Adds a line to the head before its empty line.
  void add_line(const std::string& line) { head.insert(head.size() - 2, line + "\r\n"); }
};

// The listener's position in the interleaved ICY metadata; plain, so that a hand-over can carry it
// (doc/decisions.md A14).
struct IcyPhase {
  std::uint32_t metaint = 0;              // 0: no metadata
  std::uint32_t until_block = 0;          // audio bytes
  std::uint32_t block_sent = 0;           // bytes of the block below
  std::shared_ptr<const Metadata> block;  // being sent; null: between blocks, or the empty block
  std::shared_ptr<const Metadata> shown;  // the last metadata sent to the player
  bool title_sent = false;                // metadata has been sent
};

// kEnd: the connection ends; the server behind it asks again for the rest.
enum class EnterMode : std::uint8_t { kLive, kSeam, kBurst, kEnd };

// A listener's next step, at most one (doc/decisions.md A5): drain the present log to leave_at, a
// unit boundary, then enter `next`.
struct Continuation {
  std::uint64_t leave_at = 0;
  std::shared_ptr<Mount> next;
  EnterMode mode = EnterMode::kLive;
  SteadyTime by = SteadyTime::max();  // of Loop::awake(); one that is still here then is too slow
};

// A server that joined before the first byte: it is placed when that comes.
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
  std::uint64_t bytes_sent = 0;        // all bytes, with the head
  std::unique_ptr<Preamble> preamble;  // null: sent
  std::unique_ptr<Unplaced> unplaced;  // null: it has its position
  std::unique_ptr<Continuation> continuation;
  IcyPhase icy;
  // For a server that keeps addresses: its connection ends at the end of this span.
  static constexpr std::uint64_t kAnySpan = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t span_begin = kAnySpan;
  bool wait_for_mark = false;  // nothing is sent until a unit begins
  bool blocked = false;        // the socket is full; its Fanout's list `blocked`
  // By an order, maybe to where no fallback of `home` leads: then it does not return.
  bool moved = false;
  std::shared_ptr<const std::string> home;  // the requested mount
  GatePass client_pass, mount_pass, total_pass;
  GatePass relay_pass;                // of a relaying server
  SlotPass slot_pass;                 // of the requested mount, also after moves
  std::unique_ptr<EndNotice> notice;  // null: the end is not reported
  SteadyTime joined{};
  SteadyTime hung_up{};  // when its client closed its side: it is gone, or only half closed
  unsigned sent_since_hang_up = 0;       // times that bytes were sent to it since
  SteadyTime until = SteadyTime::max();  // max-listener-duration
  Fanout* fanout = nullptr;
  Watch watch;

  std::uint64_t leave_at() const noexcept {
    return continuation ? continuation->leave_at : std::numeric_limits<std::uint64_t>::max();
  }
  void on_socket(short events);  // passed on to its fan-out
  // Discards bytes that a client sends after its request, a few at a time.  False: the client is
  // gone.
  bool take_input(SteadyTime now);
  // When a listener that ends now has left.  A closed connection takes bytes for a round trip, and
  // behind a TLS pump for some passes more; what is open longer was closed by half.
  static constexpr std::chrono::seconds kTakenWhenClosed{5};
  SteadyTime left_at(SteadyTime now) const noexcept {
    const bool closed = sent_since_hang_up <= 1 || now - hung_up < kTakenWhenClosed;
    return hung_up != SteadyTime{} && closed ? hung_up : now;
  }
  void want_write(bool wanted);
};

static_assert(sizeof(Listener) <= 512, "100 000 listeners have to fit into memory");

}  // namespace lb
