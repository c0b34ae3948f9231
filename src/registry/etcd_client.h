// EtcdClient: requests to the members of one etcd, repeated at another member after a failure.
//
// The member that answered last is asked first.  Without an answer within kMemberTimeout (a repeat:
// kRepeatTimeout), after a broken connection, a status of 5xx, or 401 with a fresh token, the next
// one is asked, until the question's time is over.  A repeat is identical, so its owner must make
// it safe to run twice.
// A member with the cluster_id of another etcd (it was wiped, and is a cluster of its own at the
// same address) is skipped like a dead one, and logged once.  With a user name a token is fetched
// first, and again when one is refused, at most every kLoginPause.
// Thread: control.
// Ownership: callbacks come once, never from within ask(), and not after the destructor.
// Errors: kTimeout and kClosed (no member answered), kDenied (the login, or no right to this key),
// kNotFound, kLimit (the database is full), kInvalid: with etcd's words, without secrets.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/json.h"
#include "base/log.h"
#include "net/fetch/fetch.h"
#include "net/loop/loop.h"
#include "registry/settings.h"

namespace lb {

struct EtcdQuestion {
  std::string path, body;
  std::chrono::milliseconds within{5000};
  std::size_t answer_bytes = 256 * 1024;
  std::string member;      // only this one; "": any
  bool urgent = false;     // not queued: for small questions of the watch
  bool impatient = false;  // an error once every member has refused or answered nonsense
  bool of_any_cluster = false;
};

// kOfQuorum: a member answers what all agree on; kOfMember: its own state.
enum class EtcdReads { kOfQuorum, kOfMember };
// A request for the format: the smallest one that shows whether there is an etcd, and which.
EtcdQuestion etcd_format_question(std::string_view prefix, EtcdReads reads,
                                  std::chrono::milliseconds within);

struct EtcdAnswer {
  Json json;
  std::string member;
  bool repeated = false;  // it was sent before, and may have been executed
};

class EtcdClient {
 public:
  static constexpr std::chrono::seconds kMemberTimeout{2};
  // For a repeat, or a member that has not answered since another one failed.  Requests passed on
  // to a leader that has just died are lost: an election takes up to two seconds, after which the
  // next request is answered at once.
  static constexpr std::chrono::seconds kRepeatTimeout{1};
  static constexpr std::chrono::seconds kLoginPause{5};
  static constexpr std::size_t kLanes = 64;  // requests under way; further ones wait here
  using Done = UniqueFunction<void(Result<EtcdAnswer>)>;

  EtcdClient(Loop& control, StoreSettings settings, Log& log);
  ~EtcdClient();

  void ask(EtcdQuestion question, Done done);
  // A request with an endless answer, for a LineStream; with the token of the last login.
  FetchRequest stream(const std::string& member, std::string_view path, std::string body) const;
  // The member to ask next.
  const std::string& member() const noexcept { return settings_.members[next_]; }
  void member_failed(const std::string& member);
  // Asks each member once to find the etcd that most of them belong to (of as many, the one with
  // records), and ignores the others from then on.  A present choice changes only for a majority.
  void choose_cluster(EtcdQuestion question, UniqueFunction<void()> done);
  // There is no choice, or most members now belong to another etcd.
  bool wants_choice() const noexcept;
  // A stream was refused because of its token.
  void forget_token() { token_.clear(); }

 private:
  struct Call;
  struct Choice;
  FetchRequest request(const std::string& member, std::string_view path, std::string body) const;
  void attempt(std::uint64_t id);
  void send(Call& call);
  void lane_is_free();
  void on_answer(std::uint64_t id, std::string member, std::string token, SteadyTime sent,
                 Result<FetchAnswer> answer);
  void judge(Call& call, std::string member, const std::string& token, SteadyTime sent,
             Result<FetchAnswer> answer);
  void on_refused(Call& call, const std::string& token, int status, std::string words);
  bool is_stray(const std::string& member, const std::string& cluster);
  void choose(Choice& choice);
  void again(Call& call, Error error, bool quick);
  void finish(std::uint64_t id, Result<EtcdAnswer> answer);
  bool needs_token() const { return !settings_.username.empty() && token_.empty() && !no_login_; }
  void log_in();
  void on_login(const std::string& member, Result<FetchAnswer> answer);
  void resume_calls();
  void refuse_calls(const Error& error);

  Loop& control_;
  const StoreSettings settings_;
  Log& log_;
  bool chosen_ = false;
  std::string cluster_;           // the chosen etcd's cluster_id; "": any
  std::set<std::string> strays_;  // members of another one
  std::size_t next_ = 0;
  bool proven_ = true;  // it has answered since the choice
  std::string token_;
  bool no_login_ = false;  // etcd's authentication is off
  bool logging_in_ = false;
  SteadyTime login_due_{};
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, std::unique_ptr<Call>> calls_;
  std::deque<std::uint64_t> crowd_;  // calls waiting for a lane; some may have ended
  std::size_t lanes_ = 0;            // in use
  Timer login_timer_;
  Fetcher fetcher_;
};

}  // namespace lb
