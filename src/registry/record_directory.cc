#include "registry/record_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"
#include "registry/key.h"
#include "registry/registry.h"

namespace lb {
namespace {

constexpr std::uint64_t kFileFormat = 1;
constexpr std::size_t kNumberBytes = 64;
constexpr std::string_view kFolderEnd = ".d";
constexpr std::size_t kHandEdits = 64;  // in one commit
constexpr std::size_t kOpenFiles = 64;
constexpr std::size_t kUnfinishedBytes = 1 << 20;  // above it the files are written first

Result<UniqueFd> take_lock(const Folder& folder) {
  UniqueFd fd(
      ::openat(folder.fd(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!fd && errno == EROFS)
    fd.reset(::openat(folder.fd(), "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return Error::io(cat({folder.path(), "/lock: cannot be made: ", std::strerror(errno)}));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
    const std::string pid = cat({::getpid(), '\n'});
    // The pid serves only the error message of another server: the kernel knows the owner of the
    // lock.  A full disk must not prevent reading.
    if (::ftruncate(fd.get(), 0) == 0) std::ignore = ::pwrite(fd.get(), pid.data(), pid.size(), 0);
    return fd;
  }
  char pid[24] = {};
  const ssize_t n = ::pread(fd.get(), pid, sizeof pid - 1, 0);
  const auto owner =
      parse_u64(trim(std::string_view(pid, n > 0 ? static_cast<std::size_t>(n) : 0)));
  return Error::denied(cat({folder.path(), ": is in use by another server",
                            owner ? cat({" (process ", *owner, ')'}) : std::string(),
                            "; records are read and written by one server alone"}));
}

// The number in a file; 0: the file is missing.
Result<std::uint64_t> read_number(const Folder& folder, const std::string& name) {
  const auto text = folder.read(name, kNumberBytes);
  if (!text && text.error().code == Error::Code::kNotFound) return std::uint64_t{0};
  if (!text) return text.error();
  const auto number = parse_u64(trim(*text));
  if (!number) return Error::invalid(cat({folder.path(), '/', name, ": is not a number"}));
  return *number;
}

std::string good_place(const std::string& key) { return file_folder(key) + '/' + file_stem(key); }

}  // namespace

RecordDirectory::RecordDirectory(Folder folder, Folder good, UniqueFd lock, Judge judge)
    : folder_(std::move(folder)),
      good_(std::move(good)),
      lock_(std::move(lock)),
      judge_(std::move(judge)) {}

void RecordDirectory::let_go() noexcept { ::flock(lock_.get(), LOCK_UN); }

void RecordDirectory::keep() noexcept { ::flock(lock_.get(), LOCK_EX | LOCK_NB); }

Result<std::unique_ptr<RecordDirectory>> RecordDirectory::open(const std::string& path, Judge judge,
                                                               Step step) {
  auto folder = Folder::open(path);
  if (!folder) return folder.error();
  auto lock = take_lock(*folder);
  if (!lock) return lock.error();
  auto good = folder->below("last-good");
  if (!good) return good.error();
  auto made = std::unique_ptr<RecordDirectory>(new RecordDirectory(
      std::move(*folder), std::move(*good), std::move(*lock), std::move(judge)));
  made->step_ = std::move(step);
  if (auto read = made->read_state(); !read) return read.error();
  if (auto read = made->read_good(); !read) return read.error();
  if (auto done = made->recover(); !done) return done.error();
  return made;
}

Result<void> RecordDirectory::read_state() {
  const auto format = read_number(folder_, "format");
  if (!format) return format.error();
  if (*format > kFileFormat)
    return Error::unsupported(cat({folder_.path(), ": has format ", *format,
                                   " of a newer version; this one knows ", kFileFormat}));
  if (*format == 0) {
    if (auto written = folder_.write("format", cat({kFileFormat, '\n'})); !written)
      return written.error();
  }
  const auto revision = read_number(folder_, "revision");
  if (revision)
    revision_ = *revision;
  else
    notes_.push_back(revision.error().what + "; it goes on after the newest record");
  return {};
}

Result<void> RecordDirectory::read_good() {
  const auto classes = good_.names();
  if (!classes) return classes.error();
  for (const std::string& name : *classes) {
    if (!name.ends_with(kFolderEnd)) continue;
    const auto folder = folder_of(good_, name);
    if (!folder) return folder.error();
    const auto files = (*folder)->names();
    if (!files) return files.error();
    for (const std::string& file : *files) {
      if (file.starts_with('.')) {  // an unfinished write
        if (auto removed = (*folder)->remove(file); !removed) return removed.error();
        continue;
      }
      step("read");
      const auto text = (*folder)->read(file, Registry::kValueBytes + Registry::kKeyBytes + 256);
      auto records = text ? parse_record_text(*text) : text.error();
      // A copied file in another place must not become a second record of its key.
      if (!records || records->size() != 1 || !(*records)[0].value ||
          good_place((*records)[0].key) != name + '/' + file) {
        notes_.push_back(cat({(*folder)->path(), '/', file, ": ",
                              records ? "is the record of another file" : records.error().what,
                              "; it was passed over"}));
        continue;
      }
      StoredRecord& record = (*records)[0];
      revision_ = std::max(revision_, record.revision);
      std::string key = record.key;
      records_[std::move(key)] = std::move(record);
    }
  }
  return {};
}

Result<void> RecordDirectory::recover() {
  const auto text = folder_.read("pending", kRecordTextBytes);
  if (!text && text.error().code == Error::Code::kNotFound) return {};
  if (!text) return text.error();
  auto records = parse_record_text(*text);
  if (!records) {
    notes_.push_back(
        cat({folder_.path(), "/pending: ", records.error().what, "; it is pending.damaged now"}));
    return folder_.rename("pending", "pending.damaged");
  }
  for (StoredRecord& record : *records) {
    revision_ = std::max(revision_, record.revision);
    const auto held = records_.find(record.key);
    if (held != records_.end() && held->second.revision > record.revision) continue;
    if (record.value)
      records_[record.key] = record;
    else
      records_.erase(record.key);
    std::string key = record.key;
    unfinished_[std::move(key)] = std::move(record);
  }
  // Records that cannot be written now are in memory; the next commit tries again.
  if (unfinished_.empty()) std::ignore = folder_.remove("pending");
  if (auto finished = finish(); !finished) notes_.push_back(finished.error().what);
  return {};
}

Result<Folder*> RecordDirectory::folder_of(const Folder& parent, const std::string& name) {
  const std::string path = parent.path() + '/' + name;
  if (const auto at = opened_.find(path); at != opened_.end()) return &at->second;
  auto opened = parent.below(name);
  if (!opened) return opened.error();
  return &opened_.emplace(path, std::move(*opened)).first->second;
}

Result<void> RecordDirectory::commit(std::vector<StoredRecord> records) {
  if (unfinished_bytes_ > kUnfinishedBytes)
    if (auto finished = finish(); !finished) return finished;
  std::uint64_t newest = revision_;
  for (const StoredRecord& record : records) newest = std::max(newest, record.revision);
  step("revision");
  if (auto done = folder_.write("revision", cat({newest, '\n'})); !done) return done;
  revision_ = newest;
  step("pending");
  if (auto done = write_pending(records); !done) return done;
  step("pending sync");
  if (auto done = folder_.sync(); !done) {
    // The commit has failed, so it must not reappear at the next start.
    std::ignore = unfinished_.empty() ? folder_.remove("pending") : write_pending({});
    return done;
  }
  step("durable");
  for (StoredRecord& record : records) {
    if (record.value)
      records_[record.key] = record;
    else
      records_.erase(record.key);
    unfinished_bytes_ += record.key.size() + (record.value ? record.value->size() : 0);
    std::string key = record.key;
    unfinished_[std::move(key)] = std::move(record);
  }
  return {};
}

Result<void> RecordDirectory::try_out() {
  auto done = folder_.write("room", std::string(Registry::kValueBytes, ' '));
  if (auto removed = folder_.remove("room"); done && !removed) return removed;
  return done ? commit({}) : done;
}

Result<void> RecordDirectory::write_pending(const std::vector<StoredRecord>& more) const {
  std::vector<StoredRecord> all;
  all.reserve(unfinished_.size() + more.size());
  for (const auto& [key, record] : unfinished_) all.push_back(record);
  all.insert(all.end(), more.begin(), more.end());
  return folder_.write("pending", record_text(all));
}

Result<void> RecordDirectory::write_files(const StoredRecord& record,
                                          std::vector<UniqueFd>& written) {
  const std::string& key = record.key;
  const auto good = folder_of(good_, file_folder(key));
  if (!good) return good.error();
  const std::string stem = file_stem(key);
  if (has_face(key)) {
    const auto faces = folder_of(folder_, file_folder(key));
    if (!faces) return faces.error();
    const std::string_view extension = record.value ? record_extension(*record.value) : "";
    for (const std::string_view other : {".xml", ".json"}) {
      if (other == extension) continue;
      step("old face");
      if (auto done = (*faces)->remove(cat({stem, other})); !done) return done;
    }
    step("face");
    const std::string face = cat({stem, extension});
    // A face that was edited by hand has the value already, and stays its editor's file.
    const auto there = (*faces)->read(face, Registry::kValueBytes);
    if (record.value && (!there || *there != *record.value)) {
      auto placed = (*faces)->place(face, *record.value);
      if (!placed) return placed.error();
      written.push_back(std::move(*placed));
    }
  }
  step("good");
  if (!record.value) return (*good)->remove(stem);
  auto placed = (*good)->place(stem, record_text({record}));
  if (!placed) return placed.error();
  written.push_back(std::move(*placed));
  return {};
}

Result<void> RecordDirectory::sync_files(std::vector<UniqueFd>& written) const {
  for (const UniqueFd& file : written) {
    step("file sync");
    if (::fsync(file.get()) != 0)
      return Error::io(cat({folder_.path(), ": cannot be synchronized: ", std::strerror(errno)}));
  }
  written.clear();
  return {};
}

Result<void> RecordDirectory::finish(std::size_t at_most) {
  if (unfinished_.empty()) return {};
  // All files are written before the first sync, so that the disk writes them together.
  std::vector<UniqueFd> written;
  std::set<std::string> folders;
  auto end = unfinished_.begin();
  for (std::size_t n = 0; n < at_most && end != unfinished_.end(); ++n, ++end) {
    if (auto done = write_files(end->second, written); !done) return done;
    folders.insert(file_folder(end->first));
    if (written.size() < kOpenFiles) continue;
    if (auto done = sync_files(written); !done) return done;
  }
  if (auto done = sync_files(written); !done) return done;
  for (const auto& [path, folder] : opened_) {
    if (!folders.contains(path.substr(path.rfind('/') + 1))) continue;
    step("folder sync");
    if (auto done = folder.sync(); !done) return done;
  }
  step("end");
  if (end == unfinished_.end())
    if (auto done = folder_.remove("pending"); !done) return done;
  unfinished_.erase(unfinished_.begin(), end);
  if (unfinished_.empty()) unfinished_bytes_ = 0;
  return {};
}

Result<RecordDirectory::Read> RecordDirectory::read_faces(std::int64_t now) {
  Read read;
  read.bad = std::exchange(notes_, {});
  // Unwritten faces would look like edits.
  if (auto finished = finish(); !finished) {
    read.bad.push_back(finished.error().what + "; what was edited by hand was not looked at");
    return read;
  }
  const auto names = folder_.names();
  if (!names) return names.error();
  std::set<std::string> classes;
  for (const std::string& name : *names)
    if (name.ends_with(kFolderEnd) && has_face(name.substr(0, name.size() - kFolderEnd.size())))
      classes.insert(name.substr(0, name.size() - kFolderEnd.size()));
  // A folder that is missing as a whole was lost, not emptied.
  for (const auto& [key, record] : records_) {
    if (!has_face(key) || classes.contains(std::string(registry_class(key)))) continue;
    opened_.erase(folder_.path() + '/' + file_folder(key));
    unfinished_[key] = record;
  }
  if (!unfinished_.empty()) {
    read.bad.push_back(cat({folder_.path(), ": ", unfinished_.size(),
                            " records had lost their folder; they were written again"}));
    if (auto finished = finish(); !finished) return finished.error();
  }
  for (const std::string& record_class : classes)
    if (auto done = read_class(record_class, now, read); !done) return done.error();
  for (std::size_t at = 0; at < read.changes.size(); at += kHandEdits) {
    const auto from = read.changes.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t n = std::min(kHandEdits, read.changes.size() - at);
    if (auto done = commit({from, from + static_cast<std::ptrdiff_t>(n)}); !done)
      return done.error();
  }
  if (auto finished = finish(); !finished) return finished.error();
  return read;
}

Result<void> RecordDirectory::read_class(const std::string& record_class, std::int64_t now,
                                         Read& read) {
  // The folder may have been replaced.
  opened_.erase(cat({folder_.path(), '/', record_class, kFolderEnd}));
  const auto faces = folder_of(folder_, cat({record_class, kFolderEnd}));
  if (!faces) return faces.error();
  const auto files = (*faces)->names();
  if (!files) return files.error();
  std::map<std::string, std::string> keys;  // by stem
  for (auto at = records_.lower_bound(record_class + '/');
       at != records_.end() && registry_class(at->first) == record_class; ++at)
    keys[file_stem(at->first)] = at->first;
  std::set<std::string> seen;
  for (const std::string& file : *files) {
    if (file.starts_with('.')) {
      if (file.ends_with(".new")) std::ignore = (*faces)->remove(file);
      continue;
    }
    const std::size_t dot = file.rfind('.');
    const std::string extension = dot == std::string::npos ? std::string() : file.substr(dot);
    if (extension != ".xml" && extension != ".json") continue;  // an editor's copy
    const std::string stem = file.substr(0, dot);
    const auto known = keys.find(stem);
    const auto key =
        known != keys.end() ? std::optional(known->second) : key_of_file(record_class, stem);
    const bool other_is_meant =
        known != keys.end() && extension != record_extension(*records_.at(*key).value) &&
        std::binary_search(files->begin(), files->end(),
                           cat({stem, record_extension(*records_.at(*key).value)}));
    if (!key)
      read.bad.push_back(cat({(*faces)->path(), '/', file, ": is not the name of a record"}));
    else if (other_is_meant || !seen.insert(*key).second)
      read.bad.push_back(cat({(*faces)->path(), '/', file, ": ", *key, " has two files"}));
    else
      judge_face(**faces, file, *key, now, read);
  }
  for (const auto& [stem, key] : keys)
    if (!seen.contains(key))
      read.changes.push_back({key, std::nullopt, revision_ + 1 + read.changes.size(), now});
  return {};
}

void RecordDirectory::judge_face(const Folder& faces, const std::string& file,
                                 const std::string& key, std::int64_t now, Read& read) const {
  step("read");
  const auto text = faces.read(file, Registry::kValueBytes);
  const auto held = records_.find(key);
  if (text && held != records_.end() && held->second.value == *text) return;
  Result<void> verdict = text ? judge_(key, *text) : text.error();
  if (verdict && !file.ends_with(record_extension(*text)))
    verdict = Error::invalid(cat({"holds what belongs in ", record_extension(*text)}));
  if (!verdict) {
    const std::string path = faces.path() + '/' + file;
    const std::string& what = verdict.error().what;
    read.bad.push_back(
        (what.starts_with(path) ? what : cat({path, ": ", what})) +
        (held == records_.end() ? "; there is no record of it" : "; the last good record stays"));
    return;
  }
  read.changes.push_back({key, *text, revision_ + 1 + read.changes.size(), now});
}

}  // namespace lb
