// A server for tests of clients: a listening socket of 127.0.0.1, driven by the test's own loop.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/loop/loop.h"
#include "net/socket/transport.h"

namespace lb::test {

// Every accepted connection answers its first complete head with answers[i] (the last one again and
// again), and closes if `close_after`.
class Loopback {
 public:
  explicit Loopback(Loop& loop)
      : loop_(loop), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* name = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd_.get(), name, size) != 0 || ::listen(fd_.get(), 64) != 0 ||
        ::getsockname(fd_.get(), name, &size) != 0)
      std::abort();
    port = ntohs(address.sin_port);
    watch_.start<&Loopback::on_connection>(loop, fd_.get(), EV_READ, this);
  }

  std::uint16_t port = 0;
  std::vector<std::string> answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  bool close_after = true;
  std::vector<std::string> requests;  // the heads

  // To the connection that came last.
  void send(std::string_view text) {
    if (!connections_.empty()) connections_.back()->send(text);
  }
  void close_all() { connections_.clear(); }
  std::size_t connections() const { return connections_.size(); }

 private:
  struct Connection {
    Connection(Loopback& server, int accepted) : owner(server), fd(accepted) {
      watch.start<&Connection::on_readable>(owner.loop_, fd.get(), EV_READ, this);
    }
    void send(std::string_view text) {
      [[maybe_unused]] const auto n = ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    }
    void on_readable(short) {
      char buffer[4096];
      const auto n = ::recv(fd.get(), buffer, sizeof buffer, 0);
      if (n <= 0) {
        watch.stop();
        closed = true;
        return;
      }
      head.append(buffer, static_cast<std::size_t>(n));
      if (answered || head.find("\r\n\r\n") == std::string::npos) return;
      answered = true;
      owner.requests.push_back(head);
      const std::size_t i = std::min(owner.requests.size(), owner.answers.size()) - 1;
      send(owner.answers[i]);
      if (owner.close_after) {
        watch.stop();
        fd.reset();
      }
    }
    Loopback& owner;
    UniqueFd fd;
    std::string head;
    bool answered = false, closed = false;
    Watch watch;
  };
  void on_connection(short) {
    const int accepted = ::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted >= 0) connections_.push_back(std::make_unique<Connection>(*this, accepted));
  }

  Loop& loop_;
  UniqueFd fd_;
  Watch watch_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace lb::test
