// UsageRecords: writes down what this master has counted of accounts, in records of a store that
// it shares with other masters (usage/MASTER/PART), so that each of them knows the sum, and that it
// is the one that tells of it (usage/*).
//
// Thread: control.
// Ownership: RecordService.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/records/account_usage.h"
#include "registry/store_writer.h"

namespace lb {

class RecordBook;

class UsageRecords {
 public:
  static constexpr std::chrono::seconds kRetry{5};

  explicit UsageRecords(Loop& control);

  // The store has been loaded, and other masters may read it; it outlives this object.
  void begin(Registry& registry) { writer_.begin(registry); }
  // self: the name of this server.
  void set(UsageBook own, std::string self);
  // Calls `announce` for each that no other master has told, once it is written down.
  using Announce = std::function<void(const UsageNotice&)>;
  void claim(const std::vector<UsageNotice>& notices, Announce announce);
  // The records as they are by now.
  void follow(std::shared_ptr<const RecordBook> book) { book_ = std::move(book); }
  void stop() { writer_.stop(); }

 private:
  RegistryWrite plan();
  void written(const CommitAnswer& answer);

  UsageBook own_;
  std::string self_;  // "": nothing is known yet
  std::shared_ptr<const RecordBook> book_;
  std::vector<UsageNotice> claims_, written_claims_;  // that wait; of the write under way
  Announce announce_;
  StoreWriter writer_;
};

}  // namespace lb
