#include "registry/etcd_client.h"

#include <algorithm>
#include <compare>
#include <map>
#include <utility>
#include <vector>

#include "base/cat.h"
#include "registry/etcd_text.h"

namespace lb {
namespace {

constexpr std::string_view kClientModule = "registry/etcd";
constexpr std::chrono::milliseconds kRoundPause{100};  // when every member has failed
constexpr std::chrono::milliseconds kQuick{50};        // a failure that cost no time

StoreSettings tidy(StoreSettings settings) {
  for (std::string& member : settings.members)
    while (member.ends_with('/')) member.pop_back();
  if (settings.members.empty()) settings.members.emplace_back("no member of etcd is named");
  return settings;
}

std::string cluster_of(const Json& answer) {
  return std::string(answer.at("header").at("cluster_id").text().value_or(""));
}

// etcd uses 400 for several errors; with this text it is a missing token.
bool is_login_wanted(int status, std::string_view words) {
  return status == 401 || status == 403 ||
         (status == 400 && words.find("user name is empty") != std::string_view::npos);
}

Error status_error(int status, const std::string& words) {
  const std::string what = cat({"etcd answered ", status, ": ", words});
  switch (status) {
    case 401:
    case 403:
      return Error::denied(what);
    case 404:
      return Error::not_found(what);
    case 429:
      return Error::limit(what);
    default:
      return Error::invalid(what);
  }
}

}  // namespace

EtcdQuestion etcd_format_question(std::string_view prefix, EtcdReads reads,
                                  std::chrono::milliseconds within) {
  EtcdRangeQuestion range;
  range.key.append(prefix).append(kFormatKey);
  range.serializable = reads == EtcdReads::kOfMember;
  EtcdQuestion question;
  question.path = "/v3/kv/range";
  question.body = etcd_range_text(range);
  question.within = within;
  question.urgent = true;
  return question;
}

struct EtcdClient::Call {
  Call(Loop& loop, EtcdClient& client, std::uint64_t id_given)
      : id(id_given), timer(loop, [&client, id_given] { client.attempt(id_given); }) {}
  const std::uint64_t id;
  EtcdQuestion question;
  Done done;
  SteadyTime until;
  unsigned sent = 0, refused = 0;
  std::uint64_t fetch = 0;  // under way; 0: none
  bool waits_for_token = false, in_crowd = false;
  bool cut_short = false;  // the attempt, by the end of the question
  Error last = Error::timeout("etcd did not answer");
  Timer timer;
};

// Votes of members, by the cluster_id that they answered with.
struct EtcdClient::Choice {
  struct Votes {
    std::size_t members = 0, with_records = 0;
    auto operator<=>(const Votes&) const = default;
  };
  std::map<std::string, Votes> votes;
  std::vector<std::pair<std::string, std::string>> answers;  // members and clusters
  std::size_t missing = 0;                                   // answers
  bool decided = false;                                      // by a majority
  UniqueFunction<void()> done;
};

EtcdClient::EtcdClient(Loop& control, StoreSettings settings, Log& log)
    : control_(control),
      settings_(tidy(std::move(settings))),
      log_(log),
      login_timer_(control, [this] { log_in(); }),
      fetcher_(control) {}

EtcdClient::~EtcdClient() = default;

FetchRequest EtcdClient::request(const std::string& member, std::string_view path,
                                 std::string body) const {
  FetchRequest request;
  request.url = cat({member, path});
  request.json = std::move(body);
  request.tls = {settings_.ca_file, settings_.certificate, settings_.key_file};
  request.timeout = kMemberTimeout;
  return request;
}

FetchRequest EtcdClient::stream(const std::string& member, std::string_view path,
                                std::string body) const {
  FetchRequest made = request(member, path, std::move(body));
  if (!token_.empty()) made.headers.push_back("Authorization: " + token_);
  return made;
}

void EtcdClient::ask(EtcdQuestion question, Done done) {
  control_.assert_here();
  const std::uint64_t id = next_id_++;
  auto call = std::make_unique<Call>(control_, *this, id);
  call->until = control_.now() + question.within;
  call->question = std::move(question);
  call->done = std::move(done);
  call->timer.after(std::chrono::microseconds(0));
  calls_[id] = std::move(call);
}

void EtcdClient::attempt(std::uint64_t id) {
  const auto at = calls_.find(id);
  if (at == calls_.end()) return;
  Call& call = *at->second;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(call.until - control_.now());
  if (left.count() <= 0) return finish(id, call.last);
  call.timer.after(left);
  if (call.fetch != 0 || call.in_crowd) return;
  call.waits_for_token = needs_token();
  if (call.waits_for_token) return log_in();
  if (call.question.urgent || lanes_ < kLanes) return send(call);
  call.in_crowd = true;
  crowd_.push_back(id);
}

// The member is chosen now, so one that failed while the question waited is not asked.
void EtcdClient::send(Call& call) {
  const std::string member = call.question.member.empty() ? this->member() : call.question.member;
  FetchRequest request = this->request(member, call.question.path, call.question.body);
  if (!token_.empty()) request.headers.push_back("Authorization: " + token_);
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(call.until - control_.now());
  // After a whole round the store is slow, rather than a member dead.
  const bool patient = call.sent == 0 ? proven_ : call.sent >= settings_.members.size();
  const std::chrono::milliseconds whole = patient ? kMemberTimeout : kRepeatTimeout;
  call.cut_short = left < whole;
  request.timeout = std::min(whole, left);
  request.body_bytes = call.question.answer_bytes;
  ++call.sent;
  ++lanes_;
  call.fetch =
      fetcher_.start(std::move(request), [this, id = call.id, member, token = token_,
                                          sent = control_.now()](Result<FetchAnswer> answer) {
        on_answer(id, member, token, sent, std::move(answer));
      });
}

void EtcdClient::lane_is_free() {
  --lanes_;
  while (!crowd_.empty() && lanes_ < kLanes) {
    const std::uint64_t id = crowd_.front();
    crowd_.pop_front();
    const auto at = calls_.find(id);
    if (at != calls_.end() && std::exchange(at->second->in_crowd, false)) attempt(id);
  }
}

void EtcdClient::on_answer(std::uint64_t id, std::string member, std::string token, SteadyTime sent,
                           Result<FetchAnswer> answer) {
  if (const auto at = calls_.find(id); at != calls_.end()) {
    at->second->fetch = 0;
    judge(*at->second, std::move(member), token, sent, std::move(answer));
  }
  lane_is_free();
}

void EtcdClient::judge(Call& call, std::string member, const std::string& token, SteadyTime sent,
                       Result<FetchAnswer> answer) {
  const bool quick = control_.now() - sent < kQuick;
  if (!answer) {
    // An attempt that was cut short says nothing of its member, and an earlier one's error more.
    const bool is_late = call.cut_short && answer.error().code == Error::Code::kTimeout;
    if (!is_late) member_failed(member);
    return again(call, is_late && call.sent > 1 ? call.last : answer.error(), quick);
  }
  if (answer->status == 200) {
    proven_ = proven_ || member == this->member();
    auto json = Json::parse(answer->body);
    if (json && !call.question.of_any_cluster && is_stray(member, cluster_of(*json))) {
      member_failed(member);
      return again(call, Error::closed(member + ": belongs to another etcd"), quick);
    }
    if (json)
      return finish(call.id, EtcdAnswer{std::move(*json), std::move(member), call.sent > 1});
    member_failed(member);
    return again(call, Error::invalid(cat({member, ": ", json.error().what})), quick);
  }
  std::string words = etcd_error_words(answer->body);
  if (answer->status >= 500) {
    member_failed(member);
    return again(call, Error::closed(cat({member, ": ", answer->status, ' ', words})), quick);
  }
  if (is_login_wanted(answer->status, words))
    return on_refused(call, token, answer->status, std::move(words));
  finish(call.id, status_error(answer->status, words));
}

bool EtcdClient::is_stray(const std::string& member, const std::string& cluster) {
  if (cluster_.empty() || cluster.empty()) return false;
  if (cluster == cluster_) {
    if (strays_.erase(member) > 0)
      log_.info(kClientModule, cat({member, " belongs to etcd ", cluster, " again, and is used"}));
    return false;
  }
  if (strays_.insert(member).second)
    log_.error(kClientModule,
               cat({member, " belongs to etcd ", cluster, ", and the records are in ", cluster_,
                    ": it was wiped, or its address is wrong; it is passed over"}));
  return true;
}

bool EtcdClient::wants_choice() const noexcept {
  const std::size_t members = settings_.members.size();
  return members > 1 && (!chosen_ || strays_.size() * 2 > members);
}

void EtcdClient::choose_cluster(EtcdQuestion question, UniqueFunction<void()> done) {
  auto choice = std::make_shared<Choice>();
  choice->missing = settings_.members.size();
  choice->done = std::move(done);
  question.of_any_cluster = question.urgent = true;
  for (const std::string& member : settings_.members) {
    question.member = member;
    ask(question, [this, choice, member](const Result<EtcdAnswer>& answer) {
      --choice->missing;
      if (answer) {
        const std::string cluster = cluster_of(answer->json);
        Choice::Votes& votes = choice->votes[cluster];
        ++votes.members;
        votes.with_records += answer->json.at("kvs").size() > 0 ? 1 : 0;
        choice->decided = choice->decided || votes.members * 2 > settings_.members.size();
        choice->answers.emplace_back(member, cluster);
      }
      if (choice->decided || choice->missing == 0) choose(*choice);
    });
  }
}

void EtcdClient::choose(Choice& choice) {
  const auto best =
      std::max_element(choice.votes.begin(), choice.votes.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (best != choice.votes.end() && (choice.decided || !chosen_)) {
    if (cluster_ != best->first) strays_.clear();
    chosen_ = true;
    cluster_ = best->first;
  }
  for (const auto& [member, cluster] : std::exchange(choice.answers, {})) is_stray(member, cluster);
  if (choice.done) std::exchange(choice.done, {})();
}

void EtcdClient::on_refused(Call& call, const std::string& token, int status, std::string words) {
  Error error = status_error(status, words);
  error.code = Error::Code::kDenied;
  if (settings_.username.empty()) return finish(call.id, std::move(error));
  no_login_ = false;
  // With a fresh token 401 comes from a member that lags behind; other statuses mean a missing
  // right.
  const bool fresh = token == token_ && !token.empty() && control_.now() < login_due_;
  if (fresh && status != 401) return finish(call.id, std::move(error));
  if (fresh) member_failed(member());
  if (token == token_ && !fresh) token_.clear();
  call.last = std::move(error);
  call.timer.after(call.sent % settings_.members.size() == 0 ? kRoundPause
                                                             : std::chrono::milliseconds(0));
}

void EtcdClient::again(Call& call, Error error, bool quick) {
  // A member with an invalid answer is skipped, like one that refuses the connection.
  const bool is_none = error.code == Error::Code::kClosed || error.code == Error::Code::kInvalid;
  call.refused = quick && is_none ? call.refused + 1 : 0;
  call.last = std::move(error);
  const bool whole_round = call.sent % settings_.members.size() == 0;
  if (!call.question.member.empty() ||
      (call.question.impatient && call.refused >= settings_.members.size()))
    return finish(call.id, call.last);
  call.timer.after(quick && whole_round ? kRoundPause : std::chrono::milliseconds(0));
}

void EtcdClient::finish(std::uint64_t id, Result<EtcdAnswer> answer) {
  const auto at = calls_.find(id);
  const std::unique_ptr<Call> call = std::move(at->second);
  calls_.erase(at);
  if (call->fetch != 0) {
    fetcher_.cancel(call->fetch);
    lane_is_free();
  }
  call->done(std::move(answer));
}

void EtcdClient::member_failed(const std::string& member) {
  if (this->member() != member) return;
  next_ = (next_ + 1) % settings_.members.size();
  proven_ = false;
}

void EtcdClient::log_in() {
  if (logging_in_) return;
  if (const auto now = control_.now(); now < login_due_) {
    login_timer_.after(std::chrono::duration_cast<std::chrono::microseconds>(login_due_ - now) +
                       std::chrono::microseconds(1));
    return;
  }
  logging_in_ = true;
  fetcher_.start(
      request(member(), "/v3/auth/authenticate",
              etcd_login_text(settings_.username, settings_.password)),
      [this, asked = member()](Result<FetchAnswer> answer) { on_login(asked, std::move(answer)); });
}

void EtcdClient::on_login(const std::string& member, Result<FetchAnswer> answer) {
  logging_in_ = false;
  if (!answer || answer->status >= 500) {
    member_failed(member);
    for (auto& [id, call] : calls_)
      if (call->waits_for_token)
        call->last = answer ? Error::closed(cat({member, ": ", etcd_error_words(answer->body)}))
                            : answer.error();
    if (std::any_of(calls_.begin(), calls_.end(),
                    [](const auto& row) { return row.second->waits_for_token; }))
      login_timer_.after(kRoundPause);
    return;
  }
  login_due_ = control_.now() + kLoginPause;
  if (answer->status == 200) {
    const auto json = Json::parse(answer->body);
    auto token = json ? parse_etcd_token(*json) : Result<std::string>(json.error());
    if (!token) return refuse_calls(token.error());
    token_ = std::move(*token);
    return resume_calls();
  }
  const std::string words = etcd_error_words(answer->body);
  if (words.find("authentication is not enabled") != std::string::npos) {
    no_login_ = true;
    return resume_calls();
  }
  refuse_calls(Error::denied(cat({"etcd refuses the login of ", settings_.username, ": ", words})));
}

void EtcdClient::resume_calls() {
  for (auto& [id, call] : calls_)
    if (std::exchange(call->waits_for_token, false))
      call->timer.after(std::chrono::microseconds(0));
}

void EtcdClient::refuse_calls(const Error& error) {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, call] : calls_)
    if (call->waits_for_token) ids.push_back(id);
  for (const std::uint64_t id : ids)
    if (calls_.contains(id)) finish(id, error);
}

}  // namespace lb
