#include "app/services/remote_recordings.h"

#include <utility>

#include "app/services/runtime.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr std::size_t kMaxFetches = 16, kMaxWaitingFetches = 4096, kMaxOfNode = 12;

}  // namespace

RemoteRecordings::RemoteRecordings(Runtime& runtime, const Catalog& own, unsigned thread)
    : clock_(runtime.clock),
      log_(runtime.log),
      thread_number_(thread),
      archive_(
          std::make_unique<RemoteArchive>([this]() -> Loop& { return begin(); }, runtime.log, own,
                                          [this](FetchRequest request, Fetcher::Done done) {
                                            fetcher_->start(std::move(request), std::move(done));
                                          })),
      passes_(runtime.clock.steady()) {}

// Fetches under way are dropped before the members that they call.
RemoteRecordings::~RemoteRecordings() { fetcher_.reset(); }

void RemoteRecordings::configure(const Config& config) {
  archive_->configure(config.archive.cache_dir, config.archive.cache_bytes);
  shares_.store(config.archive.share, std::memory_order_relaxed);
}

Loop& RemoteRecordings::begin() {
  fetching_ = std::make_unique<IoThread>(thread_number_, clock_, "fetch");
  fetcher_ = std::make_unique<Fetcher>(
      fetching_->loop(), Fetcher::Limits{kMaxFetches, kMaxWaitingFetches, kMaxOfNode});
  // Without the thread recordings of other nodes are not found here.
  if (auto started = fetching_->start(); !started) log_.error("archive", started.error().what);
  return fetching_->loop();
}

void RemoteRecordings::stop() {
  if (fetching_) fetching_->join();
}

}  // namespace lb
