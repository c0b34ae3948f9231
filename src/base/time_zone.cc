#include "base/time_zone.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kLongestFile = 256 * 1024, kLongestName = 64;
constexpr std::string_view kMagic = "TZif", kNoFile = "is not a time zone file";
constexpr std::int64_t kDay = 86'400;

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t value = !bytes.empty() && (bytes[0] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(value);
}

// The six counts that follow "TZif", the version and fifteen unused bytes.
struct ZoneHead {
  static constexpr std::size_t kBytes = 44;
  std::size_t ut = 0, standard = 0, leaps = 0, times = 0, types = 0, letters = 0;
  char version = 0;

  static std::optional<ZoneHead> read(std::string_view bytes) {
    if (bytes.size() < kBytes || !bytes.starts_with(kMagic)) return std::nullopt;
    ZoneHead head;
    head.version = bytes[4];
    std::size_t at = 20;
    for (std::size_t* number :
         {&head.ut, &head.standard, &head.leaps, &head.times, &head.types, &head.letters}) {
      const auto value = big_endian(bytes.substr(at, 4));
      if (value < 0 || value > static_cast<std::int64_t>(kLongestFile)) return std::nullopt;
      *number = static_cast<std::size_t>(value);
      at += 4;
    }
    return head;
  }
  std::size_t data(std::size_t time_bytes) const {
    return times * (time_bytes + 1) + types * 6 + letters + leaps * (time_bytes + 4) + standard +
           ut;
  }
};

std::int64_t first_day(int year, unsigned month) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(1)};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

int year_at(std::int64_t shown) {
  const std::chrono::sys_days day{
      std::chrono::floor<std::chrono::days>(std::chrono::seconds(shown))};
  return static_cast<int>(std::chrono::year_month_day(day).year());
}

bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName || name.front() == '/' ||
      name.find("..") != std::string_view::npos)
    return false;
  return is_plain_text(name, "/_-+");
}

// Whether the file is a place, not a clock with leap seconds or a setting of the machine.
bool is_place(std::string_view name) {
  if (name == "localtime" || name == "posixrules" || name == "Factory") return false;
  const std::string_view first = name.substr(0, name.find('/'));
  return first != "right" && first != "posix" && name.find("//") == std::string_view::npos;
}

Result<std::string> zone_bytes(const std::string& path) {
  auto file = read_file(path, {.limit = kLongestFile});
  if (file) return std::move(file->text);
  const Error::Code code = file.error().code;
  if (code == Error::Code::kNotFound) return Error::not_found("there is no " + path);
  if (code == Error::Code::kLimit) return Error::invalid(cat({path, " ", kNoFile}));
  return file.error();
}

}  // namespace

// "<+0330>-3:30<+0430>,J79/24,J263/24"
class TimeZone::RuleReader {
 public:
  explicit RuleReader(std::string_view text) : left_(text) {}

  std::optional<Rule> read() {
    Rule rule;
    std::optional<std::int64_t> west;
    if (!name() || !(west = time())) return std::nullopt;
    rule.standard = -*west;
    if (left_.empty()) return rule;
    if (!name()) return std::nullopt;
    rule.summer = rule.standard + 3600;
    if (!left_.empty() && left_.front() != ',') {
      if (!(west = time())) return std::nullopt;
      rule.summer = -*west;
    }
    if (!(rule.begins = change()) || !(rule.ends = change()) || !left_.empty()) return std::nullopt;
    return rule;
  }

 private:
  bool take(char c) {
    if (left_.empty() || left_.front() != c) return false;
    left_.remove_prefix(1);
    return true;
  }
  bool name() {
    const bool quoted = take('<');
    std::size_t length = 0;
    while (length < left_.size() && (quoted ? left_[length] != '>' : is_alphabetic(left_[length])))
      ++length;
    if (length < 3) return false;
    left_.remove_prefix(length);
    return !quoted || take('>');
  }
  std::optional<int> number(int most) {
    int value = 0;
    std::size_t digits = 0;
    for (; digits < left_.size() && digits < 4 && left_[digits] >= '0' && left_[digits] <= '9';
         ++digits)
      value = value * 10 + (left_[digits] - '0');
    if (digits == 0 || value > most) return std::nullopt;
    left_.remove_prefix(digits);
    return value;
  }
  std::optional<std::int64_t> time() {
    const bool minus = take('-');
    if (!minus) take('+');
    std::int64_t seconds = 0;
    std::int64_t unit = 3600;
    for (const int most : {167, 59, 59}) {
      const auto part = number(most);
      if (!part) return std::nullopt;
      seconds += unit * *part;
      unit /= 60;
      if (unit == 0 || !take(':')) break;
    }
    return minus ? -seconds : seconds;
  }
  std::optional<Change> change() {
    if (!take(',')) return std::nullopt;
    Change change;
    std::optional<int> value;
    if (take('M')) {
      if (!(value = number(12)) || *value == 0 || !take('.')) return std::nullopt;
      change.month = *value;
      if (!(value = number(5)) || *value == 0 || !take('.')) return std::nullopt;
      change.week = *value;
      if (!(value = number(6))) return std::nullopt;
    } else {
      change.kind = take('J') ? Change::Kind::kJulian : Change::Kind::kDay;
      if (!(value = number(365))) return std::nullopt;
    }
    change.day = *value;
    if (!take('/')) return change;
    const auto second = time();
    if (!second) return std::nullopt;
    change.second = *second;
    return change;
  }

  std::string_view left_;
};

std::int64_t TimeZone::Change::in_year(int year) const {
  std::int64_t on = first_day(year, 1);
  if (kind == Kind::kDay) {
    on += day;
  } else if (kind == Kind::kJulian) {  // 29 February is not counted
    const bool behind = std::chrono::year(year).is_leap() && day >= 60;
    on += day - 1 + (behind ? 1 : 0);
  } else {
    const auto first = static_cast<unsigned>(month);
    on = first_day(year, first);
    const std::int64_t next = month == 12 ? first_day(year + 1, 1) : first_day(year, first + 1);
    const std::int64_t weekday = ((on + 4) % 7 + 7) % 7;  // 1 January 1970 was a Thursday
    on += (day - weekday + 7) % 7 + 7 * (week - 1);
    if (on >= next) on -= 7;
  }
  return on * kDay + second;
}

std::int64_t TimeZone::Rule::offset_at(std::int64_t moment) const {
  if (!begins || !ends) return standard;
  const int year = year_at(moment + standard);
  const std::int64_t from = begins->in_year(year) - standard, to = ends->in_year(year) - summer;
  const bool is_summer =
      from < to ? moment >= from && moment < to : !(moment >= to && moment < from);
  return is_summer ? summer : standard;
}

Result<TimeZone> TimeZone::of_rule(std::string_view rule) {
  TimeZone zone;
  zone.rule_ = RuleReader(rule).read();
  if (!zone.rule_) return Error::invalid("no rule of a time zone");
  return zone;
}

Result<TimeZone> TimeZone::parse(std::string_view file) {
  const Error refused = Error::invalid(std::string(kNoFile));
  auto head = ZoneHead::read(file);
  if (!head) return refused;
  std::size_t time_bytes = 4;
  std::string_view data = file.substr(ZoneHead::kBytes);
  if (head->version >= '2') {  // the same data follows with times of 64 bits
    time_bytes = 8;
    if (data.size() < head->data(4)) return refused;
    data.remove_prefix(head->data(4));
    head = ZoneHead::read(data);
    if (!head) return refused;
    data.remove_prefix(ZoneHead::kBytes);
  }
  if (data.size() < head->data(time_bytes) || head->types == 0) return refused;
  const std::string_view indexes = data.substr(head->times * time_bytes);
  const std::string_view types = indexes.substr(head->times);
  const auto offset_of = [&types](std::size_t type) {
    return big_endian(types.substr(type * 6, 4));
  };
  TimeZone zone;
  zone.before_ = offset_of(0);
  zone.steps_.reserve(head->times);
  for (std::size_t i = 0; i < head->times; ++i) {
    const auto type = static_cast<unsigned char>(indexes[i]);
    if (type >= head->types) return refused;
    const std::int64_t from = big_endian(data.substr(i * time_bytes, time_bytes));
    if (!zone.steps_.empty() && from <= zone.steps_.back().from) return refused;
    zone.steps_.push_back({from, offset_of(type)});
  }
  if (time_bytes == 8) {
    std::string_view foot = data.substr(head->data(time_bytes));
    if (foot.size() < 2 || foot.front() != '\n' || foot.back() != '\n') return refused;
    foot = foot.substr(1, foot.size() - 2);
    if (!foot.empty() && !(zone.rule_ = RuleReader(foot).read())) return refused;
  }
  return zone;
}

std::int64_t TimeZone::offset_at(std::int64_t moment) const {
  if (!steps_.empty() && moment < steps_.front().from) return before_;
  if (rule_ && (steps_.empty() || moment >= steps_.back().from)) return rule_->offset_at(moment);
  const auto next =
      std::upper_bound(steps_.begin(), steps_.end(), moment,
                       [](std::int64_t value, const Step& step) { return value < step.from; });
  return next == steps_.begin() ? before_ : std::prev(next)->offset;
}

std::int64_t TimeZone::first_at(std::int64_t shown) const { return moment_of(shown, false); }
std::int64_t TimeZone::last_at(std::int64_t shown) const { return moment_of(shown, true); }

std::int64_t TimeZone::moment_of(std::int64_t shown, bool last) const {
  const std::int64_t earlier = offset_at(shown - kDay), later = offset_at(shown + kDay);
  const bool is_earlier = offset_at(shown - earlier) == earlier,
             is_later = offset_at(shown - later) == later;
  if (is_earlier && is_later)
    return last ? std::max(shown - earlier, shown - later)
                : std::min(shown - earlier, shown - later);
  if (is_earlier) return shown - earlier;
  if (is_later) return shown - later;
  // A change of clocks skips this time: the search finds the moment of the change.
  std::int64_t low = shown - later, high = shown - earlier;
  if (low > high) std::swap(low, high);
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (offset_at(middle) == earlier ? low : high) = middle;
  }
  return high;
}

Result<std::shared_ptr<const TimeZone>> find_time_zone(const std::string& name) {
  const auto made = [](Result<TimeZone> zone) -> Result<std::shared_ptr<const TimeZone>> {
    if (!zone) return zone.error();
    return std::make_shared<const TimeZone>(std::move(*zone));
  };
  const auto read = [&made](const std::string& path) -> Result<std::shared_ptr<const TimeZone>> {
    const auto bytes = zone_bytes(path);
    if (!bytes) return bytes.error();
    return made(TimeZone::parse(*bytes));
  };
  const char* const given = std::getenv("TZDIR");
  const std::string directory = given == nullptr ? "/usr/share/zoneinfo" : given;
  if (!name.empty()) {
    if (name == "UTC") return made(TimeZone());
    if (!is_zone_name(name) || !is_place(name)) return Error::invalid("no name of a time zone");
    return read(cat({directory, "/", name}));
  }
  const char* const local = std::getenv("TZ");
  if (local == nullptr) {
    auto zone = read("/etc/localtime");
    return zone ? std::move(zone) : made(TimeZone());
  }
  std::string text = local;
  if (text.starts_with(':')) text.erase(0, 1);
  if (text.starts_with('/')) return read(text);
  if (is_zone_name(text))
    if (auto zone = read(cat({directory, "/", text}))) return zone;
  auto rule = TimeZone::of_rule(text);
  return made(rule ? std::move(rule) : Result<TimeZone>(TimeZone()));
}

}  // namespace lb
