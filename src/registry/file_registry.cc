#include "registry/file_registry.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <tuple>
#include <utility>

#include "base/cat.h"
#include "base/json.h"
#include "registry/key.h"

namespace lb {
namespace {

constexpr std::string_view kFileRegistry = "registry/files";
constexpr std::chrono::minutes kSweep{10};
constexpr std::size_t kBatchWrites = 64;
constexpr std::chrono::milliseconds kFinishPause{50};
constexpr std::size_t kFinishRecords = 16;
constexpr std::size_t kBatchBytes = 4 << 20;  // no write is added above it

RecordDirectory::Judge with_json(FileRegistry::Judge judge) {
  return [judge = std::move(judge)](std::string_view key, std::string_view value) -> Result<void> {
    if (record_extension(value) == ".json")
      if (auto json = Json::parse(value); !json) return json.error();
    return judge ? judge(key, value) : Result<void>();
  };
}

std::size_t bytes_of(const RegistryWrite& write) {
  std::size_t bytes = write.made ? write.made->second.size() : 0;
  for (const auto& [key, value] : write.puts) bytes += key.size() + value.size();
  return bytes;
}

std::vector<std::string> keys_of(const RegistryWrite& write) {
  std::vector<std::string> keys = write.deletes;
  for (const RegistryCompare& compare : write.compares) keys.push_back(compare.key);
  for (const auto& [key, value] : write.puts) keys.push_back(key);
  if (write.made) keys.push_back(write.made->first);
  return keys;
}

void append_stored(const RegistryWrite& write, std::uint64_t revision, std::int64_t at,
                   std::vector<StoredRecord>& records) {
  for (const auto& [key, value] : write.puts) records.push_back({key, value, revision, at});
  if (write.made) records.push_back({write.made->first, write.made->second, revision, at});
  for (const std::string& key : write.deletes) records.push_back({key, std::nullopt, revision, at});
}

}  // namespace

// Only tasks of the disk loop touch these members, but for last_step.
struct FileRegistry::Disk {
  Disk(Loop& disk, std::string store, RecordDirectory::Judge judges)
      : loop(disk), path(std::move(store)), judge(std::move(judges)) {}

  void step() noexcept {
    last_step.store(loop.clock().steady().time_since_epoch(), std::memory_order_relaxed);
  }

  Loop& loop;
  const std::string path;
  const RecordDirectory::Judge judge;
  std::atomic<SteadyTime::duration> last_step{};
  std::unique_ptr<RecordDirectory> directory;
};

struct FileRegistry::Opened {
  RecordDirectory::Records records;
  std::uint64_t revision = 0;
  std::vector<std::string> bad;
};

FileRegistry::FileRegistry(Loop& control, Loop& disk, std::string path, Log& log, Judge judge,
                           std::chrono::milliseconds patience)
    : control_(control),
      log_(log),
      path_(std::move(path)),
      patience_(patience),
      disk_(std::make_shared<Disk>(disk, path_, with_json(std::move(judge)))),
      mirror_(control),
      retry_(control, [this] { open(); }),
      sweep_(control, [this] { forget_made(); }),
      finish_(control, [this] { finish_files(); }),
      try_out_(control, [this] { try_out(); }),
      silent_(control, [this] { on_silent_disk(); }) {
  state_.member = path_;
  state_.since = control.clock().wall();
  state_.words = "the records have not been read yet";
}

FileRegistry::~FileRegistry() {
  disk_->loop.post([disk = disk_] {
    if (disk->directory) std::ignore = disk->directory->finish();
    disk->directory.reset();
  });
}

template <class Then>
void FileRegistry::answer(Then then) {
  control_.post([life = std::weak_ptr<int>(life_), then = std::move(then)]() mutable {
    if (!life.expired()) then();
  });
}

std::int64_t FileRegistry::wall_seconds() const { return unix_seconds(control_.clock().wall()); }

void FileRegistry::load(UniqueFunction<void(Result<RegistryContent>)> done) {
  control_.assert_here();
  if (state_.loaded) {
    answer([this, done = std::move(done)]() mutable { done(mirror_.content()); });
    return;
  }
  loads_.push_back(std::move(done));
  if (!busy_) open();
}

void FileRegistry::open() {
  retry_.cancel();
  begin_task();
  disk_->loop.post([this, life = std::weak_ptr<int>(life_), disk = disk_, &control = control_,
                    now = wall_seconds()] {
    const auto read = [&]() -> Result<Opened> {
      if (!disk->directory) {
        auto opened = RecordDirectory::open(disk->path, disk->judge,
                                            [d = disk.get()](std::string_view) { d->step(); });
        if (!opened) return opened.error();
        disk->directory = std::move(*opened);
      }
      auto faces = disk->directory->read_faces(now);
      if (!faces) {
        disk->directory.reset();
        return faces.error();
      }
      return Opened{disk->directory->records(), disk->directory->revision(), std::move(faces->bad)};
    };
    control.post([this, life, opened = read()]() mutable {
      if (!life.expired()) on_opened(std::move(opened));
    });
  });
}

void FileRegistry::on_opened(Result<Opened> opened) {
  end_task();
  if (!opened) {
    set_up(false, opened.error().what);
    retry_.after(kRetry);
  } else {
    RegistryContent content;
    content.revision = opened->revision;
    for (auto& [key, record] : opened->records) {
      if (!has_face(key)) made_[key] = record.at;
      content.records.push_back({key, std::move(*record.value), record.revision});
    }
    state_.loaded = true;
    set_up(true, {});
    name_bad(std::move(opened->bad));
    mirror_.replace(std::move(content));
  }
  for (auto& done : std::exchange(loads_, {}))
    done(opened ? Result<RegistryContent>(mirror_.content()) : opened.error());
  if (state_.loaded) forget_made();
  pump();
}

void FileRegistry::watch(std::uint64_t from, UniqueFunction<void(RegistryChange)> on_change) {
  control_.assert_here();
  mirror_.watch(from, std::move(on_change));
}

RegistryState FileRegistry::state() const {
  RegistryState state = state_;
  state.revision = mirror_.revision();
  return state;
}

void FileRegistry::reload() {
  control_.assert_here();
  reload_wanted_ = true;
  pump();
}

void FileRegistry::commit(RegistryWrite write, UniqueFunction<void(CommitAnswer)> done) {
  control_.assert_here();
  std::string why = registry_write_fault(write);
  if (why.empty() && !state_.loaded) why = state_.words;
  if (why.empty() && waiting_.size() >= kCommitsWaiting)
    why = cat({kCommitsWaiting, " writes wait already; this one was not begun"});
  if (!why.empty()) {
    answer([done = std::move(done), why = std::move(why)]() mutable {
      done({CommitResult::kUnavailable, 0, {}, std::move(why)});
    });
    return;
  }
  waiting_.push_back({std::move(write), std::move(done), control_.now()});
  // Writes of one turn are committed together.
  answer([this] { pump(); });
}

void FileRegistry::rest(UniqueFunction<void()> then) {
  rests_ = true;
  when_at_rest_ = std::move(then);
  for (Timer* timer : {&retry_, &sweep_, &finish_, &try_out_}) timer->cancel();
  answer([this] { at_rest(); });
}

void FileRegistry::at_rest() {
  if (rests_ && !busy_ && !finishing_ && when_at_rest_) std::exchange(when_at_rest_, nullptr)();
}

void FileRegistry::go_on() {
  if (!std::exchange(rests_, false)) return;
  when_at_rest_ = nullptr;
  if (!state_.loaded) return open();
  sweep_.after(kSweep);
  finish_.after(kFinishPause);
  if (!state_.up) try_out_.after(kRetry);
  pump();
}

// The disk loop has no task while the registry rests.
void FileRegistry::let_go() {
  if (disk_->directory) disk_->directory->let_go();
}

void FileRegistry::keep() {
  if (disk_->directory) disk_->directory->keep();
}

void FileRegistry::begin_task() {
  busy_ = true;
  silent_.after(patience_);
}

void FileRegistry::end_task() {
  busy_ = false;
  silent_.cancel();
}

// A task that reads or writes thousands of files takes long and is not silent.
void FileRegistry::on_silent_disk() {
  const auto silence = control_.clock().steady().time_since_epoch() -
                       disk_->last_step.load(std::memory_order_relaxed);
  if (silence < patience_) return silent_.after(patience_ - silence);
  const std::string words = cat({path_, ": the disk does not answer"});
  set_up(false, words);
  for (Waiting& waiting : std::exchange(waiting_, {}))
    answer([done = std::move(waiting.done), words]() mutable {
      done({CommitResult::kUnavailable, 0, {}, std::move(words)});
    });
}

void FileRegistry::pump() {
  if (rests_) return at_rest();
  if (busy_ || !state_.loaded) return;
  if (reload_wanted_) return read_faces();
  if (auto batch = take_batch(); !batch.empty()) write_batch(std::move(batch));
}

std::vector<FileRegistry::Waiting> FileRegistry::take_batch() {
  std::vector<Waiting> batch;
  std::set<std::string> keys;
  std::size_t bytes = 0;
  while (!waiting_.empty() && batch.size() < kBatchWrites && bytes < kBatchBytes) {
    Waiting& next = waiting_.front();
    const std::vector<std::string> names = keys_of(next.write);
    // A write to a key of this batch is judged once the batch is durable.
    if (std::any_of(names.begin(), names.end(),
                    [&](const auto& key) { return keys.contains(key); }))
      break;
    if (!mirror_.holds(next.write)) {
      answer_conflict(std::move(next));
    } else {
      keys.insert(names.begin(), names.end());
      bytes += bytes_of(next.write);
      next.revision = mirror_.revision() + 1 + batch.size();
      batch.push_back(std::move(next));
    }
    waiting_.pop_front();
  }
  return batch;
}

void FileRegistry::answer_conflict(Waiting waiting) {
  CommitAnswer result{
      CommitResult::kConflict, mirror_.revision(), mirror_.current(waiting.write), {}};
  if (const auto& made = waiting.write.made) {
    const RegistryRecord* found = mirror_.find(made->first);
    if (found != nullptr && found->value == made->second)
      result = {CommitResult::kDone, found->revision, {}, {}};
  }
  answer([done = std::move(waiting.done), result = std::move(result)]() mutable {
    done(std::move(result));
  });
}

void FileRegistry::write_batch(std::vector<Waiting> batch) {
  begin_task();
  std::vector<StoredRecord> records;
  for (const Waiting& waiting : batch)
    append_stored(waiting.write, waiting.revision, wall_seconds(), records);
  disk_->loop.post([this, life = std::weak_ptr<int>(life_), disk = disk_, &control = control_,
                    records = std::move(records), batch = std::move(batch)]() mutable {
    Result<void> written = disk->directory->commit(std::move(records));
    control.post([this, life, batch = std::move(batch), written = std::move(written)]() mutable {
      if (!life.expired()) on_written(std::move(batch), std::move(written));
    });
  });
}

// Writes a few files at a time while no commit waits.
void FileRegistry::finish_files() {
  if (rests_ || busy_ || std::exchange(finishing_, true)) return;
  disk_->loop.post([this, life = std::weak_ptr<int>(life_), disk = disk_, &control = control_] {
    control.post([this, life, finished = disk->directory->finish(kFinishRecords),
                  more = !disk->directory->is_finished()]() mutable {
      if (!life.expired()) on_finished(std::move(finished), more);
    });
  });
}

void FileRegistry::on_finished(Result<void> finished, bool more) {
  finishing_ = false;
  if (!finished) set_up(false, finished.error().what);
  if (rests_)
    at_rest();
  else if (finished && more)
    finish_.after(std::chrono::microseconds(0));
}

void FileRegistry::on_written(std::vector<Waiting> batch, Result<void> written) {
  end_task();
  if (!rests_) finish_.after(kFinishPause);
  set_up(written.has_value(), written ? std::string() : written.error().what);
  for (Waiting& waiting : batch) {
    if (!written) {
      waiting.done({CommitResult::kUnavailable, 0, {}, written.error().what});
      continue;
    }
    if (waiting.write.made) made_[waiting.write.made->first] = wall_seconds();
    for (const std::string& key : waiting.write.deletes) made_.erase(key);
    mirror_.commit(waiting.write, waiting.revision);
    mirror_.seen(waiting.revision);
    state_.last_commit =
        std::chrono::duration_cast<std::chrono::microseconds>(control_.now() - waiting.from);
    waiting.done({CommitResult::kDone, waiting.revision, {}, {}});
  }
  pump();
}

// Writers refuse while the state is down, so no commit would find the end of the outage.
void FileRegistry::try_out() {
  if (rests_ || state_.up || !state_.loaded) return;
  if (busy_) return try_out_.after(kRetry);
  begin_task();
  disk_->loop.post([this, life = std::weak_ptr<int>(life_), disk = disk_, &control = control_] {
    control.post([this, life, tried = disk->directory->try_out()] {
      if (life.expired()) return;
      end_task();
      set_up(tried.has_value(), tried ? std::string() : tried.error().what);
      if (tried) finish_.after(kFinishPause);
      pump();
    });
  });
}

void FileRegistry::read_faces() {
  reload_wanted_ = false;
  begin_task();
  disk_->loop.post([this, life = std::weak_ptr<int>(life_), disk = disk_, &control = control_,
                    now = wall_seconds()] {
    control.post([this, life, read = disk->directory->read_faces(now)]() mutable {
      if (!life.expired()) on_faces(std::move(read));
    });
  });
}

void FileRegistry::on_faces(Result<RecordDirectory::Read> read) {
  end_task();
  set_up(read.has_value(), read ? std::string() : read.error().what);
  if (read) {
    name_bad(std::move(read->bad));
    for (const StoredRecord& record : read->changes) {
      RegistryWrite edit;
      if (record.value)
        edit.puts.emplace_back(record.key, *record.value);
      else
        edit.deletes.push_back(record.key);
      mirror_.commit(edit, record.revision);
      mirror_.seen(record.revision);
    }
    if (!read->changes.empty())
      log_.info(kFileRegistry, cat({path_, ": ", read->changes.size(),
                                    " records were edited by hand and are in force now"}));
  }
  pump();
}

void FileRegistry::set_up(bool up, std::string words) {
  // Logged once an outage: later attempts fail with other words.
  const bool told = !words.empty() && words != state_.words && (state_.up || !state_.loaded);
  if (state_.up != up) state_.since = control_.clock().wall();
  if (up && !state_.up) {
    words = "records are read and written";
    log_.info(kFileRegistry, cat({path_, ": ", words}));
  } else if (up) {
    return;
  } else if (told) {
    log_.error(kFileRegistry, words + "; records cannot be changed");
  }
  state_.up = up;
  state_.words = std::move(words);
  if (!up && state_.loaded && !rests_) try_out_.after(kRetry);
}

void FileRegistry::name_bad(std::vector<std::string> bad) {
  for (const std::string& words : bad) log_.warn(kFileRegistry, words);
  state_.bad = std::move(bad);
}

void FileRegistry::forget_made() {
  if (rests_) return;
  sweep_.after(kSweep);
  const std::int64_t until =
      wall_seconds() - std::chrono::duration_cast<std::chrono::seconds>(kMadeKept).count();
  RegistryWrite write;
  for (const auto& [key, at] : made_)
    if (at <= until && write.deletes.size() < kWriteOperations) write.deletes.push_back(key);
  if (write.deletes.empty()) return;
  commit(std::move(write), [this](const CommitAnswer& swept) {
    // One write may not hold all of them.
    if (swept.result == CommitResult::kDone) forget_made();
  });
}

}  // namespace lb
