#include "archive/files/archive_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "archive/files/data_marks.h"
#include "base/cat.h"

namespace lb {
namespace {

UniqueFd unnamed_file(const std::string& dir) {
  if (dir.empty()) return UniqueFd(::memfd_create("archive-cache", MFD_CLOEXEC));
  UniqueFd fd(::open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd || (errno != EOPNOTSUPP && errno != EISDIR)) return fd;
  // A file system without O_TMPFILE.
  std::string name = dir + "/.archive-XXXXXX";
  fd = UniqueFd(::mkostemp(name.data(), O_CLOEXEC));
  if (fd) ::unlink(name.c_str());
  return fd;
}

}  // namespace

Result<std::shared_ptr<const ArchiveFile>> load_archive_file(const std::string& dir,
                                                             const std::string& mount,
                                                             const FileRow& row) {
  const std::string path = cat({dir, "/", archive_directory(mount), "/", archive_path(row.name())});
  const auto text = read_index_text(path + ".idx");
  if (!text) return Error::not_found(text.error().what);
  FileIndex index = read_damaged_index(*text);
  UniqueFd data(::open((path + ".data").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  if (!data || ::fstat(data.get(), &info) != 0)
    return Error::not_found(cat({path, ".data: ", std::strerror(errno)}));
  auto& marks = index.marks;
  // An index is behind its data; never trusted to be.
  while (!marks.empty() && marks.back().offset > static_cast<std::uint64_t>(info.st_size))
    marks.pop_back();
  if (index.end() == 0) return Error::not_found(path + ": nothing is marked");
  return make_archive_file(row, std::move(index), std::move(data), nullptr);
}

Result<std::shared_ptr<const ArchiveFile>> make_archive_file(const FileRow& row, FileIndex index,
                                                             UniqueFd data,
                                                             std::shared_ptr<RemoteParts> remote) {
  auto file = std::make_shared<ArchiveFile>();
  file->row = row;
  file->index = std::move(index);
  file->remote = std::move(remote);
  const std::uint64_t end = file->index.end();
  const std::size_t page = Store::page_bytes();
  const std::size_t mapped = (static_cast<std::size_t>(end) + page - 1) / page * page;
  void* const at = ::mmap(nullptr, mapped, PROT_READ, MAP_SHARED, data.get(), 0);
  if (at == MAP_FAILED)
    return Error::io(cat({to_string(row.name()), ".data: ", std::strerror(errno)}));
  auto segments = std::make_shared<SegmentTable>();
  segments->push_back(std::make_shared<Segment>(0, mapped, static_cast<std::byte*>(at)));
  auto view = std::make_shared<StreamView>();
  view->end = end;
  view->store = Store::of_file(std::move(data));
  view->segments = std::move(segments);
  AppendLog<SyncMark> sync;
  const unsigned rate_hz = file->index.head.span.media.rate_hz;
  std::optional<std::uint64_t> second;
  for (const FileMark& mark : file->index.marks) {
    if (mark.offset >= end) break;
    const std::uint64_t now = rate_hz > 0 ? mark.samples / rate_hz : 0;
    sync.push({mark.offset, {mark.samples, rate_hz > 0 && second != now}, false});
    second = now;
  }
  AppendLog<StreamEvent> events;
  for (const FileFact& fact : file->index.facts)
    if (fact.offset < end) events.push({fact.offset, fact.headers, fact.metadata});
  view->sync = sync.view();
  view->events = events.view();
  file->view = std::move(view);
  return std::shared_ptr<const ArchiveFile>(std::move(file));
}

Result<std::shared_ptr<RemoteParts>> RemoteParts::create(const std::string& cache_dir,
                                                         std::string mount) {
  UniqueFd fd = unnamed_file(cache_dir);
  if (!fd)
    return Error::io(
        cat({cache_dir.empty() ? std::string("memory for recordings of other nodes") : cache_dir,
             ": ", std::strerror(errno)}));
  return std::shared_ptr<RemoteParts>(new RemoteParts(std::move(mount), std::move(fd)));
}

std::atomic<std::uint32_t>* RemoteParts::cell(std::uint64_t block) {
  const std::uint64_t at = block / kChunk;
  if (at >= chunks_.size()) return nullptr;
  Chunk* chunk = chunks_[at].load(std::memory_order_relaxed);
  if (chunk == nullptr) {
    owned_.push_back(std::make_unique<Chunk>());
    chunk = owned_.back().get();
    for (auto& each : *chunk) each.store(0, std::memory_order_relaxed);
    chunks_[at].store(chunk, std::memory_order_release);
  }
  return &(*chunk)[block % kChunk];
}

std::uint64_t RemoteParts::filled(std::uint64_t block) const noexcept {
  const std::uint64_t at = block / kChunk;
  if (at >= chunks_.size()) return 0;
  const Chunk* chunk = chunks_[at].load(std::memory_order_acquire);
  return chunk == nullptr ? 0 : (*chunk)[block % kChunk].load(std::memory_order_acquire);
}

bool RemoteParts::has(std::uint64_t offset, std::uint64_t bytes) const noexcept {
  const std::uint64_t end = offset + bytes;
  while (offset < end) {
    const std::uint64_t block = offset / kBlock;
    const std::uint64_t to = std::min(end, (block + 1) * kBlock);
    if (block * kBlock + filled(block) < to) return false;
    offset = to;
  }
  return true;
}

Result<void> RemoteParts::reserve(std::uint64_t end) {
  if (end <= end_) return {};
  const std::uint64_t whole = (end + kBlock - 1) / kBlock * kBlock;
  if (::ftruncate(fd_.get(), static_cast<off_t>(whole)) != 0)
    return Error::io(cat({"the cache of recordings: ", std::strerror(errno)}));
  end_ = whole;
  return {};
}

void RemoteParts::empty(std::uint64_t block) {
  std::atomic<std::uint32_t>* const at = cell(block);
  if (at == nullptr) return;
  bytes_ -= at->exchange(0, std::memory_order_acq_rel);
}

Result<void> RemoteParts::put(std::uint64_t block, std::string_view bytes, const FileIndex& index) {
  std::atomic<std::uint32_t>* const at = cell(block);
  if (at == nullptr) return Error::limit("a recording of more than 4 GiB");
  const std::uint64_t filled = at->load(std::memory_order_relaxed);
  const std::uint64_t from = block * kBlock + filled;
  if (bytes.size() > kBlock - filled) return Error::invalid("a block with too many bytes");
  if (auto room = reserve(from + bytes.size()); !room) return room;
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t put = ::pwrite(fd_.get(), bytes.data() + done, bytes.size() - done,
                                 static_cast<off_t>(from + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return Error::io(cat({"the cache of recordings: ", std::strerror(errno)}));
    done += static_cast<std::size_t>(put);
  }
  // No reader sees them before they are known to be right.
  if (auto right = check(from, from + bytes.size(), index); !right) return right;
  bytes_ += bytes.size();
  at->store(static_cast<std::uint32_t>(filled + bytes.size()), std::memory_order_release);
  return {};
}

// The seconds of the index that have some of these bytes, and are whole here.
Result<void> RemoteParts::check(std::uint64_t from, std::uint64_t to, const FileIndex& index) {
  const auto& marks = index.marks;
  std::vector<char> buffer;
  for (std::size_t i = index.mark_before(from) + 1; i < marks.size(); ++i) {
    const std::uint64_t begin = marks[i - 1].offset, end = marks[i].offset;
    if (begin >= to) break;
    if (end <= from || end <= begin) continue;
    const bool whole =
        (begin >= from || has(begin, from - begin)) && (end <= to || has(to, end - to));
    if (!whole) continue;
    buffer.resize(static_cast<std::size_t>(end - begin));
    const ssize_t got = ::pread(fd_.get(), buffer.data(), buffer.size(), static_cast<off_t>(begin));
    const ByteSpan bytes(reinterpret_cast<const std::byte*>(buffer.data()), buffer.size());
    if (got == static_cast<ssize_t>(buffer.size()) && crc32c(bytes) == marks[i].crc) continue;
    for (std::uint64_t block = begin / kBlock; block <= (end - 1) / kBlock; ++block) empty(block);
    return Error::invalid(
        cat({"bytes ", begin, " to ", end, " do not have the checksum of their index"}));
  }
  return {};
}

}  // namespace lb
