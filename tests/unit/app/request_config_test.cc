#include "app/request/request_config.h"

#include <vector>

#include "app/request/request_context.h"
#include "app/test_server.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

// Asks for the configuration, and then another one comes.
class Asking final : public Stage {
 public:
  Asking(Services& services, Verdict verdict) : services_(services), verdict_(verdict) {}
  Verdict handle(Connection& connection) override {
    seen.push_back(config_of(services_, connection));
    section = &section_of(services_, connection);
    services_.config.publish(std::make_shared<const Config>());
    id = connection.id();
    if (verdict_ == Verdict::kAnswered) connection.reply_text(200, "");
    return std::exchange(verdict_, Verdict::kNext);
  }

  std::vector<std::shared_ptr<const Config>> seen;
  const MountSettings* section = nullptr;
  std::uint64_t id = 0;

 private:
  Services& services_;
  Verdict verdict_;
};

}  // namespace

TEST_GROUP(RequestConfig) {
  TestServer server;

  void plan(const std::vector<Route>& routes) {
    Connections::Plan plan;
    plan.routes = RouteTable(routes);
    plan.context = make_request_context;
    plan.welcome = [](const Address&) { return true; };
    plan.accepted = [] {};
    server.worker().connections->set_plan(std::move(plan));
  }
};

TEST(RequestConfig, AllStagesOfARequestSeeOneConfiguration) {
  server.start();
  const auto first = server.config();
  Asking one(server.services(), Verdict::kNext), other(server.services(), Verdict::kAnswered);
  plan({&one, &other});
  LONGS_EQUAL(200, server.get("/").status);
  CHECK(one.seen.at(0) == first);
  CHECK(other.seen.at(0) == first);
  CHECK(server.config() != first);
}
TEST(RequestConfig, OneThatHasWaitedIsAnsweredByTheNewest) {
  server.start();
  Asking waits(server.services(), Verdict::kPending), last(server.services(), Verdict::kAnswered);
  plan({&waits, &last});
  auto client = server.open("/");
  LONGS_EQUAL(1, waits.seen.size());
  const auto newest = server.config();
  server.worker().find_connection(waits.id)->ask_again();
  CHECK(client.reply().has("200"));
  CHECK(waits.seen.at(1) == newest);
  CHECK(last.seen.at(0) == newest);
}

TEST(RequestConfig, TheSectionIsThatOfThePathInThisConfiguration) {
  server.start();
  const auto first = server.config();
  Asking one(server.services(), Verdict::kNext), other(server.services(), Verdict::kAnswered);
  plan({&one, &other});
  LONGS_EQUAL(200, server.get("/none").status);
  POINTERS_EQUAL(&mount_section(*first, "/none"), one.section);
  POINTERS_EQUAL(one.section, other.section);
}
TEST(RequestConfig, WhatASenderHasProvedIsNotForgotten) {
  Sender sender;
  CHECK_FALSE(sender.is_server() || sender.is_node());
  sender.proves(Sender::Kind::kNode);
  sender.proves(Sender::Kind::kServer);
  CHECK(sender.is_server() && sender.is_node());
}
