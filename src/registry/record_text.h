// RecordText: records with their revisions, one or several in a file, beside the files for people.
//
//   put mounts/%2Frock.mp3 412 1700000000 57      key, revision, second of 1970, bytes
//   <mount>…</mount>
//   delete users/anna 412 1700000000 0
//
//   end 2
//
// Thread: pure functions.
// Bounds: the text, by its reader; every key is_registry_key(), every value at most
// Registry::kValueBytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lb {

struct StoredRecord {
  std::string key;
  std::optional<std::string> value;  // nullopt: deleted
  std::uint64_t revision = 0;
  std::int64_t at = 0;  // Unix seconds

  bool operator==(const StoredRecord&) const = default;
};

constexpr std::size_t kRecordTextBytes = std::size_t{16} << 20;

std::string record_text(const std::vector<StoredRecord>& records);
// The same piece by piece: a present record, and the end after `count` records.
void append_record(std::string& text, std::string_view key, std::string_view value,
                   std::uint64_t revision, std::int64_t at);
void append_record_end(std::string& text, std::size_t count);
// Errors: kInvalid (with the byte), kLimit.
Result<std::vector<StoredRecord>> parse_record_text(std::string_view text,
                                                    std::size_t at_most = kRecordTextBytes);

}  // namespace lb
