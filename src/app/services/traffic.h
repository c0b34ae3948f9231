// Traffic: the streams of this node: mounts, the loops that serve them, titles, files, recordings,
// HLS.
// Thread: each member's header names its own.
// Ownership: app::Server, by Services; it outlives the loops.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "app/services/accounts.h"
#include "base/clock.h"
#include "base/snapshot.h"
#include "stream/mount/mount_table.h"
#include "stream/source/picture_shelf.h"
#include "stream/source/title_history.h"

namespace lb {

class ArchiveService;
struct Config;
class DeadAirService;
class DumpWriter;
class HlsService;
class HoursService;
class MountFiles;
class MountHooks;
class NamedPictures;
class OffAir;
class PictureFiles;
struct ServerCounters;
class SourceAdmission;
class TitleEvents;
struct Traffic;
struct Worker;

// NodeLoad: the used part of this node's capacity.  LoadMeter: counts it at most four times a
// second, however often it is asked.
// Thread: any.
struct NodeLoad {
  std::int64_t listeners = 0, listeners_limit = -1;  // with relays; -1: not limited
  std::int64_t audience = 0;                         // without relays
  std::int64_t clients = 0, clients_limit = 0;
  std::uint64_t bits_per_second = 0,
                bits_per_second_limit = 0;  // needed by listeners; 0: not limited

  // The use of the scarcest resource; 1: full.
  double use() const noexcept;
};

NodeLoad measure_load(const Config& config, const ServerCounters& counters,
                      const MountTable::Rows& mounts);

class LoadMeter {
 public:
  explicit LoadMeter(const Traffic& traffic);
  NodeLoad read() const;

 private:
  struct Measured {
    NodeLoad load;
    SteadyTime at{};
  };
  const Traffic& traffic_;
  mutable Snapshot<Measured> last_;
};

struct Traffic : Accounts {
  Traffic(const Clock& clock_given, std::shared_ptr<const Config> first, unsigned worker_count);
  ~Traffic();

  MountTable mounts;
  TitleHistory titles;              // any thread
  std::unique_ptr<OffAir> off_air;  // any thread
  PictureShelf pictures;            // any thread
  LoadMeter load;
  std::unique_ptr<MountHooks> hooks;              // any thread
  std::unique_ptr<DumpWriter> dumps;              // any thread
  std::unique_ptr<SourceAdmission> admission;     // control
  std::unique_ptr<TitleEvents> title_events;      // control
  std::unique_ptr<ArchiveService> archive;        // see there
  std::unique_ptr<DeadAirService> dead_air;       // control
  std::unique_ptr<HoursService> hours;            // control
  std::unique_ptr<MountFiles> mount_files;        // see there
  std::unique_ptr<PictureFiles> picture_files;    // see there
  std::unique_ptr<NamedPictures> named_pictures;  // control
  std::vector<std::unique_ptr<Worker>> workers;
  std::unique_ptr<HlsService> hls;  // see there

  // Listeners, without relays; any thread.
  std::uint64_t audience() const;
};

}  // namespace lb
