// sendfile-loop: the least that a server of this kind can cost.  One source's bytes go into a
// memfd; at each pulse one thread calls sendfile(2) once for every listener, and nothing else: no
// parsing of requests, no mounts, no limits, no logs, no timers for each listener.  bench/run.py
// compares the servers with it at the same pulse. A request that starts with "SOURCE" or "PUT" is
// the source, every other one a listener, which gets a reply head and a burst.  "listening PORT"
// goes to stderr; SIGTERM ends it. Thread: one.  The log only grows, so a page that the kernel
// still holds is never changed.
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "tools/common.h"

namespace lb {
namespace {

constexpr std::string_view kSourceReply = "HTTP/1.0 200 OK\r\n\r\n";
constexpr std::string_view kListenerReply = "HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n";

class SendfileLoop {
 public:
  SendfileLoop(const Address& at, std::uint64_t pulse_ns, std::int64_t burst)
      : pulse_ns_(pulse_ns),
        burst_(burst),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        listen_(socket(at.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
        log_(memfd_create("sendfile-loop", MFD_CLOEXEC)) {
    const int yes = 1;
    setsockopt(listen_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listen_.get(), at.get(), at.size) != 0) die_errno("bind");
    if (listen(listen_.get(), 4096) != 0) die_errno("listen");
    watch(listen_.get());
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    getsockname(listen_.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    print_line(2, "listening " + std::to_string(ntohs(bound.sin_port)));
  }

  [[noreturn]] void run() {
    std::uint64_t next_pulse = now_ns() + pulse_ns_;
    for (;;) {
      const std::uint64_t now = now_ns();
      if (now >= next_pulse) {
        pulse();
        next_pulse = std::max(next_pulse + pulse_ns_, now);
      }
      wait(next_pulse > now ? next_pulse - now : 0);
    }
  }

 private:
  struct Listener {
    UniqueFd fd;
    off_t at;
  };

  void watch(int fd) {
    epoll_event event{EPOLLIN, {.fd = fd}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }

  void wait(std::uint64_t ns) {
    const timespec timeout{static_cast<time_t>(ns / kSecond), static_cast<long>(ns % kSecond)};
    std::array<epoll_event, 256> events{};
    const int count = epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   &timeout, nullptr);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listen_.get()) {
        take_new();
      } else if (fd == source_.get()) {
        read_source();
      } else {
        read_request(fd);
      }
    }
  }

  void take_new() {
    for (;;) {
      const int fd = accept4(listen_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int yes = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      watch(fd);
    }
  }

  void read_request(int fd) {
    const ssize_t got = recv(fd, in_.data(), in_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    UniqueFd owner(fd);
    if (got <= 0) return;
    const char first = in_[0];
    const bool is_source = first == 'S' || (first == 'P' && got > 1 && in_[1] == 'U');
    const std::string_view reply = is_source ? kSourceReply : kListenerReply;
    if (send(fd, reply.data(), reply.size(), MSG_NOSIGNAL) < 0) return;
    if (is_source) {
      source_ = std::move(owner);
      return;
    }
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    listeners_.push_back({std::move(owner), std::max<off_t>(0, end_ - burst_)});
    deliver(listeners_.back());
  }

  void read_source() {
    const ssize_t got = recv(source_.get(), in_.data(), in_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return source_.reset();
    if (pwrite(log_.get(), in_.data(), static_cast<std::size_t>(got), end_) != got) {
      die_errno("write to the log");
    }
    end_ += got;
  }

  void pulse() {
    if (end_ == at_last_pulse_) return;
    at_last_pulse_ = end_;
    for (Listener& listener : listeners_) deliver(listener);
    std::erase_if(listeners_, [](const Listener& listener) { return !listener.fd; });
  }

  // What does not fit waits for the next pulse.
  void deliver(Listener& listener) const {
    if (listener.at == end_) return;
    const auto left = static_cast<std::size_t>(end_ - listener.at);
    if (sendfile(listener.fd.get(), log_.get(), &listener.at, left) < 0 && errno != EAGAIN) {
      listener.fd.reset();
    }
  }

  std::uint64_t pulse_ns_;
  off_t burst_;
  UniqueFd epoll_, listen_, log_, source_;
  off_t end_ = 0;
  off_t at_last_pulse_ = 0;
  std::vector<Listener> listeners_;
  std::array<char, 65536> in_{};
};

}  // namespace
}  // namespace lb

int main(int argc, char** argv) {
  const lb::Options options(argc, argv,
                            "sendfile-loop: the lower bound that servers are compared with",
                            {{"at", "127.0.0.1:0", "address and port; 0: the system chooses"},
                             {"pulse", "750", "milliseconds between two deliveries"},
                             {"burst", "65536", "bytes for a new listener"}});
  signal(SIGPIPE, SIG_IGN);  // sendfile(2) knows no MSG_NOSIGNAL
  lb::need_descriptors(16384);
  const auto pulse_ns = static_cast<std::uint64_t>(std::max(1.0, options.number("pulse")) * 1e6);
  lb::SendfileLoop loop(lb::parse_address(options.text("at")), pulse_ns, options.count("burst"));
  loop.run();
}
