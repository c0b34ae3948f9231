#include "auth/guard/watched_file.h"

#include <functional>

#include "base/file.h"

namespace lb {

std::optional<Result<std::string>> WatchedFile::read_if_changed() {
  const FileStamp now = FileStamp::of_file(path_);
  if (seen_ && seen_->still_holds(now)) return std::nullopt;
  auto file = read_file(path_);
  const FileStamp read = file ? file->stamp : now;
  const auto hash = file ? std::optional(std::hash<std::string>{}(file->text)) : std::nullopt;
  // An equal stamp that was not settled proves nothing, so the texts are compared too.
  const bool known = seen_ && *seen_ == read && hash == hash_;
  seen_ = read;
  hash_ = hash;
  if (known) return std::nullopt;
  if (!file) return Result<std::string>(file.error());
  return Result<std::string>(std::move(file->text));
}

}  // namespace lb
