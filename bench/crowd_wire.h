// Wire: one connection of a simulated listener or node: sends a request, hands out what comes back.
// Thread: the loop's.
// Ownership: the caller; a wire that is destroyed or closed calls no callback.
#pragma once

#include <netinet/in.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "net/loop/loop.h"

namespace lb {

struct Endpoint {
  std::string host;  // an IPv4 literal
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};
// "127.0.0.11:8000"; port 0: not understood.
Endpoint endpoint_of(std::string_view text);
std::string to_text(const Endpoint& endpoint);

class Wire {
 public:
  // "": nothing could be had there, or it ended.
  using OnBytes = std::function<void(std::string_view)>;
  explicit Wire(Loop& loop) : loop_(loop) {}

  // source: the last two bytes of the 127.0.x.y that it comes from.
  void open(const Endpoint& to, std::uint16_t source, std::string request, OnBytes on_bytes);
  void close();
  bool is_open() const noexcept { return static_cast<bool>(fd_); }

 private:
  void on_ready(short events);
  void fail();
  Loop& loop_;
  UniqueFd fd_;
  Watch watch_;
  std::string request_;
  OnBytes on_bytes_;
};

}  // namespace lb
