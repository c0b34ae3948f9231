#include "app/services/login_service.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "app/services/event_service.h"
#include "app/services/traffic.h"
#include "auth/listener/authenticators.h"
#include "auth/password/password_hash.h"
#include "base/encoding.h"
#include "base/file.h"
#include "config/settings/config.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::string_view kModule = "login/login";
constexpr std::size_t kDecoyDigits = 16;

std::shared_ptr<const LoginService::Plan> plan_of(const Config& config) {
  auto plan = std::make_shared<LoginService::Plan>();
  plan->on = config.console.enabled || config.store.type != StoreType::kNone;
  plan->api = plan->on && api_is_on(config);
  plan->hands_over = plan->api && config.store.type != StoreType::kNone;
  plan->sends_ends = plan->on && config.store.type != StoreType::kNone;
  plan->console = config.console;
  plan->passwords = config.authentication;
  plan->sso_from =
      AddressList::parse(config.console.sso_from, [](std::size_t, const std::string&) {});
  return plan;
}

}  // namespace

LoginService::LoginService(Accounts& accounts)
    : accounts_(accounts),
      start_secret_(random_bytes(32)),
      plan_(std::make_shared<const Plan>()),
      sessions_(accounts.clock, accounts.session_keys),
      guard_(accounts.clock),
      audit_limit_(accounts.clock),
      timer_(accounts.loops.control(), [this] { poll(); }) {}

LoginService::~LoginService() = default;

void LoginService::configure(const Config& config, bool at_start) {
  const auto plan = plan_of(config);
  plan_.publish(plan);
  if (!plan->on) {
    on_.store(false, std::memory_order_relaxed);
    timer_.cancel();
    accounts_.loops.clerk().post([this] {
      if (!on()) audit_.close();
    });
    return;
  }
  sessions_.configure({node_name(config), config.console.idle, config.console.most});
  const bool was_on = on_.exchange(true, std::memory_order_relaxed);
  if (was_on) return;
  // A running server keeps its paths.
  if (sessions_.keys() == nullptr) state_dir_ = state_directory(config);
  if (at_start) {
    // Without a directory load_keys() takes them.
    const bool has_ring = !state_dir_.empty() && take_ring_before();
    if (!has_ring) {
      load_keys();
      load_kept();
    }
    if (const auto before = std::exchange(before_, std::nullopt)) {
      guard_.load(before->known);
      addresses_changed_.store(!before->known.empty());  // no file has them
      guard_.restore(before->guard);
    }
    reopen_audit();
    // The files may be newer, and a directory that is new has none.
    if (has_ring)
      accounts_.loops.clerk().post([this] {
        if (const auto ring = sessions_.keys(); !FileStamp::of_file(key_path()).exists())
          keep_ring(*ring);
        else
          load_keys();
        load_kept();
      });
  } else {
    accounts_.loops.clerk().post([this] {
      load_keys();
      load_kept();
      reopen_audit();
    });
  }
  timer_.after(kPoll);
}

void LoginService::load_kept() {
  if (state_dir_.empty()) return;
  if (const auto text = read_file(address_path())) guard_.load(text->text);
  if (const auto text = read_file(ended_path())) sessions_.load_ended(text->text);
}

void LoginService::save_addresses() {
  if (state_dir_.empty() || !addresses_changed_.exchange(false)) return;
  const auto written = replace_file(address_path(), guard_.text());
  addresses_unkept_.store(!written);
  if (!written)
    accounts_.log.warn(
        kModule, written.error().what + "; after a restart the addresses of users are not known");
}

void LoginService::save_ended() {
  const std::uint64_t changes = sessions_.ended_changes();
  if (state_dir_.empty() || ended_saved_.exchange(changes) == changes) return;
  if (auto written = replace_file(ended_path(), sessions_.ended_text()); !written)
    accounts_.log.warn(kModule, written.error().what +
                                    "; after a restart sessions that were ended are valid again");
}

void LoginService::stop() {
  timer_.cancel();
  if (on()) save_ended();
}

void LoginService::poll() {
  accounts_.loops.clerk().post([this] {
    if (!on()) return;
    load_keys();
    save_addresses();
    save_ended();
    audit_left_out();
  });
  timer_.after(coalesced(accounts_.loops.control(), kPoll));
}

void LoginService::reopen_audit() {
  const auto config = accounts_.config.read();
  if (!on() || config->paths.logdir.empty()) return;
  if (const auto opened = audit_.open(config->paths.logdir + "/audit.log", node_name(*config));
      !opened)
    accounts_.log.error("login/audit", opened.error().what + "; changes are not written down");
}

void LoginService::write_audit_by(AuditLog::Post post) {
  audit_.write_by(std::move(post), [&log = accounts_.log](const Error& error) {
    log.error("login/audit", error.what);
  });
}

void LoginService::audit(AuditEntry entry) {
  if (!on()) return;
  if (is_frequent(entry) &&
      !audit_limit_.takes_line(AuditLimit::Of::kCustomers, customer_of(entry)))
    return;
  add_to_audit(entry);
}

void LoginService::add_to_audit(const AuditEntry& entry) {
  if (const auto written = audit_.write(entry, accounts_.clock.wall()); !written)
    accounts_.log.error("login/audit", written.error().what);
}

void LoginService::audit_wrong(AuditEntry entry) {
  using Of = AuditLimit::Of;
  const bool of_user = entry.user == plan()->passwords.admin_user ||
                       accounts_.users.read()->user(entry.user) != nullptr;
  if (on() && audit_limit_.takes_line(of_user ? Of::kUsers : Of::kUnknown)) audit(std::move(entry));
}

void LoginService::audit_left_out() {
  const auto left_out = audit_limit_.left_out();
  if (!left_out) return;
  const auto& [of_users, of_nobody, of_accounts] = *left_out;
  AuditEntry entry;
  entry.role = "none";
  entry.via = "cookie";
  const auto note = [&entry](std::string field, std::uint64_t count) {
    if (count > 0) entry.changes.push_back({std::move(field), std::nullopt, std::to_string(count)});
  };
  if (of_users + of_nobody > 0) {
    entry.action = "login";
    entry.result = "wrong";
    note("more-of-no-user", of_nobody);
    note("more-of-users", of_users);
    add_to_audit(entry);
    entry.changes.clear();
  }
  entry.action = "metadata";
  entry.result = "ok";
  for (const auto& [account, count] : of_accounts) {
    entry.of_account = account;
    note("more-of-customers", count);
    add_to_audit(entry);
    entry.changes.clear();
  }
}

void LoginService::judged(LoginResult result, const LoginGuard::Guess& guess, std::string_view user,
                          const Address& from) {
  if (result == LoginResult::kWrong)
    guard_.wrong(guess);
  else if (result != LoginResult::kRight)
    guard_.undecided(guess);
  else if (guard_.right(guess, user, from))
    addresses_changed_.store(true);
}

// An epoch for the file's administrator: a new password in the file ends its earlier sessions.
std::uint64_t LoginService::file_epoch() const {
  const auto ring = sessions_.keys();
  if (ring == nullptr) return 0;
  const PasswordSettings known = plan()->passwords;
  const std::string digest =
      hmac_sha256(ring->secret(), known.admin_user + '\n' + known.admin_password);
  std::uint64_t epoch = 0;
  std::memcpy(&epoch, digest.data(), sizeof epoch);
  return epoch >> 3;
}

Identity LoginService::file_administrator() const {
  Identity identity;
  identity.role = AdminRole::kAdmin;
  identity.via = Identity::Via::kFile;
  identity.user = plan()->passwords.admin_user;
  identity.addresses = true;
  return identity;
}

Identity LoginService::identity_of(const User& user, Identity::Via via) const {
  Identity identity;
  identity.role = admin_role(user.role);
  identity.via = via;
  identity.user = user.name;
  identity.account = user.account;
  identity.mounts = user.mounts;
  identity.addresses = user.role != Role::kViewer || user.addresses;
  identity.book = accounts_.users.read();
  identity.account_of = mount_accounts();
  return identity;
}

std::function<std::string(std::string_view mount)> LoginService::mount_accounts() const {
  return [&accounts = accounts_](std::string_view mount) {
    return std::string(mount_account(*accounts.config.read(), mount));
  };
}

std::optional<Identity> LoginService::identity_of(const Session& session) const {
  Identity identity;
  const auto book = accounts_.users.read();
  const PasswordSettings known = plan()->passwords;
  if (!session.parent.empty() && session.file) {  // of a master's file
    identity = file_administrator();
    identity.user = session.user;
    identity.role = admin_role(plan()->console.handed_over);
  } else if (!session.parent.empty()) {
    // Judged by the present record, which may have changed since its master handed it over.
    const auto others = accounts_.session_keys.read();
    const User* user = others->user(session.user);
    if (user == nullptr || user->epoch > session.epoch) return std::nullopt;
    identity = identity_of(*user, Identity::Via::kCookie);
    identity.role = admin_role(std::min(user->role, plan()->console.handed_over));
  } else if (session.user == known.admin_user && !known.admin_password.empty()) {
    if (session.epoch != file_epoch()) return std::nullopt;
    identity = file_administrator();
  } else {
    const User* user = book->user(session.user);
    if (user == nullptr || user->disabled || user->epoch != session.epoch) return std::nullopt;
    identity = identity_of(*user, Identity::Via::kCookie);
  }
  identity.via = Identity::Via::kCookie;
  identity.session = session;
  identity.csrf = sessions_.csrf(session.sid);
  return identity;
}

std::string LoginService::begin_session(const Identity& identity) {
  Session session;
  session.user = identity.user;
  session.role = Role::kAdmin;
  session.epoch = file_epoch();
  // The book that judged it: a session of its epoch ends with each later change.
  const auto book = identity.book != nullptr ? identity.book : accounts_.users.read();
  const User* user = book->user(identity.user);
  session.file = identity.via == Identity::Via::kFile;
  if (!session.file && user != nullptr) {
    session.role = user->role;
    session.epoch = user->epoch;
  }
  return sessions_.begin(std::move(session));
}

void LoginService::end_session(const Session& session) {
  if (!plan()->sends_ends) return sessions_.end(session);
  accounts_.loops.control().post([this, ended = sessions_.end_login(session)]() mutable {
    if (ended_) ended_(std::move(ended));
  });
}

// A hash of the book, chosen by a keyed hash of the name, with a digest that no password has.
std::string LoginService::decoy_for(const UserBook& book, const std::string& name) const {
  const auto ring = sessions_.keys();
  const std::string chance =
      hmac_sha256(ring == nullptr ? start_secret_ : ring->secret(), "decoy " + name);
  const User* user = name == plan()->passwords.admin_user ? nullptr : book.user(name);
  std::uint32_t draw = 0;
  std::memcpy(&draw, chance.data(), sizeof draw);
  const bool own = user != nullptr && !hash_kind(user->hash).empty();
  return decoy_hash(own ? user->hash : std::string(book.some_hash(draw)),
                    hex_encode(chance).substr(sizeof draw, kDecoyDigits));
}

void LoginService::judge(std::string user, std::string password, const Address& from,
                         UniqueFunction<void(LoginResult, Identity)> done) {
  accounts_.loops.control().assert_here();
  const auto plan = this->plan();
  if (is_admin(plan->passwords, Credentials{user, password}))
    return done(LoginResult::kRight, file_administrator());
  // No other user may have the name of the file's administrator.
  const auto book = accounts_.users.read();
  const User* known = user == plan->passwords.admin_user ? nullptr : book->user(user);
  const bool may = known != nullptr && !known->disabled && !hash_kind(known->hash).empty();
  std::string hash = may ? known->hash : decoy_for(*book, user);
  // The queue calls it, or destroys it uncalled.
  auto kept = std::make_shared<UniqueFunction<void(LoginResult, Identity)>>(std::move(done));
  auto answered = [this, may, user, judged = hash, kept](bool right) {
    // Judged by the present book, in which another password may have replaced this one.
    const auto now = accounts_.users.read();
    const User* found = now->user(user);
    if (may && right && found != nullptr && !found->disabled && found->hash == judged)
      (*kept)(LoginResult::kRight, identity_of(*found, Identity::Via::kBasic));
    else
      (*kept)(LoginResult::kWrong, {});
  };
  HashQueue& hashes = accounts_.auth->hashes();
  const bool taken =
      guard_.knows(user, from)
          ? hashes.check(std::move(hash), std::move(password), std::move(answered))
          : hashes.check_stranger(from, std::move(hash), std::move(password), std::move(answered));
  if (!taken) (*kept)(LoginResult::kBusy, {});
}

}  // namespace lb
