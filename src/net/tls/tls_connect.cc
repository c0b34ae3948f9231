#include "net/tls/tls_connect.h"

#include <string>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

class TlsHandshake final : public Underway {
 public:
  TlsHandshake(Loop& loop, std::unique_ptr<TlsTransport> transport, Connector::Then then)
      : transport_(std::move(transport)),
        then_(std::move(then)),
        first_(loop, [this] { go_on(0); }) {
    if (transport_) watch_.start<&TlsHandshake::go_on>(loop, transport_->fd(), 0, this);
    first_.after(std::chrono::microseconds(0));
  }

 private:
  void go_on(short) {
    if (!transport_) {
      finish(Error::io("cannot be reached (TLS is not available)"));
      return;
    }
    switch (transport_->handshake()) {
      case IoStatus::kDone:
        watch_.stop();
        finish(std::unique_ptr<Transport>(std::move(transport_)));
        return;
      case IoStatus::kAgain:
        break;
      case IoStatus::kEof:
      case IoStatus::kError:
        finish(Error::denied(cat({"cannot be reached (TLS: ", transport_->problem(), ")"})));
        return;
    }
    watch_.want(transport_->flush() == IoStatus::kAgain ? EV_READ | EV_WRITE : EV_READ);
  }
  void finish(Connected result) {
    watch_.stop();
    first_.cancel();
    auto then = std::move(then_);
    then(std::move(result));  // may destroy this
  }

  std::unique_ptr<TlsTransport> transport_;
  Connector::Then then_;
  Watch watch_;
  Timer first_;
};

}  // namespace

std::unique_ptr<Underway> shake_hands(Loop& loop, std::unique_ptr<TlsTransport> transport,
                                      Connector::Then then) {
  return std::make_unique<TlsHandshake>(loop, std::move(transport), std::move(then));
}

Connector::MakeTls make_tls_with(std::shared_ptr<const TlsClientContext> context, bool only_13) {
  return [context = std::move(context), only_13](
             Loop& loop, std::unique_ptr<Transport> plain, const std::string& host,
             Connector::Then then) -> std::unique_ptr<Underway> {
    return shake_hands(loop, context ? context->connect(std::move(plain), host, only_13) : nullptr,
                       std::move(then));
  };
}

}  // namespace lb
