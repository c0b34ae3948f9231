// Files as wholes: read, written, and replaced in one step.
//
// A file is replaced by another one that was written beside it, as ".NAME.new", and is then
// renamed: readers see the old bytes or the new ones, after a crash too.  What a crash leaves of
// the other one is removed by the next replacement; so a file is replaced by one writer at a time.
// Thread: they wait for the disk: on a thread that may.
// Bounds: FileReading::limit.
// Errors: "PATH: what could not be done: errno's text", kNotFound where there is no such path, else
// kIo; kInvalid: not a regular file; kLimit: longer than the limit.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/file_stamp.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "base/unique_function.h"

namespace lb {

// A path; or a name in an open directory, whose path is for the words of errors alone.
struct FileAt {
  FileAt(std::string path_given) : path(std::move(path_given)), name(path) {}  // NOLINT: implicit
  FileAt(int directory_given, const std::string& directory_path, std::string name_given)
      : path(directory_path + '/' + name_given),
        directory(directory_given),
        name(std::move(name_given)) {}

  std::string path;
  int directory = AT_FDCWD;
  std::string name;
};

struct FileReading {
  std::size_t limit = 64 << 20;
  bool cut = false;           // what is longer is cut there
  bool follows_links = true;  // false: a name that is a symbolic link is an error
};

// The stamp: of the file before it was read, so that what is written meanwhile is another change.
struct FileText {
  std::string text;
  FileStamp stamp;
};
Result<FileText> read_file(const FileAt& file, FileReading reading = {});

// All up to the end, or `limit` bytes, and one more where there are more.  False: errno.
bool read_to_end(int fd, std::string& text, std::size_t limit);
// As many bytes from `offset` on as `into` has room for, fewer at the end of the file or an error.
std::size_t read_at(int fd, std::uint64_t offset, std::span<std::byte> into);
// The whole content of a file that another process has written and shares; nullopt: the file is
// missing, longer than the limit, or cannot be read.
std::optional<std::string> read_shared(const UniqueFd& fd, std::size_t limit);
// Over interruptions and short writes.  False: errno.
bool write_all(int fd, std::string_view text);
// Of what a link leads to.
bool is_directory(const std::string& path);

enum class Synced : std::uint8_t {
  kNothing,  // a power failure may leave anything
  kBytes,    // it leaves the old bytes or the new ones
  kName,     // the new ones, when the call has returned
};

struct FileReplacing {
  mode_t mode = 0600;
  Synced synced = Synced::kName;
  // Before the file is synced and gets its name.  False: errno, and it is given up.
  UniqueFunction<bool(int fd)> prepare = {};
};

// One piece of the bytes after the other, "" behind the last.
using FilePieces = UniqueFunction<std::string_view()>;

Result<void> replace_file(const FileAt& file, std::string_view bytes, FileReplacing how = {});
Result<void> replace_file(const FileAt& file, FilePieces pieces, FileReplacing how = {});
// The same; what it returns is open for writing, behind the bytes.  After an error errno is that of
// it.
Result<UniqueFd> place_file(const FileAt& file, std::string_view bytes, FileReplacing how = {});

// The name of a new file outlives a power failure.  False: errno.
bool sync_name(const FileAt& file);

// A file that administrators edit too: its mode and, where possible, its owner stay, a symbolic
// link stays one, and the file beside it has a name of its own.  Where the directory may not be
// written the file is written in place.  Its bytes are synced.
Result<void> replace_edited_file(const std::string& path, std::string_view bytes);

}  // namespace lb
