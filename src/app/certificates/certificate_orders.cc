#include "app/certificates/certificate_orders.h"

#include <algorithm>

#include "acme/certificate.h"
#include "acme/kept_certificate.h"
#include "app/services/runtime.h"
#include "base/cat.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "net/socket/memory_file.h"
#include "net/tls/challenge_context.h"
#include "net/tls/tls_keeper.h"
#include "registry/registry.h"

namespace lb {
namespace {

// The owner of masters' challenges in the table; services count from 1.
constexpr std::uint64_t kOfMasters = 0;

}  // namespace

CertificateOrders::CertificateOrders(Runtime& runtime, CertificateNodes nodes,
                                     std::function<void()> changed)
    : runtime_(runtime),
      given_nodes_(std::move(nodes)),
      nodes_{.set_challenges =
                 [this](const auto&) {
                   own_challenges_.clear();
                   for (const auto& one : services_of_)
                     own_challenges_.insert(one->shared().begin(), one->shared().end());
                   if (store_.set_challenges) store_.set_challenges(own_challenges_);
                   publish_challenges();
                 },
             .set_certificates = given_nodes_.set_certificates,
             .behind =
                 [this](const auto& asked) {
                   auto missing = given_nodes_.behind(asked);
                   if (store_.has_challenges && !store_.has_challenges())
                     missing.emplace_back("the other masters of the store");
                   return missing;
                 },
             .not_linked = given_nodes_.not_linked},
      changed_(std::move(changed)) {}

void CertificateOrders::publish_challenges() {
  auto all = stored_challenges_;
  all.insert(own_challenges_.begin(), own_challenges_.end());
  given_nodes_.set_challenges(all);
}

void CertificateOrders::take_stored_challenges(std::map<std::string, std::string> items) {
  if (stopped_ || items == stored_challenges_) return;
  stored_challenges_ = std::move(items);
  take_challenges(stored_challenges_);
  publish_challenges();
}

CertificateService* CertificateOrders::of_file(const std::string& file) {
  for (const auto& one : services_of_)
    if (!one->wanted().names.empty() && one->wanted().in_store && file_of(one->wanted()) == file)
      return one.get();
  return nullptr;
}

void CertificateOrders::take_stored(const std::string& file, const KeptOrder& order,
                                    const std::string& pem) {
  CertificateService* service = of_file(file);
  if (stopped_ || service == nullptr || service->at_work()) return;
  const bool is_new = !pem.empty() && pem != service->pem();
  const std::string state_dir = state_directory(*runtime_.config.read());
  runtime_.loops.clerk().post([this, file, kept = order, pem, is_new, state_dir]() mutable {
    kept.file = file;
    // A newer certificate here, which the store has not got yet, must not be lost.
    const auto local =
        read_file(certificate_path(state_dir, file), {.limit = Registry::kValueBytes});
    const auto ours = certificate_facts(local ? local->text : ""), theirs = certificate_facts(pem);
    if (ours && (!theirs || ours->begins > theirs->begins)) return;
    Result<void> written = write_order(state_dir, kept);
    if (written && is_new) written = write_certificate(state_dir, file, pem);
    runtime_.loops.control().post([this, file, is_new, written] {
      if (stopped_) return;
      if (!written)
        runtime_.log.error(kAcmeModule, cat({"what another master has got for ", file,
                                             " could not be kept: ", written.error().what}));
      else if (is_new)
        runtime_.log.info(kAcmeModule,
                          cat({"a certificate for ", file, " has come from another master"}));
      if (CertificateService* again = of_file(file); again != nullptr && !again->at_work())
        again->read_again();
      if (is_new) changed_();
    });
  });
}

void CertificateOrders::lease_came() {
  for (const auto& one : services_of_)
    if (!one->wanted().names.empty() && one->wanted().in_store && !one->at_work())
      one->read_again();
}

void CertificateOrders::conf_came() {
  if (std::exchange(conf_is_there_, true)) return;
  for (const auto& one : services_of_) one->conf_came();
}

bool CertificateOrders::is_asked(const std::vector<std::string>& directories) const {
  return std::ranges::any_of(services_of_, [&](const auto& one) {
    return one->at_work() && std::ranges::count(directories, one->directory()) > 0;
  });
}

CertificateService& CertificateOrders::at(std::size_t i) {
  while (services_of_.size() <= i)
    services_of_.push_back(std::make_unique<CertificateService>(
        runtime_, CertificateService::Callbacks{
                      .changed =
                          [this] {
                            share();
                            changed_();
                          },
                      .known = [this] { share(); },
                      .is_asked = [this](const auto& directories) { return is_asked(directories); },
                      .next_run = [this] { return ++runs_; },
                      .conf_is_there = [this] { return conf_is_there_; },
                      .may_order =
                          [this](const WantedCertificate& wanted,
                                 const std::optional<CertificateFacts>& in_use) {
                            // Nothing is ordered that could not be sealed for the nodes.
                            if (!wanted.nodes.empty() && !unsealed_.empty()) return false;
                            return !wanted.in_store ||
                                   (store_.may_order && store_.may_order(in_use));
                          },
                      .kept =
                          [this](const WantedCertificate& wanted, const KeptOrder& order,
                                 const std::string& pem, std::function<void()> then) {
                            if (!wanted.in_store || !store_.keep) return then();
                            store_.keep(file_of(wanted), order, pem, std::move(then));
                          },
                      .nodes = &nodes_,
                      .ended =
                          [this](const std::string& directory, std::string_view result) {
                            ++counts_[{directory, std::string(result)}];
                          }}));
  return *services_of_[i];
}

// The names in configured certificate files that are loaded and valid.
std::vector<std::string> CertificateOrders::served_names(const Config& config) const {
  std::vector<std::string> names;
  const auto context = runtime_.tls->context();
  if (context == nullptr) return names;
  const WallTime now = runtime_.clock.wall();
  const std::string own = state_directory(config) + "/acme/";
  for (const TlsContext::Certificate& one : context->certificates()) {
    const auto is_its = [&](const std::vector<std::string>& files) {
      return std::ranges::find(files, one.file) != files.end();
    };
    // A certificate of our own is renewed, even if a configured file names it.
    if (one.expires <= now || one.file.starts_with(own) ||
        (!is_its(config.paths.ssl_certificate) && !is_its(config.security.tls_certificate)))
      continue;
    std::vector<std::string> its = certificate_names(one.chain->certificates.front().get());
    if (its.empty()) its.push_back(one.names);  // the common name
    names.insert(names.end(), its.begin(), its.end());
  }
  return names;
}

void CertificateOrders::configure(const Config& config) {
  if (stopped_) return;
  std::vector<WantedCertificate> wanted = wanted_certificates(config);
  std::string refused;
  const AcmeSettings* first = first_acme(config);
  if (first != nullptr && wanted.empty() && !names_of_acme(config, *first).empty())
    refused = cat({"<acme>: no public CA gives a certificate for ",
                   listed(names_of_acme(config, *first)), "; nothing is ordered"});
  else if (first != nullptr && state_directory(config).empty())
    refused = "<acme>: there is no <paths><state-dir> to keep a certificate in; nothing is ordered";
  if (!refused.empty() && refused != refused_) runtime_.log.error(kAcmeModule, refused);
  if (!refused.empty()) wanted.clear();
  refused_ = refused;
  std::string unsealed;
  if (config.store.type == StoreType::kEtcd && config.store.keys.empty())
    for (const WantedCertificate& one : wanted)
      if (!one.nodes.empty()) unsealed += cat({unsealed.empty() ? "" : " ", listed(one.names)});
  if (!unsealed.empty() && unsealed != unsealed_)
    runtime_.log.error(kAcmeModule, cat({"<acme>: ", unsealed,
                                         " is shared by the masters of the store, in which "
                                         "keys are kept sealed, and <store> has no <key>; "
                                         "it is not ordered"}));
  unsealed_ = unsealed;
  const std::vector<std::string> served = served_names(config);
  std::vector<std::string> of_files;
  for (const WantedCertificate& one : wanted)
    for (const std::string& name : one.names)
      if (is_name_of(served, name) && std::ranges::find(of_files, name) == of_files.end())
        of_files.push_back(name);
  const std::string left_out = listed(of_files);
  if (!left_out.empty() && left_out != left_out_)
    runtime_.log.info(kAcmeModule,
                      cat({"<acme>: ", left_out, " is in <ssl-certificate>; it is not ordered"}));
  left_out_ = left_out;
  for (WantedCertificate& one : wanted)
    std::erase_if(one.names, [&](const std::string& name) {
      return is_given(name) || is_name_of(served, name);
    });
  std::erase_if(wanted, [](const WantedCertificate& one) { return one.names.empty(); });
  for (std::size_t i = 0; i < std::max(wanted.size(), services_of_.size()); ++i)
    at(i).configure(config, i < wanted.size() ? wanted[i] : WantedCertificate());
  // The nodes of a name may have changed.
  share();
}

void CertificateOrders::stop() {
  stopped_ = true;
  for (const auto& one : services_of_) one->stop();
}

std::vector<CertificateService::Order> CertificateOrders::orders() const {
  std::vector<CertificateService::Order> all;
  for (const auto& one : services_of_)
    if (!one->wanted().names.empty()) all.push_back(one->order());
  return all;
}

bool CertificateOrders::order_by_hand(std::string_view name, CertificateService::ByHand what) {
  bool any = false;
  for (const auto& one : services_of_) {
    const auto& names = one->wanted().names;
    if (std::ranges::find(names, name) == names.end()) continue;
    any = one->order_by_hand(what) || any;
    // The other key type of the same names would be no new test.
    if (any && what == CertificateService::ByHand::kTrial) break;
  }
  return any;
}

std::vector<std::string> CertificateOrders::files(const Config& config) const {
  const std::string state_dir = state_directory(config);
  std::vector<std::string> all;
  for (const auto& one : services_of_)
    if (const WantedCertificate& wanted = one->wanted(); !wanted.names.empty()) {
      const std::string unkept = one->unkept_file();
      all.push_back(unkept.empty() ? certificate_path(state_dir, file_of(wanted)) : unkept);
      if (std::string former = one->former_file(); !former.empty())
        all.push_back(std::move(former));
    }
  // Before the first configure(): the kept files.
  if (services_of_.empty())
    for (const WantedCertificate& wanted : wanted_certificates(config))
      all.push_back(certificate_path(state_dir, file_of(wanted)));
  for (const UniqueFd& file : given_files_) all.push_back(cat({"/proc/self/fd/", file.get()}));
  return all;
}

std::map<std::string, std::string> CertificateOrders::in_use() const {
  std::map<std::string, std::string> contents;
  for (const auto& one : services_of_) one->add_in_use(contents);
  return contents;
}

bool CertificateOrders::is_given(const std::string& name) const {
  return std::ranges::any_of(given_, [&](const Given& one) {
    return std::ranges::find(one.names, name) != one.names.end();
  });
}

void CertificateOrders::share() {
  std::vector<CertificateNodes::Shared> shared;
  for (const auto& one : services_of_)
    if (!one->wanted().nodes.empty() && !one->pem().empty())
      shared.push_back({one->wanted().names, one->wanted().nodes, one->pem()});
  nodes_.set_certificates(shared);
}

void CertificateOrders::take(std::vector<Given> given) {
  if (stopped_ || given == given_) return;
  given_ = std::move(given);
  given_files_before_ = std::exchange(given_files_, {});
  for (const Given& one : given_) {
    UniqueFd file = memory_file("certificate", one.pem);
    if (!file) {
      runtime_.log.error(kAcmeModule, cat({"the certificate for ", listed(one.names),
                                           " that a master has sent cannot be held; it is not in "
                                           "use"}));
      continue;
    }
    runtime_.log.info(kAcmeModule,
                      cat({"a certificate for ", listed(one.names), " has come from a master"}));
    given_files_.push_back(std::move(file));
  }
  configure(*runtime_.config.read());
  changed_();
}

void CertificateOrders::take_challenges(const std::map<std::string, std::string>& items) {
  runtime_.challenges->remove(kOfMasters);
  for (const auto& [key, value] : items) {
    const auto json = Json::parse(value);
    if (!json) continue;
    const auto text = [&](std::string_view member) {
      return std::string(json->at(member).text().value_or(""));
    };
    const std::string name = text("name"), token = text("token"),
                      authorization = text("authorization");
    // An answer must match its token, so that a master cannot make this node serve other texts.
    if (token.empty() || !authorization.starts_with(token + '.')) continue;
    if (text("type") == "http-01")
      runtime_.challenges->put_text(kOfMasters, token, authorization);
    else if (auto context = challenge_context(name, authorization))
      runtime_.challenges->put_context(kOfMasters, challenge_server_name(name),
                                       std::move(*context));
  }
}

}  // namespace lb
