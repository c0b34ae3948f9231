#include "registry/store_copy.h"

#include <sys/stat.h>

#include <cstdio>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/strings.h"
#include "registry/record_text.h"

namespace lb {
namespace {

constexpr std::string_view kCopyModule = "registry/copy";
constexpr std::string_view kCopyHead = "icecast-lb-store-copy 1 ";

// Whether the file is to stay beside the next one.
bool keeps_older(const std::string& older, StoreCopy::Facts last, StoreCopy::Facts next,
                 std::int64_t now) {
  if (next.revision < last.revision || next.records + StoreCopy::kManyGone <= last.records)
    return true;
  // Of the change of its name, not of its text.
  struct stat facts {};
  if (::lstat(older.c_str(), &facts) != 0) return true;
  const auto age = std::chrono::seconds(now - facts.st_ctim.tv_sec);
  return age >= StoreCopy::kOlderAge;
}

Result<void> write_copy(const std::string& path, FilePieces text, StoreCopy::Facts last,
                        StoreCopy::Facts next, std::int64_t now) {
  const std::string older = cat({path, StoreCopy::kOlder});
  // There may be none yet; and a start takes the older one where this is broken off.
  if (keeps_older(older, last, next, now)) ::rename(path.c_str(), older.c_str());
  return replace_file(path, std::move(text));
}

Result<RegistryContent> read_copy(const std::string& path, std::string_view prefix) {
  const auto file = read_file(path, {.limit = StoreCopy::kCopyBytes, .follows_links = false});
  if (!file) return file.error();
  return parse_store_copy(prefix, file->text);
}

struct CopyRead {
  std::optional<RegistryContent> content;
  std::string trouble;  // of the newest copy
};

CopyRead read_newest(const std::string& path, std::string_view prefix) {
  if (path.empty()) return {};
  auto newest = read_copy(path, prefix);
  if (newest) return {std::move(*newest), {}};
  const bool missing = newest.error().code == Error::Code::kNotFound;
  const std::string older_path = cat({path, StoreCopy::kOlder});
  auto older = read_copy(older_path, prefix);
  if (!older && missing) return {};
  if (!older)
    return {std::nullopt, cat({path, ": ", newest.error().what, "; there is no last good copy"})};
  return {std::move(*older),
          cat({newest.error().what, "; the older copy ", older_path, " takes its place"})};
}

}  // namespace

StoreCopy::StoreCopy(Loop& control, Loop& disk, std::string path, std::string prefix,
                     const Mirror& mirror, Log& log)
    : control_(control),
      disk_(disk),
      path_(std::move(path)),
      prefix_(std::move(prefix)),
      mirror_(mirror),
      log_(log),
      copy_(control, disk,
            {[this] { return take(); },
             [&log](const std::string& why) {
               log.error(kCopyModule, why + "; the last good copy of the store is an older one");
             }}) {}

void StoreCopy::load(UniqueFunction<void(std::optional<RegistryContent>)> done) {
  disk_.post([this, life = std::weak_ptr<int>(life_), &control = control_, path = path_,
              prefix = prefix_, done = std::move(done)]() mutable {
    control.post([this, life, done = std::move(done), read = read_newest(path, prefix)]() mutable {
      if (life.expired()) return;
      if (!read.trouble.empty()) log_.error(kCopyModule, read.trouble);
      if (read.content) last_ = {read.content->revision, read.content->records.size()};
      done(std::move(read.content));
    });
  });
}

SavedCopy::Write StoreCopy::take() {
  auto content = mirror_.snapshot();
  const Facts next{content.revision, content.records.size()};
  return [path = path_, prefix = prefix_, content = std::move(content),
          last = std::exchange(last_, next), next,
          now = unix_seconds(control_.clock().wall())]() mutable {
    return write_copy(path, store_copy_pieces(prefix, std::move(content)), last, next, now);
  };
}

UniqueFunction<std::string_view()> store_copy_pieces(std::string_view prefix,
                                                     Mirror::Snapshot content) {
  std::string head = cat({kCopyHead, percent_encode(prefix, true), ' ', content.revision, '\n'});
  return [content = std::move(content), text = std::move(head), at = std::size_t{0},
          ended = false]() mutable -> std::string_view {
    if (at > 0 || ended) text.clear();
    for (; at < content.records.size() && text.size() < kCopyPiece; ++at) {
      const RegistryRecord& record = *content.records[at];
      append_record(text, record.key, record.value, record.revision, 0);
    }
    if (at == content.records.size() && !std::exchange(ended, true))
      append_record_end(text, content.records.size());
    return text;
  };
}

Result<RegistryContent> parse_store_copy(std::optional<std::string_view> prefix,
                                         std::string_view text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(kCopyHead))
    return Error::invalid("is no copy of a store");
  const auto words = split(text.substr(kCopyHead.size(), end - kCopyHead.size()), ' ');
  const auto revision = words.size() == 2 ? parse_u64(words[1]) : std::nullopt;
  if (!revision) return Error::invalid("is no copy of a store");
  if (prefix && words[0] != percent_encode(*prefix, true))
    return Error::not_found(cat({"is a copy of the store ", words[0]}));
  auto records = parse_record_text(text.substr(end + 1), StoreCopy::kCopyBytes);
  if (!records) return records.error();
  RegistryContent content;
  content.revision = *revision;
  for (StoredRecord& record : *records)
    if (record.value)
      content.records.push_back({std::move(record.key), std::move(*record.value), record.revision});
  return content;
}

}  // namespace lb
