#include "net/socket/acceptor.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/cat.h"
#include "net/address/bind_address.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// Limits how long a flood of connects keeps a worker from its listeners.
constexpr int kAcceptsAWake = 128;
constexpr int kMaxLost = 32;  // in one wake-up: more failures do not come from single connections
constexpr auto kPause = 100ms;

// The error concerns one connection or its network, so the next accept may succeed.
bool concerns_one(int error) noexcept {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENOPROTOOPT:
      return true;
    default:
      return false;
  }
}

// A wake-up accepts as many connections as the last one found, and so saves the system call that
// finds the queue empty: a connection that is left wakes the worker again.  After this many full
// wake-ups the number is doubled.
constexpr int kWakesToGrow = 8;

// Accepted sockets inherit both options (Linux), which saves two system calls each.
void prepare(int listening) {
  const int on = 1;
  ::setsockopt(listening, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(listening, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

std::string socket_text(const ListenSettings& settings, int port) {
  return cat({"listen-socket ", settings.bind_address.empty() ? "0.0.0.0" : settings.bind_address,
              ":", port});
}

void set_send_buffer(int fd, const ListenSettings& settings) {
  if (settings.so_sndbuf_bytes == 0) return;
  const int bytes = static_cast<int>(settings.so_sndbuf_bytes);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

Result<UniqueFd> bind_one(const ListenSettings& settings, int port, PortUse use) {
  auto fd = bind_socket(SOCK_STREAM, settings.bind_address, port, use);
  if (!fd) return Error{fd.error().code, "listen-socket " + fd.error().what};
  set_send_buffer(fd->get(), settings);
  return fd;
}

// SO_REUSEPORT lets a second server of the same user share the port unnoticed; a plain bind first
// shows whether the port is in use.
Result<void> check_port_is_free(const ListenSettings& settings, int port) {
  if (port == 0) return {};
  if (const auto alone = bind_one(settings, port, PortUse::kAlone); !alone) return alone.error();
  return {};
}

}  // namespace

Result<std::shared_ptr<ListenSocket>> ListenSocket::open(const ListenSettings& settings, int port,
                                                         bool shoutcast, unsigned workers,
                                                         bool closed, bool shared) {
  if (auto free = check_port_is_free(settings, port); !free && !shared) return free.error();
  auto socket = std::make_shared<ListenSocket>();
  socket->settings = settings;
  socket->shoutcast = shoutcast;
  socket->port = port;
  std::vector<UniqueFd> fds;
  for (unsigned i = 0; i < workers; ++i) {
    auto fd = bind_one(settings, socket->port, PortUse::kShared);
    if (!fd) return fd.error();
    if (socket->port == 0) socket->port = bound_port(fd->get());
    fds.push_back(std::move(*fd));
  }
  socket->fds = std::make_shared<const std::vector<UniqueFd>>(std::move(fds));
  // Listening begins when every socket of the group is bound.
  if (closed) return socket;
  if (auto listening = socket->listen(); !listening) return listening.error();
  return socket;
}

std::shared_ptr<ListenSocket> ListenSocket::of(const ListenSettings& settings, int port,
                                               bool shoutcast, std::vector<UniqueFd> fds) {
  auto made = std::make_shared<ListenSocket>();
  made->settings = settings;
  made->shoutcast = shoutcast;
  made->port = port;
  made->fds = std::make_shared<const std::vector<UniqueFd>>(std::move(fds));
  return made;
}

Result<void> ListenSocket::listen() const {
  for (const UniqueFd& fd : *fds)
    if (::listen(fd.get(), settings.backlog) != 0)
      return Error::io(
          cat({socket_text(settings, port), ": cannot listen (", std::strerror(errno), ")"}));
  return {};
}

bool ListenSocket::is_listening() const noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  return !fds->empty() &&
         ::getsockopt(fds->front().get(), SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 &&
         value != 0;
}

std::shared_ptr<const ListenSocket> ListenSocket::with(const ListenSettings& changed) const {
  auto socket = std::make_shared<ListenSocket>(*this);
  socket->settings = changed;
  for (const UniqueFd& fd : *fds) {
    set_send_buffer(fd.get(), changed);
    ::listen(fd.get(), changed.backlog);  // changes the length of the queue
  }
  return socket;
}

Acceptor::Acceptor(Loop& loop, std::shared_ptr<const ListenSocket> socket, ConnectionSink& sink,
                   Log& log, Accept accept)
    : loop_(loop),
      socket_(std::move(socket)),
      sink_(sink),
      log_(log),
      accept_(accept),
      pause_(loop, [this] { watch_.want(EV_READ); }),
      spare_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
  prepare(fd());
  watch_.start<&Acceptor::on_ready>(loop, fd(), EV_READ, this);
}

void Acceptor::close() {
  while (accept_some()) {
  }
  ::shutdown(fd(), SHUT_RDWR);
}

void Acceptor::on_ready(short) { accept_some(); }

bool Acceptor::accept_some() {
  int lost = 0;
  for (int got = 0; got < accepts_;) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    UniqueFd taken(
        accept_(fd(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!taken) {
      const int error = errno;
      const bool none_left = error == EAGAIN || error == EWOULDBLOCK;
      if (!none_left && concerns_one(error) && ++lost < kMaxLost) continue;
      accepts_ = std::max(1, got);
      wakes_ = 0;
      if (!none_left) failed(error);
      return false;
    }
    ++got;
    if (logged_) works_again();
    const Address peer = Address::from_sockaddr(reinterpret_cast<sockaddr&>(address));
    sink_.accepted(std::make_unique<PlainTransport>(std::move(taken), peer), socket_);
  }
  if (++wakes_ >= kWakesToGrow) {
    accepts_ = std::min(2 * accepts_, kAcceptsAWake);
    wakes_ = 0;
  }
  return true;
}

// The listening socket stays readable, so returning at once would spin.
void Acceptor::failed(int error) {
  const bool descriptors = error == EMFILE || error == ENFILE;
  const bool made_room = descriptors && sink_.make_room();  // the next round accepts
  const bool refused = descriptors && !made_room && refuse_one();
  ++failures_;
  if (unsigned held = 0; !logged_ && guard_.pass(loop_.now(), held)) {
    logged_ = true;
    failures_ = 1;
    failing_since_ = loop_.now();
    log_.warn(
        "net/acceptor",
        cat({socket_text(socket_->settings, socket_->port), ": cannot accept connections (",
             std::strerror(error), ", errno ", error, "); ",
             made_room ? "an idle connection was ended to make room"
             : refused ? "one was refused with 503, the others wait for 100 ms at a time"
                       : "they wait for 100 ms at a time",
             descriptors ? "; raise the limit of file descriptors (ulimit -n, LimitNOFILE)" : ""}));
  }
  if (made_room) return;
  watch_.want(0);
  pause_.after(kPause);
}

bool Acceptor::refuse_one() {
  spare_.reset();
  UniqueFd taken(accept_(fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (taken) {
    static constexpr char kFull[] =
        "HTTP/1.0 503 Service Unavailable\r\nConnection: Close\r\nRetry-After: 5\r\n\r\n";
    [[maybe_unused]] const auto n = ::send(taken.get(), kFull, sizeof kFull - 1, MSG_NOSIGNAL);
  }
  const bool told = static_cast<bool>(taken);
  taken.reset();
  spare_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return told;
}

void Acceptor::works_again() {
  // A success between two failures of one shortage is not logged: it would fill the log.
  if (loop_.now() - failing_since_ < kPause) return;
  logged_ = false;
  const auto lasted =
      std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - failing_since_);
  log_.info("net/acceptor", cat({socket_text(socket_->settings, socket_->port),
                                 ": accepts connections again after ", lasted.count(), " ms and ",
                                 failures_, " failed attempts"}));
}

}  // namespace lb
