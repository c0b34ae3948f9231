#include "cluster/link/link_client.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "cluster/link/frame.h"
#include "http/text.h"
#include "net/address/host_name.h"
#include "net/tls/tls_psk.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kConnectDeadline = 5s;
constexpr auto kHeadDeadline = 5s;
constexpr int kSwitching = 101;

std::string host_port(const ConnectTarget& target) {
  return cat({url_host(target.host), ":", target.port});
}

ConnectTarget over_tls(ConnectTarget target) {
  target.tls = true;
  return target;
}

}  // namespace

std::string link_request(const ConnectTarget& target, std::string_view user_agent,
                         std::string_view credentials) {
  std::string head = cat({"GET /admin/cluster HTTP/1.1\r\nHost: ", host_port(target),
                          "\r\nUser-Agent: ", without_controls(user_agent),
                          "\r\nConnection: Upgrade\r\nUpgrade: ", kLinkProtocol, "\r\n"});
  if (!credentials.empty())
    head += cat({"Authorization: Basic ", base64_encode(credentials), "\r\n"});
  return head + "\r\n";
}

LinkClient::LinkClient(Loop& loop, Resolver& resolver, Log& log, Rng& rng, LinkTarget target,
                       Callbacks callbacks)
    : log_(log),
      rng_(rng),
      target_(std::move(target)),
      callbacks_(std::move(callbacks)),
      connector_(loop, resolver,
                 target_.by_secret
                     ? make_tls_with_psk(target_.id, psk_from_secret(target_.id, target_.secret))
                     : callbacks_.by_certificate),
      again_(loop, [this] { connect(); }) {}

std::string LinkClient::name() const { return host_port(target_.target); }

void LinkClient::connect() {
  again_.cancel();
  ClientRequest request;
  request.target = over_tls(target_.target);
  request.connect_deadline = kConnectDeadline;
  request.head_deadline = kHeadDeadline;
  request.head = link_request(target_.target, callbacks_.user_agent(),
                              target_.by_secret ? "" : cat({target_.id, ":", target_.secret}));
  client_ =
      std::make_unique<Client>(connector_, std::move(request), [this](Result<ClientAnswer> answer) {
        const auto client = std::move(client_);  // it is running this callback
        on_answer(std::move(answer));
      });
}

void LinkClient::stop() {
  again_.cancel();
  client_.reset();
}

void LinkClient::on_answer(Result<ClientAnswer> answer) {
  if (!answer) {
    const std::string& what = answer.error().what;
    const bool by_tls = what.find("(TLS") != std::string::npos;
    failed(!by_tls || !target_.by_secret
               ? what
               : cat({what, ": the master ended the TLS handshake: the secret of <node id=\"",
                      target_.id, "\"> there may differ, or the master refuses ", target_.id,
                      " from this address for a minute, after five failures"}));
    return;
  }
  const Response& response = answer->response;
  if (response.status != kSwitching ||
      !iequals(trim(response.headers.get("upgrade")), kLinkProtocol)) {
    const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(
        kNoLinkThere * (0.75 + rng_.unit() / 2));
    if (std::exchange(last_failure_, "no link") != "no link")
      log_.info("cluster/link",
                cat({"master ", name(), ": answered ", response.status,
                     " and has no cluster link; asked again in ", pause.count() / 1000, "s"}));
    again_.after(pause);
    if (callbacks_.no_link) callbacks_.no_link();
    return;
  }
  callbacks_.connected(std::move(answer->transport), std::move(answer->leftover));
}

void LinkClient::failed(const std::string& why) {
  again_after(0ms);
  if (std::exchange(last_failure_, why) != why)
    log_.warn("cluster/link", cat({"master ", name(), ": ", why, "; retrying, the next time in ",
                                   delay_.count(), "ms"}));
}

void LinkClient::lost(bool worked, std::chrono::milliseconds pause) {
  if (worked) {
    delay_ = 0ms;
    last_failure_.clear();
  }
  again_after(pause);
}

void LinkClient::again_after(std::chrono::milliseconds delay) {
  const auto most = std::clamp(target_.retry_max, kFirstRetry, kLongestRetry);
  delay_ = delay_ == 0ms ? kFirstRetry : std::min(delay_ * 2, most);
  const auto least = std::max(std::min(delay, most), delay_);
  again_.after(
      std::chrono::duration_cast<std::chrono::microseconds>(least * (0.75 + rng_.unit() / 4)));
}

}  // namespace lb
