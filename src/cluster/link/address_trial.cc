#include "cluster/link/address_trial.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "cluster/nodes/public_address.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kForAnswer = 3s;
constexpr auto kAskAgain = 500ms;
constexpr auto kAtOnce = 50ms;  // after a shorter round trip the second question decides
constexpr std::size_t kMaxBytes = 512;
constexpr std::size_t kMaxTrials = 256;
constexpr std::size_t kSecretBytes = 16;

}  // namespace

AddressTrial::AddressTrial(Connector& connector, Tried tried)
    : connector_(connector), tried_(std::move(tried)) {}

AddressTrial::~AddressTrial() = default;

ProveFrame AddressTrial::begin(Announcer by, const NodeAddress& address,
                               std::chrono::milliseconds round_trip) {
  ProveFrame proof{hex_encode(random_bytes(kSecretBytes)), hex_encode(random_bytes(kSecretBytes))};
  if (trials_.size() >= kMaxTrials) return proof;
  const std::uint64_t number = next_++;
  Trial& trial = trials_[number];
  trial.by = std::move(by);
  trial.address = address;
  trial.proof = proof;
  // A node forgets the question after kLifetime.
  trial.round_trip = std::min<std::chrono::milliseconds>(round_trip, ProofList::kLifetime / 4);
  if (trial.round_trip < kAtOnce)
    ask(number, trial);
  else
    ask_after(number, trial, trial.round_trip);
  return proof;
}

void AddressTrial::ask_after(std::uint64_t number, Trial& trial, std::chrono::milliseconds pause) {
  trial.timer = std::make_unique<Timer>(connector_.loop(), [this, number] {
    if (const auto waiting = trials_.find(number); waiting != trials_.end())
      ask(number, waiting->second);
  });
  trial.timer->after(pause);
}

void AddressTrial::ask(std::uint64_t number, Trial& trial) {
  const NodeAddress& address = trial.address;
  ClientRequest request;
  request.target.host = address.host;
  request.target.port = address.port;
  request.target.tls = address.scheme == PublicScheme::kHttps;
  request.head =
      cat({"GET /_lb/proof?ask=", trial.proof.ask, " HTTP/1.0\r\nHost: ", to_text(address),
           "\r\nUser-Agent: icecast-lb\r\n\r\n"});
  request.connect_deadline = request.head_deadline = kForAnswer;
  request.body = {kMaxBytes, kForAnswer};
  trial.client = std::make_unique<Client>(
      connector_, std::move(request),
      [this, number](Result<ClientAnswer> answer) { ended(number, std::move(answer)); });
}

void AddressTrial::ended(std::uint64_t number, Result<ClientAnswer> answer) {
  const auto at = trials_.find(number);
  if (at == trials_.end()) return;
  Trial& trial = at->second;
  const auto client = std::move(trial.client);  // it is running this callback
  // A body that is too long is also an answer.
  const bool answered = answer.has_value() || answer.error().code == Error::Code::kLimit;
  const bool proved =
      answer && answer->response.status == 200 && trim(answer->body) == trial.proof.say;
  if (answered && !proved && !std::exchange(trial.again, true)) {
    // The question may have arrived before its announcement.
    ask_after(number, trial, std::max<std::chrono::milliseconds>(kAskAgain, 2 * trial.round_trip));
    return;
  }
  const auto over = trials_.extract(at);
  const Trial& last = over.mapped();
  tried_(last.by, last.address, answered ? Result<bool>(proved) : answer.error());
}

void ProofList::remember(const ProveFrame& proof, SteadyTime now) {
  rows_.push_back({proof, now});
  if (rows_.size() > kMaxRows) rows_.pop_front();
}

std::string ProofList::answer(std::string_view ask, SteadyTime now) const {
  const auto found = std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) {
    return row.proof.ask == ask && now - row.since < kLifetime;
  });
  return found == rows_.end() ? std::string() : found->proof.say;
}

}  // namespace lb
