#include "app/certificates/challenge_lookup.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "acme/kept_certificate.h"
#include "app/certificates/name_check.h"
#include "app/services/runtime.h"
#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "net/address/host_name.h"
#include "net/tls/challenge_table.h"

namespace lb {
namespace {

constexpr std::size_t kThumbprintLetters = 43, kAnswerBytes = 256, kMaxUnknown = 1000;
// Beyond these a network has half of the questions of a second.
constexpr std::ptrdiff_t kFewQuestions = 2;
// Above the owners of orders.
constexpr std::uint64_t kFirstOwner = std::numeric_limits<std::uint64_t>::max() / 2;

}  // namespace

ChallengeLookup::ChallengeLookup(Runtime& runtime, Wake wake)
    : runtime_(runtime),
      wake_(std::move(wake)),
      owners_(kFirstOwner),
      parked_(runtime.loops.control(),
              {.keys = kMaxTokens, .of_key = kMaxRequests, .all = kMaxRequests},
              {wake_, [this](const std::string& token) { end(token, WaitOutcome::kNever); }}),
      forget_(runtime.loops.control(), [this] { forget_old(); }) {}

bool ChallengeLookup::may_have(const Config& config, bool asks_others) {
  if (!config.acme.empty() && !state_directory(config).empty()) return true;
  return asks_others && !servers(config).empty();
}

std::vector<std::string> ChallengeLookup::servers(const Config& config) {
  std::vector<std::string> all;
  const auto add = [&all](std::string origin) {
    if (std::ranges::find(all, origin) == all.end()) all.push_back(std::move(origin));
  };
  for (const MasterSettings& master : config.masters)
    add(cat({"http://", url_host(master.server), ":", master.port}));
  for (const AcmeSettings& acme : config.acme)
    for (const std::string& origin : acme.answer_from) add(origin);
  return all;
}

bool ChallengeLookup::is_answer(std::string_view token, std::string_view body) noexcept {
  return body.size() == token.size() + 1 + kThumbprintLetters && body.starts_with(token) &&
         body[token.size()] == '.' && is_plain_text(body.substr(token.size() + 1), "-_");
}

bool ChallengeLookup::may_ask(const std::string& network, SteadyTime now) {
  if (questions_.is_over(now)) askers_.clear();
  const bool has_asked = std::ranges::count(askers_, network) >= kFewQuestions;
  const bool has_token = std::ranges::any_of(
      asked_, [&network](const auto& one) { return one.second.network == network; });
  if (asked_.size() >= (has_token ? kMaxTokens / 2 : kMaxTokens)) return false;
  if (!questions_.allows(now, has_asked ? kMaxQuestions / 2 : kMaxQuestions)) {
    questions_.take_back();
    return false;
  }
  askers_.push_back(network);
  return true;
}

void ChallengeLookup::look_up(const std::string& token, const ParkedRequest& request,
                              bool asks_others, const std::string& network) {
  if (stopped_) return;
  const SteadyTime now = runtime_.clock.steady();
  const auto unknown = unknown_.find(token);
  const bool is_asked = asked_.contains(token);
  const auto config = runtime_.config.read();
  if (!may_have(*config, asks_others) || (unknown != unknown_.end() && now < unknown->second) ||
      (!is_asked && !may_ask(network, now)) || !parked_.park(token, request, {kPatience}))
    return wake_(request, WaitOutcome::kNever);
  Asked& asked = asked_[token];
  asked.asks_others = asked.asks_others || asks_others;
  if (is_asked) return;
  asked.network = network;
  runtime_.loops.clerk().post(
      [this, token, path = own_answer_path(state_directory(*config), token)] {
        const auto text = read_file(path, {.limit = kAnswerBytes});
        runtime_.loops.control().post(
            [this, token, answer = text ? text->text : std::string()]() mutable {
              on_read(token, std::move(answer));
            });
      });
}

void ChallengeLookup::on_read(const std::string& token, std::string text) {
  const auto at = asked_.find(token);
  if (at == asked_.end() || stopped_) return;
  if (is_answer(token, text)) return keep(token, std::move(text));
  const auto origins = servers(*runtime_.config.read());
  if (!at->second.asks_others || origins.empty()) return end(token, WaitOutcome::kNever);
  Asked& asked = at->second;
  asked.unanswered = origins.size();
  for (const std::string& origin : origins) {
    FetchRequest question;
    question.purpose = FetchPurpose::kCertificate;
    question.url = cat({origin, ChallengeTable::kPath, token, "?", kMark});
    question.timeout = kPatience;
    question.body_bytes = kAnswerBytes;
    question.user_agent = "icecast-lb/" LB_VERSION;
    asked.requests.push_back(runtime_.fetcher->start(
        std::move(question),
        [this, token](const Result<FetchAnswer>& answer) { answered(token, answer); }));
  }
}

void ChallengeLookup::answered(const std::string& token, const Result<FetchAnswer>& answer) {
  const auto at = asked_.find(token);
  if (at == asked_.end() || stopped_) return;
  --at->second.unanswered;
  if (answer && answer->status == 200 && is_answer(token, answer->body)) {
    runtime_.log.info(kAcmeModule, "another server has the answer for the CA, which asked here");
    return keep(token, answer->body);
  }
  if (at->second.unanswered == 0) end(token, WaitOutcome::kNever);
}

void ChallengeLookup::keep(const std::string& token, std::string answer) {
  runtime_.challenges->put_text(++owners_, token, std::move(answer));
  known_[token] = {owners_, runtime_.clock.steady() + kKnownFor};
  forget_.after(kKnownFor);
  end(token, WaitOutcome::kReady);
}

void ChallengeLookup::end(const std::string& token, WaitOutcome outcome) {
  if (const auto at = asked_.find(token); at != asked_.end()) {
    for (const std::uint64_t request : std::exchange(at->second.requests, {}))
      runtime_.fetcher->cancel(request);
    asked_.erase(token);
  }
  if (outcome != WaitOutcome::kReady) {
    if (unknown_.size() >= kMaxUnknown) unknown_.clear();
    unknown_[token] = runtime_.clock.steady() + kUnknownFor;
    forget_.after(kKnownFor);
  }
  parked_.release(token, outcome);
}

void ChallengeLookup::forget_old() {
  const SteadyTime now = runtime_.clock.steady();
  std::erase_if(unknown_, [&](const auto& one) { return one.second <= now; });
  std::erase_if(known_, [&](const auto& one) {
    if (one.second.second > now) return false;
    runtime_.challenges->remove(one.second.first);
    return true;
  });
  if (!known_.empty()) forget_.after(kKnownFor);
}

void ChallengeLookup::stop() {
  stopped_ = true;
  forget_.cancel();
  parked_.clear();
  for (auto& [token, asked] : asked_)
    for (const std::uint64_t request : asked.requests) runtime_.fetcher->cancel(request);
  asked_.clear();
}

}  // namespace lb
