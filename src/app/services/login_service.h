// LoginService: the logins of users: sessions, the keys that sign them, the guard against guesses,
// and the audit log.
//
// Without <console> it is off: it makes no file, judges no session and knows no user.  Keys and
// known addresses are in the state directory (state_directory()); without one they last as long as
// the process.  The key file is read again when it changes, so --rotate-keys takes effect within
// kPoll; a key due for rotation is replaced.
//
// Sessions of other masters are valid here by their keys, which come as records of a shared store
// (take_store()) or by CONF from this node's master (take_records()).  With a store a logout ends
// the login everywhere (on_ended()), without one only this session.
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

  // The service's settings, made from a configuration.
  struct Plan {
    bool on = false;
    bool api = false;
    ConsoleSettings console;
    AddressList sso_from;
    PasswordSettings passwords;
    bool hands_over = false;  // nodes get the keys: there is a store
    bool sends_ends = false;  // … and the logins that have ended
  };

  explicit LoginService(Accounts& accounts);
  ~LoginService();
  // At the start, before the loops run, files are read at once.
  void configure(const Config& config, bool at_start);
  void reopen_audit();  // clerk
  // From now on the disk thread writes the audit log.
  void write_audit_by(AuditLog::Post post);
  // For the process that takes over.
  void write_audit() { audit_.write_waiting(); }
  void stop();  // no loop runs any more
  // For a hand-over.  take_over(): before configure().
  LoginRecord save();
  void take_over(LoginRecord saved) {
    sessions_.restore(saved.ended);
    before_ = std::move(saved);
  }

  // --- any thread
  bool on() const noexcept { return on_.load(std::memory_order_relaxed); }
  std::shared_ptr<const Plan> plan() const { return plan_.read(); }
  SessionBook& sessions() noexcept { return sessions_; }
  LoginGuard& guard() noexcept { return guard_; }
  void audit(AuditEntry entry);
  // Audits a wrong login; a flood of wrong logins is counted in one line a minute (AuditLimit).
  void audit_wrong(AuditEntry entry);
  void count(LoginResult result) noexcept {
    results_[static_cast<std::size_t>(result)].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t counted(LoginResult result) const noexcept {
    return results_[static_cast<std::size_t>(result)].load(std::memory_order_relaxed);
  }
  // Reports the outcome of a login that guard() has let through; the address of a right one is
  // known afterwards.
  void judged(LoginResult result, const LoginGuard::Guess& guess, std::string_view user,
              const Address& from);
  // The sender that a session stands for; nullopt: its user is gone, disabled, or has other rights.
  std::optional<Identity> identity_of(const Session& session) const;
  Identity identity_of(const User& user, Identity::Via via) const;
  Identity file_administrator() const;
  // For Identity::account_of: by the configuration in force; nodes use their masters' records.
  std::function<std::string(std::string_view mount)> mount_accounts() const;
  // Begins a session; returns the value of its cookie.
  std::string begin_session(const Identity& identity);
  // Logs out.  REQUIRES: SessionBook::judge() gave the session
  void end_session(const Session& session);

  // --- control
  // done: with the identity of a right login, else with kNone and the reason.  An unknown name
  // takes as long as a known one, and always the same method.
  void judge(std::string user, std::string password, const Address& from,
             UniqueFunction<void(LoginResult, Identity)> done);
  // Takes over all records that the masters of this node have sent: keys/, epochs/, masters/ and
  // ended/; others are ignored.  They are in force on return.
  void take_records(std::span<const RegistryRecord> all);
  // Takes the keys of this server's own store.
  void take_store(SessionKeys keys);
  // Sets the callback for changed signing keys; called on control, for the rest of the process.
  void on_keys(std::function<void()> changed) { keys_changed_ = std::move(changed); }
  // Sets the callback for a login that has ended here and must end elsewhere, likewise.
  void on_ended(std::function<void(EndedLogin)> ended) { ended_ = std::move(ended); }
  // Ends the sessions that this key has signed: its record was deleted.
  void revoke_key(std::string kid);

 private:
  std::string key_path() const { return state_dir_ + "/session.keys"; }
  std::string address_path() const { return state_dir_ + "/known-addresses"; }
  // The keys outlive a restart, so what was ended has to.
  std::string ended_path() const { return state_dir_ + "/ended-sessions"; }
  void load_keys();  // clerk, or before the loops start
  void load_kept();  // likewise
  void save_addresses();
  void save_ended();
  void add_to_audit(const AuditEntry& entry);
  void audit_left_out();  // clerk
  void poll();
  bool take_ring_before();
  KeyRing first_ring(std::int64_t now) const;
  void take_ring(KeyRing ring, bool log_it);
  void keep_ring(KeyRing ring);  // clerk: writes the ring and puts it into force
  void publish_others();
  std::uint64_t file_epoch() const;
  std::string decoy_for(const UserBook& book, const std::string& name) const;

  Accounts& accounts_;
  const std::string start_secret_;     // signs until there is a key ring
  std::optional<LoginRecord> before_;  // of the former process, likewise
  std::atomic<bool> on_{false};
  Snapshot<Plan> plan_;
  SessionBook sessions_;
  LoginGuard guard_;
  AuditLog audit_;
  AuditLimit audit_limit_;
  std::array<std::atomic<std::uint64_t>, 4> results_{};
  std::atomic<bool> addresses_changed_{false};
  std::atomic<bool> addresses_unkept_{false};  // their file cannot be written
  std::atomic<std::uint64_t> ended_saved_{0};  // SessionBook::ended_changes() of the file
  std::string state_dir_;                      // set before on_, constant afterwards
  FileStamp key_stamp_;                        // clerk
  std::function<void()> keys_changed_;
  std::function<void(EndedLogin)> ended_;
  SessionRecords received_records_;
  SessionKeys told_, of_store_;
  Timer timer_;
};

}  // namespace lb
