#include <ifaddrs.h>
#include <netdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/answer.h"
#include "acme/certificate.h"
#include "acme/kept_certificate.h"
#include "acme/port_answer.h"
#include "acme/renewal.h"
#include "acme/report.h"
#include "acme/request.h"
#include "base/cat.h"
#include "base/file.h"
#include "base/json.h"
#include "commands/commands.h"
#include "config/load/checks_files.h"
#include "config/load/loader.h"
#include "http/message.h"
#include "net/address/address.h"
#include "net/fetch/fetch.h"
#include "net/loop/loop.h"
#include "net/socket/line_port.h"
#include "program/process.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kAnswerTime = 10s;
constexpr std::size_t kMaxProfiles = 20;

void print(bool is_good, std::string_view text) {
  write_console(STDOUT_FILENO, cat({is_good ? "ok: " : "wrong: ", text, "\n"}));
}

std::vector<Address> own_addresses_of_host() {
  std::vector<Address> all;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return all;
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next)
    if (one->ifa_addr != nullptr &&
        (one->ifa_addr->sa_family == AF_INET || one->ifa_addr->sa_family == AF_INET6))
      all.push_back(Address::from_sockaddr(*one->ifa_addr));
  ::freeifaddrs(list);
  return all;
}

// A token in the state directory, where a running server finds it, with its directories; the
// destructor removes it.  Both act as the user of <changeowner>, which may own a directory on the
// way.
class TokenFile {
 public:
  TokenFile(const Config& config, const PortToken& token) : security_(config.security) {
    const std::string state = state_directory(config);
    const auto as = AsUser::become(security_.user, security_.group);
    if (!as) {
      written_ = as.error();
      return;
    }
    if (state.empty()) {
      written_ = Error::not_found("there is no state directory");
      return;
    }
    path_ = own_answer_path(state, token.name);
    for (const std::string& directory : {state, state + "/acme", path_.substr(0, path_.rfind('/'))})
      if (::mkdir(directory.c_str(), 0700) == 0) made_.push_back(directory);
    written_ = replace_file(path_, token.answer);
  }
  ~TokenFile() {
    const auto as = AsUser::become(security_.user, security_.group);
    if (!as || path_.empty()) return;
    ::unlink(path_.c_str());
    for (; !made_.empty(); made_.pop_back()) ::rmdir(made_.back().c_str());
  }
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;

  const Result<void>& written() const { return written_; }

 private:
  const SecuritySettings& security_;
  std::string path_;
  std::vector<std::string> made_;
  Result<void> written_;
};

// Answers all requests on those ports of the configuration that no server has opened.
class OwnPorts {
 public:
  OwnPorts(Loop& loop, const Config& config, const std::string& answer) {
    for (const ListenSettings& socket : config.listen) {
      auto port = LinePort::open(socket.bind_address.empty() ? "0.0.0.0" : socket.bind_address,
                                 socket.port);
      if (!port) {
        closed_.push_back({socket.port, port.error().what});
        continue;
      }
      (*port)->start(loop, [answer] {
        return cat({"HTTP/1.0 200 OK\r\nContent-Length: ", answer.size(), "\r\n\r\n", answer});
      });
      numbers_.push_back(socket.port);
      ports_.push_back(std::move(*port));
    }
  }
  bool has(int port) const { return std::ranges::find(numbers_, port) != numbers_.end(); }
  // Every port of the configuration is open here, so no server runs.
  bool all() const { return closed_.empty(); }
  struct Closed {
    int port;
    std::string why;
  };
  const std::vector<Closed>& closed() const { return closed_; }

 private:
  std::vector<std::unique_ptr<LinePort>> ports_;
  std::vector<int> numbers_;
  std::vector<Closed> closed_;
};

class HttpsCheck {
 public:
  explicit HttpsCheck(const Config& config) : config_(config) {}

  int run() {
    const std::vector<std::string> names = acme_names(config_);
    if (names.empty()) {
      const bool has_names = std::ranges::any_of(config_.acme, [&](const AcmeSettings& acme) {
        return !names_of_acme(config_, acme).empty();
      });
      say(false, has_names ? "<acme> orders no certificate; --check-config says why"
                           : "no certificate is ordered: there is no <acme> with names");
      return 1;
    }
    for (const AcmeAuthority& authority : authorities()) check(authority);
    const PortToken token = PortToken::make();
    own_ports_.emplace(loop_, config_, token.answer);
    const TokenFile file(config_, token);
    const bool needs_ports = std::ranges::any_of(
        names, [&](const std::string& name) { return !asked_ports(name).empty(); });
    const bool can_ask = !needs_ports || file.written() || own_ports_->all();
    if (!can_ask)
      say(false, cat({file.written().error().what,
                      "; what answers on the ports cannot be asked without a file in the state "
                      "directory: run it as root, or as the server's user"}));
    for (const std::string& name : names)
      if (!name.starts_with("*.")) check(name, token, can_ask);
    return status_;
  }

 private:
  // The challenges that can show this name.
  std::vector<AcmeChallenge> ways(const std::string& name) const {
    const AcmeSettings* acme = acme_of_name(config_, name);
    auto all = acme == nullptr ? std::vector<AcmeChallenge>() : challenges_of(*acme, true);
    std::erase_if(all, [&](AcmeChallenge one) {
      return name.starts_with("*.") ? one != AcmeChallenge::kDns
                                    : is_address_name(name) && one == AcmeChallenge::kDns;
    });
    return all;
  }
  bool has_way(const std::string& name, AcmeChallenge way) const {
    return std::ranges::count(ways(name), way) > 0;
  }
  // The ports at which authorities ask for them.
  std::vector<int> asked_ports(const std::string& name) const {
    std::vector<int> ports;
    if (has_way(name, AcmeChallenge::kHttp)) ports.push_back(kAskedHttpPort);
    if (has_way(name, AcmeChallenge::kTls)) ports.push_back(kAskedHttpsPort);
    return ports;
  }

  // The authorities of all <acme>s, each once.
  std::vector<AcmeAuthority> authorities() const {
    std::vector<AcmeAuthority> all;
    for (const AcmeSettings& acme : config_.acme) {
      if (!acme.enabled) continue;
      std::vector<AcmeAuthority> its = acme.authorities;
      if (its.empty()) its.emplace_back();
      for (AcmeAuthority& one : its)
        if (std::ranges::find(all, one) == all.end()) all.push_back(std::move(one));
    }
    return all;
  }

  void say(bool is_good, std::string_view text) {
    if (!is_good) status_ = 1;
    print(is_good, text);
  }

  Result<FetchAnswer> fetch(FetchRequest request) {
    std::optional<Result<FetchAnswer>> answer;
    request.timeout = kAnswerTime;
    fetcher_.start(std::move(request), [&answer](Result<FetchAnswer> got) { answer = got; });
    while (!answer) loop_.run_once(true);
    return std::move(*answer);
  }

  void check(const AcmeAuthority& authority) {
    const std::string url = directory_url(authority), name = authority_name(url);
    const auto answer = fetch(authority_request(authority, url));
    const auto body = answer ? Json::parse(answer->body) : Result<Json>(Json());
    if (!answer) return say(false, cat({name, " does not answer (", answer.error().what, ")"}));
    if (answer->status != 200 || !body || !body->at("newOrder").text())
      return say(false, cat({url, " is not a directory of a CA (status ", answer->status, ")"}));
    const Json meta = body->at("meta");
    const std::string terms = cleaned_text(meta.at("termsOfService").text().value_or(""));
    std::string line = cat({name, " answers"});
    if (!terms.empty()) line += cat({"; its terms are ", terms});
    std::string profiles;
    const Json known = meta.at("profiles");
    for (std::size_t i = 0; i < std::min(known.size(), kMaxProfiles); ++i)
      profiles += cat({" ", cleaned_text(known.name(i))});
    if (!profiles.empty()) line += cat({"; its profiles are", profiles});
    if (!renewal_info_url(*answer).empty()) line += "; it says when to renew (ARI)";
    say(true, line);
    if (!authority.profile.empty() && known.is_object() && !known.at(authority.profile).text())
      say(false, cat({name, " has no profile \"", authority.profile, "\""}));
    if (meta.at("externalAccountRequired").boolean().value_or(false) &&
        authority.external_id.empty())
      say(false, cat({name, " wants an external account (eab-kid, eab-key)"}));
    if (const auto date = parse_http_date(answer->header("Date"))) {
      const std::string clock = clock_line(
          std::chrono::duration_cast<std::chrono::seconds>(system_clock().wall() - *date));
      say(clock.empty(),
          clock.empty() ? cat({"the clock of this machine is that of ", name}) : clock);
    }
  }

  void check(const std::string& name, const PortToken& token, bool can_ask) {
    const std::vector<int> ports = asked_ports(name);
    if (ports.empty())
      return say(true, cat({name, ": the CA asks for it by dns-01, which needs no port"}));
    if (!is_address_name(name) && !leads_here(name)) return;
    if (!can_ask) return;
    bool is_reached = has_way(name, AcmeChallenge::kDns);
    for (const int number : ports) {
      // OwnPorts answers without TLS.
      const bool is_plain =
          number == kAskedHttpPort || own_ports_->all() || own_ports_->has(number);
      const PortAnswer said =
          port_answer(fetch(port_question(name, number, !is_plain, token)), token);
      const std::string port = cat({"port ", number, " of ", name, ": "});
      if (said.is_here) {
        is_reached = true;
        say(true, cat({port, own_ports_->has(number) || own_ports_->all()
                                 ? "it leads here (no server has it now, and this command answered)"
                                 : "this server answers"}));
      } else {
        print(false, cat({port, said.text,
                          said.is_other             ? ""
                          : own_ports_->has(number) ? "; is it open in the firewall, and passed on?"
                                                    : closed_reason(number)}));
      }
    }
    // One reachable port is enough, and before the first certificate https cannot answer.
    if (!is_reached) status_ = 1;
  }

  // The reason why this command does not answer on the port itself.
  std::string closed_reason(int port) const {
    for (const OwnPorts::Closed& one : own_ports_->closed())
      if (one.port == port) return cat({"; it could not be opened here: ", one.why});
    return "; the server has to run, and to listen there";
  }

  bool leads_here(const std::string& name) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int rc = ::getaddrinfo(name.c_str(), nullptr, &hints, &found); rc != 0) {
      say(false, cat({name, " has no address (", ::gai_strerror(rc), ")"}));
      return false;
    }
    const std::vector<Address> here = own_addresses_of_host();
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      const std::string ip = Address::from_sockaddr(*one->ai_addr).ip();
      const bool is_here =
          std::ranges::any_of(here, [&](const Address& own) { return own.ip() == ip; });
      // Another address is no fault by itself: the server may be behind a router.
      print(
          true,
          cat({name, " leads to ", ip,
               is_here ? ", which is this machine"
                       : ", which is not an address of this machine; does a router pass it on?"}));
    }
    ::freeaddrinfo(found);
    return true;
  }

  const Config& config_;
  Loop loop_{0, system_clock()};
  Fetcher fetcher_{loop_};
  std::optional<OwnPorts> own_ports_;  // destroyed before the loop
  int status_ = 0;
};

}  // namespace

int check_https(const Options& options) {
  const auto loaded = load_config_file(options.config_file, LoadOptions{true});
  if (!loaded) {
    write_console(STDERR_FILENO, cat({"icecast-lb: ", loaded.error().what, "\n"}));
    return 1;
  }
  return HttpsCheck(*loaded->config).run();
}

}  // namespace lb
