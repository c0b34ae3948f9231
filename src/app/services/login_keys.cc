// LoginService: the keys that sign its sessions, and those received from other masters.
#include <utility>

#include "app/services/event_service.h"
#include "app/services/login_service.h"
#include "app/services/traffic.h"
#include "base/cat.h"

namespace lb {
namespace {

constexpr std::string_view kKeyModule = "login/login";
constexpr std::size_t kMaxKnownBytes = std::size_t{4} << 20;  // of known addresses, in a record

// The first entry for a user or a master wins.
void add_keys(SessionKeys& all, const SessionKeys& more) {
  all.keys.insert(all.keys.end(), more.keys.begin(), more.keys.end());
  all.origins.insert(all.origins.end(), more.origins.begin(), more.origins.end());
  all.users.insert(more.users.begin(), more.users.end());
  all.ended.insert(more.ended.begin(), more.ended.end());
}

}  // namespace

void LoginService::take_ring(KeyRing ring, bool log_it) {
  const std::string kid = ring.newest().kid;
  guard_.set_key(ring.secret());
  sessions_.set_keys(std::make_shared<const KeyRing>(std::move(ring)));
  if (log_it)
    accounts_.log.info(kKeyModule, cat({"sessions are signed by the key ", kid,
                                        state_dir_.empty() ? "" : " of " + key_path()}));
  accounts_.loops.control().post([this] {
    if (keys_changed_) keys_changed_();
  });
}

// The ring of the previous process, as listeners wait until all has begun: no file is read.
bool LoginService::take_ring_before() {
  if (!before_ || before_->ring.empty()) return false;
  auto ring = KeyRing::parse(before_->ring);
  if (ring) take_ring(std::move(*ring), true);
  return ring.has_value();
}

// The ring of the previous process, if no directory has one.
KeyRing LoginService::first_ring(std::int64_t now) const {
  if (before_ && !before_->ring.empty())
    if (auto ring = KeyRing::parse(before_->ring); ring && !ring->is_due(now))
      return std::move(*ring);
  return KeyRing::fresh(now);
}

LoginRecord LoginService::save() {
  LoginRecord saved;
  const auto ring = sessions_.keys();
  // Without the console what the process before has ended stays ended for one that has it.
  if (ring == nullptr) return before_.value_or(std::move(saved));
  saved.guard = guard_.save();
  saved.ended = sessions_.ended();
  ended_saved_.store(sessions_.ended_changes());  // by the next process, whose file it is then
  saved.ring = ring->text();
  // Else they are in the directory's file; a record has a size limit.
  if (state_dir_.empty() || addresses_changed_.load() || addresses_unkept_.load()) {
    saved.known = guard_.text();
    if (saved.known.size() > kMaxKnownBytes)
      saved.known.resize(saved.known.rfind('\n', kMaxKnownBytes) + 1);
  }
  return saved;
}

void LoginService::keep_ring(KeyRing ring) {
  if (!state_dir_.empty()) {
    if (auto written = write_key_ring(key_path(), ring); !written)
      accounts_.log.error(kKeyModule, written.error().what + "; sessions end with this process");
    key_stamp_ = FileStamp::of_file(key_path());
  }
  take_ring(std::move(ring), true);
}

void LoginService::load_keys() {
  const std::int64_t now = unix_seconds(accounts_.clock.wall());
  if (state_dir_.empty()) {
    if (sessions_.keys() == nullptr) {
      accounts_.log.warn(kKeyModule,
                         "no directory is known for the keys of sessions (<paths><state-dir>, or "
                         "$STATE_DIRECTORY): they end with this process");
      take_ring(first_ring(now), true);
    }
    return;
  }
  const FileStamp stamp = FileStamp::of_file(key_path());
  const auto before = sessions_.keys();
  if (before != nullptr && key_stamp_.still_holds(stamp) && !before->is_due(now)) return;
  key_stamp_ = stamp;
  auto ring = read_key_ring(key_path());
  const bool absent = !ring && ring.error().code == Error::Code::kNotFound;
  if (!ring && !absent) {
    accounts_.log.error(kKeyModule,
                        ring.error().what + (before ? "; the keys that are in use stay in use"
                                                    : "; sessions end with this process"));
    if (before == nullptr) take_ring(first_ring(now), false);
    return;
  }
  if (absent || ring->is_due(now)) {
    keep_ring(absent ? first_ring(now) : ring->rotated(now, false));
    return;
  }
  if (before == nullptr || ring->text() != before->text()) take_ring(std::move(*ring), true);
}

void LoginService::revoke_key(std::string kid) {
  accounts_.loops.clerk().post([this, kid = std::move(kid)] {
    const auto ring = sessions_.keys();
    const std::int64_t now = unix_seconds(accounts_.clock.wall());
    if (ring == nullptr || ring->find(kid, now) == nullptr) return;
    accounts_.log.warn(kKeyModule, cat({"the record of the key ", kid,
                                        " was deleted: the sessions that it has signed end now"}));
    keep_ring(ring->without(kid, now));
  });
}

void LoginService::take_records(std::span<const RegistryRecord> all) {
  accounts_.loops.control().assert_here();
  std::vector<SessionRecords::Row> rows;
  rows.reserve(all.size());
  for (const RegistryRecord& record : all) rows.push_back({record.key, record.value});
  std::vector<std::string> complaints;
  told_ = received_records_.read(rows, node_name(*accounts_.config.read()), complaints);
  for (const std::string& text : complaints) accounts_.log.error("login/records", text);
  publish_others();
}

void LoginService::take_store(SessionKeys keys) {
  accounts_.loops.control().assert_here();
  of_store_ = std::move(keys);
  publish_others();
}

void LoginService::publish_others() {
  auto all = std::make_shared<SessionKeys>(of_store_);
  add_keys(*all, told_);
  accounts_.session_keys.publish(std::move(all));
  accounts_.events->stream().check_logins();
}

}  // namespace lb
