// CertificateService: an operator's orders: an order now, a trial with staging, and the revocation
// of a certificate with a compromised key.
#include <utility>

#include "acme/report.h"
#include "acme/request.h"
#include "app/certificates/certificate_service.h"
#include "app/services/runtime.h"
#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kEverywhereLook{50};
constexpr std::chrono::seconds kUntilEverywhere{60};

}  // namespace

bool CertificateService::order_by_hand(ByHand what) {
  const Order now = order();
  const bool is_trial = what == ByHand::kTrial;
  if (now.under_way || (is_trial ? !now.has_staging : now.may_be_asked.count() > 0)) return false;
  const bool revokes = what == ByHand::kOrderAndRevoke;
  if (revokes && !pem_.empty()) {
    kept_.order.compromised = pem_;
    kept_.order.compromised_of = kept_.order.issuer;
  }
  runtime_.log.info(kAcmeModule, cat({"an operator ", is_trial ? "tries" : "orders",
                                      " the certificate for ", label_,
                                      is_trial  ? " with staging"
                                      : revokes ? " anew, and revokes the one in use"
                                                : " anew"}));
  is_trial_ = is_trial;
  if (!is_trial) {
    by_hand_ = runtime_.clock.steady();
    next_ = runtime_.clock.wall();
    kept_.order.ordered = kept_.order.next = unix_seconds(next_);
    keep_order();
  }
  timer_.after(0us);
  return true;
}

void CertificateService::begin_revocation() {
  everywhere_by_ = runtime_.clock.steady() + kUntilEverywhere;
  everywhere_.after(kEverywhereLook);
}

void CertificateService::when_everywhere() {
  const std::vector<std::string> missing = nodes_without_it();
  if (!missing.empty() && runtime_.clock.steady() < everywhere_by_)
    return everywhere_.after(kEverywhereLook);
  if (!missing.empty())
    runtime_.log.warn(kAcmeModule, cat({"the old certificate for ", label_, " is revoked though ",
                                        listed(missing), " may have it in use yet"}));
  const KeptOrder& order = kept_.order;
  auto key = AcmeKey::from_pem(order.compromised);
  if (!key || order.compromised_of.empty()) {
    runtime_.log.error(kAcmeModule, cat({"the old certificate for ", label_,
                                         " could not be revoked: its key cannot be read"}));
    return end_revocation();
  }
  revocation_.emplace(order.compromised_of, leaf_of(order.compromised), std::move(*key));
  take(revocation_->begin());
}

void CertificateService::end_revocation() {
  revocation_.reset();
  kept_.order.compromised.clear();
  kept_.order.compromised_of.clear();
  keep_order();
}

void CertificateService::take(AcmeRevocation::Step step) {
  if (const auto* ask = std::get_if<AcmeOrder::Ask>(&step)) {
    FetchRequest request = authority_request(authority_of(kept_.order.compromised_of), ask->url);
    request.json = ask->body;
    revocation_request_ =
        runtime_.fetcher->start(std::move(request), [this](const Result<FetchAnswer>& answer) {
          if (revocation_ && !stopped_) take(revocation_->next(answer, runtime_.clock.wall()));
        });
    return;
  }
  const auto* failure = std::get_if<AcmeFailure>(&step);
  if (failure == nullptr)
    runtime_.log.info(kAcmeModule, cat({"the old certificate for ", label_, " is revoked"}));
  else
    runtime_.log.error(kAcmeModule, cat({"the old certificate for ", label_,
                                         " could not be revoked: ", failure->text}));
  end_revocation();
}

// A trial does not change the plan.
void CertificateService::end_trial(const AcmeFailure* failure) {
  is_trial_ = attempting_ = false;
  order_.reset();
  const std::string authority = authority_name(directory_url(target_));
  if (failure == nullptr) {
    runtime_.log.info(kAcmeModule,
                      cat({authority, " was shown ", label_,
                           " and gave a certificate, which is not used: it was a trial"}));
  } else {
    runtime_.log.error(kAcmeModule,
                       cat({"no certificate for ", label_, " from ", authority, ": ", failure->text,
                            "; it was a trial, and nothing else "
                            "changes"}));
    publish_failure(directory_url(target_), to_text(failure->kind), failure->text, next_);
  }
  plan(next_);
}

}  // namespace lb
