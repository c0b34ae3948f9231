#include "registry/store_copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <map>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "registry/record_text.h"

namespace lb {
namespace {

constexpr std::string_view kCopyModule = "registry/copy";
constexpr std::string_view kCopyHead = "icecast-lb-store-copy 1 ";
constexpr std::string_view kAdditionHead = "icecast-lb-store-addition 1 ";

// Whether the present file is kept beside the next one.
bool keeps_older(const std::string& older, StoreCopy::Facts last, StoreCopy::Facts next,
                 std::int64_t now) {
  if (next.revision < last.revision || next.records + StoreCopy::kManyGone <= last.records)
    return true;
  // The rename changed ctime, but not mtime.
  struct stat facts {};
  if (::lstat(older.c_str(), &facts) != 0) return true;
  const auto age = std::chrono::seconds(now - facts.st_ctim.tv_sec);
  return age >= StoreCopy::kOlderAge;
}

// The file may be missing.
void make_empty(const std::string& path) { (void)!::truncate(path.c_str(), 0); }

Result<void> write_copy(const std::string& path, FilePieces text, StoreCopy::Facts last,
                        StoreCopy::Facts next, std::int64_t now) {
  const std::string older = cat({path, StoreCopy::kOlder});
  // The file may be missing.  If the write is interrupted, a start uses the older copy.
  if (keeps_older(older, last, next, now)) ::rename(path.c_str(), older.c_str());
  // The new copy includes all additions.  If the store's revision went back, older additions have
  // higher revisions and would be taken for newer records, so they are removed first.
  const std::string newer = cat({path, StoreCopy::kNewer});
  if (next.revision < last.revision) make_empty(newer);
  auto replaced = replace_file(path, std::move(text));
  if (replaced) make_empty(newer);
  return replaced;
}

Error cannot_add(const std::string& path) {
  return Error{Error::Code::kIo, cat({path, ": cannot be added to: ", std::strerror(errno)})};
}

Result<void> append_to(const std::string& path, std::string_view text) {
  const UniqueFd file(::open(
      path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0) return cannot_add(path);
  if (static_cast<std::size_t>(facts.st_size) + text.size() > StoreCopy::kCopyBytes)
    return Error::limit(
        cat({path, ": has ", facts.st_size, " bytes; ", StoreCopy::kCopyBytes, " are allowed"}));
  if (!write_all(file.get(), text) || ::fdatasync(file.get()) != 0) {
    const Error error = cannot_add(path);
    // A start reads nothing behind a damaged block.
    (void)!::ftruncate(file.get(), facts.st_size);
    return error;
  }
  if (facts.st_size == 0 && !sync_name(path)) return cannot_add(path);
  return {};
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

CopyRead read_whole(const std::string& path, std::string_view prefix) {
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

CopyRead read_newest(const std::string& path, std::string_view prefix) {
  CopyRead read = read_whole(path, prefix);
  if (path.empty()) return read;
  const auto newer = read_file(cat({path, StoreCopy::kNewer}),
                               {.limit = StoreCopy::kCopyBytes, .follows_links = false});
  if (!newer || newer->text.empty()) return read;
  // A server that was killed before its first copy has only the additions.
  RegistryContent content = read.content ? std::move(*read.content) : RegistryContent();
  if (add_store_additions(prefix, newer->text, content) > 0 || read.content)
    read.content = std::move(content);
  return read;
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
      patience_(control,
                [this] {
                  // Writes whose block the disk loop does not have yet stop waiting too.
                  std::ranges::move(next_waiting_, std::back_inserter(waiting_));
                  next_waiting_.clear();
                  wait_no_more(cat({path_, kNewer, ": the disk is silent for 1 s"}));
                }),
      copy_(control, disk,
            {[this] { return take(); },
             [&log](const std::string& why) {
               log.error(kCopyModule, why + "; the last good copy of the store is an older one");
             }}) {}

void StoreCopy::add(const RegistryWrite& write, std::uint64_t revision,
                    UniqueFunction<void()> then) {
  // After the revision went back, an addition would look like a past one until the next copy.
  if (path_.empty() || revision <= last_.revision) return then();
  // No write waits for a silent disk; the next copy will have it.
  if (appending_ && !patience_.armed()) return then();
  to_append_ += store_addition(prefix_, write, revision);
  next_waiting_.push_back(std::move(then));
  if (!appending_) append();
}

void StoreCopy::append() {
  appending_ = true;
  waiting_ = std::exchange(next_waiting_, {});
  patience_.after(kPatience);
  disk_.post([this, life = std::weak_ptr<int>(life_), &control = control_,
              path = cat({path_, kNewer}), text = std::exchange(to_append_, {})] {
    control.post([this, life, result = append_to(path, text)] {
      if (!life.expired()) appended(result);
    });
  });
}

void StoreCopy::appended(const Result<void>& result) {
  appending_ = false;
  patience_.cancel();
  wait_no_more(result ? std::string() : result.error().what);
  if (!to_append_.empty()) append();
}

// The store has the writes, whatever the disk does.
void StoreCopy::wait_no_more(const std::string& why) {
  if (std::exchange(trouble_, why) != why && !why.empty())
    log_.error(kCopyModule, why +
                                "; the store has what is acknowledged now, and a start without "
                                "the store may not");
  for (auto& then : std::exchange(waiting_, {})) then();
}

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
    return Error::invalid("is not a copy of a store");
  const auto words = split(text.substr(kCopyHead.size(), end - kCopyHead.size()), ' ');
  const auto revision = words.size() == 2 ? parse_u64(words[1]) : std::nullopt;
  if (!revision) return Error::invalid("is not a copy of a store");
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

std::string store_addition(std::string_view prefix, const RegistryWrite& write,
                           std::uint64_t revision) {
  std::vector<StoredRecord> records;
  for (const auto& [key, value] : write.puts) records.push_back({key, value, revision, 0});
  if (write.made) records.push_back({write.made->first, write.made->second, revision, 0});
  for (const std::string& key : write.deletes) records.push_back({key, std::nullopt, revision, 0});
  const std::string text = record_text(records);
  return cat({kAdditionHead, percent_encode(prefix, true), ' ', text.size(), '\n', text});
}

std::uint64_t add_store_additions(std::optional<std::string_view> prefix, std::string_view text,
                                  RegistryContent& content) {
  std::map<std::string, RegistryRecord> records;
  for (RegistryRecord& record : content.records) {
    std::string key = record.key;
    records.emplace(std::move(key), std::move(record));
  }
  std::uint64_t newest = 0;
  while (text.starts_with(kAdditionHead)) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    const auto words = split(text.substr(kAdditionHead.size(), end - kAdditionHead.size()), ' ');
    const auto size = words.size() == 2 ? parse_u64(words[1]) : std::nullopt;
    if (!size || *size > text.size() - end - 1) break;
    const auto block = parse_record_text(text.substr(end + 1, *size));
    if (!block) break;
    text.remove_prefix(end + 1 + *size);
    if (prefix && words[0] != percent_encode(*prefix, true)) continue;
    for (const StoredRecord& record : *block) {
      if (record.revision <= content.revision) continue;
      newest = std::max(newest, record.revision);
      if (record.value)
        records[record.key] = {record.key, *record.value, record.revision};
      else
        records.erase(record.key);
    }
  }
  content.records.clear();
  for (auto& [key, record] : records) content.records.push_back(std::move(record));
  return newest;
}

}  // namespace lb
