// LogoutRecords: tells other servers which logins have ended, by records of the store (ended/SID),
// and removes these when they matter no longer (api/ended_plans.h).
//
// A logout is in force at this server before it comes here, so no answer waits for the store.  What
// cannot be written now waits; one write is under way at a time, and takes all that has come
// meanwhile.
// Thread: control.
// Ownership: RecordService.
// Bounds: kMaxWaiting logouts wait; of more the oldest is not told, which the log says.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "api/record_book.h"
#include "app/services/services.h"
#include "auth/session_book.h"
#include "registry/registry.h"

namespace lb {

class LogoutRecords {
 public:
  static constexpr std::size_t kMaxWaiting = 1024;
  static constexpr std::chrono::seconds kRetry{1}, kCheck{5};

  explicit LogoutRecords(Services& services);

  // The store has been loaded; it outlives this object.
  void begin(Registry& registry);
  void add(EndedLogin login);
  // The records as they are by now.
  void follow(std::shared_ptr<const RecordBook> book);
  void stop();

 private:
  void write();
  void written(std::vector<EndedLogin> taken, const CommitAnswer& answer);
  void check_again();

  Services& services_;
  Registry* registry_ = nullptr;  // null: not yet
  std::shared_ptr<const RecordBook> book_;
  std::deque<EndedLogin> waiting_;
  bool writing_ = false, stopped_ = false;
  std::string trouble_;  // why the last write failed, said once
  Timer timer_;
};

}  // namespace lb
