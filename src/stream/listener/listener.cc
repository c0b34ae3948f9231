#include "stream/listener/listener.h"

#include <poll.h>

#include <array>

#include "http/access_line.h"
#include "http/message.h"
#include "stream/listener/fanout.h"

namespace lb {
namespace {

// Longer texts are cut, because an access line has at most 1023 bytes.
constexpr std::size_t kLongestFact = 1023;

}  // namespace

RequestFacts::RequestFacts(std::string_view request, std::string_view referer,
                           std::string_view user_agent, std::string_view user) {
  const auto cut = [](std::string_view text) { return text.substr(0, kLongestFact); };
  request = cut(request);
  referer = cut(referer);
  user_agent = cut(user_agent);
  user = cut(user);
  text_.reserve(request.size() + referer.size() + user_agent.size() + user.size());
  text_.append(request).append(referer).append(user_agent).append(user);
  request_ = static_cast<std::uint16_t>(request.size());
  referer_ = static_cast<std::uint16_t>(referer.size());
  agent_ = static_cast<std::uint16_t>(user_agent.size());
  user_ = static_cast<std::uint16_t>(user.size());
}

RequestFacts::RequestFacts(const Request& request, std::string_view user)
    : RequestFacts(access_request(request), request.headers.get("referer"),
                   request.headers.get("user-agent"), user) {}

AccessFacts RequestFacts::access(std::string_view ip, std::uint64_t bytes_sent,
                                 SteadyTime::duration lasted) const {
  return {.ip = ip,
          .user = user(),
          .request = request(),
          .bytes_sent = bytes_sent,
          .referer = referer(),
          .user_agent = user_agent(),
          .seconds = std::chrono::duration_cast<std::chrono::seconds>(lasted).count()};
}

Listener::Listener(std::uint64_t id_given, std::unique_ptr<Transport> transport_given,
                   RequestFacts facts_given)
    : id(id_given), transport(std::move(transport_given)), facts(std::move(facts_given)) {}

void Listener::on_socket(short events) { fanout->on_socket(*this, events); }

bool Listener::take_input(SteadyTime now) {
  std::array<std::byte, 2048> ignored;
  const IoResult result = transport->read(ignored);
  // A half-closed client (`nc`) keeps listening, as with Icecast.  A closed client looks the same
  // here, but resets the connection once bytes are sent.
  if (result.status == IoStatus::kEof) {
    pollfd broken{transport->fd(), 0, 0};
    if (::poll(&broken, 1, 0) == 1 && (broken.revents & (POLLERR | POLLHUP)) != 0) return false;
    if (hung_up == SteadyTime{}) hung_up = now;
    watch.want(static_cast<short>(watch.wanted() & ~EV_READ));
  }
  return result.status != IoStatus::kError;
}

void Listener::want_write(bool wanted) {
  if (((watch.wanted() & EV_WRITE) != 0) == wanted) return;
  watch.want(static_cast<short>(watch.wanted() ^ EV_WRITE));
}

}  // namespace lb
