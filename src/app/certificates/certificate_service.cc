#include "app/certificates/certificate_service.h"

#include <algorithm>
#include <utility>

#include "acme/renewal.h"
#include "acme/report.h"
#include "app/services/runtime.h"
#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "net/tls/tls_keeper.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::minutes kLongestLook{60};
constexpr std::chrono::milliseconds kInTurn{250};
constexpr std::chrono::seconds kUntilAllowed{1};
constexpr std::chrono::seconds kUntilTold{30};
constexpr std::size_t kFileBytes = 256 * 1024;

// nullopt: there is no copy.
std::optional<std::string> read_copy(const FileCopies& copies, const std::string& path) {
  const auto at = copies.find(path);
  return at == copies.end() ? std::nullopt : read_shared(at->second, kFileBytes);
}

}  // namespace

CertificateService::CertificateService(Runtime& runtime, Callbacks callbacks)
    : runtime_(runtime),
      callbacks_(std::move(callbacks)),
      dns_(runtime.loops.control(), runtime.log),
      watch_(runtime, [this](const RenewalWindow& window) { on_window(window); }),
      name_check_(runtime),
      began_(runtime.clock.steady()),
      timer_(runtime.loops.control(), [this] { check(); }),
      wait_(runtime.loops.control(), [this] { take(order_->next()); }),
      keep_again_(runtime.loops.control(), [this] { keep_again(); }),
      share_wait_(runtime.loops.control(), [this] { when_shared(); }),
      everywhere_(runtime.loops.control(), [this] { when_everywhere(); }) {}

void CertificateService::stop() {
  stopped_ = true;
  dns_.forget();
  forget();
  everywhere_.cancel();
  runtime_.fetcher->cancel(revocation_request_);
}

void CertificateService::forget() {
  run_ = callbacks_.next_run();
  share_wait_.cancel();
  timer_.cancel();
  wait_.cancel();
  keep_again_.cancel();
  watch_.stop();
  name_check_.stop();
  runtime_.fetcher->cancel(request_);
}

CertificateService::Order CertificateService::order() const {
  if (names_.empty()) return {};
  std::chrono::seconds left{0};
  if (by_hand_)
    left = std::max(left, std::chrono::ceil<std::chrono::seconds>(*by_hand_ + kOnceWithin -
                                                                  runtime_.clock.steady()));
  return {label_,
          names_.front() + (wanted_.key == AcmeKeyKind::kRsa ? " (RSA)" : ""),
          names_,
          kept_.order.failures,
          next_,
          unkept_.empty() ? kept_.order.why : unkept_why_,
          unkept_fd_ ? unkept_file() : certificate_path(state_dir_, file_),
          kept_.order.directory,
          attempting_,
          left,
          kept_.facts ? std::optional(renewal()) : std::nullopt,
          !staging_url(authority_of(kept_.order.directory)).empty(),
          !wanted_.nodes.empty(),
          nodes_with_it()};
}

// One of other names than the order's would pass for what is ordered.
void CertificateService::add_in_use(std::map<std::string, std::string>& contents) const {
  if (names_.empty() || pem_.empty() || !kept_.facts || is_other_) return;
  contents[certificate_path(state_dir_, file_)] = pem_;
  contents[order_path(state_dir_, file_)] = order_text(kept_.order);
}

std::vector<std::string> CertificateService::nodes_without_it() const {
  std::vector<std::string> without = callbacks_.nodes->behind(wanted_.nodes);
  for (std::string& node : callbacks_.nodes->not_linked(wanted_.nodes))
    without.push_back(std::move(node));
  return without;
}

std::vector<std::string> CertificateService::nodes_with_it() const {
  if (wanted_.nodes.empty() || pem_.empty()) return {};
  std::vector<std::string> with = wanted_.nodes;
  std::erase_if(with, [without = nodes_without_it()](const std::string& node) {
    return std::ranges::find(without, node) != without.end();
  });
  return with;
}

void CertificateService::configure(const Config& config, const WantedCertificate& wanted) {
  const std::string state_dir = state_directory(config);
  const AcmeSettings none,
      &settings = wanted.acme < config.acme.size() ? config.acme[wanted.acme] : none;
  const bool is_same_file =
      wanted_.names == wanted.names && wanted_.key == wanted.key && state_dir_ == state_dir;
  // How listeners are led to https has caused no failure, and concerns no order.
  AcmeSettings led = settings_;
  led.hsts = settings.hsts;
  led.redirect = settings.redirect;
  const bool is_same = led == settings && is_same_file;
  wanted_ = wanted;
  if (stopped_) return;
  if (is_same) {
    settings_ = settings;
    return keep_lost();
  }
  reset();
  // A certificate that could not be written stays in use, and is not ordered again.
  if (!is_same_file) {
    unkept_.clear();
    if (unkept_fd_) former_fd_ = std::move(unkept_fd_);
    pem_.clear();
  }
  const bool is_changed = settings_.enabled;
  settings_ = settings;
  authorities_ = settings_.authorities;
  if (authorities_.empty()) authorities_.emplace_back();
  names_ = wanted.names;
  state_dir_ = state_dir;
  if (names_.empty()) return;
  file_ = file_of(wanted);
  label_ = listed(names_) + (wanted.key == AcmeKeyKind::kRsa ? " (RSA)" : "");
  forgives_ = is_changed;
  load();
}

void CertificateService::reset() {
  withdraw();
  forget();
  order_.reset();
  attempting_ = is_trial_ = waits_for_conf_ = false;
  account_of_.clear();
  kept_ = {};
}

void CertificateService::read_again() {
  if (stopped_ || names_.empty()) return;
  reset();
  load();
}

void CertificateService::load() {
  runtime_.loops.clerk().post([this, run = run_, dir = state_dir_, file = file_, names = names_,
                               forgives = std::exchange(forgives_, false)] {
    // Authorities count another order of the names as a duplicate.
    keep_by_new_first_name(dir, file, names, runtime_.clock.wall());
    Kept kept = read(dir, file, names, runtime_.tls->copies());
    // The change may have removed the cause of a failure.
    if (forgives && kept.order.failures > 0) kept.order.next = 0;
    runtime_.loops.control().post([this, run, kept = std::move(kept)]() mutable {
      if (run == run_) on_read(std::move(kept));
    });
  });
}

CertificateService::Kept CertificateService::read(const std::string& state_dir,
                                                  const std::string& name,
                                                  const std::vector<std::string>& names,
                                                  const FileCopies& copies) {
  Kept kept;
  const auto complain = [&](const Error& error) {
    if (error.code != Error::Code::kNotFound) kept.complaints.push_back(error.what);
  };
  if (auto order = read_order(state_dir, name))
    kept.order = std::move(*order);
  else if (auto copied = parse_order(read_copy(copies, order_path(state_dir, name)).value_or("")))
    kept.order = std::move(*copied);
  else
    complain(order.error());
  const std::string path = certificate_path(state_dir, name);
  auto file = read_file(path, {.limit = kFileBytes});
  if (auto copied = file ? std::nullopt : read_copy(copies, path)) {
    file = FileText{std::move(*copied), {}};
    kept.is_copy = true;
  }
  if (!file) {
    complain(file.error());
  } else if (auto facts = kept_facts(file->text)) {
    kept.facts = std::move(*facts);
    kept.id = renewal_id(file->text);
    kept.pem = std::move(file->text);
  } else {
    kept.complaints.push_back(cat({path, ": ", facts.error().what}));
  }
  if (!kept.facts) kept.former = former_certificates(state_dir, names);
  return kept;
}

void CertificateService::on_read(Kept kept) {
  kept_ = std::move(kept);
  if (auto facts = unkept_.empty() ? Result<CertificateFacts>(Error::not_found(""))
                                   : certificate_facts(unkept_)) {
    kept_ = {unkept_order_, std::move(*facts), renewal_id(unkept_), unkept_, {}};
    keep_again_.after(kKeepAgain);
  }
  for (const std::string& text : kept_.complaints)
    runtime_.log.warn(kAcmeModule, text + "; it is made again");
  const auto all = attempt_facts().directories;
  const auto is_known = [&](const std::string& directory) {
    return std::ranges::find(all, directory) != all.end();
  };
  if (kept_.order.issuer.empty()) kept_.order.issuer = kept_.order.directory;
  // In whatever order: authorities count certificates of the same names.
  const bool is_same = std::ranges::is_permutation(kept_.order.names, names_) &&
                       is_known(kept_.order.directory) && is_known(kept_.order.issuer);
  is_other_ = kept_.facts && !is_same;
  if (!is_same) {
    kept_.id.clear();
    kept_.order = {.names = names_,
                   .directory = all.front(),
                   .compromised = std::move(kept_.order.compromised),
                   .compromised_of = std::move(kept_.order.compromised_of)};
  }
  kept_.order.file = file_;
  forget_other_clock(kept_.order, runtime_.clock.wall());
  if (kept_.facts) {
    pem_ = std::move(kept_.pem);
    callbacks_.known();
  }
  window_.reset();
  was_ahead_ = false;
  chance_ = rng_.unit();
  if (!kept_.facts || !is_same) {
    if (!kept_.order.begun.empty()) return plan(runtime_.clock.wall());
    // A master may order this name for its nodes; its items are waited for first.
    waits_for_conf_ =
        !kept_.facts && !runtime_.config.read()->masters.empty() && !callbacks_.conf_is_there();
    // An unusable kept certificate is ordered at once, but failures keep their pause.
    if (!kept_.facts && kept_.order.failures == 0) kept_.order.next = 0;
    return plan(std::max(runtime_.clock.wall() + (waits_for_conf_ ? kUntilTold : 0s),
                         wall_time(kept_.order.next)));
  }
  plan_renewal(true);
  if (kept_.is_copy) keep_lost();
  watch_.watch(authority_of(kept_.order.issuer), kept_.id);
  // What was ordered before the last end of the process goes on.
  const WallTime now = runtime_.clock.wall();
  if (kept_.order.ordered != 0) plan(std::max(now, wall_time(kept_.order.next)));
  if (!kept_.order.begun.empty()) plan(now);
  if (!kept_.order.compromised.empty() && kept_.order.compromised != pem_) begin_revocation();
}

void CertificateService::conf_came() {
  if (std::exchange(waits_for_conf_, false) && !attempting_)
    plan(std::max(runtime_.clock.wall(), wall_time(kept_.order.next)));
}

// The renewal time, by the authority's window if it has one.
WallTime CertificateService::renewal() const {
  const WallTime kept = wall_time(kept_.order.next);
  if (!window_) return std::max(renewal_time(*kept_.facts, chance_), kept);
  const WallTime moment = renewal_moment(*window_, *kept_.facts, chance_);
  // A window that was over from the start shows a wrong clock.
  return was_ahead_ && kept_.order.failures == 0 ? moment : std::max(moment, kept);
}

void CertificateService::plan_renewal(bool logs_it) {
  const WallTime at = renewal(), now = runtime_.clock.wall();
  if (logs_it)
    runtime_.log.info(kAcmeModule, cat({"the certificate for ", label_, " is valid until ",
                                        moment_text(kept_.facts->ends, now), "; it is renewed ",
                                        when_text(at, now)}));
  plan(at);
}

void CertificateService::on_window(const RenewalWindow& window) {
  const bool is_new = window_ != window;
  window_ = window;
  const WallTime now = runtime_.clock.wall(),
                 moment = renewal_moment(window, *kept_.facts, chance_);
  if (is_new)
    runtime_.log.info(
        kAcmeModule,
        cat({authority_name(kept_.order.issuer), " wants the certificate for ", label_,
             " to be renewed between ", moment_text(window.begins, now), " and ",
             moment_text(window.ends, now), window.explanation.empty() ? "" : ", see ",
             window.explanation, "; it is renewed ", when_text(std::max(moment, now), now)}));
  if (!attempting_ && kept_.order.failures == 0) plan(renewal());
  was_ahead_ = was_ahead_ || moment > now;
}

void CertificateService::plan(WallTime at) {
  next_ = at;
  WallTime check_mount = at;
  // The expiry is logged at its time, since players then refuse the certificate.
  const WallTime now = runtime_.clock.wall();
  if (kept_.facts && kept_.facts->ends > now)
    check_mount = std::min(check_mount, kept_.facts->ends);
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(check_mount - now);
  timer_.after(std::clamp<std::chrono::microseconds>(left, 0us, kLongestLook));
}

void CertificateService::check() {
  const WallTime now = runtime_.clock.wall();
  if (kept_.facts && kept_.facts->ends <= now && now - expiry_logged_ >= kLongestLook) {
    expiry_logged_ = now;
    const std::string why = cat({"the certificate for ", label_, " expired ",
                                 when_text(kept_.facts->ends, {}), "; players refuse it"});
    runtime_.log.error(kAcmeModule, why);
    publish_failure(kept_.order.issuer, "expired", why, next_);
  }
  if (attempting_) return;
  if (now < next_ && !is_trial_) {
    if (!forget_other_clock(kept_.order, now)) return plan(next_);
    next_ = kept_.facts && kept_.order.failures == 0 ? renewal() : now;
    if (now < next_) return plan(next_);
  }
  if (callbacks_.is_asked(attempt_facts().directories)) return timer_.after(kInTurn);
  if (!is_trial_ && !callbacks_.may_order(wanted_, kept_.facts)) return timer_.after(kUntilAllowed);
  waits_for_conf_ = false;
  attempt();
}

std::optional<WallTime> CertificateService::in_use_until() const {
  return kept_.facts ? kept_.facts->ends : kept_.former.until;
}

AttemptFacts CertificateService::attempt_facts() const {
  AttemptFacts facts;
  for (const AcmeAuthority& one : authorities_) facts.directories.push_back(directory_url(one));
  facts.now = runtime_.clock.wall();
  facts.valid_until = in_use_until();
  facts.has_staging = !staging_url(authority_of(kept_.order.directory)).empty();
  return facts;
}

const AcmeAuthority& CertificateService::authority_of(const std::string& directory) const {
  const auto at = std::ranges::find(authorities_, directory, directory_url);
  return at == authorities_.end() ? authorities_.front() : *at;
}

void CertificateService::write(std::function<Result<void>()> writes,
                               std::function<void(Result<void>)> then) {
  runtime_.loops.clerk().post(
      [this, run = run_, writes = std::move(writes), then = std::move(then)] {
        runtime_.loops.control().post([this, run, then, written = writes()] {
          if (run == run_) then(written);
        });
      });
}

}  // namespace lb
