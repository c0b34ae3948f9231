#include "archive/files/recover.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "archive/files/data_marks.h"
#include "base/cat.h"
#include "base/file.h"

namespace lb {
namespace {

constexpr std::int64_t kUsualFileMs = 300'000;
constexpr std::int64_t kMarkMs = 1000;  // between marks of a stream without media time

Error recovery_failed(const std::string& path, int error) {
  return Error::io(cat({path, ": ", std::strerror(error)}));
}

// Returns an empty descriptor with errno ENOENT if the file does not exist.
Result<UniqueFd> open_part(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd && errno != ENOENT) return recovery_failed(path, errno);
  return fd;
}

bool same_stream(const FileIndex& like, const ArchiveFileName& name) {
  return short_id(like.head.span.id) == name.id;
}

class Recovery {
 public:
  Recovery(const ArchiveFileName& name, const FileIndex* like, int data, std::int64_t written_ms,
           FileIndex index)
      : name_(name), like_(like), data_(data), written_ms_(written_ms), index_(std::move(index)) {}

  // Returns false if neither the index nor the data yields anything.
  bool run(std::uint64_t bytes) {
    if (!index_.version) make_head();
    drop_marks(bytes);
    // More units may follow a unit whose size field is damaged.
    for (unsigned round = 0; round < kMaxRounds && index_.end() < bytes; ++round) {
      const std::uint64_t before = index_.end();
      find_more(bytes, round > 0);
      if (index_.end() == before && round > 0) break;
    }
    check_sums();
    index_.ended = true;
    return index_.end() > 0;
  }
  FileIndex& index() { return index_; }

 private:
  // Rebuilds a lost HEAD from the file's name, the remaining marks and another file of the mount.
  void make_head() {
    FileHead& head = index_.head;
    StreamSpan& span = head.span;
    if (like_ != nullptr) head.content_type = like_->head.content_type;
    if (like_ != nullptr && same_stream(*like_, name_)) {
      span = like_->head.span;
    } else {
      // For Ogg and WebM the type of another file of the mount wins, because it may be more
      // specific than the type found in the bytes.
      auto type = recorded_type_of(data_);
      const auto format = framer_for(type).name;
      if (!type.empty() && (format == "mpeg" || format != framer_for(head.content_type).name))
        head.content_type = std::move(type);
      span.id = {std::uint64_t{name_.id} << 32, 0};
    }
    if (head.content_type.empty()) head.content_type = "application/octet-stream";
    span.begin = 0;
    span.origin = name_.origin;
    span.anchored = true;
    span.wall_ms = name_.seconds * 1000;
    span.media.samples = 0;
    if (!index_.marks.empty() && index_.marks[0].offset == 0 &&
        index_.marks[0].wall_ms / 1000 == name_.seconds) {
      span.wall_ms = index_.marks[0].wall_ms;
      span.media.samples = index_.marks[0].samples;
    }
    if (span.media.rate_hz == 0) {
      const DataMarks found =
          find_data_marks(data_, 0, kCheckEvery, head.content_type, {}, headers(0));
      span.media.rate_hz = found.first.rate_hz;
    }
    if (like_ == nullptr || !same_stream(*like_, name_))
      span.segments.epoch_ms = span.wall_ms - static_cast<std::int64_t>(span.media.milliseconds());
  }

  const Bytes* headers(std::uint64_t offset) {
    auto found = index_.headers_at(offset);
    if (!found && like_ != nullptr && same_stream(*like_, name_)) {
      found = like_->headers_at(like_->end());
      if (found) index_.facts.insert(index_.facts.begin(), {0, found, nullptr});
    }
    kept_ = std::move(found);
    return kept_.get();
  }

  // Removes marks whose data is missing, and from the end those whose data has another checksum.
  void drop_marks(std::uint64_t bytes) {
    auto& marks = index_.marks;
    if (marks.empty() || marks[0].offset > 0)
      marks.insert(marks.begin(), {0, index_.head.span.media.samples, index_.head.span.wall_ms, 0});
    else if (index_.ended && marks.back().offset <= bytes && !index_.damaged)
      return;  // a closed file stays playable if its disk has damaged bytes since
    while (marks.size() > 1) {
      const FileMark& last = marks.back();
      if (last.offset <= bytes &&
          data_checksum(data_, marks[marks.size() - 2].offset, last.offset) == last.crc)
        break;
      marks.pop_back();
    }
  }

  void find_more(std::uint64_t bytes, bool behind_damage) {
    auto& marks = index_.marks;
    const FileHead& head = index_.head;
    // Scanning begins one mark earlier, because a single unit could be a chance match.
    const FileMark last = marks.back();
    FileMark from = marks[marks.size() - std::min<std::size_t>(2, marks.size())];
    if (behind_damage) from = {last.offset + 1, last.samples, last.wall_ms, 0};
    DataMarks found =
        find_data_marks(data_, from.offset, bytes, head.content_type,
                        {from.samples, head.span.media.rate_hz}, headers(from.offset));
    for (const FileFact& fact : found.facts)
      if (fact.offset > last.offset) index_.facts.push_back(fact);
    std::stable_sort(index_.facts.begin(), index_.facts.end(),
                     [](const FileFact& a, const FileFact& b) { return a.offset < b.offset; });
    if (found.marks.empty()) return;
    const std::uint64_t end = found.marks.back().offset;
    const unsigned rate_hz = head.span.media.rate_hz;
    std::int64_t end_ms = written_ms_;
    if (end_ms <= last.wall_ms || end_ms > head.span.wall_ms + kUsualFileMs + kMarkMs)
      end_ms = std::max(last.wall_ms + kMarkMs, head.span.wall_ms + kUsualFileMs);
    // A format without units gets marks at even distances, one a second.
    if (framer_for(head.content_type).name == "opaque" && end > last.offset) {
      const auto seconds = static_cast<std::uint64_t>((end_ms - last.wall_ms) / kMarkMs);
      for (std::uint64_t i = 1; i < seconds; ++i)
        found.marks.insert(found.marks.end() - 1,
                           {last.offset + (end - last.offset) / seconds * i, 0, 0, 0});
    }
    for (FileMark mark : found.marks) {
      if (mark.offset <= marks.back().offset) continue;
      mark.samples = std::max(mark.samples, marks.back().samples);
      if (rate_hz > 0) {
        const std::uint64_t passed = mark.samples - last.samples;
        mark.wall_ms =
            last.wall_ms + static_cast<std::int64_t>(MediaTime{passed, rate_hz}.milliseconds());
      } else {
        const double part =
            static_cast<double>(mark.offset - last.offset) / static_cast<double>(end - last.offset);
        mark.wall_ms = last.wall_ms +
                       static_cast<std::int64_t>(part * static_cast<double>(end_ms - last.wall_ms));
        if (mark.offset < end && mark.wall_ms - marks.back().wall_ms < kMarkMs) continue;
      }
      index_.unsure.push_back(marks.size());
      marks.push_back(mark);
    }
  }

  // Computes the checksums of seconds whose first mark was lost or made here.
  void check_sums() {
    auto& marks = index_.marks;
    for (std::size_t i = 1; i < marks.size(); ++i) {
      const bool unsure =
          std::find(index_.unsure.begin(), index_.unsure.end(), i) != index_.unsure.end();
      if (!unsure && index_.version) continue;
      if (const auto crc = data_checksum(data_, marks[i - 1].offset, marks[i].offset))
        marks[i].crc = *crc;
    }
  }

  static constexpr unsigned kMaxRounds = 8;
  static constexpr std::uint64_t kCheckEvery = 256 * 1024;

  const ArchiveFileName name_;
  const FileIndex* const like_;
  const int data_;
  const std::int64_t written_ms_;
  FileIndex index_;
  std::shared_ptr<const Bytes> kept_;
};

// Replaces the index in one step and keeps the old one as .bad if its content may be useful.
Result<void> replace_index(const std::string& path, const std::string& text, bool keeps_old) {
  const std::string index = path + ".idx";
  return replace_file(index, text, {.mode = 0644, .synced = Synced::kBytes, .prepare = [&](int) {
                                      return !keeps_old ||
                                             ::link(index.c_str(), (index + ".bad").c_str()) == 0 ||
                                             errno == EEXIST || errno == ENOENT;
                                    }});
}

Result<void> set_aside(const std::string& path) {
  for (const char* const part : {".data", ".idx"}) {
    const std::string from = path + part;
    // link() fails if the .bad name exists, so no earlier file is overwritten.
    if (::link(from.c_str(), (from + ".bad").c_str()) == 0)
      ::unlink(from.c_str());
    else if (errno != ENOENT)
      return recovery_failed(from, errno);
  }
  return {};
}

}  // namespace

Result<RecoveredFile> recover_file(const std::string& path, const ArchiveFileName& name,
                                   const FileIndex* like) {
  RecoveredFile out;
  auto data = open_part(path + ".data");
  if (!data) return data.error();
  const auto read = read_index_text(path + ".idx");
  if (!read && read.error().code != Error::Code::kNotFound) return read.error();
  const std::string text = read ? *read : std::string();
  FileIndex index = read_damaged_index(text);
  struct stat info {};
  if (*data && (::fstat(data->get(), &info) != 0 || !S_ISREG(info.st_mode)))
    return Error::io(path + ".data: not a file");
  out.data_bytes = static_cast<std::uint64_t>(info.st_size);
  if (index.version.value_or(kIndexVersion) != kIndexVersion) {
    out.outcome = RecoveredFile::Outcome::kOtherVersion;
    return out;
  }
  if (!*data || (out.data_bytes == 0 && index.end() > 0)) {
    out.outcome = RecoveredFile::Outcome::kWithoutData;
    return out;
  }
  if (out.data_bytes == 0) {
    ::unlink((path + ".data").c_str());
    ::unlink((path + ".idx").c_str());
    out.outcome = RecoveredFile::Outcome::kEmpty;
    return out;
  }
  const std::uint64_t told = index.end();
  const bool lost = index.damaged || told > out.data_bytes || (!index.version && !text.empty());
  const std::int64_t written_ms = static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1000;
  Recovery recovery(name, like, data->get(), written_ms, std::move(index));
  if (!recovery.run(out.data_bytes)) {
    if (auto done = set_aside(path); !done) return done.error();
    out.outcome = RecoveredFile::Outcome::kUnknown;
    return out;
  }
  out.index = std::move(recovery.index());
  out.found_bytes = out.index.end() - std::min(told, out.index.end());
  std::erase_if(out.index.facts,
                [&](const FileFact& fact) { return fact.offset >= out.index.end(); });
  std::string print = print_index(out.index);
  append_end(print, out.index.marks.back());
  if (auto done = replace_index(path, print, lost); !done) return done.error();
  return out;
}

}  // namespace lb
