// SessionBook: begins sessions, checks the tokens of browsers, and ends sessions.
//
// A session ends `idle` after its last use and `most` after its login, by a logout, with its login
// (the session of the password and all its hand-overs), with its user's epoch, or with its signing
// key.  A live session needs no memory, because its token has everything.  Kept are revoked
// sessions, until their tokens expire, and digests of checked tokens, so that a page costs one
// signature check and not one for each of its requests.
//
// Facts from other masters (keys, origins, users, ended logins) come in SessionKeys.  A token of
// another master opens a session here only as a hand-over: for this node, recent, once, from a page
// of that master.  Such a session lives as long as the key that vouched for it and its user's
// record are unchanged.  A master's file administrator has no record, so its session is not
// renewed.
// Thread: any; a mutex, under which nothing else is called.
// Bounds: kMaxJudged tokens, kMaxEnded ended sessions, kMaxUsers users whose sessions all ended.  An
// ended session never becomes valid again: for the older half of the user with the most ended
// sessions, all sessions of this user that are as old end; for the user whose sessions all ended
// longest ago, those of all users.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/guard/guess_record.h"
#include "auth/login/key_ring.h"
#include "auth/login/session_token.h"
#include "auth/login/user_book.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/snapshot.h"

namespace lb {

// All sessions of a login have ended, at every server that receives this.
struct EndedLogin {
  std::string sid;  // login_root()
  std::string user;
  std::int64_t until = 0;  // Unix seconds: none of its sessions can last longer
};

// Sessions of other masters, and logins that ended there.
struct SessionKeys {
  struct Key {
    std::string master, kid;
    std::string public_key;  // 32 bytes
    std::int64_t until = 0;  // Unix seconds; 0: no known end
  };
  // "https://m1.example.org:8443": the origin of a master's pages.
  struct Origin {
    std::string master, origin;
  };
  std::vector<Key> keys;
  std::vector<Origin> origins;
  std::map<std::string, std::shared_ptr<const User>, std::less<>> users;
  std::map<std::string, std::int64_t, std::less<>> ended;  // EndedLogin: sid and until

  // nullptr: unknown, or no longer accepted.
  const Key* find(std::string_view kid, std::int64_t now) const;
  bool has_origin(std::string_view master, std::string_view origin) const;
  // nullptr: no user that may log in.
  const User* user(std::string_view name) const;
};

class SessionBook {
 public:
  static constexpr std::chrono::seconds kHandoverValid{30};
  static constexpr std::size_t kMaxJudged = 4096, kMaxLive = 16'384, kMaxEnded = 65'536,
                               kMaxUsers = 65'536;

  struct Settings {
    std::string node;  // its tokens' audience
    std::chrono::seconds idle{15 * 60}, most{12 * 3600};
  };

  SessionBook(const Clock& clock, const Snapshot<SessionKeys>& others);
  void configure(Settings settings);
  void set_keys(std::shared_ptr<const KeyRing> ring);
  std::shared_ptr<const KeyRing> keys() const;

  // A token for a new session.  Copied from `of`: user, role, account, mounts, addresses, epoch and
  // parent.
  std::string begin(Session of);
  // nullopt: foreign, altered, expired or ended.
  std::optional<Session> judge(std::string_view token);
  // Whether the session was not ended, however long it was unused.
  bool lives(Session session) const;
  // A token with a later end if less than half of `idle` is left; otherwise "".
  std::string renew(const Session& session);
  // For forms and scripts: proves that a request comes from a page of this session.
  std::string csrf(std::string_view sid) const;

  // Ends only that session.  REQUIRES: judge() gave it
  void end(const Session& session);
  // Ends all sessions of the login here and returns what other servers are sent.  REQUIRES: judge()
  // gave it
  EndedLogin end_login(const Session& session);
  // Ends all sessions that the user began until now.
  void end_all(std::string_view user);
  // Of a hand-over: what was ended stays ended.
  EndedSessions ended() const;
  void restore(const EndedSessions& ended);
  // The same for a file: "session SID UNTIL LOGIN USER", "user WHEN USER", "all WHEN".  load() adds
  // what the file has; other lines are passed over.
  std::string ended_text() const;
  void load_ended(std::string_view text);
  // Greater after each change of what ended_text() has.
  std::uint64_t ended_changes() const noexcept { return changes_.load(std::memory_order_relaxed); }

  // A token for that node, for one use within kHandoverValid; "": this session is not handed on.
  std::string hand_over(const Session& session, std::string_view node);
  // The session that another master hands over by a page of this origin, for begin(). ahead_of: how
  // far a master's clock is ahead of ours, in seconds.  Errors: a sentence for the log, without
  // secrets.
  using AheadOf = std::function<std::int64_t(std::string_view master)>;
  Result<Session> take_over(std::string_view token, std::string_view origin,
                            const AheadOf& ahead_of);

  // The number of live sessions that were used here.
  std::size_t live() const;
  Settings settings() const;

 private:
  // Under the mutex.
  bool is_ended(const Session& session, const SessionKeys& others) const;
  bool is_over(const Session& session, const SessionKeys& others, std::int64_t now) const;
  std::string sign(TokenKind kind, Session session);
  void note_ended(const std::string& sid, const Session& of, std::int64_t until);
  void note_all_ended(const std::string& user, std::int64_t when);
  void make_room();
  std::int64_t all_ended(const std::string& user) const;  // logins until then are over
  void forget_old(std::int64_t now);                      // under the mutex

  const Clock& clock_;
  const Snapshot<SessionKeys>& others_;
  const std::int64_t began_;  // hand-overs from before are not known
  mutable std::mutex mutex_;
  Settings settings_;
  std::shared_ptr<const KeyRing> ring_;
  std::unordered_map<std::string, Session> judged_;  // by digest of the token
  struct Ended {
    std::int64_t until = 0;  // end of its relevance
    SessionOwner owner;
  };
  std::unordered_map<std::string, Ended> ended_;                // by sid
  std::map<std::string, std::int64_t, std::less<>> all_ended_;  // user → when
  std::atomic<std::uint64_t> changes_{0};
  std::int64_t all_users_ended_ = 0;
  std::unordered_map<std::string, std::int64_t> live_;  // sid → expires
  std::int64_t forgot_ = 0;
};

}  // namespace lb
