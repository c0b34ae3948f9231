// ListenerLedger: the listeners that an authenticator has allowed: which users listen twice, and
// which ends a backend must be sent, exactly once each, also after a crash.
// ListenerTicket: held by such a listener; its destruction reports the end.
//
// Thread: the ledger on control; a ticket on any thread.  A ticket that outlives the ledger is
// void; its listener stays open in the spool, and the next start reports it to the backend.
// Ownership: Authenticators.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "auth/listener/authenticator.h"
#include "auth/listener/event_sender.h"
#include "auth/listener/spool.h"
#include "base/log.h"
#include "base/record.h"

namespace lb {

class ListenerLedger;

template <class Io, RecordOf<RemovalNotice> T>
void record_fields(Io& io, T& notice) {
  auto& [url, user, password, before, after] = notice;
  io(1, url, user, password, before, after);
}

// An allowed listener.
struct LedgerEntry {
  std::uint64_t client_id = 0;
  std::string mount, user;  // user "": does not count for clients_of()
  std::optional<RemovalNotice> removal;
  std::int64_t since = 0;  // seconds since 1970, of admit()
};
struct LedgerEntryRecord {
  std::uint64_t seq = 0;
  LedgerEntry entry;
};
template <class Io, RecordOf<LedgerEntryRecord> T>
void record_fields(Io& io, T& saved) {
  auto& [seq, entry] = saved;
  auto& [client_id, mount, user, removal, since] = entry;
  io.needed(1, seq);
  io(2, client_id, mount, user, removal, since);
}

template <class Io, RecordOf<SpoolEntry> T>
void record_fields(Io& io, T& entry) {
  auto& [seq, client_id, since, notice, ended, seconds, bytes_sent] = entry;
  io.needed(1, seq);
  io(2, client_id, since, notice, ended, seconds, bytes_sent);
}

// Allowed listeners, for the process that takes over; only a part, because a record has a size
// limit.
struct LedgerRecord {
  std::uint64_t next_seq = 1;
  std::vector<LedgerEntryRecord> entries;
  std::vector<SpoolEntry> ends;  // not yet delivered to a backend
  std::string spool;             // the file that has all of them; "": none
  static constexpr PlainRecord kRecord{.members = 4};
};

// A ticket's connection to the ledger, closed when the ledger goes.
class LedgerHandle {
 public:
  LedgerHandle(Loop& control, ListenerLedger& ledger) : control_(control), ledger_(&ledger) {}
  void report_end(std::uint64_t seq, SteadyTime since, std::uint64_t bytes_sent);
  void shut();

 private:
  std::mutex mutex_;
  Loop& control_;
  ListenerLedger* ledger_;
};

class ListenerTicket {
 public:
  ListenerTicket() = default;  // of no listener
  ListenerTicket(std::shared_ptr<LedgerHandle> handle, std::uint64_t seq, SteadyTime since)
      : handle_(std::move(handle)), seq_(seq), since_(since) {}
  ListenerTicket(ListenerTicket&& other) noexcept = default;
  // The former ticket goes with `other`.
  ListenerTicket& operator=(ListenerTicket&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(seq_, other.seq_);
    std::swap(since_, other.since_);
    std::swap(bytes_sent_, other.bytes_sent_);
    return *this;
  }
  ~ListenerTicket() {
    if (handle_) handle_->report_end(seq_, since_, bytes_sent_);
  }
  explicit operator bool() const noexcept { return handle_ != nullptr; }
  std::uint64_t seq() const noexcept { return seq_; }
  SteadyTime since() const noexcept { return since_; }
  void set_bytes_sent(std::uint64_t bytes) noexcept { bytes_sent_ = bytes; }

 private:
  std::shared_ptr<LedgerHandle> handle_;
  std::uint64_t seq_ = 0;
  SteadyTime since_{};
  std::uint64_t bytes_sent_ = 0;
};

class ListenerLedger {
 public:
  using Server = std::function<std::shared_ptr<const AuthServer>()>;
  ListenerLedger(Loop& control, Log& log, EventSender& removals, Server server);
  ~ListenerLedger();

  struct Opening {
    std::uint64_t highest_client_id = 0;  // of the last run; new ids continue from it
    std::size_t unheard = 0;              // listeners of the last run whose removal is sent now
  };
  // From now on this file keeps listeners over a crash.
  Result<Opening> open_spool(const std::string& path);

  using Entry = LedgerEntry;
  // The listeners of this mount with this user name.
  std::vector<std::uint64_t> clients_of(const std::string& mount, const std::string& user) const;
  // The ticket comes when the line is in the spool, at once without a spool, after a second if the
  // disk does not answer.
  void admit(Entry entry, UniqueFunction<void(ListenerTicket)> admitted);
  // A listener allowed by a backend was then refused for another reason.
  void take_back(Entry entry);
  std::size_t open() const noexcept { return open_.size(); }

  // -- of a hand-over.  cannot_move(): why not, at this moment; "": it can
  std::string cannot_move() const;
  std::vector<LedgerRecord> save() const;
  // Another process has the file from now on, unless keep() follows; after hand_over() tickets are
  // ignored.
  void let_file_go();
  void keep();
  void hand_over();
  // In the other process: restore() before open_spool(); ticket_of() for each listener that was
  // handed over; after open_spool(), go_on() reports the others' ends and undelivered ones.
  void restore(const LedgerRecord& saved);
  ListenerTicket ticket_of(std::uint64_t seq, SteadyTime since);
  void go_on();

  bool has_spool() const noexcept { return spool_ != nullptr; }

 private:
  friend class LedgerHandle;
  void left(std::uint64_t seq, std::chrono::seconds listened, std::uint64_t bytes_sent);
  void forget_name(std::uint64_t seq, const Entry& entry);
  void remove(SpoolEntry ended);
  void heartbeat();
  void admit_overdue();
  std::int64_t wall_seconds() const;

  Loop& control_;
  Log& log_;
  EventSender& removals_;
  const Server server_;
  std::shared_ptr<LedgerHandle> handle_;
  std::unique_ptr<Spool> spool_;
  std::string spool_before_;  // the file of the previous process
  std::uint64_t next_seq_ = 1;
  std::unordered_map<std::uint64_t, Entry> open_;
  std::map<std::pair<std::string, std::string>, std::set<std::uint64_t>>
      names_;  // (mount, user) → seqs
  // A listener whose line is not in the spool yet.
  struct Waiting {
    ListenerTicket ticket;
    UniqueFunction<void(ListenerTicket)> admitted;  // empty: admitted already
    SteadyTime since{};
    void let_in();
  };
  std::deque<std::shared_ptr<Waiting>> waiting_;  // oldest first
  std::map<std::uint64_t, SpoolEntry> unheard_;   // ends, by seq
  std::set<std::uint64_t> unclaimed_;             // restored seqs without a ticket yet
  Timer heartbeat_, patience_;
};

}  // namespace lb
