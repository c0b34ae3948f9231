#include "base/record.h"

#include <algorithm>

#include "base/cat.h"

namespace lb {
namespace {

constexpr unsigned kVarintBytes = 10;
constexpr std::size_t kUsualFields = 40;  // one allocation is enough for so many

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

// False: the varint is cut short or too long.
bool take_varint(std::string_view& from, std::uint64_t& value) {
  value = 0;
  for (unsigned i = 0; i < kVarintBytes && i < from.size(); ++i) {
    const auto byte = static_cast<unsigned char>(from[i]);
    if (i + 1 == kVarintBytes && byte > 1) return false;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      from.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

bool take_text(std::string_view& from, std::string_view& text) {
  std::uint64_t size = 0;
  if (!take_varint(from, size) || size > from.size()) return false;
  text = from.substr(0, static_cast<std::size_t>(size));
  from.remove_prefix(text.size());
  return true;
}

// The key of a field has its number, whether it must be known, and whether it is text.
bool take_field(std::string_view& from, RecordField& field) {
  std::uint64_t key = 0;
  if (!take_varint(from, key) || key >> 2 > std::numeric_limits<std::uint32_t>::max()) return false;
  field.number = static_cast<std::uint32_t>(key >> 2);
  field.needed = (key & 2) != 0;
  field.is_text = (key & 1) != 0;
  return field.is_text ? take_text(from, field.text) : take_varint(from, field.value);
}

std::uint64_t key_of(std::uint32_t number, bool needed, bool is_text) {
  return std::uint64_t{number} << 2 | (needed ? 2u : 0u) | (is_text ? 1u : 0u);
}

}  // namespace

void RecordOut::put_number(std::uint32_t number, bool needed, std::uint64_t value) {
  put_varint(bytes_, key_of(number, needed, false));
  put_varint(bytes_, value);
}

void RecordOut::put_text(std::uint32_t number, bool needed, std::string_view text) {
  put_varint(bytes_, key_of(number, needed, true));
  put_varint(bytes_, text.size());
  bytes_ += text;
}

RecordIn::RecordIn(std::string_view name, std::string_view bytes) : name_(name) {
  fields_.reserve(std::min(bytes.size() / 2, kUsualFields));
  while (!bytes.empty()) {
    RecordField field;
    if (!take_field(bytes, field)) {
      error_ = cat({"record ", name_, ": what follows its field ", fields_.size(), " is cut"});
      return;
    }
    fields_.push_back(field);
  }
  asked_.resize(fields_.size());
}

void RecordIn::wrong(std::uint32_t number, std::string_view what) {
  if (error_.empty()) error_ = cat({"record ", name_, ": field ", number, " ", what});
}

Result<void> RecordIn::done() {
  for (std::size_t i = 0; i < asked_.size() && !failed(); ++i)
    if (fields_[i].needed && !asked_[i])
      wrong(fields_[i].number, "must be known, and this version does not know it");
  if (failed()) return Error::invalid(error_);
  return {};
}

void put_record(std::string& out, std::uint32_t type, bool needed, const RecordOut& record) {
  put_varint(out, std::uint64_t{type} << 1 | (needed ? 1u : 0u));
  put_varint(out, record.bytes().size());
  out += record.bytes();
}

Result<std::optional<RecordHead>> RecordList::next() {
  if (left_.empty()) return std::optional<RecordHead>();
  std::uint64_t key = 0;
  RecordHead head;
  if (!take_varint(left_, key) || key >> 1 > std::numeric_limits<std::uint32_t>::max() ||
      !take_text(left_, head.bytes))
    return Error::invalid(
        cat({"a list of records is cut, ", left_.size(), " bytes before its end"}));
  if (head.bytes.size() > kMaxRecordBytes)
    return Error::limit(
        cat({"a record has ", head.bytes.size(), " bytes, more than ", kMaxRecordBytes}));
  head.type = static_cast<std::uint32_t>(key >> 1);
  head.needed = (key & 1) != 0;
  return std::optional<RecordHead>(head);
}

}  // namespace lb
