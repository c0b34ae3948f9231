#include "audience/sqlite.h"

#include "base/cat.h"

namespace lb {
namespace {

constexpr int kStepsAtOnce = 100'000;
constexpr int kBusyMs = 2000;

}  // namespace

void Statement::put_number(std::int64_t value) {
  if (statement_) sqlite3_bind_int64(statement_.get(), next_++, value);
}
void Statement::put_text(std::string_view value) {
  if (statement_)
    sqlite3_bind_text(statement_.get(), next_++, value.data(), static_cast<int>(value.size()),
                      SQLITE_TRANSIENT);
}

bool Statement::step() {
  if (!statement_) return false;
  // A full disk may have ended the transaction; a later statement would then be committed alone.
  if (*failure_ != SQLITE_OK) {
    reset();
    return false;
  }
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE && *failure_ == SQLITE_OK) *failure_ = result;
  reset();
  return false;
}
void Statement::reset() {
  if (statement_) sqlite3_reset(statement_.get());
  next_ = 1;
}
std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}
std::string_view Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes),  // NOLINT: SQLite's bytes are unsigned
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}
std::string_view Statement::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Result<std::unique_ptr<Sqlite>> Sqlite::open(const std::string& path, Access access) {
  sqlite3* handle = nullptr;
  const int flags = (access == Access::kRead ? SQLITE_OPEN_READONLY
                                             : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_NOMUTEX;
  const int result = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Sqlite> database(new Sqlite(handle, path));
  if (result != SQLITE_OK) {
    database->failure_ = result;
    return database->error();
  }
  sqlite3_busy_timeout(handle, kBusyMs);
  return database;
}

Sqlite::~Sqlite() { sqlite3_close_v2(handle_); }

Result<void> Sqlite::run(const std::string& sql) {
  const int result = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (result == SQLITE_OK) return {};
  if (failure_ == SQLITE_OK) failure_ = result;
  return error();
}

Statement Sqlite::prepare(std::string_view sql) {
  Statement statement;
  sqlite3_stmt* made = nullptr;
  const int result = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  if (result != SQLITE_OK && failure_ == SQLITE_OK) failure_ = result;
  statement.statement_.reset(made);
  statement.failure_ = &failure_;
  return statement;
}

Error Sqlite::error() const {
  // SQLite's message is about the last statement, which may have succeeded after the failed one.
  if (sqlite3_errcode(handle_) != failure_) return Error::io(sqlite3_errstr(failure_));
  const std::string_view kind = sqlite3_errstr(failure_), text = sqlite3_errmsg(handle_);
  if (kind == text) return Error::io(std::string(kind));
  return Error::io(cat({kind, " (", text, ")"}));
}

bool Sqlite::has_moved() const {
  int moved = 0;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

void Sqlite::limit_steps(std::uint64_t steps) {
  steps_left_ = steps;
  if (steps == 0) {
    sqlite3_progress_handler(handle_, 0, nullptr, nullptr);
    return;
  }
  const auto count = [](void* self) {
    auto& left = static_cast<Sqlite*>(self)->steps_left_;
    left -= left < kStepsAtOnce ? left : kStepsAtOnce;
    return left == 0 ? 1 : 0;
  };
  sqlite3_progress_handler(handle_, kStepsAtOnce, count, this);
}

Result<void> Sqlite::copy_to(const std::string& path) {
  const auto judge = [](void* self) {
    const std::atomic<bool>* goes_on = static_cast<Sqlite*>(self)->goes_on_;
    return goes_on == nullptr || goes_on->load() ? 0 : 1;
  };
  // The check runs often, because on a slow disk a few steps may take long.
  sqlite3_progress_handler(handle_, kStepsAtOnce / 100, judge, this);
  clear();
  prepare("VACUUM INTO ?").run(path);
  sqlite3_progress_handler(handle_, 0, nullptr, nullptr);
  if (failed()) return error();
  return {};
}

bool is_full(int failure) noexcept {
  const int kind = failure & 0xff;
  return kind == SQLITE_FULL || kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN ||
         kind == SQLITE_READONLY || kind == SQLITE_PERM;
}
bool is_locked(int failure) noexcept {
  const int kind = failure & 0xff;
  return kind == SQLITE_BUSY || kind == SQLITE_LOCKED;
}
bool is_broken(int failure) noexcept {
  const int kind = failure & 0xff;
  return kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
}

}  // namespace lb
