#include "archive/files/catalog.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "archive/files/archive_name.h"
#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"

namespace lb {
namespace {

// Beside what the clock was set by while it was written.
constexpr std::int64_t kFileReachMs = 600'000;
// As long as the longest list.
constexpr std::int64_t kLongestPauseMs = 86'400'000;

bool earlier(const FileRow& a, const FileRow& b) noexcept {
  return a.from_ms != b.from_ms ? a.from_ms < b.from_ms : a.origin < b.origin;
}
bool same_file(const FileRow& a, const FileRow& b) noexcept {
  return a.from_ms == b.from_ms && a.id == b.id && a.origin == b.origin;
}
bool name_order(const FileRow& a, const FileRow& b) noexcept {
  return std::tie(a.from_ms, a.origin, a.id) < std::tie(b.from_ms, b.origin, b.id);
}

std::shared_ptr<const std::vector<FileRow>> with(const std::vector<FileRow>& rows,
                                                 const std::vector<FileRow>& more) {
  auto next = std::make_shared<std::vector<FileRow>>(rows);
  for (const FileRow& row : more) {
    std::erase_if(*next, [&](const FileRow& old) { return same_file(old, row); });
    next->insert(std::upper_bound(next->begin(), next->end(), row, earlier), row);
  }
  return next;
}

void add_range(std::vector<ArchiveRange>& out, const ArchiveRange& more, std::int64_t pause_ms) {
  // The newest one, after the clock was set back: it lies within what is there, or before it.
  auto at = out.empty() ? out.end() : out.end() - 1;
  if (at != out.end() && more.from_ms < at->from_ms)
    at = std::find_if(out.begin(), out.end(), [&](const ArchiveRange& range) {
      return range.to_ms + pause_ms >= more.from_ms;
    });
  else if (at != out.end() && more.from_ms - at->to_ms > pause_ms)
    at = out.end();
  if (at == out.end()) {
    out.push_back(more);
    return;
  }
  if (at->from_ms - more.to_ms > pause_ms) {
    out.insert(at, more);
    return;
  }
  at->from_ms = std::min(at->from_ms, more.from_ms);
  at->to_ms = std::max(at->to_ms, more.to_ms);
  at->bytes += more.bytes;
}

std::shared_ptr<const ClosedSums> sums_of(const std::vector<FileRow>& rows) {
  auto sums = std::make_shared<ClosedSums>();
  for (const FileRow& row : rows) {
    sums->bytes += row.bytes;
    if (row.bytes > 0)
      add_range(sums->runs, {row.from_ms, row.to_ms, row.bytes}, ClosedSums::kPauseMs);
  }
  return sums;
}

std::string note_path(const std::string& dir, const std::string& mount) {
  return cat({dir, "/", archive_directory(mount), "/.owner"});
}

std::optional<PastOwner> parse(std::string_view text) {
  if (!text.ends_with('\n')) return std::nullopt;
  text.remove_suffix(1);
  std::array<std::int64_t, 3> numbers;
  const auto words = split(text, ' ');
  if (words.size() != numbers.size()) return std::nullopt;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = parse_u64(words[i]);
    if (!number) return std::nullopt;
    numbers[i] = static_cast<std::int64_t>(*number);
  }
  return PastOwner{numbers[0], numbers[1], numbers[2]};
}

}  // namespace

FileRow recorded_row(const FileHead& head, const FileMark& end) noexcept {
  FileRow row;
  row.from_ms = head.span.wall_ms;
  row.to_ms = std::max(row.from_ms, end.wall_ms);
  row.bytes = end.offset;
  row.origin = head.span.origin;
  row.id = short_id(head.span.id);
  return row;
}

// The segment in which a stream ends is whole, because its source has sent no more of it.
RecordedEnd recorded_end(const FileHead& head, const FileMark& end) noexcept {
  const StreamSpan& span = head.span;
  if (span.media.rate_hz == 0 || end.samples == 0) return {};
  const MediaTime last{end.samples - 1, span.media.rate_hz};
  RecordedEnd out;
  out.to_ms = end.wall_ms;
  out.next.first = span.segments.first + last.milliseconds() / span.segments.cut_ms + 1;
  out.next.generation = span.segments.generation + 1;
  out.next.cut_ms = span.segments.cut_ms;
  return out;
}

RecordedFiles::RecordedFiles(std::shared_ptr<const std::vector<FileRow>> closed,
                             std::optional<FileRow> open, const RecordedFiles* before)
    : closed_(std::move(closed)), open_(open) {
  sums_ = before != nullptr && before->closed_ == closed_ ? before->sums_ : sums_of(*closed_);
}

std::uint64_t RecordedFiles::bytes() const noexcept {
  return sums_->bytes + (open_ ? open_->bytes : 0);
}

std::size_t RecordedFiles::find(std::int64_t wall_ms) const noexcept {
  const auto holds = [wall_ms](const FileRow& row) {
    return row.from_ms <= wall_ms && row.to_ms > wall_ms;
  };
  // After the clock was set back the newest file is not the last one by time.
  if (open_ && holds(*open_)) return closed_->size();
  const auto after =
      std::upper_bound(closed_->begin(), closed_->end(), wall_ms,
                       [](std::int64_t t, const FileRow& row) { return t < row.from_ms; });
  for (auto row = after; row != closed_->begin();) {
    --row;
    if (holds(*row)) return static_cast<std::size_t>(row - closed_->begin());
    if (row->from_ms < wall_ms - kFileReachMs) break;
  }
  if (open_ && open_->from_ms > wall_ms &&
      (after == closed_->end() || open_->from_ms < after->from_ms))
    return closed_->size();
  // Without a later one: size(), behind the open one.
  return after == closed_->end() ? size() : static_cast<std::size_t>(after - closed_->begin());
}

std::size_t RecordedFiles::find(std::uint32_t id, std::uint64_t origin) const noexcept {
  for (std::size_t i = size(); i-- > 0;) {
    const FileRow& row = (*this)[i];
    if (row.id == id && row.origin <= origin && origin < row.origin_end()) return i;
  }
  return size();
}

bool RecordedFiles::covers(std::int64_t from_ms, std::int64_t to_ms,
                           std::int64_t pause_ms) const noexcept {
  std::int64_t there = from_ms;
  for (std::size_t i = find(there); i < size() && there < to_ms; ++i) {
    if ((*this)[i].from_ms > there + (there == from_ms ? 0 : pause_ms)) return false;
    there = std::max(there, (*this)[i].to_ms);
  }
  return there >= to_ms || growing();
}

std::vector<ArchiveRange> RecordedFiles::ranges(std::int64_t pause_ms) const {
  std::vector<ArchiveRange> out;
  for (const ArchiveRange& run : sums_->runs) add_range(out, run, pause_ms);
  if (open_ && open_->bytes > 0)
    add_range(out, {open_->from_ms, open_->to_ms, open_->bytes}, pause_ms);
  return out;
}

Catalog::Files files_from(Catalog::Files files, std::int64_t from_ms) {
  if (files->size() == 0 || (*files)[0].from_ms >= from_ms) return files;
  auto closed = std::make_shared<std::vector<FileRow>>(files->closed());
  std::erase_if(*closed, [from_ms](const FileRow& row) { return row.from_ms < from_ms; });
  auto open = files->open();
  if (open && open->from_ms < from_ms) open.reset();
  return std::make_shared<const RecordedFiles>(std::move(closed), std::move(open));
}

Catalog::Files Catalog::files(const std::string& mount) const {
  static const Files kNone = std::make_shared<const RecordedFiles>();
  std::lock_guard<std::mutex> guard(mutex_);
  const auto found = mounts_.find(mount);
  return found == mounts_.end() ? kNone : found->second;
}

std::vector<std::string> Catalog::mounts() const {
  std::lock_guard<std::mutex> guard(mutex_);
  std::vector<std::string> out;
  for (const auto& [name, files] : mounts_)
    if (files->size() > 0) out.push_back(name);
  return out;
}

std::uint64_t Catalog::bytes() const {
  std::uint64_t sum = 0;
  for (const std::string& mount : mounts()) sum += files(mount)->bytes();
  return sum;
}

bool Catalog::is_reading(const std::string& mount) const {
  std::lock_guard<std::mutex> guard(mutex_);
  return reading_ && !mounts_.contains(mount);
}

bool Catalog::is_reading() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return reading_;
}

void Catalog::begin_reading() {
  std::lock_guard<std::mutex> guard(mutex_);
  reading_ = true;
}

void Catalog::end_reading() {
  std::lock_guard<std::mutex> guard(mutex_);
  reading_ = false;
}

void Catalog::publish(const std::string& mount, RecordedFiles next) {
  auto made = std::make_shared<const RecordedFiles>(std::move(next));
  std::lock_guard<std::mutex> guard(mutex_);
  mounts_[mount].swap(made);
}

void Catalog::grow(const std::string& mount, const FileRow& row) {
  const Files now = files(mount);
  auto closed = now->closed_ptr();
  if (now->open() && !same_file(*now->open(), row)) closed = with(*closed, {*now->open()});
  FileRow open = row;
  open.open = true;
  publish(mount, {std::move(closed), open, now.get()});
}

void Catalog::close(const std::string& mount, const FileRow& row) {
  if (row.bytes == 0) return;
  const Files now = files(mount);
  const auto& open = now->open();
  FileRow closed = row;
  closed.open = false;
  publish(mount,
          {with(now->closed(), {closed}), open && !same_file(*open, row) ? open : std::nullopt});
}

void Catalog::add(const std::string& mount, const std::vector<FileRow>& rows) {
  const Files now = files(mount);
  std::vector<FileRow> all = now->closed();
  all.insert(all.end(), rows.begin(), rows.end());
  std::stable_sort(all.begin(), all.end(), earlier);
  all.erase(std::unique(all.begin(), all.end(), same_file), all.end());
  publish(mount, {std::make_shared<const std::vector<FileRow>>(std::move(all)), now->open()});
}

void Catalog::remove(const std::string& mount, const std::vector<FileRow>& rows) {
  if (rows.empty()) return;
  const Files now = files(mount);
  std::vector<FileRow> gone = rows;
  std::sort(gone.begin(), gone.end(), name_order);
  auto left = std::make_shared<std::vector<FileRow>>();
  for (const FileRow& row : now->closed())
    if (!std::binary_search(gone.begin(), gone.end(), row, name_order)) left->push_back(row);
  publish(mount, {std::move(left), now->open()});
}

void Catalog::note_end(const std::string& mount, const RecordedEnd& end) {
  std::lock_guard<std::mutex> guard(mutex_);
  RecordedEnd& newest = ends_[mount];
  if (end.next.first > newest.next.first) newest = end;
}

std::optional<SegmentNumbers> Catalog::next_numbers(const std::string& mount,
                                                    std::int64_t now_ms) const {
  std::lock_guard<std::mutex> guard(mutex_);
  const auto found = ends_.find(mount);
  if (found == ends_.end() || found->second.next.first == 0) return std::nullopt;
  const auto& [next, to_ms] = found->second;
  const auto files = mounts_.find(mount);
  const bool open = files != mounts_.end() && files->second->open();
  if (now_ms - to_ms > (open ? next.cut_ms : kLongestPauseMs)) return std::nullopt;
  return next;
}

void Catalog::forget_open(const std::string& mount) {
  const Files now = files(mount);
  if (now->open()) publish(mount, {now->closed_ptr(), std::nullopt, now.get()});
}

PastOwner Catalog::owner(const std::string& mount) const {
  std::lock_guard<std::mutex> guard(mutex_);
  const auto found = owners_.find(mount);
  return found == owners_.end() ? PastOwner{} : found->second;
}

void Catalog::set_owner(const std::string& mount, const PastOwner& owner) {
  std::lock_guard<std::mutex> guard(mutex_);
  owners_[mount] = owner;
}

PastOwner owner_now(const PastOwner& noted, std::int64_t made, std::int64_t now_ms) noexcept {
  if (made == PastOwner::kNone) {
    if (noted.made == PastOwner::kNone || noted.is_over()) return noted;
    return {noted.made, now_ms, noted.before_ms};
  }
  const bool another = noted.is_over() && noted.made != made;
  return {made, 0, another ? noted.ended_ms : noted.before_ms};
}

PastOwner read_past_owner(const std::string& dir, const std::string& mount, std::int64_t now_ms) {
  const auto note =
      read_file(note_path(dir, mount), {.limit = 64, .cut = true, .follows_links = false});
  if (!note && note.error().code == Error::Code::kNotFound) return {};
  const auto noted = note ? parse(note->text) : std::nullopt;
  return noted.value_or(PastOwner{1, now_ms, now_ms});
}

Result<void> write_past_owner(const std::string& dir, const std::string& mount,
                              const PastOwner& owner) {
  const std::string path = note_path(dir, mount);
  const std::string text = cat({owner.made, " ", owner.ended_ms, " ", owner.before_ms, "\n"});
  if (::mkdir(cat({dir, "/", archive_directory(mount)}).c_str(), 0755) != 0 && errno != EEXIST)
    return Error::io(cat({path, ": ", std::strerror(errno)}));
  // What a power failure leaves of it counts as that of a record that has ended.
  return replace_file(path, text, {.mode = 0644, .synced = Synced::kNothing});
}

}  // namespace lb
