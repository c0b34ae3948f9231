// ArchiveFill: what this node has missed of mounts whose section says <fill>, because it was not
// there, is fetched from nodes that have recorded it, and kept as files of its own.
//
// The times that others hold and this node does not come from HolderView; their files, blocks and
// checksums from RemoteArchive.  A whole file has the name and the bytes that it has there; a part
// of one begins and ends at its marks.  Each second is compared with the checksum of the index once
// more before it is written; what is written is told to others only when it is whole, and what a
// kill leaves is cut at its last right mark as any other file.
// Thread: the archive's thread.
// Ownership: ArchiveWriter.
// Bounds: one file at a time, a block each kPause over all mounts, kMaxAtOnce bytes a file, so that
// neither the cache of RemoteArchive nor a disk is filled in one go; nothing that retention would
// take again, and nothing that leaves less free than has to be.
// Errors: a file that cannot be fetched, is wrong, or cannot be written is left, and what was
// missed is looked for again later.
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
    // There is room for it, and retention would leave it.
    std::function<bool(const std::string& mount, const FileRow& row)> fits;
  };

  // host, remote: outlive it.
  ArchiveFill(Loop& loop, RecordingHost& host, RemoteArchive& remote, Callbacks callbacks);
  ~ArchiveFill();

  // wanted: a section has <fill>.  Not before the directory has been scanned.
  void configure(bool wanted);
  // Looks for what is missing; its timer calls it too.
  void round();
  // Was removed by an administrator: while the process lives it is not fetched again.
  void removed(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms);
  // All of them, of a hand-over.
  std::vector<RemovedRecord> removed() const;
  // What is written is closed.
  void stop();
  // Nothing is under way.
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
  // The file that is being fetched.
  struct Job {
    MissingPart part;
    std::shared_ptr<const ArchiveFile> file;
    std::optional<SegmentFile> out;
    MarkRange marks;
    std::size_t next = 0;  // mark
    std::size_t fact = 0;  // of the index, behind the first mark
    unsigned idle = 0;     // fetches in a row that brought nothing
  };
  // A mount of which nothing could be filled is left alone for a while.
  struct Rest {
    SteadyTime until{};
    SteadyTime::duration last{};
    std::size_t files = 0;  // that this node had then
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
  // Calls back on the loop, unless it was stopped meanwhile.
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
  std::set<std::pair<std::string, std::uint64_t>> tried_;  // of the hole: file and place in it
  std::map<std::string, Rest> rests_;
  std::map<std::string, std::vector<MissingTime>> removed_;
  Timer timer_;
};

}  // namespace lb
