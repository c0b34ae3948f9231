// UsageRecords: records this master's counts of accounts and mounts in a store that it shares with
// other masters (usage/MASTER/PART), so that each knows the sum; and which master announces a
// notice (usage/*).
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

  // The store has been loaded, and other masters may read it; it must outlive this object.
  void begin(Registry& registry) { writer_.begin(registry); }
  // self: the name of this server.
  void set(UsageBook own, std::string self);
  // Calls `announce` for each notice that no other master has announced, once that is recorded.
  using Announce = std::function<void(const UsageNotice&)>;
  void claim(const std::vector<UsageNotice>& notices, Announce announce);
  // Takes the present records.
  void follow(std::shared_ptr<const RecordBook> book) { book_ = std::move(book); }
  void stop() { writer_.stop(); }

 private:
  RegistryWrite plan();
  void written(const CommitAnswer& answer);

  UsageBook own_;
  std::string self_;  // "": set() was not called yet
  std::shared_ptr<const RecordBook> book_;
  std::vector<UsageNotice> claims_, written_claims_;  // waiting; in the write under way
  Announce announce_;
  StoreWriter writer_;
};

}  // namespace lb
