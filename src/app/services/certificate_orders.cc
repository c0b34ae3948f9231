#include "app/services/certificate_orders.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "acme/certificate.h"
#include "acme/kept_certificate.h"
#include "app/services/certificate_words.h"
#include "base/cat.h"
#include "base/json.h"
#include "base/strings.h"
#include "net/challenge_context.h"

namespace lb {
namespace {

// Of masters' challenges in the table; services count from 1.
constexpr std::uint64_t kOfMasters = 0;

}  // namespace

CertificateOrders::CertificateOrders(Runtime& runtime, CertificateNodes nodes,
                                     std::function<void()> changed)
    : runtime_(runtime), nodes_(std::move(nodes)), changed_(std::move(changed)) {}

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
                      .is_one_at_work =
                          [this] {
                            return std::ranges::any_of(
                                services_of_, [](const auto& one) { return one->at_work(); });
                          },
                      .next_run = [this] { return ++runs_; },
                      .nodes = &nodes_,
                      .ended =
                          [this](const std::string& directory, std::string_view result) {
                            ++counts_[{directory, std::string(result)}];
                          }}));
  return *services_of_[i];
}

// Those of the certificates that the configuration names, as far as they are loaded and valid.
std::vector<std::string> CertificateOrders::served_names(const Config& config) const {
  std::vector<std::string> names;
  const auto context = runtime_.tls.context();
  if (context == nullptr) return names;
  const WallTime now = runtime_.clock.wall();
  const std::string own = state_directory(config) + "/acme/";
  for (const TlsContext::Certificate& one : context->certificates()) {
    const auto is_its = [&](const std::vector<std::string>& files) {
      return std::ranges::find(files, one.file) != files.end();
    };
    // One of our own is renewed, whatever names it.
    if (one.expires <= now || one.file.starts_with(own) ||
        (!is_its(config.paths.ssl_certificate) && !is_its(config.security.tls_certificate)))
      continue;
    for (const std::string_view name : split(one.names, ',')) names.emplace_back(trim(name));
  }
  return names;
}

void CertificateOrders::configure(const Config& config) {
  if (stopped_) return;
  std::vector<WantedCertificate> wanted = wanted_certificates(config);
  std::string refused;
  if (config.acme.enabled && wanted.empty())
    refused = cat({"<acme>: no public CA gives a certificate for ",
                   config.acme.names.empty() ? config.hostname : listed(config.acme.names),
                   "; nothing is ordered"});
  else if (config.acme.enabled && state_directory(config).empty())
    refused = "<acme>: there is no <paths><state-dir> to keep a certificate in; nothing is ordered";
  if (!refused.empty() && refused != refused_) runtime_.log.error(kAcmeModule, refused);
  if (!refused.empty()) wanted.clear();
  refused_ = refused;
  const std::vector<std::string> served = served_names(config);
  std::string left_out;
  for (const WantedCertificate& one : wanted)
    for (const std::string& name : one.names)
      if (one.key == wanted.front().key && is_name_of(served, name))
        left_out += cat({left_out.empty() ? "" : " ", name});
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
  // The nodes of a name may be other ones.
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

bool CertificateOrders::order_now(std::string_view name) {
  bool any = false;
  for (const auto& one : services_of_) {
    const auto& names = one->wanted().names;
    if (std::ranges::find(names, name) == names.end()) continue;
    const CertificateService::Order order = one->order();
    if (order.under_way || order.may_be_asked.count() > 0) continue;
    one->order_now();
    any = true;
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
    }
  // Before the first configure(): what was kept.
  if (services_of_.empty())
    for (const WantedCertificate& wanted : wanted_certificates(config))
      all.push_back(certificate_path(state_dir, file_of(wanted)));
  for (const UniqueFd& file : given_files_) all.push_back(cat({"/proc/self/fd/", file.get()}));
  return all;
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
    UniqueFd file(::memfd_create("certificate", MFD_CLOEXEC));
    const auto bytes = static_cast<ssize_t>(one.pem.size());
    if (!file || ::write(file.get(), one.pem.data(), one.pem.size()) != bytes) {
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
    // An answer is of its own question, and nothing else: no master makes this node say other
    // texts.
    if (token.empty() || !authorization.starts_with(token + '.')) continue;
    if (text("type") == "http-01")
      runtime_.challenges->put_text(kOfMasters, token, authorization);
    else if (auto context = challenge_context(name, authorization))
      runtime_.challenges->put_context(kOfMasters, challenge_server_name(name),
                                       std::move(*context));
  }
}

}  // namespace lb
