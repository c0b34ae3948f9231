// Connections whose two stages are the test's: the base of the groups that test Connection.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log_book.h"
#include "http/connection.h"
#include "http/connections.h"
#include "net/socket_pair.h"

#include "CppUTest/Utest.h"
#include "CppUTest/UtestMacros.h"

namespace lb {

// As this floor knows it: something that the app floor defines.
struct RequestContext {
  explicit RequestContext(int& freed) : freed_(freed) {}
  ~RequestContext() { ++freed_; }
  int noted = 0;

 private:
  int& freed_;
};

namespace test {

struct TestStage final : Stage {
  Verdict handle(Connection& connection) override { return act(connection); }
  std::function<Verdict(Connection&)> act;
};

class ConnectionFixture : public Utest {
 protected:
  static inline const std::string kGet =
      "GET /a.html?q=1 HTTP/1.0\r\nUser-Agent: Nav/1\r\nReferer: http://r/\r\n\r\n";

  FakeClock clock;
  Loop loop{0, clock};
  CapturedLog captured{clock};
  Snapshot<HttpSettings> settings{std::make_shared<const HttpSettings>()};
  std::atomic<std::uint64_t> next_id{10};
  std::unique_ptr<Connections> connections =
      std::make_unique<Connections>(loop, captured.log, settings, next_id);
  std::shared_ptr<ListenSocket> http_socket = std::make_shared<ListenSocket>();
  TestStage first, last;
  std::vector<std::string> seen;
  bool welcome = true, login_ok = true;
  int accepted = 0;
  int contexts = 0, freed = 0;
  SocketPair peer;

  void setup() override {
    std::signal(SIGPIPE, SIG_IGN);  // as the server does; sendfile(2) has no MSG_NOSIGNAL
    change([](HttpSettings& s) { s.server_id = "Test"; });
    first.act = [this](Connection& connection) {
      seen.push_back(connection.request().method_text + " " + connection.request().path);
      return Verdict::kNext;
    };
    last.act = [](Connection& connection) {
      connection.reply_text(200, "body");
      return Verdict::kAnswered;
    };
    Connections::Plan plan;
    plan.routes = RouteTable({&first, &last});
    plan.context = [this] {
      ++contexts;
      return RequestContextPtr(new RequestContext(freed),
                               [](RequestContext* context) { delete context; });
    };
    plan.welcome = [this](const Address&) { return welcome; };
    plan.shoutcast_login = [this](Connection& connection) {
      seen.push_back("login " + connection.request().password);
      return login_ok && connection.send_now("OK2\r\nicy-caps:11\r\n\r\n");
    };
    plan.accepted = [this] { ++accepted; };
    connections->set_plan(std::move(plan));
  }
  void change(const std::function<void(HttpSettings&)>& edit) {
    HttpSettings next = *settings.read();
    edit(next);
    settings.publish(std::make_shared<const HttpSettings>(next));
  }
  void turn(int rounds = 6) {
    while (rounds-- > 0) loop.run_once(false);
  }
  void accept(SocketPair& pair) { connections->accepted(pair.transport(), http_socket); }
  // Opens a connection and sends these bytes; returns the answer so far.
  std::string ask(std::string_view bytes) {
    peer = SocketPair();
    accept(peer);
    return say(bytes);
  }
  std::string say(std::string_view bytes) {
    if (!bytes.empty()) peer.send(bytes);
    turn();
    return peer.received();
  }
  static std::string body_of(const std::string& reply) {
    const std::size_t at = reply.find("\r\n\r\n");
    return at == std::string::npos ? "(no head)" : reply.substr(at + 4);
  }
  void keep_alive() {
    last.act = [](Connection& connection) {
      ResponseHead head;
      head.status = 204;
      head.keep_alive = true;
      head.content_length = 0;
      connection.reply(head, {});
      return Verdict::kAnswered;
    };
  }
  void pend() {
    last.act = [](Connection&) { return Verdict::kPending; };
  }
  static UniqueFd file(std::size_t bytes, char fill = 'f') {
    UniqueFd fd(::memfd_create("file", MFD_CLOEXEC));
    const std::string text(bytes, fill);
    CHECK(::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(bytes));
    return fd;
  }
  void answer_with_file(std::size_t size, std::uint64_t from, std::uint64_t bytes) {
    last.act = [size, from, bytes](Connection& connection) {
      connection.reply_file(ResponseHead(), file(size), from, bytes);
      return Verdict::kAnswered;
    };
  }
};

}  // namespace test
}  // namespace lb
