// Logins with users, tokens and proxies: what the store will give, put there by hand.
#include "admin/command/access.h"
#include "admin/command/command.h"
#include "app/endpoints/stages.h"
#include "app/services/login_service.h"
#include "app/test_server.h"
#include "net/crypto/digest.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

User some_user(const std::string& name, Role role) {
  User user;
  user.name = name;
  user.hash = md5_hex("pw-" + name);
  user.role = role;
  if (role != Role::kViewer) user.mounts = {"/live"};  // a viewer with mounts sees these alone
  user.epoch = 1;
  return user;
}

std::string cookie_of(const Reply& reply) {
  const std::string line = reply.header("Set-Cookie");
  return "Cookie: " + line.substr(0, line.find(';')) + "\r\n";
}

}  // namespace

TEST_GROUP(LoginStage) {
  TestServer server;
  std::vector<User> users;
  std::vector<ApiToken> tokens;

  void begin(const std::string& console = "<console/>") {
    server.start(console);
    users = {some_user("vera", Role::kViewer), some_user("otto", Role::kOperator),
             some_user("olga", Role::kOwner), some_user("anna", Role::kAdmin)};
    for (const auto& [id, role] :
         {std::pair{"t-view", Role::kViewer}, {"t-run", Role::kOperator}}) {
      ApiToken token;
      token.id = id;
      token.digest = token_digest(std::string("secret-") + id);
      token.role = role;
      if (role != Role::kViewer) token.mounts = {"/live"};
      tokens.push_back(token);
    }
    publish();
  }
  void publish() {
    server.services().users.publish(std::make_shared<const UserBook>(users, tokens));
  }
  static std::string login_of(const std::string& user) { return basic(user + ":pw-" + user); }
  Reply post(const std::string& target, const std::string& body, const std::string& lines = {},
             const std::string& ip = "192.0.2.9") {
    return server.ask("POST " + target + " HTTP/1.1\r\nHost: radio.test:8000\r\n" + lines +
                          "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
                          std::to_string(body.size()) + "\r\n\r\n" + body,
                      ip);
  }
  // 192.168.…: over plain http passwords are for near addresses.
  Reply log_in(const std::string& user, const std::string& ip = "192.168.1.9") {
    return post("/admin/login", "user=" + user + "&password=pw-" + user, {}, ip);
  }
};

// Every command, every role, asked by GET and by POST: what the table says, the server does.
TEST(LoginStage, EveryRoleGetsWhatTheTableSays) {
  begin();
  auto live = server.source("/live");
  auto other = server.source("/other");
  const std::pair<std::string, AdminRole> askers[] = {
      {"", AdminRole::kNone},
      {kSourceLogin, AdminRole::kSource},
      {basic("relay:relaypass"), AdminRole::kRelay},
      {login_of("vera"), AdminRole::kViewer},
      {login_of("otto"), AdminRole::kOperator},
      {login_of("olga"), AdminRole::kOwner},
      {login_of("anna"), AdminRole::kAdmin},
      {kAdminLogin, AdminRole::kAdmin},
      {"Authorization: Bearer secret-t-view\r\n", AdminRole::kViewer},
      {"Authorization: Bearer secret-t-run\r\n", AdminRole::kOperator}};
  for (const AdminCommand& command : admin_commands()) {
    const AccessRow row = command.access_row();
    for (const auto& [login, role] : askers) {
      for (const char* mount : {"", "/live", "/other"}) {
        const bool has_mount = *mount != '\0', owns = std::string_view(mount) == "/live";
        const bool all = role == AdminRole::kViewer || role == AdminRole::kAdmin;
        const bool expected = access_allows(row, role, {has_mount, owns, !all});
        // What ends or empties something is only refused here.
        const bool ends = command.changes_state && expected && command.name != "metadata";
        if (ends || command.name == "sourcelist.txt") continue;
        const std::string path = "/admin/" + std::string(command.name) +
                                 (has_mount ? "?mount=" + std::string(mount) : "");
        const std::string what = path + " as " + std::string(to_text(role));
        CHECK_EQUAL_TEXT(expected, server.get(path, login).status != 401, what.c_str());
        CHECK_EQUAL_TEXT(expected, post(path, "x=1", login).status != 401, what.c_str());
      }
    }
  }
}
TEST(LoginStage, StagesAskTheSameTable) {
  begin("<console/><metrics><allow>none</allow></metrics>");
  CHECK(server.get("/metrics", login_of("otto")).status != 401);
  CHECK_EQUAL(401, server.get("/admin/archive.json", login_of("otto")).status);
  for (const char* path : {"/metrics", "/admin/archive.json"}) {
    CHECK_EQUAL(401, server.get(path).status);
    // Allowed: other threads make the answer.
    for (const std::string& login : {login_of("vera"), login_of("anna"), kAdminLogin})
      CHECK(server.get(path, login).status != 401);
  }
  CHECK(server.get("/admin/archive.json?mount=/live", login_of("otto")).status != 401);
  CHECK_EQUAL(401, server.get("/admin/archive.json?mount=/other", login_of("otto")).status);
  CHECK_EQUAL(401, post("/admin/archive/delete?mount=/other", "", login_of("olga")).status);
  CHECK_EQUAL(401, post("/admin/archive/delete?mount=/live", "", login_of("otto")).status);
}
TEST(LoginStage, AnOperatorSeesItsOwnMountsAlone) {
  begin();
  auto live = server.source("/live");
  auto other = server.source("/other");
  const Reply list = server.get("/admin/listmounts", login_of("otto"));
  LONGS_EQUAL(200, list.status);
  CHECK(list.has("\"/live\""));
  CHECK(!list.has("/other"));
  CHECK(server.get("/admin/listmounts", login_of("vera")).has("/other"));
  const std::string move = "/admin/moveclients?mount=/live&destination=/other";
  CHECK_EQUAL(401, server.get(move, login_of("otto")).status);
}
TEST(LoginStage, AnOperatorIsToldOfItsOwnMounts) {
  begin("<console/><metrics><allow>none</allow></metrics>");
  auto reader = server.open("/admin/events", login_of("otto"));
  LONGS_EQUAL(200, reader.reply().status);
  auto live = server.source("/live");
  auto other = server.source("/other");
  CHECK(reader.reply().has("\"/live\""));
  CHECK(!reader.reply().has("/other"));
  // Other threads make the numbers.
  auto numbers = server.open("/metrics", login_of("otto"));
  CHECK(server.until([&] { return numbers.reply().status == 200; }));
  CHECK(numbers.reply().has("icecast_source_up{mount=\"/live\"} 1\n"));
  CHECK(!numbers.reply().has("/other"));
  CHECK(!numbers.reply().has("icecast_server_"));
  auto feed = server.client();
  feed.say("STATS / HTTP/1.0\r\n" + login_of("otto") + "\r\n");
  LONGS_EQUAL(403, feed.reply().status);
}
TEST(LoginStage, AReaderOfEventsGoesWithItsLogin) {
  begin();
  auto anna = server.open("/admin/events", login_of("anna"));
  auto vera = server.open("/admin/events", "Authorization: Bearer secret-t-view\r\n");
  auto file = server.open("/admin/events", kAdminLogin);
  users[3].disabled = true;
  tokens.clear();
  publish();
  auto live = server.source("/live");
  CHECK(anna.finished() && vera.finished());
  CHECK(!anna.got().ends_with("}\n\n"));
  CHECK(file.reply().has("source-connect"));
}
TEST(LoginStage, AViewerSeesNoAddressesUnlessItMay) {
  begin();
  auto live = server.source("/live");
  auto listener = server.open("/live", {}, "198.51.100.7");
  CHECK(!server.get("/admin/listclients?mount=/live", login_of("vera")).has("198.51.100.7"));
  CHECK(server.get("/admin/listclients?mount=/live", login_of("otto")).has("198.51.100.7"));
  users[0].addresses = true;
  publish();
  CHECK(server.get("/admin/listclients?mount=/live", login_of("vera")).has("198.51.100.7"));
}
TEST(LoginStage, AUserLogsInWithTheFormAndByBasic) {
  begin();
  const Reply reply = log_in("anna");
  LONGS_EQUAL(303, reply.status);
  CHECK_EQUAL(200, server.get("/admin/stats", cookie_of(reply)).status);
  CHECK_EQUAL(200, server.get("/admin/stats", login_of("anna")).status);
  CHECK_EQUAL(401, server.get("/admin/stats", basic("anna:wrong")).status);
  CHECK_EQUAL(401, post("/admin/login", "user=anna&password=x", {}, "192.168.1.9").status);
  CHECK_EQUAL(401, post("/admin/login", "user=none&password=x", {}, "192.168.1.9").status);
}
TEST(LoginStage, WhatChangesAboutAUserCountsAtOnce) {
  begin();
  const std::string cookie = cookie_of(log_in("vera"));
  CHECK_EQUAL(200, server.get("/admin/stats", cookie).status);
  users[0].role = Role::kOperator;
  publish();
  CHECK_EQUAL(401, server.get("/admin/stats", cookie).status);
  CHECK_EQUAL(200, server.get("/admin/listmounts", cookie).status);
  users[0].epoch = 2;
  publish();
  CHECK_EQUAL(401, server.get("/admin/listmounts", cookie).status);
  const std::string again = cookie_of(log_in("vera"));
  CHECK_EQUAL(200, server.get("/admin/listmounts", again).status);
  users[0].disabled = true;
  publish();
  CHECK_EQUAL(401, server.get("/admin/listmounts", again).status);
  CHECK_EQUAL(401, server.get("/admin/listmounts", login_of("vera")).status);
  CHECK_EQUAL(401, log_in("vera").status);
}
TEST(LoginStage, APasswordThatIsReplacedWhileItIsJudgedIsWrong) {
  begin();
  std::optional<LoginResult> result;
  server.services().login->judge("anna", "pw-anna", *Address::parse("192.168.1.9", 0),
                                 [&result](LoginResult said, const Identity&) { result = said; });
  users[3].hash = md5_hex("another");
  ++users[3].epoch;
  publish();
  CHECK(server.until([&result] { return result.has_value(); }));
  CHECK(*result == LoginResult::kWrong);
}
TEST(LoginStage, ATokenEndsWithItsTimeAndItsRecord) {
  begin();
  const std::string bearer = "Authorization: Bearer secret-t-view\r\n";
  CHECK_EQUAL(200, server.get("/admin/stats", bearer).status);
  CHECK_EQUAL(401, server.get("/admin/stats", "Authorization: Bearer wrong\r\n").status);
  CHECK_EQUAL(
      401,
      server.get("/admin/stats", "Authorization: Bearer " + token_digest("secret-t-view") + "\r\n")
          .status);
  tokens[0].expires = unix_seconds(server.clock.wall()) + 10;
  publish();
  CHECK_EQUAL(200, server.get("/admin/stats", bearer).status);
  server.clock.advance(10s);
  CHECK_EQUAL(401, server.get("/admin/stats", bearer).status);
}
TEST(LoginStage, AProxyThatIsTrustedNamesTheUser) {
  begin(
      "<console sso-from=\"192.0.2.50\" sso-secret=\"proxy-secret\" "
      "sso-user=\"X-Forwarded-User\"/>");
  const auto ask = [&](const std::string& user, const std::string& secret, const std::string& ip) {
    return server
        .get("/admin/stats", "X-Forwarded-User: " + user + "\r\nX-LB-SSO: " + secret + "\r\n", ip)
        .status;
  };
  CHECK_EQUAL(200, ask("anna", "proxy-secret", "192.0.2.50"));
  CHECK_EQUAL(401, ask("otto", "proxy-secret", "192.0.2.50"));
  CHECK_EQUAL(401, ask("anna", "wrong", "192.0.2.50"));
  CHECK_EQUAL(401, ask("anna", "proxy-secret", "192.0.2.51"));
  CHECK_EQUAL(401, ask("admin", "proxy-secret", "192.0.2.50"));
  CHECK_EQUAL(401, ask("nobody", "proxy-secret", "192.0.2.50"));
  // A proxy that adds its line to the client's, in either order.
  CHECK_EQUAL(401, ask("otto\r\nX-Forwarded-User: anna", "proxy-secret", "192.0.2.50"));
  CHECK_EQUAL(401, ask("anna\r\nX-Forwarded-User: otto", "proxy-secret", "192.0.2.50"));
  CHECK_EQUAL(403, post("/admin/killsource?mount=/live", "",
                        "X-Forwarded-User: anna\r\nX-LB-SSO: "
                        "proxy-secret\r\n",
                        "192.0.2.50")
                       .status);
}
TEST(LoginStage, WithoutAConsoleNoUserIsKnown) {
  begin("");
  CHECK_EQUAL(401, server.get("/admin/stats", login_of("anna")).status);
  CHECK_EQUAL(401, server.get("/admin/stats", "Authorization: Bearer secret-t-view\r\n").status);
  CHECK_EQUAL(400, server.get("/admin/login").status);
  CHECK_EQUAL(401, server.get("/api/v1/session", login_of("anna")).status);
  CHECK_EQUAL(200, server.get("/admin/stats", kAdminLogin).status);
}
TEST(LoginStage, AMastersSessionIsTakenOverOnceAndWithItsRole) {
  begin();
  Snapshot<SessionKeys> nothing{std::make_shared<const SessionKeys>()};
  SessionBook master(server.clock, nothing);
  master.configure({"m1", 900s, 12h});
  master.set_keys(
      std::make_shared<const KeyRing>(KeyRing::fresh(unix_seconds(server.clock.wall()))));
  SessionKeys keys;
  keys.keys.push_back(
      {"m1", master.keys()->newest().kid, master.keys()->newest().key.public_key(), 0});
  keys.origins = {{"m1", "https://m1.test"}};
  const auto say = [&](std::uint64_t epoch) {
    User far = some_user("far", Role::kViewer);
    far.epoch = epoch;
    keys.users["far"] = std::make_shared<const User>(far);
    server.services().session_keys.publish(std::make_shared<const SessionKeys>(keys));
  };
  say(0);
  Session session;
  session.user = "far";
  session.role = Role::kAdmin;  // what its record says counts
  const std::string node = server.services().login->sessions().settings().node;
  const std::string token = master.hand_over(*master.judge(master.begin(session)), node);
  const std::string near = "192.168.1.9", origin = "Origin: https://m1.test\r\n";
  const auto bring = [&](const std::string& lines, const std::string& ip) {
    return post("/admin/login", "token=" + token, lines, ip);
  };
  CHECK_EQUAL(401, bring("", near).status);
  CHECK_EQUAL(401, bring("Origin: https://evil.test\r\n", near).status);
  // Where a password is not taken, what is as good as one is not taken either.
  CHECK_EQUAL(401, bring(origin, "192.0.2.9").status);
  const Reply reply = bring(origin, near);
  LONGS_EQUAL(200, reply.status);
  CHECK(reply.has("http-equiv=\"refresh\""));
  const std::string cookie = cookie_of(reply);
  CHECK_EQUAL(200, server.get("/admin/stats", cookie).status);
  CHECK_EQUAL(403, server.get("/admin/undrain", cookie).status);
  CHECK_EQUAL(401, bring(origin, near).status);
  say(1);
  CHECK_EQUAL(401, server.get("/admin/stats", cookie).status);
}
TEST(LoginStage, ManyLoginsAtOnceWaitAndSomeAreTurnedAway) {
  begin();
  std::vector<TestServer::Client> clients;
  const std::string body = "user=anna&password=pw-anna";
  for (int i = 0; i < 12; ++i) {
    clients.push_back(server.client("192.168.7." + std::to_string(i + 1)));
    clients.back().say(
        "POST /admin/login HTTP/1.1\r\nHost: a\r\nContent-Type: "
        "application/x-www-form-urlencoded\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  for (auto& client : clients) LONGS_EQUAL(303, client.reply().status);
}
