// StandbySource: an encoder that is logged in while another writes its mount, or a relay's other
// upstream.  It is read and its newest bytes are kept, so that the mount can change to it at once.
//
// Thread: the worker of its connection.
// Ownership: the worker's SourceSet.  It has no lease; control knows it by its id.
// Bounds: as SourceRing's; what it sends is read as it comes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "stream/source/source.h"
#include "stream/source/source_ring.h"

namespace lb {

class FdsOut;
struct StandbyRecord;
class StandbySource;

// The owner of a standby.
class StandbyHost {
 public:
  virtual ~StandbyHost() = default;
  // The standby has ended; the host logs its end and deletes it.
  virtual void standby_ended(StandbySource& standby, EndReason reason) = 0;
  // Whether it could feed the mount: false after a silence of takeover-after.
  virtual void standby_flows(StandbySource& standby, bool flows) = 0;
};

class StandbySource {
 public:
  // worker: its loop, log and buffer.  offer.state: of a source that steps back.
  StandbySource(FeedHost& worker, StandbyHost& host, SourceOffer offer, std::uint64_t id,
                std::shared_ptr<Mount> mount, const SourceFacts& facts);
  StandbySource(const StandbySource&) = delete;
  StandbySource& operator=(const StandbySource&) = delete;

  // Takes the bytes that came with the head, then reads.
  void start();
  void set_title(Metadata title) { state_->ring->set_title(std::move(title)); }
  // Sends its sound to a program, from its newest unit on. pipe: non-blocking; closed if the
  // program reads too slowly.
  void let_hear(UniqueFd pipe);
  void finish(EndReason reason);
  // A relay's upstream, beside the writing one.
  bool is_spare() const noexcept { return offer_.request.empty(); }
  // Of a hand-over, between two reads. cannot_move(): why not now; "": it can.
  std::string cannot_move() const;
  StandbyRecord save(FdsOut& fds) const;
  // In place of start(): restores another process's record; nothing is read before go_on().
  // hearing: the pipe of let_hear(); invalid: none.
  Result<void> restore(const StandbyRecord& saved, UniqueFd hearing);
  void go_on();
  // Returns the connection and the state for a source that writes the mount.  No other call may
  // follow.
  SourceOffer take_offer();

  std::uint64_t id() const noexcept { return id_; }
  const Mount& mount() const noexcept { return *mount_; }
  std::shared_ptr<Mount> shared_mount() const noexcept { return mount_; }
  const SourceOffer& offer() const noexcept { return offer_; }
  const SourceState& state() const noexcept { return *state_; }
  // Called by the timer, and by tests with their own clock.
  void on_timeout();

 private:
  void on_readable(short events);
  // False: it has ended.
  bool put(std::span<std::byte> received);
  void hear(std::span<const std::byte> audio);
  SteadyTime::duration silent() const { return worker_.loop().awake() - heard_; }
  void finish_with(EndReason reason, std::string_view why);

  FeedHost& worker_;
  StandbyHost& host_;
  SourceOffer offer_;
  const std::uint64_t id_;
  std::shared_ptr<Mount> mount_;
  std::unique_ptr<SourceState> state_;
  SteadyTime heard_;  // the last data, by Loop::awake()
  bool ended_ = false;
  bool flows_ = false;
  bool bad_icy_ = false;
  UniqueFd hearing_;  // of the program that analyses it
  Watch watch_;
  Timer timeout_;
};

}  // namespace lb
