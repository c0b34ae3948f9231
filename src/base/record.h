// Records: state of one program version for another one, in a hand-over (doc/architecture.md).  A
// record has a type, a length and fields; a field has a number, a kind and a value.  An unknown
// field is skipped, a missing one keeps the struct's initial value.  An unknown field or record
// that must be known makes the reader refuse everything.
//
// The fields of a type are listed once, for both directions:
//
//   template <class Io, RecordOf<SyncMark> T>
//   void record_fields(Io& io, T& mark) {
//     auto& [position, time, standalone] = mark;  // a member more does not compile
//     io(1, position, time, standalone);  // the fields 1, 2 and 3
//   }
//
// A plain type is only its members, with the fields 1, 2, 3 …; a new member is the last one:
//
//   struct SyncMark {
//     …
//     static constexpr PlainRecord kRecord{.members = 3, .needed = 1};  // the first one is needed
//   };
//
// Values: whole numbers, finite real ones, bool, enumerations (by choice()), text, Bytes, durations
// and time points in nanoseconds, types with record_fields(), and optional, vector, deque, map,
// array and shared_ptr of these.  Numbers of fields are never reused: a new field is the last one,
// and after a removed one another io() begins behind its number.
//
// Input is checked as untrusted, because it comes from another version.
// Thread: plain values.
// Bounds: kMaxBytes a record.
// Errors: name the record, the field and the fault.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"

namespace lb {

template <class T, class Of>
concept RecordOf = std::same_as<std::remove_const_t<T>, Of>;

struct PlainRecord {
  unsigned members = 0, needed = 0;
};
template <class T, class F>
void with_members(T& of, F&& then) {
  constexpr unsigned n = T::kRecord.members;
  static_assert(n >= 1 && n <= 8);
  if constexpr (n == 1) {
    auto& [a] = of;
    then(a);
  } else if constexpr (n == 2) {
    auto& [a, b] = of;
    then(a, b);
  } else if constexpr (n == 3) {
    auto& [a, b, c] = of;
    then(a, b, c);
  } else if constexpr (n == 4) {
    auto& [a, b, c, d] = of;
    then(a, b, c, d);
  } else if constexpr (n == 5) {
    auto& [a, b, c, d, e] = of;
    then(a, b, c, d, e);
  } else if constexpr (n == 6) {
    auto& [a, b, c, d, e, f] = of;
    then(a, b, c, d, e, f);
  } else if constexpr (n == 7) {
    auto& [a, b, c, d, e, f, g] = of;
    then(a, b, c, d, e, f, g);
  } else {
    auto& [a, b, c, d, e, f, g, h] = of;
    then(a, b, c, d, e, f, g, h);
  }
}
template <class Io, class T>
requires requires { T::kRecord.members; }
void record_fields(Io& io, T& plain) {
  with_members(plain, [&io](auto&... members) {
    std::uint32_t number = 0;
    const auto field = [&](auto& member) {
      ++number <= T::kRecord.needed ? io.needed(number, member) : io(number, member);
    };
    (field(members), ...);
  });
}

// Types with any number of values, and with a fixed number.
template <class T>
constexpr bool kManyValues = false;
template <class V>
constexpr bool kManyValues<std::vector<V>> = !std::same_as<V, std::byte>;
template <class V>
constexpr bool kManyValues<std::deque<V>> = true;
template <class K, class V, class Less>
constexpr bool kManyValues<std::map<K, V, Less>> = true;
template <class T>
constexpr bool kSomeValues = false;
template <class V, std::size_t N>
constexpr bool kSomeValues<std::array<V, N>> = true;

struct RecordField {
  std::uint32_t number = 0;
  bool needed = false;  // must be known
  bool is_text = false;
  std::uint64_t value = 0;
  std::string_view text;
};

class RecordOut {
 public:
  // Writes fields with the numbers from `first` on.
  template <class... V>
  void operator()(std::uint32_t first, const V&... values) {
    (put(first++, false, values), ...);
  }
  template <class... V>
  void needed(std::uint32_t first, const V&... values) {
    (put(first++, true, values), ...);
  }
  // last: the last enumerator.
  template <class E>
  void choice(std::uint32_t number, const E& value, E /*last*/) {
    put(number, false, static_cast<std::uint64_t>(value));
  }
  const std::string& bytes() const noexcept { return bytes_; }

  static constexpr bool kReads = false;

 private:
  void put_number(std::uint32_t number, bool needed, std::uint64_t value);
  void put_text(std::uint32_t number, bool needed, std::string_view text);

  template <class V>
  void put(std::uint32_t number, bool needed, const V& value) {
    if constexpr (std::is_integral_v<V>)
      put_number(number, needed, static_cast<std::uint64_t>(value));
    else if constexpr (std::is_convertible_v<const V&, std::string_view>)
      put_text(number, needed, value);
    else
      put_other(number, needed, value);
  }
  void put_other(std::uint32_t number, bool needed, double value) {
    put_number(number, needed, std::bit_cast<std::uint64_t>(value));
  }
  void put_other(std::uint32_t number, bool needed, const std::vector<std::byte>& bytes) {
    put_text(number, needed, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  template <class Rep, class Period>
  void put_other(std::uint32_t number, bool needed, std::chrono::duration<Rep, Period> time) {
    put_number(number, needed,
               static_cast<std::uint64_t>(
                   std::chrono::duration_cast<std::chrono::nanoseconds>(time).count()));
  }
  template <class Clock, class D>
  void put_other(std::uint32_t number, bool needed, std::chrono::time_point<Clock, D> time) {
    put_other(number, needed, time.time_since_epoch());
  }
  template <class V>
  void put_other(std::uint32_t number, bool needed, const std::optional<V>& value) {
    if (value) put(number, needed, *value);
  }
  template <class V>
  void put_other(std::uint32_t number, bool needed, const std::shared_ptr<V>& value) {
    if (value) put(number, needed, *value);
  }
  template <class V>
  void put_other(std::uint32_t number, bool needed, const std::vector<V>& values) {
    for (const V& value : values) put(number, needed, value);
  }
  template <class V>
  void put_other(std::uint32_t number, bool needed, const std::deque<V>& values) {
    for (const V& value : values) put(number, needed, value);
  }
  template <class K, class V, class Less>
  void put_other(std::uint32_t number, bool needed, const std::map<K, V, Less>& values) {
    for (const auto& value : values) put(number, needed, value);
  }
  template <class V, std::size_t N>
  void put_other(std::uint32_t number, bool needed, const std::array<V, N>& values) {
    for (const V& value : values) put(number, needed, value);
  }
  template <class A, class B>
  void put_other(std::uint32_t number, bool needed, const std::pair<A, B>& value) {
    RecordOut inner;
    inner(1, value.first, value.second);
    put_text(number, needed, inner.bytes());
  }
  template <class T>
  requires requires(RecordOut& io, const T& value) { record_fields(io, value); }
  void put_other(std::uint32_t number, bool needed, const T& value) {
    RecordOut inner;
    record_fields(inner, value);
    put_text(number, needed, inner.bytes());
  }

  std::string bytes_;
};

class RecordIn {
 public:
  // name: of the record, for errors. bytes: of its fields; they outlive the reader.
  RecordIn(std::string_view name, std::string_view bytes);

  template <class... V>
  void operator()(std::uint32_t first, V&... values) {
    (get(first++, values), ...);
  }
  template <class... V>
  void needed(std::uint32_t first, V&... values) {
    (get(first++, values), ...);
  }
  template <class E>
  void choice(std::uint32_t number, E& value, E last) {
    std::uint64_t got = static_cast<std::uint64_t>(value);
    get(number, got);
    if (got > static_cast<std::uint64_t>(last))
      wrong(number, "is not one of the values that are known");
    else
      value = static_cast<E>(got);
  }
  // A value contradicts other values.
  void wrong(std::uint32_t number, std::string_view what);
  bool failed() const noexcept { return !error_.empty(); }
  // After all fields: a field that must be known and was not read is an error.
  Result<void> done();

  static constexpr bool kReads = true;

 private:
  template <class V>
  void get(std::uint32_t number, V& value) {
    std::size_t seen = 0;
    bool first = true;
    for (std::size_t i = 0; i < fields_.size() && !failed(); ++i) {
      const RecordField& field = fields_[i];
      if (field.number != number) continue;
      asked_[i] = true;
      if constexpr (kManyValues<V>) {
        if (std::exchange(first, false)) value.clear();
        read_one_more(field, value);
      } else if constexpr (kSomeValues<V>) {
        if (seen == value.size()) return wrong(number, "has too many values");
        read(field, value[seen++]);
      } else {
        if (seen++ > 0) return wrong(number, "has two values");
        read(field, value);
      }
    }
  }
  template <class V>
  void read_one_more(const RecordField& field, V& values) {
    read(field, values.emplace_back());
  }
  template <class K, class V, class Less>
  void read_one_more(const RecordField& field, std::map<K, V, Less>& values) {
    std::pair<K, V> value;
    read(field, value);
    values.insert(std::move(value));
  }
  template <class V>
  void read(const RecordField& field, V& value) {
    if constexpr (std::is_integral_v<V>) {
      if (field.is_text) return wrong(field.number, "is not a number");
      value = static_cast<V>(field.value);
      if (static_cast<std::uint64_t>(value) != field.value) wrong(field.number, "is out of range");
    } else {
      read_other(field, value);
    }
  }
  void read_other(const RecordField& field, double& value) {
    if (field.is_text) return wrong(field.number, "is not a number");
    value = std::bit_cast<double>(field.value);
    if (!std::isfinite(value)) wrong(field.number, "is not finite");
  }
  void read_other(const RecordField& field, std::string& value) {
    if (!field.is_text) return wrong(field.number, "is not text");
    value = field.text;
  }
  void read_other(const RecordField& field, std::vector<std::byte>& value) {
    if (!field.is_text) return wrong(field.number, "is not text");
    const auto* from = reinterpret_cast<const std::byte*>(field.text.data());
    value.assign(from, from + field.text.size());
  }
  template <class Rep, class Period>
  void read_other(const RecordField& field, std::chrono::duration<Rep, Period>& value) {
    std::uint64_t ns = 0;
    read(field, ns);
    value = std::chrono::duration_cast<std::chrono::duration<Rep, Period>>(
        std::chrono::nanoseconds(static_cast<std::int64_t>(ns)));
  }
  template <class Clock, class D>
  void read_other(const RecordField& field, std::chrono::time_point<Clock, D>& value) {
    D time{};
    read_other(field, time);
    value = std::chrono::time_point<Clock, D>(time);
  }
  template <class V>
  void read_other(const RecordField& field, std::optional<V>& value) {
    read(field, value.emplace(V{}));
  }
  template <class V>
  void read_other(const RecordField& field, std::shared_ptr<V>& value) {
    auto made = std::make_shared<std::remove_const_t<V>>();
    read(field, *made);
    value = std::move(made);
  }
  template <class A, class B>
  void read_other(const RecordField& field, std::pair<A, B>& value) {
    read_inner(field, [&value](RecordIn& inner) { inner(1, value.first, value.second); });
  }
  template <class T>
  requires requires(RecordIn& io, T& value) { record_fields(io, value); }
  void read_other(const RecordField& field, T& value) {
    read_inner(field, [&value](RecordIn& inner) { record_fields(inner, value); });
  }
  template <class F>
  void read_inner(const RecordField& field, F&& fields) {
    if (!field.is_text) return wrong(field.number, "is not a record");
    RecordIn inner(name_, field.text);
    fields(inner);
    if (auto read = inner.done(); !read) error_ = read.error().what;
  }

  std::string_view name_;
  std::vector<RecordField> fields_;
  std::vector<bool> asked_;
  std::string error_;  // "": none
};

// The saved fields of a part, as the value of a field.
template <class Part>
std::string saved_bytes(const Part& part) {
  RecordOut out;
  part.save(out);
  return out.bytes();
}
template <class Part>
Result<void> restore_part(std::string_view name, std::string_view bytes, Part& part) {
  RecordIn in(name, bytes);
  part.restore(in);
  return in.done();
}

// A file of consecutive records.
constexpr std::size_t kMaxRecordBytes = std::size_t{8} << 20;

// needed: a reader that does not know the type refuses everything.
void put_record(std::string& out, std::uint32_t type, bool needed, const RecordOut& record);

struct RecordHead {
  std::uint32_t type = 0;
  bool needed = false;
  std::string_view bytes;  // of its fields
};
class RecordList {
 public:
  explicit RecordList(std::string_view bytes) noexcept : left_(bytes) {}
  // nullopt: the end.
  Result<std::optional<RecordHead>> next();

 private:
  std::string_view left_;
};

// A whole record as bytes, and back.
template <class T>
std::string record_bytes(const T& record) {
  RecordOut out;
  record_fields(out, record);
  return out.bytes();
}
template <class T>
Result<T> read_record(std::string_view name, std::string_view bytes) {
  T record;
  RecordIn in(name, bytes);
  record_fields(in, record);
  if (auto done = in.done(); !done) return done.error();
  return record;
}

}  // namespace lb
