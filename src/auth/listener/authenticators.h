// Authenticators: one for every <mount> section with <authentication>, with their shared parts: the
// queue of hashes, the ledger of listeners, the events for backends.
//
// Thread: control.
// Ownership: app::Services; callbacks as in Authenticator.
// A section with errors (unknown type, missing option) refuses every listener.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "auth/listener/authenticator.h"
#include "auth/listener/event_sender.h"
#include "auth/listener/listener_ledger.h"

namespace lb {

struct AuthSection {
  std::string name;  // of the <mount>; "": the default mount
  std::string type;
  AuthOptions options;
  // <sessions-per-user> limits a user's listenings over all nodes, in place of the authenticator's
  // own rule of one listening.
  bool seats = false;
  bool operator==(const AuthSection&) const = default;
};

class Authenticators {
 public:
  // Ends a listener of a mount, for drop_existing_listener.
  enum class Drop : std::uint8_t { kNow, kIfGone };  // kIfGone: its client has closed its side
  using DropListener =
      std::function<void(const std::string& mount, std::uint64_t client_id, Drop when)>;

  Authenticators(Loop& control, Loop& clerk, Log& log, Fetcher& fetcher,
                 DropListener drop_listener);
  ~Authenticators();

  // Called at the start and after every reload; unchanged sections keep their state.
  void configure(const std::vector<AuthSection>& sections, AuthServer server);
  Result<ListenerLedger::Opening> open_spool(const std::string& path) {
    return ledger_.open_spool(path);
  }

  // Of a hand-over.
  ListenerLedger& ledger() noexcept { return ledger_; }
  // While held, backends get no new requests; those under way finish.
  void hold(bool held);
  bool asks() const;
  // Starts and ends of mounts that no backend has heard yet; go_on() sends them, as those of
  // ledger().
  std::vector<UnsentEventsRecord> save_mount_events() const { return mount_events_.save(); }
  void restore(UnsentEventsRecord saved);
  void go_on();
  bool has_spool() const noexcept { return ledger_.has_spool(); }

  // The ticket is valid only with kAllow.
  using ListenerDone = UniqueFunction<void(AuthVerdict, ListenerTicket)>;
  void ask_listener(const std::string& section, ListenerAsk ask, ListenerDone done);
  void ask_source(const std::string& section, SourceAsk ask, Authenticator::Done done);
  // Judges a password against a slow hash, see HashQueue.
  bool check_hash(std::string hash, std::string password, UniqueFunction<void(bool)> done) {
    return hashes_.check(std::move(hash), std::move(password), std::move(done));
  }
  void mount_begun(const std::string& section, const std::string& mount);
  void mount_ended(const std::string& section, const std::string& mount);
  void edit_users(const std::string& section, UserEdit edit,
                  UniqueFunction<void(UserEditResult)> done);

  // Ends a listener, also after a move to another mount.
  void end_listener(const std::string& mount, std::uint64_t client_id) {
    drop_listener_(mount, client_id, Drop::kNow);
  }

  // A ban or a user's rights have changed: kept answers of backends are dropped.
  void forget_answers();

  // For all passwords but those of listeners.
  HashQueue& hashes() noexcept { return hashes_; }

  // Ends of listeners, and begins and ends of mounts, not yet delivered to a backend.
  std::size_t unsent() const noexcept { return removals_.unsent() + mount_events_.unsent(); }

  // The server stops: calls done when all ends are delivered, or after `grace`.
  void finish(std::chrono::milliseconds grace, UniqueFunction<void()> done);

 private:
  struct Place;
  struct Question;
  Place* find(const std::string& section);
  void judged(const std::string& section, const std::shared_ptr<Question>& question,
              AuthVerdict verdict);
  bool is_on_twice(const Place& place, const std::string& mount, const std::string& user);
  void let_in(const std::shared_ptr<Question>& question, AuthVerdict verdict);
  void turn_away(const Place* place, const std::shared_ptr<Question>& question,
                 AuthVerdict verdict);
  // The user is allowed, but already listens: waits briefly for the end of the old connection.
  struct Return {
    std::string section;
    std::shared_ptr<Question> question;
    AuthVerdict verdict;
    SteadyTime until{};
    bool dropped_again = false;
  };
  void retry_returns();
  void drop_if_gone(const Question& question);
  void check_finished();

  Loop& control_;
  Log& log_;
  std::shared_ptr<const AuthServer> server_ = std::make_shared<const AuthServer>();
  const DropListener drop_listener_;
  HashQueue hashes_;
  EventSender removals_, mount_events_;
  std::vector<FetchRequest> unsent_before_;  // events of mounts, of the previous process
  AuthContext context_;
  ListenerLedger ledger_;
  std::map<std::string, std::unique_ptr<Place>> places_;
  std::vector<std::unique_ptr<Place>> retired_;  // until their work is finished
  Timer finish_timer_;
  SteadyTime finish_by_{};
  UniqueFunction<void()> finished_;
  std::vector<Return> returns_;
  Timer return_timer_;
};

}  // namespace lb
