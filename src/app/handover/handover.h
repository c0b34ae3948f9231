// Handover: this process hands over everything to a new one of the same program, which goes on with
// it: listen sockets, logs, mounts, sources, listeners, requests (doc/architecture.md).
//
//   kIdle → kPreparing (the new process reads its configuration; this one serves as before)
//         → kFreezing  (writers of files rest, then all loops stand still, and the new process
//                       gets all records)
//         → GO: the new one reads and writes, this one finishes its answers and ends
//
// Until GO no byte moves and nothing is reported: after a failure this process goes on where it
// was, and reports the reason.
//
// Thread: control.
// Ownership: Server.
// Bounds: one at a time; kPrepare until the new process is ready, kFreeze for the rest, kTake for
// the transfer, kRemainder for unfinished answers.
// Errors: a line in the error log; the caller of --upgrade gets the same.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "app/handover/launch.h"
#include "app/handover/offer_record.h"
#include "app/handover/stand_in.h"
#include "app/process/notify.h"
#include "app/services/listen_sockets.h"
#include "archive/record/recording_record.h"
#include "net/loop/loop.h"
#include "net/loop/loop_pause.h"
#include "net/socket/fd_channel.h"
#include "net/socket/fd_parcel.h"

namespace lb {

struct CountsRecord;
struct DumpRecord;
struct ListingsRecord;
class HandoverOut;
class Mount;
struct Network;
struct RecordsSinceRecord;
struct RegistryContent;
struct SourceRecord;

struct HandoverPlan {
  Launch launch;
  bool background = false;  // --upgrade without waiting
  std::chrono::microseconds watchdog{0};
  std::size_t store = 0;                     // descriptors that the service manager keeps
  bool confined = false;                     // (program/confine.h)
  std::function<std::string()> obstacle;     // why the server cannot be replaced; "": it can
  std::function<std::string()> lack;         // … for want of memory
  std::function<void()> reload;              // of the configuration
  std::function<CountsRecord()> counts;      // of MetricsService
  std::function<ListingsRecord()> listings;  // of DirectoryService
  std::function<bool()> adds_listings;       // likewise, and their answers are awaited
  std::function<std::vector<ListenSockets::Handed>()> switch_ports;  // of SwitchService
  // Of CertificateOrders::in_use().
  std::function<std::map<std::string, std::string>()> certificates;
  // Closes connections that follow events: their readers reconnect, to the next process.  While all
  // loops stand still.
  std::function<void()> end_readers;
  // Writes the charts to their file, which the next process reads, and calls back on control.
  std::function<void(std::function<void()>)> write_charts;
};

class Handover {
 public:
  Handover(Network& network, const ListenSockets& sockets, Notifier& notifier, HandoverPlan plan,
           Standing standing);
  ~Handover();

  // asker: the number that --upgrade sent with the signal, perhaps again; 0: no program waits for
  // the outcome.
  void start(std::uint64_t asker);
  bool is_under_way() const noexcept { return step_ != Step::kIdle; }
  // Reloads in the process that serves in the end: the next one may have read the file before its
  // last change.
  void reload_when_over() noexcept { reload_ = true; }
  // Likewise for its logs, which it may have opened before they were moved away.
  void reopen_when_over() noexcept { reopen_ = true; }
  Standing& standing() noexcept { return standing_; }
  // While all loops stand still.  obstacle(): why this process cannot be replaced at this moment;
  // "": it can.  save(): writes all records.  forget(): another process has them.  Tests call these
  // directly, with the next process within their own.
  std::string obstacle();
  Result<void> save(HandoverOut& out);
  void forget();

  static constexpr std::chrono::seconds kPrepare{30}, kTake{2}, kRemainder{3};
  static constexpr std::chrono::milliseconds kFreeze{500};

 private:
  enum class Step : std::uint8_t { kIdle, kPreparing, kFreezing, kGone };

  Result<void> offer();
  Result<UniqueFd> offer_stand_in(HandoverOut& out, OfferRecord& offer);
  // The sockets stay open until the offer is sent.
  void offer_sockets(HandoverOut& out, OfferRecord& offer,
                     const std::vector<ListenSockets::Handed>& switch_ports) const;
  // Returns copies, until they are sent.
  std::vector<UniqueFd> offer_certificates(HandoverOut& out, OfferRecord& offer) const;
  UniqueFd offer_pictures(OfferRecord& offer);
  UniqueFd offer_records(OfferRecord& offer);
  UniqueFd offer_titles();
  void on_channel(short events);
  void freeze();
  void rest_records();
  void rest_files(std::function<void()> then);
  void files_go_on();
  void pause();
  void writers_go_on();
  void frozen(const Result<void>& rests);
  Result<void> give();
  Result<void> save_audience(HandoverOut& out);
  void save_files(HandoverOut& out);
  void save_records(HandoverOut& out);
  static void put_records(HandoverOut& out, RegistryContent content);
  RecordsSinceRecord records_since(RegistryContent content) const;
  void save_server(HandoverOut& out);
  // Saves mounts that play files, and ended ones.
  using Numbers = std::unordered_map<const Mount*, std::uint64_t>;
  void save_ended_mounts(HandoverOut& out, Numbers& numbers);
  void save_listeners(HandoverOut& out, const Numbers& numbers);
  // Files whose rest is sent, by their descriptors; several requests may share one.
  using SavedFiles = std::unordered_map<int, MovedFd>;
  void save_requests(HandoverOut& out, std::uint32_t worker, SavedFiles& files);
  Result<void> save_relay(HandoverOut& out, const SourceRecord& source);
  void save_titles(HandoverOut& out);
  void save_players(HandoverOut& out);
  void save_cluster(HandoverOut& out);
  void gone();
  void end_remainder();
  void leave();
  void failed(std::string_view why);
  void end_successor();
  void reap();
  // Connected to where that asker waits for its answer; empty: it has left.
  UniqueFd socket_to(std::uint64_t asker) const;
  void tell(std::uint64_t asker, std::string_view outcome, bool done) const;

  Network& network_;
  const ListenSockets& sockets_;
  Notifier& notifier_;
  const HandoverPlan plan_;
  Standing standing_;
  Step step_ = Step::kIdle;
  std::uint64_t asker_ = 0;  // of start()
  FdChannel channel_;
  pid_t successor_ = 0;
  UniqueFd stands_;  // for a stand-in that this process becomes
  LoopPause pause_;
  Watch watch_;
  Timer deadline_, again_, answers_, reap_;
  std::vector<pid_t> dying_;          // former successors
  std::unique_ptr<Timer> remainder_;  // of worker 0
  std::set<std::string> pictures_;    // offered ones, by name
  // Offered records of the store: keys and revisions, in this order.
  std::vector<std::pair<std::string, std::uint64_t>> records_;
  std::uint64_t records_revision_ = 0;
  std::uint64_t titles_to_ = 0;  // TitleHistory::changes() of the offered ones
  // Properties of the next process: the data that it has, and the records that it can read.
  bool has_records_ = false, has_titles_ = false, in_parts_ = false, rests_ = false, files_ = false,
       shared_ = false;
  bool reload_ = false, reopen_ = false;
  // State of threads that write files, which rest during kFreezing.
  std::optional<ArchiveRecord> archive_;
  std::vector<DumpRecord> dumps_;
  std::uint64_t turn_ = 0;     // of freeze(), and the charts before
  bool clients_wait_ = false;  // of backends and records, since since_
  SteadyTime since_{};
  SteadyTime listed_by_{};  // later, additions to directories are not waited for
  EndRecord given_;
};

// The address at which icecast-lb --upgrade waits for the outcome: by its process number or, if
// another program has that address, by `asker`.
constexpr std::uint64_t kUsualAsker = 1;
std::string upgrade_address(std::uint64_t known_pid, std::uint64_t asker);

}  // namespace lb
