#include "app/services/archive_service.h"

#include <algorithm>
#include <utility>

#include "app/services/event_service.h"
#include "app/services/record_overlay.h"
#include "app/services/traffic.h"
#include "archive/record/archive_writer.h"
#include "archive/record/recording_record.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

// Numbers of loops, behind those of the workers, control, the clerk and Services' threads.
constexpr unsigned kArchiveThread = 5, kFetchThread = 6, kFirstReader = 7;

constexpr unsigned kPastMetaint = 16'000;

void let_window_go(Mount& mount) {
  mount.channel().set_low_water(mount.channel().recording_slot(), Channel::kNoReader);
}

bool fills(const Config& config) {
  const auto wanted = [](const MountSettings& section) {
    return section.archive.enabled && section.archive.fill;
  };
  bool any = wanted(config.default_mount);
  for_each_section(config, [&](const MountSettings& section) { any = any || wanted(section); });
  return any;
}

}  // namespace

std::shared_ptr<const SourceFacts> facts_of_past(const Clock& clock, const std::string& type) {
  SourceFacts facts;
  facts.content_type = type;
  facts.plugin = &framer_for(facts.content_type);
  facts.metaint = facts.plugin->icy_metadata ? kPastMetaint : 0;
  facts.started_wall = clock.wall();
  facts.started = clock.steady();
  return std::make_shared<const SourceFacts>(std::move(facts));
}

ArchiveService::ArchiveService(Traffic& traffic)
    : traffic_(traffic),
      remote_(std::make_unique<RemoteRecordings>(traffic, catalog_,
                                                 traffic.loops.workers() + kFetchThread)),
      readers_(std::make_unique<ReaderPool>([this] { return begin_readers(); })) {
  readers_->set_remote(&remote_->archive());
  readers_->set_missing([this](const std::string& mount) {
    if (on()) writer_->check_soon(mount);
  });
}

// A server that is not stopped, as after a failed start, still has threads that use members
// destroyed before them.
ArchiveService::~ArchiveService() {
  if (thread_) thread_->join();
  for (const auto& reader : reader_threads_) reader->join();
}

std::vector<Loop*> ArchiveService::begin_readers() {
  std::vector<Loop*> loops;
  for (unsigned i = 0; i < traffic_.config.read()->archive.readers; ++i) {
    auto thread = std::make_unique<IoThread>(traffic_.loops.workers() + kFirstReader + i,
                                             traffic_.clock, "shelf");
    if (auto started = thread->start(); !started) {
      traffic_.log.error("archive", started.error().what);
      // Recordings are readable with fewer readers, but not without any.
      if (i > 0) break;
    }
    loops.push_back(&thread->loop());
    reader_threads_.push_back(std::move(thread));
  }
  return loops;
}

ArchiveSettings ArchiveService::settings_of(const Config& config) const {
  ArchiveSettings settings = config.archive;
  settings.dir = dir_;
  const std::string state = state_directory(config);
  settings.clock_file = state.empty() ? state : state + "/archive.clock";
  settings.fills = fills(config);
  settings.sources = config.limits.sources;
  return settings;
}

bool ArchiveService::begin_writer(const Config& config) {
  const std::string dir = archive_directory_of(config);
  if (dir.empty()) {
    if (!std::exchange(logged_, true))
      traffic_.log.error("archive",
                         "<archive> of a mount: nothing is recorded, because no "
                         "directory is known; name one in <archive><dir>, or "
                         "<paths><state-dir>");
    return false;
  }
  dir_ = dir;
  thread_ = std::make_unique<IoThread>(traffic_.loops.workers() + kArchiveThread, traffic_.clock,
                                       "archive");
  writer_ = std::make_unique<ArchiveWriter>(
      thread_->loop(), traffic_.log, catalog_,
      ArchiveWriter::Callbacks{[this](const std::string& mount) {
                                 return mount_section(*traffic_.config.read(), mount).archive;
                               },
                               [this](const char* event, const std::string& mount,
                                      std::int64_t seconds) { told(event, mount, seconds); },
                               [this](const std::string& mount, const std::vector<FileRow>& rows) {
                                 readers_->let_go(mount, rows);
                               },
                               [this](const std::string& mount) {
                                 const auto config_now = traffic_.config.read();
                                 const MountSettings& section = mount_section(*config_now, mount);
                                 return section.archive.of_record || section.name == mount;
                               },
                               [this] { traffic_.loops.control().post([this] { begin_all(); }); },
                               [this](const std::string& mount) { return knows_section(mount); }},
      &remote_->archive());
  if (taken_) writer_->take_over(std::move(*std::exchange(taken_, nullptr)));
  if (auto started = thread_->start(); !started) {
    traffic_.log.error("archive", started.error().what + "; nothing is recorded");
    writer_.reset();
    thread_.reset();
    return false;
  }
  on_.store(true, std::memory_order_release);
  writer_->configure(settings_of(config));
  return true;
}

// A section of the file has priority over records, so no record is awaited for it.  A master that
// has no store says nothing: without its word, only recordings that were a record's wait for it.
bool ArchiveService::knows_section(const std::string& mount) const {
  const RecordOverlay& overlay = *traffic_.overlay;
  const bool any = overlay.awaits(RecordOverlay::kStore | RecordOverlay::kExternal);
  const bool noted = catalog_.owner(mount).made != PastOwner::kNone;
  return (!any && !(noted && overlay.awaits(RecordOverlay::kMasters))) ||
         file_section(*traffic_.config.read(), mount) != nullptr;
}

void ArchiveService::configure(const Config& config) {
  remote_->configure(config);
  const bool began = !on();
  if (began &&
      ((config.archive.dir.empty() && !records_anything(config)) || !begin_writer(config))) {
    // Recording ends here, so the windows of taken-over recordings are released.
    if (taken_)
      for (const auto& one : taken_->recordings) let_window_go(*one.mount);
    return taken_.reset();
  }
  if (!began) writer_->configure(settings_of(config));
  begin_all();
}

// The recordings that are under way are not changed.
void ArchiveService::begin_all() {
  const auto mounts = traffic_.mounts.all();
  for (const auto& [name, mount] : *mounts) begin_running(*mount);
}

void ArchiveService::records_changed(const std::vector<std::string>& mounts) {
  for (const std::string& name : mounts)
    if (const auto mount = traffic_.mounts.find(name)) begin_running(*mount);
  if (on()) writer_->sections_changed(mounts);
}

void ArchiveService::mount_begun(const std::shared_ptr<Mount>& mount) {
  const auto config = traffic_.config.read();
  if (!mount_section(*config, mount->name()).archive.enabled) return;
  if (on() || begin_writer(*config)) writer_->begin(mount, ArchiveWriter::From::kItsBegin);
}

// Starts a recording that was switched on while the source was there.
void ArchiveService::begin_running(const Mount& of) {
  const auto config = traffic_.config.read();
  const auto mount = live(of.name());
  if (!mount || mount->channel().newest()->ended ||
      !mount_section(*config, mount->name()).archive.enabled)
    return;
  if (on() || begin_writer(*config)) writer_->begin(mount, ArchiveWriter::From::kNow);
}

std::int64_t ArchiveService::past_begins_ms(const MountSettings& section,
                                            const std::string& mount) const {
  return std::max(section.archive.since * 1000, record_end_ms(section, mount));
}

std::int64_t ArchiveService::record_end_ms(const MountSettings& section,
                                           const std::string& mount) const {
  const bool of_file = !section.archive.of_record && section.name == mount;
  if (of_file || !on()) return 0;
  const PastOwner owner = catalog_.owner(mount);
  if (section.archive.of_record || owner.made == PastOwner::kNone) return owner.before_ms;
  // The end of the owner may not have been noted yet.
  return owner.is_over() ? owner.ended_ms : unix_ms(traffic_.clock.wall());
}

std::shared_ptr<Mount> ArchiveService::live(const std::string& mount) const {
  auto found = traffic_.mounts.find(mount);
  return found && found->phase() != MountPhase::kIdle ? found : nullptr;
}

std::shared_ptr<DownloadPlaces> ArchiveService::downloads(const std::string& mount) {
  std::lock_guard<std::mutex> guard(mutex_);
  std::weak_ptr<DownloadPlaces>& known = downloads_[mount];
  if (auto places = known.lock()) return places;
  auto places = std::make_shared<DownloadPlaces>();
  known = places;
  std::erase_if(downloads_, [](const auto& one) { return one.second.expired(); });
  return places;
}

std::shared_ptr<Mount> ArchiveService::off_air(const std::string& name, const ArchiveFile& sample) {
  const FileRow& row = sample.row;
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(1, row.to_ms - row.from_ms));
  return off_air(name, facts_of_past(traffic_.clock, sample.index.head.content_type),
                 row.bytes * 1000 / ms);
}

std::shared_ptr<Mount> ArchiveService::off_air(const std::string& name,
                                               std::shared_ptr<const SourceFacts> facts,
                                               std::uint64_t bytes_per_second) {
  auto settings =
      std::make_shared<const MountSettings>(mount_settings(*traffic_.config.read(), name));
  std::lock_guard<std::mutex> guard(mutex_);
  std::weak_ptr<Mount>& known = off_air_[name];
  if (auto mount = known.lock()) {
    mount->set_settings(std::move(settings));
    return mount;
  }
  auto mount = std::make_shared<Mount>(name, std::move(settings), traffic_.loops.workers(),
                                       &traffic_.counters.promised);
  mount->set_facts(std::move(facts));
  mount->set_phase(MountPhase::kEnded);
  mount->set_usual_rate(bytes_per_second);
  known = mount;
  std::erase_if(off_air_, [](const auto& one) { return one.second.expired(); });
  return mount;
}

std::shared_ptr<Mount> ArchiveService::off_air(const std::string& name) const {
  std::lock_guard<std::mutex> guard(mutex_);
  const auto at = off_air_.find(name);
  return at == off_air_.end() ? nullptr : at->second.lock();
}

std::vector<std::shared_ptr<Mount>> ArchiveService::off_air() const {
  std::vector<std::shared_ptr<Mount>> mounts;
  std::lock_guard<std::mutex> guard(mutex_);
  for (const auto& [name, known] : off_air_)
    if (auto mount = known.lock()) mounts.push_back(std::move(mount));
  return mounts;
}

void ArchiveService::rest(UniqueFunction<void(std::optional<ArchiveRecord>)> then) {
  if (!on()) return then(std::nullopt);
  auto shared = std::make_shared<decltype(then)>(std::move(then));
  writer_->rest([this, shared](std::optional<ArchiveRecord> saved) {
    if (saved) saved->passes = remote_->passes().save();
    traffic_.loops.control().post(
        [shared, saved = std::move(saved)]() mutable { (*shared)(std::move(saved)); });
  });
}

std::string ArchiveService::cannot_move() const {
  return on() ? writer_->cannot_move() : std::string();
}

void ArchiveService::go_on() {
  if (on()) writer_->go_on();
}

Result<void> ArchiveService::take_over(ArchiveRecord saved, FdsIn& fds) {
  TakenArchive taken;
  taken.dir = saved.dir;
  taken.lock = fds.take(saved.lock);
  taken.removed = std::move(saved.removed);
  for (RecordingRecord& one : saved.recordings) {
    auto mount = traffic_.mounts.find(one.mount);
    if (!mount) return Error::invalid(cat({"a recording of ", one.mount, " has no mount"}));
    // The window must not drop bytes that are not written yet.
    mount->channel().set_recorded_from(one.whole ? 0 : one.position);
    mount->channel().set_low_water(mount->channel().recording_slot(), one.position);
    TakenRecording recording;
    recording.mount = std::move(mount);
    if (one.file) {
      recording.data = fds.take(one.file->data);
      recording.index = fds.take(one.file->index);
    }
    recording.saved = std::move(one);
    taken.recordings.push_back(std::move(recording));
  }
  taken_ = std::make_unique<TakenArchive>(std::move(taken));
  if (saved.passes) remote_->passes().restore(*std::move(saved.passes));
  return {};
}

void ArchiveService::told(const char* event, const std::string& mount, std::int64_t seconds) {
  traffic_.loops.control().post([this, event, mount, seconds] {
    EventService::Details details;
    const bool filled = std::string_view(event) == "archive-filled";
    if (seconds > 0) details.emplace_back(filled ? "seconds" : "missing", std::to_string(seconds));
    traffic_.events->publish(event, mount, std::move(details));
  });
}

std::vector<Loop*> ArchiveService::loops() {
  std::vector<Loop*> loops;
  if (thread_) loops.push_back(&thread_->loop());
  for (const auto& reader : reader_threads_) loops.push_back(&reader->loop());
  if (Loop* const fetches = remote_->loop()) loops.push_back(fetches);
  return loops;
}

void ArchiveService::stop() {
  if (on()) {
    writer_->finish_all();
    thread_->join();
  }
  remote_->stop();
  for (const auto& reader : reader_threads_) reader->join();
}

}  // namespace lb
