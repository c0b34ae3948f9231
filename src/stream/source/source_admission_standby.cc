// SourceAdmission: standbys, the encoders that are logged in beside a mount's writer.
#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "media/same_format.h"
#include "net/loop/loop.h"
#include "stream/source/end_reason.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// The new encoder's bytes begin this long before the last byte of the old one: encoders are not in
// step, and a short repetition is less audible than a gap.
constexpr auto kOverlap = 250ms;
constexpr std::string_view kDeadAir = "dead air";

// "backup" from 192.0.2.1; without a login `before` is put in front of the address.
std::string named(const SourceFacts& facts, std::string_view before) {
  if (facts.login.empty()) return cat({before, facts.source_ip});
  return cat({"\"", facts.login, "\" from ", facts.source_ip});
}

}  // namespace

std::string SourceAdmission::no_standby(const Record& record, const WriterAsk& ask) const {
  const std::string type = record.mount->facts()->content_type;
  if (callbacks_.settings(ask.mount)->standby_places() == 0 ||
      same_format(type, ask.facts->content_type))
    return {};
  return cat({"mount ", ask.mount, ": the source from ", ask.facts->source_ip, " sends ",
              ask.facts->content_type, ", and the mount has ", type,
              "; it cannot stand by, and was refused"});
}

bool SourceAdmission::log_ask(LogLevel level, const std::string& mount, std::string text) {
  unsigned held = 0;
  if (!log_.enabled(LogLevel::kDebug) && !asks_.of(mount).pass(loop_.now(), held)) return false;
  if (held > 0) text += cat({" (", held, " logins before it are not in this log)"});
  log_.write(level, "source/admission", text);
  return true;
}

bool SourceAdmission::take_as_standby(Record& record, WriterAsk& ask, Then& then) {
  const std::size_t places = callbacks_.settings(ask.mount)->standby_places();
  if (places == 0 || !same_format(record.mount->facts()->content_type, ask.facts->content_type))
    return false;
  if (record.standbys.size() >= places) {
    // A returning encoder's last connection may still count, because its end was not noticed yet.
    const Standby* last = record.standbys.silent_of(ask.user);
    if (last == nullptr) return false;
    callbacks_.kill(last->home, last->id, EndReason::kReplaced);
    record.standbys.remove(last->id);
  }
  WriterLease place;
  place.mount = record.mount;
  place.id = next_lease_++;
  Standby standby;
  standby.id = place.id;
  standby.home = ask.home;
  standby.rank = {ask.priority, next_arrival_++};
  standby.user = std::move(ask.user);
  standby.facts = ask.facts;
  record.standbys.add(std::move(standby));
  count_standbys(record);
  place.is_logged = log_ask(
      LogLevel::kInfo, ask.mount,
      cat({"mount ", ask.mount, ": source from ", ask.facts->source_ip, " stands by (priority ",
           ask.priority, ", ", record.standbys.size(), " of ", places, ")"}));
  if (callbacks_.stands_by) callbacks_.stands_by(record.mount);
  then(std::move(place));
  return true;
}

void SourceAdmission::count_standbys(Record& record) {
  const std::size_t all = record.standbys.size() + (record.spare != 0 ? 1 : 0);
  record.mount->standbys.store(static_cast<unsigned>(all), std::memory_order_relaxed);
}

WriterLease SourceAdmission::add_spare(const std::string& mount, std::uint64_t writer,
                                       SpareCallbacks callbacks) {
  loop_.assert_here();
  WriterLease place;
  const auto at = records_.find(mount);
  if (at == records_.end() || at->second.lease != writer) return place;
  Record& record = at->second;
  place.mount = record.mount;
  place.id = record.spare = next_lease_++;
  record.spare_callbacks = std::move(callbacks);
  count_standbys(record);
  return place;
}

void SourceAdmission::forget_spare(const std::string& mount, std::uint64_t id) {
  const auto at = records_.find(mount);
  if (at == records_.end() || at->second.spare != id) return;
  at->second.spare = 0;
  at->second.spare_callbacks = {};
  count_standbys(at->second);
}

void SourceAdmission::standby_left(Record& record, std::uint64_t id) {
  if (record.spare == id) {
    const auto left = std::move(record.spare_callbacks.left);
    forget_spare(record.mount->name(), id);
    if (left) left();
    return;
  }
  if (record.standbys.remove(id)) count_standbys(record);
}

void SourceAdmission::stepped_back(Record& record, const SourceEnd& end) {
  Standby standby;
  standby.id = end.lease.id;
  standby.home = record.home;
  standby.rank = record.rank;
  standby.user = record.user;
  standby.facts = record.mount->facts();
  standby.fell_silent = end.silent >= record.mount->settings()->takeover_after;
  standby.dead_air = record.dead_air;
  record.standbys.add(std::move(standby));
  count_standbys(record);
}

bool SourceAdmission::hand_over(Record& record, const WriterLeft& how, bool stepped,
                                SteadyTime last_data) {
  if (how.reason == EndReason::kShutdown || record.standbys.empty()) return false;
  // An encoder that has stepped back writes again only if all others are gone.
  const Standby* best = record.standbys.next(stepped ? how.lease : 0);
  if (best == nullptr) best = record.standbys.next();
  Standby next = *record.standbys.remove(best->id);
  count_standbys(record);
  Mount& mount = *record.mount;
  EncoderChange change;
  change.from = mount.facts();
  change.to = next.facts;
  change.is_return =
      stepped && next.rank < record.rank && how.silent < mount.settings()->takeover_after;
  change.reason = how.reason;
  change.dead_air = stepped && record.dead_air;
  mount.set_facts(next.facts);
  mount.set_phase(MountPhase::kRunning);
  mount.set_fed(true);
  record.lease = next.id;
  record.home = next.home;
  ++at_home_[next.home];
  record.kind = WriterKind::kSource;
  record.user = std::move(next.user);
  record.rank = next.rank;
  record.dead_air = next.dead_air;
  WriterLease lease;
  lease.mount = record.mount;
  lease.log = std::move(record.log);
  lease.framer = std::move(record.framer);
  lease.identity = {rng_.next(), rng_.next()};
  lease.id = next.id;
  const bool was_silent = stepped && !change.is_return;
  log_.info("source/admission",
            cat({"mount ", mount.name(), ": source ", named(*next.facts, "from "),
                 change.is_return ? " is back, and takes over from " : " takes over from ",
                 named(*change.from, ""), " (",
                 change.dead_air ? std::string(kDeadAir)
                 : was_silent    ? cat({"silent for ", how.silent.count(), "ms"})
                                 : std::string(end_reason_text(how.reason)),
                 ")"}));
  callbacks_.promote(record.home, std::move(lease), next.facts, last_data - kOverlap);
  if (callbacks_.changed_over) callbacks_.changed_over(record.mount, change);
  watch_writer(record);
  plan_return(record);
  return true;
}

void SourceAdmission::standby_flows(const std::string& mount, std::uint64_t id, bool flows) {
  loop_.assert_here();
  const auto at = records_.find(mount);
  if (at != records_.end() && at->second.spare == id) {
    if (at->second.spare_callbacks.flows) at->second.spare_callbacks.flows(flows);
    return;
  }
  Standby* standby = at == records_.end() ? nullptr : at->second.standbys.find(id);
  if (standby == nullptr) return;
  standby->flows = flows;
  standby->fell_silent = !flows;
  if (!flows) return;
  standby->flows_since = loop_.now();
  watch_writer(at->second);
  plan_return(at->second);
}

// A silence is reported once, so it is requested again for each standby that could take over.
void SourceAdmission::watch_writer(const Record& record) {
  if (record.lease == 0 || record.standbys.empty()) return;
  callbacks_.watch_silence(record.home, record.lease, record.mount->settings()->takeover_after);
}

void SourceAdmission::writer_is_silent(const std::string& mount, std::uint64_t lease) {
  loop_.assert_here();
  const auto at = records_.find(mount);
  if (at == records_.end() || at->second.lease != lease) return;
  Record& record = at->second;
  if (record.standbys.flowing() != nullptr)
    ask_to_step_back(record, record.mount->settings()->takeover_after);
}

void SourceAdmission::ask_to_step_back(Record& record, std::chrono::milliseconds silence) {
  if (record.stepping_back || record.successor) return;
  record.stepping_back = true;
  callbacks_.step_back(record.home, record.lease, silence,
                       [this, name = record.mount->name(), lease = record.lease](bool left) {
                         const auto at = records_.find(name);
                         if (left || at == records_.end() || at->second.lease != lease) return;
                         at->second.stepping_back = false;
                         watch_writer(at->second);
                       });
}

std::optional<SteadyTime::duration> SourceAdmission::until_return(const Record& record) const {
  const Standby* best = record.standbys.sounding();
  if (best == nullptr || record.lease == 0) return std::nullopt;
  if (record.dead_air) return SteadyTime::duration(0);
  const auto after = record.mount->settings()->return_after;
  if (after < 0s || !(best->rank < record.rank)) return std::nullopt;
  return std::max<SteadyTime::duration>(after - (loop_.now() - best->flows_since), 0s);
}

void SourceAdmission::plan_return(Record& record) {
  record.return_check.reset();
  const auto wait = until_return(record);
  if (!wait) return;
  // The task is posted, because it may destroy the record with this timer.
  record.return_check = std::make_unique<Timer>(loop_, [this, name = record.mount->name()] {
    loop_.post([this, name] { check_return(name); });
  });
  record.return_check->after(std::chrono::ceil<std::chrono::microseconds>(*wait));
}

void SourceAdmission::check_return(const std::string& mount) {
  const auto at = records_.find(mount);
  if (at == records_.end()) return;
  Record& record = at->second;
  const auto wait = until_return(record);
  if (wait == SteadyTime::duration(0))
    ask_to_step_back(record, 0ms);
  else if (wait)
    plan_return(record);
}

void SourceAdmission::sound(const std::string& mount, std::uint64_t id, bool has_sound) {
  loop_.assert_here();
  const auto at = records_.find(mount);
  if (at == records_.end()) return;
  Record& record = at->second;
  if (record.lease == id && record.kind == WriterKind::kSource) {
    record.dead_air = !has_sound;
  } else if (Standby* standby = record.standbys.find(id)) {
    standby->dead_air = !has_sound;
    if (has_sound) standby->flows_since = std::max(standby->flows_since, loop_.now());
  } else {
    return;
  }
  plan_return(record);
}

std::vector<SourceAdmission::Encoder> SourceAdmission::encoders_of(std::string_view mount) const {
  std::vector<Encoder> out;
  const auto at = records_.find(mount);
  if (at == records_.end()) return out;
  const Record& record = at->second;
  if (record.lease != 0 && record.kind == WriterKind::kSource)
    out.push_back({{record.lease, record.home, record.rank, record.user, record.mount->facts(),
                    true, false, record.dead_air},
                   true});
  for (const Standby& one : record.standbys.all()) out.push_back({one});
  std::sort(out.begin() + (out.empty() || !out.front().writes ? 0 : 1), out.end(),
            [](const Encoder& a, const Encoder& b) { return a.rank < b.rank; });
  return out;
}

}  // namespace lb
