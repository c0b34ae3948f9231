#include "archive/segment_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace lb {
namespace {

constexpr int kWriteFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
constexpr std::uint64_t kMaxIndexBytes = 64 * 1024 * 1024;

Error failed(const std::string& path, int error) {
  return Error::io(path + ": " + std::strerror(error));
}

Result<void> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return failed(path, errno);
}

Result<UniqueFd> create_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), kWriteFlags, 0644));
  if (!fd && errno == EEXIST && ::unlink(path.c_str()) == 0)
    fd.reset(::open(path.c_str(), kWriteFlags, 0644));
  if (!fd) return failed(path, errno);
  return fd;
}

// Of [from, to); false: not as many bytes are there.
bool checksum_of(int fd, std::uint64_t from, std::uint64_t to, std::uint32_t& crc) {
  std::vector<std::byte> buffer(64 * 1024);
  crc = 0;
  while (from < to) {
    const std::size_t want = std::min<std::uint64_t>(buffer.size(), to - from);
    const ssize_t got = ::pread(fd, buffer.data(), want, static_cast<off_t>(from));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    crc = crc32c(ByteSpan(buffer).first(static_cast<std::size_t>(got)), crc);
    from += static_cast<std::uint64_t>(got);
  }
  return true;
}

Result<std::string> read_whole(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return failed(path, errno);
  std::string text(std::min(static_cast<std::uint64_t>(info.st_size), kMaxIndexBytes), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got =
        ::pread(fd, text.data() + filled, text.size() - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(path, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  text.resize(filled);
  return text;
}

}  // namespace

Result<SegmentFile> SegmentFile::create(const std::string& directory, const FileHead& head) {
  SegmentFile file;
  const ArchiveFileName name{head.span.wall_ms / 1000, short_id(head.span.id), head.span.origin};
  const std::string day = directory + "/" + archive_day(name.seconds);
  if (auto made = make_directory(directory); !made) return made.error();
  if (auto made = make_directory(day); !made) return made.error();
  file.head_ = head;
  file.path_ = day + "/" + to_string(name);
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
  if (auto written = file.write_all(file.index_.get(), first.data(), first.size(), ".idx");
      !written) {
    ::unlink((file.path_ + ".data").c_str());
    ::unlink((file.path_ + ".idx").c_str());
    return written.error();
  }
  file.index_bytes_ = first.size();
  return file;
}

Result<void> SegmentFile::write_all(int fd, const char* bytes, std::size_t size,
                                    std::string_view what) {
  while (size > 0) {
    const ssize_t n = ::write(fd, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int error = n < 0 ? errno : ENOSPC;
      no_space_ = error == ENOSPC || error == EDQUOT;
      return failed(path_ + std::string(what), error);
    }
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
  return {};
}

Result<void> SegmentFile::append(ByteSpan data) {
  if (auto done =
          write_all(data_.get(), reinterpret_cast<const char*>(data.data()), data.size(), ".data");
      !done)
    return done;
  crc_ = crc32c(data, crc_);
  written_ += data.size();
  return {};
}

Result<void> SegmentFile::mark(std::uint64_t samples, std::int64_t wall_ms) {
  const FileMark mark{written_, samples, wall_ms, crc_};
  append_mark(records_, mark);
  const std::string records = std::exchange(records_, {});
  if (auto done = write_all(index_.get(), records.data(), records.size(), ".idx"); !done)
    return done;
  index_bytes_ += records.size();
  last_ = mark;
  marked_ = true;
  crc_ = 0;
  return {};
}

void SegmentFile::close() {
  if (!data_) return;
  if (!marked_) {
    ::unlink((path_ + ".data").c_str());
    ::unlink((path_ + ".idx").c_str());
  } else {
    // What could not be written whole is taken away; if that fails, the next start does it.
    const bool cut = ::ftruncate(data_.get(), static_cast<off_t>(last_.offset)) == 0 &&
                     ::ftruncate(index_.get(), static_cast<off_t>(index_bytes_)) == 0 &&
                     ::lseek(index_.get(), 0, SEEK_END) >= 0;
    std::string end;
    append_end(end, last_);
    if (cut && ::fdatasync(data_.get()) == 0 &&
        write_all(index_.get(), end.data(), end.size(), ".idx"))
      ::fdatasync(index_.get());
  }
  data_.reset();
  index_.reset();
}

Result<FileIndex> recover_file(const std::string& path) {
  const UniqueFd index_fd(::open((path + ".idx").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  const UniqueFd data_fd(::open((path + ".data").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if ((!index_fd || !data_fd) && errno != ENOENT) return failed(path, errno);
  FileIndex index;
  if (index_fd && data_fd) {
    auto text = read_whole(index_fd.get(), path + ".idx");
    if (!text) return text.error();
    index = read_index(*text);
  }
  // The last mark whose data is there; the first mark tells of no data.
  while (index.marks.size() > 1) {
    const FileMark& last = index.marks.back();
    std::uint32_t crc = 0;
    if (checksum_of(data_fd.get(), index.marks[index.marks.size() - 2].offset, last.offset, crc) &&
        crc == last.crc)
      break;
    index.marks.pop_back();
  }
  if (index.marks.size() < 2) {
    ::unlink((path + ".idx").c_str());
    ::unlink((path + ".data").c_str());
    return Error::not_found(path + ": nothing of it is whole");
  }
  const FileMark end = index.marks.back();
  std::erase_if(index.facts, [&](const FileFact& fact) { return fact.offset >= end.offset; });
  std::string whole;
  append_head(whole, index.head);
  std::size_t fact = 0;
  for (const FileMark& mark : index.marks) {
    for (; fact < index.facts.size() && index.facts[fact].offset < mark.offset; ++fact) {
      const FileFact& one = index.facts[fact];
      if (one.headers)
        append_headers(whole, one.offset, *one.headers);
      else
        append_title(whole, one.offset, *one.metadata);
    }
    append_mark(whole, mark);
  }
  append_end(whole, end);
  // A new index takes the place of the damaged one in one step.
  const std::string next = path + ".idx.new";
  ::unlink(next.c_str());
  auto made = create_file(next);
  if (!made) return made.error();
  std::size_t written = 0;
  while (written < whole.size()) {
    const ssize_t n = ::write(made->get(), whole.data() + written, whole.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int error = n < 0 ? errno : ENOSPC;
      ::unlink(next.c_str());
      return failed(next, error);
    }
    written += static_cast<std::size_t>(n);
  }
  if (::ftruncate(data_fd.get(), static_cast<off_t>(end.offset)) != 0 ||
      ::rename(next.c_str(), (path + ".idx").c_str()) != 0)
    return failed(path, errno);
  index.ended = true;
  index.bytes = whole.size();
  return index;
}

}  // namespace lb
