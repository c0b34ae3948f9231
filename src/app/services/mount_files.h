// MountFiles: the files of the web root that mounts name: intros, and fallbacks that are files.
//
// Thread: configure() and add_fallback() on control; intro_for(), fallback() and entered() from any
// thread.  The clerk finds, reads and checks the files every few seconds; a loop never reads one.
// At the start they are read before a loop runs, so that the first listener hears the intro too.
// In a hand-over listeners wait for the loops: intros are read while the previous process serves,
// its fallbacks come with it, and the clerk reads the rest.
// Ownership: Services; the feeders that play fallback files belong to their workers.
// Errors: an unusable file is logged once, until it changes.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/snapshot.h"
#include "stream/file/file_feeder.h"
#include "stream/file/file_stream.h"

namespace lb {

class FdsIn;
class FdsOut;
struct Config;
struct HeardFileRecord;
struct ListenerIntro;
struct Traffic;
struct Worker;

class MountFiles {
 public:
  explicit MountFiles(Traffic& traffic);
  ~MountFiles();

  // Reads intros, of which begin() then needs no file.  Takes no longer than kPrepare.
  void prepare(const Config& config);
  // Takes the configuration of the start.  REQUIRES: before the loops run
  void begin(const Config& config);
  // Takes a new configuration.
  void configure(const Config& config);
  // Adds a fallback that the administrator has set.
  void add_fallback(const std::string& name);

  // The intro that a new listener of the mount hears; without a file if none fits.
  ListenerIntro intro_for(const Mount& mount) const;
  // The mount that plays the file NAME of the web root; null: there is no such mount, or its stream
  // has ended for lack of memory and begins again at the next look at the files.
  std::shared_ptr<Mount> fallback(std::string_view name) const;
  // Reports a new listener at the mount of a fallback file.
  void entered(const std::shared_ptr<Mount>& mount);
  // The mounts of all fallback files.
  std::vector<std::shared_ptr<Mount>> fallbacks() const;

  static constexpr std::chrono::seconds kPrepare{10};

  // -- of a hand-over, on control, while the loops stand still.  save(): all fallbacks, and intros
  // that listeners hear.  restore(): before begin(); returns the mount for a file's listeners.
  struct Saved {
    std::vector<HeardFileRecord> files;
    std::unordered_map<const Mount*, std::uint64_t> numbers;
  };
  Saved save(FdsOut& fds) const;
  Result<std::shared_ptr<Mount>> restore(const HeardFileRecord& saved, FdsIn& fds);

 private:
  enum class Role : std::uint8_t { kIntro, kFallback };
  struct Wanted {
    Role role = Role::kIntro;
    std::string name;
    auto operator<=>(const Wanted&) const = default;
  };
  // The clerk's result for a name; only the clerk uses it.
  struct Found {
    FileStamp stamp;
    std::shared_ptr<const FileStream> file;  // null: unusable
  };
  struct Intro {
    std::shared_ptr<const FileStream> file;
    std::shared_ptr<Mount> mount;
    mutable std::atomic<bool> complained{false};
  };
  struct Fallback {
    std::shared_ptr<const FileStream> file;
    std::shared_ptr<Mount> mount;
    unsigned home = 0;
  };
  struct Table {
    std::map<std::string, std::shared_ptr<const Intro>, std::less<>> intros;
    std::map<std::string, Fallback, std::less<>> fallbacks;
  };
  struct Finding {
    Wanted wanted;
    std::shared_ptr<const FileStream> file;  // null: unusable
    bool is_played = false;                  // the fallback has the same bytes already
  };
  using News = std::vector<Finding>;

  void want_files_of(const Config& config);
  void ask_clerk();
  // On the clerk.  A file whose turn comes later than `until` is left for the next look.
  News check(const std::set<Wanted>& wanted, const std::string& webroot,
             SteadyTime until = SteadyTime::max());
  News of_previous_process(News prepared) const;
  void complain(const Wanted& wanted, const std::string& why);
  void adopt(const News& news);  // control
  void adopt_fallback(Table& table, const Finding& finding);
  void end_fallback(const Fallback& fallback);
  unsigned home_of(std::string_view name) const;
  FileFeeder::Callbacks callbacks(Worker& home);
  const FileFeeder* feeder_of(const Fallback& fallback) const;
  // Calls f with the mounts of files that listeners hear and no feeder plays.
  void each_intro(const std::function<void(const Mount&)>& f) const;

  Traffic& traffic_;
  std::set<Wanted> wanted_, named_by_admin_;    // control
  bool looking_ = false, check_again_ = false;  // control
  std::map<std::string, Found> found_;          // clerk, begin(); by path
  std::optional<News> prepared_;                // until begin()
  Snapshot<Table> table_;
  Timer timer_;  // control
};

}  // namespace lb
