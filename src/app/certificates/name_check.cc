#include "app/certificates/name_check.h"

#include <algorithm>

#include "app/services/runtime.h"
#include "base/cat.h"
#include "net/tls/challenge_table.h"

namespace lb {

void NameCheck::start(std::uint64_t owner, const std::vector<std::string>& names,
                      const std::vector<AcmeChallenge>& challenges) {
  stop();
  const auto has = [&](AcmeChallenge one) {
    return std::ranges::find(challenges, one) != challenges.end();
  };
  std::vector<int> ports;
  if (has(AcmeChallenge::kHttp)) ports.push_back(kAskedHttpPort);
  if (has(AcmeChallenge::kTls)) ports.push_back(kAskedHttpsPort);
  if (ports.empty()) return;  // proved by DNS records only
  owner_ = owner;
  token_ = PortToken::make();
  runtime_.challenges->put_text(owner_, token_.name, token_.answer);
  for (const std::string& name : names)
    if (!name.starts_with("*.")) names_.push_back({name, {}, ports.size(), false});
  unanswered_ = names_.size() * ports.size();
  for (std::size_t i = 0; i < names_.size(); ++i)
    for (const int port : ports)
      requests_.push_back(runtime_.fetcher->start(
          port_question(names_[i].name, port, port == kAskedHttpsPort, token_),
          [this, i, port](const Result<FetchAnswer>& answer) { answered(i, port, answer); }));
}

void NameCheck::stop() {
  if (unanswered_ > 0) runtime_.challenges->remove(owner_);
  for (const std::uint64_t request : requests_) runtime_.fetcher->cancel(request);
  requests_.clear();
  names_.clear();
  unanswered_ = 0;
}

void NameCheck::answered(std::size_t name, int port, const Result<FetchAnswer>& answer) {
  Name& one = names_[name];
  const PortAnswer said = port_answer(answer, token_);
  // Before the first certificate a TLS server has none to answer with.
  if (said.is_here || said.is_bare)
    one.is_here = true;
  else
    one.what += cat({one.what.empty() ? "" : "; ", "port ", port, ": ", said.text});
  if (--one.unanswered == 0 && !one.is_here)
    runtime_.log.warn(kAcmeModule,
                      cat({one.name, " does not lead to this server as seen from here (", one.what,
                           "); its certificate is ordered all the same, as a router may not lead "
                           "back into its own network"}));
  if (--unanswered_ == 0) {
    runtime_.challenges->remove(owner_);
    requests_.clear();
  }
}

}  // namespace lb
