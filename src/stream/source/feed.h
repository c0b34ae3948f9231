// Feed: takes one party's bytes into a mount: body framing → ICY blocks out → (rewriter) → framer →
// log → view.
//
// Bytes are received straight into the log's mapping and compacted in place.  A format whose titles
// need a rewritten stream (Ogg) goes through a buffer.  So do the first bytes of a feed that
// continues a mount: they are held until the first unit begins, so that present listeners get only
// whole units across the seam.
//
// Thread: the mount's home worker.
// Ownership: the Source; the feed has the write lease.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/rate_limit.h"
#include "http/body.h"
#include "media/framer.h"
#include "media/icy.h"
#include "net/loop/loop.h"
#include "stream/log/stream_place.h"
#include "stream/mount/mount.h"
#include "stream/source/seam.h"
#include "stream/source/source_ring.h"

namespace lb {

class Log;
struct FeedRecord;
class SeamSearch;

// FeedHost: the functions of the worker that a feed calls.
class FeedHost {
 public:
  virtual ~FeedHost() = default;
  virtual Loop& loop() noexcept = 0;
  virtual Log& log() noexcept = 0;
  // A buffer of this worker, valid until the next call.
  virtual std::span<std::byte> scratch() noexcept = 0;
  virtual void wake(Channel::Loops loops, const std::shared_ptr<Mount>& mount) = 0;
  // The mount has a new title.
  virtual void titled(const Mount&, const std::string& /*song*/, const TitlePlace&) {}
  // The title is in the logs; after too many, some are skipped or logged late.
  virtual void logged_title(const Mount&, const std::string& /*song*/) {}
  // A tag of the stream had a picture.
  virtual void pictured(const Mount&, StreamPicture /*picture*/) {}
  // A relay's stream goes on behind the bytes of its last connection.
  virtual void went_on(const Mount&, const Seam&) {}
  // The numbers behind those of the mount's newest recorded stream; nullopt: unknown.
  virtual std::optional<SegmentNumbers> after_recorded(const Mount&) { return {}; }
  // Counts received bytes over all its feeds.
  virtual void count_received(std::size_t) noexcept {}
};

enum class TitleResult : std::uint8_t { kDone, kRefused };

class Feed {
 public:
  // metaint: of the blocks in this party's stream; 0: none. place: of its first byte, from its
  // upstream.
  Feed(FeedHost& host, BodyReader body, std::size_t metaint, WriterLease lease,
       std::shared_ptr<const SourceFacts> facts, std::optional<StreamPlace> place = {});
  // A feed that goes on with another process's record; restore() and go_on() follow, with the same
  // record.
  Feed(FeedHost& host, FeedRecord saved, WriterLease lease,
       std::shared_ptr<const SourceFacts> facts);
  // Error: the record does not fit.  Nothing is published yet.
  Result<void> restore(const FeedRecord& saved);
  Result<void> go_on(const FeedRecord& saved);
  // Between two pieces.  REQUIRES: cannot_move() is empty
  FeedRecord save() const;
  std::string saved_framer() const;  // "": it has none
  // Why it cannot be handed over now; "": it can.
  std::string_view cannot_move() const noexcept;
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Keeps the newest bytes for an encoder that may step back.
  void keep_ring() {
    ring_ = std::make_unique<SourceRing>(*facts_->plugin,
                                         mount().settings()->takeover_after + SourceRing::kSpare);
  }
  // The encoder was a standby: the mount goes on with its ring's bytes.
  Result<void> enter(SourceState state);
  // The upstream was a spare: the mount goes on with its ring's bytes.
  Result<void> enter_spare(SourceState state);
  // The upstream has sent its span whole: bytes held back for the seam search are written.
  void span_ended();
  // Returns the encoder's state as a standby; null: the feed has kept no ring.
  std::unique_ptr<SourceState> take_state();
  bool has_ring() const noexcept { return ring_ != nullptr; }
  // Space for the next bytes; at least one.
  Result<std::span<std::byte>> room();
  // The first n bytes of room() have been received.  True: the body goes on.  Not visible until
  // published.  An error has the reason why the feed is over.
  Result<bool> received(std::size_t n);
  // Bytes that were not read into room(): they came with the head.
  Result<bool> take(std::span<std::byte> bytes) { return put(bytes, false); }
  // wall_ms: when the title begins to sound, Unix; nullopt: now.
  TitleResult set_title(Metadata metadata, std::optional<std::int64_t> wall_ms = {});
  void publish();

  const WriterLease& lease() const noexcept { return lease_; }
  WriterLease take_lease() noexcept;  // nothing is published after it
  const Mount& mount() const noexcept { return *lease_.mount; }
  std::uint64_t bytes_read() const noexcept { return bytes_read_; }

 private:
  std::uint64_t close_last_stream();
  StreamSpan first_span() const;
  std::int64_t wall_now_ms() const;
  bool direct() const noexcept { return !rewriter_ && !search_ && skip_ == 0; }
  Result<bool> put(std::span<std::byte> received, bool in_place);
  Result<void> put_audio(std::span<const std::byte> audio, bool in_place);
  Result<void> put_unit_aligned(std::span<const std::byte> audio, bool in_place);
  void on_icy_block(std::string_view text, std::uint64_t position);
  void put_title(std::uint64_t position, Metadata title, const std::optional<TitlePlace>& told);
  TitlePlace place_of_title(std::uint64_t position) const;
  TitlePlace place_at(std::uint64_t position, std::int64_t wall_ms) const;
  void note_seam(SeamHow how);
  void report_seam();
  bool is_of_the_log(const StreamPlace& place) const;
  bool resumes() const;
  Bytes seam_key() const;
  void begin(std::size_t passed);
  void follow_address(std::span<const std::byte> passed);
  bool goes_on_in_chain(std::span<const std::byte> bytes) const;
  void go_on_in_chain(std::span<const std::byte> headers);
  void on_search_end();
  void log_title(const std::string& song);

  FeedHost& host_;
  BodyReader body_;
  WriterLease lease_;
  std::shared_ptr<const SourceFacts> facts_;
  std::optional<StreamPlace> place_;
  std::unique_ptr<Framer> framer_;
  const std::uint64_t seam_at_;  // end of its predecessor's published bytes
  std::unique_ptr<Rewriter> rewriter_;
  std::unique_ptr<SeamSearch> search_;  // null: the seam is found
  Timer search_end_;                    // armed while a key is searched for
  std::optional<IcyDeinterleaver> deinterleaver_;
  std::unique_ptr<SourceRing> ring_;  // null: no encoder may stand by
  std::span<std::byte> room_;
  Bytes rewritten_;
  std::uint64_t bytes_read_ = 0;
  const SteadyTime last_before_;  // the mount's last data from another connection
  std::optional<SeamHow> seam_;   // of a relay, until the first byte behind it is reported
  std::optional<SteadyTime>
      entered_;                // where it entered its ring, for the case that the key is not found
  bool begins_later_ = false;  // when the seam is found
  std::uint64_t skip_ = 0;     // repeated bytes
  bool enters_here_ = false;   // this node gives the stream its address
  bool bad_icy_ = false;
  RepeatGuard titles_guard_{10};               // a source may send any number
  std::optional<std::string> unlogged_title_;  // the present one, if it was not logged
};

}  // namespace lb
