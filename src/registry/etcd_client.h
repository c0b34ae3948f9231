// EtcdClient: questions to the members of one etcd, asked of another member where one fails.
//
// The member that answered last is asked first.  No answer within kMemberTimeout (a repeat:
// kRepeatTimeout), a broken connection, a status of 5xx, and 401 with a fresh token go to the next
// one, until the question's time is over.  A question is repeated as it is: what it may do twice is
// its owner's business.
// A member whose answers carry the cluster_id of another etcd (it was wiped, and is a cluster of
// its own at the same address) is passed over like a dead one, and the log has its name once. With
// a user name a token is fetched first, and again where one is refused, at most every kLoginPause.
// Thread: control.
// Ownership: callbacks come once, never from within ask(); none after the end of the client.
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
  std::string member;      // this one alone; "": any
  bool urgent = false;     // it does not wait behind a crowd: small questions of the watch
  bool impatient = false;  // an error as soon as every member has refused, or answered nonsense
  bool of_any_cluster = false;
};

// Of kOfQuorum a member answers only what all agree on; kOfMember is what it has itself.
enum class EtcdReads { kOfQuorum, kOfMember };
// What the format is: the smallest question that tells that there is an etcd, and which one.
EtcdQuestion etcd_format_question(std::string_view prefix, EtcdReads reads,
                                  std::chrono::milliseconds within);

struct EtcdAnswer {
  Json json;
  std::string member;
  bool repeated = false;  // it was sent before, and may have been carried out then
};

class EtcdClient {
 public:
  static constexpr std::chrono::seconds kMemberTimeout{2};
  // Of a question that was asked before, or of a member that has not answered since another one
  // failed.  What a member passes on to a leader that has just died is
  // lost: an election takes up to two seconds, and after it the next question is answered at once.
  static constexpr std::chrono::seconds kRepeatTimeout{1};
  static constexpr std::chrono::seconds kLoginPause{5};
  static constexpr std::size_t kLanes = 64;  // questions under way; the others wait their turn here
  using Done = UniqueFunction<void(Result<EtcdAnswer>)>;

  EtcdClient(Loop& control, StoreSettings settings, Log& log);
  ~EtcdClient();

  void ask(EtcdQuestion question, Done done);
  // A question whose answer does not end, for a LineStream; with the token of the last login.
  FetchRequest stream(const std::string& member, std::string_view path, std::string body) const;
  // The one that is asked next.
  const std::string& member() const noexcept { return settings_.members[next_]; }
  void member_failed(const std::string& member);
  // Finds the etcd that most members belong to (of as many, the one that has an answer with
  // records) by one question to each of them, and passes the others over from then on.  A choice
  // that stands gives way to a majority only.
  void choose_cluster(EtcdQuestion question, UniqueFunction<void()> done);
  // No choice has been made, or most members belong to another etcd by now.
  bool wants_choice() const noexcept;
  // A stream was refused for its token.
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
  std::string cluster_;           // the cluster_id of the etcd that was chosen; "": any
  std::set<std::string> strays_;  // members of another one
  std::size_t next_ = 0;
  bool proven_ = true;  // it has answered since it was chosen
  std::string token_;
  bool no_login_ = false;  // etcd's authentication is off
  bool logging_in_ = false;
  SteadyTime login_due_{};
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, std::unique_ptr<Call>> calls_;
  std::deque<std::uint64_t> crowd_;  // calls that wait for a lane; some may have ended meanwhile
  std::size_t lanes_ = 0;            // in use
  Timer login_timer_;
  Fetcher fetcher_;
};

}  // namespace lb
