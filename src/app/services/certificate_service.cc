#include "app/services/certificate_service.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "acme/renewal.h"
#include "app/services/event_service.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/file.h"
#include "net/challenge_context.h"
#include "net/digest.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kAcmeModule = "tls/acme";
constexpr std::chrono::minutes kLongestLook{60};
constexpr std::chrono::seconds kAnswerTime{30};
// A chain that is due when it comes, by a clock that is wrong or a life that is absurd, is not
// ordered again and again: authorities count.
constexpr std::chrono::hours kLeastLife{1};
constexpr std::chrono::hours kRefusedTime{24};

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += cat({text.empty() ? "" : " ", name});
  return text;
}

}  // namespace

CertificateService::CertificateService(Services& services, std::function<void()> changed)
    : services_(services),
      changed_(std::move(changed)),
      dns_(services.loops.control(), services.log),
      timer_(services.loops.control(), [this] { look(); }),
      wait_(services.loops.control(), [this] { take(order_->next()); }) {}

void CertificateService::stop() {
  stopped_ = true;
  dns_.forget();
  ++run_;
  timer_.cancel();
  wait_.cancel();
  services_.fetcher->cancel(request_);
}

CertificateService::Order CertificateService::order() const {
  if (names_.empty()) return {};
  std::chrono::seconds left{0};
  if (by_hand_)
    left = std::max(left, std::chrono::ceil<std::chrono::seconds>(*by_hand_ + kByHand -
                                                                  services_.clock.steady()));
  return {listed(names_),
          kept_.order.failures,
          next_,
          kept_.order.why,
          certificate_path(state_dir_, names_.front()),
          directory_url(authority_),
          attempting_,
          left};
}

void CertificateService::order_now() {
  by_hand_ = services_.clock.steady();
  services_.log.info(kAcmeModule,
                     cat({"an operator orders the certificate for ", listed(names_), " anew"}));
  timer_.cancel();
  attempt();
}

void CertificateService::configure(const Config& config) {
  std::vector<std::string> names = acme_names(config);
  const std::string state_dir = state_directory(config);
  if (stopped_ || (settings_ == config.acme && names_ == names && state_dir_ == state_dir)) return;
  withdraw();
  ++run_;
  timer_.cancel();
  wait_.cancel();
  services_.fetcher->cancel(request_);
  order_.reset();
  attempting_ = false;
  settings_ = config.acme;
  names_ = std::move(names);
  state_dir_ = state_dir;
  if (!settings_.enabled) return;
  if (names_.empty() || state_dir_.empty()) {
    services_.log.error(
        kAcmeModule,
        names_.empty()
            ? cat({"<acme>: no public authority gives a certificate for ",
                   settings_.names.empty() ? config.hostname : listed(settings_.names),
                   "; nothing is ordered"})
            : std::string("<acme>: there is no <paths><state-dir> to keep a certificate in; "
                          "nothing is ordered"));
    names_.clear();
    return;
  }
  authority_ = settings_.authorities.empty() ? AcmeAuthority() : settings_.authorities.front();
  services_.loops.clerk().post([this, run = run_, dir = state_dir_, first = names_.front(),
                                url = directory_url(authority_)] {
    Kept kept = read(dir, url, first);
    services_.loops.control().post([this, run, kept = std::move(kept)]() mutable {
      if (run == run_) on_read(std::move(kept));
    });
  });
}

CertificateService::Kept CertificateService::read(const std::string& state_dir,
                                                  const std::string& directory,
                                                  const std::string& first_name) {
  Kept kept;
  const auto complain = [&](const Error& error) {
    if (error.code != Error::Code::kNotFound) kept.complaints.push_back(error.what);
  };
  if (auto account = read_account(state_dir, directory))
    kept.account = std::move(*account);
  else
    complain(account.error());
  if (auto order = read_order(state_dir, first_name))
    kept.order = std::move(*order);
  else
    complain(order.error());
  const std::string path = certificate_path(state_dir, first_name);
  if (const auto file = read_file(path, {.limit = 256 * 1024}); !file) {
    complain(file.error());
  } else if (auto facts = certificate_facts(file->text)) {
    kept.facts = std::move(*facts);
    kept.id = renewal_id(file->text);
  } else {
    kept.complaints.push_back(cat({path, ": ", facts.error().what}));
  }
  return kept;
}

void CertificateService::on_read(Kept kept) {
  kept_ = std::move(kept);
  for (const std::string& text : kept_.complaints)
    services_.log.warn(kAcmeModule, text + "; it is made again");
  account_key_.reset();
  if (!kept_.account.key.empty()) {
    if (auto key = AcmeKey::from_pem(kept_.account.key))
      account_key_ = std::move(*key);
    else
      kept_.account = {};
  }
  const bool is_same =
      kept_.order.names == names_ && kept_.order.directory == directory_url(authority_);
  if (!is_same) kept_.id.clear();
  if (!is_same) kept_.order = {names_, directory_url(authority_)};
  const bool is_usable = kept_.facts && is_same;
  WallTime at = is_usable ? renewal_time(*kept_.facts, rng_.unit()) : services_.clock.wall();
  at = std::max(at, WallTime(std::chrono::seconds(kept_.order.next)));
  if (is_usable)
    services_.log.info(kAcmeModule, cat({"the certificate for ", listed(names_), " is valid until ",
                                         until(kept_.facts->ends), "; it is renewed ", shown(at)}));
  plan(at);
}

void CertificateService::plan(WallTime at) {
  next_ = at;
  const auto left =
      std::chrono::duration_cast<std::chrono::microseconds>(at - services_.clock.wall());
  timer_.after(std::clamp<std::chrono::microseconds>(left, 0us, kLongestLook));
}

void CertificateService::look() {
  if (services_.clock.wall() < next_) return plan(next_);
  attempt();
}

void CertificateService::attempt() {
  attempting_ = true;
  auto key = AcmeKey::generate();
  if (!key) return fail({AcmeFailure::Kind::kOther, key.error().what, {}});
  key_ = std::move(*key);
  if (account_key_) return begin_order();
  auto made = AcmeKey::generate();
  if (!made) return fail({AcmeFailure::Kind::kOther, made.error().what, {}});
  account_key_ = std::move(*made);
  kept_.account = {"", account_key_->pem()};
  // Kept before it is used: an account whose key is lost can be neither used nor closed.
  write([dir = state_dir_, url = directory_url(authority_),
         account = kept_.account] { return write_account(dir, url, account); },
        [this](const Result<void>& written) {
          if (written) return begin_order();
          account_key_.reset();
          fail({AcmeFailure::Kind::kOther,
                cat({"the key of the account could not be kept: ", written.error().what}),
                {}});
        });
}

void CertificateService::begin_order() {
  std::string secret;
  if (!authority_.external_key.empty()) {
    auto bytes = base64url_decode(authority_.external_key);
    if (!bytes) return fail({AcmeFailure::Kind::kRefused, "eab-key is not base64url", {}});
    secret = std::move(*bytes);
  }
  services_.log.info(kAcmeModule, cat({"a certificate for ", listed(names_), " is ordered from ",
                                       directory_url(authority_)}));
  order_.emplace(AcmeOrder::Wanted{directory_url(authority_), names_, settings_.email,
                                   kept_.account.url, *account_key_, *key_, authority_.external_id,
                                   std::move(secret), challenges_of(settings_, has_https_port()),
                                   authority_.profile, kept_.id});
  take(order_->begin());
}

void CertificateService::take(AcmeOrder::Step step) {
  if (!order_->account().empty() && order_->account() != kept_.account.url) keep_account();
  // Each publication is answered from this moment on: this node is the only one of the name.
  for (;;) {
    if (const auto* to_publish = std::get_if<AcmeOrder::Publish>(&step)) {
      if (!publish(*to_publish)) return;
    } else if (const auto* other = std::get_if<AcmeOrder::OtherWay>(&step)) {
      services_.log.warn(kAcmeModule,
                         cat({"no certificate for ", listed(names_), ": ", other->failure.text,
                              other->failure.text.ends_with('?') ? " " : "; ", to_text(other->next),
                              " is tried next"}));
    } else {
      break;
    }
    step = order_->next();
  }
  if (const auto* to_ask = std::get_if<AcmeOrder::Ask>(&step)) return ask(*to_ask);
  if (const auto* wait = std::get_if<AcmeOrder::Wait>(&step)) return wait_.after(wait->time);
  withdraw();
  if (const auto* done = std::get_if<AcmeOrder::Done>(&step)) return keep(*done);
  fail(std::get<AcmeFailure>(step));
}

bool CertificateService::publish(const AcmeOrder::Publish& publish) {
  switch (publish.challenge) {
    case AcmeChallenge::kHttp:
      services_.challenges->put_text(run_, publish.token, publish.authorization);
      return true;
    case AcmeChallenge::kTls:
      if (auto context = challenge_context(publish.name, publish.authorization)) {
        services_.challenges->put_context(run_, challenge_server_name(publish.name),
                                          std::move(*context));
        return true;
      } else {
        take(order_->not_published({AcmeFailure::Kind::kOther, context.error().what, {}}));
        return false;
      }
    case AcmeChallenge::kDns:
      set_record(publish);
      return false;
  }
  return true;
}

void CertificateService::set_record(const AcmeOrder::Publish& publish) {
  dns_.add(
      settings_.dns_hook, cat({"_acme-challenge.", publish.name}),
      base64url_encode(sha256(publish.authorization)), [this, run = run_](const Result<void>& set) {
        if (run != run_ || !order_) return;
        if (set) return wait_.after(settings_.dns_wait);
        take(order_->not_published({AcmeFailure::Kind::kOther,
                                    cat({"the record of dns-01 was not set: ", set.error().what}),
                                    {}}));
      });
}

void CertificateService::withdraw() {
  services_.challenges->remove(run_);
  dns_.remove_all();
}

bool CertificateService::has_https_port() const {
  constexpr int kHttpsPort = 443;
  const auto config = services_.config.read();
  return std::any_of(config->listen.begin(), config->listen.end(),
                     [](const ListenSettings& socket) {
                       return socket.port == kHttpsPort && !socket.shoutcast_compat;
                     });
}

void CertificateService::ask(const AcmeOrder::Ask& ask) {
  FetchRequest request;
  request.url = ask.url;
  request.json = ask.body;
  request.json_type = "application/jose+json";
  request.user_agent = "icecast-lb/" LB_VERSION;
  request.tls.ca_file = authority_.ca_file;
  request.timeout = kAnswerTime;
  // A public authority names public addresses only; one of the operator's own may name its own.
  if (is_public_authority(authority_)) request.named_by = Reach::kPublic;
  request_ = services_.fetcher->start(std::move(request),
                                      [this, run = run_](const Result<FetchAnswer>& answer) {
                                        if (run == run_ && order_)
                                          take(order_->next(answer, services_.clock.wall()));
                                      });
}

void CertificateService::keep_account() {
  kept_.account.url = order_->account();
  if (!std::exchange(told_terms_, true) && !order_->terms().empty())
    services_.log.info(kAcmeModule, cat({"an account was made at ", directory_url(authority_),
                                         ", whose terms are ", order_->terms()}));
  write([dir = state_dir_, url = directory_url(authority_),
         account = kept_.account] { return write_account(dir, url, account); },
        [this](const Result<void>& written) {
          // The authority finds it again by its key.
          if (!written) services_.log.warn(kAcmeModule, written.error().what);
        });
}

void CertificateService::keep(const AcmeOrder::Done& done) {
  kept_.order.failures = 0;
  kept_.order.why.clear();
  kept_.order.next = unix_seconds(services_.clock.wall() + kLeastLife);
  write(
      [dir = state_dir_, order = kept_.order, text = done.chain + key_->pem()] {
        if (auto written = write_certificate(dir, order.names.front(), text); !written)
          return written;
        return write_order(dir, order);
      },
      [this, facts = done.facts, id = renewal_id(done.chain)](const Result<void>& written) {
        if (written) {
          kept_.id = id;
          return in_use(facts);
        }
        fail({AcmeFailure::Kind::kOther,
              cat({"the new certificate could not be kept: ", written.error().what}),
              {}});
      });
}

void CertificateService::in_use(const CertificateFacts& facts) {
  attempting_ = false;
  const bool is_first = !kept_.facts;
  kept_.facts = facts;
  order_.reset();
  const WallTime renewal =
      std::max(renewal_time(facts, rng_.unit()), WallTime(std::chrono::seconds(kept_.order.next)));
  services_.log.info(kAcmeModule, cat({"a new certificate for ", listed(names_), " from ",
                                       facts.issuer.empty() ? "an unnamed issuer" : facts.issuer,
                                       " is in use, valid until ", until(facts.ends),
                                       "; it is renewed ", shown(renewal)}));
  services_.events->publish("certificate", names_.front(),
                            {{"names", listed(names_)},
                             {"directory", directory_url(authority_)},
                             {"until", std::to_string(unix_seconds(facts.ends))},
                             {"why", is_first ? "first" : "renewed"}});
  changed_();
  plan(renewal);
}

void CertificateService::fail(const AcmeFailure& failure) {
  attempting_ = false;
  order_.reset();
  // The next attempt makes another one; a key that the authority does not know is of no use.
  if (failure.kind == AcmeFailure::Kind::kAccount) {
    account_key_.reset();
    kept_.account = {};
  }
  // What is refused for good is asked for again by a changed configuration, or tomorrow.
  const std::chrono::seconds asked_for =
      failure.kind == AcmeFailure::Kind::kRefused ? kRefusedTime : failure.retry_after;
  const auto wait = time_to_retry(++kept_.order.failures, asked_for, rng_.unit());
  const WallTime now = services_.clock.wall();
  const WallTime at = now + wait;
  kept_.order.next = unix_seconds(at);
  kept_.order.why = failure.text;
  const bool is_renewal = kept_.facts && kept_.facts->ends > now;
  services_.log.error(
      kAcmeModule,
      cat({is_renewal ? "no new certificate for " : "no certificate for ", listed(names_), ": ",
           failure.text, "; ",
           is_renewal ? cat({"the one in use is valid until ", until(kept_.facts->ends), "; "})
                      : std::string(),
           "again ", shown(at)}));
  services_.events->publish("certificate-failed", names_.front(),
                            {{"names", listed(names_)},
                             {"directory", directory_url(authority_)},
                             {"kind", std::string(to_text(failure.kind))},
                             {"why", failure.text},
                             {"next", std::to_string(unix_seconds(at))}});
  write([dir = state_dir_, order = kept_.order] { return write_order(dir, order); },
        [this](const Result<void>& written) {
          if (!written) services_.log.warn(kAcmeModule, written.error().what);
        });
  plan(at);
}

void CertificateService::write(std::function<Result<void>()> writes,
                               std::function<void(Result<void>)> then) {
  services_.loops.clerk().post(
      [this, run = run_, writes = std::move(writes), then = std::move(then)] {
        services_.loops.control().post([this, run, then, written = writes()] {
          if (run == run_) then(written);
        });
      });
}

// "14:05" where it is today, else "2026-11-24 at 05:00", in the local time of the server.
std::string CertificateService::until(WallTime time) const {
  const std::string text = shown(time);
  return text.substr(text.find(' ') + 1);
}

// "at 14:05" where it is today, else "on 2026-11-24 at 05:00", in the local time of the server.
std::string CertificateService::shown(WallTime time) const {
  const auto parts = [](WallTime moment) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(moment);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    return local;
  };
  const std::tm then = parts(time), now = parts(services_.clock.wall());
  char text[64];
  const bool is_today = then.tm_year == now.tm_year && then.tm_yday == now.tm_yday;
  const std::size_t length =
      std::strftime(text, sizeof text, is_today ? "at %H:%M" : "on %Y-%m-%d at %H:%M", &then);
  return {text, length};
}

}  // namespace lb
