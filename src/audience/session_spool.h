// SessionSpool: the addresses of this server's listenings, for session files
// (api/audience/session_files.h).
//
// The audience keeps addresses only here, and only if configured.  A directory has a file for each
// day (UTC) with rows; AudienceService deletes it when its youngest row is <keep-addresses> old.
// Rows refer to their listening by the number and the start of its row in the journal, so that one
// that is open in a hand-over or a kill -9 gets its end too.
//
//   J epoch                                  the rows that follow are of this journal
//   B number began address mount agent referer
//   E number began ended bytes
//   X…                                       a row that was deleted
//
// Fields are separated by tabs; texts are percent-encoded.  Times are Unix milliseconds.
// Thread: one, which may wait for the disk.  Readers and forget_address() on any such thread: rows
// are appended, and overwritten in place.
// Ownership: AudienceService.  The directory is 0700, its files 0600.
// Bounds: kMaxWaiting bytes of rows that the disk has not taken; further ones are lost and counted.
// Errors: a sentence; the rows wait.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "audience/row.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace lb {

struct SpooledListening {
  std::int64_t began_ms = 0, ended_ms = 0;
  std::uint64_t bytes = 0;
  std::string address, mount, agent, referer;
};

class SessionSpool {
 public:
  static constexpr std::size_t kMaxWaiting = 8 << 20;

  // epoch: of the journal
  SessionSpool(std::string directory, std::string epoch);

  // number: of its row in the journal; end and bytes are ignored.
  void begun(std::uint64_t number, const SpooledListening& listening);
  void ended(const JournalOpen& open, std::int64_t ended_ms, std::uint64_t bytes);
  // Writes to the file of the day.
  Result<void> flush(std::int64_t now_ms);
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  Result<void> turn(std::int64_t day);
  void append(std::string row);

  const std::string directory_;
  const std::string epoch_;
  std::string waiting_;
  UniqueFd fd_;
  std::int64_t day_ = -1;  // of the file
  std::uint64_t lost_ = 0;
};

// In the state directory.
std::string session_directory(const std::string& state_directory);

// Deletes the files of earlier days; returns their number.  A file of a day after tomorrow was
// written by a clock that was ahead: its last change counts, or, if that lies ahead too, this look.
std::size_t delete_sessions_before(const std::string& directory, std::int64_t day,
                                   std::int64_t today);

// Such listenings that ended in [from, to), by their ends.  Errors: kLimit: more than
// `most`, or files longer than kMaxSpoolRead.
constexpr std::uint64_t kMaxSpoolRead = std::uint64_t{2} << 30;
Result<std::vector<SpooledListening>> read_sessions(
    const std::string& directory, std::int64_t from_ms, std::int64_t to_ms,
    const std::function<bool(const std::string& mount, std::int64_t began_ms)>& wanted,
    std::size_t most);

// Overwrites the rows of this address; returns their number. dry: only counts them.
Result<std::uint64_t> forget_address(const std::string& directory, const std::string& address,
                                     bool dry);

}  // namespace lb
