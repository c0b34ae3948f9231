#include "registry/record_text.h"

#include <limits>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"
#include "registry/registry.h"

namespace lb {
namespace {

Error no_record(std::size_t at) { return Error::invalid(cat({"no record at byte ", at})); }

void append_row(std::string& text, std::string_view verb, std::string_view key,
                std::string_view value, std::uint64_t revision, std::int64_t at) {
  text.append(verb).append(key);
  text += cat({' ', revision, ' ', at, ' ', value.size(), '\n'});
  text.append(value) += '\n';
}

}  // namespace

void append_record(std::string& text, std::string_view key, std::string_view value,
                   std::uint64_t revision, std::int64_t at) {
  append_row(text, "put ", key, value, revision, at);
}

void append_record_end(std::string& text, std::size_t count) { text += cat({"end ", count, '\n'}); }

std::string record_text(const std::vector<StoredRecord>& records) {
  std::string text;
  for (const StoredRecord& record : records)
    if (record.value)
      append_record(text, record.key, *record.value, record.revision, record.at);
    else
      append_row(text, "delete ", record.key, {}, record.revision, record.at);
  append_record_end(text, records.size());
  return text;
}

Result<std::vector<StoredRecord>> parse_record_text(std::string_view text, std::size_t at_most) {
  if (text.size() > at_most)
    return Error::limit(cat({"records of ", text.size(), " bytes; ", at_most, " are allowed"}));
  constexpr auto kLatest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::vector<StoredRecord> records;
  for (std::size_t at = 0;;) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) return no_record(at);
    const auto words = split(text.substr(at, end - at), ' ');
    if (words.size() == 2 && words[0] == "end") {
      if (parse_u64(words[1]) != records.size() || end + 1 != text.size()) return no_record(at);
      return records;
    }
    const bool put = words[0] == "put";
    if (words.size() != 5 || (!put && words[0] != "delete") || !is_registry_key(words[1]))
      return no_record(at);
    const auto revision = parse_u64(words[2]), second = parse_u64(words[3]),
               bytes = parse_u64(words[4]);
    if (!revision || !second || *second > kLatest || !bytes || *bytes > Registry::kValueBytes ||
        (!put && *bytes > 0))
      return no_record(at);
    const std::size_t value = end + 1;
    if (text.size() - value <= *bytes || text[value + *bytes] != '\n') return no_record(at);
    StoredRecord record{std::string(words[1]), std::nullopt, *revision,
                        static_cast<std::int64_t>(*second)};
    if (put) record.value = text.substr(value, *bytes);
    records.push_back(std::move(record));
    at = value + *bytes + 1;
  }
}

}  // namespace lb
