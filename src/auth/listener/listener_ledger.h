// ListenerLedger: the listeners that an authenticator has allowed: which users are on twice, and
// which ends a backend must hear of, exactly once each, also after a crash.
// ListenerTicket: what such a listener holds; its destruction is the end that the ledger records.
//
// Thread: the ledger on control; a ticket on any thread.  A ticket that outlives the ledger is
// void; its listener then stands open in the spool, and the next start reports it to the backend.
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

struct LedgerEntryRecord {
  std::uint64_t seq = 0, client_id = 0;
  std::string mount, user;
  std::optional<RemovalNotice> removal;
  std::int64_t since = 0;
};
template <class Io, RecordOf<LedgerEntryRecord> T>
void record_fields(Io& io, T& entry) {
  auto& [seq, client_id, mount, user, removal, since] = entry;
  io.needed(1, seq);
  io(2, client_id, mount, user, removal, since);
}

template <class Io, RecordOf<SpoolEntry> T>
void record_fields(Io& io, T& entry) {
  auto& [seq, client_id, since, notice, ended, seconds, bytes_sent] = entry;
  io.needed(1, seq);
  io(2, client_id, since, notice, ended, seconds, bytes_sent);
}

// Listeners that an authenticator has let in, as the process that replaces this one goes on with
// them; some of them, since a record has a limit.
struct LedgerRecord {
  std::uint64_t next_seq = 1;
  std::vector<LedgerEntryRecord> entries;
  std::vector<SpoolEntry> ends;  // that no backend has heard of
  std::string spool;             // the file that has all of them; "": none
};
template <class Io, RecordOf<LedgerRecord> T>
void record_fields(Io& io, T& ledger) {
  auto& [next_seq, entries, ends, spool] = ledger;
  io(1, next_seq, entries, ends, spool);
}

// The handle through which tickets report to the ledger; shut when the ledger goes.
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
  // The one of before goes with `other`.
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
    std::uint64_t highest_client_id = 0;  // of the last run: new clients count on from here
    std::size_t unheard = 0;              // listeners of the previous run whose removal is sent now
  };
  // From now on listeners outlive a crash in this file.
  Result<Opening> open_spool(const std::string& path);

  struct Entry {
    std::uint64_t client_id = 0;
    std::string mount, user;  // user "": does not count for clients_of()
    std::optional<RemovalNotice> removal;
    std::int64_t since = 0;  // seconds since 1970, of admit()
  };
  // The listeners of this mount with this user name.
  std::vector<std::uint64_t> clients_of(const std::string& mount, const std::string& user) const;
  // The ticket comes when the spool has the line, at once without a spool, and after a second where
  // the disk does not answer.
  void admit(Entry entry, UniqueFunction<void(ListenerTicket)> admitted);
  // A backend allowed a listener that was then refused for another reason.
  void take_back(Entry entry);
  std::size_t open() const noexcept { return open_.size(); }

  // -- of a hand-over.  cannot_move(): why not, at this moment; "": it can
  std::string cannot_move() const;
  std::vector<LedgerRecord> save() const;
  // Its file is another process's from now on, unless keep() follows; what its tickets say is not
  // heard any more after hand_over().
  void let_file_go();
  void keep();
  void hand_over();
  // There: before open_spool(); the ticket of each listener that has come over; and, behind
  // open_spool(), the ends of those that have not, and those that wait to be heard.
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
  std::string spool_before_;  // the file of the process before
  std::uint64_t next_seq_ = 1;
  std::unordered_map<std::uint64_t, Entry> open_;
  std::map<std::pair<std::string, std::string>, std::vector<std::uint64_t>>
      names_;  // (mount, user) → seqs
  // Waits for its line in the spool.
  struct Waiting {
    ListenerTicket ticket;
    UniqueFunction<void(ListenerTicket)> admitted;  // empty: let in
    SteadyTime since{};
    void let_in();
  };
  std::deque<std::shared_ptr<Waiting>> waiting_;  // oldest first
  std::map<std::uint64_t, SpoolEntry> unheard_;   // ends, by seq
  std::set<std::uint64_t> unclaimed_;             // seqs that were restored, and have no ticket yet
  Timer heartbeat_, patience_;
};

}  // namespace lb
