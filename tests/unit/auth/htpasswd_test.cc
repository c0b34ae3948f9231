#include <memory>
#include <string>
#include <vector>

#include "auth/listener/authenticator.h"
#include "auth/listener/event_sender.h"
#include "auth/password/password_hash.h"
#include "base/log_book.h"
#include "base/temporary_directory.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

const std::string kSecretMd5 = "5ebe2294ecd0e0f08eab7690d2a6ee69";

}  // namespace

TEST_GROUP(Htpasswd) {
  Loop loop{0, system_clock()};
  lb::test::CapturedLog captured{system_clock()};
  Fetcher fetcher{loop};
  HashQueue hashes{loop};
  EventSender events{loop, fetcher, captured.log, EventSender::Limits{}};
  AuthContext context{loop, loop, captured.log, fetcher, hashes, events, [] {
                        return std::make_shared<const AuthServer>();
                      }};
  TemporaryDirectory directory;
  std::unique_ptr<Authenticator> authenticator;

  void make(const AuthOptions& options) {
    auto made = make_authenticator("htpasswd", options, context);
    CHECK(made.has_value());
    authenticator = std::move(*made);
  }
  void use(const std::string& text) { make({{"filename", directory.put("users", text)}}); }
  AuthVerdict login(const std::string& user, const std::string& password) {
    ListenerAsk ask;
    ask.given = Credentials{user, password};
    return wait(std::move(ask));
  }
  AuthVerdict wait(ListenerAsk ask) {
    std::unique_ptr<AuthVerdict> verdict;
    authenticator->ask_listener(std::move(ask), [&](AuthVerdict v) {
      verdict = std::make_unique<AuthVerdict>(std::move(v));
    });
    while (!verdict) loop.run_once(true);
    return *verdict;
  }
  UserEditResult edit(UserEdit::Action action, const std::string& user = {},
                      const std::string& password = {}) {
    std::unique_ptr<UserEditResult> result;
    authenticator->edit_users({action, user, password}, [&](UserEditResult r) {
      result = std::make_unique<UserEditResult>(std::move(r));
    });
    while (!result) loop.run_once(true);
    return *result;
  }
  bool lets_in(const std::string& user, const std::string& password) {
    return login(user, password).kind == AuthVerdict::Kind::kAllow;
  }
};

TEST(Htpasswd, AllowsAUserWithThePassword) {
  use("# c\nalice:" + kSecretMd5 + "\n");
  CHECK(lets_in("alice", "secret"));
  CHECK(!lets_in("alice", "wrong"));
  CHECK(!lets_in("bob", "secret"));
  CHECK(!lets_in("", ""));
}
TEST(Htpasswd, AWrongPasswordCostsATokenAndAMissingOneDoesNot) {
  use("alice:" + kSecretMd5 + "\n");
  CHECK(login("alice", "wrong").wrong_password);
  CHECK(login("nobody", "wrong").wrong_password);
  CHECK(!login("alice", "secret").wrong_password);
  const AuthVerdict verdict = wait({});
  CHECK(verdict.kind == AuthVerdict::Kind::kRefuse);
  CHECK(!verdict.wrong_password);
}
TEST(Htpasswd, FromAGuesserOnlyAComparisonJudges) {
  use("alice:" + kSecretMd5 + "\nbob:" + *hash_password(HashMethod::kBcrypt, "secret") + "\n");
  const auto throttled = [&](const char* user, const char* password) {
    ListenerAsk ask;
    ask.given = Credentials{user, password};
    ask.throttled = true;
    return wait(std::move(ask));
  };
  CHECK(throttled("alice", "secret").kind == AuthVerdict::Kind::kAllow);
  CHECK(throttled("alice", "secret").right_password);
  // Which names exist is not to be seen, and a wrong one is not counted twice.
  for (const auto& [user, password] : {std::pair("alice", "wrong"), std::pair("bob", "secret"),
                                       std::pair("bob", "wrong"), std::pair("nobody", "secret")}) {
    const AuthVerdict verdict = throttled(user, password);
    CHECK(verdict.kind == AuthVerdict::Kind::kThrottled);
    CHECK(!verdict.wrong_password);
  }
  CHECK(authenticator->idle());
}
TEST(Htpasswd, ModernHashesWork) {
  std::string text;
  for (const auto& [name, method] :
       {std::pair("bob", HashMethod::kBcrypt), std::pair("sam", HashMethod::kSha512),
        std::pair("yan", HashMethod::kYescrypt)})
    text += std::string(name) + ":" + *hash_password(method, "secret") + "\n";
  use(text);
  for (const char* user : {"bob", "sam", "yan"}) {
    CHECK(lets_in(user, "secret"));
    CHECK(lets_in(user, "secret"));  // this time from memory
    CHECK(!lets_in(user, "wrong"));
  }
  CHECK(!lets_in("nobody", "secret"));
  CHECK(authenticator->idle());
}
TEST(Htpasswd, AChangedFileCountsAtOnce) {
  use("alice:" + kSecretMd5 + "\n");
  CHECK(lets_in("alice", "secret"));
  directory.put("users", "carol:" + kSecretMd5 + "\n");
  CHECK(!lets_in("alice", "secret"));
  CHECK(lets_in("carol", "secret"));
}
TEST(Htpasswd, UsersOutliveTheRemovalOfTheirFile) {
  use("alice:" + kSecretMd5 + "\n");
  CHECK(lets_in("alice", "secret"));
  ::remove(directory.file("users").c_str());
  CHECK(lets_in("alice", "secret"));
  CHECK(!lets_in("alice", "wrong"));
  CHECK(captured.says("the users read before stay"));
  directory.put("users", "");
  CHECK(!lets_in("alice", "secret"));
}
TEST(Htpasswd, WithoutItsFileAtTheStartEveryUserIsRefused) {
  make({{"filename", directory.file("none")}});
  CHECK(!lets_in("alice", "secret"));
  CHECK(captured.says("every user is refused"));
}
TEST(Htpasswd, UsersAreListedAddedAndRemoved) {
  using Outcome = UserEditResult::Outcome;
  use("# keep me\nalice:" + kSecretMd5 + "\n");
  UserEditResult result = edit(UserEdit::Action::kList);
  CHECK(result.outcome == Outcome::kListed);
  CHECK((result.users == std::vector<std::string>{"alice"}));
  result = edit(UserEdit::Action::kAdd, "bob", "pw");
  CHECK(result.outcome == Outcome::kAdded);
  CHECK((result.users == std::vector<std::string>{"alice", "bob"}));
  CHECK(lets_in("bob", "pw"));
  CHECK(edit(UserEdit::Action::kAdd, "bob", "other").outcome == Outcome::kExists);
  CHECK(lets_in("bob", "pw"));
  result = edit(UserEdit::Action::kRemove, "alice");
  CHECK(result.outcome == Outcome::kRemoved);
  CHECK(!lets_in("alice", "secret"));
  // A file of Icecast's hashes stays one.
  STRCMP_EQUAL("# keep me\nbob:8fe4c11451281c094a6578e6ddbf5eed\n",
               directory.text("users").c_str());
  CHECK(edit(UserEdit::Action::kRemove, "nobody").outcome == Outcome::kRemoved);
}
TEST(Htpasswd, TheFirstUserMakesTheFile) {
  make({{"filename", directory.file("new")}});
  CHECK(edit(UserEdit::Action::kAdd, "bob", "pw").outcome == UserEditResult::Outcome::kAdded);
  CHECK(lets_in("bob", "pw"));
  STRCMP_CONTAINS("bob:$y$", directory.text("new").c_str());
}
TEST(Htpasswd, ANameThatWouldBreakTheFileIsRefused) {
  use("alice:" + kSecretMd5 + "\n");
  for (const char* name : {"a:b", "x\ny:z", "#x"})
    CHECK(edit(UserEdit::Action::kAdd, name, "pw").outcome == UserEditResult::Outcome::kFailed);
  CHECK(edit(UserEdit::Action::kAdd, "long", std::string(600, 'x')).outcome ==
        UserEditResult::Outcome::kFailed);
  STRCMP_EQUAL(("alice:" + kSecretMd5 + "\n").c_str(), directory.text("users").c_str());
}
TEST(Htpasswd, AFileThatCannotBeWrittenIsAFailure) {
  make({{"filename", directory.file("no/users")}});
  CHECK(edit(UserEdit::Action::kAdd, "bob", "pw").outcome == UserEditResult::Outcome::kFailed);
  CHECK(edit(UserEdit::Action::kRemove, "bob").outcome == UserEditResult::Outcome::kFailed);
}
TEST(Htpasswd, NewPasswordsAreHashedAsConfigured) {
  make({{"filename", directory.file("users")}, {"hash", "sha512"}});
  CHECK(edit(UserEdit::Action::kAdd, "bob", "pw").outcome == UserEditResult::Outcome::kAdded);
  CHECK(directory.text("users").starts_with("bob:$6$"));
  CHECK(lets_in("bob", "pw"));
}
TEST(Htpasswd, WithoutAFileNameOrWithAnUnknownHashThereIsNone) {
  CHECK(!make_authenticator("htpasswd", {}, context).has_value());
  CHECK(
      !make_authenticator("htpasswd", {{"filename", "x"}, {"hash", "rot13"}}, context).has_value());
}
TEST(Htpasswd, TooManyLoginsWithSlowHashesAreAskedToComeLater) {
  use("bob:" + *hash_password(HashMethod::kSha512, "secret") + "\n");
  std::vector<AuthVerdict::Kind> kinds;
  const std::size_t n = HashQueue::kMaxWaiting + 20;
  for (std::size_t i = 0; i < n; ++i) {
    ListenerAsk ask;
    ask.given = Credentials{"bob", "guess" + std::to_string(i)};
    authenticator->ask_listener(std::move(ask),
                                [&](const AuthVerdict& verdict) { kinds.push_back(verdict.kind); });
  }
  CHECK(!authenticator->idle());
  while (kinds.size() < n) loop.run_once(true);
  CHECK(kinds.front() == AuthVerdict::Kind::kLater);
  CHECK(kinds.back() == AuthVerdict::Kind::kRefuse);
  CHECK(authenticator->idle());
}
TEST(Htpasswd, KnowsNothingOfSources) {
  use("");
  CHECK(!authenticator_decides_sources("htpasswd", {{"stream_auth", "http://a/"}}));
  bool refused = false;
  authenticator->ask_source({}, [&](const AuthVerdict& verdict) {
    refused = verdict.kind == AuthVerdict::Kind::kRefuse;
  });
  CHECK(refused);
  authenticator->mount_begun("/m");
  authenticator->mount_ended("/m");
}
