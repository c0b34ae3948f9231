#include "archive/record/segment_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "archive/files/data_marks.h"
#include "archive/record/recording_record.h"
#include "base/cat.h"
#include "base/file.h"

namespace lb {
namespace {

// Only files at least this long are synced: a power failure loses about as much of an open file
// anyway, and an encoder that reconnects in a loop would make each wait for the disk delay other
// recordings.
constexpr std::int64_t kSyncedMs = 10'000;

// So large an index may have titles whatever the sound has: a usual one has 20 KB.
constexpr std::uint64_t kFreeIndexBytes = 64 << 10;

constexpr int kWriteFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;

Error failed(const std::string& path, int error) {
  return Error::io(cat({path, ": ", std::strerror(error)}));
}

Result<void> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return failed(path, errno);
}

Result<void> make_directories(const std::string& directory, const FileHead& head) {
  if (auto made = make_directory(directory); !made) return made;
  return make_directory(cat({directory, "/", archive_day(head.span.wall_ms / 1000)}));
}

// A file in the way is renamed, not removed: it may be all that is left of a recording.
bool make_room(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0)
    return ::rename(path.c_str(), (path + ".bad").c_str()) == 0;
  return ::unlink(path.c_str()) == 0;
}

Result<UniqueFd> create_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), kWriteFlags, 0644));
  if (!fd && errno == EEXIST && make_room(path)) fd.reset(::open(path.c_str(), kWriteFlags, 0644));
  if (!fd) return failed(path, errno);
  return fd;
}

// Frees the path for another file.
bool is_free(const std::string& path) {
  return ::access(path.c_str(), F_OK) != 0 || make_room(path);
}

}  // namespace

Result<SegmentFile> SegmentFile::create(const std::string& directory, const FileHead& head) {
  SegmentFile file;
  file.directory_ = directory;
  file.head_ = head;
  file.path_ = file.path_of(head);
  if (auto made = make_directories(directory, head); !made) return made.error();
  auto data = create_file(file.path_ + ".data");
  if (!data) return data.error();
  auto index = create_file(file.path_ + ".idx");
  if (!index) {
    ::unlink((file.path_ + ".data").c_str());
    return index.error();
  }
  file.data_ = std::move(*data);
  file.index_ = std::move(*index);
  file.last_ = {0, head.span.media.samples, head.span.wall_ms, 0};
  std::string first;
  append_head(first, head);
  append_mark(first, file.last_);
  if (auto written = file.write_all(file.index_.get(), first, ".idx"); !written) {
    ::unlink((file.path_ + ".data").c_str());
    ::unlink((file.path_ + ".idx").c_str());
    return written.error();
  }
  file.index_bytes_ = first.size();
  return file;
}

FileRecord SegmentFile::save() const {
  FileRecord saved;
  saved.head = head_;
  saved.path = path_;
  saved.data = static_cast<MovedFd>(data_.get());
  saved.index = static_cast<MovedFd>(index_.get());
  saved.records = records_;
  saved.last = last_;
  saved.written = written_;
  saved.index_bytes = index_bytes_;
  saved.crc = crc_;
  saved.marked = marked_;
  return saved;
}

SegmentFile SegmentFile::restore(const std::string& directory, const FileRecord& saved,
                                 UniqueFd data, UniqueFd index) {
  SegmentFile file;
  file.head_ = saved.head;
  file.directory_ = directory;
  file.path_ = saved.path;
  file.data_ = std::move(data);
  file.index_ = std::move(index);
  file.records_ = saved.records;
  file.last_ = saved.last;
  file.written_ = saved.written;
  file.index_bytes_ = saved.index_bytes;
  file.crc_ = saved.crc;
  file.marked_ = saved.marked;
  return file;
}

std::string SegmentFile::path_of(const FileHead& head) const {
  return cat({directory_, "/",
              archive_path({head.span.wall_ms / 1000, short_id(head.span.id), head.span.origin})});
}

Result<void> SegmentFile::settle(const StreamSpan& span) {
  auto text = read_index_text(path_ + ".idx");
  if (!text) return text.error();
  FileIndex index = read_index(*text);
  if (index.marks.empty()) return Error::io(path_ + ".idx: it is not what was written");
  FileHead head = head_;
  const std::int64_t later = span.wall_of(head.span.media.samples) - head.span.wall_ms;
  head.span.wall_ms += later;
  head.span.anchored = span.anchored;
  head.span.segments = span.segments;
  index.head = head;
  for (FileMark& mark : index.marks) mark.wall_ms += later;
  const std::string print = print_index(index), path = path_of(head);
  const std::string index_path = path + ".idx", data = path + ".data";
  const bool moves = path != path_;
  if (auto made = make_directories(directory_, head); !made) return made;
  auto fd =
      place_file(index_path, print, {.mode = 0644, .synced = Synced::kNothing, .prepare = [&](int) {
                                       return !moves || is_free(index_path);
                                     }});
  if (!fd) {
    no_space_ = errno == ENOSPC || errno == EDQUOT;
    return fd.error();
  }
  // The index gets the new name first, so the data has an index of its name at any time.
  if (moves) {
    if (!is_free(data) || ::rename((path_ + ".data").c_str(), data.c_str()) != 0) {
      const int error = errno;
      ::unlink(index_path.c_str());
      return failed(data, error);
    }
    ::unlink((path_ + ".idx").c_str());
    ::rmdir(path_.substr(0, path_.rfind('/')).c_str());
  }
  index_ = std::move(*fd);
  index_bytes_ = print.size();
  path_ = path;
  head_ = head;
  last_.wall_ms += later;
  return {};
}

Result<void> SegmentFile::write_all(int fd, std::string_view bytes, std::string_view what) {
  if (lb::write_all(fd, bytes)) return {};
  no_space_ = errno == ENOSPC || errno == EDQUOT;
  return failed(cat({path_, what}), errno);
}

Result<void> SegmentFile::append(ByteSpan data) {
  if (auto done = write_all(data_.get(), as_text(data), ".data"); !done) return done;
  crc_ = crc32c(data, crc_);
  written_ += data.size();
  return {};
}

bool SegmentFile::note_title(std::uint64_t offset, const Metadata& title) {
  if (index_bytes_ + records_.size() > kFreeIndexBytes + written_ / 2) return false;
  append_title(records_, offset, title);
  return true;
}

Result<void> SegmentFile::mark(std::uint64_t samples, std::int64_t wall_ms) {
  const FileMark mark{written_, samples, wall_ms, crc_};
  append_mark(records_, mark);
  const std::string records = std::exchange(records_, {});
  if (auto done = write_all(index_.get(), records, ".idx"); !done) return done;
  index_bytes_ += records.size();
  last_ = mark;
  marked_ = true;
  crc_ = 0;
  return {};
}

bool SegmentFile::is_named() const noexcept {
  struct stat data {
  }, index{};
  return ::fstat(data_.get(), &data) == 0 && ::fstat(index_.get(), &index) == 0 &&
         data.st_nlink > 0 && index.st_nlink > 0;
}

FileRow SegmentFile::close() {
  if (!marked_) {
    // Data without a written mark is kept, and the next start recovers it.
    if (written_ == 0) {
      ::unlink((path_ + ".data").c_str());
      ::unlink((path_ + ".idx").c_str());
    }
  } else {
    // Incomplete writes are cut off; if that fails, the recovery at the next start does it.
    const bool cut = ::ftruncate(data_.get(), static_cast<off_t>(last_.offset)) == 0 &&
                     ::ftruncate(index_.get(), static_cast<off_t>(index_bytes_)) == 0 &&
                     ::lseek(index_.get(), 0, SEEK_END) >= 0;
    std::string end;
    append_end(end, last_);
    const bool synced = last_.wall_ms - head_.span.wall_ms >= kSyncedMs;
    if (cut && (!synced || ::fdatasync(data_.get()) == 0) && write_all(index_.get(), end, ".idx") &&
        synced)
      ::fdatasync(index_.get());
  }
  data_.reset();
  index_.reset();
  return row();
}

}  // namespace lb
