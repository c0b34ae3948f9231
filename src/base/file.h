// Whole files: read, written, and replaced in one step.
//
// A replacement is written beside the file as ".NAME.new" and then renamed, so readers see the old
// bytes or the new ones, also after a crash.  The next replacement removes the rest of a crash, so
// a file may have only one writer at a time.
// Thread: they wait for the disk: only on a thread that may.
// Bounds: FileReading::limit.
// Errors: "PATH: what could not be done: errno's text", kNotFound without such a path, otherwise
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

// A path; or a name in an open directory, whose path is used only in errors.
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
  bool cut = false;           // cut longer files at the limit
  bool follows_links = true;  // false: a name that is a symbolic link is an error
};

// The stamp is taken before the file is read, so a later write is a new change.
struct FileText {
  std::string text;
  FileStamp stamp;
};
Result<FileText> read_file(const FileAt& file, FileReading reading = {});

// Reads to the end, or `limit` bytes and one more if there are more.  False: errno.
bool read_to_end(int fd, std::string& text, std::size_t limit);
// Reads from `offset` as many bytes as fit into `into`; fewer at the end or an error.
std::size_t read_at(int fd, std::uint64_t offset, std::span<std::byte> into);
// The whole content of a file that another process has written and shares; nullopt: the file is
// missing, longer than the limit, or cannot be read.
std::optional<std::string> read_shared(const UniqueFd& fd, std::size_t limit);
// Continues after interruptions and short writes.  False: errno.
bool write_all(int fd, std::string_view text);
// Follows links.
bool is_directory(const std::string& path);

enum class Synced : std::uint8_t {
  kNothing,  // a power failure may leave any content
  kBytes,    // it leaves the old bytes or the new ones
  kName,     // the new ones once the call has returned
};

struct FileReplacing {
  mode_t mode = 0600;
  Synced synced = Synced::kName;
  // Called before the file is synced and renamed.  False: errno, and the replacement is given up.
  UniqueFunction<bool(int fd)> prepare = {};
};

// Returns the bytes piece by piece, "" at the end.
using FilePieces = UniqueFunction<std::string_view()>;

Result<void> replace_file(const FileAt& file, std::string_view bytes, FileReplacing how = {});
Result<void> replace_file(const FileAt& file, FilePieces pieces, FileReplacing how = {});
// The same; the result is open for writing behind the bytes.  After an error errno is set.
Result<UniqueFd> place_file(const FileAt& file, std::string_view bytes, FileReplacing how = {});

// Makes the name of a new file survive a power failure.  False: errno.
bool sync_name(const FileAt& file);

// For a file that administrators edit too: keeps its mode and, if possible, its owner; a symbolic
// link stays one.  The file beside it has another name.  If the directory is not writable the file
// is written in place.  Its bytes are synced.
Result<void> replace_edited_file(const std::string& path, std::string_view bytes);

}  // namespace lb
