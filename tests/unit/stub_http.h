// StubHttp: a web server for unit tests.  Each request that arrives whole is kept, and answered by
// a function; an empty answer leaves the connection open and silent.  A long answer is sent as its
// reader takes it, and the other connections are served meanwhile.
// Thread: one of its own; requests() from the test's.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace lb {

class StubHttp {
 public:
  using Answer = std::function<std::string(const std::string& request)>;

  explicit StubHttp(Answer answer) : answer_(std::move(answer)) {
    listen_fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listen_fd_, 512);
    socklen_t size = sizeof address;
    ::getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  // The same answer to everything, until another is set.
  explicit StubHttp(const std::string& fixed)
      : StubHttp([this](const std::string&) {
          std::lock_guard<std::mutex> guard(mutex_);
          return fixed_;
        }) {
    answer_with(fixed);
  }
  void answer_with(const std::string& fixed) {
    std::lock_guard<std::mutex> guard(mutex_);
    fixed_ = fixed;
  }
  ~StubHttp() {
    stop_.store(true);
    thread_.join();
    for (const auto& client : clients_) ::close(client.fd);
    ::close(listen_fd_);
  }
  StubHttp(const StubHttp&) = delete;
  StubHttp& operator=(const StubHttp&) = delete;

  int port() const { return port_; }
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  std::vector<std::string> requests() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return requests_;
  }
  // The bodies only.
  std::vector<std::string> forms() const {
    std::vector<std::string> bodies;
    for (const std::string& request : requests())
      bodies.push_back(request.substr(request.find("\r\n\r\n") + 4));
    return bodies;
  }

  static std::string ok(const std::string& lines = {}, const std::string& body = {}) {
    return "HTTP/1.1 200 OK\r\n" + lines + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

 private:
  struct Client {
    int fd;
    std::string got, answer;
    std::size_t sent = 0;  // of `answer`
  };

  void run() {
    while (!stop_.load()) {
      std::vector<pollfd> watched{{listen_fd_, POLLIN, 0}};
      for (const auto& client : clients_) {
        const short out = client.answer.empty() ? short{0} : short{POLLOUT};
        watched.push_back({client.fd, static_cast<short>(POLLIN | out), 0});
      }
      if (::poll(watched.data(), watched.size(), 5) <= 0) continue;
      const std::size_t known = clients_.size();
      for (std::size_t i = known; i-- > 0;)
        if (!serve(clients_[i], watched[i + 1].revents)) {
          ::close(clients_[i].fd);
          clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(i));
        }
      if (watched[0].revents != 0) {
        const int fd = ::accept(listen_fd_, nullptr, nullptr);
        if (fd >= 0) clients_.push_back({fd, {}, {}});
      }
    }
  }
  bool serve(Client& client, short events) {
    if ((events & ~POLLOUT) != 0 && !receive(client)) return false;
    return client.answer.empty() || send(client);
  }
  bool send(Client& client) {
    const ssize_t n = ::send(client.fd, client.answer.data() + client.sent,
                             client.answer.size() - client.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN;
    client.sent += static_cast<std::size_t>(n);
    if (client.sent < client.answer.size()) return true;
    client.answer.clear();
    client.sent = 0;
    return true;
  }
  bool receive(Client& client) {
    char buffer[65536];
    const ssize_t n = ::recv(client.fd, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    client.got.append(buffer, static_cast<std::size_t>(n));
    const std::size_t head = client.got.find("\r\n\r\n");
    if (head == std::string::npos) return true;
    std::size_t length = 0;
    const std::size_t field = client.got.find("Content-Length: ");
    if (field < head) length = std::stoul(client.got.substr(field + 16));
    if (client.got.size() < head + 4 + length) return true;
    const std::string request = client.got.substr(0, head + 4 + length);
    client.got.erase(0, request.size());
    {
      std::lock_guard<std::mutex> guard(mutex_);
      requests_.push_back(request);
    }
    client.answer += answer_(request);
    return true;
  }

  const Answer answer_;
  int listen_fd_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::string fixed_;
  std::vector<Client> clients_;
  std::thread thread_;
};

}  // namespace lb
