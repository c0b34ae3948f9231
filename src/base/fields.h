// Fields: the members of a JSON object and of the struct that it is read into, each named once in a
// constexpr table.  The reader and the writer of the object are loops over that table; documents
// and tests can read it too.
//
//   constexpr auto kPoint = std::to_array({member<Whole<9>, &Point::x>("x").needed(),
//                                          member<Text<64>, &Point::name>("name")});
//   Fields(kPoint).read(in, object, point);
//   Fields(kPoint).write(json, point);
//
// A Kind is how one value is read and written, with its bounds:
//   Reader                         a class with failed() and wrong(member, fault); one that
//                                  collects all faults is never failed().  Reader::Value is a
//                                  value of it: {reader, name, json}
//   kText                          for documents
//   read(const Value&, V& out)     of a member that is there
//   write(JsonWriter&, const V&)
//   empty(const V&)                left out, unless the field is always(); a Kind without it writes
//                                  each value
// Where a member is missing, the value that the struct begins with stands.  An optional<V> is read
// and written as a V where it is there.
//
// Thread: constants and pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/json.h"

namespace lb {

template <class T, class R>
struct Field {
  using Object = T;

  // "": no member of its own: it reads the whole object, and may write several members.
  std::string_view name;
  std::string_view kind;
  void (*read)(const typename R::Value& value, T& out);
  void (*write)(JsonWriter&, const Field&, const T& from);
  std::string_view missing = {};  // the fault where it is missing; "": none
  bool is_always = false;         // written also where it is empty
  bool is_needed = false;

  constexpr Field always() const {
    Field out = *this;
    out.is_always = true;
    return out;
  }
  constexpr Field needed() const {
    Field out = always().or_fault("is missing");
    out.is_needed = true;
    return out;
  }
  constexpr Field or_fault(std::string_view fault) const {
    Field out = *this;
    out.missing = fault;
    return out;
  }
};

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
void write_member(JsonWriter& json, const F& field, const V& value) {
  if constexpr (requires { Kind::empty(value); })
    if (!field.is_always && Kind::empty(value)) return;
  if (!field.name.empty()) json.key(field.name);
  Kind::write(json, value);
}

template <class Kind, auto kMember>
constexpr auto member(std::string_view name) {
  using T = typename MemberOf<decltype(kMember)>::Object;
  using V = std::remove_cvref_t<decltype(std::declval<T>().*kMember)>;
  using R = typename Kind::Reader;
  return Field<T, R>{name, Kind::kText,
                     [](const typename R::Value& value, T& out) {
                       if constexpr (kIsOptional<V>)
                         Kind::read(value, (out.*kMember).emplace());
                       else
                         Kind::read(value, out.*kMember);
                     },
                     [](JsonWriter& json, const Field<T, R>& field, const T& from) {
                       if constexpr (!kIsOptional<V>)
                         write_member<Kind>(json, field, from.*kMember);
                       else if (from.*kMember)
                         write_member<Kind>(json, field.always(), *(from.*kMember));
                     }};
}
// For a Kind that takes the whole struct.
template <class Kind, class T>
constexpr auto whole_member(std::string_view name = {}) {
  using R = typename Kind::Reader;
  return Field<T, R>{name, Kind::kText,
                     [](const typename R::Value& value, T& out) { Kind::read(value, out); },
                     [](JsonWriter& json, const Field<T, R>& field, const T& from) {
                       write_member<Kind>(json, field, from);
                     }};
}

template <class T, class R>
class Fields {
 public:
  template <std::size_t kCount>
  // NOLINTNEXTLINE(google-explicit-constructor): a table is its fields
  constexpr Fields(const std::array<Field<T, R>, kCount>& rows) : rows_(rows) {}

  // Members of other names are passed over.
  void read(R& in, const Json& object, T& out) const {
    for (const Field<T, R>& row : rows_) {
      if (in.failed()) return;
      const Json value = row.name.empty() ? object : object.at(row.name);
      if (!value.missing())
        row.read({in, row.name, value}, out);
      else if (!row.missing.empty())
        in.wrong(row.name, row.missing);
    }
  }
  // Only whether those that are needed are there.
  void check_needed(R& in, const Json& object) const {
    for (const Field<T, R>& row : rows_)
      if (row.is_needed && object.at(row.name).missing()) in.wrong(row.name, row.missing);
  }
  void write(JsonWriter& json, const T& from) const {
    for (const Field<T, R>& row : rows_) row.write(json, row, from);
  }
  auto begin() const noexcept { return rows_.begin(); }
  auto end() const noexcept { return rows_.end(); }

 private:
  std::span<const Field<T, R>> rows_;
};

}  // namespace lb
