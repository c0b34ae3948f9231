#include "audience/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/cat.h"
#include "base/file.h"
#include "base/unique_fd.h"

namespace lb {
namespace {

Error cannot(const std::string& path, std::string_view what) {
  return Error::io(cat({path, ": cannot be ", what, ": ", std::strerror(errno)}));
}

Result<void> judge_room(const std::string& folder, std::uint64_t needed) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) return {};  // the copy itself will report the error
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (free >= needed + kBackupRest) return {};
  return Error::limit(cat({folder, " has ", free, " bytes free, and the copy needs ", needed,
                           ", with ", kBackupRest, " left for rows; nothing is copied"}));
}

Result<std::uint64_t> copy(Sqlite& database, const std::string& whole) {
  // The file is created with its mode before SQLite writes people's rows into it.
  const UniqueFd made(::open(whole.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
  if (!made) return cannot(whole, "created");
  if (const auto copied = database.copy_to(whole); !copied)
    return Error::io(cat({whole, ": ", copied.error().what, "; nothing is copied"}));
  struct stat facts {};
  if (::fsync(made.get()) != 0 || ::fstat(made.get(), &facts) != 0)
    return cannot(whole, "written to the disk");
  return static_cast<std::uint64_t>(facts.st_size);
}

}  // namespace

std::string backup_path(const Sqlite& database) { return database.path() + ".backup"; }

std::uint64_t backup_bytes(Sqlite& database) {
  database.clear();
  const auto pragma = [&database](std::string_view sql) {
    return database.prepare(sql).first_number();
  };
  const std::int64_t pages = pragma("PRAGMA page_count") - pragma("PRAGMA freelist_count");
  return static_cast<std::uint64_t>(pages * pragma("PRAGMA page_size"));
}

Result<std::uint64_t> back_up(Sqlite& database) {
  const std::string path = backup_path(database), whole = path + ".part";
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  ::unlink(whole.c_str());
  if (const auto room = judge_room(folder, backup_bytes(database)); !room) return room.error();
  const auto bytes = copy(database, whole);
  const bool is_named = bytes && std::rename(whole.c_str(), path.c_str()) == 0;
  const int failure = errno;
  if (!is_named) ::unlink(whole.c_str());
  if (!bytes) return bytes.error();
  errno = failure;
  if (!is_named) return cannot(path, "replaced");
  if (!sync_name(path)) return cannot(folder, "written to the disk");
  return *bytes;
}

}  // namespace lb
