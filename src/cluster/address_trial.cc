#include "cluster/address_trial.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/strings.h"
#include "cluster/public_address.h"
#include "net/digest.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kForAnswer = 3s;
constexpr auto kAskAgain = 500ms;
constexpr std::size_t kMostBytes = 512;
constexpr std::size_t kMostTrials = 256;
constexpr std::size_t kSecretBytes = 16;

}  // namespace

AddressTrial::AddressTrial(Connector& connector, Log& log, Refused refused)
    : connector_(connector), log_(log), refused_(std::move(refused)) {}

AddressTrial::~AddressTrial() = default;

ProveFrame AddressTrial::begin(const std::string& node, const NodeAddress& address) {
  ProveFrame proof{hex_encode(random_bytes(kSecretBytes)), hex_encode(random_bytes(kSecretBytes))};
  if (trials_.size() >= kMostTrials) return proof;
  const std::uint64_t number = next_++;
  Trial& trial = trials_[number];
  trial.node = node;
  trial.address = address;
  trial.proof = proof;
  ask(number, trial);
  return proof;
}

void AddressTrial::ask(std::uint64_t number, Trial& trial) {
  const NodeAddress& address = trial.address;
  ClientRequest request;
  request.target.host = address.host;
  request.target.port = address.port;
  request.target.tls = address.scheme == PublicScheme::kHttps;
  request.head = "GET /_lb/proof?ask=" + trial.proof.ask +
                 " HTTP/1.0\r\nHost: " + to_text(address) + "\r\nUser-Agent: icecast-lb\r\n\r\n";
  request.connect_deadline = request.head_deadline = kForAnswer;
  trial.client = std::make_unique<BodyClient>(
      connector_, std::move(request), kMostBytes, kForAnswer,
      [this, number](Result<FetchedBody> answer) { ended(number, std::move(answer)); });
}

void AddressTrial::ended(std::uint64_t number, Result<FetchedBody> answer) {
  const auto at = trials_.find(number);
  if (at == trials_.end()) return;
  Trial& trial = at->second;
  const auto client = std::move(trial.client);  // is under our feet
  // A body that is too long is an answer too.
  const bool answered = answer.has_value() || answer.error().code == Error::Code::kLimit;
  const bool proved =
      answer && answer->response.status == 200 && trim(answer->body) == trial.proof.say;
  if (answered && !proved && !std::exchange(trial.again, true)) {
    // The question may have been there before its announcement.
    trial.timer = std::make_unique<Timer>(connector_.loop(), [this, number] {
      if (const auto waiting = trials_.find(number); waiting != trials_.end())
        ask(number, waiting->second);
    });
    trial.timer->after(kAskAgain);
    return;
  }
  const auto over = trials_.extract(at);
  const Trial& told = over.mapped();
  if (proved) return;
  if (answered)
    refused_(told.node, told.address, "somebody else answers there");
  else
    log_.info("cluster/link", "node " + told.node + ": " + origin_of(told.address) +
                                  " cannot be tried from here (" + answer.error().what +
                                  "); it is used");
}

void ProofBook::remember(const ProveFrame& proof, SteadyTime now) {
  rows_.push_back({proof, now});
  if (rows_.size() > kMost) rows_.pop_front();
}

std::string ProofBook::answer(std::string_view ask, SteadyTime now) const {
  const auto found = std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) {
    return row.proof.ask == ask && now - row.since < kLifetime;
  });
  return found == rows_.end() ? std::string() : found->proof.say;
}

}  // namespace lb
