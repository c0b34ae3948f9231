#include "config/schema/value.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

#include "base/cat.h"
#include "base/strings.h"
#include "config/schema/diagnostic.h"

namespace lb {
namespace {

constexpr std::string_view kHidden = "********";
constexpr std::int64_t kFractionParts = 10'000;

struct Unit {
  std::string_view suffix;
  std::int64_t factor;
};
constexpr Unit kSizeUnits[] = {{"k", 1000}, {"m", 1'000'000}, {"g", 1'000'000'000}};
constexpr Unit kTimeUnits[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}};
constexpr Unit kShortTimeUnits[] = {{"ms", 1}, {"s", 1000}};

std::span<const Unit> units_of(ValueKind kind) {
  switch (kind) {
    case ValueKind::kBytes:
    case ValueKind::kRate:
      return kSizeUnits;
    case ValueKind::kSeconds:
      return kTimeUnits;
    case ValueKind::kMilliseconds:
      return kShortTimeUnits;
    default:
      return {};
  }
}

bool is_number(ValueKind kind) { return kind == ValueKind::kNumber || !units_of(kind).empty(); }

struct Number {
  std::int64_t value = 0;
  std::string_view suffix;
};

// An optional sign, digits, and a unit of the kind.  A number beyond 64 bits becomes the largest.
std::optional<Number> parse_number(ValueKind kind, std::string_view text) {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  const bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  std::uint64_t digits = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), digits);
  if (code == std::errc::invalid_argument) return std::nullopt;
  if (code == std::errc::result_out_of_range || digits > static_cast<std::uint64_t>(kLargest)) {
    digits = static_cast<std::uint64_t>(kLargest);
  }
  Number number;
  number.value = static_cast<std::int64_t>(digits);
  number.suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  if (!number.suffix.empty()) {
    const Unit* unit = nullptr;
    for (const Unit& candidate : units_of(kind)) {
      if (iequals(candidate.suffix, number.suffix)) unit = &candidate;
    }
    if (unit == nullptr) return std::nullopt;
    number.value = number.value > kLargest / unit->factor ? kLargest : number.value * unit->factor;
  }
  if (negative) number.value = -number.value;
  return number;
}

// "0.05" and "5%" → 500.  No sign, no exponent, at most four places.
std::optional<Number> parse_fraction(std::string_view text) {
  constexpr std::int64_t kPercents = 100;
  const bool in_percents = text.ends_with('%');
  if (in_percents) text = trim(text.substr(0, text.size() - 1));
  const std::size_t point = std::min(text.find('.'), text.size());
  const auto whole = parse_u64(text.substr(0, point));
  const std::string_view places = text.substr(std::min(point + 1, text.size()));
  const bool ends_in_point = point + 1 == text.size();
  if (!whole || *whole > 1'000'000 || places.size() > 4 || ends_in_point) return std::nullopt;
  std::int64_t value = static_cast<std::int64_t>(*whole) * kFractionParts;
  std::int64_t weight = kFractionParts;
  for (const char c : places) {
    if (c < '0' || c > '9') return std::nullopt;
    weight /= 10;
    value += (c - '0') * weight;
  }
  return Number{in_percents ? value / kPercents : value, {}};
}

std::string show_fraction(std::int64_t value) {
  std::string out = std::to_string(value / kFractionParts);
  std::string places = std::to_string(kFractionParts + value % kFractionParts).substr(1);
  while (!places.empty() && places.back() == '0') places.pop_back();
  return places.empty() ? out : cat({out, ".", places});
}

std::string range_of(const SchemaElement& element) {
  if (element.kind == ValueKind::kFraction)
    return cat({"(", show_fraction(element.min), "…", show_fraction(element.max), ")"});
  return cat({"(", element.min, "…", element.max, ")"});
}

std::string with_example(const SchemaElement& element, std::string message) {
  const bool helps = element.kind != ValueKind::kBool && element.kind != ValueKind::kChoice;
  if (helps && !element.example.empty()) message.append("; example: ").append(element.example);
  return message;
}

std::string wrong(const SchemaElement& element, std::string_view text) {
  return with_example(element, cat({quoted(text), " is not ", describe_type(element)}));
}

std::optional<std::int64_t> parse_bool(std::string_view text) {
  for (std::string_view yes : {"1", "true", "yes", "on"}) {
    if (iequals(text, yes)) return 1;
  }
  for (std::string_view no : {"0", "false", "no", "off"}) {
    if (iequals(text, no)) return 0;
  }
  return std::nullopt;
}

// Icecast-KH accepts "5s" and waits for the stream's bitrate; here 128 kbit/s is assumed.
std::optional<Number> bytes_of_seconds(std::string_view text, std::string& hint) {
  constexpr std::int64_t kBytesPerSecond = 16'000;
  constexpr std::int64_t kMaxSeconds = 3600;
  auto number = parse_number(ValueKind::kSeconds, text);
  if (!number || number->suffix.empty() || number->value < 0) return std::nullopt;
  number->value = std::min(number->value, kMaxSeconds) * kBytesPerSecond;
  number->suffix = {};
  hint = cat({quoted(text), " is taken as ", number->value,
              " bytes, which is so long at 128 kbit/s; write bytes for other bitrates"});
  return number;
}

ValueReport store_number(const SchemaElement& element, const NumberSlot& slot,
                         std::string_view text) {
  ValueReport report;
  for (const SchemaChoice& choice : element.choices) {
    if (iequals(choice.text, text)) {
      slot.set(slot.at, choice.value);
      report.stored = true;
      return report;
    }
  }
  const bool known_to_24 = element.origin == SchemaOrigin::kIcecast24;
  if (element.kind == ValueKind::kBool) {
    if (const auto value = parse_bool(text)) {
      if (known_to_24 && text != "1" && text != "0") {
        report.hint =
            cat({quoted(text), " is taken as ", *value, "; Icecast 2.4 reads every word as 0"});
        report.hint_for_24 = true;
      }
      slot.set(slot.at, *value);
      report.stored = true;
      return report;
    }
    const auto number = parse_number(ValueKind::kNumber, text);
    if (!number) {
      report.problem = wrong(element, text);
      return report;
    }
    report.hint = quoted(text) + " is taken as 1; better write 1";
    slot.set(slot.at, 1);
    report.stored = true;
    return report;
  }
  auto number = element.kind == ValueKind::kFraction ? parse_fraction(text)
                : is_number(element.kind)            ? parse_number(element.kind, text)
                                                     : std::nullopt;
  if (!number && element.as_time) number = bytes_of_seconds(text, report.hint);
  if (!number) {
    report.problem = wrong(element, text);
    return report;
  }
  if (number->value < element.min || number->value > element.max) {
    report.problem = with_example(
        element, cat({quoted(text), " is out of range; it has to be ", describe_type(element)}));
    return report;
  }
  if (element.unset && number->value == *element.unset) return report;
  if (known_to_24 && !number->suffix.empty()) {
    report.hint =
        cat({quoted(text), " is taken as ", number->value, "; Icecast 2.4 ignores the unit"});
  }
  slot.set(slot.at, number->value * element.scale);
  report.stored = true;
  return report;
}

// Removes white space around the text, and adds the '/' of a mount.
std::string tidy(const SchemaElement& element, std::string_view text, std::string& hint) {
  if (element.kind == ValueKind::kSecret) {
    if (trim(text).size() != text.size()) {
      hint = "begins or ends with white space, which is part of the password";
    }
    return std::string(text);
  }
  std::string tidied(trim(text));
  if (tidied.size() != text.size()) {
    hint =
        quoted(text) + " has white space around it, which is removed here and kept by Icecast 2.4";
  }
  if (element.kind == ValueKind::kMount && tidied[0] != '/') {
    tidied.insert(0, 1, '/');
    hint = cat({quoted(text), " does not begin with a /; ", quoted(tidied), " is used"});
  }
  return tidied;
}

// Hides the login and the query, which is often a key.
std::string without_url_secrets(std::string text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  const std::size_t begin = scheme + 3;
  if (const std::size_t query = text.find('?', begin); query != std::string::npos)
    text.replace(query + 1, std::string::npos, kHidden);
  const std::size_t at = text.find('@', begin);
  if (at == std::string::npos || text.find('/', begin) < at) return text;
  return text.replace(begin, at - begin, kHidden);
}

}  // namespace

ValueReport store_value(const SchemaElement& element, void* object, std::string_view text) {
  ValueReport report;
  const Slot slot = element.slot(object);
  if (const auto* number = std::get_if<NumberSlot>(&slot)) {
    const std::string_view tight = trim(text);
    if (tight.empty()) {
      report.hint = "is empty; the default is used";
      return report;
    }
    return store_number(element, *number, tight);
  }
  if (trim(text).empty()) return report;
  if (auto* const* list = std::get_if<std::vector<std::string>*>(&slot)) {
    std::string_view rest = trim(text);
    if (element.kind == ValueKind::kFiles) {
      (*list)->emplace_back(rest);
      rest = {};
    }
    while (!rest.empty()) {
      const std::size_t end = rest.find_first_of(" \t\r\n,");
      (*list)->emplace_back(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : trim(rest.substr(end + 1));
    }
  } else if (auto* const* plain = std::get_if<std::string*>(&slot)) {
    **plain = tidy(element, text, report.hint);
  } else if (auto* const* optional = std::get_if<std::optional<std::string>*>(&slot)) {
    **optional = tidy(element, text, report.hint);
  }
  report.stored = true;
  return report;
}

std::string show_value(const SchemaElement& element, const void* object) {
  const Slot slot = read_slot(element, object);
  if (const auto* number = std::get_if<NumberSlot>(&slot)) {
    const std::int64_t value = number->get(number->at);
    for (const SchemaChoice& choice : element.choices) {
      if (element.kind == ValueKind::kChoice && choice.value == value) {
        return std::string(choice.text);
      }
    }
    if (element.kind == ValueKind::kFraction) return show_fraction(value);
    return std::to_string(value / element.scale);
  }
  if (auto* const* plain = std::get_if<std::string*>(&slot)) return **plain;
  if (auto* const* optional = std::get_if<std::optional<std::string>*>(&slot)) {
    return (*optional)->value_or("");
  }
  std::string out;
  if (auto* const* list = std::get_if<std::vector<std::string>*>(&slot)) {
    for (const std::string& word : **list) {
      if (!out.empty()) out += ' ';
      out += word;
    }
  }
  return out;
}

std::string show_masked(const SchemaElement& element, const void* object) {
  std::string text = show_value(element, object);
  if (element.kind == ValueKind::kSecret) return text.empty() ? text : std::string(kHidden);
  if (element.kind == ValueKind::kOptionValue) {
    const auto& option = *static_cast<const std::pair<std::string, std::string>*>(object);
    if (option.first.find("password") != std::string::npos) return std::string(kHidden);
    return without_url_secrets(std::move(text));
  }
  if (element.kind == ValueKind::kText)
    return without_url_secrets(std::move(text));  // an address of any kind
  return text;
}

std::string describe_type(const SchemaElement& element) {
  switch (element.kind) {
    case ValueKind::kText:
      return "text";
    case ValueKind::kSecret:
      return "a password";
    case ValueKind::kPath:
    case ValueKind::kFiles:
      return "a path";
    case ValueKind::kMount:
      return "a mount";
    case ValueKind::kHost:
      return "a host";
    case ValueKind::kOptionValue:
      return "text";
    case ValueKind::kList:
      return "words";
    case ValueKind::kBool:
      return "1 or 0";
    case ValueKind::kNumber:
      return "a number " + range_of(element);
    case ValueKind::kBytes:
      return (element.scale == 1024 ? "a number of kilobytes " : "a number of bytes ") +
             range_of(element);
    case ValueKind::kRate:
      return "a number of bits a second " + range_of(element);
    case ValueKind::kSeconds:
      return "a number of seconds " + range_of(element);
    case ValueKind::kMilliseconds:
      return "a number of milliseconds " + range_of(element);
    case ValueKind::kFraction:
      return "a decimal number " + range_of(element);
    case ValueKind::kBlock:
      return "a block";
    case ValueKind::kNamed:
      return "an option";
    case ValueKind::kNothing:
      return "not read";
    case ValueKind::kChoice:
      break;
  }
  std::string out = "one of";
  for (const SchemaChoice& choice : element.choices) out.append(" ").append(choice.text);
  return out;
}

}  // namespace lb
