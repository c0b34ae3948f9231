// DeletionDoubt: whether the deletion of records is believed that no master of this program made.
//
// One mistaken command can delete a whole store, and a creation by mistake costs nothing.  So a
// deletion from elsewhere is held back for kDoubt, and is believed if it is what a person does by
// hand: a few records.  More than kByHand of those that listeners, sources and logins live by, or
// all of one kind of them, are not believed.
// Thread: control, or its owner's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace lb {

// Of mounts, users, accounts and API tokens, by class.
using RecordCounts = std::map<std::string, std::size_t, std::less<>>;
void count_record(RecordCounts& counts, std::string_view key);

class DeletionDoubt {
 public:
  static constexpr std::chrono::seconds kDoubt{3};
  static constexpr std::size_t kByHand = 3;

  void add(std::string key, std::uint64_t revision) { keys_[std::move(key)] = revision; }
  // It has been written again.
  void forget(const std::string& key) { keys_.erase(key); }
  void clear() { keys_.clear(); }
  bool empty() const noexcept { return keys_.empty(); }
  const std::map<std::string, std::uint64_t>& keys() const noexcept { return keys_; }
  RecordCounts counts() const;

 private:
  std::map<std::string, std::uint64_t> keys_;  // with the revisions of their deletion
};

// What of `held` is gone, in words, if it is more than is believed; "": it is not.
std::string too_many_deleted(const RecordCounts& held, const RecordCounts& gone);

}  // namespace lb
