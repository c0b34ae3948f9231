// UsageWatch: what accounts have used this month, each kEvery, where one has a quota of it.
//
// At 80 and at 100 percent of a quota there is an event; a hard one that is used up closes the
// mounts of the account for listeners that come, until the month is over or the quota is another
// one.  A master with a database counts, and tells its nodes; masters that share a store write down
// what each has, all of them know the sum, and the first one that writes it down tells of it.  What
// there were events of this month is kept in a file: a restart tells none of them again.
// Thread: control, except view(); sums on the thread of the database.
// Ownership: Services.
// Errors: logged, at most one line a second; what is known stays until the month is over.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "api/records/account_usage.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "net/loop/loop.h"

namespace lb {

struct Config;
struct Network;

class UsageWatch {
 public:
  static constexpr std::chrono::seconds kEvery{10};

  explicit UsageWatch(Network& network);
  void configure(const Config& config);
  void stop() { timer_.cancel(); }

  // What masters say of accounts: until when their mounts are closed, in Unix seconds.
  using Closed = std::map<std::string, std::int64_t, std::less<>>;
  void take_closed(Closed closed) {
    told_.publish(std::make_shared<const Closed>(std::move(closed)));
  }

  // -- any thread --------------------------------------------------------------------------------
  std::shared_ptr<const UsageBook> view() const { return view_.read(); }
  // For a thread that asks at every request: no lock while nothing changes.
  class Reader {
   public:
    explicit Reader(const UsageWatch& of) : view_(of.view_), told_(of.told_) {}
    // Some account may take no listener now.
    bool any_closed() { return !view_.read().closed.empty() || !told_.read().empty(); }

   private:
    SnapshotReader<UsageBook> view_;
    SnapshotReader<Closed> told_;
  };
  // The account, "" for none, of this mount takes no listener now.
  bool is_closed(const std::string& mount) const;

 private:
  void check();
  void counted(Result<UsageBook> own);
  void known(const UsageBook& usage);
  void tell(const UsageNotice& notice);
  void keep_levels();

  Network& network_;

  Snapshot<UsageBook> view_;
  Snapshot<Closed> told_;
  std::string month_;
  UsageBook own_;            // as this server's database said last
  UsageLevels levels_;       // of which there were events this month
  std::string levels_path_;  // "": nowhere
  std::string kept_;         // as it is in the file
  bool under_way_ = false;
  bool warned_ = false;  // that nothing counts
  RepeatGuard guard_;
  Timer timer_;
};

}  // namespace lb
