#include "app/services/archive_service.h"

#include <utility>

#include "app/services/event_service.h"

namespace lb {
namespace {

// Its number among the loops, behind the workers', and those of control, the clerk and the threads
// of Services.
constexpr unsigned kArchiveThread = 5, kFirstReader = 8, kFirstRemote = 6;

}  // namespace

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

std::shared_ptr<Gate> ArchiveService::downloads(const std::string& mount) {
  std::lock_guard<std::mutex> guard(downloads_mutex_);
  auto& gate = downloads_[mount];
  if (!gate) gate = std::make_shared<Gate>();
  return gate;
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
