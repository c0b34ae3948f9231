#include "net/socket/connector.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kLeastShare = 500ms;

}  // namespace

class ConnectAttempt final : public Underway {
 public:
  ConnectAttempt(Connector& connector, ConnectTarget target, std::chrono::milliseconds deadline,
                 Connector::Then then)
      : connector_(connector),
        target_(std::move(target)),
        until_(connector.loop_.now() + deadline),
        then_(std::move(then)),
        name_([this](Resolver::Answer answer) { on_addresses(std::move(answer)); }),
        step_(connector.loop_, [this] { on_step(); }),
        deadline_(connector.loop_, [this] { on_deadline(); }) {
    deadline_.after(deadline);
    if (auto literal = Address::parse(target_.host, target_.port)) {
      addresses_ = {*literal};
      step_.after(0us);
    } else if (target_.tls && !connector_.make_tls_) {
      step_.after(0us);
    } else {
      connector_.resolver_.look_up(target_.host, name_);
    }
  }

 private:
  void on_addresses(Resolver::Answer answer) {
    if (!answer) {
      finish(Error{answer.error().code, cat({"cannot be reached (", answer.error().what, ")"})});
      return;
    }
    for (const Address& address : *answer) addresses_.push_back(address.with_port(target_.port));
    next();
  }

  // The first address is due, or the present one has used up its share of the time.
  void on_step() {
    if (target_.tls && !connector_.make_tls_) {
      finish(Error::unsupported("cannot be reached (TLS is not available)"));
      return;
    }
    if (socket_) {
      why_ = Error::timeout(at_->ip() + ": no answer in time");
      if (!all_tried_) silent_.push_back(*at_);
    }
    next();
  }

  void next() {
    watch_.stop();
    socket_.reset();
    if (addresses_.empty() && !silent_.empty()) {
      addresses_ = std::exchange(silent_, {});
      all_tried_ = true;
    }
    while (!addresses_.empty()) {
      at_ = addresses_.front();
      addresses_.erase(addresses_.begin());
      if (target_.named_by && !may_name(*target_.named_by, reach_of(*at_))) {
        why_ = Error::unsupported(
            cat({at_->ip(), " is ", to_text(reach_of(*at_)), ", to which a server with ",
                 to_text(*target_.named_by), " may not lead; not asked"}));
        continue;
      }
      if (begin(*at_)) return;
    }
    finish(Error{why_.code, cat({"cannot be reached (", why_.what, ")"})});
  }

  // True: the connection is under way.
  bool begin(const Address& address) {
    sockaddr_storage to{};
    const socklen_t size = address.to_sockaddr(to);
    socket_.reset(::socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_ || !bind_to(to.ss_family) ||
        (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), size) != 0 &&
         errno != EINPROGRESS)) {
      why_ = Error::io(cat({address.ip(), ": ", std::strerror(errno)}));
      socket_.reset();
      return false;
    }
    watch_.start<&ConnectAttempt::on_writable>(connector_.loop_, socket_.get(), EV_WRITE, this);
    if (addresses_.empty() && silent_.empty() && !all_tried_) return true;
    SteadyTime::duration share = kLeastShare;
    if (all_tried_)
      share = std::max(share,
                       (until_ - connector_.loop_.now()) / static_cast<int>(addresses_.size() + 2));
    step_.after(share);
    return true;
  }

  bool bind_to(sa_family_t family) {
    if (target_.bind_address.empty()) return true;
    const auto from = Address::parse(target_.bind_address, 0);
    sockaddr_storage local{};
    const socklen_t size = from ? from->to_sockaddr(local) : 0;
    if (!from || local.ss_family != family) {
      errno = EADDRNOTAVAIL;
      return false;
    }
    return ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&local), size) == 0;
  }

  void on_writable(short) {
    int fault = 0;
    socklen_t size = sizeof fault;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &fault, &size);
    step_.cancel();
    if (fault != 0) {
      why_ = Error::io(cat({at_->ip(), ": ", std::strerror(fault)}));
      next();
      return;
    }
    watch_.stop();
    auto plain = std::make_unique<PlainTransport>(std::move(socket_), *at_);
    if (!target_.tls) {
      finish(std::unique_ptr<Transport>(std::move(plain)));
      return;
    }
    handshake_ = connector_.make_tls_(connector_.loop_, std::move(plain), target_.host,
                                      [this](Connected result) { finish(std::move(result)); });
  }

  void on_deadline() {
    finish(Error::timeout("cannot be reached in time" +
                          (why_.what.empty() ? "" : cat({" (", why_.what, ")"}))));
  }

  void finish(Connected result) {
    watch_.stop();
    step_.cancel();
    deadline_.cancel();
    name_.unlink();
    auto then = std::move(then_);
    then(std::move(result));  // may destroy this
  }

  Connector& connector_;
  const ConnectTarget target_;
  const SteadyTime until_;
  Connector::Then then_;
  Resolver::Lookup name_;
  Resolver::Addresses addresses_;  // not yet tried
  Resolver::Addresses silent_;     // no answer in their share; tried again behind the others
  bool all_tried_ = false;
  std::optional<Address> at_;  // under way
  UniqueFd socket_;
  Error why_;  // of the last address that failed
  std::unique_ptr<Underway> handshake_;
  Watch watch_;
  Deadline step_;
  Deadline deadline_;
};

Connector::Connector(Loop& loop, Resolver& resolver, MakeTls make_tls)
    : loop_(loop), resolver_(resolver), make_tls_(std::move(make_tls)) {}

std::unique_ptr<Underway> Connector::connect(ConnectTarget target,
                                             std::chrono::milliseconds deadline, Then then) {
  loop_.assert_here();
  return std::make_unique<ConnectAttempt>(*this, std::move(target), deadline, std::move(then));
}

}  // namespace lb
