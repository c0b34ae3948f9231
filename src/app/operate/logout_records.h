// LogoutRecords: publishes ended logins to other servers by records of the store (ended/SID), and
// removes the records when they no longer matter (api/records/ended_plans.h).
//
// A logout is in force here before it is added, so no answer waits for the store.  Failed writes
// are retried; one write at a time takes all logouts that came meanwhile.
// Thread: control.
// Ownership: RecordService.
// Bounds: kMaxWaiting waiting logouts; beyond that the oldest is not published, which is logged.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "auth/login/session_book.h"
#include "registry/store_writer.h"

namespace lb {

class RecordBook;
struct Runtime;

class LogoutRecords {
 public:
  static constexpr std::size_t kMaxWaiting = 1024;
  static constexpr std::chrono::seconds kRetry{1}, kCheck{5};

  explicit LogoutRecords(Runtime& runtime);

  // The store has been loaded; it must outlive this object.
  void begin(Registry& registry) { writer_.begin(registry); }
  void add(EndedLogin login);
  // Takes the present records.
  void follow(std::shared_ptr<const RecordBook> book);
  void stop() { writer_.stop(); }

 private:
  RegistryWrite plan();
  void written(const CommitAnswer& answer);

  Runtime& runtime_;
  std::shared_ptr<const RecordBook> book_;
  std::deque<EndedLogin> waiting_;
  std::vector<EndedLogin> taken_;  // in the write under way
  std::string trouble_;            // why the last write failed; logged once
  StoreWriter writer_;
};

}  // namespace lb
