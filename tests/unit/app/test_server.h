// TestServer: the whole server on one thread, with a clock that a test moves and loops that it
// turns: what a request is answered, and what the services do meanwhile.
//
// Nothing is bound unless a test calls server.bind(): clients are socket pairs that a worker
// accepts. Timers are those of libevent and take real time; what reads the clock reads FakeClock.
// Thread: the test's.
#pragma once

#include <poll.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cluster/relay_service.h"
#include "app/handover/take_over.h"
#include "app/server.h"
#include "app/services/worker.h"
#include "auth/listener/authenticators.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "base/temporary_directory.h"
#include "config/load_text.h"
#include "http/connections.h"
#include "net/socket_pair.h"

namespace lb::test {

// What a client has read: a head, and what came behind it.
struct Reply {
  explicit Reply(std::string bytes) : all(std::move(bytes)) {
    const std::size_t end = all.find("\r\n\r\n");
    head = all.substr(0, end == std::string::npos ? all.size() : end + 2);
    if (end != std::string::npos) body = all.substr(end + 4);
    if (head.size() > 12) status = static_cast<int>(parse_u64(head.substr(9, 3)).value_or(0));
  }
  // Of the first line with this name; "(none)" where there is none.
  std::string header(std::string_view name) const {
    std::size_t at = head.find("\r\n");
    while (at != std::string::npos && at + 2 < head.size()) {
      const std::size_t end = head.find("\r\n", at + 2);
      const std::string_view line = std::string_view(head).substr(at + 2, end - at - 2);
      if (line.size() > name.size() && line[name.size()] == ':' &&
          iequals(line.substr(0, name.size()), name))
        return std::string(trim(line.substr(name.size() + 1)));
      at = end;
    }
    return "(none)";
  }
  bool has(std::string_view text) const { return all.find(text) != std::string::npos; }

  std::string all, head, body;
  int status = 0;  // 0: no answer
};

inline std::string basic(const std::string& user_and_password) {
  return "Authorization: Basic " + base64_encode(user_and_password) + "\r\n";
}
inline std::string const kAdminLogin = basic("admin:rootpass");
inline std::string const kSourceLogin = basic("source:sourcepass");

// So many frames of MPEG-1 layer III, 128 kbit/s at 44.1 kHz: 417 bytes each.
inline std::string mp3_frames(unsigned count, char fill = 'x') {
  std::string all;
  while (count-- > 0) all += "\xff\xfb\x90\x64" + std::string(413, fill);
  return all;
}

class TestServer {
 public:
  TestServer() { std::signal(SIGPIPE, SIG_IGN); }
  ~TestServer() { end(); }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // As run() does it, but for the threads.  inside: of <icecast>, beside passwords and paths.
  TestServer& start(const std::string& inside = {}) {
    make(inside);
    server_->begin();
    turn();
    return *this;
  }
  // With a socket of its own on the loopback.
  TestServer& start_bound(const std::string& inside = {}) {
    make("<listen-socket><port>0</port><bind-address>127.0.0.1</bind-address></listen-socket>" +
         inside);
    if (!server_->bind()) std::abort();
    server_->begin();
    turn();
    return *this;
  }
  int port() { return server_->sockets().ports().at(0); }
  // Its loops turn whenever ours do.
  void turn_with(TestServer& other) { other_ = &other; }
  // Not started yet.
  TestServer& make(const std::string& inside = {}) {
    end();
    write_config(inside);
    auto loaded = load_config_file(config_path(), {});
    if (!loaded) std::abort();
    server_ = std::make_unique<Server>(clock, config_path(), LoadOptions{}, std::move(*loaded),
                                       ServiceManager{});
    if (!server_->open_logs()) std::abort();
    return *this;
  }
  void write_config(const std::string& inside) {
    directory.put("icecast.xml",
                  "<icecast><authentication><source-password>sourcepass</source-password>"
                  "<admin-user>admin</admin-user><admin-password>rootpass</admin-password>"
                  "<relay-user>relay</relay-user><relay-password>relaypass</relay-password>"
                  "</authentication><hostname>radio.test</hostname>"
                  "<limits><threads>1</threads>" +
                      limits + "</limits>" + inside + "<paths><webroot>" + directory.file("web") +
                      "</webroot><logdir>" + directory.file("") + "</logdir>" + paths +
                      "</paths><logging><errorlog>error.log</errorlog><accesslog>access.log"
                      "</accesslog><loglevel>4</loglevel></logging></icecast>");
  }
  std::string config_path() const { return directory.file("icecast.xml"); }
  void put_web(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(directory.file("web"));
    directory.put("web/" + name, text);
  }

  void reload() {
    server_->reload();
    turn();
  }
  Server& server() { return *server_; }
  Services& services() { return server_->services(); }
  Worker& worker() { return *services().workers[0]; }
  std::shared_ptr<const Config> config() { return services().config.read(); }
  std::string errors() const { return directory.text("error.log"); }
  std::string accesses() const { return directory.text("access.log"); }
  void log_line(std::string_view text) { services().log.info("test", text); }
  bool says(std::string_view words) const { return errors().find(words) != std::string::npos; }
  std::uint64_t refusals(Refusal why) {
    return services().counters.refusals[static_cast<std::size_t>(why)].load();
  }

  // Until nothing more happens by itself.  Hashes are judged on threads that no loop drives.
  void turn() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    do {
      for (int quiet = 0; quiet < 4; ++quiet)
        if (const auto before = posted(); once(), posted() != before) quiet = 0;
    } while (judges() && std::chrono::steady_clock::now() < end && ::poll(nullptr, 0, 1) == 0);
  }
  // What takes a timer, a thread or a file: until it is so; false: not within 120 seconds.
  bool until(const std::function<bool()>& so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!so()) {
      if (std::chrono::steady_clock::now() > end) return false;
      turn();
      if (!so()) ::poll(nullptr, 0, 1);
    }
    return true;
  }

  // One client.  It is moved by its server's turns.
  class Client {
   public:
    Client(TestServer& server, const std::string& ip,
           const std::shared_ptr<const ListenSocket>& socket)
        : server_(&server) {
      auto transport = pair_.transport();
      transport->set_peer(*Address::parse(ip, 1024));
      server.worker().connections->accepted(std::move(transport), socket);
      server.turn();
    }
    Client& say(std::string_view bytes) {
      pair_.send(bytes);
      server_->turn();
      return *this;
    }
    // Everything so far.
    const std::string& got() {
      for (std::size_t before = ~std::size_t{0}; before != got_.size();) {
        before = got_.size();
        server_->turn();
        got_ += pair_.received();
      }
      return got_;
    }
    Reply reply() { return Reply(got()); }
    bool waits() { return got().empty() && !pair_.finished(); }
    bool finished() {
      got();
      return pair_.finished();
    }
    void close() {
      pair_.close();
      server_->turn();
    }

   private:
    TestServer* server_;
    SocketPair pair_;
    std::string got_;
  };
  Client client(const std::string& ip = "192.0.2.9") { return Client(*this, ip, socket); }
  // The answer so far to a whole request from a client of its own, which then goes.
  Reply ask(std::string_view request, const std::string& ip = "192.0.2.9") {
    Client one = client(ip);
    return one.say(request).reply();
  }
  Reply get(const std::string& target, const std::string& lines = {},
            const std::string& ip = "192.0.2.9") {
    return ask("GET " + target + " HTTP/1.1\r\nHost: radio.test:8000\r\n" + lines + "\r\n", ip);
  }
  Reply head(const std::string& target, const std::string& lines = {}) {
    return ask("HEAD " + target + " HTTP/1.1\r\nHost: radio.test:8000\r\n" + lines + "\r\n");
  }
  Client open(const std::string& target, const std::string& lines = {},
              const std::string& ip = "192.0.2.9") {
    Client one = client(ip);
    one.say("GET " + target + " HTTP/1.1\r\nHost: radio.test:8000\r\n" + lines + "\r\n");
    return one;
  }
  // A source that has logged in and sent some frames.
  Client source(const std::string& mount, const std::string& lines = {},
                const std::string& type = "audio/mpeg") {
    Client one = client("192.0.2.77");
    one.say("SOURCE " + mount + " HTTP/1.0\r\n" + kSourceLogin + "Content-Type: " + type + "\r\n" +
            lines + "\r\n");
    one.say(mp3_frames(20));
    return one;
  }
  std::shared_ptr<Mount> mount(std::string_view name) { return services().mounts.find(name); }

  FakeClock clock;
  TemporaryDirectory directory;
  std::string paths, limits;  // more of <paths> and <limits>
  std::shared_ptr<ListenSocket> socket = std::make_shared<ListenSocket>();

 private:
  std::vector<Loop*> loops() {
    Services& all = services();
    std::vector<Loop*> out{&all.loops.control(), &all.loops.clerk(), &all.disk.loop(),
                           &all.pages_thread.loop(), &all.stats_thread.loop()};
    for (unsigned i = 0; i < all.loops.workers(); ++i) out.push_back(&all.loops.worker(i));
    return out;
  }
  bool judges() { return services().auth != nullptr && services().auth->hashes().is_busy(); }
  // As a signal ends it.
  void end() {
    if (!server_) return;
    server_->stop();
    turn();
    services().relays->stop();  // masters may not have answered yet
    server_.reset();
  }
  void once() {
    for (Loop* loop : loops()) loop->run_once(false);
    if (other_ != nullptr) other_->once();
  }
  std::uint64_t posted() {
    std::uint64_t sum = 0;
    for (const Loop* loop : loops()) sum += loop->posted();
    return sum + (other_ == nullptr ? 0 : other_->posted());
  }

  std::unique_ptr<Server> server_;
  TestServer* other_ = nullptr;
};

}  // namespace lb::test
