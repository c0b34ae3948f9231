// How many answers a second a server gives to listeners that ask once and go, each on a connection
// of its own.
//   redirect-rate HOST PORT PATH THREADS CONNECTIONS SECONDS
// Each thread keeps CONNECTIONS requests under way. Every listener has a player of its own (one
// that comes back is served by the master itself), and the connections come from 127.0.2.1 …
// 127.0.2.16: from 127.0.0.1 it might be a relay, and the ports of one address would run out. What
// counts is a head with status 302 and the end of the connection behind it.  Prints a JSON line.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

constexpr std::uint32_t kSources = 16;
constexpr std::size_t kHeadPart = 64;

struct Plan {
  sockaddr_in server{};
  std::string host, path;
  unsigned connections = 0;
  Clock::time_point end{};
};

struct Tally {
  std::uint64_t redirects = 0, others = 0, failed = 0;
  std::vector<float> ms;
};

struct Listener {
  int fd = -1;
  bool sent = false;
  std::string head;
  Clock::time_point begun{};
};

class Crowd {
 public:
  explicit Crowd(const Plan& plan)
      : plan_(plan),
        next_(std::random_device{}() * 1'000'000ULL),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
  ~Crowd() {
    for (const Listener& listener : listeners_)
      if (listener.fd >= 0) ::close(listener.fd);
    ::close(epoll_);
  }

  Tally run() {
    listeners_.resize(plan_.connections);
    for (unsigned i = 0; i < plan_.connections; ++i) begin(i);
    std::vector<epoll_event> events(512);
    while (Clock::now() < plan_.end) {
      const int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 20);
      for (int i = 0; i < n; ++i) go_on(events[static_cast<std::size_t>(i)].data.u32);
    }
    return std::move(tally_);
  }

 private:
  void begin(unsigned at) {
    Listener& listener = listeners_[at];
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(0x7f000201 + static_cast<std::uint32_t>(next_++ % kSources));
    ::bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own);
    listener.fd = fd;
    listener.sent = false;
    listener.head.clear();
    listener.begun = Clock::now();
    const int connected =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&plan_.server), sizeof plan_.server);
    if (connected == 0) send_request(listener);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET | (listener.sent ? 0U : EPOLLOUT);
    event.data.u32 = at;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void send_request(Listener& listener) {
    const std::string text = "GET " + plan_.path + " HTTP/1.1\r\nHost: " + plan_.host +
                             "\r\nUser-Agent: Player" + std::to_string(next_) + "/1\r\n\r\n";
    const ssize_t n = ::send(listener.fd, text.data(), text.size(), MSG_NOSIGNAL);
    listener.sent = n == static_cast<ssize_t>(text.size());
  }

  void go_on(unsigned at) {
    Listener& listener = listeners_[at];
    if (!listener.sent) send_request(listener);
    char bytes[4096];
    for (;;) {
      const ssize_t n = ::recv(listener.fd, bytes, sizeof bytes, 0);
      if (n > 0) {
        if (listener.head.size() < kHeadPart)
          listener.head.append(bytes, static_cast<std::size_t>(n));
        continue;
      }
      if (n < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
      ended(listener, n == 0);
      ::close(listener.fd);
      begin(at);
      return;
    }
  }

  void ended(const Listener& listener, bool whole) {
    const bool redirect =
        whole && listener.head.size() > 12 && listener.head.compare(9, 3, "302") == 0;
    if (redirect) {
      ++tally_.redirects;
      tally_.ms.push_back(
          std::chrono::duration<float, std::milli>(Clock::now() - listener.begun).count());
    } else if (listener.head.empty()) {
      ++tally_.failed;
    } else {
      ++tally_.others;
    }
  }

  const Plan& plan_;
  std::uint64_t next_;
  const int epoll_;
  std::vector<Listener> listeners_;
  Tally tally_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: redirect-rate HOST PORT PATH THREADS CONNECTIONS SECONDS\n");
    return 2;
  }
  Plan plan;
  plan.server.sin_family = AF_INET;
  plan.server.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
  plan.host = argv[1];
  plan.path = argv[3];
  if (::inet_pton(AF_INET, argv[1], &plan.server.sin_addr) != 1) {
    std::fprintf(stderr, "redirect-rate: %s is not an IPv4 address\n", argv[1]);
    return 2;
  }
  const auto count = static_cast<unsigned>(std::max(1, std::atoi(argv[4])));
  plan.connections = static_cast<unsigned>(std::max(1, std::atoi(argv[5])));
  const auto begin = Clock::now();
  plan.end = begin + std::chrono::milliseconds(static_cast<int>(1000 * std::atof(argv[6])));
  std::vector<Tally> tallies(count);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i)
    threads.emplace_back([&plan, &tallies, i] { tallies[i] = Crowd(plan).run(); });
  Tally all;
  for (unsigned i = 0; i < count; ++i) {
    threads[i].join();
    all.redirects += tallies[i].redirects;
    all.others += tallies[i].others;
    all.failed += tallies[i].failed;
    all.ms.insert(all.ms.end(), tallies[i].ms.begin(), tallies[i].ms.end());
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::sort(all.ms.begin(), all.ms.end());
  const auto part = [&](double which) {
    return all.ms.empty()
               ? 0.0F
               : all.ms[static_cast<std::size_t>(which * static_cast<double>(all.ms.size() - 1))];
  };
  std::printf(
      "{\"redirects\":%llu,\"others\":%llu,\"failed\":%llu,\"seconds\":%.3f,\"per_second\":%.0f,"
      "\"ms_p50\":%.2f,\"ms_p99\":%.2f}\n",
      static_cast<unsigned long long>(all.redirects), static_cast<unsigned long long>(all.others),
      static_cast<unsigned long long>(all.failed), seconds,
      static_cast<double>(all.redirects) / seconds, part(0.5), part(0.99));
  return all.redirects > 0 ? 0 : 1;
}
