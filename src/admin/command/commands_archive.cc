// The page of the archive: the recorded mounts, and for one of them a day with its ranges, its
// titles and a player.  Times are in the server's time zone.
#include <algorithm>
#include <array>
#include <ctime>
#include <limits>
#include <utility>

#include "admin/command/command_task.h"
#include "admin/command/recordings.h"
#include "admin/page/text.h"
#include "archive/files/where.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::int64_t kSecondMs = 1000, kHourMs = 3'600'000, kDayMs = 24 * kHourMs;
constexpr std::size_t kMaxDays = 62, kMaxRows = 500;
// A file ends shortly after the time at which it should be cut.
constexpr std::int64_t kFileEndsLate = 2000;
constexpr std::string_view kArchivePage = "archive.xsl";
constexpr const char* kDayAndMinute = "%F %H:%M";

std::string local_text_of(std::int64_t ms, const char* form) {
  return local_text(WallTime(std::chrono::milliseconds(ms)), form);
}
// "2026-11-21" → the start of that day.
std::optional<std::int64_t> day_begin(const std::string& day) {
  std::tm parts{};
  const char* const end = ::strptime(day.c_str(), "%Y-%m-%d", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  parts.tm_isdst = -1;
  return std::int64_t{::mktime(&parts)} * kSecondMs;
}
std::int64_t next_day(std::int64_t begin_ms) {
  std::tm parts = local_time(WallTime(std::chrono::milliseconds(begin_ms)));
  ++parts.tm_mday;
  parts.tm_hour = 0;
  parts.tm_isdst = -1;
  return std::int64_t{::mktime(&parts)} * kSecondMs;
}

std::string seconds_text(std::int64_t ms) {
  return decimal_text(static_cast<double>(ms) / kSecondMs, 3);
}
std::optional<std::int64_t> ms_of_seconds(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const auto whole = parse_u64(text.substr(0, point));
  constexpr std::uint64_t kLast = 253'402'300'799;
  if (!whole || *whole > kLast) return std::nullopt;
  std::int64_t ms = static_cast<std::int64_t>(*whole) * kSecondMs;
  if (point == text.size()) return ms;
  std::string places(text.substr(point + 1));
  if (places.empty() || places.size() > 3) return std::nullopt;
  places.resize(3, '0');
  const auto part = parse_u64(places);
  return part ? std::optional(ms + static_cast<std::int64_t>(*part)) : std::nullopt;
}

// "812 kB", "1.2 GB"
std::string size_text(std::uint64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits{"kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return cat({decimal_text(value, value < 9.95 ? 1 : 0), " ", kUnits[unit]});
}

// The measured rate of the recordings here in kbit/s; 0: no recordings here.
std::uint64_t kbps_of(const std::vector<PlacedRange>& ranges) {
  std::uint64_t bits = 0, ms = 0;
  for (const PlacedRange& range : ranges) {
    if (range.bytes == 0 || range.to_ms <= range.from_ms) continue;
    bits += 8 * range.bytes;
    ms += static_cast<std::uint64_t>(range.to_ms - range.from_ms);
  }
  return ms == 0 ? 0 : (bits + ms / 2) / ms;
}

struct Part {
  std::int64_t from_ms = 0, to_ms = 0;
  std::uint64_t bytes = 0;
  std::string title;
  std::vector<std::string> where = {};  // of a range: as PlacedRange
};

// Whether another node has some of these recordings.
bool is_elsewhere(const std::vector<PlacedRange>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [](const PlacedRange& range) {
    return range.where != std::vector<std::string>{"here"};
  });
}

std::vector<std::string> places_of(const std::vector<PlacedRange>& ranges) {
  std::vector<std::string> out;
  for (const PlacedRange& range : ranges)
    for (const std::string& place : range.where)
      if (std::find(out.begin(), out.end(), place) == out.end()) out.push_back(place);
  return out;
}

void write_where(XmlWriter& xml, const std::vector<std::string>& where) {
  for (const std::string& place : where) xml.element("where", place);
}

std::vector<Part> ranges_within(const std::vector<PlacedRange>& ranges, std::int64_t from_ms,
                                std::int64_t to_ms) {
  std::vector<Part> out;
  for (const PlacedRange& range : ranges) {
    Part part{std::max(range.from_ms, from_ms), std::min(range.to_ms, to_ms), 0, {}};
    if (part.to_ms - part.from_ms < kSecondMs) continue;
    const double share =
        static_cast<double>(part.to_ms - part.from_ms) /
        static_cast<double>(std::max<std::int64_t>(1, range.to_ms - range.from_ms));
    part.bytes = static_cast<std::uint64_t>(static_cast<double>(range.bytes) * share);
    part.where = range.where;
    out.push_back(std::move(part));
  }
  return out;
}

// A programme ends at the next title, or where its range ends.
std::vector<Part> programmes(const std::vector<Part>& ranges,
                             const std::vector<ArchiveTitle>& titles) {
  std::vector<Part> out;
  for (const Part& range : ranges)
    for (std::size_t i = 0; i < titles.size(); ++i) {
      const std::int64_t next = i + 1 < titles.size() ? titles[i + 1].ms : range.to_ms;
      Part part{std::max(titles[i].ms, range.from_ms), std::min(next, range.to_ms), 0,
                titles[i].title};
      if (!part.title.empty() && part.to_ms - part.from_ms >= kSecondMs)
        out.push_back(std::move(part));
    }
  return out;
}

struct Day {
  std::int64_t begin_ms = 0, end_ms = 0;
};

void write_part(XmlWriter& xml, std::string_view name, const Part& part, const Day& day) {
  const std::int64_t length = part.to_ms - part.from_ms;
  xml.open(name);
  xml.element("from", seconds_text(part.from_ms));
  xml.element("to", seconds_text(part.to_ms));
  xml.element("begin", local_text_of(part.from_ms, "%H:%M:%S"));
  xml.element("end", local_text_of(part.to_ms, "%H:%M:%S"));
  xml.element("when", local_text_of(part.from_ms, "%Y-%m-%dT%H:%M:%S%z"));
  xml.element("seconds", static_cast<std::uint64_t>(length / kSecondMs));
  if (part.bytes > 0) xml.element("size", size_text(part.bytes));
  if (!part.title.empty()) xml.element("title", part.title);
  write_where(xml, part.where);
  // The bar counts in thousandths of a day.
  const std::int64_t day_ms = day.end_ms - day.begin_ms;
  xml.element("x", static_cast<std::uint64_t>((part.from_ms - day.begin_ms) * 1000 / day_ms));
  xml.element("width",
              static_cast<std::uint64_t>(std::max<std::int64_t>(1, length * 1000 / day_ms)));
  xml.close();
}

// The days with recordings, the newest first.
std::vector<std::string> days_of(const std::vector<PlacedRange>& ranges) {
  std::vector<std::string> days;
  for (auto range = ranges.rbegin(); range != ranges.rend() && days.size() < kMaxDays; ++range)
    for (std::int64_t at = range->to_ms - 1; at >= range->from_ms && days.size() < kMaxDays;) {
      std::string day = local_text_of(at, "%Y-%m-%d");
      at = day_begin(day).value_or(0) - 1;
      if (days.empty() || days.back() != day) days.push_back(std::move(day));
    }
  return days;
}

// The range "FROM-TO" of play=, in Unix seconds.
std::optional<Part> part_to_play(const AdminTask& task) {
  const std::string text = task.param("play").value_or("");
  const std::size_t dash = text.find('-');
  if (dash == std::string::npos) return std::nullopt;
  const auto from = ms_of_seconds(std::string_view(text).substr(0, dash));
  const auto to = ms_of_seconds(std::string_view(text).substr(dash + 1));
  if (!from || !to || *to <= *from || *to - *from > kDayMs) return std::nullopt;
  return Part{*from, *to, 0, task.param("title").value_or("")};
}

void write_day(XmlWriter& xml, const AdminTask& task, const ArchiveSight& sight,
               const ArchiveSight::Mount& mount, const std::string& wanted) {
  const auto days = days_of(mount.ranges);
  const std::string day = !wanted.empty() || days.empty() ? wanted : days.front();
  for (const std::string& one : days) {
    xml.open("day", "name", one);
    if (one == day) xml.element("current", "1");
    xml.close();
  }
  Day whole;
  whole.begin_ms = day_begin(day).value_or(0);
  whole.end_ms = next_day(whole.begin_ms);
  xml.element("date", day);
  xml.element("zone", local_text_of(whole.begin_ms, "%Z"));
  // A file has at most 24 hours, and a day may have 25.
  const std::int64_t middle_ms = std::min(whole.end_ms, whole.begin_ms + kDayMs);
  auto ranges = ranges_within(mount.ranges, whole.begin_ms, middle_ms);
  for (Part& late : ranges_within(mount.ranges, middle_ms, whole.end_ms))
    ranges.push_back(std::move(late));
  const auto played = programmes(ranges, sight.titles);
  const bool elsewhere = is_elsewhere(mount.ranges);
  for (Part part : ranges) {
    if (!elsewhere) part.where.clear();
    write_part(xml, "range", part, whole);
  }
  for (std::size_t i = 0; i < std::min(played.size(), kMaxRows); ++i)
    write_part(xml, "programme", played[i], whole);
  if (const auto play = part_to_play(task)) write_part(xml, "play", *play, whole);
}

std::int64_t not_before(const AdminTask& task, std::int64_t ms) {
  return std::max(ms, task.request.past_begins_ms);
}

void show_archive(AdminTask task, std::string message) {
  const std::string mount = task.param("mount").value_or("");
  const std::string day = task.param("day").value_or("");
  const auto begin = day_begin(day);
  // Without a valid day=, the whole archive is read, because the page shows its newest day.
  const std::int64_t from_ms = not_before(task, begin.value_or(0));
  const std::int64_t to_ms = begin ? next_day(*begin) : std::numeric_limits<std::int64_t>::max();
  Station& station = *task.station;
  station.archive(
      mount, from_ms, to_ms,
      [task = std::move(task), mount, message = std::move(message),
       day = begin ? day : std::string()](ArchiveSight sight) mutable {
        sight.forget_before(task.request.past_begins_ms);
        XmlWriter xml;
        xml.open("icestats");
        if (sight.on) xml.element("archive", "1");
        if (!message.empty()) xml.element("message", message);
        if (!mount.empty()) xml.element("mount", mount);
        for (const ArchiveSight::Mount& one : sight.mounts) {
          xml.open("source", "mount", one.name);
          const bool elsewhere = is_elsewhere(one.ranges);
          if (one.bytes > 0 || !elsewhere) xml.element("size", size_text(one.bytes));
          if (const auto kbps = kbps_of(one.ranges); kbps > 0) xml.element("bitrate", kbps);
          xml.element("ranges", std::uint64_t{one.ranges.size()});
          if (!one.ranges.empty()) {
            xml.element("oldest", local_text_of(one.ranges.front().from_ms, kDayAndMinute));
            xml.element("newest", local_text_of(one.ranges.back().to_ms, kDayAndMinute));
          }
          if (elsewhere) write_where(xml, places_of(one.ranges));
          if (!mount.empty()) write_day(xml, task, sight, one, day);
          xml.close();
        }
        task.send(std::move(xml).finish(), kArchivePage);
      });
}

}  // namespace

void ArchiveSight::forget_before(std::int64_t ms) {
  if (ms <= 0) return;
  for (Mount& mount : mounts) {
    std::erase_if(mount.ranges, [ms](const PlacedRange& range) { return range.to_ms <= ms; });
    mount.bytes = 0;
    for (PlacedRange& range : mount.ranges) {
      if (range.from_ms < ms) {
        range.bytes = static_cast<std::uint64_t>(static_cast<double>(range.bytes) *
                                                 static_cast<double>(range.to_ms - ms) /
                                                 static_cast<double>(range.to_ms - range.from_ms));
        range.from_ms = ms;
      }
      mount.bytes += range.bytes;
    }
  }
  std::erase_if(titles, [ms](const ArchiveTitle& title) { return title.ms < ms; });
}

void run_archive(AdminTask task) {
  const auto action = task.param("action");
  if (!action) return show_archive(std::move(task), {});
  const std::string mount = task.param("mount").value_or("");
  const auto from = ms_of_seconds(task.param("from").value_or(""));
  const auto to = ms_of_seconds(task.param("to").value_or(""));
  if (*action != "delete" || mount.empty() || !from || !to || *to <= *from)
    return task.fail("mount, from and to are wanted");
  Station& station = *task.station;
  station.remove_recorded(mount, not_before(task, *from), *to + kFileEndsLate,
                          [task = std::move(task)](std::uint64_t files) mutable {
                            std::string message =
                                files == 0
                                    ? "Nothing was deleted: no file that is complete lies within"
                                    : cat({files, " files were deleted"});
                            if (files == 1) message = "1 file was deleted";
                            show_archive(std::move(task), std::move(message));
                          });
}

}  // namespace lb
