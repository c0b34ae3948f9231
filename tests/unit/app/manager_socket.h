// The service manager's end of NOTIFY_SOCKET.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstring>
#include <string>

#include "base/unique_fd.h"

namespace lb::test {

class ManagerSocket {
 public:
  // abstract: no file; the name begins with '@'.
  explicit ManagerSocket(bool abstract = false)
      : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    static int number = 0;
    name_ = (abstract ? "@lb-notify-" : "/tmp/lb-notify-") + std::to_string(::getpid()) + "-" +
            std::to_string(++number);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name_.data(), name_.size());
    if (abstract) address.sun_path[0] = '\0';
    ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address),
           static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size()));
  }
  ~ManagerSocket() {
    if (name_[0] == '/') ::unlink(name_.c_str());
  }

  const std::string& name() const { return name_; }
  // The next message; "" if none comes in time.
  std::string next(std::chrono::milliseconds patience) {
    pollfd ready{fd_.get(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(patience.count())) != 1) return "";
    std::string text(4096, '\0');
    const auto n = ::recv(fd_.get(), text.data(), text.size(), 0);
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }

 private:
  UniqueFd fd_;
  std::string name_;
};

}  // namespace lb::test
