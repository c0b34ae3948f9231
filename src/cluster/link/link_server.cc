#include "cluster/link/link_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/cat.h"
#include "base/strings.h"
#include "cluster/link/frame.h"
#include "http/parser.h"
#include "net/loop/shortage.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr int kAcceptsAWake = 16;
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

// -- too many failures -------------------------------------------------------------------------

FailureGuard::Row& FailureGuard::row(Key key) {
  const auto [at, fresh] = rows_.try_emplace(key);
  if (!fresh) return at->second;
  order_.push_back(std::move(key));
  // The oldest row is dropped, against a flood of addresses.
  if (order_.size() > kMaxRows) {
    rows_.erase(order_.front());
    order_.pop_front();
  }
  return at->second;
}

bool FailureGuard::allows(const Address& peer, std::string_view id, SteadyTime now) const {
  const auto at = rows_.find({peer.bytes(), std::string(id)});
  if (at == rows_.end() || at->second.known) return true;
  const auto& failures = at->second.failures;
  return failures.size() < kMaxFailures || now - failures.front() > kWindow;
}

std::size_t FailureGuard::failed(const Address& peer, std::string_view id, SteadyTime now) {
  std::deque<SteadyTime>& times = row({peer.bytes(), std::string(id)}).failures;
  while (!times.empty() && now - times.front() > kWindow) times.pop_front();
  times.push_back(now);
  if (times.size() > kMaxFailures) times.pop_front();
  return times.size();
}

void FailureGuard::succeeded(const Address& peer, std::string_view id) {
  Row& one = row({peer.bytes(), std::string(id)});
  one.known = true;
  one.failures.clear();
}

void FailureGuard::forget_failures() {
  for (auto& [key, row] : rows_) row.failures.clear();
}

// -- one connection in its opening
// -------------------------------------------------------------------

class LinkServer::Opening {
 public:
  Opening(LinkServer& server, std::unique_ptr<Transport> plain)
      : server_(server),
        peer_(plain->peer()),
        begun_(server.loop_.now()),
        deadline_(server.loop_, [this] { fail("took too long", !shaken_); }) {
    const int fd = plain->fd();
    auto accepted =
        TlsPskServer::accept(server.tls_, std::move(plain),
                             [this](std::string_view id) { return server_.key_of(id, peer_); });
    tls_ = std::move(accepted.transport);
    identity_ = std::move(accepted.identity);
    deadline_.after(kForOpening);
    if (tls_) watch_.start<&Opening::on_socket>(server.loop_, fd, EV_READ, this);
  }
  const Address& peer() const noexcept { return peer_; }
  SteadyTime begun() const noexcept { return begun_; }
  bool claims_nothing() const noexcept { return !identity_ || identity_->empty(); }
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

  // The empty buffer of a new socket always has space for an answer.
  bool answer(std::string_view text) {
    iovec part{};
    part.iov_base = const_cast<char*>(text.data());
    part.iov_len = text.size();
    const IoResult result = tls_->write_v({&part, 1}, false);
    return result.status == IoStatus::kDone && result.bytes == text.size() &&
           tls_->flush() == IoStatus::kDone;
  }

  void hand_over(std::string leftover) {
    server_.callbacks_.connected(*identity_, std::move(tls_), std::move(leftover));
    done();
  }

  void shaking_failed() {
    // A connection that closes before its id is usually a port scan and is not logged.
    if (identity_->empty() && tls_->was_cut()) {
      done();
      return;
    }
    fail("TLS: " + tls_->problem(), tls_->was_cut());
  }
  // cut: the connection broke in its handshake without an error.
  void fail(const std::string& why, bool cut = false) {
    const std::string id = identity_ ? *identity_ : std::string();
    if (cut && server_.is_node(id))
      server_.handshake_cut(peer_, id, why);
    else
      server_.opening_failed(peer_, id, shaken_, why);
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
  Deadline deadline_;
};

LinkServer::LinkServer(Loop& loop, Log& log, std::shared_ptr<const ListenSocket> socket,
                       Callbacks callbacks)
    : loop_(loop),
      log_(log),
      socket_(std::move(socket)),
      callbacks_(std::move(callbacks)),
      pause_(loop, [this] { watch_.want(EV_READ); }) {
  auto tls = TlsPskServer::make(callbacks_.find_key);
  if (!tls) {
    log_.error("cluster/link", tls.error().what + "; no node can be linked");
    return;
  }
  tls_ = std::move(*tls);
  watch_.start<&LinkServer::on_ready>(loop_, socket_->fds->front().get(), EV_READ, this);
}

LinkServer::~LinkServer() = default;

bool LinkServer::make_room() {
  if (openings_.size() < kMaxOpenings) return true;
  if (loop_.now() - openings_.front()->begun() < kLeastTime) {
    watch_.want(0);
    pause_.after(kPauseWithoutRoom);
    return false;
  }
  if (unsigned held = 0; guard_.pass(loop_.now(), held))
    log_.warn("cluster/link",
              cat({"cluster-port: ", kMaxOpenings,
                   " connections are on their way to become links; the oldest, from ",
                   openings_.front()->peer().ip(), ", has been closed"}));
  openings_.front()->give_up();
  return true;
}

// Ends the oldest connection of an address where strangers have failed too often: a node at that
// address completes its handshake well before.
void LinkServer::make_room_of(const Address& peer) {
  if (failures_.allows(peer, "", loop_.now())) return;
  Opening* oldest = nullptr;
  std::size_t count = 0;
  for (const auto& each : openings_) {
    if (each->peer().bytes() != peer.bytes() || !each->claims_nothing()) continue;
    if (oldest == nullptr) oldest = each.get();
    ++count;
  }
  if (count >= kMaxOfShut) oldest->give_up();
}

// nullopt, as for an unknown id, if this id has failed too often from there.
std::optional<std::string> LinkServer::key_of(std::string_view id, const Address& peer) {
  if (!failures_.allows(peer, id, loop_.now())) return std::nullopt;
  return callbacks_.find_key(id);
}

void LinkServer::on_ready(short) {
  for (int i = 0; i < kAcceptsAWake; ++i) {
    // Only the first is known to be queued, and no connection ends without a successor.
    if (i > 0 && openings_.size() >= kMaxOpenings) return;
    if (!make_room()) return;
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    UniqueFd fd(::accept4(socket_->fds->front().get(), reinterpret_cast<sockaddr*>(&address), &size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
      if (errno != EAGAIN) note_shortage();
      return;
    }
    const Address peer = Address::from_sockaddr(reinterpret_cast<sockaddr&>(address));
    make_room_of(peer);
    openings_.push_back(
        std::make_unique<Opening>(*this, std::make_unique<PlainTransport>(std::move(fd), peer)));
  }
}

void LinkServer::opening_done(Opening& opening) {
  const auto at = std::find_if(openings_.begin(), openings_.end(),
                               [&](const auto& each) { return each.get() == &opening; });
  if (at == openings_.end()) return;
  // The opening is running its own callback.
  auto gone = std::make_shared<std::unique_ptr<Opening>>(std::move(*at));
  openings_.erase(at);
  loop_.post([gone = std::move(gone)] {});
}

void LinkServer::node_linked(const std::string& id, const Address& peer) {
  failures_.succeeded(peer, id);
}

void LinkServer::node_failed(const std::string& id, const Address& peer, const std::string& why) {
  log_failure(cat({"node ", id, " (", peer.ip(), ")"}), "is refused: " + why,
              failures_.failed(peer, id, loop_.now()));
}

bool LinkServer::is_node(const std::string& id) const {
  return !id.empty() && callbacks_.find_key(id).has_value();
}

// A broken handshake is no guess, so an unstable network shuts no node out.
void LinkServer::handshake_cut(const Address& peer, const std::string& id, const std::string& why) {
  unsigned held = 0;
  if (guard_.pass(loop_.now(), held))
    log_failure(cat({"node ", id, " from ", peer.ip(), ":"}), "its handshake was cut off: " + why,
                0);
}

void LinkServer::opening_failed(const Address& peer, const std::string& id, bool proved,
                                const std::string& why) {
  const SteadyTime now = loop_.now();
  const bool of_node = is_node(id);
  const bool shut = !failures_.allows(peer, of_node ? id : "", now);
  const std::size_t times = failures_.failed(peer, of_node ? id : "", now);
  // For a node the first failure is logged, and the one that shuts it out.
  const bool secret_is_wrong = of_node && !proved;
  if (secret_is_wrong && !shut && (times == 1 || times == FailureGuard::kMaxFailures)) {
    log_failure(cat({"node ", id, " from ", peer.ip(), ":"}),
                cat({"its secret is not that of <node id=\"", id, "\"> here (", times,
                     times == 1 ? " time; " : " times; ", why, ")"}),
                times);
    return;
  }
  unsigned held = 0;
  if (secret_is_wrong || shut || !(times == FailureGuard::kMaxFailures || guard_.pass(now, held)))
    return;
  log_failure(peer.ip(),
              cat({"is not a node: ", id.empty() || proved ? "" : cat({"as \"", id, "\": "}), why,
                   held > 0 ? cat({" (and ", held, " more)"}) : ""}),
              times);
}

void LinkServer::log_failure(const std::string& who, std::string what, std::size_t times) {
  if (times >= FailureGuard::kMaxFailures)
    what += cat({"; it has failed ", FailureGuard::kMaxFailures,
                 " times within a minute and is refused until that is over"});
  log_.warn("cluster/link", cat({"cluster-port: ", who, " ", what}));
}

}  // namespace lb
