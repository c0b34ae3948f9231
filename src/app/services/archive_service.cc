#include "app/services/archive_service.h"

#include <algorithm>
#include <utility>

#include "app/services/event_service.h"

namespace lb {
namespace {

// Its number among the loops, behind the workers', and those of control, the clerk and the threads
// of Services.
constexpr unsigned kArchiveThread = 5, kFirstReader = 8, kFirstRemote = 6;

constexpr unsigned kPastMetaint = 16'000;

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

ArchiveService::ArchiveService(Services& services)
    : services_(services),
      thread_(services.loops.workers() + kArchiveThread, services.clock, "archive"),
      writer_(thread_.loop(), services.log, catalog_,
              {[&services](const std::string& mount) {
                 return mount_section(*services.config.read(), mount).archive;
               },
               [this](const char* event, const std::string& mount, std::int64_t seconds) {
                 told(event, mount, seconds);
               }}) {
  std::vector<Loop*> loops;
  for (unsigned i = 0; i < services.config.read()->archive.readers; ++i) {
    reader_threads_.push_back(std::make_unique<IoThread>(
        services.loops.workers() + kFirstReader + i, services.clock, "shelf"));
    loops.push_back(&reader_threads_.back()->loop());
  }
  readers_ = std::make_unique<ReaderPool>(std::move(loops));
  remote_ = std::make_unique<RemoteRecordings>(services, catalog_,
                                               services.loops.workers() + kFirstRemote);
  readers_->set_remote(&remote_->archive());
}

ArchiveService::~ArchiveService() = default;

void ArchiveService::configure(const Config& config) {
  remote_->configure(config);
  if (config.archive.dir.empty() && !on()) return;
  if (!on()) dir_ = config.archive.dir;
  on_.store(true, std::memory_order_release);
  writer_.configure(config.archive);
}

void ArchiveService::mount_begun(const std::shared_ptr<Mount>& mount) {
  if (on() && mount->settings()->archive.enabled) writer_.begin(mount);
}

void ArchiveService::start() {
  thread_.start();
  remote_->start();
  for (const auto& reader : reader_threads_) reader->start();
}

std::shared_ptr<Mount> ArchiveService::live(const std::string& mount) const {
  auto found = services_.mounts.find(mount);
  return found && found->phase() != MountPhase::kIdle ? found : nullptr;
}

std::shared_ptr<DownloadPlaces> ArchiveService::downloads(const std::string& mount) {
  std::lock_guard<std::mutex> guard(mutex_);
  auto& places = downloads_[mount];
  if (!places) places = std::make_shared<DownloadPlaces>();
  return places;
}

std::shared_ptr<Mount> ArchiveService::off_air(const std::string& name, const ArchiveFile& sample) {
  const FileRow& row = sample.row;
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(1, row.to_ms - row.from_ms));
  return off_air(name, facts_of_past(services_.clock, sample.index.head.content_type),
                 row.bytes * 1000 / ms);
}

std::shared_ptr<Mount> ArchiveService::off_air(const std::string& name,
                                               std::shared_ptr<const SourceFacts> facts,
                                               std::uint64_t bytes_per_second) {
  auto settings =
      std::make_shared<const MountSettings>(mount_settings(*services_.config.read(), name));
  std::lock_guard<std::mutex> guard(mutex_);
  std::weak_ptr<Mount>& known = off_air_[name];
  if (auto mount = known.lock()) {
    mount->set_settings(std::move(settings));
    return mount;
  }
  auto mount = std::make_shared<Mount>(name, std::move(settings), services_.loops.workers(),
                                       &services_.counters.promised);
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

void ArchiveService::told(const char* event, const std::string& mount, std::int64_t seconds) {
  services_.loops.control().post([this, event, mount, seconds] {
    EventService::Details details;
    if (seconds > 0) details.emplace_back("missing", std::to_string(seconds));
    services_.events->publish(event, mount, std::move(details));
  });
}

void ArchiveService::stop() {
  writer_.finish_all();
  thread_.join();
  remote_->stop();
  for (const auto& reader : reader_threads_) reader->join();
}

}  // namespace lb
