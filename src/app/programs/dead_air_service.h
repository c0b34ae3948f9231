// DeadAirService: detects silence in the sound of mounts (<dead-air>) by a program: ffmpeg, which
// is fed from the mount's log and reports silence.  This process has no decoder.
//
// One program listens to the encoder that writes.  With <failover> a silent encoder gives way to a
// standby (SourceAdmission::sound()), and a second program listens to it while it stands by: it
// counts as silent until its sound is back.
//
// A program ends when another encoder takes over, the source ends, a reload changes <dead-air>, or
// the server exits.  One that ends by itself is started again after kFirstRest, then after twice
// the time each time; it then gets artificial silence first, so that the first sound is always
// reported.
//
// Thread: control; logs of mounts are read on the disk thread, bytes of standbys on their worker.
// Ownership: Services.
// Bounds: one program a mount, and one for each standby that was silent; kStartPause between two
// starts.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/programs/child_record.h"
#include "base/clock.h"
#include "base/record.h"
#include "base/unique_fd.h"
#include "net/loop/child_process.h"
#include "stream/file/sound_feed.h"
#include "stream/mount/settings.h"

namespace lb {

struct Traffic;

// The encoder that a program listens to, and the sound of it.
struct HeardEncoder {
  std::string mount;
  std::uint64_t encoder = 0;
  unsigned home = 0;
  std::string about;  // "mount /x: the sound of 192.0.2.1"
  std::string content_type;
  DeadAirSettings settings;
  bool silent = false;
};

// A program that listens to an encoder.  The feed is empty for a standby, whose bytes belong to the
// encoder (StandbyRecord).
struct EarRecord {
  HeardEncoder heard;
  ChildRecord child;
  SoundFeedRecord feed;
};
template <class Io, RecordOf<EarRecord> T>
void record_fields(Io& io, T& ear) {
  auto& [heard, child, feed] = ear;
  auto& [mount, encoder, home, about, content_type, settings, silent] = heard;
  auto& [after, level, failover] = settings;
  io.needed(1, mount, encoder);
  io(3, home, about, content_type, after, level, failover, silent);
  io.needed(10, child, feed);
}

// A mount with dead air.
struct DeadMountRecord {
  std::string mount;
  std::uint64_t encoder = 0;
  SteadyTime since{};
  static constexpr PlainRecord kRecord{.members = 3};
};

// The programs that listen for dead air, for the next process.
struct DeadAirRecord {
  std::vector<EarRecord> ears;  // for writing encoders
  std::vector<DeadMountRecord> dead;
  std::vector<EarRecord> standbys;
  static constexpr PlainRecord kRecord{.members = 3};
};

// The program's command line for a content type.  after, level: as in DeadAirSettings.  probing:
// puts silence longer than `after` before the sound, so that the first sound is reported.
std::vector<std::string> dead_air_program(std::string_view content_type, std::chrono::seconds after,
                                          int level, bool probing);

class DeadAirService {
 public:
  // REQUIRES: before a chroot, which hides /dev/null
  explicit DeadAirService(Traffic& traffic);
  ~DeadAirService();

  // Takes the first or a new configuration.
  void configure();
  // Decides which encoders have programs, after the mount has begun, ended, begun to wait, or
  // changed over.
  void check(const std::string& mount);
  void stop();

  // -- of a hand-over.  rest() stops feeding from logs until go_on(); done: on control.
  void rest(std::function<void()> done);
  void go_on() { feeds_.go_on(); }
  // REQUIRES: it rests
  DeadAirRecord save(FdsOut& fds);
  // The next process has the saved programs; ends the others.
  void hand_over();
  // In the next process; the programs go on with the first configuration.
  void take_over(const DeadAirRecord& saved, FdsIn& fds);

 private:
  enum class State : std::uint8_t { kQueued, kRuns, kRests, kMissing, kEnds };
  struct Ear : HeardEncoder {
    bool writes = false;     // else it stands by
    std::uint64_t from = 0;  // position in the log
    State state = State::kQueued;
    std::unique_ptr<ChildProcess> child;
    std::unique_ptr<Timer> again;
    std::chrono::milliseconds rest{0};
    std::string last_line;
  };
  // A program of the former process.
  struct Taken {
    ChildProcess::Handed<UniqueFd> child;
    SoundFeedRecord feed;
    UniqueFd pipe;  // invalid for a standby, which has its own
  };
  using Ears = std::map<std::uint64_t, Ear>;

  struct Wanted;
  std::vector<Wanted> wanted_of(const std::string& mount, const Mount* found) const;
  const Ear* ear_of(const std::string& mount, std::uint64_t encoder) const;
  void add(const std::string& mount, const Mount& found, const Wanted& wanted);
  void take_ear(const EarRecord& saved, bool writes, FdsIn& fds);
  void begin_taken();
  ChildProcess::Callbacks callbacks_of(std::uint64_t id);
  void start_next();
  void start(std::uint64_t id, Ear& ear);
  void end(Ears::iterator at);
  void on_line(std::uint64_t id, std::string_view line);
  void on_end(std::uint64_t id, const ChildEnd& end);
  void heard(Ear& ear, bool sound);
  void over(const std::string& mount, std::string_view why);

  // The limit in one second, as for a damaged stream; further lines are lost, with their reports.
  static constexpr unsigned kMaxLines = 1000;

  Traffic& traffic_;
  const UniqueFd null_device_;
  Ears ears_;  // by a number of their own
  std::map<std::string, DeadMountRecord, std::less<>> dead_;
  std::deque<std::uint64_t> queue_;
  std::map<std::uint64_t, SoundFeedRecord> fed_;  // during rest()
  std::set<std::uint64_t> saved_;                 // ears, likewise
  std::map<std::uint64_t, Taken> taken_;          // by ear
  std::uint64_t next_id_ = 1;
  bool missing_logged_ = false;
  bool stopped_ = false;
  Timer starter_;
  SoundFeeds feeds_;
};

}  // namespace lb
