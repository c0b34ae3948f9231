// UsageRecords: writes down what this master has counted of accounts, in records of a store that
// it shares with other masters (usage/MASTER/PART), so that each of them knows the sum.
//
// Thread: control.
// Ownership: RecordService.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "api/records/account_usage.h"
#include "registry/store_writer.h"

namespace lb {

class UsageRecords {
 public:
  static constexpr std::chrono::seconds kRetry{5};

  explicit UsageRecords(Loop& control);

  // The store has been loaded, and other masters may read it; it outlives this object.
  void begin(Registry& registry) { writer_.begin(registry); }
  // self: the name of this server.
  void set(UsageBook own, std::string self);
  // The records as they are by now.
  void follow(std::shared_ptr<const RecordBook> book) { book_ = std::move(book); }
  void stop() { writer_.stop(); }

 private:
  UsageBook own_;
  std::string self_;  // "": nothing is known yet
  std::shared_ptr<const RecordBook> book_;
  StoreWriter writer_;
};

}  // namespace lb
