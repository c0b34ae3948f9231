#include "archive/files/archive_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "archive/files/data_marks.h"
#include "base/cat.h"

namespace lb {

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

}  // namespace lb
