// Link: either end of an established connection between a node and a master.  It turns lines into
// frames and back, and ends on silence and on invalid frames.
//
// Frames with a seq (SNAP, DELTA, LOAD) are numbered here, 1, 2, 3 … in each direction.  A number
// out of order ends the link: only a new connection can repair a lost or repeated frame
// (doc/link.md).
// Writing: bytes that the socket does not take wait, up to max_queued.  A sender of frames that are
// soon out of date (LOAD) asks idle() first; drained() is called when that becomes true again.
// Frames sent while others are read go out together after the last one read.  Rows of shared tables
// wait for all others (send_rows).
// Silence: no valid frame for `dead` ends the link; so does a socket that took bytes and got no
// acknowledgement for user_timeout (TCP_USER_TIMEOUT; or for three round trips, if that is longer).
// Reading: a peer that sends more than max_bytes_per_second, where each frame counts kFrameCost
// extra bytes, is read no faster than that, so its own queue grows.
//
// Life: made with a connected transport; every end is end(reason), which calls callbacks.ended
// once, later on the loop; that call may destroy the link.
// Thread: one loop (control).
// Ownership: NodeSession or MasterSession.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/rate_limit.h"
#include "base/result.h"
#include "cluster/link/frame.h"
#include "net/loop/loop.h"
#include "net/socket/transport.h"

namespace lb {

// LinkHost: the functions of the server that every session of a link calls; see MasterSide and
// NodeSide.
class LinkHost {
 public:
  virtual ~LinkHost() = default;
  virtual Loop& loop() noexcept = 0;
  virtual Log& log() noexcept = 0;
  // A message between nodes, from the peer.
  virtual void message(MessageFrame message) = 0;
  // Rows of a shared table from the peer: has_rows(frame).
  virtual void rows(const std::string& /*sender*/, const Frame& /*frame*/) {}
};

class Link {
 public:
  struct Settings {
    std::chrono::milliseconds dead{1000};
    std::chrono::milliseconds user_timeout{1500};
    std::size_t max_queued = 8 << 20;       // bytes
    unsigned max_frames_per_second = 1000;  // of the peer
    std::size_t max_bytes_per_second = 0;   // of the peer; 0: not limited
    std::size_t burst_bytes = 0;            // bytes above that rate, after a pause
    // See send_rows().  A master reads NodeSession::kBytesASecond of a node.
    Rate rows = Rate::of_bytes(256 * 1024, 256 * 1024);
  };
  static constexpr std::size_t kFrameCost = 1024;
  struct Callbacks {
    // An error of the callback ends the link with this reason.
    std::function<Result<void>(Frame)> frame;
    std::function<void()> drained;  // idle() has become true again; may be empty
    std::function<void(const std::string& reason)> ended;
  };
  // leftover: bytes that followed the head of the Upgrade.
  Link(Loop& loop, std::unique_ptr<Transport> transport, std::string leftover, Settings settings,
       Callbacks callbacks);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Sent in this turn of the loop, if the socket takes it.
  void send(Frame frame);
  // Whole lines of frames without a seq.
  void send_lines(std::string_view lines);
  // Rows of a shared table.  They wait for the socket and for their rate, and other frames go
  // first, so a LOAD is in time however many rows there are.  Rows of one kind keep their order.
  void send_rows(const Frame& frame);
  // Sends BYE, then ends.
  void send_bye(ByeFrame bye, const std::string& reason);
  // The frame that is being taken answers this side: it does not count among those of the second.
  void was_asked_for() noexcept { frames_.take_back(); }
  void end(std::string reason);
  // The peer understands a BYE with kByeSilent.
  void reports_silence() noexcept { reports_silence_ = true; }
  // Whether the link has ended by silence of the peer.
  bool was_silent() const noexcept { return was_silent_; }

  bool idle() const noexcept { return out_.size() == out_from_ && !unflushed_; }
  bool ended() const noexcept { return ended_; }
  // Bytes that the socket has not taken yet.
  std::size_t queued() const noexcept { return out_.size() - out_from_; }
  void set_dead(std::chrono::milliseconds dead);
  const Address& peer() const noexcept { return transport_->peer(); }
  int fd() const noexcept { return transport_->fd(); }
  // The seq of the last numbered frame that was sent.
  std::uint64_t last_sent() const noexcept { return sent_; }
  std::uint64_t bytes_in() const noexcept { return bytes_in_; }
  std::uint64_t bytes_out() const noexcept { return bytes_out_; }

  // Called by the timer, and by tests with their own clock.
  void check_silence();

 private:
  void on_socket(short events);
  void read();
  bool charge(std::size_t bytes);  // false: the peer has used up its rate, so read() goes on later
  void want();
  bool read_some();  // false: no more bytes now, or the end
  void take(std::string_view bytes);
  void take_line(std::string_view line);
  void write();
  void write_held();
  void write_rows();
  void drained();
  void watch_silence();
  void end_broken();
  void finish();

  Loop& loop_;
  std::unique_ptr<Transport> transport_;
  Settings settings_;
  Callbacks callbacks_;
  std::string leftover_;
  std::string line_;  // the beginning of an incomplete line
  std::string out_;
  std::size_t out_from_ = 0;
  bool unflushed_ = false;                 // the transport holds bytes back
  bool reading_ = false, held_ = false;    // frames sent while reading are written after it
  std::uint64_t received_ = 0, sent_ = 0;  // the last seq
  std::uint64_t bytes_in_ = 0, bytes_out_ = 0;
  static constexpr std::size_t kRowKinds = 3;
  std::array<std::deque<std::string>, kRowKinds> rows_;  // the most urgent kind first
  std::size_t row_bytes_ = 0;
  RateLimit row_rate_;
  SteadyTime heard_;  // by Loop::awake()
  SecondCount frames_;
  double budget_ = 0;  // bytes that may be read; negative: too many were
  SteadyTime budget_at_;
  bool slowed_ = false;  // reading pauses until again_
  bool ended_ = false;
  bool reports_silence_ = false, was_silent_ = false;
  std::string reason_;
  Watch watch_;
  Timer silence_, again_, ending_, rows_timer_;
};

}  // namespace lb
