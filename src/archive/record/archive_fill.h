// ArchiveFill: fetches the recordings that this node lacks of mounts with <fill> from nodes that
// have them, and keeps them as its own files.
//
// HolderView gives the missing times; RemoteArchive gives files, blocks and checksums.  A whole
// file keeps its name and bytes; a part begins and ends at marks.  Each second is checked with the
// index's checksum again before it is written.  A file is announced when it is complete; after a
// kill it is cut at its last valid mark, like any other.
// Thread: the archive's thread.
// Ownership: ArchiveWriter.
// Bounds: one file at a time, a block each kPause over all mounts, kMaxAtOnce bytes a file, so that
// neither RemoteArchive's cache nor a disk is filled at once; only files that retention would keep,
// and that leave enough space.
// Errors: a file that cannot be fetched or written, or is wrong, is given up, and searched for
// again later.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "archive/record/fill_plan.h"
#include "archive/record/segment_file.h"
#include "archive/remote/remote_archive.h"
#include "net/loop/loop.h"
#include "stream/mount/settings.h"

namespace lb {

struct RecordingHost;
struct RemovedRecord;

class ArchiveFill {
 public:
  static constexpr std::chrono::milliseconds kPause{125};
  static constexpr std::uint64_t kMaxAtOnce = 64u << 20;

  struct Callbacks {
    std::function<MountArchive(const std::string& mount)> settings_of;
    // Whether there is space for it, and retention would keep it.
    std::function<bool(const std::string& mount, const FileRow& row)> fits;
  };

  // host, remote: outlive it.
  ArchiveFill(Loop& loop, RecordingHost& host, RemoteArchive& remote, Callbacks callbacks);
  ~ArchiveFill();

  // wanted: a section has <fill>.  Must not be called before the directory was scanned.
  void configure(bool wanted);
  // Searches for missing times; its timer calls it too.
  void round();
  // An administrator has removed this range: this process does not fetch it again.
  void removed(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms);
  // All removed ranges, for a hand-over.
  std::vector<RemovedRecord> removed() const;
  // Closes the file being written.
  void stop();
  // Whether no file is being filled.
  bool idle() const noexcept { return !hole_; }

  // From any thread.
  std::atomic<std::uint64_t> filled_bytes{0};

 private:
  struct Hole {
    std::string mount;
    MissingTime time;
    std::uint64_t bytes = 0;  // that were filled
    std::int64_t ms = 0;
  };
  // The file being fetched.
  struct Job {
    MissingPart part;
    std::shared_ptr<const ArchiveFile> file;
    std::optional<SegmentFile> out;
    MarkRange marks;
    std::size_t next = 0;  // mark
    std::size_t fact = 0;  // index of the next one after the first mark
    unsigned idle = 0;     // fetches in a row without bytes
  };
  // A pause for a mount that could not be filled.
  struct Rest {
    SteadyTime until{};
    SteadyTime::duration last{};
    std::size_t files = 0;  // own files then
  };

  void find_holes();
  bool rests(const std::string& mount, const RecordedFiles& own);
  void next_hole();
  void hole_done();
  void next_part();
  void begin(const MissingPart& part);
  void loaded(RemoteArchive::File file);
  bool create();
  void fetch_more();
  void fetched(bool good);
  bool write_up_to(const FileMark& mark, std::uint64_t from);
  void note_facts(std::uint64_t before);
  void job_done();
  bool wanted(const std::string& mount) const;
  std::int64_t now_ms() const;
  // Makes a callback on the loop that is ignored after stop().
  template <class F>
  auto here(F then);

  Loop& loop_;
  RecordingHost& host_;
  RemoteArchive& remote_;
  Callbacks callbacks_;
  bool wanted_ = false;
  std::uint64_t turn_ = 0;    // of stop()
  std::vector<Hole> holes_;   // of this round, the next one last
  std::optional<Hole> hole_;  // … that is being filled
  std::unique_ptr<Job> job_;
  std::set<std::pair<std::string, std::uint64_t>> tried_;  // of the hole: file and offset
  std::map<std::string, Rest> rests_;
  std::map<std::string, std::vector<MissingTime>> removed_;
  Timer timer_;
};

}  // namespace lb
