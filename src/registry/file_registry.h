// FileRegistry: a Registry in a directory of this server (RecordDirectory).
//
// Writes that wait together become durable together, each with its own revision; two with the same
// key do not.  While the disk cannot be written (full, without inodes, read-only), writing is
// impossible; this is tried again each kRetry.  So it is while no file is read or written for
// kPatience (a dead NFS), when writes that have not begun are refused.
// Thread: control; files on the disk loop.
// Ownership: both loops and the log outlive it; tasks of the disk loop are finished.
// Errors: as Registry.  A directory of another server is tried again each second.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "net/loop/loop.h"
#include "registry/mirror.h"
#include "registry/record_directory.h"
#include "registry/registry.h"

namespace lb {

class FileRegistry final : public Registry {
 public:
  // Whether a value edited by hand is valid; on the disk loop.  JSON must also be well-formed.
  using Judge = RecordDirectory::Judge;

  static constexpr std::chrono::seconds kRetry{1}, kPatience{5};

  FileRegistry(Loop& control, Loop& disk, std::string path, Log& log, Judge judge = {},
               std::chrono::milliseconds patience = kPatience);
  ~FileRegistry() override;

  void load(UniqueFunction<void(Result<RegistryContent>)> done) override;
  void watch(std::uint64_t from, UniqueFunction<void(RegistryChange)> on_change) override;
  void commit(RegistryWrite write, UniqueFunction<void(CommitAnswer)> done) override;
  RegistryState state() const override;
  void reload() override;
  RegistryContent content() const override { return mirror_.content(); }
  void rest(UniqueFunction<void()> then) override;
  void go_on() override;
  void let_go() override;
  void keep() override;

 private:
  struct Disk;
  struct Opened;
  struct Waiting {
    RegistryWrite write;
    UniqueFunction<void(CommitAnswer)> done;
    SteadyTime from;
    std::uint64_t revision = 0;
  };

  void open();
  void on_opened(Result<Opened> opened);
  void pump();
  void at_rest();  // calls when_at_rest_ if no write is under way
  void begin_task();
  void end_task();
  void on_silent_disk();
  void read_faces();
  void on_faces(Result<RecordDirectory::Read> read);
  std::vector<Waiting> take_batch();
  void answer_conflict(Waiting waiting);
  void write_batch(std::vector<Waiting> batch);
  void finish_files();
  void try_out();
  void on_finished(Result<void> finished, bool more);
  void on_written(std::vector<Waiting> batch, Result<void> written);
  void set_up(bool up, std::string words);
  void name_bad(std::vector<std::string> bad);
  void forget_made();
  std::int64_t wall_seconds() const;
  // Runs on control, unless this object is gone.
  template <class Then>
  void answer(Then then);

  Loop& control_;
  Log& log_;
  const std::string path_;
  const std::chrono::milliseconds patience_;
  std::shared_ptr<Disk> disk_;
  const std::shared_ptr<int> life_ = std::make_shared<int>();
  Mirror mirror_;
  RegistryState state_;
  std::vector<UniqueFunction<void(Result<RegistryContent>)>> loads_;
  std::deque<Waiting> waiting_;
  bool busy_ = false;  // the disk loop reads, or a batch is not durable yet
  bool reload_wanted_ = false;
  bool rests_ = false;
  UniqueFunction<void()> when_at_rest_;
  bool finishing_ = false;                    // files of durable records are being written
  std::map<std::string, std::int64_t> made_;  // key, Unix seconds
  Timer retry_, sweep_, finish_, try_out_;
  Deadline silent_;
};

}  // namespace lb
