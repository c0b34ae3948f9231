// LogoutRecords: tells other servers which logins have ended, by records of the store (ended/SID),
// and removes these when they matter no longer (api/records/ended_plans.h).
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

#include "api/request/record_book.h"
#include "auth/login/session_book.h"
#include "registry/store_writer.h"

namespace lb {

struct Runtime;

class LogoutRecords {
 public:
  static constexpr std::size_t kMaxWaiting = 1024;
  static constexpr std::chrono::seconds kRetry{1}, kCheck{5};

  explicit LogoutRecords(Runtime& runtime);

  // The store has been loaded; it outlives this object.
  void begin(Registry& registry) { writer_.begin(registry); }
  void add(EndedLogin login);
  // The records as they are by now.
  void follow(std::shared_ptr<const RecordBook> book);
  void stop() { writer_.stop(); }

 private:
  RegistryWrite plan();
  void written(const CommitAnswer& answer);

  Runtime& runtime_;
  std::shared_ptr<const RecordBook> book_;
  std::deque<EndedLogin> waiting_;
  std::vector<EndedLogin> taken_;  // the write under way has these
  std::string trouble_;            // why the last write failed, said once
  StoreWriter writer_;
};

}  // namespace lb
