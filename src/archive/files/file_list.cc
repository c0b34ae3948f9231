#include "archive/files/file_list.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/cat.h"
#include "base/json.h"

namespace lb {
namespace {

constexpr std::int64_t kLastFileMs = 253'402'300'799'000;  // of the year 9999

void write_row(JsonWriter& out, const FileRow& row) {
  out.begin_object();
  out.key("n").text(to_string(row.name()));
  out.key("from").number(row.from_ms);
  out.key("to").number(row.to_ms);
  out.key("b").number(row.bytes);
  if (row.open) out.key("open").boolean(true);
  out.end_object();
}

template <class Wanted>
std::string print_wanted(const RecordedFiles& files, std::size_t first, Wanted wanted) {
  JsonWriter out;
  out.begin_object().key("files").begin_array();
  std::size_t written = 0;
  for (std::size_t i = first; i < files.size() && written < kMaxFiles; ++i) {
    if (files[i].bytes == 0 || !wanted(files[i])) continue;
    write_row(out, files[i]);
    ++written;
  }
  out.end_array().end_object();
  return out.take();
}

constexpr std::int64_t kLongestListedMs = 600'000;  // limits what other nodes announce

// Two nodes that record one stream begin and end their files within this time.
constexpr std::int64_t kOverlapMs = 1500;

bool holds(const FileRow& outer, const FileRow& inner) noexcept {
  return outer.id == inner.id && outer.origin <= inner.origin &&
         outer.origin_end() >= inner.origin_end();
}

bool meets_other_stream(const FileRow& a, const FileRow& b) noexcept {
  return a.id != b.id && a.from_ms + kOverlapMs < b.to_ms && b.from_ms + kOverlapMs < a.to_ms;
}

bool is_within(const FileRow& inner, const FileRow& outer) noexcept {
  return outer.from_ms <= inner.from_ms + kOverlapMs && inner.to_ms <= outer.to_ms + kOverlapMs;
}

// Whether the file of another stream is within the time of `outer`, so that it can be left out.
bool hides(const FileRow& outer, const FileRow& inner) noexcept {
  return meets_other_stream(outer, inner) && is_within(inner, outer);
}

bool by_time(const FileRow& a, const FileRow& b) noexcept {
  return a.from_ms != b.from_ms ? a.from_ms < b.from_ms : a.origin < b.origin;
}

// Rows in order of time; no row contains another.
class Rows {
 public:
  void add(const FileRow& row) {
    if (row.bytes == 0) return;
    auto at = std::lower_bound(rows_.begin(), rows_.end(), row.from_ms - kLongestListedMs,
                               [](const FileRow& a, std::int64_t t) { return a.from_ms < t; });
    // The limit is needed because each row is compared with its neighbours on a worker.
    const auto end =
        std::lower_bound(at, rows_.end(), row.to_ms + kLongestListedMs,
                         [](const FileRow& a, std::int64_t t) { return a.from_ms < t; });
    if (end - at >= kMaxTogether || is_here(row, at)) return;
    for (auto each = at; each != rows_.end() && each->from_ms < row.to_ms + kLongestListedMs;
         ++each) {
      const bool written_here = each->open && !each->remote && each->name() == row.name();
      if (written_here || holds(*each, row)) return;
      if (hides(*each, row)) return;
    }
    rows_.erase(std::remove_if(at, rows_.end(),
                               [&](const FileRow& each) {
                                 return holds(row, each) || (!each.open && hides(row, each));
                               }),
                rows_.end());
    rows_.insert(std::upper_bound(rows_.begin(), rows_.end(), row, by_time), row);
  }
  std::vector<FileRow> take() { return std::move(rows_); }

  explicit Rows(std::vector<FileRow> own) : rows_(std::move(own)) {}

 private:
  // Whether consecutive files of this node have all bytes of the row.  The open file counts as
  // having every later byte too.
  bool is_here(const FileRow& row, std::vector<FileRow>::const_iterator from) const {
    std::uint64_t at = row.origin;
    for (; from != rows_.end() && from->from_ms < row.to_ms + kLongestListedMs; ++from) {
      if (from->remote || from->id != row.id || from->origin > at || from->origin_end() <= at)
        continue;
      at = from->origin_end();
      if (at >= row.origin_end() || (from->open && row.open)) return true;
    }
    return false;
  }

  std::vector<FileRow> rows_;
};

}  // namespace

std::string print_file_list(const RecordedFiles& files, std::int64_t from_ms, std::int64_t to_ms) {
  return print_wanted(files, files.find(from_ms),
                      [to_ms](const FileRow& row) { return row.from_ms < to_ms; });
}

std::string print_files_from(const RecordedFiles& files, std::uint32_t id, std::uint64_t origin) {
  bool held = false;
  std::size_t last = files.size();
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].id != id) continue;
    held = held || files[i].origin_end() > origin;
    last = i;
  }
  if (held || last == files.size())
    return print_wanted(
        files, 0, [&](const FileRow& row) { return row.id == id && row.origin_end() > origin; });
  // The byte will be recorded in a moment; or the stream ended exactly there, and a player
  // continues with the file after it.
  const std::uint64_t behind = origin - files[last].origin_end();
  const std::size_t wanted =
      behind == 0 ? 2 : (files[last].open && behind <= kMaxUnwritten ? 1 : 0);
  std::size_t next = 0;
  return print_wanted(files, last, [&](const FileRow&) { return next++ < wanted; });
}

Result<std::vector<FileRow>> parse_file_list(std::string_view text) {
  const auto document = Json::parse(text, 4);
  if (!document) return document.error();
  const Json files = document->at("files");
  if (!files.is_array()) return Error::invalid("a list of files without files");
  if (files.size() > kMaxFiles) return Error::limit(cat({"a list of ", files.size(), " files"}));
  std::vector<FileRow> rows;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const Json entry = files.at(i);
    const auto name = parse_archive_file(entry.at("n").text().value_or(""));
    const auto from = entry.at("from").u64();
    const auto to = entry.at("to").u64();
    const auto bytes = entry.at("b").u64();
    constexpr auto kLast = static_cast<std::uint64_t>(kLastFileMs);
    if (!name || !from || !to || !bytes || *from > kLast || *to > kLast || *to < *from ||
        *bytes == 0 || *bytes > kLargestRemoteFile)
      return Error::invalid(cat({"a list of files whose file ", i, " cannot be"}));
    FileRow row;
    row.from_ms = static_cast<std::int64_t>(*from);
    // A node whose clock was set forward while it recorded may announce an end far in the future,
    // and so long a file would hide others.
    row.to_ms = std::min(static_cast<std::int64_t>(*to), row.from_ms + kLongestListedMs);
    row.bytes = *bytes;
    row.origin = name->origin;
    row.id = name->id;
    row.open = entry.at("open").boolean().value_or(false);
    row.remote = true;
    if (row.name() != *name || row.origin > ~std::uint64_t{0} - row.bytes)
      return Error::invalid(cat({"a list of files whose file ", i, " cannot be"}));
    rows.push_back(row);
  }
  return rows;
}

RecordedFiles merged_files(const RecordedFiles& own,
                           const std::vector<const std::vector<FileRow>*>& others) {
  std::vector<FileRow> first = own.closed();
  if (own.open() && own.open()->bytes > 0) first.push_back(*own.open());
  Rows rows(std::move(first));
  for (const auto* node : others)
    for (const FileRow& row : *node) rows.add(row);
  return {std::make_shared<const std::vector<FileRow>>(rows.take()), std::nullopt};
}

}  // namespace lb
