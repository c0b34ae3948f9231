#include "base/object_reader.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kMaxHints = 50;  // an answer lists at most so many faults

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

}  // namespace

ObjectReader::ObjectReader(Json object, Forms form, std::vector<JsonFault>& faults, std::string at)
    : object_(std::move(object)),
      is_object_(object_.is_object()),
      form_(form),
      faults_(faults),
      at_(std::move(at)) {
  if (!is_object_) faults_.push_back({at_, "an object is needed"});
}

std::string ObjectReader::pointer(std::string_view name) const {
  std::string out = at_ + "/";
  for (const char c : name) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

void ObjectReader::wrong(std::string_view name, std::string_view fault) {
  wrong_at(pointer(name), std::string(fault));
}

void ObjectReader::wrong_at(std::string pointer, std::string fault) {
  faults_.push_back({std::move(pointer), std::move(fault)});
}

Json ObjectReader::take(std::string_view name) {
  known_.push_back(name);
  return object_.at(name);
}

void ObjectReader::finish() {
  if (form_ == Form::kRecord) return;
  for (const std::string_view name : object_.names()) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    std::string detail = "no such member";
    const std::string_view near =
        faults_.size() < kMaxHints ? nearest_word(name, known_) : std::string_view();
    if (!near.empty()) detail += cat({"; did you mean \"", near, "\"?"});
    wrong(name, detail);
  }
}

std::optional<std::string> ObjectValue::text(std::size_t max_bytes) const {
  const auto text = json.text();
  if (!text)
    wrong("a text is needed");
  else if (text->size() > max_bytes)
    wrong(cat({"the text has ", text->size(), " bytes; at most ", max_bytes, " are taken"}));
  else if (has_control(*text))
    wrong("the text has a control character");
  else
    return std::string(*text);
  return std::nullopt;
}

std::optional<std::uint64_t> ObjectValue::number(std::uint64_t least, std::uint64_t most) const {
  const auto number = json.u64();
  if (number && *number >= least && *number <= most) return number;
  wrong(cat({"a whole number from ", least, " to ", most, " is needed"}));
  return std::nullopt;
}

std::optional<bool> ObjectValue::boolean() const {
  const auto flag = json.boolean();
  if (!flag) wrong("true or false is needed");
  return flag;
}

std::optional<std::vector<std::string>> ObjectValue::texts(std::size_t max_count,
                                                           std::size_t max_bytes) const {
  if (!json.is_array() || json.size() > max_count) {
    wrong(cat({"a list of at most ", max_count, " texts is needed"}));
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto text = json.at(i).text();
    if (!text || text->empty() || text->size() > max_bytes || has_control(*text)) {
      in.wrong_at(cat({in.pointer(name), "/", i}),
                  cat({"a text of 1 to ", max_bytes, " bytes is needed"}));
      return std::nullopt;
    }
    texts.emplace_back(*text);
  }
  return texts;
}

}  // namespace lb
