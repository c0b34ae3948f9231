// Traffic: what flows through this node: its mounts, the loops that serve them, titles, files,
// recordings, HLS.
// Thread: of each member, as its own header states.
// Ownership: app::Server, by Services; it outlives the loops.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "app/process/mount_hooks.h"
#include "app/services/accounts.h"
#include "app/services/node_load.h"
#include "stream/mount/mount_table.h"
#include "stream/source/dump_writer.h"
#include "stream/source/picture_shelf.h"
#include "stream/source/source_admission.h"
#include "stream/source/title_history.h"

namespace lb {

class ArchiveService;
class DeadAirService;
class HlsService;
class HoursService;
class MountFiles;
class NamedPictures;
class PictureFiles;
class TitleEvents;
struct Worker;

struct Traffic : Accounts {
  Traffic(const Clock& clock_given, std::shared_ptr<const Config> first, unsigned worker_count);
  ~Traffic();

  MountTable mounts;
  TitleHistory titles;    // any thread
  PictureShelf pictures;  // any thread
  LoadMeter load;
  MountHooks hooks;                               // any thread
  DumpWriter dumps;                               // any thread
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

  // Listeners without servers that relay; any thread.
  std::uint64_t audience() const;
};

}  // namespace lb
