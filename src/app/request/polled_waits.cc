#include "app/request/polled_waits.h"

#include "app/services/worker.h"
#include "http/connection.h"

namespace lb {

PolledWaits::PolledWaits(Worker& worker, std::size_t most, std::chrono::milliseconds pause)
    : worker_(worker), pause_(pause), waits_(worker.loop, {.all = most}, [this](const auto& all) {
        for (const std::uint64_t id : waits_.release(all))
          if (Connection* waiting = worker_.find_connection(id)) waiting->ask_again();
      }) {}

bool PolledWaits::wait(const Connection& connection, SteadyTime& until,
                       std::chrono::milliseconds patience) {
  const SteadyTime now = worker_.loop.awake();
  if (until == SteadyTime{}) until = now + patience;
  return now < until && waits_.park({}, connection.id(), pause_);
}

}  // namespace lb
