#include "registry/deletion_doubt.h"

#include <algorithm>
#include <array>

#include "base/cat.h"
#include "registry/key.h"

namespace lb {
namespace {

constexpr std::array<std::string_view, 4> kVital{"accounts", "mounts", "tokens", "users"};

}  // namespace

void count_record(RecordCounts& counts, std::string_view key) {
  const std::string_view record_class = registry_class(key);
  if (std::find(kVital.begin(), kVital.end(), record_class) != kVital.end())
    ++counts[std::string(record_class)];
}

RecordCounts DeletionDoubt::counts() const {
  RecordCounts counts;
  for (const auto& [key, revision] : keys_) count_record(counts, key);
  return counts;
}

std::string too_many_deleted(const RecordCounts& held, const RecordCounts& gone) {
  std::size_t all = 0;
  bool whole_class = false;
  std::string words;
  for (const auto& [record_class, count] : gone) {
    const auto at = held.find(record_class);
    const std::size_t of = at == held.end() ? 0 : at->second;
    all += count;
    whole_class = whole_class || (count > 1 && count >= of);
    words += cat({words.empty() ? "" : ", ", count, " of ", of, ' ', record_class});
  }
  return all > DeletionDoubt::kByHand || whole_class ? words : std::string();
}

}  // namespace lb
