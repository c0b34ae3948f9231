// FileFeeder: plays a file into a mount, in a loop, at the pace of its sound, or of its mean bytes
// a second where the format has no clock: the hidden source of a <fallback-mount> that names a
// file.
//
// Thread: the mount's home worker.
// Ownership: the worker.
// It writes a StreamLog as a source does, so listeners of a file are ordinary listeners.  It pauses
// while the mount has none, and the next listener hears the file from its beginning, which is ready
// as a burst: an announcement is heard whole in each outage.  The pages of an Ogg
// file get another serial number each time round, because RFC 3533 forbids to use a serial twice:
// each round is a chain of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "media/media_clock.h"
#include "media/ogg_page.h"
#include "media/ogg_sound.h"
#include "net/loop/loop.h"
#include "stream/file/file_stream.h"
#include "stream/mount/gate.h"
#include "stream/mount/mount.h"

namespace lb {

class FdsIn;
class FdsOut;
class Log;
struct FeederRecord;

class FileFeeder final : private OggPageSink {
 public:
  // sources: the gate in which the feeder counts as a source while it plays.
  struct Callbacks {
    std::function<void(Channel::Loops, const std::shared_ptr<Mount>&)> wake;
    Gate* sources = nullptr;
  };
  // REQUIRES: bytes_per_second > 0
  FileFeeder(Loop& loop, Log& log, Callbacks callbacks, std::shared_ptr<Mount> mount,
             std::unique_ptr<StreamLog> stream, std::shared_ptr<const FileStream> file,
             std::uint64_t bytes_per_second);
  // Saves the feeder for a hand-over, between two ticks.  REQUIRES: !has_ended()
  void save(FeederRecord& saved, FdsOut& fds) const;
  const FileStream& file() const noexcept { return *file_; }
  // A feeder that goes on with another process's record; it does not play yet.
  static Result<std::unique_ptr<FileFeeder>> restore(Loop& loop, Log& log, Callbacks callbacks,
                                                     std::shared_ptr<Mount> mount,
                                                     std::shared_ptr<const FileStream> file,
                                                     const FeederRecord& saved, FdsIn& fds);
  ~FileFeeder() override;
  FileFeeder(const FileFeeder&) = delete;
  FileFeeder& operator=(const FileFeeder&) = delete;

  // A listener has entered the mount.
  void play();
  // Sets the bytes of a changed file, which are played from the next round on.
  void replace(std::shared_ptr<const FileStream> file, std::uint64_t bytes_per_second);
  // The file is no longer a fallback: its listeners are ended.
  void end();
  bool playing() const noexcept { return timer_.armed(); }
  // Its stream is over, by end() or for lack of memory.
  bool has_ended() const noexcept { return stream_ == nullptr; }

 private:
  struct Parts {
    Callbacks callbacks;
    std::shared_ptr<Mount> mount;
    std::unique_ptr<StreamLog> stream;
    std::shared_ptr<const FileStream> file;
    std::uint64_t bytes_per_second = 0;
  };
  FileFeeder(Loop& loop, Log& log, Parts parts);
  void tick();
  void begin_anew();
  // False: out of memory.
  bool append(std::uint64_t bytes);
  bool put(ByteSpan bytes);
  MediaTime media_time() const noexcept;
  std::chrono::microseconds by_mean_rate(std::size_t bytes) const noexcept;
  void publish(bool ended);
  void page(std::uint64_t position, const OggPage& page) override;
  void next_round();

  Loop& loop_;
  Log& log_;
  Callbacks callbacks_;
  std::shared_ptr<Mount> mount_;
  std::unique_ptr<StreamLog> stream_;
  std::shared_ptr<const FileStream> file_, next_file_;
  std::uint64_t rate_, next_rate_ = 0;
  std::unique_ptr<Framer> framer_;
  std::unique_ptr<OggPageScanner> scanner_;  // Ogg only
  OggSound sound_;                           // Ogg only
  // Ogg: the pages that the scanner has found in one call.
  Bytes pages_;
  std::chrono::microseconds pages_last_{};
  std::uint64_t at_ = 0;  // in the file
  std::uint32_t round_ = 0;
  SteadyTime since_{};  // played_ counts from here
  std::chrono::microseconds played_{};
  GatePass place_;
  Timer timer_;
};

}  // namespace lb
