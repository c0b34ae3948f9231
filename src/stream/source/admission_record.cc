#include "stream/source/admission_record.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/cat.h"
#include "stream/source/end_reason.h"
#include "stream/source/source_admission.h"

namespace lb {
namespace {

AdmissionRecord save_mount(const Mount& mount) {
  AdmissionRecord saved;
  saved.mount = mount.name();
  saved.phase = mount.phase();
  saved.facts = *mount.facts();
  saved.metadata = *mount.metadata();
  saved.codec = *mount.codec();
  saved.fed = mount.is_fed();
  saved.last_data = mount.last_data();
  saved.bytes_read = mount.bytes_read.load(std::memory_order_relaxed);
  saved.bytes_sent = mount.bytes_sent.load(std::memory_order_relaxed);
  saved.slow_listeners = mount.slow_listeners.load(std::memory_order_relaxed);
  saved.listener_connections = mount.listener_connections.load(std::memory_order_relaxed);
  saved.listener_peak = mount.listener_peak.load(std::memory_order_relaxed);
  saved.bytes_per_second = mount.bytes_per_second.load(std::memory_order_relaxed);
  saved.usual_rate = mount.usual_bytes_per_second();
  return saved;
}

void restore_mount(const AdmissionRecord& saved, Mount& mount) {
  if (saved.fallback) mount.set_fallback(*saved.fallback);
  mount.set_facts(std::make_shared<const SourceFacts>(saved.facts));
  mount.set_metadata(std::make_shared<const Metadata>(saved.metadata));
  mount.set_codec(std::make_shared<const CodecFacts>(saved.codec));
  mount.set_phase(saved.phase);
  mount.set_fed(saved.fed);
  mount.note_data(saved.last_data);
  mount.bytes_read.store(saved.bytes_read, std::memory_order_relaxed);
  mount.bytes_sent.store(saved.bytes_sent, std::memory_order_relaxed);
  mount.slow_listeners.store(saved.slow_listeners, std::memory_order_relaxed);
  mount.listener_connections.store(saved.listener_connections, std::memory_order_relaxed);
  mount.listener_peak.store(saved.listener_peak, std::memory_order_relaxed);
  mount.bytes_per_second.store(saved.bytes_per_second, std::memory_order_relaxed);
  if (saved.usual_rate > 0) mount.set_usual_rate(saved.usual_rate);
}

void save_log(AdmissionRecord& saved, const StreamLog& log, FdsOut& fds) {
  saved.log = saved_bytes(log);
  saved.log_file = fds.add(log.file());
}

Error wrong_record(const AdmissionRecord& saved, std::string_view what) {
  return Error::invalid(cat({"mount ", saved.mount, ": ", what}));
}

// Null: it has none.
Result<std::unique_ptr<StreamLog>> restored_log(const AdmissionRecord& saved, FdsIn& fds) {
  if (!saved.log) return std::unique_ptr<StreamLog>();
  RecordIn in("log", *saved.log);
  auto restored = StreamLog::restore(in, fds.take(saved.log_file));
  if (!restored) return wrong_record(saved, restored.error().what);
  return restored;
}

// Null: it has none.
Result<std::unique_ptr<Framer>> restored_framer(const AdmissionRecord& saved) {
  if (saved.framer.empty()) return std::unique_ptr<Framer>();
  std::unique_ptr<Framer> framer = saved.facts.plugin->make(0, {});
  if (auto done = restore_part("framer", saved.framer, *framer); !done)
    return wrong_record(saved, done.error().what);
  return framer;
}

// A relay gets at least this time to ask its upstream again, whatever the mount's settings.
constexpr auto kRelayAsks = std::chrono::seconds(5);

}  // namespace

std::string SourceAdmission::cannot_move() const {
  for (const auto& [name, record] : records_) {
    if (record.successor || record.stepping_back)
      return cat({"mount ", name, " changes its source at this moment"});
    if (record.lease == 0 && !record.standbys.empty())
      return cat({"mount ", name, " is given to another encoder at this moment"});
  }
  return {};
}

std::vector<AdmissionRecord> SourceAdmission::save(FdsOut& fds, const WriterSight& writers) const {
  std::vector<AdmissionRecord> all;
  for (const auto& [name, record] : records_) {
    // The configuration makes an idle mount of a relay again.
    if (record.mount->phase() == MountPhase::kIdle) continue;
    AdmissionRecord saved = save_mount(*record.mount);
    saved.lease = record.lease;
    saved.home = record.home;
    saved.relay = record.kind == WriterKind::kRelay;
    saved.user = record.user;
    saved.priority = record.rank.priority;
    saved.arrival = record.rank.arrival;
    saved.reserved = record.reserved;
    saved.dead_air = record.dead_air;
    if (record.linger) saved.lingers_until = record.lingers_until;
    saved.left_at = record.left_at;
    const StreamLog* log =
        record.lease != 0 ? writers.log(record.home, record.lease) : record.log.get();
    if (log != nullptr) save_log(saved, *log, fds);
    if (record.framer) saved.framer = saved_bytes(*record.framer);
    saved.standbys = record.standbys.all();
    if (const std::string& now = record.mount->settings()->fallback_mount;
        now != callbacks_.settings(name)->fallback_mount)
      saved.fallback = now;
    if (record.kind == WriterKind::kRelay && record.lease != 0 &&
        !writers.is_saved(record.home, record.lease)) {
      saved.framer = writers.framer(record.home, record.lease);
      saved.lease = 0;
      saved.phase = MountPhase::kLingering;
      saved.fed = false;
      saved.left_at = loop_.now();
      saved.lingers_until =
          loop_.now() +
          std::max<std::chrono::milliseconds>(
              kRelayAsks, callbacks_.linger(*record.mount, record.kind, EndReason::kSourceEnded));
    }
    all.push_back(std::move(saved));
  }
  for (const auto& [name, rest] : rests_) {
    AdmissionRecord saved = save_mount(*rest.mount);
    save_log(saved, *rest.log, fds);
    if (rest.framer) saved.framer = saved_bytes(*rest.framer);
    saved.rests_until = rest.over;
    all.push_back(std::move(saved));
  }
  return all;
}

std::vector<std::shared_ptr<const Metadata>> SourceAdmission::titles_of(
    const Mount& mount, const WriterSight& writers) const {
  const auto at = records_.find(mount.name());
  if (at == records_.end() || at->second.mount.get() != &mount) return {};
  const Record& record = at->second;
  const StreamLog* const log =
      record.lease != 0 ? writers.log(record.home, record.lease) : record.log.get();
  return log == nullptr ? std::vector<std::shared_ptr<const Metadata>>() : log->titles();
}

Result<void> SourceAdmission::restore_standbys(Record& record, const AdmissionRecord& saved) {
  for (const Standby& one : saved.standbys) {
    if (one.id == 0 || !one.facts || one.home >= workers_ ||
        record.standbys.find(one.id) != nullptr)
      return wrong_record(saved, "an encoder that stands by has no place");
    record.standbys.add(one);
    next_lease_ = std::max(next_lease_, one.id + 1);
    next_arrival_ = std::max(next_arrival_, one.rank.arrival + 1);
  }
  count_standbys(record);
  return {};
}

Result<WriterLease> SourceAdmission::restore(const AdmissionRecord& saved, FdsIn& fds,
                                             std::uint64_t next_lease) {
  const auto wrong = [&saved](std::string_view what) { return wrong_record(saved, what); };
  const bool has_name = !saved.mount.empty() && saved.mount[0] == '/';
  if (!has_name ||
      (saved.rests_until ? rests_.contains(saved.mount) : records_.contains(saved.mount)))
    return wrong("it has no name of its own");
  if (saved.facts.plugin == nullptr) return wrong("nothing is known of its source");
  auto kept = restored_log(saved, fds);
  if (!kept) return kept.error();
  std::unique_ptr<StreamLog> log = std::move(*kept);
  if (saved.lease != 0 && (!log || saved.home >= workers_))
    return wrong("its writer has no log, or no worker");
  auto mount = std::make_shared<Mount>(saved.mount, callbacks_.settings(saved.mount), workers_,
                                       callbacks_.promised);
  restore_mount(saved, *mount);
  if (log) mount->channel().publish(log->last_view());
  auto framer = restored_framer(saved);
  if (!framer) return framer.error();
  if (saved.rests_until) {
    if (!log) return wrong("nothing is kept of it");
    WriterLease none;
    none.mount = mount;
    rest({std::move(mount), std::move(log), std::move(*framer), {}, {}}, *saved.rests_until);
    return none;
  }
  Record& record = records_[saved.mount];
  record.mount = std::move(mount);
  record.lease = saved.lease;
  record.home = saved.home;
  record.kind = saved.relay ? WriterKind::kRelay : WriterKind::kSource;
  record.user = saved.user;
  record.rank = {static_cast<int>(saved.priority), saved.arrival};
  record.reserved = saved.reserved;
  record.dead_air = saved.dead_air;
  record.left_at = saved.left_at;
  if (auto restored = restore_standbys(record, saved); !restored) return restored.error();
  next_lease_ = std::max({next_lease_, next_lease, saved.lease + 1});
  next_arrival_ = std::max(next_arrival_, saved.arrival + 1);
  mounts_.put(record.mount);
  WriterLease lease;
  if (saved.lease != 0) {
    ++at_home_[saved.home];
    lease.mount = record.mount;
    lease.log = std::move(log);
    lease.id = saved.lease;
  } else {
    record.log = std::move(log);
    record.framer = std::move(*framer);
    if (saved.phase == MountPhase::kLingering)
      linger_on(record, saved.lingers_until.value_or(loop_.now()) - loop_.now());
  }
  return lease;
}

const Standby* SourceAdmission::standby_of(const std::string& mount, std::uint64_t id) {
  const auto at = records_.find(mount);
  return at == records_.end() ? nullptr : at->second.standbys.find(id);
}

void SourceAdmission::attach(const std::string& mount, std::uint64_t lease,
                             std::function<void(const WriterLeft&)> left) {
  const auto at = records_.find(mount);
  if (at != records_.end() && at->second.lease == lease) at->second.left = std::move(left);
}

void SourceAdmission::go_on() {
  for (auto& [name, record] : records_) {
    if (record.standbys.empty()) continue;
    watch_writer(record);
    plan_return(record);
  }
}

}  // namespace lb
