// UsageWatch: sums the usage of this month, each kEvery, of accounts and mounts with a limit of it.
//
// At 80 and at 100 percent of a limit it publishes an event.  A hard one that is used up closes the
// account's mounts, or the mount, to new listeners until the month ends or the limit changes; that
// of a mount may also suspend it.  A master with a database counts, and sends its nodes the result.
// Masters that share a store record their counts, all know the sum, and the first to record a
// notice publishes it.  A file keeps this month's notices, so that a restart repeats none and opens
// no closed account.
// Thread: control, except view(); sums on the database's thread.
// Ownership: Services.
// Errors: logged, at most one line a second; the last sums stay until the month ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/records/account_usage.h"
#include "base/log.h"
#include "base/rate_limit.h"
#include "base/snapshot.h"
#include "net/loop/loop.h"

namespace lb {

struct Config;
struct Network;

class UsageWatch {
 public:
  static constexpr std::chrono::seconds kEvery{10};

  explicit UsageWatch(Network& network);
  // Reads the file, earlier than the first configure(), which is not to wait for it.
  void prepare(const Config& config);
  void configure(const Config& config);
  void stop() { timer_.cancel(); }
  // The records are in force for the first time.
  void records_read() { close_kept(); }

  // What masters have closed: accounts and mounts.
  struct ClosedOne {
    std::int64_t until = 0;  // Unix seconds
    bool suspends = false;
  };
  using Closed = std::map<std::string, ClosedOne, std::less<>>;
  static std::string closed_json(const ClosedOne& one);
  static std::optional<ClosedOne> parse_closed(std::string_view json);
  void take_closed(Closed closed);

  // -- any thread --------------------------------------------------------------------------------
  std::shared_ptr<const UsageBook> view() const { return view_.read(); }
  // For threads that check every request: takes no lock while nothing changes.
  class Reader {
   public:
    explicit Reader(const UsageWatch& of) : view_(of.view_), told_(of.told_) {}
    // Whether any mount takes no new listeners now.
    bool any_closed() { return !view_.read().closed.empty() || !told_.read().empty(); }

   private:
    SnapshotReader<UsageBook> view_;
    SnapshotReader<Closed> told_;
  };
  // Why this mount takes no new listeners now: "account-quota", "mount-quota"; "": it takes some.
  std::string_view why_closed(const std::string& mount) const;

 private:
  static bool counts(const Config& config);
  void read_levels(const Config& config);
  void read_again();
  void check();
  void counted(Result<UsageBook> own);
  void known(const UsageBook& usage);
  // Closes what the file has as used up, until the database has answered.
  void close_kept();
  void publish(const UsageBook& usage);
  bool is_closed(std::string_view name) const;
  // Suspends and resumes mounts.
  void suspend();
  void tell(const UsageNotice& notice);
  void keep_levels();

  Network& network_;

  Snapshot<UsageBook> view_;
  Snapshot<Closed> told_;
  std::string month_;
  UsageBook own_;            // the last answer of this server's database
  UsageLevels levels_;       // with events this month
  std::string levels_path_;  // "": there is no file
  std::string kept_;         // content of the file
  bool prepared_ = false;
  bool under_way_ = false;
  bool warned_ = false;       // that nothing is counted
  bool had_accounts_ = true;  // at the last count; an old database may have some
  RepeatGuard guard_;
  Timer timer_;
};

}  // namespace lb
