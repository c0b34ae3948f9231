#include "base/json.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "base/cat.h"
#include "base/encoding.h"

namespace lb {
namespace {

// The depth of nested arrays and objects; brackets within strings do not count.
std::size_t nesting(std::string_view text) noexcept {
  std::size_t depth = 0, deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

// A separate pass, because the library's parser with a callback searches the enclosing array after
// each object: 0.2 s for 64 KB of {}.
class TwiceNamed final : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::string name;  // "": none

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }
  bool start_object(std::size_t) override {
    open_.emplace_back();
    return true;
  }
  bool end_object() override {
    open_.pop_back();
    return true;
  }
  bool key(string_t& text) override {
    if (!open_.back().insert(text).second) name = text;
    return true;
  }

 private:
  std::vector<std::set<std::string>> open_;  // the names of each open object
};

template <class Number>
void append_number(std::string& out, Number value) {
  std::array<char, 32> text{};
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

}  // namespace

Json::Json(std::shared_ptr<const nlohmann::json> document, const nlohmann::json* node)
    : document_(std::move(document)), node_(node) {}

Result<Json> Json::parse(std::string_view text, std::size_t max_depth, Names names) {
  // The library would take it for the end.
  if (text.find('\0') != std::string_view::npos)
    return Error::invalid("JSON: a NUL byte, which no document has");
  if (nesting(text) > max_depth) {
    return Error::limit(cat({"JSON: nested deeper than ", max_depth, " levels"}));
  }
  TwiceNamed twice;
  if (names == Names::kOnce) nlohmann::json::sax_parse(text, &twice);
  auto document =
      std::make_shared<const nlohmann::json>(nlohmann::json::parse(text, nullptr, false));
  if (!twice.name.empty())
    return Error::invalid(cat({"JSON: an object has the name ", twice.name, " twice"}));
  if (document->is_discarded()) {
    return Error::invalid(cat({"JSON: ", text.size(), " bytes that are not a document"}));
  }
  const nlohmann::json* root = document.get();
  return Json(std::move(document), root);
}

bool Json::is_null() const noexcept { return node_ != nullptr && node_->is_null(); }
bool Json::is_object() const noexcept { return node_ != nullptr && node_->is_object(); }
bool Json::is_array() const noexcept { return node_ != nullptr && node_->is_array(); }

std::optional<std::string_view> Json::text() const noexcept {
  if (node_ == nullptr) return std::nullopt;
  const auto* text = node_->get_ptr<const std::string*>();
  if (text == nullptr) return std::nullopt;
  return std::string_view(*text);
}

std::optional<std::uint64_t> Json::u64() const noexcept {
  if (node_ == nullptr || !node_->is_number_unsigned()) return std::nullopt;
  return *node_->get_ptr<const std::uint64_t*>();
}

std::optional<double> Json::number() const noexcept {
  if (node_ == nullptr || !node_->is_number()) return std::nullopt;
  return node_->get<double>();
}

std::optional<bool> Json::boolean() const noexcept {
  if (node_ == nullptr || !node_->is_boolean()) return std::nullopt;
  return node_->get<bool>();
}

Json Json::at(std::string_view name) const {
  if (!is_object()) return {};
  const auto found = node_->find(std::string(name));
  return found == node_->end() ? Json() : Json(document_, &*found);
}

std::size_t Json::size() const noexcept { return is_object() || is_array() ? node_->size() : 0; }

Json Json::at(std::size_t index) const {
  if (index >= size()) return {};
  if (is_array()) return {document_, &(*node_)[index]};
  return {document_, &*std::next(node_->begin(), static_cast<std::ptrdiff_t>(index))};
}

std::string_view Json::name(std::size_t index) const {
  if (!is_object() || index >= size()) return {};
  return std::next(node_->begin(), static_cast<std::ptrdiff_t>(index)).key();
}

std::vector<std::string_view> Json::names() const {
  std::vector<std::string_view> names;
  if (!is_object()) return names;
  names.reserve(size());
  for (auto at = node_->begin(); at != node_->end(); ++at) names.push_back(at.key());
  return names;
}

Json Json::merged(const Json& patch) const {
  auto document = node_ == nullptr ? std::make_shared<nlohmann::json>()
                                   : std::make_shared<nlohmann::json>(*node_);
  if (patch.node_ != nullptr) document->merge_patch(*patch.node_);
  const nlohmann::json* root = document.get();
  return {std::move(document), root};
}

void append_json_text(std::string& out, std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  while (!bytes.empty()) {
    // Plain bytes are copied as one run.
    std::size_t plain = 0;
    while (plain < bytes.size() && bytes[plain] >= ' ' && bytes[plain] < 0x7f &&
           bytes[plain] != '"' && bytes[plain] != '\\') {
      ++plain;
    }
    out += bytes.substr(0, plain);
    bytes.remove_prefix(plain);
    if (bytes.empty()) break;
    const char c = bytes.front();
    std::size_t length = utf8_char(bytes);
    if (length == 0) {
      out += "\xef\xbf\xbd";
      length = 1;
    } else if (length == 2 && c == '\xc2' && static_cast<unsigned char>(bytes[1]) < 0xa0) {
      // Control characters of Latin-1: a terminal that shows a log must not obey them.
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(bytes[1]) >> 4];
      out += kHex[static_cast<unsigned char>(bytes[1]) & 15];
    } else if (length > 1) {
      out += bytes.substr(0, length);
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
    bytes.remove_prefix(length);
  }
  out += '"';
}

void JsonWriter::before_value() {
  if (comma_due_) out_ += ',';
  assert(after_key_ || open_.empty() || open_.back() == ']');
  after_key_ = false;
  comma_due_ = true;
}

JsonWriter& JsonWriter::begin(char bracket) {
  before_value();
  out_ += bracket;
  open_ += bracket == '{' ? '}' : ']';
  comma_due_ = false;
  return *this;
}

JsonWriter& JsonWriter::end(char bracket) {
  assert(!open_.empty() && open_.back() == bracket && !after_key_);
  out_ += bracket;
  open_.pop_back();
  comma_due_ = true;
  return *this;
}

JsonWriter& JsonWriter::begin_object() { return begin('{'); }
JsonWriter& JsonWriter::end_object() { return end('}'); }
JsonWriter& JsonWriter::begin_array() { return begin('['); }
JsonWriter& JsonWriter::end_array() { return end(']'); }

JsonWriter& JsonWriter::key(std::string_view name) {
  assert(!open_.empty() && open_.back() == '}' && !after_key_);
  if (comma_due_) out_ += ',';
  append_json_text(out_, name);
  out_ += ':';
  comma_due_ = false;
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view bytes) {
  before_value();
  append_json_text(out_, bytes);
  return *this;
}

JsonWriter& JsonWriter::number(std::uint64_t value) {
  before_value();
  append_number(out_, value);
  return *this;
}

JsonWriter& JsonWriter::number(std::int64_t value) {
  before_value();
  append_number(out_, value);
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  if (!std::isfinite(value)) return null();
  before_value();
  append_number(out_, value);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  before_value();
  out_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::null() {
  before_value();
  out_ += "null";
  return *this;
}

std::string JsonWriter::take() {
  assert(open_.empty() && !after_key_);
  comma_due_ = false;
  return std::exchange(out_, {});
}

}  // namespace lb
