#include "app/services/remote_recordings.h"

#include <utility>

namespace lb {
namespace {

constexpr std::size_t kMostFetches = 16, kMostWaiting = 4096;

}  // namespace

RemoteRecordings::RemoteRecordings(Services& services, const Catalog& own, unsigned first_thread)
    : clock_(services.clock),
      patient_number_(first_thread + 1),
      fetching_(first_thread, services.clock, "fetch"),
      fetcher_(
          std::make_unique<Fetcher>(fetching_.loop(), Fetcher::Limits{kMostFetches, kMostWaiting})),
      archive_(std::make_unique<RemoteArchive>(
          fetching_.loop(), services.log, own,
          [fetcher = fetcher_.get()](FetchRequest request, Fetcher::Done done) {
            fetcher->start(std::move(request), std::move(done));
          })),
      passes_(services.clock.steady()) {}

// What is under way is dropped before what it would call.
RemoteRecordings::~RemoteRecordings() { fetcher_.reset(); }

void RemoteRecordings::configure(const Config& config) {
  archive_->configure(config.archive.cache_dir, config.archive.cache_bytes);
  shares_.store(config.archive.share, std::memory_order_relaxed);
}

void RemoteRecordings::start() { fetching_.start(); }

Loop& RemoteRecordings::patient() {
  std::call_once(patient_once_, [this] {
    patient_ = std::make_unique<IoThread>(patient_number_, clock_, "patient");
    patient_->start();
  });
  return patient_->loop();
}

void RemoteRecordings::stop() {
  // First the one that waits for the other.
  archive_->closing = true;
  std::call_once(patient_once_, [] {});
  if (patient_) patient_->join();
  fetching_.join();
}

}  // namespace lb
