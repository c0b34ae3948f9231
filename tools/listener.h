// One measuring listener: asks for a mount, reads, notes when bytes came and (a checking one)
// whether every frame is right.  A listener that does not check lets the kernel throw the bytes
// away (MSG_TRUNC, tcp(7)), so that a thousand of them cost little beside the server that is
// measured.
// Thread: its shard's only.  Units: nanoseconds of CLOCK_MONOTONIC, bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "tools/common.h"
#include "tools/frame.h"
#include "tools/samples.h"

namespace lb {

// Takes the ICY metadata blocks out: after every `interval` bytes one length byte and 16 times as
// many bytes of text (SHOUTcast).  Interval 0: nothing to take out.
class IcyRemover {
 public:
  void set_interval(std::size_t interval) noexcept { interval_ = left_ = interval; }
  // Appends the audio of this piece.
  void remove(std::string_view bytes, std::string& audio);
  std::uint64_t blocks() const noexcept { return blocks_; }

 private:
  std::size_t interval_ = 0;
  std::size_t left_ = 0;  // audio bytes until the next length byte
  std::size_t text_ = 0;  // bytes of text still to skip
  std::uint64_t blocks_ = 0;
};

struct ListenPlan {
  Address to;
  std::string request;  // the whole head; %d in it is the listener's number, modulo mounts
  unsigned mounts = 1;
  unsigned listeners = 1;
  unsigned checking = 20;  // the first ones read and check every byte
  unsigned stalling = 0;   // the last ones stop reading for a while, and check every byte too
  std::uint64_t warm_up_ns = 3 * kSecond;  // no gap is counted before
  int receive_buffer = 0;                  // 0: the system's
};

// What the checking listeners of one shard saw, in one place.
struct Seen {
  Samples latency, interval;
};

class Listener {
 public:
  enum class State : std::uint8_t { kConnecting, kAsked, kJoined, kRefused, kLost };
  // Why a listener did not join: no connection; ended before a whole reply head; a head that is not
  // a plain 200; nothing in time.
  enum class Refusal : std::uint8_t { kNone, kConnect, kEnded, kStatus, kLate };

  Listener(const ListenPlan& plan, unsigned index, std::uint64_t due_ns);

  // Begins to connect; false when the system refused at once.
  bool connect(const std::string& from);
  // The socket is writable for the first time: sends the request.
  void ask();
  // The socket is readable.  `steady_ns`: when all had joined, 0 before.
  void read(std::uint64_t steady_ns, Seen& seen);
  void give_up() noexcept;  // too late to join
  // A gap that is still open at the end is a gap.
  void finish(std::uint64_t end_ns, std::uint64_t steady_ns);
  void forget_gap(std::uint64_t now) noexcept { last_ns_ = now; }  // it was our own pause

  int fd() const noexcept { return fd_.get(); }
  State state() const noexcept { return state_; }
  bool stalls() const noexcept { return index_ >= plan_.listeners - plan_.stalling; }
  int status() const noexcept { return status_; }
  Refusal refusal() const noexcept { return refusal_; }
  std::uint64_t first_audio_ns() const noexcept { return first_ns_ - due_ns_; }
  std::uint64_t joined_at() const noexcept { return first_ns_; }
  std::uint64_t gap_ns() const noexcept { return gap_ns_; }
  std::uint64_t join_gap_ns() const noexcept { return join_gap_ns_; }
  std::uint64_t steady_bytes() const noexcept { return steady_bytes_; }
  std::uint64_t deliveries() const noexcept { return deliveries_; }
  const FrameCounts* counts() const noexcept { return checker_ ? &checker_->counts() : nullptr; }
  std::uint64_t icy_blocks() const noexcept { return icy_.blocks(); }

 private:
  void refuse(Refusal why) noexcept;
  bool read_head(std::string_view bytes, std::string_view& body);
  void note_delivery(std::uint64_t now, std::uint64_t steady_ns, std::size_t bytes, Seen& seen);
  void check(std::string_view body, std::uint64_t now, std::uint64_t steady_ns, Seen& seen);

  const ListenPlan& plan_;
  unsigned index_;
  State state_ = State::kConnecting;
  Refusal refusal_ = Refusal::kNone;
  int status_ = 0;
  UniqueFd fd_;
  std::uint64_t due_ns_;
  std::uint64_t first_ns_ = 0;
  std::uint64_t last_ns_ = 0;
  std::uint64_t gap_ns_ = 0;       // largest, all joined and warm
  std::uint64_t join_gap_ns_ = 0;  // largest, warm, while others still joined
  std::uint64_t steady_bytes_ = 0;
  std::uint64_t deliveries_ = 0;
  std::string head_;
  IcyRemover icy_;
  std::unique_ptr<FrameChecker> checker_;
};

}  // namespace lb
