// RecordService between two processes: changes under way end, later ones wait, and the next process
// has the records before it has a mount.
#include <string>
#include <utility>
#include <vector>

#include "api/request/record_book.h"
#include "app/operate/plan_turns.h"
#include "app/operate/record_job.h"
#include "app/operate/record_service.h"
#include "app/services/record_overlay.h"
#include "app/services/services.h"

namespace lb {
namespace {

constexpr std::chrono::seconds kRestPatience{4};

}  // namespace

void RecordService::rest(UniqueFunction<void(std::string)> then) {
  rests_ = true;
  when_at_rest_ = std::move(then);
  rest_.after(kRestPatience);
  at_rest();
}

void RecordService::at_rest() {
  if (!rests_ || turns_->room().inside() > 0 || !when_at_rest_) return;
  // Posted, as the caller's last step may end here.
  auto then = [this] {
    if (!when_at_rest_) return;
    rest_.cancel();
    std::exchange(when_at_rest_, nullptr)("");
  };
  if (registry_)
    registry_->rest(std::move(then));
  else
    services_.loops.control().post(std::move(then));
}

void RecordService::go_on() {
  if (!std::exchange(rests_, false)) return;
  rest_.cancel();
  when_at_rest_ = nullptr;
  if (registry_) registry_->go_on();
  for (auto& [task, done] : std::exchange(resting_, {})) run(std::move(task), std::move(done));
}

std::optional<RegistryContent> RecordService::content() const {
  if (!registry_ || !registry_->state().loaded) return std::nullopt;
  return registry_->content();
}

std::optional<std::uint64_t> RecordService::known_revision() const {
  if (!registry_ || !registry_->state().loaded) return std::nullopt;
  return registry_->state().revision;
}

void RecordService::let_store_go() {
  if (registry_) registry_->let_go();
}

void RecordService::keep_store() {
  if (registry_) registry_->keep();
}

void RecordService::hand_over() {
  for (auto& [task, done] : std::exchange(resting_, {}))
    done(Problem{ProblemName::kOverloaded,
                 "the program is being replaced; nothing was written, ask again"});
  stop();
}

void RecordService::take_over(const RegistryContent& content) {
  taken_over_ = true;
  services_.config.publish(services_.overlay->begin_with(restore(content)));
  services_.overlay->came(RecordOverlay::kStore);
}

void RecordService::take_over(const RegistryChange& change) {
  std::vector<std::string> complaints;
  auto book = view_.read()->book->after(change, complaints);
  services_.config.publish(services_.overlay->begin_with(begin_with(std::move(book), complaints)));
}

}  // namespace lb
