// Kinds of values in frames: how each is read, checked and written (base/fields.h).
//
// Source: doc/link.md, "Lines".
// Thread: pure functions; FrameMembers has one user.
// Errors: the fault of FrameMembers.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/fields.h"
#include "base/json.h"
#include "base/result.h"
#include "cluster/link/frame.h"

namespace lb {

// FrameMembers: keeps the first fault of the frame being read.  FrameValue: one of its values, read
// by type and range; after a fault nothing is read.  Errors name the member: "LOAD: lis is not a
// whole number".
class FrameMembers {
 public:
  using Value = struct FrameValue;

  // frame: its name, for errors.
  explicit FrameMembers(std::string_view frame) : frame_(frame) {}

  const std::optional<Error>& fault() const noexcept { return fault_; }
  bool failed() const noexcept { return fault_.has_value(); }
  void wrong(std::string_view name, std::string_view how);
  // The next members are members of `name`; "": of the frame, or of a row.
  void within(std::string_view name) noexcept { within_ = name; }
  // The row being read is of a later version, and is ignored.
  void skip_row() noexcept { skips_ = true; }
  bool take_skip() noexcept { return std::exchange(skips_, false); }

 private:
  const std::string_view frame_;
  std::string_view within_;
  std::optional<Error> fault_;
  bool skips_ = false;
};

// The value of a member, or a part of it; lives for one expression.
struct FrameValue {
  FrameMembers& in;
  std::string_view name;
  const Json& json;

  static constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();

  FrameValue part(const Json& of) const { return {in, name, of}; }
  void wrong(std::string_view how) const { in.wrong(name, how); }

  // nullopt if the value is missing.
  std::optional<std::uint64_t> whole(std::uint64_t most) const;
  double real(double most) const;
  std::string text(std::size_t most) const;
  // An is_node_id().
  std::string word() const;
  // Decoded, and a name under which a relay may publish.
  std::string mount() const;

  // Calls each(FrameValue) for every element of an array; a missing one has none.
  template <class Each>
  void array(std::size_t most, Each each) const {
    if (!is_array(most)) return;
    for (std::size_t i = 0; i < json.size() && !in.failed(); ++i) each(part(json.at(i)));
  }

 private:
  bool is_array(std::size_t most) const;
};

// The part of a text that text() accepts: cut, with refused bytes as "?".
std::string fit_text(std::string_view text, std::size_t most);

struct FrameKind : FieldKind {
  using Reader = FrameMembers;
};

// An integer, or a duration.
template <std::uint64_t kMax = FrameValue::kLargest>
struct Whole : FrameKind {
  template <class V>
  static void read(const FrameValue& value, V& out) {
    if (const auto number = value.whole(kMax)) out = static_cast<V>(*number);
  }
  template <class V>
  static void write(JsonWriter& json, V value) {
    write_number(json, value);
  }
};
template <std::uint64_t kMax = FrameValue::kLargest>
struct Positive : Whole<kMax> {
  template <class V>
  static void read(const FrameValue& value, V& out) {
    Whole<kMax>::read(value, out);
    if (out == 0) value.wrong("is 0");
  }
};
using Seq = Positive<>;

// Whole numbers are written without a fraction.
template <std::uint64_t kMax>
struct Real : FrameKind {
  template <class V>
  static void read(const FrameValue& value, V& out) {
    out = static_cast<V>(value.real(static_cast<double>(kMax)));
  }
  static void write(JsonWriter& json, double value) {
    if (value >= 0 && value < 1e15)
      json.number(static_cast<std::uint64_t>(value + 0.5));
    else
      json.number(value);
  }
  static bool empty(double value) { return !(value > 0); }
};

struct Boolean : FrameKind {
  static constexpr std::string_view kText = "true/false";
  static void read(const FrameValue& value, bool& out) {
    if (const auto is = value.json.boolean())
      out = *is;
    else
      value.wrong("is neither true nor false");
  }
  static void write(JsonWriter& json, bool value) { json.boolean(value); }
};
// RowFlag: a boolean of a row; a value of another type is ignored.
struct RowFlag : Boolean {
  static void read(const FrameValue& value, bool& out) {
    out = value.json.boolean().value_or(false);
  }
};

template <std::size_t kMax = kLongestText>
struct Text : FrameKind {
  static constexpr std::string_view kText = "*text*";
  static void read(const FrameValue& value, std::string& out) { out = value.text(kMax); }
  static void write(JsonWriter& json, std::string_view value) { json.text(fit_text(value, kMax)); }
};
struct Word : FrameKind {
  static constexpr std::string_view kText = "*word*";
  static void read(const FrameValue& value, std::string& out) { out = value.word(); }
  static void write(JsonWriter& json, std::string_view value) { json.text(value); }
};
struct MountName : FrameKind {
  static constexpr std::string_view kText = "*mount*";
  static void read(const FrameValue& value, std::string& out) { out = value.mount(); }
  static void write(JsonWriter& json, std::string_view value) {
    json.text(percent_encode(value, true));
  }
};
// Bytes as text.
template <std::size_t kMaxText, std::size_t kMax, std::size_t kLeast>
struct Base64 : FrameKind {
  static void read(const FrameValue& value, std::string& out) {
    auto bytes = base64_decode(value.text(kMaxText));
    if (!bytes || bytes->size() < kLeast)
      value.wrong("is not base64");
    else if (bytes->size() > kMax)
      value.wrong(cat({"holds ", bytes->size(), " bytes, the most is ", kMax}));
    else
      out = std::move(*bytes);
  }
  static void write(JsonWriter& json, std::string_view bytes) { json.text(base64_encode(bytes)); }
};

// The value of kValues whose to_text() is `word`.
template <auto... kValues>
auto one_of(std::string_view word) noexcept {
  std::optional<std::common_type_t<decltype(kValues)...>> out;
  const auto is = [&](auto value) { return to_text(value) == word && (out = value, true); };
  (void)(is(kValues) || ...);
  return out;
}
inline constexpr char kNoFault[] = "";
// kParse: makes an E, or an optional E, of a word. kFault: the fault of an unknown word. kNoFault:
// an unknown word is of a later version, so the default is kept, or the row is skipped (kSkips).
template <auto kParse, const char* kFault = kNoFault, bool kSkips = false>
struct Name : FrameKind {
  static constexpr std::string_view kText = "*word*";
  template <class E>
  static void read(const FrameValue& value, E& out) {
    const std::optional<E> parsed = kParse(value.word());
    if (parsed) {
      out = *parsed;
    } else {
      if (*kFault != '\0') value.wrong(kFault);
      if constexpr (kSkips) value.in.skip_row();
    }
  }
  template <class E>
  static void write(JsonWriter& json, E value) {
    json.text(to_text(value));
  }
};

template <class Kind, std::size_t kMax = kLongestFrame>
struct ListOf : FrameKind {
  static constexpr std::string_view kText = Kind::kText;
  template <class V>
  static void read(const FrameValue& value, V& out) {
    value.array(kMax, [&](const FrameValue& element) {
      Kind::read(element, out.emplace_back());
      if (value.in.take_skip()) out.pop_back();
    });
  }
  template <class V>
  static void write(JsonWriter& json, const V& values) {
    json.begin_array();
    for (const auto& value : values) Kind::write(json, value);
    json.end_array();
  }
};

// An object with its own members.
template <const auto& kFields>
struct Object : FrameKind {
  template <class T>
  static void read(const FrameValue& value, T& out) {
    if (!value.json.is_object()) return value.wrong("is not an object");
    value.in.within(value.name);
    Fields(kFields).read(value.in, value.json, out);
    value.in.within("");
  }
  template <class T>
  static void write(JsonWriter& json, const T& from) {
    json.begin_object();
    Fields(kFields).write(json, from);
    json.end_object();
  }
};
// A row with missing members is refused before any of them is judged.
template <const auto& kFields>
struct RowOf : Object<kFields> {
  template <class T>
  static void read(const FrameValue& value, T& out) {
    if (!value.json.is_object()) return value.wrong("has an element that is not an object");
    Fields(kFields).check_needed(value.in, value.json);
    Fields(kFields).read(value.in, value.json, out);
  }
};

// A check of the whole struct, in place of a member.
template <auto kJudge>
struct Check : FrameKind {
  template <class T>
  static void read(const FrameValue& value, T& out) {
    kJudge(value.in, out);
  }
  template <class T>
  static void write(JsonWriter&, const T&) {}
};

}  // namespace lb
