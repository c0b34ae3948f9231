// Source: the party feeding a mount now: bytes → body framing → ICY blocks out → framer → log.
//
// Bytes are received straight into the log's mapping and closed up in place.  Only a format whose
// titles need a rewritten stream (Ogg) goes through a buffer.
//
// Thread: its home worker.  Ownership: the worker's SourceSet; it holds the transport and the
// write lease, and gives the lease back when it ends.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/log.h"
#include "http/body.h"
#include "media/framer.h"
#include "media/icy.h"
#include "net/loop.h"
#include "net/transport.h"
#include "stream/end_reason.h"
#include "stream/gate.h"
#include "stream/mount.h"

namespace lb {

class Source;

// What a source needs from its worker.
class SourceHost {
 public:
  virtual ~SourceHost() = default;
  virtual Loop& loop() noexcept = 0;
  virtual Log& log() noexcept = 0;
  // A buffer of this worker, valid until the next call.
  virtual std::span<std::byte> scratch() noexcept = 0;
  virtual void wake(Channel::Loops loops, const std::shared_ptr<Mount>& mount) = 0;
  // The source is over; the host takes the lease, logs and deletes it.
  virtual void source_ended(Source& source, EndReason reason) = 0;
};

struct SourceOffer {
  std::unique_ptr<Transport> transport;
  std::string leftover;        // bytes that came with the head
  BodyReader body;
  std::size_t metaint = 0;     // of blocks inside the source's own stream; 0: none
  GatePass client_pass, source_pass;
  std::string request;         // "SOURCE /a.mp3 HTTP/1.0", for the access log
  std::string user_agent, referer, user;
};

enum class TitleResult : std::uint8_t { kDone, kRefused };

class Source {
 public:
  Source(SourceHost& host, SourceOffer offer, WriterLease lease, std::shared_ptr<const SourceFacts> facts);
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // Takes what came with the head, then whatever arrives.
  void start();
  TitleResult set_title(Metadata metadata);
  void finish(EndReason reason);

  const WriterLease& lease() const noexcept { return lease_; }
  WriterLease take_lease() noexcept { return std::move(lease_); }
  const SourceOffer& offer() const noexcept { return offer_; }
  std::uint64_t bytes_read() const noexcept { return bytes_read_; }
  SteadyTime started() const noexcept { return started_; }

 private:
  void on_readable(short events);
  void on_timeout();
  // False: the source has ended.
  bool take(std::span<std::byte> received, bool in_place);
  bool put_through_rewriter(std::span<const std::byte> audio);
  void on_icy_block(std::string_view text, std::uint64_t position);
  void publish(bool ended);
  void finish_with(EndReason reason, std::string_view why);

  SourceHost& host_;
  SourceOffer offer_;
  WriterLease lease_;
  std::shared_ptr<const SourceFacts> facts_;
  std::unique_ptr<Framer> framer_;
  std::unique_ptr<Rewriter> rewriter_;
  std::optional<IcyDeinterleaver> deinterleaver_;
  Bytes rewritten_;
  std::uint64_t bytes_read_ = 0;
  SteadyTime started_, last_data_;
  bool bad_icy_ = false;
  Watch watch_;
  Timer timeout_;
};

}  // namespace lb
