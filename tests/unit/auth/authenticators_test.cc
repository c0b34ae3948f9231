#include "auth/listener/authenticators.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/temporary_directory.h"
#include "stub_http.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Authenticators) {
  using Kind = AuthVerdict::Kind;
  struct Answer {
    AuthVerdict verdict;
    ListenerTicket ticket;
  };

  Loop loop{0, system_clock()};
  Log log{system_clock()};
  TemporaryDirectory directory;
  StubHttp stub{StubHttp::ok("icecast-auth-user: 1\r\n")};
  Fetcher fetcher{loop};
  std::vector<std::uint64_t> dropped;
  Authenticators all{loop, loop, log, fetcher,
                     [this](const std::string&, std::uint64_t client, Authenticators::Drop when) {
                       if (when == Authenticators::Drop::kNow) dropped.push_back(client);
                     }};
  std::uint64_t next_client = 1;

  std::unique_ptr<Answer> ask(const std::string& section, const std::string& user,
                              const std::string& password = "secret") {
    ListenerAsk wanted;
    wanted.client_id = next_client++;
    wanted.mount = wanted.target = "/m";
    if (!user.empty()) wanted.given = Credentials{user, password};
    std::unique_ptr<Answer> got;
    all.ask_listener(section, std::move(wanted), [&](AuthVerdict verdict, ListenerTicket ticket) {
      got.reset(new Answer{std::move(verdict), std::move(ticket)});
    });
    while (!got) loop.run_once(true);
    return got;
  }
  void use(const std::string& type, AuthOptions options) {
    all.configure({{"/m", type, std::move(options)}}, {});
  }
  void use_file(AuthOptions more = {}) {
    more.emplace_back(
        "filename",
        directory.put(
            "users",
            "alice:5ebe2294ecd0e0f08eab7690d2a6ee69\nbob:5ebe2294ecd0e0f08eab7690d2a6ee69\n"));
    use("htpasswd", std::move(more));
  }
  void settle() {
    for (int i = 0; i < 10; ++i) loop.run_once(false);
  }
};

TEST(Authenticators, ASecondLoginOfAUserIsRefused) {
  use_file();
  auto first = ask("/m", "alice");
  CHECK(first->verdict.kind == Kind::kAllow);
  STRCMP_EQUAL("alice", first->verdict.user.c_str());
  CHECK(ask("/m", "alice")->verdict.kind == Kind::kRefuse);
  CHECK(ask("/m", "bob")->verdict.kind == Kind::kAllow);
  first.reset();
  settle();
  CHECK(ask("/m", "alice")->verdict.kind == Kind::kAllow);
}
TEST(Authenticators, AListenerThatReconnectsBeforeItsOldConnectionHasEndedIsAllowed) {
  use_file();
  auto first = ask("/m", "alice");
  Timer leave(loop, [&first] { first.reset(); });
  leave.after(std::chrono::milliseconds(100));
  const auto again = ask("/m", "alice");
  CHECK(!first);
  CHECK(again->verdict.kind == Kind::kAllow);
  STRCMP_EQUAL("alice", again->verdict.user.c_str());
  // Of two logins that wait for one place, one gets it.
  CHECK(ask("/m", "alice")->verdict.kind == Kind::kRefuse);
}
TEST(Authenticators, DuplicatesMayBeAllowed) {
  use_file({{"allow_duplicate_users", "1"}});
  auto first = ask("/m", "alice");
  CHECK(ask("/m", "alice")->verdict.kind == Kind::kAllow);
}
TEST(Authenticators, TheNewListenerMayReplaceTheOld) {
  use_file({{"drop_existing_listener", "1"}});
  auto first = ask("/m", "alice");
  CHECK(ask("/m", "alice")->verdict.kind == Kind::kAllow);
  LONGS_EQUAL(1, dropped.size());
  LONGS_EQUAL(1, dropped[0]);
}
TEST(Authenticators, ADuplicateThatTheBackendAcceptedIsTakenBack) {
  use("url", {{"listener_add", stub.url("/add")}, {"listener_remove", stub.url("/remove")}});
  auto first = ask("/m", "alice");
  CHECK(first->verdict.kind == Kind::kAllow);
  CHECK(ask("/m", "alice")->verdict.kind == Kind::kRefuse);
  while (stub.forms().size() < 3) loop.run_once(true);
  CHECK(stub.forms()[2].starts_with("action=listener_remove&server=localhost&port=8000&client=2&"));
  auto anonymous = ask("/m", "");
  CHECK(ask("/m", "")->verdict.kind == Kind::kAllow);
}
TEST(Authenticators, EveryAddGetsItsRemove) {
  use("url", {{"listener_add", stub.url("/add")}, {"listener_remove", stub.url("/remove")}});
  CHECK(all.open_spool(directory.file("spool")).has_value());
  for (int i = 0; i < 20; ++i) CHECK(ask("/m", "")->verdict.kind == Kind::kAllow);
  while (stub.forms().size() < 40) loop.run_once(true);
  settle();
  LONGS_EQUAL(40, stub.forms().size());
}
TEST(Authenticators, ASectionThatCannotBeSetUpRefusesEveryListener) {
  use("ldap", {});
  CHECK(ask("/m", "alice")->verdict.kind == Kind::kForbid);
  use("htpasswd", {});
  CHECK(ask("/m", "alice")->verdict.kind == Kind::kForbid);
  CHECK(ask("/unknown", "alice")->verdict.kind == Kind::kForbid);
  bool refused = false;
  all.ask_source("/m", {},
                 [&](const AuthVerdict& verdict) { refused = verdict.kind == Kind::kRefuse; });
  CHECK(refused);
}
TEST(Authenticators, ARefusedListenerMayGetAnotherMount) {
  use_file({{"rejected_mount", "/sorry"}});
  auto rejected = ask("/m", "alice", "wrong");
  CHECK(rejected->verdict.kind == Kind::kAllow);
  STRCMP_EQUAL("/sorry", rejected->verdict.mount.c_str());
  CHECK(rejected->verdict.wrong_password);
}
TEST(Authenticators, AReloadKeepsWhatHasNotChanged) {
  use_file();
  auto first = ask("/m", "alice");
  use_file();
  CHECK(ask("/m", "alice")->verdict.kind == Kind::kRefuse);
  use_file({{"allow_duplicate_users", "1"}});
  CHECK(ask("/m", "alice")->verdict.kind == Kind::kAllow);
}
TEST(Authenticators, AQuestionOutlivesTheReloadThatReplacesItsAuthenticator) {
  stub.answer_with("");
  use("url", {{"listener_add", stub.url("/")}, {"timeout", "1"}});
  int answered = 0;
  all.ask_listener("/m", {}, [&](const AuthVerdict& verdict, const ListenerTicket&) {
    ++answered;
    CHECK(verdict.kind == Kind::kRefuse);
  });
  loop.run_once(false);
  all.configure({}, {});
  while (answered == 0) loop.run_once(true);
  all.configure({}, {});
  LONGS_EQUAL(1, answered);
}
TEST(Authenticators, OnlyAFileHasUsersToEdit) {
  std::vector<UserEditResult::Outcome> outcomes;
  const auto list = [&](const std::string& section) {
    const std::size_t before = outcomes.size();
    all.edit_users(section, {},
                   [&](const UserEditResult& result) { outcomes.push_back(result.outcome); });
    while (outcomes.size() == before) loop.run_once(true);
  };
  use_file();
  list("/m");
  list("/other");
  use("url", {});
  list("/m");
  CHECK(outcomes[0] == UserEditResult::Outcome::kListed);
  CHECK(outcomes[1] == UserEditResult::Outcome::kNoList);
  CHECK(outcomes[2] == UserEditResult::Outcome::kNoList);
}
TEST(Authenticators, TheEndWaitsForBackendsThatAnswer) {
  use("url", {{"listener_add", stub.url("/add")},
              {"listener_remove", stub.url("/remove")},
              {"mount_remove", stub.url("/gone")}});
  auto first = ask("/m", "");
  all.mount_begun("/m", "/m");
  all.mount_ended("/m", "/m");
  all.mount_ended("/other", "/m");
  first.reset();
  settle();
  bool finished = false;
  all.finish(std::chrono::seconds(5), [&] { finished = true; });
  while (!finished) loop.run_once(true);
  LONGS_EQUAL(3, stub.forms().size());
}
TEST(Authenticators, TheEndDoesNotWaitForASilentBackend) {
  use("url", {{"listener_add", stub.url("/add")}, {"listener_remove", stub.url("/remove")}});
  auto first = ask("/m", "");
  stub.answer_with("");
  first.reset();
  settle();
  bool finished = false;
  const auto began = std::chrono::steady_clock::now();
  all.finish(std::chrono::milliseconds(100), [&] { finished = true; });
  while (!finished) loop.run_once(true);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(3));
}
