// SourceAdmission: whether a source or relay may write a mount, the present writer of each mount,
// and the fate of a mount whose writer has left.
//
// Thread: control only.
// Ownership: Services.
// The right to write is a WriterLease: granted here, used by a Source on its home worker, given
// back here, so a mount cannot have two writers.  Between two leases the stream (positions, log,
// listeners) stays: a mount lingers, or goes to a successor, which begins where the last whole unit
// ended (doc/decisions.md A5, A7).
//
// A source may take a mount that is reserved for a relay, or fed by one, if no other server feeds
// it any more: its encoder has moved here, so the listeners stay.  Where the source is expected, as
// at the home of a mount, it replaces a relay that still flows.
//
// Further encoders may stand by on a mount (<standby-sources>, <encoder>): they are logged in
// without a lease.  When the writer leaves, or is silent for takeover-after, the best standby
// writes; when a better one has flowed for return-after, it does.  An encoder that steps back
// becomes a standby.  One that sends silence counts as silent from the report (sound()) until its
// sound is back.  See source_admission_standby.cc.
//
// A relay may have a spare: another upstream, read beside the writing one.  It has a standby's
// place; its relay decides when it writes.
//
// A mount with a wait-time is closed to sources for that time after a source has ended; relays,
// which the configuration or the cluster decides, may enter.
//
// A relay whose connection ends, at a seam or because its upstream is lost, has kQuietSeam to go
// on.  The mount is then not reported as waiting and begun again: for programs, backends and
// directories nothing has happened.
//
//   (nothing) ──admit──▶ running ──give_back──▶ lingering ──time──▶ (ended)
//   idle ──────admit──▶    ▲ └───────────────────────┘ admit           │
//     ▲                    └──────────────── to a successor            │
//     └───────────────────────────── reserved for a relay ◀────────────┘
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "base/rate_limit.h"
#include "base/result.h"
#include "net/loop/loop.h"
#include "stream/mount/closed_mounts.h"
#include "stream/mount/mount_table.h"
#include "stream/source/end_reason.h"
#include "stream/source/standby_ranks.h"

namespace lb {

struct AdmissionRecord;
class FdsIn;
class FdsOut;
struct SourceEnd;

enum class WriterKind : std::uint8_t { kSource, kRelay };

// How a lease was used.
struct WriterLeft {
  std::uint64_t lease = 0;
  EndReason reason = EndReason::kDone;
  std::uint64_t bytes_read = 0;
  std::chrono::milliseconds lasted{0};
  std::chrono::milliseconds silent{0};  // since its last data
};

struct WriterAsk {
  std::string mount;
  std::shared_ptr<const SourceFacts> facts;
  unsigned home = 0;  // the worker of its connection
  WriterKind kind = WriterKind::kSource;
  std::string user;            // of its login
  int priority = 0;            // of its <encoder> row
  std::uint64_t replaces = 0;  // of a relay: its own lease, which this one takes over
  std::function<void(const WriterLeft&)> left;  // called when the lease is back; may be empty
};

// A mount has changed from one encoder to another.
struct EncoderChange {
  std::shared_ptr<const SourceFacts> from, to;
  bool is_return = false;  // a better one is back; false: the last one ended or was silent
  EndReason reason = EndReason::kReplaced;  // of the last one
  bool dead_air = false;                    // the last one sent silence
};

struct AdmissionCallbacks {
  std::function<std::shared_ptr<const MountSettings>(std::string_view)> settings;
  // The time that a mount waits for a writer after this end.
  std::function<std::chrono::milliseconds(const Mount&, WriterKind, EndReason)> linger;
  // How many mounts may wait or have their log kept; above it, only those with listeners.
  // Empty: no limit.
  std::function<std::size_t()> max_waiting = {};
  std::function<void(Channel::Loops, const std::shared_ptr<Mount>&)> wake;
  // SourceSet::replace_if_silent on that worker; answers on control.
  std::function<void(unsigned home, std::uint64_t lease, std::chrono::milliseconds silence,
                     UniqueFunction<void(bool)>)>
      revoke;
  // SourceSet::has_ended on that worker; answers on control, after the lease has come back.
  std::function<void(unsigned home, std::uint64_t lease, UniqueFunction<void(bool)>)> has_ended;
  // Another server feeds this mount, so a relay could have its stream.  Empty: judged by whether
  // the mount waits for its relay.
  std::function<bool(const std::string& mount)> fed_elsewhere = {};
  // The source of this mount is expected here, so it replaces a relay at once.  May be empty.
  std::function<bool(const std::string& mount)> expected_here = {};
  // The reason why a source may no longer enter this mount although its login was accepted; "":
  // it may enter.  The function may be empty.
  std::function<std::string(const std::string& mount)> refused = {};
  // The time of this login is over, though it still writes the mount: a new source replaces it.
  // May be empty.
  std::function<bool(const std::string& mount, const std::string& user)> outlived = {};
  // An encoder has become a standby; may be empty.
  std::function<void(const std::shared_ptr<Mount>&)> stands_by = {};
  // How long the log of an ended mount is kept for players of HLS; may be empty.
  std::function<std::chrono::milliseconds(const Mount&, WriterKind, EndReason)> rests = {};
  // That time is over: a source goes on in the log, for `next`, or none came (null).  May be
  // empty.
  std::function<void(const std::shared_ptr<Mount>& mount, const std::shared_ptr<Mount>& next)>
      rest_over = {};
  // A mount has lost its writer, and its listeners wait; may be empty.
  std::function<void(const std::shared_ptr<Mount>&)> waits = {};
  // A mount has no writer any more, for a while or for good; may be empty.
  std::function<void(const Mount&, WriterKind, EndReason)> off_air = {};
  // begun: a mount has a writer (again).  ended: its listeners are ended.
  std::function<void(const std::shared_ptr<Mount>&)> begun, ended;
  // Called in place of begun when the relay of a mount goes on within kQuietSeam.  May be empty.
  std::function<void(const std::shared_ptr<Mount>&)> went_on = {};
  // SourceSet's functions for standbys, on that worker; empty if no mount has any.
  std::function<void(unsigned home, WriterLease lease, std::shared_ptr<const SourceFacts> facts,
                     SteadyTime since)>
      promote = {};
  std::function<void(unsigned home, std::uint64_t lease, std::chrono::milliseconds silence,
                     UniqueFunction<void(bool)>)>
      step_back = {};
  std::function<void(unsigned home, std::uint64_t lease, std::chrono::milliseconds silence)>
      watch_silence = {};
  std::function<void(unsigned home, std::uint64_t id, EndReason reason)> kill = {};
  std::function<void(const std::shared_ptr<Mount>&, const EncoderChange&)> changed_over = {};
  PromisedBits* promised = nullptr;  // of the mounts that are made
};

class SourceAdmission {
 public:
  using Callbacks = AdmissionCallbacks;
  SourceAdmission(Loop& loop, MountTable& mounts, Log& log, unsigned workers, Callbacks callbacks,
                  Rng rng);
  ~SourceAdmission();

  static constexpr std::chrono::milliseconds kQuietSeam{2000};

  // Calls `then` once, now or later.  A lease without a log is a standby's place.  Errors have
  // Icecast's words for the 403: "Mountpoint in use".
  using Then = UniqueFunction<void(Result<WriterLease>)>;
  void admit(WriterAsk ask, Then then);
  void give_back(SourceEnd end);

  // A spare's reports to its relay.
  struct SpareCallbacks {
    std::function<void(bool flows)> flows;
    std::function<void()> left;  // the spare has ended, or the mount has
  };
  // The place of a spare for the relay that writes the mount with this lease; void: it no longer
  // does.  An earlier spare of the mount is forgotten: its relay ends it.
  WriterLease add_spare(const std::string& mount, std::uint64_t writer, SpareCallbacks callbacks);
  // The spare writes the mount now, or its relay has ended it.
  void forget_spare(const std::string& mount, std::uint64_t id);

  // The mount is listed without a writer, for an on-demand relay only.
  void reserve(const std::string& mount);
  void release(const std::string& mount);
  // Ends listeners that have moved to an idle mount and wait there.
  void end_waiting(const std::string& mount);
  // A mount no longer waits for its relay to return.
  void forget_relay(const std::string& mount);
  // A mount no longer waits for any source.
  void stop_waiting(const std::string& mount);

  // WriterSight: a writer's state on its worker, for a hand-over.
  struct WriterSight {
    std::function<const StreamLog*(unsigned home, std::uint64_t lease)> log;
    std::function<std::string(unsigned home, std::uint64_t lease)> framer;
    std::function<bool(unsigned home, std::uint64_t lease)> is_saved;
  };
  // A mount whose relay is not saved is handed over as if its upstream had just been lost: the
  // other process asks it for the bytes after the last one here.
  std::string cannot_move() const;
  std::vector<AdmissionRecord> save(FdsOut& fds, const WriterSight& writers) const;
  // The titles of a mount's log, as StreamLog::titles().
  std::vector<std::shared_ptr<const Metadata>> titles_of(const Mount& mount,
                                                         const WriterSight& writers) const;
  // The relay that has a lease from the former process.
  void attach(const std::string& mount, std::uint64_t lease,
              std::function<void(const WriterLeft&)> left);
  std::uint64_t next_lease() const noexcept { return next_lease_; }
  // Restores a mount without callbacks; a granted lease goes to the caller.  For an ended mount
  // whose log is kept, the lease has only the mount.  REQUIRES: home < workers
  Result<WriterLease> restore(const AdmissionRecord& saved, FdsIn& fds, std::uint64_t next_lease);
  // Null: none such.
  const Standby* standby_of(const std::string& mount, std::uint64_t id);
  // Called when workers resume sources and standbys: checks for silence and returns begin again.
  ClosedRecord save_closed() const { return closed_.save(); }
  void restore_closed(const ClosedRecord& saved) { closed_.restore(saved, loop_.now()); }
  void go_on();

  // The present writer of a mount; null: none.
  struct Writer {
    std::shared_ptr<Mount> mount;
    std::uint64_t lease = 0;
    unsigned home = 0;
    WriterKind kind = WriterKind::kSource;
  };
  const Writer* writer_of(std::string_view mount) const;
  // SourceSet::Callbacks: a standby flows or not; the writer was silent.
  void standby_flows(const std::string& mount, std::uint64_t id, bool flows);
  void writer_is_silent(const std::string& mount, std::uint64_t lease);
  // Whether an encoder of the mount, the writer or a standby, sends sound.
  void sound(const std::string& mount, std::uint64_t id, bool has_sound);
  // An encoder of a mount: the writer, or a standby.
  struct Encoder : Standby {
    bool writes = false;
  };
  // The writer first; empty for a relay and without a writer.
  std::vector<Encoder> encoders_of(std::string_view mount) const;
  // The mount has ended, and its log is kept for a while.
  bool rests(const Mount& mount) const;
  // The name's next source is another's: it begins a log of its own.
  void forget_rest(const std::string& mount);
  // The worker that feeds the fewest mounts.
  unsigned quietest_home() const noexcept;
  // Settings may have changed: every mount gets its own again.
  void settings_changed();
  // The same for these mounts.
  void settings_changed(std::span<const std::string> mounts);

 private:
  struct Successor {
    WriterAsk ask;
    Then then;
  };
  struct Record : Writer {
    std::string user;
    EncoderRank rank;
    StandbyRanks standbys;
    std::uint64_t spare = 0;  // of a relay; 0: none
    SpareCallbacks spare_callbacks;
    bool dead_air = false;                // the writer sends silence
    bool stepping_back = false;           // the writer was asked to
    std::unique_ptr<Timer> return_check;  // armed: a better encoder has begun to flow
    std::function<void(const WriterLeft&)> left;
    std::unique_ptr<StreamLog> log;  // if there is no writer
    std::unique_ptr<Framer> framer;  // likewise
    bool reserved = false;
    bool is_logged = true;  // the login of its last writer
    std::optional<Successor> successor;
    std::unique_ptr<Deadline> linger;
    GatePass waits;              // while it lingers
    SteadyTime lingers_until{};  // extended while its loop is away
    // It began without a listener: those that come meanwhile get this wait again.
    std::optional<std::chrono::milliseconds> wait_for_first;
    SteadyTime left_at{};           // when its last writer left
    std::unique_ptr<Timer> notice;  // armed: its relay may still go on quietly
    std::unique_ptr<Timer> again;   // armed: another check of the relay's silence
  };
  using Records = std::map<std::string, Record, std::less<>>;
  // An ended mount whose log is kept (source_admission_rest.cc).
  struct Rest {
    std::shared_ptr<Mount> mount;
    std::unique_ptr<StreamLog> log;
    std::unique_ptr<Framer> framer;
    SteadyTime over{};
    std::unique_ptr<Deadline> until;
  };

  void decide(WriterAsk ask, Then then, bool may_ask_home);
  void decide_beside_relay(const std::string& mount, Record& record, WriterAsk ask, Then then);
  void decide_beside_source(Record& record, WriterAsk ask, Then then, bool may_ask_home);
  void replace(Record& record, WriterAsk ask, Then then, std::chrono::milliseconds silence);
  bool is_refused(const WriterAsk& ask, Then& then);
  bool fed_elsewhere(const std::string& mount, const Record& record) const;
  // A source takes the mount of a relay that was silent so long.
  void take_from_relay(const std::string& mount, std::uint64_t lease,
                       std::chrono::milliseconds silence, bool may_wait);
  bool is_closed(const WriterAsk& ask) const;
  // False: such lines came too often at this mount, and this one is only counted.
  bool log_ask(LogLevel level, const std::string& mount, std::string text);
  void grant(WriterAsk ask, Then then);
  // The record's writer is the one that asks; the wait for one is over.
  void set_writer(Record& record, WriterAsk& ask);
  // True: `then` was called with a place.
  bool take_as_standby(Record& record, WriterAsk& ask, Then& then);
  // Why the ask cannot stand by though places are free; "": no such reason.
  std::string no_standby(const Record& record, const WriterAsk& ask) const;
  void standby_left(Record& record, std::uint64_t id);
  void stepped_back(Record& record, const SourceEnd& end);
  // True: a standby writes the mount now.
  bool hand_over(Record& record, const WriterLeft& how, bool stepped, SteadyTime last_data);
  void ask_to_step_back(Record& record, std::chrono::milliseconds silence);
  void watch_writer(const Record& record);
  void plan_return(Record& record);
  void check_return(const std::string& mount);
  // When the best standby replaces the writer; nullopt: never.
  std::optional<SteadyTime::duration> until_return(const Record& record) const;
  void count_standbys(Record& record);
  Result<void> restore_standbys(Record& record, const AdmissionRecord& saved);
  void refuse_successor(const std::string& mount, std::uint64_t lease);
  void linger_is_over(const std::string& mount);
  // Whether the mount may wait, or keep its log.  The number of such mounts is limited, so that a
  // source that comes and goes under new names cannot fill memory or descriptors.  Above the limit
  // a mount with listeners takes the place of one that its listeners have left.
  bool may_wait(const Record& record);
  bool is_full() const;
  // True: it has ended a mount that nothing hears.
  bool end_unheard();
  void wait_for_writer(Record& record, std::chrono::milliseconds time);
  void linger_on(Record& record, SteadyTime::duration time);
  void note_wait(const Mount& mount, std::chrono::milliseconds time) const;
  // A relay follows a relay that has just left.
  bool goes_on(const Record& record, const WriterAsk& ask) const;
  void keep_log(Record& record, std::chrono::milliseconds time);
  void rest(Rest kept, SteadyTime until);
  // Empty if no log is kept, the content type differs, or the ask is a relay's.
  Rest take_rest(const WriterAsk& ask);
  void rest_is_over(const std::string& mount, const Mount* of);
  static std::shared_ptr<const StreamView> view_after(const Rest& rest);
  // Ends the listeners; the record is removed too, unless it is reserved.
  void end_stream(Records::iterator at);
  void put_idle(Record& record, const std::string& name);

  Loop& loop_;
  MountTable& mounts_;
  Log& log_;
  const unsigned workers_;
  Callbacks callbacks_;
  Rng rng_;
  Gate waiting_;  // outlives records_
  Records records_;
  std::map<std::string, Rest, std::less<>> rests_;
  ClosedMounts closed_;
  RepeatGuards asks_{20};          // logged ones, by mount
  std::vector<unsigned> at_home_;  // granted leases, by worker
  std::uint64_t next_lease_ = 1;
  std::uint64_t next_arrival_ = 1;
};

}  // namespace lb
