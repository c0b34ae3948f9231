#include "archive/record/segment_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "archive/files/data_marks.h"
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
  file.state_.head = head;
  file.state_.path = file.path_of(head);
  if (auto made = make_directories(directory, head); !made) return made.error();
  auto data = create_file(file.state_.path + ".data");
  if (!data) return data.error();
  auto index = create_file(file.state_.path + ".idx");
  if (!index) {
    ::unlink((file.state_.path + ".data").c_str());
    return index.error();
  }
  file.data_ = std::move(*data);
  file.index_ = std::move(*index);
  file.state_.last = {0, head.span.media.samples, head.span.wall_ms, 0};
  std::string first;
  append_head(first, head);
  append_mark(first, file.state_.last);
  if (auto written = file.write_all(file.index_.get(), first, ".idx"); !written) {
    ::unlink((file.state_.path + ".data").c_str());
    ::unlink((file.state_.path + ".idx").c_str());
    return written.error();
  }
  file.state_.index_bytes = first.size();
  return file;
}

FileRecord SegmentFile::save() const {
  FileRecord saved = state_;
  saved.data = static_cast<MovedFd>(data_.get());
  saved.index = static_cast<MovedFd>(index_.get());
  return saved;
}

SegmentFile SegmentFile::restore(const std::string& directory, FileRecord saved, UniqueFd data,
                                 UniqueFd index) {
  SegmentFile file;
  file.state_ = std::move(saved);
  file.directory_ = directory;
  file.data_ = std::move(data);
  file.index_ = std::move(index);
  return file;
}

std::string SegmentFile::path_of(const FileHead& head) const {
  return cat({directory_, "/",
              archive_path({head.span.wall_ms / 1000, short_id(head.span.id), head.span.origin})});
}

Result<void> SegmentFile::settle(const StreamSpan& span) {
  auto text = read_index_text(state_.path + ".idx");
  if (!text) return text.error();
  FileIndex index = read_index(*text);
  if (index.marks.empty()) return Error::io(state_.path + ".idx: it is not what was written");
  FileHead head = state_.head;
  const std::int64_t later = span.wall_of(head.span.media.samples) - head.span.wall_ms;
  head.span.wall_ms += later;
  head.span.anchored = span.anchored;
  head.span.segments = span.segments;
  index.head = head;
  for (FileMark& mark : index.marks) mark.wall_ms += later;
  const std::string print = print_index(index), path = path_of(head);
  const std::string index_path = path + ".idx", data = path + ".data";
  const bool moves = path != state_.path;
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
    if (!is_free(data) || ::rename((state_.path + ".data").c_str(), data.c_str()) != 0) {
      const int error = errno;
      ::unlink(index_path.c_str());
      return failed(data, error);
    }
    ::unlink((state_.path + ".idx").c_str());
    ::rmdir(state_.path.substr(0, state_.path.rfind('/')).c_str());
  }
  index_ = std::move(*fd);
  state_.index_bytes = print.size();
  state_.path = path;
  state_.head = head;
  state_.last.wall_ms += later;
  return {};
}

Result<void> SegmentFile::write_all(int fd, std::string_view bytes, std::string_view what) {
  if (lb::write_all(fd, bytes)) return {};
  no_space_ = errno == ENOSPC || errno == EDQUOT;
  return failed(cat({state_.path, what}), errno);
}

Result<void> SegmentFile::append(ByteSpan data) {
  if (auto done = write_all(data_.get(), as_text(data), ".data"); !done) return done;
  state_.crc = crc32c(data, state_.crc);
  state_.written += data.size();
  return {};
}

bool SegmentFile::note_title(std::uint64_t offset, const Metadata& title) {
  if (state_.index_bytes + state_.records.size() > kFreeIndexBytes + state_.written / 2)
    return false;
  append_title(state_.records, offset, title);
  return true;
}

Result<void> SegmentFile::mark(std::uint64_t samples, std::int64_t wall_ms) {
  const FileMark mark{state_.written, samples, wall_ms, state_.crc};
  append_mark(state_.records, mark);
  const std::string records = std::exchange(state_.records, {});
  if (auto done = write_all(index_.get(), records, ".idx"); !done) return done;
  state_.index_bytes += records.size();
  state_.last = mark;
  state_.marked = true;
  state_.crc = 0;
  return {};
}

bool SegmentFile::is_named() const noexcept {
  struct stat data {
  }, index{};
  return ::fstat(data_.get(), &data) == 0 && ::fstat(index_.get(), &index) == 0 &&
         data.st_nlink > 0 && index.st_nlink > 0;
}

FileRow SegmentFile::close() {
  if (!state_.marked) {
    // Data without a written mark is kept, and the next start recovers it.
    if (state_.written == 0) {
      ::unlink((state_.path + ".data").c_str());
      ::unlink((state_.path + ".idx").c_str());
    }
  } else {
    // Incomplete writes are cut off; if that fails, the recovery at the next start does it.
    const bool cut = ::ftruncate(data_.get(), static_cast<off_t>(state_.last.offset)) == 0 &&
                     ::ftruncate(index_.get(), static_cast<off_t>(state_.index_bytes)) == 0 &&
                     ::lseek(index_.get(), 0, SEEK_END) >= 0;
    std::string end;
    append_end(end, state_.last);
    const bool synced = state_.last.wall_ms - state_.head.span.wall_ms >= kSyncedMs;
    if (cut && (!synced || ::fdatasync(data_.get()) == 0) && write_all(index_.get(), end, ".idx") &&
        synced)
      ::fdatasync(index_.get());
  }
  data_.reset();
  index_.reset();
  return row();
}

}  // namespace lb
