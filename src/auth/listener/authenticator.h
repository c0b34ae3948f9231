// Authenticator: decides which listeners are allowed on the mounts of one <mount> section, and for
// some methods which sources.  Each method is one file and one row of the table in
// authenticator.cc.
//
// Thread: control; slow work goes to the clerk or through the Fetcher.
// Callbacks: each exactly once, on control, perhaps before the call returns; or destroyed uncalled
// when the server stops.
// Ownership: Authenticators; one replaced by a reload lives until idle().
// Source: Icecast 2.4.4, Icecast-KH.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/password/hash_queue.h"
#include "base/log.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "http/credentials.h"
#include "http/message.h"
#include "net/fetch/fetch.h"
#include "net/loop/loop.h"

namespace lb {

class EventSender;

using AuthOptions = std::vector<std::pair<std::string, std::string>>;

// This server's data for backends.
struct AuthServer {
  std::string hostname = "localhost";
  int port = 8000;
  std::string user_agent = "Icecast 2.4.4";
};

// A listener's request to enter.
struct ListenerAsk {
  std::uint64_t client_id = 0;
  std::string mount;   // the path, decoded, after aliases
  std::string target;  // as sent, with its query
  std::optional<Credentials> given;
  std::string ip;
  Headers headers;
  std::int64_t listeners = 0;  // on the mount now
  // Too many wrong passwords came from there: only a comparison may judge this one.
  bool throttled = false;
};

// A source, or an admin command with a source's login.
struct SourceAsk {
  std::string mount;
  std::string ip;
  Credentials given;
  bool admin = false;
};

// The report to a backend that an accepted listener has left.
struct RemovalNotice {
  std::string url;
  std::string user, password;  // for the backend; may be empty
  std::string before, after;   // the body around "&duration=N"
};

struct AuthVerdict {
  enum class Kind : std::uint8_t {
    kAllow,
    kRefuse,     // 401
    kForbid,     // 403 with `text`: another password would not help
    kBusy,       // 403 with `text`, Icecast's manner
    kLater,      // 503: too many logins wait for their hash
    kRedirect,   // 302 to `location`
    kThrottled,  // 429: not judged, or wrong once more
  };
  Kind kind = Kind::kRefuse;
  bool wrong_password = false;  // costs a token of the PasswordThrottle
  bool right_password = false;  // judged, not only let in
  bool unanswered = false;      // kRefuse, of a source: its backend has not judged it
  std::string text;
  std::string location;
  std::string mount;  // kAllow: another mount to serve; "": the requested one
  std::string user;   // kAllow: the proved name; "": the given one
  std::optional<std::chrono::seconds> time_limit;
  bool is_relay = false;  // limits of listeners do not apply
  bool counts = true;     // kAllow: takes part in the check for duplicate users
  std::optional<RemovalNotice> removal;

  static AuthVerdict of(Kind kind, std::string text = {}) {
    AuthVerdict verdict;
    verdict.kind = kind;
    verdict.text = std::move(text);
    return verdict;
  }
};

struct UserEdit {
  enum class Action : std::uint8_t { kList, kAdd, kRemove };
  Action action = Action::kList;
  std::string user, password;
};
struct UserEditResult {
  enum class Outcome : std::uint8_t {
    kListed,
    kAdded,
    kExists,
    kRemoved,
    kFailed,  // the reason is in the error log
    kNoList,  // there is no authenticator, or it has no list of users
  };
  Outcome outcome = Outcome::kNoList;
  std::vector<std::string> users;  // after the action
};

class Authenticator {
 public:
  using Done = UniqueFunction<void(AuthVerdict)>;

  virtual ~Authenticator() = default;
  virtual void ask_listener(ListenerAsk ask, Done done) = 0;
  virtual void ask_source(SourceAsk ask, Done done);
  virtual void mount_begun(const std::string& mount);
  virtual void mount_ended(const std::string& mount);
  virtual void edit_users(UserEdit edit, UniqueFunction<void(UserEditResult)> done);
  // Drops kept answers: rights have changed.
  virtual void forget() {}
  // Of a hand-over. hold(): questions to a backend wait; asks(): one is under way.
  virtual void hold(bool /*held*/) {}
  virtual bool asks() const { return false; }
  // Nothing is under way.
  virtual bool idle() const = 0;
};

// The environment of authenticators; outlives them.
struct AuthContext {
  Loop& control;
  Loop& clerk;
  Log& log;
  Fetcher& fetcher;
  HashQueue& hashes;
  EventSender& mount_events;
  std::function<std::shared_ptr<const AuthServer>()> server;
};

struct AuthenticatorPlugin {
  std::string_view type;
  // Whether an authenticator with these options judges sources; any thread.
  bool (*decides_sources)(const AuthOptions& options);
  // Errors in the options, for --check-config; any thread.
  std::vector<std::string> (*complaints)(const AuthOptions& options);
  // Complaints about options go to the log; after an error every listener is refused.
  Result<std::unique_ptr<Authenticator>> (*make)(const AuthOptions& options, AuthContext& context);
};
bool authenticator_decides_sources(std::string_view type, const AuthOptions& options);
// Complaints about the type and its options; any thread.
std::vector<std::string> authenticator_complaints(std::string_view type,
                                                  const AuthOptions& options);
// An error for an unknown type, or if a needed option is missing.
Result<std::unique_ptr<Authenticator>> make_authenticator(std::string_view type,
                                                          const AuthOptions& options,
                                                          AuthContext& context);

// The value of an option, the last one of its name; "" without it.
std::string_view auth_option(const AuthOptions& options, std::string_view name);
// "1", "yes", "true", "on".
bool auth_option_set(const AuthOptions& options, std::string_view name);
// For each option whose name is not in `known`: 'option "x" is not known and has no effect; …'.
std::vector<std::string> unknown_auth_options(const AuthOptions& options,
                                              std::span<const std::string_view> known);

}  // namespace lb
