#include "bench/crowd_wire.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/strings.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

namespace lb {

Endpoint endpoint_of(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  const auto port = parse_u64(text.substr(colon + 1));
  if (!port || *port > 65535) return {};
  return {std::string(text.substr(0, colon)), static_cast<std::uint16_t>(*port)};
}

std::string to_text(const Endpoint& endpoint) {
  return endpoint.host + ":" + std::to_string(endpoint.port);
}

void Wire::open(const Endpoint& to, std::uint16_t source, std::string request, OnBytes on_bytes) {
  close();
  request_ = std::move(request);
  on_bytes_ = std::move(on_bytes);
  fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_in own{}, server{};
  own.sin_family = server.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(0x7f000000U + source);
  server.sin_port = htons(to.port);
  ::inet_pton(AF_INET, to.host.c_str(), &server.sin_addr);
  ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own);
  ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server);
  watch_.start<&Wire::on_ready>(loop_, fd_.get(), EV_WRITE, this);
}

void Wire::close() {
  watch_.stop();
  fd_.reset();
}

void Wire::fail() {
  close();
  // It may open another one, or destroy this.
  const OnBytes told = on_bytes_;
  told({});
}

void Wire::on_ready(short events) {
  if ((events & EV_WRITE) != 0) {
    const ssize_t n = ::send(fd_.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return;
    if (n != static_cast<ssize_t>(request_.size())) return fail();
    watch_.want(EV_READ);
    return;
  }
  static std::array<char, 65536> bytes;
  const ssize_t n = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) return fail();
  const OnBytes told = on_bytes_;
  told({bytes.data(), static_cast<std::size_t>(n)});
}

}  // namespace lb
