// Sqlite: a database and its statements, for the audience; the only user of SQLite's interface.
// Thread: one, which may wait for the disk.
// Ownership: a statement ends before its database.
// Errors: kIo with SQLite's words; is_full, is_locked and is_broken tell the kind.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace lb {

class Statement {
 public:
  Statement() = default;
  // Binds the next parameters: numbers, enumerators and texts.
  template <class... V>
  Statement& bind(const V&... values) {
    (put(values), ...);
    return *this;
  }
  // True: there is a row.  False also after an error: the database is then failed(), and no
  // statement runs until Sqlite::clear().
  bool step();
  // Runs to the end, with these parameters after earlier ones; the next bind() is the first again.
  template <class... V>
  void run(const V&... values) {
    bind(values...);
    while (step()) {
    }
  }
  // The first column of the first row, as a number; 0: no row.  Other rows are not read.
  template <class... V>
  std::int64_t first_number(const V&... values) {
    const std::int64_t found = bind(values...).step() ? number(0) : 0;
    reset();
    return found;
  }
  void reset();
  std::int64_t number(int column) const;
  std::string_view text(int column) const;  // until the next step
  std::string_view blob(int column) const;  // likewise
  bool is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
  }

 private:
  friend class Sqlite;
  void put_number(std::int64_t value);
  void put_text(std::string_view value);
  template <class V>
  void put(const V& value) {
    if constexpr (std::is_integral_v<V> || std::is_enum_v<V>)
      put_number(static_cast<std::int64_t>(value));
    else
      put_text(value);
  }
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int* failure_ = nullptr;
  int next_ = 1;
};

class Sqlite {
 public:
  // kRead: the file exists, and is not written.
  enum class Access : std::uint8_t { kRead, kWrite };
  static Result<std::unique_ptr<Sqlite>> open(const std::string& path,
                                              Access access = Access::kWrite);
  ~Sqlite();
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  Result<void> run(const std::string& sql);  // several statements without parameters
  // The SQL is a constant, so an error is a failure of the database.
  Statement prepare(std::string_view sql);
  // The first failure since clear().
  bool failed() const noexcept { return failure_ != SQLITE_OK; }
  int failure() const noexcept { return failure_; }
  void clear() noexcept { failure_ = SQLITE_OK; }
  Error error() const;  // of failure()
  const std::string& path() const noexcept { return path_; }
  bool has_moved() const;  // path() is now another file, or none
  std::int64_t last_id() const noexcept { return sqlite3_last_insert_rowid(handle_); }
  int changes() const noexcept { return sqlite3_changes(handle_); }
  // Changes since the opening, modulo 2^32.
  std::uint32_t all_changes() const noexcept {
    return static_cast<std::uint32_t>(sqlite3_total_changes(handle_));
  }
  // A statement fails after this many steps of SQLite's machine; 0: no limit.
  void limit_steps(std::uint64_t steps);
  // Copies the present database to this file, which must be absent or empty.
  Result<void> copy_to(const std::string& path);
  // A copy is aborted soon after this becomes false; it outlives the database.
  void copies_while(const std::atomic<bool>& goes_on) noexcept { goes_on_ = &goes_on; }

 private:
  Sqlite(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  sqlite3* const handle_;
  const std::string path_;
  int failure_ = SQLITE_OK;
  std::uint64_t steps_left_ = 0;
  const std::atomic<bool>* goes_on_ = nullptr;
};

bool is_full(int failure) noexcept;    // the disk, or the file may not be written
bool is_locked(int failure) noexcept;  // by another program
bool is_broken(int failure) noexcept;  // the file is damaged, or no database

}  // namespace lb
