// ObjectReader: reads the members of a JSON object, a body or a record, by tables of Fields, and
// collects all faults with their pointers; a member of no table is a fault too.  ObjectValue: one
// of its values, checked by type and bounds.
//
// Source: RFC 6901.
// Thread: one owner.
// Ownership: the caller owns the faults, which outlive it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "base/json.h"

namespace lb {

class ObjectReader {
 public:
  using Value = struct ObjectValue;

  // at: the pointer of the object, "" for the whole document.
  ObjectReader(Json object, Forms form, std::vector<JsonFault>& faults, std::string at = {});

  // Reads the members of a table that its form has.
  template <std::size_t kCount, class T>
  ObjectReader& take(const std::array<Field<T, ObjectReader>, kCount>& table,
                     std::type_identity_t<T>& out) {
    if (!is_object_) return *this;
    const Fields fields(table, form_);
    for (const auto& row : fields)
      if (fields.has(row) && !row.name.empty()) known_.push_back(row.name);
    fields.read(*this, object_, out);
    return *this;
  }
  Json take(std::string_view name);  // missing if absent
  bool has(std::string_view name) const { return !object_.at(name).missing(); }
  // Adds faults for members that were not taken, except in a record: a later version may have more.
  void finish();

  Forms form() const noexcept { return form_; }
  static constexpr bool failed() noexcept { return false; }
  void wrong(std::string_view name, std::string_view fault);
  void wrong_at(std::string pointer, std::string fault);
  std::string pointer(std::string_view name) const;
  std::vector<JsonFault>& faults() const noexcept { return faults_; }

 private:
  Json object_;
  const bool is_object_;
  const Forms form_;
  std::vector<JsonFault>& faults_;
  const std::string at_;
  std::vector<std::string_view> known_;
};

// nullopt, and a fault, for a value of another type or out of bounds.
struct ObjectValue {
  ObjectReader& in;
  std::string_view name;
  const Json& json;

  // UTF-8 without control characters.
  std::optional<std::string> text(std::size_t max_bytes) const;
  std::optional<std::uint64_t> number(std::uint64_t least, std::uint64_t most) const;
  std::optional<bool> boolean() const;
  // Empty texts are faults.
  std::optional<std::vector<std::string>> texts(std::size_t max_count, std::size_t max_bytes) const;
  void wrong(std::string_view fault) const { in.wrong(name, fault); }
};

}  // namespace lb
