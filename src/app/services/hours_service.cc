#include "app/services/hours_service.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "app/services/event_service.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "stream/mount/login_hours.h"
#include "stream/source/source_admission.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

const RecordLogin* named_login(const MountSettings& section, std::string_view user) {
  const auto at = std::find_if(section.logins.begin(), section.logins.end(),
                               [user](const RecordLogin& login) { return login.user == user; });
  return at == section.logins.end() ? nullptr : &*at;
}

void end_encoder(Traffic& traffic, const std::string& mount,
                 const SourceAdmission::Encoder& encoder) {
  traffic.log.info("source/hours",
                   cat({"mount ", mount, ": the hours of \"", encoder.user, "\" are over, ",
                        encoder.writes ? "its source" : "its standby", " from ",
                        encoder.facts->source_ip, " is ended"}));
  traffic.events->publish("hours-over", mount,
                          {{"user", encoder.user}, {"address", encoder.facts->source_ip}});
  Worker::end_source(traffic, encoder.home, encoder.id, EndReason::kHours);
}

}  // namespace

HoursService::HoursService(Traffic& traffic)
    : traffic_(traffic), timer_(traffic.loops.control(), [this] { check_first(); }) {}

void HoursService::stop() {
  stopped_ = true;
  timer_.cancel();
}

void HoursService::configure() {
  const auto all = traffic_.mounts.all();
  for (const auto& [name, mount] : *all) check(name);
}

bool HoursService::is_over(const std::string& mount, const std::string& user) const {
  const auto config = traffic_.config.read();
  const RecordLogin* login = named_login(mount_section(*config, mount), user);
  return login != nullptr && !is_in_hours(*login, unix_seconds(traffic_.clock.wall()));
}

void HoursService::check(const std::string& mount) {
  if (stopped_) return;
  const auto config = traffic_.config.read();
  const MountSettings& section = mount_section(*config, mount);
  const auto known = on_air_.find(mount);
  if (section.logins.empty() && known == on_air_.end()) return;
  OnAir before;
  if (known != on_air_.end()) {
    before = std::move(known->second);
    ends_.erase({before.next, mount});
    on_air_.erase(known);
  }
  OnAir now;
  const std::int64_t time = unix_seconds(traffic_.clock.wall());
  for (const auto& encoder : traffic_.admission->encoders_of(mount)) {
    const RecordLogin* login = named_login(section, encoder.user);
    const auto until = login == nullptr ? std::nullopt : on_air_until(*login, time);
    if (!until) continue;
    if (*until > time) {
      now.next = now.next == 0 ? *until : std::min(now.next, *until);
      continue;
    }
    if (!before.told.contains(encoder.id)) end_encoder(traffic_, mount, encoder);
    now.told.insert(encoder.id);
  }
  if (now.next != 0) ends_.emplace(now.next, mount);
  if (now.next != 0 || !now.told.empty()) on_air_.emplace(mount, std::move(now));
  plan();
}

void HoursService::plan() {
  if (stopped_ || ends_.empty()) return timer_.cancel();
  const auto left = std::chrono::seconds(ends_.begin()->first) -
                    std::chrono::duration_cast<std::chrono::microseconds>(
                        traffic_.clock.wall().time_since_epoch());
  timer_.after(std::clamp<std::chrono::microseconds>(left, 0us, kCheckEvery));
}

void HoursService::check_first() {
  const std::int64_t now = unix_seconds(traffic_.clock.wall());
  std::vector<std::string> due;
  for (const auto& [end, mount] : ends_) {
    if (end > now) break;
    due.push_back(mount);
  }
  for (const std::string& mount : due) check(mount);
  plan();
}

}  // namespace lb
