// Fields: the members of a JSON object and of its struct, each named once in a constexpr table.
// Reader and writer of the object are loops over the table; documents and tests can read it too.
//
//   constexpr auto kPoint = std::to_array({member<Whole<9>, &Point::x>("x").needed(),
//                                          member<Text<64>, &Point::name>("name")});
//   Fields(kPoint).read(in, object, point);
//   Fields(kPoint).write(json, point);
//
// A Kind defines how one value is read and written, with its bounds:
//   Reader                         a class with failed() and wrong(member, fault); one that
//                                  collects all faults is never failed().  Reader::Value is a
//                                  value of it: {reader, name, json}
//   kText                          for documents
//   kAlways                        the forms in which its members are always(); missing: none
//   read(const Value&, V& out)     of a member that is there
//   write(JsonWriter&, const V&)   … or with the form as a third argument
//   empty(const V&)                left out, unless the field is always(); a Kind without it writes
//                                  each value
//   schema(SchemaText&)            of a Kind of bodies (base/object_kinds.h)
// A missing member keeps the struct's initial value.  An optional<V> is read and written as a V if
// it has one.
//
// An object with several forms, such as record and answer, has one table: each field names its
// forms, and Fields uses those of one form.
//
// Thread: constants and pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/json.h"

namespace lb {

struct SchemaText;

using Forms = std::uint8_t;
struct Form {
  static constexpr Forms kRecord = 1;  // of a store: null means missing
  static constexpr Forms kNew = 2, kChange = 4, kBody = kNew | kChange;
  static constexpr Forms kAnswer = 8, kBrief = 16;
  static constexpr Forms kAll = 0xff;
};

template <class T, class R>
struct Field {
  using Object = T;

  // "": not a member: reads the whole object, and may write several members.
  std::string_view name;
  std::string_view kind;
  void (*read)(const typename R::Value& value, T& out);
  void (*write)(JsonWriter&, const Field&, const T& from, Forms form);
  void (*clear)(T& out) = nullptr;  // the effect of null()
  void (*schema)(SchemaText&) = nullptr;
  Forms always_in = 0;            // written even if empty
  std::string_view missing = {};  // the fault if it is missing; "": none
  std::string_view help = {};
  Forms forms = Form::kAll, needed_in = 0, null_in = 0;

  constexpr Field in(Forms of) const {
    Field out = *this;
    out.forms = of;
    return out;
  }
  constexpr Field always(Forms of = Form::kAll) const {
    Field out = *this;
    out.always_in = of;
    return out;
  }
  // Left out if empty.
  constexpr Field sparse(Forms of) const { return always(static_cast<Forms>(always_in & ~of)); }
  constexpr Field needed(Forms of = Form::kAll, std::string_view fault = "is missing") const {
    Field out = always(static_cast<Forms>(always_in | of)).or_fault(fault);
    out.needed_in = of;
    return out;
  }
  constexpr Field or_fault(std::string_view fault) const {
    Field out = *this;
    out.missing = fault;
    return out;
  }
  // JSON's null means the empty value.
  constexpr Field null(Forms of) const {
    Field out = *this;
    out.null_in = of;
    return out;
  }
  constexpr Field about(std::string_view text) const {
    Field out = *this;
    out.help = text;
    return out;
  }
};

// The common part of kinds of values.
struct FieldKind {
  static constexpr std::string_view kText = "";
  template <std::equality_comparable V>
  static bool empty(const V& value) {
    return value == V();
  }
};
// An integer, or a duration.
template <class V>
void write_number(JsonWriter& json, V value) {
  if constexpr (std::is_integral_v<V>)
    json.number(value);
  else
    json.number(static_cast<std::int64_t>(value.count()));
}

template <class T>
struct MemberOf;
template <class T, class V>
struct MemberOf<V T::*> {
  using Object = T;
};

template <class V>
constexpr bool kIsOptional = false;
template <class V>
constexpr bool kIsOptional<std::optional<V>> = true;

template <class Kind, class F, class V>
void write_member(JsonWriter& json, const F& field, const V& value, Forms form) {
  bool is_null = false;
  if constexpr (requires { Kind::empty(value); })
    if (Kind::empty(value)) {
      is_null = (field.null_in & form) != 0;
      if (!is_null && (field.always_in & form) == 0) return;
    }
  if (!field.name.empty()) json.key(field.name);
  if (is_null)
    json.null();
  else if constexpr (requires { Kind::write(json, value, form); })
    Kind::write(json, value, form);
  else
    Kind::write(json, value);
}

template <class Kind, class T>
constexpr Field<T, typename Kind::Reader> field_of(std::string_view name) {
  Field<T, typename Kind::Reader> field{name, Kind::kText, nullptr, nullptr};
  if constexpr (requires { Kind::kAlways; }) field.always_in = Kind::kAlways;
  if constexpr (requires(SchemaText & text) { Kind::schema(text); }) field.schema = &Kind::schema;
  return field;
}
// T: a struct with the member, perhaps from a base.
template <class Kind, auto kMember, class T = typename MemberOf<decltype(kMember)>::Object>
constexpr auto member(std::string_view name) {
  using V = std::remove_cvref_t<decltype(std::declval<T>().*kMember)>;
  using R = typename Kind::Reader;
  Field<T, R> field = field_of<Kind, T>(name);
  if constexpr (kIsOptional<V>) field.always_in = 0;
  field.read = [](const typename R::Value& value, T& out) {
    if constexpr (kIsOptional<V>)
      Kind::read(value, (out.*kMember).emplace());
    else
      Kind::read(value, out.*kMember);
  };
  field.write = [](JsonWriter& json, const Field<T, R>& of, const T& from, Forms form) {
    if constexpr (!kIsOptional<V>)
      write_member<Kind>(json, of, from.*kMember, form);
    else if (from.*kMember)
      write_member<Kind>(json, of.always().null(0), *(from.*kMember), form);
    else if ((of.null_in & form) != 0)
      json.key(of.name).null();
  };
  field.clear = [](T& out) { out.*kMember = V(); };
  return field;
}
// For a Kind that reads the whole struct.
template <class Kind, class T>
constexpr auto whole_member(std::string_view name = {}) {
  using R = typename Kind::Reader;
  Field<T, R> field = field_of<Kind, T>(name);
  field.read = [](const typename R::Value& value, T& out) { Kind::read(value, out); };
  field.write = [](JsonWriter& json, const Field<T, R>& of, const T& from, Forms form) {
    write_member<Kind>(json, of, from, form);
  };
  return field;
}

template <class T, class R>
class Fields {
 public:
  template <std::size_t kCount>
  // NOLINTNEXTLINE(google-explicit-constructor): a table is its fields
  constexpr Fields(const std::array<Field<T, R>, kCount>& rows, Forms form = Form::kAll)
      : rows_(rows), form_(form) {}

  // Members with other names are ignored.
  void read(R& in, const Json& object, T& out) const {
    for (const Field<T, R>& row : rows_) {
      if (in.failed()) return;
      if (!has(row)) continue;
      const Json value = row.name.empty() ? object : object.at(row.name);
      if (value.missing() || (form_ == Form::kRecord && value.is_null())) {
        if (!row.missing.empty() && (row.needed_in & form_ || row.needed_in == 0))
          in.wrong(row.name, row.missing);
      } else if ((row.null_in & form_) != 0 && value.is_null()) {
        row.clear(out);
      } else {
        row.read({in, row.name, value}, out);
      }
    }
  }
  // Only checks that needed members are there.
  void check_needed(R& in, const Json& object) const {
    for (const Field<T, R>& row : rows_)
      if (row.needed_in != 0 && object.at(row.name).missing()) in.wrong(row.name, row.missing);
  }
  void write(JsonWriter& json, const T& from) const {
    for (const Field<T, R>& row : rows_)
      if (has(row)) row.write(json, row, from, form_);
  }
  bool has(const Field<T, R>& row) const noexcept { return (row.forms & form_) != 0; }
  Forms form() const noexcept { return form_; }
  auto begin() const noexcept { return rows_.begin(); }
  auto end() const noexcept { return rows_.end(); }

 private:
  std::span<const Field<T, R>> rows_;
  const Forms form_;
};

}  // namespace lb
