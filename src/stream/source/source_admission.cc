#include "stream/source/source_admission.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "media/same_format.h"
#include "net/loop/loop.h"
#include "stream/source/end_reason.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// A source that has been silent for this time may be replaced by its own user (doc/decisions.md
// B14).
constexpr auto kSilence = 2s;

// If no server feeds the mount, its relay is silent from now on.  If that report is wrong, data
// comes within this time.
constexpr auto kSilenceOfRelay = 500ms;

constexpr std::string_view kInUse = "Mountpoint in use";

// A stream that continues keeps the start of the last one.
std::shared_ptr<const SourceFacts> since(const SourceFacts& before, const SourceFacts& now) {
  auto facts = std::make_shared<SourceFacts>(now);
  facts->started = before.started;
  facts->started_wall = before.started_wall;
  return facts;
}

// " as "tom"", to follow the address of a source.
std::string login_text(const SourceFacts& facts) {
  return facts.login.empty() ? std::string() : cat({" as \"", facts.login, "\""});
}

std::string agent_text(const SourceFacts& facts) {
  return facts.user_agent.empty() ? std::string() : cat({" with \"", facts.user_agent, "\""});
}

}  // namespace

SourceAdmission::SourceAdmission(Loop& loop, MountTable& mounts, Log& log, unsigned workers,
                                 Callbacks callbacks, Rng rng)
    : loop_(loop),
      mounts_(mounts),
      log_(log),
      workers_(workers),
      callbacks_(std::move(callbacks)),
      rng_(rng),
      at_home_(workers, 0) {}

SourceAdmission::~SourceAdmission() = default;

void SourceAdmission::admit(WriterAsk ask, Then then) {
  loop_.assert_here();
  decide(std::move(ask), std::move(then), true);
}

void SourceAdmission::decide(WriterAsk ask, Then then, bool may_ask_home) {
  if (is_refused(ask, then)) return;
  if (is_closed(ask)) {
    log_ask(LogLevel::kInfo, ask.mount,
            cat({"mount ", ask.mount,
                 ": closed to sources for a while after the last one (wait-time), ",
                 ask.facts->source_ip, " was refused"}));
    then(Error::denied(std::string(kInUse)));
    return;
  }
  const auto at = records_.find(ask.mount);
  if (at == records_.end()) {
    grant(std::move(ask), std::move(then));
    return;
  }
  Record& record = at->second;
  const bool of_relay = record.lease != 0 ? record.kind == WriterKind::kRelay : record.reserved;
  if (ask.kind == WriterKind::kSource && of_relay)
    decide_beside_relay(at->first, record, std::move(ask), std::move(then));
  else if (record.lease == 0)
    grant(std::move(ask), std::move(then));
  else if (ask.kind == WriterKind::kSource)
    decide_beside_source(record, std::move(ask), std::move(then), may_ask_home);
  else if (!record.successor && ask.replaces == record.lease)
    replace(record, std::move(ask), std::move(then), 0ms);
  else
    then(Error::denied(std::string(kInUse)));
}

// Decides on a source for a mount that a relay feeds or is reserved for.
void SourceAdmission::decide_beside_relay(const std::string& mount, Record& record, WriterAsk ask,
                                          Then then) {
  const bool at_home = callbacks_.expected_here && callbacks_.expected_here(mount);
  if (!at_home && fed_elsewhere(mount, record)) {
    log_ask(LogLevel::kInfo, mount,
            cat({"mount ", mount, ": its stream comes from another server, the source from ",
                 ask.facts->source_ip, " was refused"}));
    then(Error::denied(std::string(kInUse)));
  } else if (record.lease == 0) {
    grant(std::move(ask), std::move(then));
  } else if (record.successor) {
    then(Error::denied(std::string(kInUse)));
  } else {
    record.successor.emplace(Successor{std::move(ask), std::move(then)});
    take_from_relay(mount, record.lease, at_home ? 0ms : kSilenceOfRelay, true);
  }
}

// Decides on a source for a mount that another source feeds.
void SourceAdmission::decide_beside_source(Record& record, WriterAsk ask, Then then,
                                           bool may_ask_home) {
  if (!record.successor) {
    if (callbacks_.outlived && callbacks_.outlived(ask.mount, record.user)) {
      log_.info("source/admission", cat({"mount ", ask.mount, ": the hours of \"", record.user,
                                         "\" are over, the source from ", ask.facts->source_ip,
                                         login_text(*ask.facts), " takes over"}));
      replace(record, std::move(ask), std::move(then), 0ms);
      return;
    }
    if (take_as_standby(record, ask, then)) return;
    if (record.mount->settings()->hijack && record.user == ask.user) {
      replace(record, std::move(ask), std::move(then), kSilence);
      return;
    }
  }
  const auto refuse = [this, mount = ask.mount, why = no_standby(record, ask)](Then& refused) {
    if (!why.empty()) log_ask(LogLevel::kWarn, mount, why);
    refused(Error::denied(std::string(kInUse)));
  };
  if (record.successor || !may_ask_home) {
    refuse(then);
    return;
  }
  // A reconnecting encoder may be faster than the report of its last connection's end.
  callbacks_.has_ended(
      record.home, record.lease,
      [this, refuse, ask = std::move(ask), then = std::move(then)](bool ended) mutable {
        if (ended)
          decide(std::move(ask), std::move(then), false);
        else
          refuse(then);
      });
}

// Takes the lease from a writer that has been silent for this time.
void SourceAdmission::replace(Record& record, WriterAsk ask, Then then,
                              std::chrono::milliseconds silence) {
  const std::string mount = ask.mount;
  record.successor.emplace(Successor{std::move(ask), std::move(then)});
  callbacks_.revoke(record.home, record.lease, silence,
                    [this, mount, lease = record.lease](bool ended) {
                      if (!ended) refuse_successor(mount, lease);
                    });
}

// As in Icecast-KH, if the mount lets a user replace its own source, that user need not wait after
// its source has ended.
bool SourceAdmission::is_closed(const WriterAsk& ask) const {
  if (ask.kind != WriterKind::kSource) return false;
  const std::string* user = closed_.closed_by(ask.mount, loop_.now());
  if (user == nullptr) return false;
  const auto settings = callbacks_.settings(ask.mount);  // a reload may have opened it
  return settings->wait_time > 0s && !(settings->hijack && *user == ask.user);
}

// A record may have moved or suspended the mount while the login was checked or a lease was
// awaited; the end of the mount's sources did not include this one.
bool SourceAdmission::is_refused(const WriterAsk& ask, Then& then) {
  if (ask.kind != WriterKind::kSource || !callbacks_.refused) return false;
  const std::string why = callbacks_.refused(ask.mount);
  if (why.empty()) return false;
  log_ask(LogLevel::kWarn, ask.mount,
          cat({"mount ", ask.mount, ": the source from ", ask.facts->source_ip,
               " was refused: ", why}));
  then(Error::denied(why));
  return true;
}

bool SourceAdmission::fed_elsewhere(const std::string& mount, const Record& record) const {
  if (callbacks_.fed_elsewhere) return callbacks_.fed_elsewhere(mount);
  return record.mount->phase() != MountPhase::kLingering;
}

void SourceAdmission::take_from_relay(const std::string& mount, std::uint64_t lease,
                                      std::chrono::milliseconds silence, bool may_wait) {
  const auto at = records_.find(mount);
  if (at == records_.end() || at->second.lease != lease || !at->second.successor) return;
  callbacks_.revoke(
      at->second.home, lease, silence, [this, mount, lease, silence, may_wait](bool ended) {
        if (ended) return;  // the returned lease goes to the successor
        const auto found = records_.find(mount);
        if (!may_wait || found == records_.end() || found->second.lease != lease) {
          refuse_successor(mount, lease);
          return;
        }
        // The task is posted, because it may destroy the record with this timer.
        found->second.again = std::make_unique<Timer>(loop_, [this, mount, lease, silence] {
          loop_.post(
              [this, mount, lease, silence] { take_from_relay(mount, lease, silence, false); });
        });
        found->second.again->after(kSilenceOfRelay);
      });
}

void SourceAdmission::refuse_successor(const std::string& mount, std::uint64_t lease) {
  const auto at = records_.find(mount);
  if (at == records_.end() || at->second.lease != lease || !at->second.successor) return;
  Then then = std::move(at->second.successor->then);
  at->second.successor.reset();
  then(Error::denied(std::string(kInUse)));
}

void SourceAdmission::set_writer(Record& record, WriterAsk& ask) {
  record.linger.reset();
  record.waits.leave();
  record.notice.reset();
  closed_.open(ask.mount);
  record.lease = next_lease_++;
  record.home = ask.home;
  ++at_home_[ask.home];
  record.kind = ask.kind;
  record.user = std::move(ask.user);
  record.rank = {ask.priority, next_arrival_++};
  record.dead_air = false;
  record.left = std::move(ask.left);
}

// Gives the mount to a writer; REQUIRES: it has none.
void SourceAdmission::grant(WriterAsk ask, Then then) {
  auto at = records_.find(ask.mount);
  if (at != records_.end() && at->second.mount->phase() == MountPhase::kLingering &&
      !same_format(at->second.mount->facts()->content_type, ask.facts->content_type)) {
    // Players cannot change their decoder, so the old stream ends for them.
    end_stream(at);
    at = records_.find(ask.mount);
  }
  const bool has_record = at != records_.end();
  Rest rest = has_record ? Rest() : take_rest(ask);
  std::unique_ptr<StreamLog> log = std::move(has_record ? at->second.log : rest.log);
  if (!log) {
    auto made = StreamLog::create("icecast-lb:" + ask.mount);
    if (!made) {
      log_.error("source/admission",
                 cat({"mount ", ask.mount, ": ", made.error().what, "; the source was refused"}));
      then(Error::io("internal format allocation problem"));
      return;
    }
    log = std::move(*made);
  }
  if (!has_record) at = records_.try_emplace(ask.mount).first;
  Record& record = at->second;
  const auto settings = callbacks_.settings(ask.mount);
  const bool fresh = record.mount == nullptr;
  const bool quiet = !fresh && goes_on(record, ask);
  if (fresh)
    record.mount = std::make_shared<Mount>(ask.mount, settings, workers_, callbacks_.promised);
  Mount& mount = *record.mount;
  if (rest.mount) {
    record.framer = std::move(rest.framer);
    mount.channel().publish(view_after(rest));
  }
  mount.set_settings(settings);
  mount.set_facts(quiet ? since(*mount.facts(), *ask.facts) : ask.facts);
  mount.set_phase(MountPhase::kRunning);
  mount.set_fed(true);
  set_writer(record, ask);

  WriterLease lease;
  lease.mount = record.mount;
  lease.log = std::move(log);
  lease.framer = std::move(record.framer);
  lease.identity = {rng_.next(), rng_.next()};
  lease.id = record.lease;
  lease.goes_on = quiet;
  if (fresh) mounts_.put(record.mount);
  if (rest.mount && callbacks_.rest_over) callbacks_.rest_over(rest.mount, record.mount);
  if (!quiet) {
    record.is_logged = lease.is_logged = log_ask(
        LogLevel::kInfo, ask.mount,
        cat({"Source logging in at mountpoint \"", ask.mount, "\" from ", ask.facts->source_ip,
             " (", ask.facts->content_type, ")", login_text(*ask.facts), agent_text(*ask.facts)}));
    callbacks_.begun(record.mount);
  } else if (callbacks_.went_on) {
    callbacks_.went_on(record.mount);
  }
  then(std::move(lease));
}

void SourceAdmission::give_back(SourceEnd end) {
  loop_.assert_here();
  const std::string name = end.lease.mount->name();
  const auto at = records_.find(name);
  if (at == records_.end()) return;
  if (!end.lease.log) {
    standby_left(at->second, end.lease.id);
    return;
  }
  if (at->second.lease != end.lease.id) return;
  Record& record = at->second;
  const WriterLeft how{end.lease.id, end.reason, end.bytes_read, end.lasted, end.silent};
  const auto left = std::move(record.left);
  record.lease = 0;
  record.left_at = loop_.now();
  --at_home_[record.home];
  record.stepping_back = false;
  if (end.stepped_back) stepped_back(record, end);
  record.log = std::move(end.lease.log);
  record.framer = std::move(end.lease.framer);
  if (record.successor && is_refused(record.successor->ask, record.successor->then))
    record.successor.reset();
  if (record.successor) {
    Successor next = std::move(*record.successor);
    record.successor.reset();
    // grant() ends a stream of another type.
    record.mount->set_phase(MountPhase::kLingering);
    grant(std::move(next.ask), std::move(next.then));
  } else if (!hand_over(record, how, end.stepped_back, end.last_data)) {
    if (callbacks_.off_air) callbacks_.off_air(*record.mount, record.kind, end.reason);
    const bool may_stay = may_wait(record);
    const auto time = callbacks_.linger(*record.mount, record.kind, end.reason);
    if (may_stay && time > 0ms) {
      wait_for_writer(record, time);
    } else {
      if (may_stay && callbacks_.rests && !record.reserved)
        keep_log(record, callbacks_.rests(*record.mount, record.kind, end.reason));
      end_stream(at);
    }
  }
  if (left) left(how);
}

void SourceAdmission::wait_for_writer(Record& record, std::chrono::milliseconds time) {
  record.mount->set_phase(MountPhase::kLingering);
  if (record.kind == WriterKind::kSource) {
    if (record.is_logged) note_wait(*record.mount, time);
  } else {
    // The task is posted, because it may destroy the record with this timer.
    record.notice = std::make_unique<Timer>(
        loop_, [this, mount = std::weak_ptr<Mount>(record.mount), left = time - kQuietSeam] {
          loop_.post([this, mount, left] {
            const auto waits = mount.lock();
            if (waits && waits->phase() == MountPhase::kLingering) note_wait(*waits, left);
          });
        });
    if (time > kQuietSeam) record.notice->after(kQuietSeam);
  }
  record.wait_for_first.reset();
  if (record.mount->listeners() == 0) record.wait_for_first = time;
  linger_on(record, time);
  if (callbacks_.waits) callbacks_.waits(record.mount);
}

void SourceAdmission::linger_on(Record& record, SteadyTime::duration time) {
  if (record.kind == WriterKind::kSource) record.waits = GatePass::enter(waiting_);
  record.lingers_until = loop_.now() + time;
  // The task is posted, because it may destroy the record with this timer.
  record.linger =
      std::make_unique<Deadline>(loop_, [this, mount = std::weak_ptr<Mount>(record.mount)] {
        loop_.post([this, mount] {
          if (const auto waited = mount.lock(); waited && waited->phase() == MountPhase::kLingering)
            linger_is_over(waited->name());
        });
      });
  record.linger->after(std::chrono::ceil<std::chrono::microseconds>(
      std::max<SteadyTime::duration>(time, SteadyTime::duration(0))));
}

void SourceAdmission::note_wait(const Mount& mount, std::chrono::milliseconds time) const {
  log_.info("source/admission", cat({"mount ", mount.name(), ": no source, ", mount.listeners(),
                                     " listeners wait up to ", time.count(), "ms for one"}));
}

bool SourceAdmission::goes_on(const Record& record, const WriterAsk& ask) const {
  return record.mount->phase() == MountPhase::kLingering && record.kind == WriterKind::kRelay &&
         ask.kind == WriterKind::kRelay && loop_.now() - record.left_at <= kQuietSeam;
}

// The mount's time without a source is over; a relay that slept without listeners gets another
// wait.
void SourceAdmission::linger_is_over(const std::string& mount) {
  const auto at = records_.find(mount);
  if (at == records_.end()) return;
  Record& record = at->second;
  const auto again = std::exchange(record.wait_for_first, std::nullopt);
  const bool has_come = record.reserved && record.mount->listeners() > 0;
  if (!again || !has_come) return stop_waiting(mount);
  note_wait(*record.mount, *again);
  linger_on(record, *again);
}

void SourceAdmission::stop_waiting(const std::string& mount) {
  const auto at = records_.find(mount);
  if (at == records_.end() || at->second.mount->phase() != MountPhase::kLingering) return;
  log_.info("source/admission", cat({"mount ", mount, ": no source has come, the stream ends for ",
                                     at->second.mount->listeners(), " listeners"}));
  end_stream(at);
}

void SourceAdmission::forget_relay(const std::string& mount) {
  const auto at = records_.find(mount);
  if (at != records_.end() && at->second.kind == WriterKind::kRelay) stop_waiting(mount);
}

void SourceAdmission::end_stream(Records::iterator at) {
  Record& record = at->second;
  const auto mount = record.mount;
  const std::string name = at->first;
  const bool of_source = record.kind == WriterKind::kSource && mount->phase() != MountPhase::kIdle;
  if (const auto wait = mount->settings()->wait_time; of_source && wait > 0s) {
    closed_.close(name, record.user, loop_.now(), loop_.now() + wait);
    log_.info("source/admission",
              cat({"mount ", name, ": its source has ended, closed to sources for ", wait.count(),
                   "s (wait-time)"}));
  }
  mount->set_phase(MountPhase::kEnded);
  record.linger.reset();
  record.waits.leave();
  record.notice.reset();
  record.log.reset();
  record.framer.reset();
  const SpareCallbacks spare = std::exchange(record.spare_callbacks, {});
  record.spare = 0;
  if (record.reserved) {
    put_idle(record, name);
  } else {
    records_.erase(at);
    mounts_.erase(name);
  }
  auto last = std::make_shared<StreamView>(*mount->channel().newest());
  last->ended = true;
  callbacks_.wake(mount->channel().publish(std::move(last)), mount);
  callbacks_.ended(mount);
  if (spare.left) spare.left();
}

void SourceAdmission::put_idle(Record& record, const std::string& name) {
  auto facts = std::make_shared<SourceFacts>();
  facts->plugin = &framer_for("");
  facts->relayed = true;
  record.mount =
      std::make_shared<Mount>(name, callbacks_.settings(name), workers_, callbacks_.promised);
  record.mount->set_facts(std::move(facts));
  record.mount->set_phase(MountPhase::kIdle);
  mounts_.put(record.mount);
}

void SourceAdmission::reserve(const std::string& mount) {
  loop_.assert_here();
  const auto [at, fresh] = records_.try_emplace(mount);
  at->second.reserved = true;
  if (fresh) put_idle(at->second, mount);
}

void SourceAdmission::release(const std::string& mount) {
  const auto at = records_.find(mount);
  if (at == records_.end()) return;
  at->second.reserved = false;
  if (at->second.mount->phase() == MountPhase::kIdle) end_stream(at);
}

void SourceAdmission::end_waiting(const std::string& mount) {
  const auto at = records_.find(mount);
  if (at == records_.end() || at->second.mount->phase() != MountPhase::kIdle) return;
  if (at->second.mount->listeners() > 0) end_stream(at);
}

const SourceAdmission::Writer* SourceAdmission::writer_of(std::string_view mount) const {
  const auto at = records_.find(mount);
  return at == records_.end() || at->second.lease == 0 ? nullptr : &at->second;
}

unsigned SourceAdmission::quietest_home() const noexcept {
  return static_cast<unsigned>(std::min_element(at_home_.begin(), at_home_.end()) -
                               at_home_.begin());
}

void SourceAdmission::settings_changed() {
  for (const auto& [name, record] : records_) record.mount->set_settings(callbacks_.settings(name));
}

void SourceAdmission::settings_changed(std::span<const std::string> mounts) {
  for (const std::string& name : mounts)
    if (const auto at = records_.find(name); at != records_.end())
      at->second.mount->set_settings(callbacks_.settings(name));
}

}  // namespace lb
