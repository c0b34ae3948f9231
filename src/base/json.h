// JSON: Json reads, JsonWriter writes.
// Json is a thin view of nlohmann-json, which no other file may include.  JsonWriter writes
// straight into a string, for pages that are requested every second.
// Source: RFC 8259.
//
// Thread: a Json may be read from any thread, because its document never changes; a JsonWriter has
// one owner.
// Lifetime: every Json keeps its document alive; a text() is valid as long as any Json of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lb {

// A fault in a member of a document.
// Source: RFC 6901.
struct JsonFault {
  std::string pointer, detail;  // "": the document as a whole
};

class Json {
 public:
  Json() = default;  // "missing": the result of at() for an absent member

  // Errors: kInvalid: not JSON or not UTF-8; kLimit: arrays and objects nested deeper than
  // max_depth. kOnce: duplicate names are kInvalid, because some readers use the first member and
  // others the last.
  enum class Names : std::uint8_t { kAny, kOnce };
  static constexpr std::size_t kDepth = 32;
  static Result<Json> parse(std::string_view text, std::size_t max_depth = kDepth,
                            Names names = Names::kAny);

  bool missing() const noexcept { return node_ == nullptr; }
  bool is_null() const noexcept;
  bool is_object() const noexcept;
  bool is_array() const noexcept;

  // nullopt for another type: a number in quotes is text, 1.0 and -1 are no u64.
  std::optional<std::string_view> text() const noexcept;
  std::optional<std::uint64_t> u64() const noexcept;
  std::optional<double> number() const noexcept;
  std::optional<bool> boolean() const noexcept;

  // The member with that name, or "missing".  Of duplicates the last counts.
  Json at(std::string_view name) const;
  // Elements of an array, members of an object by name; 0 for other types.
  std::size_t size() const noexcept;
  Json at(std::size_t index) const;                // "missing" from size() on
  std::string_view name(std::size_t index) const;  // of a member; "": none
  std::vector<std::string_view> names() const;     // of all members

  // A new document: this one with the members of `patch` merged in, recursively in objects; null
  // removes a member.
  // Source: RFC 7396.
  Json merged(const Json& patch) const;

 private:
  Json(std::shared_ptr<const nlohmann::json> document, const nlohmann::json* node);

  std::shared_ptr<const nlohmann::json> document_;
  const nlohmann::json* node_ = nullptr;
};

// Writes one document: it adds commas and escapes; the caller nests properly (asserted).  Invalid
// UTF-8 in texts becomes U+FFFD, so the document is always valid.
class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);  // the value follows

  JsonWriter& text(std::string_view bytes);
  JsonWriter& number(std::uint64_t value);
  JsonWriter& number(std::int64_t value);
  JsonWriter& number(int value) { return number(static_cast<std::int64_t>(value)); }
  JsonWriter& number(unsigned value) { return number(static_cast<std::uint64_t>(value)); }
  JsonWriter& number(double value);  // infinite or not a number: null
  JsonWriter& boolean(bool value);
  // A list of texts.
  template <class Texts>
  JsonWriter& texts(const Texts& all) {
    begin_array();
    for (const std::string_view one : all) text(one);
    return end_array();
  }
  JsonWriter& null();

  // Reserves memory for a document of about this size.
  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  // REQUIRES: everything begun has ended
  std::string take();

 private:
  void before_value();
  JsonWriter& begin(char bracket);
  JsonWriter& end(char bracket);

  std::string out_;
  std::string open_;        // closing brackets of open arrays and objects
  bool comma_due_ = false;  // a value precedes this place in the same array or object
  bool after_key_ = false;
};

// "text" as JSON, with its quotes.
void append_json_text(std::string& out, std::string_view bytes);

}  // namespace lb
