#include "cluster/link_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/strings.h"
#include "cluster/frame.h"
#include "http/parser.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr int kAcceptsAWake = 16;
constexpr auto kPauseWithoutDescriptors = 100ms;
constexpr auto kPauseWithoutRoom = 10ms;

constexpr std::string_view kUpgradeRequired =
    "HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nUpgrade: lbedge-cluster/1\r\n"
    "Content-Length: 0\r\n\r\n";

}  // namespace

bool asks_for_link(const Request& request) {
  if (request.method != Method::kGet || request.path != "/admin/cluster") return false;
  if (request.version_minor < 1) return false;
  if (!iequals(trim(request.headers.get("upgrade")), kLinkProtocol)) return false;
  for (const std::string_view word : split(request.headers.get("connection"), ','))
    if (iequals(trim(word), "upgrade")) return true;
  return false;
}

// -- who fails too often -------------------------------------------------------------------------

bool FailureGuard::allows(const Address& peer, SteadyTime now) {
  const auto at = failures_.find(peer.bytes());
  if (at == failures_.end() || at->second.size() < kMostFailures) return true;
  return now - at->second.front() > kWindow;
}

bool FailureGuard::failed(const Address& peer, SteadyTime now) {
  const auto [at, fresh] = failures_.try_emplace(peer.bytes());
  if (fresh) order_.push_back(peer.bytes());
  std::deque<SteadyTime>& times = at->second;
  while (!times.empty() && now - times.front() > kWindow) times.pop_front();
  times.push_back(now);
  if (times.size() > kMostFailures) times.pop_front();
  const bool shut = times.size() == kMostFailures;
  // A flood of addresses: whoever came first is forgotten.
  if (order_.size() > kMostAddresses) {
    failures_.erase(order_.front());
    order_.pop_front();
  }
  return shut;
}

// -- one connection on its way -------------------------------------------------------------------

class LinkServer::Opening {
 public:
  Opening(LinkServer& server, std::unique_ptr<Transport> plain)
      : server_(server),
        peer_(plain->peer()),
        begun_(server.loop_.now()),
        deadline_(server.loop_, [this] { fail("took too long"); }) {
    const int fd = plain->fd();
    auto accepted = TlsPskServer::accept(server.tls_, std::move(plain));
    tls_ = std::move(accepted.transport);
    identity_ = std::move(accepted.identity);
    deadline_.after(kForOpening);
    if (tls_) watch_.start<&Opening::on_socket>(server.loop_, fd, EV_READ, this);
  }
  const Address& peer() const noexcept { return peer_; }
  SteadyTime begun() const noexcept { return begun_; }
  void give_up() { done(); }

 private:
  void on_socket(short) {
    if (!shaken_) {
      switch (tls_->handshake()) {
        case IoStatus::kDone:
          shaken_ = true;
          break;
        case IoStatus::kAgain:
          watch_.want(tls_->flush() == IoStatus::kAgain ? EV_READ | EV_WRITE : EV_READ);
          return;
        case IoStatus::kEof:
        case IoStatus::kError:
          shaking_failed();
          return;
      }
      watch_.want(EV_READ);
    }
    read();
  }

  void read() {
    std::array<std::byte, 4096> buffer;
    do {
      const IoResult result = tls_->read(buffer);
      if (result.status == IoStatus::kAgain) return;
      if (result.status != IoStatus::kDone) {
        fail("closed the connection before it asked for anything");
        return;
      }
      const std::string_view bytes(reinterpret_cast<const char*>(buffer.data()), result.bytes);
      const std::size_t used = parser_.feed(bytes);
      if (parser_.status() == ParseStatus::kMore) continue;
      const bool asked = parser_.status() == ParseStatus::kDone && asks_for_link(parser_.request());
      if (!answer(asked ? kLinkSwitch : kUpgradeRequired) || !asked) {
        fail(asked ? "broke the connection" : "did not ask for the link, but for something else");
        return;
      }
      hand_over(std::string(bytes.substr(used)));
      return;
    } while (tls_->buffered() > 0);
  }

  // So few bytes always fit into a fresh socket.
  bool answer(std::string_view text) {
    iovec part{};
    part.iov_base = const_cast<char*>(text.data());
    part.iov_len = text.size();
    const IoResult result = tls_->write_v({&part, 1}, false);
    return result.status == IoStatus::kDone && result.bytes == text.size() &&
           tls_->flush() == IoStatus::kDone;
  }

  void hand_over(std::string leftover) {
    server_.doors_.connected(*identity_, std::move(tls_), std::move(leftover));
    done();
  }

  void shaking_failed() {
    // Somebody who only looks whether the port is open has failed in nothing.
    if (identity_->empty() && tls_->ended_cleanly()) {
      done();
      return;
    }
    fail(identity_->empty() ? "TLS: " + tls_->problem()
                            : "as \"" + *identity_ + "\": TLS: " + tls_->problem());
  }
  void fail(const std::string& why) {
    server_.stranger_failed(peer_, why);
    done();
  }
  void done() {
    watch_.stop();
    deadline_.cancel();
    server_.opening_done(*this);
  }

  LinkServer& server_;
  const Address peer_;
  const SteadyTime begun_;
  std::unique_ptr<TlsTransport> tls_;
  std::shared_ptr<const std::string> identity_;
  RequestParser parser_;
  bool shaken_ = false;
  Watch watch_;
  Timer deadline_;
};

LinkServer::LinkServer(Loop& loop, Log& log, std::shared_ptr<const ListenSocket> socket,
                       Doors doors)
    : loop_(loop),
      log_(log),
      socket_(std::move(socket)),
      doors_(std::move(doors)),
      pause_(loop, [this] { watch_.want(EV_READ); }) {
  auto tls = TlsPskServer::make(doors_.find_key);
  if (!tls) {
    log_.error("cluster/link", tls.error().what + "; no node can be linked");
    return;
  }
  tls_ = std::move(*tls);
  watch_.start<&LinkServer::on_ready>(loop_, socket_->fds->front().get(), EV_READ, this);
}

LinkServer::~LinkServer() = default;

bool LinkServer::make_room() {
  if (openings_.size() < kMostOpenings) return true;
  if (loop_.now() - openings_.front()->begun() < kLeastTime) {
    watch_.want(0);
    pause_.after(kPauseWithoutRoom);
    return false;
  }
  if (unsigned held = 0; guard_.pass(loop_.now(), held))
    log_.warn("cluster/link",
              "cluster-port: " + std::to_string(kMostOpenings) +
                  " connections are on their way to become links; the oldest, from " +
                  openings_.front()->peer().ip() + ", has been closed");
  openings_.front()->give_up();
  return true;
}

void LinkServer::on_ready(short) {
  for (int i = 0; i < kAcceptsAWake; ++i) {
    // Only the first is known to be there: nobody is ended for one who has not come.
    if (i > 0 && openings_.size() >= kMostOpenings) return;
    if (!make_room()) return;
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    UniqueFd fd(::accept4(socket_->fds->front().get(), reinterpret_cast<sockaddr*>(&address), &size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
      if (errno == EMFILE || errno == ENFILE) {
        watch_.want(0);
        pause_.after(kPauseWithoutDescriptors);
      }
      return;
    }
    const Address peer = Address::from_sockaddr(reinterpret_cast<sockaddr&>(address));
    if (!failures_.allows(peer, loop_.now())) continue;
    openings_.push_back(
        std::make_unique<Opening>(*this, std::make_unique<PlainTransport>(std::move(fd), peer)));
  }
}

void LinkServer::opening_done(Opening& opening) {
  const auto at = std::find_if(openings_.begin(), openings_.end(),
                               [&](const auto& each) { return each.get() == &opening; });
  if (at == openings_.end()) return;
  // It is under its own callback.
  auto gone = std::make_shared<std::unique_ptr<Opening>>(std::move(*at));
  openings_.erase(at);
  loop_.post([gone = std::move(gone)] {});
}

void LinkServer::node_failed(const std::string& id, const Address& peer, const std::string& why) {
  const bool shut = failures_.failed(peer, loop_.now());
  say_failure("node " + id + " (" + peer.ip() + ") is not taken in: it ", why, shut, 0);
}

void LinkServer::stranger_failed(const Address& peer, const std::string& why) {
  const SteadyTime now = loop_.now();
  const bool shut = failures_.failed(peer, now);
  unsigned held = 0;
  if (shut || guard_.pass(now, held)) say_failure(peer.ip() + " is no node: ", why, shut, held);
}

void LinkServer::say_failure(const std::string& who, const std::string& why, bool shut,
                             unsigned held) {
  std::string text = "cluster-port: " + who + why;
  if (shut)
    text += "; it has failed " + std::to_string(FailureGuard::kMostFailures) +
            " times within a minute and is not heard until that is over";
  if (held > 0) text += " (and " + std::to_string(held) + " more)";
  log_.warn("cluster/link", text);
}

}  // namespace lb
