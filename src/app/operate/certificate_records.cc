#include "app/operate/certificate_records.h"

#include <algorithm>
#include <utility>

#include "api/request/record_book.h"
#include "app/certificates/certificate_orders.h"
#include "app/certificates/name_check.h"
#include "app/services/event_service.h"
#include "app/services/network.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kLeaseKey = "acme/lease", kCertificates = "acme/certificates/",
                           kChallenges = "acme/challenges/", kItems = "challenge/";
constexpr std::chrono::seconds kRetry = 1s, kTurn = 1s;
constexpr std::size_t kMaxWrites = Registry::kWriteOperations / 2;

std::string certificate_key(std::string_view file) {
  return cat({kCertificates, percent_encode(file, false)});
}

std::string challenge_key(std::string_view item) {
  return cat({kChallenges, percent_encode(item.substr(kItems.size()), false)});
}

}  // namespace

CertificateRecords::CertificateRecords(Network& network)
    : network_(network),
      book_(std::make_shared<const RecordBook>()),
      down_since_(network.clock.steady()),
      writer_(network.loops.control(), kRetry,
              {[this] { return plan(); }, [this](const CommitAnswer& answer) { written(answer); }}),
      turn_(network.loops.control(), [this] { turn(); }) {}

void CertificateRecords::prepare() {
  network_.certificates->use_store(
      {.may_order = [this](const auto& in_use) { return may_order(in_use); },
       .keep = [this](const std::string& file, const KeptOrder& order, const std::string& pem,
                      std::function<void()> then) { keep(file, order, pem, std::move(then)); },
       .set_challenges =
           [this](const auto& items) {
             challenges_ = items;
             writer_.check();
           },
       .has_challenges =
           [this] {
             return std::ranges::all_of(challenges_, [this](const auto& one) {
               return book_->acme().look_up(challenge_key(one.first)) != nullptr;
             });
           }});
}

void CertificateRecords::begin(Registry& registry) {
  registry_ = &registry;
  seen_at_ = network_.clock.steady();
  writer_.begin(registry);
  take_certificates(true);
  take_challenges();
  turn();
}

void CertificateRecords::stop() {
  registry_ = nullptr;
  writer_.stop();
  turn_.cancel();
  waiting_.clear();
}

bool CertificateRecords::takes_part() const {
  const auto config = network_.config.read();
  return std::ranges::any_of(wanted_certificates(*config),
                             [](const WantedCertificate& one) { return one.in_store; });
}

std::optional<CertificateRecords::Lease> CertificateRecords::lease() const {
  const auto* text = book_->acme().look_up(kLeaseKey);
  if (text == nullptr) return std::nullopt;
  const auto json = Json::parse(**text);
  if (!json) return Lease{};
  return Lease{std::string(json->at("node").text().value_or("")), json->at("n").u64().value_or(0)};
}

bool CertificateRecords::holds() const {
  const auto held = lease();
  return held && held->node == node_name(*network_.config.read());
}

bool CertificateRecords::may_order(const std::optional<CertificateFacts>& in_use) const {
  if (registry_ != nullptr && registry_->state().up) return holds() && renewed_ != SteadyTime{};
  if (holds()) return true;
  if (network_.clock.steady() - down_since_ < kTakeAfter) return false;
  return !in_use || in_use->ends - network_.clock.wall() < (in_use->ends - in_use->begins) / 10;
}

void CertificateRecords::turn() {
  if (registry_ == nullptr) return;
  turn_.after(coalesced(network_.loops.control(), kTurn));
  if (registry_->state().up) down_since_ = network_.clock.steady();
  release(false);
  if (takes_part()) writer_.check();
}

void CertificateRecords::keep(const std::string& file, const KeptOrder& order,
                              const std::string& pem, std::function<void()> then) {
  const SealKeys keys = SealKeys::of_texts(network_.config.read()->store.keys);
  if (registry_ == nullptr || !keys.can_seal()) return then();
  const std::string key = certificate_key(file);
  JsonWriter inner, outer;
  inner.begin_object().key("order").text(order_text(order)).key("pem").text(pem).end_object();
  outer.begin_object().key("sealed").text(keys.seal(inner.take(), key)).end_object();
  to_keep_[key] = outer.take();
  waiting_.push_back({std::move(then), network_.clock.steady() + kPatience});
  writer_.check();
}

void CertificateRecords::plan_lease(RegistryWrite& write) {
  const SteadyTime now = network_.clock.steady();
  const auto held = lease();
  const bool is_own = holds();
  const bool is_first = renewed_ == SteadyTime{};
  if (is_own ? !is_first && now - renewed_ < kRenew : held && now - seen_at_ < kTakeAfter) return;
  JsonWriter json;
  json.begin_object().key("node").text(node_name(*network_.config.read()));
  json.key("n").number(held ? held->n + 1 : 1).end_object();
  write.put(std::string(kLeaseKey), json.take(), book_->revision_of(kLeaseKey));
}

// Only challenges of this server's order stay; those of the previous holder are removed.
void CertificateRecords::plan_challenges(RegistryWrite& write) const {
  std::map<std::string, const std::string*> wanted;
  for (const auto& [item, value] : challenges_) wanted[challenge_key(item)] = &value;
  for (const auto& [key, value] : wanted)
    if (write.compares.size() < kMaxWrites && book_->acme().look_up(key) == nullptr) {
      write.put(key, *value, 0);
    }
  for (const auto& [key, value] : book_->acme())
    if (std::string_view(key).starts_with(kChallenges) && !wanted.contains(key) &&
        write.compares.size() < kMaxWrites) {
      write.remove(key, book_->revision_of(key));
    }
}

RegistryWrite CertificateRecords::plan() {
  writing_ = {};
  if (!takes_part()) return writing_;
  plan_lease(writing_);
  // Until this server holds the lease it writes only that.
  if (!holds()) return writing_;
  plan_challenges(writing_);
  for (const auto& [key, value] : to_keep_) {
    writing_.put(key, value, book_->revision_of(key));
  }
  return writing_;
}

void CertificateRecords::written(const CommitAnswer& answer) {
  if (answer.result != CommitResult::kDone) return;
  for (const auto& [key, value] : writing_.puts) {
    if (key == kLeaseKey) renewed_ = network_.clock.steady();
    const auto kept = to_keep_.find(key);
    if (kept == to_keep_.end()) continue;
    taken_[key] = value;
    if (kept->second == value) to_keep_.erase(kept);
  }
  if (to_keep_.empty()) release(true);
  if (holds() && !std::exchange(held_, true)) {
    network_.log.info(kAcmeModule,
                      "this server orders the certificates that the masters of the store share");
    take_certificates(true);
    network_.certificates->lease_came();
  }
}

void CertificateRecords::release(bool all) {
  const SteadyTime now = network_.clock.steady();
  std::vector<Waiting> due;
  for (auto& one : std::exchange(waiting_, {}))
    (all || now >= one.until ? due : waiting_).push_back(std::move(one));
  for (const Waiting& one : due) one.then();
}

void CertificateRecords::follow(const std::shared_ptr<const RecordBook>& book) {
  const bool is_same = book->acme() == book_->acme();
  book_ = book;
  if (is_same) return;
  const auto* lease_text = book->acme().look_up(kLeaseKey);
  if (std::string now = lease_text == nullptr ? "" : **lease_text; now != seen_lease_) {
    seen_lease_ = std::move(now);
    seen_at_ = network_.clock.steady();
  }
  if (!holds() && std::exchange(held_, false))
    network_.log.warn(kAcmeModule, cat({"the master ", lease() ? lease()->node : "?",
                                        " orders the certificates of the store by now"}));
  if (registry_ == nullptr) return;
  take_certificates(false);
  take_challenges();
}

void CertificateRecords::take_certificates(bool all) {
  const SealKeys keys = SealKeys::of_texts(network_.config.read()->store.keys);
  for (const auto& [key, value] : book_->acme()) {
    if (!std::string_view(key).starts_with(kCertificates)) continue;
    if (!all && taken_[key] == *value) continue;
    taken_[key] = *value;
    const auto json = Json::parse(*value);
    const auto opened = json ? keys.open(json->at("sealed").text().value_or(""), key)
                             : std::optional<SealKeys::Opened>();
    const auto inner = opened ? Json::parse(opened->text) : Result<Json>(Json());
    auto order = inner ? parse_order(inner->at("order").text().value_or(""))
                       : Result<KeptOrder>(Error::invalid("is not a record of a certificate"));
    const auto file = percent_decode(key.substr(kCertificates.size()), false);
    if (!opened || !order || !file) {
      network_.log.error(kAcmeModule, cat({"record ", key,
                                           ": is sealed by none of the keys of <store>; it is "
                                           "not used"}));
      continue;
    }
    network_.certificates->take_stored(*file, *order,
                                       std::string(inner->at("pem").text().value_or("")));
  }
}

void CertificateRecords::take_challenges() {
  std::map<std::string, std::string> items;
  for (const auto& [key, value] : book_->acme())
    if (std::string_view(key).starts_with(kChallenges))
      if (const auto token = percent_decode(key.substr(kChallenges.size()), false)) {
        std::string item = cat({kItems, *token});
        if (!challenges_.contains(item)) items[std::move(item)] = *value;
      }
  network_.certificates->take_stored_challenges(std::move(items));
}

}  // namespace lb
