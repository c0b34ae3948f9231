// CertificateService: one attempt, from the choice of an authority to the certificate or a failure.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "acme/report.h"
#include "acme/request.h"
#include "app/certificates/certificate_service.h"
#include "app/services/event_service.h"
#include "app/services/traffic.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "net/crypto/digest.h"
#include "net/socket/memory_file.h"
#include "net/tls/challenge_context.h"
#include "net/tls/challenge_table.h"

namespace lb {
namespace {

// The result for metrics.
std::string_view result_of(AcmeFailure::Kind kind) {
  const bool is_other = kind == AcmeFailure::Kind::kOwn || kind == AcmeFailure::Kind::kAccount;
  return to_text(is_other ? AcmeFailure::Kind::kOther : kind);
}
void log_unkept(Log& log, std::string_view what, const Result<void>& written,
                std::string_view then) {
  if (!written)
    log.warn(kAcmeModule, cat({what, " could not be kept (", written.error().what, "): ", then}));
}
constexpr std::chrono::hours kAccountAgain{24};
constexpr std::chrono::milliseconds kShareLook{50};
constexpr std::chrono::seconds kUntilNodesKnow{5}, kUntilNodesAreThere{10};

}  // namespace

void CertificateService::attempt() {
  attempting_ = true;
  const AttemptFacts before = attempt_facts();
  FailureReport report{.names = label_, .now = before.now};
  report.failure.text = kept_.order.why;
  report.valid_until = before.valid_until;
  if (!is_trial_ && begin_attempt(kept_.order, before)) {
    report.instead = authority_name(kept_.order.directory);
    runtime_.log.error(kAcmeModule, failure_line(report));
  }
  target_ = authority_of(kept_.order.directory);
  is_staging_ = is_trial_ || goes_to_staging(kept_.order, attempt_facts());
  if (is_staging_) target_.url = staging_url(target_);
  const bool goes_on = !is_staging_ && !kept_.order.begun.empty();
  auto key = goes_on ? AcmeKey::from_pem(kept_.order.key) : AcmeKey::generate(wanted_.key);
  if (goes_on && !key) {
    forget_begun(kept_.order);
    key = AcmeKey::generate(wanted_.key);
  }
  if (!key) return fail({AcmeFailure::Kind::kOwn, key.error().what, {}});
  key_ = std::move(*key);
  const std::string url = directory_url(target_);
  if (account_of_ == url) return with_account();
  runtime_.loops.clerk().post([this, run = run_, dir = state_dir_, url] {
    runtime_.loops.control().post([this, run, url, account = read_account(dir, url)] {
      if (run != run_) return;
      account_of_ = url;
      account_ = account ? *account : KeptAccount();
      account_key_.reset();
      if (!account && account.error().code != Error::Code::kNotFound)
        runtime_.log.warn(kAcmeModule, account.error().what + "; it is made again");
      with_account();
    });
  });
}

void CertificateService::with_account() {
  if (!account_key_ && !account_.key.empty()) {
    if (auto key = AcmeKey::from_pem(account_.key))
      account_key_ = std::move(*key);
    else
      account_ = {};
  }
  if (account_key_) return begin_order();
  auto made = AcmeKey::generate();
  if (!made) return fail({AcmeFailure::Kind::kOwn, made.error().what, {}});
  account_key_ = std::move(*made);
  account_ = {"", account_key_->pem()};
  // Kept before use: an account without its key can be neither used nor closed.
  write([dir = state_dir_, url = account_of_,
         account = account_] { return write_account(dir, url, account); },
        [this](const Result<void>& written) {
          if (!written)
            runtime_.log.error(kAcmeModule, cat({"the key of the account could not be kept (",
                                                 written.error().what,
                                                 "): after a restart another account is made"}));
          begin_order();
        });
}

void CertificateService::begin_order() {
  std::string secret;
  if (!target_.external_key.empty()) {
    auto bytes = base64url_decode(target_.external_key);
    if (!bytes) return fail({AcmeFailure::Kind::kOwn, "eab-key is not base64url", {}});
    secret = std::move(*bytes);
  }
  const bool goes_on = !is_staging_ && !kept_.order.begun.empty();
  runtime_.log.info(kAcmeModule, goes_on ? cat({"the order of a certificate for ", label_, " at ",
                                                directory_url(target_), " goes on"})
                                         : cat({"a certificate for ", label_, " is ordered from ",
                                                directory_url(target_)}));
  // Another master may have begun the order, with its account.
  std::string account = account_.url;
  AcmeKey account_key = *account_key_;
  if (goes_on && !kept_.order.account_key.empty())
    if (auto other = AcmeKey::from_pem(kept_.order.account_key)) {
      account = kept_.order.account;
      account_key = std::move(*other);
    }
  uses_own_account_ = account == account_.url;
  const std::vector<AcmeChallenge> ways = challenges();
  if (!kept_.facts && !goes_on && !is_trial_ && kept_.order.failures == 0)
    name_check_.start(callbacks_.next_run(), names_, ways);
  // An order replaces only a certificate of the same authority.
  const bool is_renewal = !is_staging_ && kept_.order.issuer == directory_url(target_);
  order_.emplace(AcmeOrder::Wanted{directory_url(target_), names_, settings_.email, account,
                                   account_key, *key_, target_.external_id, std::move(secret), ways,
                                   is_staging_ ? "" : target_.profile, is_renewal ? kept_.id : "",
                                   goes_on ? kept_.order.begun : ""});
  take(order_->begin());
}

void CertificateService::take(AcmeOrder::Step step) {
  if (uses_own_account_ && !order_->account().empty() && order_->account() != account_.url)
    keep_account();
  // From now on this node answers each challenge; share() sends it to the others.
  for (;;) {
    if (const auto* to_publish = std::get_if<AcmeOrder::Publish>(&step)) {
      if (!publish(*to_publish)) return;
    } else if (const auto* begun = std::get_if<AcmeOrder::Keep>(&step)) {
      if (!is_staging_) return keep_begun(begun->order);
    } else if (const auto* other = std::get_if<AcmeOrder::OtherWay>(&step)) {
      runtime_.log.warn(kAcmeModule, cat({"no certificate for ", label_, ": ", other->failure.text,
                                          other->failure.text.ends_with('?') ? " " : "; ",
                                          to_text(other->next), " is tried next"}));
    } else {
      break;
    }
    step = order_->next();
  }
  if (const auto* to_ask = std::get_if<AcmeOrder::Ask>(&step)) return ask(*to_ask);
  if (const auto* wait = std::get_if<AcmeOrder::Wait>(&step)) return wait_.after(wait->time);
  withdraw();
  log_clock();
  if (const auto* done = std::get_if<AcmeOrder::Done>(&step)) return keep(*done);
  fail(std::get<AcmeFailure>(step));
}

// Kept before it is finalized, so that a restart does not lose the order.
void CertificateService::keep_begun(const std::string& url) {
  kept_.order.begun = url;
  kept_.order.key = key_->pem();
  if (uses_own_account_) {
    kept_.order.account = account_.url;
    kept_.order.account_key = account_.key;
  }
  write([dir = state_dir_, order = kept_.order] { return write_order(dir, order); },
        [this](const Result<void>& written) {
          log_unkept(runtime_.log, cat({"the order of a certificate for ", label_}), written,
                     "after a restart before its end another one is made");
          callbacks_.kept(wanted_, kept_.order, pem_, [this, run = run_] {
            if (run == run_ && order_) take(order_->next());
          });
        });
}

bool CertificateService::publish(const AcmeOrder::Publish& publish) {
  switch (publish.challenge) {
    case AcmeChallenge::kHttp:
      runtime_.challenges->put_text(run_, publish.token, publish.authorization);
      break;
    case AcmeChallenge::kTls:
      if (auto context = challenge_context(publish.name, publish.authorization)) {
        runtime_.challenges->put_context(run_, challenge_server_name(publish.name),
                                         std::move(*context));
        break;
      } else {
        take(order_->not_published({AcmeFailure::Kind::kOwn, context.error().what, {}}));
        return false;
      }
    case AcmeChallenge::kDns:
      set_record(publish);
      return false;
  }
  if (wanted_.nodes.empty() && !wanted_.in_store) return true;
  share(publish);
  return false;
}

std::vector<AcmeChallenge> CertificateService::challenges() const {
  auto all = challenges_of(settings_, has_https_port());
  // A node that is asked in a TLS handshake cannot ask other servers in time.
  if (all.size() > 1 && !callbacks_.nodes->not_linked(wanted_.nodes).empty())
    std::erase(all, AcmeChallenge::kTls);
  return all;
}

void CertificateService::share(const AcmeOrder::Publish& publish) {
  JsonWriter json;
  json.begin_object().key("type").text(to_text(publish.challenge));
  json.key("name").text(publish.name).key("token").text(publish.token);
  json.key("authorization").text(publish.authorization).end_object();
  shared_[cat({"challenge/", publish.token})] = json.take();
  callbacks_.nodes->set_challenges(shared_);
  const SteadyTime now = runtime_.clock.steady();
  // After a master's start its nodes are linked again in a moment.
  waits_for_links_ = now < began_ + kUntilNodesAreThere;
  shared_until_ = std::max(now + kUntilNodesKnow, began_ + kUntilNodesAreThere);
  share_wait_.after(kShareLook);
}

void CertificateService::when_shared() {
  const SteadyTime now = runtime_.clock.steady();
  std::vector<std::string> missing = callbacks_.nodes->behind(wanted_.nodes);
  if (waits_for_links_)
    for (const std::string& node : callbacks_.nodes->not_linked(wanted_.nodes))
      missing.push_back(node);
  if (!missing.empty() && now < shared_until_) return share_wait_.after(kShareLook);
  if (!missing.empty())
    runtime_.log.warn(kAcmeModule, cat({"the answer for the CA is not known yet at ",
                                        listed(missing), ", which ", label_,
                                        " leads to as well; the CA is asked to look all the "
                                        "same"}));
  take(order_->next());
}

void CertificateService::set_record(const AcmeOrder::Publish& publish) {
  dns_.add(
      settings_.dns_hook, cat({"_acme-challenge.", publish.name}),
      base64url_encode(sha256(publish.authorization)), [this, run = run_](const Result<void>& set) {
        if (run != run_ || !order_) return;
        if (set) return wait_.after(settings_.dns_wait);
        take(order_->not_published({AcmeFailure::Kind::kOwn,
                                    cat({"the record of dns-01 was not set: ", set.error().what}),
                                    {}}));
      });
}

void CertificateService::withdraw() {
  runtime_.challenges->remove(run_);
  dns_.remove_all();
  share_wait_.cancel();
  if (shared_.empty()) return;
  shared_.clear();
  callbacks_.nodes->set_challenges(shared_);
}

bool CertificateService::has_https_port() const {
  const auto config = runtime_.config.read();
  return std::any_of(config->listen.begin(), config->listen.end(),
                     [](const ListenSettings& socket) {
                       return socket.port == kAskedHttpsPort && !socket.shoutcast_compat;
                     });
}

void CertificateService::ask(const AcmeOrder::Ask& ask) {
  FetchRequest request = authority_request(target_, ask.url);
  request.json = ask.body;
  request_ = runtime_.fetcher->start(std::move(request),
                                     [this, run = run_](const Result<FetchAnswer>& answer) {
                                       if (run == run_ && order_)
                                         take(order_->next(answer, runtime_.clock.wall()));
                                     });
}

void CertificateService::log_clock() {
  const std::string line = clock_line(order_->clock_ahead());
  if (!line.empty() && !clock_logged_) runtime_.log.warn(kAcmeModule, line);
  clock_logged_ = !line.empty();
}

void CertificateService::keep_account() {
  account_.url = order_->account();
  account_.contact = settings_.email;
  account_.made = unix_seconds(runtime_.clock.wall());
  if (!std::exchange(logged_terms_, true) && !order_->terms().empty())
    runtime_.log.info(kAcmeModule, cat({"an account was made at ", account_of_,
                                        ", whose terms are ", order_->terms()}));
  write([dir = state_dir_, url = account_of_,
         account = account_] { return write_account(dir, url, account); },
        [this](const Result<void>& written) {
          log_unkept(runtime_.log, "the address of the account", written,
                     "the CA finds it again by its key");
        });
}

void CertificateService::keep_order() {
  callbacks_.kept(wanted_, kept_.order, pem_, [] {});
  write([dir = state_dir_, order = kept_.order] { return write_order(dir, order); },
        [this](const Result<void>& written) {
          log_unkept(runtime_.log, cat({"the next attempt for ", label_}), written,
                     "after a restart it is made at once");
        });
}

void CertificateService::keep(const AcmeOrder::Done& done) {
  if (is_trial_) return end_trial(nullptr);
  if (is_staging_) {
    runtime_.log.info(kAcmeModule,
                      cat({authority_name(directory_url(target_)), " was shown ", label_, "; ",
                           authority_name(kept_.order.directory), " is asked again"}));
    order_.reset();
    count_staging(kept_.order, attempt_facts());
    return attempt();
  }
  count_success(
      kept_.order, attempt_facts(),
      std::chrono::duration_cast<std::chrono::seconds>(done.facts.ends - done.facts.begins));
  callbacks_.ended(kept_.order.issuer, "ok");
  unkept_ = pem_ = done.chain + key_->pem();
  write(
      [dir = state_dir_, order = kept_.order, text = unkept_] {
        if (auto written = write_certificate(dir, order.file, text); !written) return written;
        return write_order(dir, order);
      },
      [this, facts = done.facts, id = renewal_id(done.chain)](const Result<void>& written) {
        kept_.id = id;
        written ? unkept_.clear() : not_kept(written.error());
        callbacks_.kept(wanted_, kept_.order, pem_, [] {});
        in_use(facts);
      });
}

void CertificateService::not_kept(const Error& error) {
  unkept_fd_ = memory_file("certificate", unkept_);
  unkept_order_ = kept_.order;
  const std::size_t reason = error.what.rfind(": ");
  unkept_why_ = cat({"the new certificate ",
                     unkept_fd_ ? "is in use but could not be kept (" : "could not be kept (",
                     reason == std::string::npos ? error.what : error.what.substr(reason + 2),
                     "): after a restart it is ordered again"});
  runtime_.log.error(kAcmeModule, unkept_why_);
  publish_failure(kept_.order.issuer, to_text(AcmeFailure::Kind::kOwn), unkept_why_,
                  runtime_.clock.wall() + kKeepAgain);
  keep_again_.after(kKeepAgain);
}

std::string CertificateService::unkept_file() const {
  return unkept_fd_ ? cat({"/proc/self/fd/", unkept_fd_.get()}) : std::string();
}

std::string CertificateService::former_file() const {
  return former_fd_ && !kept_.facts ? cat({"/proc/self/fd/", former_fd_.get()}) : std::string();
}

void CertificateService::write_unkept(std::function<void(const Error&)> on_failure) {
  write(
      [dir = state_dir_, order = kept_.order, text = unkept_] {
        if (auto written = write_certificate(dir, order.file, text); !written) return written;
        return write_order(dir, order);
      },
      [this, on_failure = std::move(on_failure)](const Result<void>& written) {
        if (!written) return on_failure(written.error());
        unkept_.clear();
        unkept_fd_.reset();
        runtime_.log.info(kAcmeModule, cat({"the certificate for ", label_, " is kept in ",
                                            certificate_path(state_dir_, file_)}));
        callbacks_.changed();
      });
}

void CertificateService::keep_again() {
  write_unkept([this](const Error&) { keep_again_.after(kKeepAgain); });
}

// Without its file the certificate would end with the process.
void CertificateService::keep_lost() {
  const auto has_it = [this] { return kept_.facts && !pem_.empty() && unkept_.empty(); };
  if (!has_it() || attempting_) return;
  runtime_.loops.clerk().post(
      [this, run = run_, path = certificate_path(state_dir_, file_), has_it] {
        if (::access(path.c_str(), F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)) return;
        runtime_.loops.control().post([this, run, path, has_it] {
          if (run != run_ || !has_it() || attempting_) return;
          runtime_.log.warn(kAcmeModule, path + " is gone; the certificate in use is kept again");
          unkept_ = pem_;
          write_unkept([this](const Error& error) {
            not_kept(error);
            callbacks_.changed();
          });
        });
      });
}

void CertificateService::in_use(const CertificateFacts& facts) {
  attempting_ = false;
  name_check_.stop();
  if (unkept_.empty()) {
    unkept_fd_.reset();
    keep_again_.cancel();
  }
  const bool is_first = !kept_.facts;
  kept_.facts = facts;
  order_.reset();
  window_.reset();
  was_ahead_ = false;
  chance_ = rng_.unit();
  const WallTime now = runtime_.clock.wall();
  runtime_.log.info(kAcmeModule, cat({"a new certificate for ", label_, " from ",
                                      facts.issuer.empty() ? "an unnamed issuer" : facts.issuer,
                                      " is in use, valid until ", moment_text(facts.ends, now),
                                      "; it is renewed ", when_text(renewal(), now)}));
  runtime_.events->publish("certificate", names_.front(),
                           {{"names", label_},
                            {"directory", kept_.order.issuer},
                            {"until", std::to_string(unix_seconds(facts.ends))},
                            {"why", is_first    ? "first"
                                    : is_other_ ? "replaced"
                                                : "renewed"}});
  is_other_ = false;
  callbacks_.changed();
  if (!kept_.order.compromised.empty()) begin_revocation();
  plan_renewal(false);
  watch_.watch(authority_of(kept_.order.issuer), kept_.id);
}

// Replaces an account that the authority does not know any more, for example after its reset.
bool CertificateService::makes_account_again() {
  const WallTime now = runtime_.clock.wall();
  account_ = {};
  account_key_.reset();
  if (lost_account_ && now - *lost_account_ < kAccountAgain) return false;
  lost_account_ = now;
  runtime_.log.warn(
      kAcmeModule,
      cat({"the CA does not know the account in ", account_file(account_of_),
           " any more; a new one is made",
           target_.external_id.empty() ? "" : ", bound to the external account of eab-kid again"}));
  return true;
}

void CertificateService::publish_failure(const std::string& directory, std::string_view kind,
                                         const std::string& why, WallTime next) {
  runtime_.events->publish("certificate-failed", names_.front(),
                           {{"names", label_},
                            {"directory", directory},
                            {"kind", std::string(kind)},
                            {"why", why},
                            {"next", std::to_string(unix_seconds(next))}});
}

void CertificateService::fail(const AcmeFailure& failure) {
  attempting_ = false;
  order_.reset();
  if (failure.kind == AcmeFailure::Kind::kAccount) {
    // An order with another master's account cannot go on.
    forget_begun(kept_.order);
    if (!uses_own_account_ || makes_account_again()) return attempt();
  }
  if (is_trial_) return end_trial(&failure);
  const AttemptFacts facts = attempt_facts();
  count_failure(kept_.order, failure, facts, rng_.unit());
  FailureReport report{.names = label_,
                       .authority = directory_url(target_),
                       .failure = failure,
                       .now = facts.now,
                       .next = wall_time(kept_.order.next),
                       .since = kept_.order.since == 0 ? facts.now : wall_time(kept_.order.since)};
  report.valid_until = facts.valid_until;
  if (kept_.former.without.size() < names_.size()) report.without = listed(kept_.former.without);
  kept_.order.why = failure_reason(report);
  runtime_.log.error(kAcmeModule, failure_line(report));
  publish_failure(directory_url(target_), to_text(failure.kind), kept_.order.why, report.next);
  callbacks_.ended(directory_url(target_), result_of(failure.kind));
  keep_order();
  plan(report.next);
}

}  // namespace lb
