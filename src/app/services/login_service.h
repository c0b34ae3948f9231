// LoginService: the logins of users: their sessions, the keys that sign them, what slows down
// guesses, and the audit log.
//
// Without <console> it is off: no file is made, no session is judged, no user is known.
// Keys and known addresses are in the state directory (state_directory()); without one they live as
// long as the process.  The key file is read again when it changes, so that --rotate-keys takes
// effect within kPoll; a key that is due is replaced.
//
// Sessions of other masters are taken over by what these have told: in records of a store that this
// server reads too (take_store()), or by CONF of its master (take_records()).  With a store a
// logout ends the login everywhere (on_ended()), without one the session that is here.
// Thread: control, unless a function says otherwise; files are read and written on the clerk.
// Ownership: Services.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "admin/page/identity.h"
#include "auth/guard/login_guard.h"
#include "auth/guard/refusal_log.h"
#include "auth/login/audit_log.h"
#include "auth/login/session_book.h"
#include "auth/login/session_records.h"
#include "auth/login/settings.h"
#include "auth/password/passwords.h"
#include "base/file_stamp.h"
#include "net/address/address_list.h"
#include "net/loop/loop.h"
#include "registry/registry.h"

namespace lb {

struct Accounts;
struct Config;

enum class LoginResult : std::uint8_t { kRight, kWrong, kSlowed, kBusy };
inline constexpr std::array<std::string_view, 4> kLoginResultNames = {"right", "wrong", "slowed",
                                                                      "busy"};

class LoginService {
 public:
  static constexpr std::chrono::seconds kPoll{2};

  // What a configuration makes of it.
  struct Plan {
    bool on = false;
    bool api = false;
    ConsoleSettings console;
    AddressList sso_from;
    PasswordSettings passwords;
    bool hands_over = false;  // nodes are told the keys: there is a store
    bool sends_ends = false;  // … and which logins have ended
  };

  explicit LoginService(Accounts& accounts);
  ~LoginService();
  // At the start, before the loops, files are read at once.
  void configure(const Config& config, bool at_start);
  void reopen_audit();  // clerk
  void stop() { timer_.cancel(); }
  // Of a hand-over.  take_over(): before configure().
  LoginRecord save() const;
  void take_over(LoginRecord saved) { before_ = std::move(saved); }

  // --- any thread
  bool on() const noexcept { return on_.load(std::memory_order_relaxed); }
  std::shared_ptr<const Plan> plan() const { return plan_.read(); }
  SessionBook& sessions() noexcept { return sessions_; }
  LoginGuard& guard() noexcept { return guard_; }
  void audit(AuditEntry entry);
  // The same of a wrong login, of which a flood is counted in one line a minute (WrongLogins).
  void audit_wrong(AuditEntry entry);
  void count(LoginResult result) noexcept {
    results_[static_cast<std::size_t>(result)].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t counted(LoginResult result) const noexcept {
    return results_[static_cast<std::size_t>(result)].load(std::memory_order_relaxed);
  }
  // How a login has ended that guard() has let be judged; of a right one the address is known from
  // now on.
  void judged(LoginResult result, const LoginGuard::Guess& guess, std::string_view user,
              const Address& from);
  // What a session means now; nullopt: its user has gone, is disabled, or has other rights.
  std::optional<Identity> identity_of(const Session& session) const;
  Identity identity_of(const User& user, Identity::Via via) const;
  Identity file_administrator() const;
  // Identity::account_of: as the configuration in force says, at nodes by what their masters tell.
  std::function<std::string(std::string_view mount)> mount_accounts() const;
  // A session for them, to be shown as a cookie.
  std::string begin_session(const Identity& identity);
  // A logout.  REQUIRES: SessionBook::judge() gave it
  void end_session(const Session& session);

  // --- control
  // done: the identity of a right login; kNone and why otherwise.  An unknown name takes as long as
  // a known one, and always the same method.
  void judge(std::string user, std::string password, const Address& from,
             UniqueFunction<void(LoginResult, Identity)> done);
  // What the masters of this node have told, whole: keys/, epochs/, masters/ and ended/;
  // other records are passed over.  In force when it returns.
  void take_records(std::span<const RegistryRecord> all);
  // The same of the own store.
  void take_store(SessionKeys keys);
  // Called on control when the keys that sign have changed; one, for the rest of the process.
  void on_keys(std::function<void()> changed) { keys_changed_ = std::move(changed); }
  // Called on control when a login has ended here and others are to be told; one, likewise.
  void on_ended(std::function<void(EndedLogin)> ended) { ended_ = std::move(ended); }
  // Its record was deleted: what it has signed ends now.
  void revoke_key(std::string kid);

 private:
  std::string key_path() const { return state_dir_ + "/session.keys"; }
  std::string address_path() const { return state_dir_ + "/known-addresses"; }
  void load_keys();       // clerk, or before the loops start
  void load_addresses();  // likewise
  void save_addresses();
  void audit_left_out();  // clerk
  void poll();
  KeyRing first_ring(std::int64_t now) const;
  void take_ring(KeyRing ring, bool log_it);
  void keep_ring(KeyRing ring);  // clerk: on the disk, and in force
  void publish_others();
  std::uint64_t file_epoch() const;
  std::string decoy_for(const UserBook& book, const std::string& name) const;

  Accounts& accounts_;
  const std::string start_secret_;     // until there is a key ring
  std::optional<LoginRecord> before_;  // of the process before, until there is a key ring
  std::atomic<bool> on_{false};
  Snapshot<Plan> plan_;
  SessionBook sessions_;
  LoginGuard guard_;
  AuditLog audit_;
  WrongLogins wrong_logins_;
  std::array<std::atomic<std::uint64_t>, 4> results_{};
  std::atomic<bool> addresses_changed_{false};
  std::string state_dir_;  // set before on_, and then stays
  FileStamp key_stamp_;    // clerk
  std::function<void()> keys_changed_;
  std::function<void(EndedLogin)> ended_;
  SessionRecords received_records_;
  SessionKeys told_, of_store_;
  Timer timer_;
};

}  // namespace lb
