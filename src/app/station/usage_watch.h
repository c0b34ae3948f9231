// UsageWatch: what accounts have used this month, each kEvery, where one has a quota of it.
//
// At 80 and at 100 percent of a quota there is an event; a hard one that is used up closes the
// mounts of the account for listeners that come, until the month is over or the quota is another
// one.  Only the server that has the audience's database knows it.
// Thread: control, except view(); sums on the thread of the database.
// Ownership: Services.
// Errors: logged, at most one line a second; what is known stays until the month is over.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "api/account_usage.h"
#include "app/services/services.h"
#include "base/snapshot.h"
#include "net/loop.h"

namespace lb {

class UsageWatch {
 public:
  static constexpr std::chrono::seconds kEvery{10};

  explicit UsageWatch(Services& services);
  void configure(const Config& config);
  void stop() { timer_.cancel(); }

  // -- any thread --------------------------------------------------------------------------------
  std::shared_ptr<const UsageBook> view() const { return view_.read(); }
  // The account, "" for none, of this mount takes no listener now.
  bool is_closed(const std::string& mount) const;

 private:
  void look();
  void known(const Result<UsageBook>& usage);

  Services& services_;
  Snapshot<UsageBook> view_;
  std::string month_;
  UsageLevels levels_;  // of which there were events this month
  bool under_way_ = false;
  RepeatGuard guard_;
  Timer timer_;
};

}  // namespace lb
