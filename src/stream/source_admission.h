// SourceAdmission: may this party write this mount, who writes which now, and what becomes of a
// mount whose writer has left.
//
// Thread: control only.  Ownership: Services.
// The right to write travels as a WriterLease: granted here, used by a Source on its home worker,
// given back here.  Two sources on one mount cannot be expressed.  Between two leases the stream
// (positions, log, listeners) stays: a mount lingers for a while, or is handed to a successor, who
// begins where the last whole unit ended (decisions A5, A7).
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
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "stream/mount_table.h"
#include "stream/source_set.h"

namespace lb {

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
  std::string user;                             // who logged in
  std::uint64_t replaces = 0;                   // of a relay: its own lease, to be taken over
  std::function<void(const WriterLeft&)> left;  // called when the lease has come back; may be empty
};

class SourceAdmission {
 public:
  struct Doors {
    std::function<std::shared_ptr<const MountSettings>(std::string_view)> settings;
    // How long a mount waits for a writer after this end.
    std::function<std::chrono::milliseconds(const Mount&, WriterKind, EndReason)> linger;
    std::function<void(Channel::Loops, const std::shared_ptr<Mount>&)> wake;
    // SourceSet::replace_if_silent on that worker; answers on control.
    std::function<void(unsigned home, std::uint64_t lease, std::chrono::milliseconds silence,
                       UniqueFunction<void(bool)>)>
        revoke;
    // SourceSet::has_ended on that worker; answers on control, after the lease has come back.
    std::function<void(unsigned home, std::uint64_t lease, UniqueFunction<void(bool)>)> look;
    // begun: a mount has a writer (again).  ended: its listeners are let go.
    std::function<void(const std::shared_ptr<Mount>&)> begun, ended;
  };
  SourceAdmission(Loop& loop, MountTable& mounts, Log& log, unsigned workers, Doors doors, Rng rng);
  ~SourceAdmission();

  // Calls `then` once, now or later.  Errors carry Icecast's words for the 403: "Mountpoint in
  // use".
  using Then = UniqueFunction<void(Result<WriterLease>)>;
  void admit(WriterAsk ask, Then then);
  void give_back(SourceEnd end);

  // The mount is listed while nobody feeds it, and only a relay may: an on-demand relay.
  void reserve(const std::string& mount);
  void release(const std::string& mount);
  // Whoever waits inside an idle mount, having come from another one, is let go.
  void disappoint(const std::string& mount);
  // A mount that waits for its relay to come back waits no longer.
  void forget_relay(const std::string& mount);

  // Who writes a mount now; null: nobody.
  struct Writer {
    std::shared_ptr<Mount> mount;
    std::uint64_t lease = 0;
    unsigned home = 0;
    WriterKind kind = WriterKind::kSource;
  };
  const Writer* writer_of(std::string_view mount) const;
  // The worker that feeds the fewest mounts.
  unsigned quietest_home() const noexcept;
  // The settings may have changed: every mount gets its own anew.
  void settings_changed();

 private:
  struct Successor {
    WriterAsk ask;
    Then then;
  };
  struct Record : Writer {
    std::string user;
    std::function<void(const WriterLeft&)> left;
    std::unique_ptr<StreamLog> log;  // while nobody writes
    bool reserved = false;
    std::optional<Successor> successor;
    std::unique_ptr<Timer> linger;
  };
  using Records = std::map<std::string, Record, std::less<>>;

  void decide(WriterAsk ask, Then then, bool may_look);
  bool may_replace(const Record& record, const WriterAsk& ask) const;
  void grant(WriterAsk ask, Then then);
  void refuse_successor(const std::string& mount, std::uint64_t lease);
  void stop_waiting(const std::string& mount);
  void wait_for_writer(Record& record, std::chrono::milliseconds time);
  // The listeners are let go; the record goes too, unless it is reserved.
  void end_stream(Records::iterator at);
  void put_idle(Record& record, const std::string& name);

  Loop& loop_;
  MountTable& mounts_;
  Log& log_;
  const unsigned workers_;
  Doors doors_;
  Rng rng_;
  Records records_;
  std::vector<unsigned> at_home_;  // leases out, by worker
  std::uint64_t next_lease_ = 1;
};

}  // namespace lb
