#include "net/socket/connector.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

// A listening socket of 127.0.0.1 that the kernel gave a port.
struct Listening {
  UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::uint16_t port = 0;
  explicit Listening(bool listens = true) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    CHECK(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
    if (listens) CHECK(::listen(fd.get(), 16) == 0);
  }
  // The address that the next connection comes from.
  std::string accept_from() const {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const UniqueFd peer(::accept(fd.get(), reinterpret_cast<sockaddr*>(&from), &size));
    return peer ? Address::from_sockaddr(reinterpret_cast<const sockaddr&>(from)).ip() : "(nobody)";
  }
};

// A transport that stands for TLS over another.
class Wrapped final : public Transport {
 public:
  explicit Wrapped(std::unique_ptr<Transport> below) : below_(std::move(below)) {}
  IoResult read(std::span<std::byte> into) noexcept override { return below_->read(into); }
  IoResult write_v(std::span<const iovec> parts, bool more) noexcept override {
    return below_->write_v(parts, more);
  }
  IoResult send_file(int fd, std::uint64_t at, std::size_t n) noexcept override {
    return below_->send_file(fd, at, n);
  }
  bool can_send_file() const noexcept override { return false; }
  int fd() const noexcept override { return below_->fd(); }
  const Address& peer() const noexcept override { return below_->peer(); }
  void shut_down_write() noexcept override { below_->shut_down_write(); }
  void limit_unsent(std::size_t bytes) noexcept override { below_->limit_unsent(bytes); }

 private:
  std::unique_ptr<Transport> below_;
};

}  // namespace

TEST_GROUP(Connector) {
  Loop loop{0, system_clock()};
  std::vector<Address> addresses;
  std::unique_ptr<Resolver> resolver =
      std::make_unique<Resolver>(loop, [this](const std::string& name) -> Resolver::Answer {
        if (addresses.empty()) return Error::not_found("host " + name + ": no address");
        return addresses;
      });
  Connector connector{loop, *resolver};
  std::optional<Connected> result;
  std::unique_ptr<Underway> attempt;

  void begin(Connector & by, ConnectTarget target, std::chrono::milliseconds deadline = 5s) {
    attempt = by.connect(std::move(target), deadline, [this](Connected connected) {
      result.emplace(std::move(connected));
      attempt.reset();  // as its owners do
    });
    CHECK(!result);
  }
  void wait() {
    while (!result) loop.run_once(true);
  }
  static ConnectTarget to(std::string host, std::uint16_t port) {
    return {std::move(host), port, false, ""};
  }
};

TEST(Connector, ConnectsToALiteralAddress) {
  const Listening server;
  begin(connector, to("127.0.0.1", server.port));
  wait();
  CHECK(result->has_value());
  LONGS_EQUAL(server.port, (**result)->peer().port());
  STRCMP_EQUAL("127.0.0.1", (**result)->peer().ip().c_str());
  STRCMP_EQUAL("127.0.0.1", server.accept_from().c_str());
}
TEST(Connector, ConnectsToANameByTryingItsAddressesInOrder) {
  const Listening server;
  // The first two refuse connections; the third is ours.
  addresses = {*Address::parse("127.0.0.2", 0), *Address::parse("127.0.0.3", 0),
               *Address::parse("127.0.0.1", 0)};
  begin(connector, to("radio.example", server.port));
  wait();
  CHECK(result->has_value());
  STRCMP_EQUAL("127.0.0.1", (**result)->peer().ip().c_str());
}
TEST(Connector, ReportsWhyTheLastAddressDidNotWork) {
  const Listening closed(false);
  addresses = {*Address::parse("127.0.0.2", 0), *Address::parse("127.0.0.1", 0)};
  begin(connector, to("radio.example", closed.port));
  wait();
  CHECK(!result->has_value());
  STRCMP_EQUAL("cannot be reached (127.0.0.1: Connection refused)", result->error().what.c_str());
}
TEST(Connector, ReportsThatANameHasNoAddress) {
  begin(connector, to("radio.example", 80));
  wait();
  STRCMP_EQUAL("cannot be reached (host radio.example: no address)", result->error().what.c_str());
  CHECK(result->error().code == Error::Code::kNotFound);
}
TEST(Connector, ConnectsFromTheAddressThatItIsTold) {
  const Listening server;
  ConnectTarget target = to("127.0.0.1", server.port);
  target.bind_address = "127.0.0.9";
  begin(connector, target);
  wait();
  CHECK(result->has_value());
  STRCMP_EQUAL("127.0.0.9", server.accept_from().c_str());
}
TEST(Connector, AnAddressOfAnotherFamilyToConnectFromIsAnError) {
  for (const char* bind : {"::1", "nonsense", "192.0.2.77"}) {
    ConnectTarget target = to("127.0.0.1", 9);
    target.bind_address = bind;
    result.reset();
    begin(connector, target);
    wait();
    STRCMP_EQUAL("cannot be reached (127.0.0.1: Cannot assign requested address)",
                 result->error().what.c_str());
  }
}
TEST(Connector, GivesUpAtTheDeadline) {
  // A backlog that is full: the kernel drops further attempts, and they hang.
  const Listening server(false);
  CHECK(::listen(server.fd.get(), 0) == 0);
  std::vector<UniqueFd> held;
  for (int i = 0; i < 4; ++i) {
    held.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_storage address{};
    const auto size = Address::parse("127.0.0.1", server.port)->to_sockaddr(address);
    ::connect(held.back().get(), reinterpret_cast<const sockaddr*>(&address), size);
  }
  begin(connector, to("127.0.0.1", server.port), 50ms);
  wait();
  CHECK(result->error().code == Error::Code::kTimeout);
  STRCMP_EQUAL("cannot be reached in time", result->error().what.c_str());
}
TEST(Connector, OneDeadAddressDoesNotUseUpTheTimeOfTheNext) {
  const Listening dead(false), live;
  CHECK(::listen(dead.fd.get(), 0) == 0);
  std::vector<UniqueFd> held;
  sockaddr_storage address{};
  const auto size = Address::parse("127.0.0.1", dead.port)->to_sockaddr(address);
  for (int i = 0; i < 4; ++i) {
    held.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ::connect(held.back().get(), reinterpret_cast<const sockaddr*>(&address), size);
  }
  // The same port at another address answers at once, with a refusal; the first one hangs.
  addresses = {*Address::parse("127.0.0.1", 0), *Address::parse("127.0.0.5", 0)};
  const SteadyTime began = loop.now();
  begin(connector, to("radio.example", dead.port), 2s);
  wait();
  CHECK(loop.now() - began < 1900ms);
  // It was asked once more.
  STRCMP_EQUAL("cannot be reached (127.0.0.1: no answer in time)", result->error().what.c_str());
  sockaddr_storage place{};
  const auto bytes = Address::parse("127.0.0.5", dead.port)->to_sockaddr(place);
  const UniqueFd good(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(::bind(good.get(), reinterpret_cast<const sockaddr*>(&place), bytes) == 0);
  CHECK(::listen(good.get(), 4) == 0);
  const SteadyTime then = loop.now();
  result.reset();
  begin(connector, to("radio.example", dead.port), 20s);
  wait();
  CHECK(result->has_value());
  CHECK(loop.now() - then < 10s);  // of two addresses each would have had a half
}
TEST(Connector, WhatIsGivenUpIsNotHeardOf) {
  const Listening server;
  begin(connector, to("127.0.0.1", server.port));
  attempt.reset();
  addresses = {*Address::parse("127.0.0.1", 0)};
  begin(connector, to("radio.example", server.port));
  attempt.reset();
  Timer later(loop, [] {});
  later.after(20ms);
  while (later.armed()) loop.run_once(true);
  CHECK(!result);
}
TEST(Connector, WithoutTlsATargetThatWantsItIsAnError) {
  for (const char* host : {"127.0.0.1", "radio.example"}) {
    ConnectTarget target = to(host, 443);
    target.tls = true;
    result.reset();
    begin(connector, target);
    wait();
    STRCMP_EQUAL("cannot be reached (TLS is not available)", result->error().what.c_str());
    CHECK(result->error().code == Error::Code::kUnsupported);
  }
}
TEST(Connector, MakesTlsForTheNameThatWasAskedFor) {
  const Listening server;
  std::string name;
  struct Shaking final : Underway {
    Timer timer;
    Shaking(Loop& on, UniqueFunction<void()> then) : timer(on, std::move(then)) {
      timer.after(1ms);
    }
  };
  Connector with_tls(loop, *resolver,
                     [&](Loop& on, std::unique_ptr<Transport> plain, const std::string& host,
                         Connector::Then then) {
                       name = host;
                       return std::make_unique<Shaking>(
                           on, [plain = std::move(plain), then = std::move(then)]() mutable {
                             then(Connected(std::make_unique<Wrapped>(std::move(plain))));
                           });
                     });
  addresses = {*Address::parse("127.0.0.1", 0)};
  ConnectTarget target = to("radio.example", server.port);
  target.tls = true;
  begin(with_tls, target);
  wait();
  STRCMP_EQUAL("radio.example", name.c_str());
  CHECK(!(**result)->can_send_file());
}
TEST(Connector, AHandshakeCountsIntoTheDeadline) {
  const Listening server;
  int gone = 0;
  struct Never final : Underway {
    int* count;
    explicit Never(int* where) : count(where) {}
    ~Never() override { ++*count; }
  };
  Connector with_tls(loop, *resolver,
                     [&](Loop&, std::unique_ptr<Transport>, const std::string&, Connector::Then) {
                       return std::make_unique<Never>(&gone);
                     });
  ConnectTarget target = to("127.0.0.1", server.port);
  target.tls = true;
  begin(with_tls, target, 50ms);
  wait();
  CHECK(result->error().code == Error::Code::kTimeout);
  LONGS_EQUAL(1, gone);
}
