#include "cluster/relay/pull_path.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "net/address/host_name.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

}  // namespace

PullPath::PullPath(Connector& connector, Rng& rng, ConnectTarget target,
                   std::function<void()> changed, Timing timing)
    : connector_(connector),
      rng_(rng),
      target_(std::move(target)),
      changed_(std::move(changed)),
      timing_(timing),
      timer_(connector.loop(), [this] { ask(); }) {}

void PullPath::prove() {
  known_ = false;
  fault_ = PullFault::kNone;
  delay_ = 0ms;
  ask();
}

void PullPath::doubt() {
  if (client_ || fault_ != PullFault::kNone) return;
  const auto since = connector_.loop().now() - asked_;
  if (since >= timing_.least_pause)
    ask();
  else
    timer_.after(timing_.least_pause - since);
}

void PullPath::give_up_waiting() {
  if (!known_) become(PullFault::kTimeout);
}

void PullPath::ask() {
  timer_.cancel();
  asked_ = connector_.loop().now();
  ClientRequest request;
  request.target = target_;
  request.head = cat({"GET /_lb/live HTTP/1.0\r\nHost: ", url_host(target_.host),
                      "\r\nUser-Agent: icecast-lb\r\n\r\n"});
  request.connect_deadline = request.head_deadline = timing_.deadline;
  client_ =
      std::make_unique<Client>(connector_, std::move(request), [this](Result<ClientAnswer> answer) {
        const auto done = std::move(client_);  // it is running this callback
        answered(std::move(answer));
      });
}

void PullPath::answered(Result<ClientAnswer> answer) {
  if (answer) {
    delay_ = 0ms;
    ask_after(timing_.again);
    become(PullFault::kNone);
    return;
  }
  delay_ = delay_ == 0ms ? timing_.first_retry : std::min(delay_ * 2, timing_.longest_retry);
  ask_after(delay_);
  become(fault_of(answer.error().code));
}

void PullPath::ask_after(std::chrono::milliseconds pause) {
  timer_.after(
      std::chrono::duration_cast<std::chrono::microseconds>(pause * (0.75 + rng_.unit() / 2)));
}

void PullPath::become(PullFault fault) {
  const bool news = !std::exchange(known_, true);
  if (std::exchange(fault_, fault) != fault || news) changed_();
}

}  // namespace lb
