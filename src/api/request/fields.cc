#include "api/request/fields.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

}  // namespace

BodyFields::BodyFields(Json object, std::vector<ProblemFault>& faults, std::string at)
    : object_(std::move(object)), faults_(faults), at_(std::move(at)) {
  if (!object_.missing() && !object_.is_object()) {
    faults_.push_back({at_, "an object is needed"});
    object_ = Json();
  }
}

std::string BodyFields::pointer(std::string_view name) const {
  std::string out = at_ + "/";
  for (const char c : name) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

void BodyFields::fault(std::string_view name, std::string detail) {
  faults_.push_back({pointer(name), std::move(detail)});
}

Json BodyFields::take(std::string_view name) {
  known_.emplace_back(name);
  return object_.at(name);
}

std::optional<std::string> BodyFields::text(std::string_view name, std::size_t max_bytes) {
  const Json value = take(name);
  if (value.missing()) return std::nullopt;
  const auto text = value.text();
  if (!text)
    fault(name, "a text is needed");
  else if (text->size() > max_bytes)
    fault(name, cat({"the text has ", text->size(), " bytes; at most ", max_bytes, " are taken"}));
  else if (has_control(*text))
    fault(name, "the text has a control character");
  else
    return std::string(*text);
  return std::nullopt;
}

std::optional<std::uint64_t> BodyFields::number(std::string_view name, std::uint64_t least,
                                                std::uint64_t most) {
  const Json value = take(name);
  if (value.missing()) return std::nullopt;
  const auto number = value.u64();
  if (number && *number >= least && *number <= most) return number;
  fault(name, cat({"a whole number from ", least, " to ", most, " is needed"}));
  return std::nullopt;
}

std::optional<std::optional<std::uint64_t>> BodyFields::limit(std::string_view name,
                                                              std::uint64_t most) {
  if (object_.at(name).is_null()) {
    take(name);
    return std::optional<std::uint64_t>();
  }
  const auto number = this->number(name, 0, most);
  if (!number) return std::nullopt;
  return number;
}

std::optional<bool> BodyFields::boolean(std::string_view name) {
  const Json value = take(name);
  if (value.missing()) return std::nullopt;
  const auto flag = value.boolean();
  if (!flag) fault(name, "true or false is needed");
  return flag;
}

std::optional<std::vector<std::string>> BodyFields::texts(std::string_view name,
                                                          std::size_t max_count,
                                                          std::size_t max_bytes) {
  const Json value = take(name);
  if (value.missing()) return std::nullopt;
  if (!value.is_array() || value.size() > max_count) {
    fault(name, cat({"a list of at most ", max_count, " texts is needed"}));
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto text = value.at(i).text();
    if (!text || text->empty() || text->size() > max_bytes || has_control(*text)) {
      faults_.push_back(
          {cat({pointer(name), "/", i}), cat({"a text of 1 to ", max_bytes, " bytes is needed"})});
      return std::nullopt;
    }
    texts.emplace_back(*text);
  }
  return texts;
}

void BodyFields::finish() {
  for (std::size_t i = 0; i < object_.size(); ++i) {
    const std::string_view name = object_.name(i);
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    std::string detail = "no such member";
    const std::vector<std::string_view> known(known_.begin(), known_.end());
    if (const std::string_view near = nearest_word(name, known); !near.empty())
      detail += cat({"; did you mean \"", near, "\"?"});
    fault(name, std::move(detail));
  }
}

Problem invalid(std::vector<ProblemFault> faults) {
  Problem problem{ProblemName::kInvalid};
  problem.detail =
      faults.size() == 1 ? "one member is wrong" : cat({faults.size(), " members are wrong"});
  problem.errors = std::move(faults);
  return problem;
}

Problem invalid_at(std::string pointer, std::string detail) {
  return invalid({{std::move(pointer), std::move(detail)}});
}

}  // namespace lb
