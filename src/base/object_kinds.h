// Kinds of values of bodies and records (base/fields.h): how each is read, checked, written and
// described.  ObjectSchema: the schema of an object, from its tables; SchemaText: the members of
// one value's schema, added by its Kind.
//
// Source: JSON Schema 2020-12.
// Thread: pure functions, plain values; ObjectReader has one user.
// Errors: the faults of ObjectReader.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/cat.h"
#include "base/object_reader.h"
#include "base/result.h"

namespace lb {

class ObjectSchema;

struct SchemaText {
  std::string& out;
  const Forms form;
  const bool null;  // null is also a value
  ObjectSchema& object;

  // "string"; or the name of a schema in the document.
  SchemaText& type(std::string_view word);
  SchemaText& reference(std::string_view schema);
  SchemaText& raw(std::string_view members);
  // Bounds for reading; a writer keeps them anyway.
  SchemaText& bound(std::string_view name, std::uint64_t number);
};

class ObjectSchema {
 public:
  // Answers require always-written members, bodies those that are needed(). least: the form whose
  // members each answer has.
  explicit ObjectSchema(Forms form, Forms least = Form::kAll) : form_(form), least_(least) {}

  template <std::size_t kCount, class T>
  ObjectSchema& add(const std::array<Field<T, ObjectReader>, kCount>& table) {
    const bool is_body = (form_ & Form::kBody) != 0;
    for (const auto& row : table)
      if ((row.forms & form_) != 0)
        add_row(row.name, row.schema, (row.null_in & form_) != 0,
                (row.forms & least_) != 0 &&
                    ((is_body ? row.needed_in : row.always_in | row.null_in) & form_) != 0,
                row.help);
    return *this;
  }
  // is_open: other members are allowed.
  std::string text(bool is_open = false) const;
  std::string members(bool is_open = false) const;  // of the schema, without braces

 private:
  void add_row(std::string_view name, void (*schema)(SchemaText&), bool null, bool needed,
               std::string_view help);

  const Forms form_, least_;
  std::string needed_, properties_;
};

struct ObjectKind : FieldKind {
  using Reader = ObjectReader;
  static constexpr Forms kAlways = Form::kAll;
};

template <std::size_t kMax, std::size_t kLeast = 0>
struct JsonText : ObjectKind {
  static void read(const ObjectValue& value, std::string& out) {
    auto text = value.text(kMax);
    if (!text) return;
    if (text->size() < kLeast)
      value.wrong(kLeast == 1 ? "it is empty" : cat({"at least ", kLeast, " bytes are needed"}));
    else
      out = *std::move(text);
  }
  static void write(JsonWriter& json, std::string_view text) { json.text(text); }
  static void schema(SchemaText& text) {
    text.type("string");
    if (kLeast > 0) text.bound("minLength", kLeast);
    text.bound("maxLength", kMax);
  }
};
struct JsonFlag : ObjectKind {
  static void read(const ObjectValue& value, bool& out) {
    if (const auto flag = value.boolean()) out = *flag;
  }
  static void write(JsonWriter& json, bool flag) { json.boolean(flag); }
  static void schema(SchemaText& text) { text.type("boolean"); }
};
// An integer, or a duration.
template <std::uint64_t kLeast, std::uint64_t kMax>
struct JsonNumber : ObjectKind {
  template <class V>
  static void read(const ObjectValue& value, V& out) {
    if (const auto number = value.number(kLeast, kMax)) out = static_cast<V>(*number);
  }
  template <class V>
  static void write(JsonWriter& json, V value) {
    write_number(json, value);
  }
  static void schema(SchemaText& text) {
    constexpr std::uint64_t kLargestExact = std::uint64_t{1} << 53;  // of a double
    text.type("integer").bound("minimum", kLeast);
    if constexpr (kMax <= kLargestExact) text.bound("maximum", kMax);
  }
};
using JsonCount = JsonNumber<0, ~std::uint64_t{0}>;
using UnixSeconds = JsonNumber<0, 1'000'000'000'000>;
// JavaScript might round the number.  Only for writing, like the next kinds.
struct NumberAsText : JsonCount {
  static void write(JsonWriter& json, std::uint64_t value) { json.text(std::to_string(value)); }
  static void schema(SchemaText& text) { text.type("string"); }
};
struct JsonReal : ObjectKind {
  static void write(JsonWriter& json, double value) { json.number(value); }
  static void read(const ObjectValue&, double&) {}
  static void schema(SchemaText& text) { text.type("number"); }
};

template <std::size_t kCount, std::size_t kBytes>
struct JsonTexts : ObjectKind {
  static void read(const ObjectValue& value, std::vector<std::string>& out) {
    if (auto texts = value.texts(kCount, kBytes)) out = *std::move(texts);
  }
  static void write(JsonWriter& json, const std::vector<std::string>& texts) { json.texts(texts); }
  static void schema(SchemaText& text) {
    text.type("array").bound("maxItems", kCount).raw(R"("items":{"type":"string"})");
  }
};
// Names or patterns of mounts.
template <std::size_t kCount>
struct MountNames : JsonTexts<kCount, 255> {
  static void read(const ObjectValue& value, std::vector<std::string>& out) {
    auto names = value.texts(kCount, 255);
    if (!names) return;
    for (const std::string& name : *names)
      if (!name.starts_with('/')) value.wrong(cat({"\"", name, "\" does not begin with /"}));
    out = *std::move(names);
  }
};

// A word of kWords: as text, or as the enumerator (or bool) of its number. kFault: of an unknown
// word; "": it is ignored.
template <const auto& kWords, const char* kFault>
struct JsonWord : ObjectKind {
  static constexpr std::size_t kLongest = 20;

  template <class V>
  static void read(const ObjectValue& value, V& out) {
    const auto text = value.text(kLongest);
    if (!text) return;
    for (std::size_t i = 0; i < kWords.size(); ++i)
      if (kWords[i] == *text) return set(i, out);
    if (*kFault != '\0') value.wrong(kFault);
  }
  template <class V>
  static void write(JsonWriter& json, const V& value) {
    if constexpr (std::is_convertible_v<V, std::string_view>)
      json.text(value);
    else
      json.text(kWords[static_cast<std::size_t>(value)]);
  }
  static void schema(SchemaText& text) {
    std::string words;
    for (const std::string_view word : kWords)
      words += cat({words.empty() ? "\"" : ",\"", word, '"'});
    text.raw(cat({"\"enum\":[", words, text.null ? ",null]" : "]"}));
  }

 private:
  template <class V>
  static void set(std::size_t index, V& out) {
    if constexpr (std::is_convertible_v<V, std::string_view>)
      out = kWords[index];
    else
      out = static_cast<V>(index);
  }
};

// An object with its own table.
template <const auto& kFields>
struct JsonObject : ObjectKind {
  template <class T>
  static void read(const ObjectValue& value, T& out) {
    ObjectReader(value.json, value.in.form(), value.in.faults(), value.in.pointer(value.name))
        .take(kFields, out)
        .finish();
  }
  template <class T>
  static void write(JsonWriter& json, const T& from, Forms form) {
    json.begin_object();
    Fields(kFields, form).write(json, from);
    json.end_object();
  }
  static void schema(SchemaText& text) {
    text.type("object").raw(ObjectSchema(text.form).add(kFields).members());
  }
};
// A list of such objects.
template <const auto& kFields, std::size_t kCount>
struct JsonList : ObjectKind {
  template <class T>
  static void read(const ObjectValue& value, std::vector<T>& out) {
    out.clear();
    if (!value.json.is_array() || value.json.size() > kCount)
      return value.wrong(cat({"a list of at most ", kCount, " objects is needed"}));
    for (std::size_t i = 0; i < value.json.size(); ++i)
      ObjectReader(value.json.at(i), value.in.form(), value.in.faults(),
                   cat({value.in.pointer(value.name), "/", i}))
          .take(kFields, out.emplace_back())
          .finish();
  }
  template <class T>
  static void write(JsonWriter& json, const std::vector<T>& list, Forms form) {
    json.begin_array();
    for (const T& one : list) JsonObject<kFields>::write(json, one, form);
    json.end_array();
  }
  static void schema(SchemaText& text) {
    text.type("array")
        .bound("maxItems", kCount)
        .raw(cat({"\"items\":{\"type\":\"object\",", ObjectSchema(text.form).add(kFields).members(),
                  "}"}));
  }
};
// The members of a table, directly in this object.
template <const auto& kFields>
struct MembersOf : ObjectKind {
  template <class T>
  static void read(const ObjectValue& value, T& out) {
    value.in.take(kFields, out);
  }
  template <class T>
  static void write(JsonWriter& json, const T& from, Forms form) {
    Fields(kFields, form).write(json, from);
  }
  static void schema(SchemaText& text) { text.object.add(kFields); }
};

// Reads a record of a store; returns its first fault. what, name: "ban", "x7".
template <const auto& kFields, class T>
std::optional<Error> record_fault(std::string_view what, std::string_view name, const Json& json,
                                  T& out) {
  std::vector<JsonFault> faults;
  ObjectReader(json, Form::kRecord, faults).take(kFields, out);
  if (faults.empty()) return std::nullopt;
  return Error::invalid(
      cat({what, " ", name, ": ", faults.front().pointer, ": ", faults.front().detail}));
}
// {…}, in one of its forms.
template <const auto& kFields, class T>
std::string object_json(Forms form, const T& from) {
  JsonWriter json;
  JsonObject<kFields>::write(json, from, form);
  return json.take();
}

}  // namespace lb
