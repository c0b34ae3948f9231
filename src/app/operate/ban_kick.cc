#include "app/operate/ban_kick.h"

#include "app/services/hls_service.h"
#include "app/services/worker.h"
#include "stream/listener/loop_streams.h"

namespace lb {

BanKick::BanKick(Services& services, Worker* worker, std::shared_ptr<const Mounts> mounts,
                 IsBanned is_banned)
    : services_(services),
      worker_(worker),
      mounts_(std::move(mounts)),
      is_banned_(std::move(is_banned)),
      at_(mounts_->begin()) {}

void BanKick::begin(Services& services, Worker* worker, std::shared_ptr<const Mounts> mounts,
                    IsBanned is_banned) {
  go_on(std::shared_ptr<BanKick>(
      new BanKick(services, worker, std::move(mounts), std::move(is_banned))));
}

void BanKick::go_on(const std::shared_ptr<BanKick>& kick) {
  kick->loop().post([kick] {
    if (kick->turn()) go_on(kick);
  });
}

Loop& BanKick::loop() const {
  return worker_ != nullptr ? worker_->loop : services_.loops.control();
}

void BanKick::search(const std::vector<ListenerRow>& rows) {
  for (const ListenerRow& row : rows)
    if (is_banned_(at_->first, row.address, row.user)) found_.push_back(row.id);
}

bool BanKick::turn() {
  const SteadyTime slice_ends = loop().now() + kSlice;
  while (loop().now() < slice_ends) {
    if (!found_.empty()) {
      if (worker_ != nullptr)
        worker_->streams->kill(*at_->second, found_.back());
      else
        services_.hls->end(at_->second.get(), found_.back());
      found_.pop_back();
      continue;
    }
    if (std::exchange(searched_, false)) ++at_;
    if (at_ == mounts_->end()) return false;
    searched_ = true;
    if (worker_ != nullptr)
      search(worker_->streams->list(*at_->second));
    else if (at_->second->settings()->hls && services_.hls->sessions().size() > 0)
      search(services_.hls->sessions().list(*at_->second, loop().now()));
  }
  return true;
}

}  // namespace lb
