#include "registry/etcd_registry.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/encoding.h"
#include "registry/etcd_client.h"
#include "registry/etcd_fixture.h"
#include "stub_http.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

RegistryWrite new_record(const std::string& key, const std::string& value) {
  RegistryWrite write;
  write.compares.push_back({key, 0});
  write.puts.emplace_back(key, value);
  return write;
}

}  // namespace

TEST_GROUP_BASE(EtcdRegistry, EtcdFixture){};

TEST(EtcdRegistry, LoadsItsPrefixAndWritesBelowIt) {
  const RegistryContent content = loaded();
  CHECK(content.records == (std::vector<RegistryRecord>{{"users/anna", "{\"a\":1}", 3}}));
  CHECK(registry->state().up);
  const CommitAnswer answer = commit(new_record("mounts/%2Fa", "<a/>"));
  CHECK(answer.result == CommitResult::kDone);
  LONGS_EQUAL(5, answer.revision);
  STRCMP_EQUAL("<a/>", etcd->value("/t/mounts/%2Fa").c_str());
  LONGS_EQUAL(1, told.size());
  const CommitAnswer conflict = commit(new_record("users/anna", "{}"));
  CHECK(conflict.result == CommitResult::kConflict);
  CHECK(conflict.current == content.records);
}
TEST(EtcdRegistry, ManyRecordsComePageByPage) {
  for (unsigned i = 0; i < 3 * EtcdLoader::kPage; ++i)
    etcd->put("/t/users/u" + std::to_string(i), "{}");
  LONGS_EQUAL(3 * EtcdLoader::kPage + 1, loaded().records.size());
}
TEST(EtcdRegistry, TheFirstMasterMakesTheFormat) {
  etcd->clear();
  CHECK(loaded().records.empty());
  STRCMP_EQUAL("1", etcd->value("/t/format").c_str());
}
TEST(EtcdRegistry, ANewerFormatIsRefused) {
  etcd->put("/t/format", "2");
  make();
  const auto content = load();
  CHECK(content.error().code == Error::Code::kUnsupported);
  CHECK(!registry->state().up);
  CHECK(commit(new_record("users/bob", "{}")).result == CommitResult::kUnavailable);
}
TEST(EtcdRegistry, TheWatchTellsWhatHappened) {
  loaded();
  run_until([this] { return etcd->asked("/v3/watch") == 1; });
  etcd->put("/t/users/bob", "{}");
  etcd->put("/tt/users/eve", "{}");
  // The fake tells nothing to a watch that is open: the beat misses it, and opens another one.
  run_until([this] { return !told.empty(); });
  STRCMP_EQUAL("users/bob", told.at(0).set.at(0).key.c_str());
  CHECK(etcd->asked("/v3/watch") > 1);
  for (const std::string& request : etcd->requests())
    if (request.starts_with("POST /v3/watch"))
      CHECK(request.find("Grpc-Metadata-hasleader: true\r\n") != std::string::npos);
}
TEST(EtcdRegistry, AfterACompactionItLoadsAgainAndTellsTheDifference) {
  loaded();
  etcd->put("/t/users/bob", "{}");
  etcd->compact();
  run_until([this] { return !told.empty(); });
  STRCMP_EQUAL("users/bob", told.at(0).set.at(0).key.c_str());
  CHECK(log.says("compacted"));
}
TEST(EtcdRegistry, PagesThatDoNotGoForwardEndTheLoad) {
  etcd->fail(
      "/v3/kv/range", 200, 200,
      R"({"header":{"revision":"9"},"more":true,"kvs":[{"mod_revision":"5","value":"MQ==","key":")" +
          base64_encode("/t/format") + R"("}]})");
  make();
  const auto content = load();
  CHECK(!content.has_value());
  STRCMP_CONTAINS("was not asked for", content.error().what.c_str());
  CHECK(etcd->asked("/v3/kv/range") < 10);
}
TEST(EtcdRegistry, AWatchThatIsAlwaysCompactedLoadsOnceASecond) {
  etcd->fail("/v3/watch", 10'000, 200,
             "{\"result\":{\"header\":{\"revision\":\"1\"},\"created\":true}}\n"
             "{\"result\":{\"header\":{\"revision\":\"1\"},\"canceled\":true,"
             "\"compact_revision\":\"9\"}}\n");
  loaded();
  bool over = false;
  Timer time(loop, [&over] { over = true; });
  time.after(std::chrono::milliseconds(2500));
  run_until([&over] { return over; });
  CHECK(etcd->asked("/v3/watch") >= 2);
  CHECK(etcd->asked("/v3/watch") <= 4);
}
// As behind a proxy that ends what is open: nothing else says that it is not asked without a pause.
TEST(EtcdRegistry, AWatchThatEndsAtOnceIsOpenedMoreSeldom) {
  etcd->fail("/v3/watch", 10'000, 200,
             "{\"result\":{\"header\":{\"revision\":\"1\"},\"created\":true}}\n");
  loaded();
  run_until([this] { return etcd->asked("/v3/watch") >= 3; });
  bool over = false;
  Timer time(loop, [&over] { over = true; });
  time.after(std::chrono::milliseconds(1500));
  run_until([&over] { return over; });
  CHECK(etcd->asked("/v3/watch") <= 6);  // after 0, 0.2, 0.4, 0.8 s …
}
// Each such line would be one of the debug log.
TEST(EtcdRegistry, AWatchThatBeginsTwiceIsLeft) {
  const std::string begun = "{\"result\":{\"header\":{\"revision\":\"1\"},\"created\":true}}\n";
  etcd->fail("/v3/watch", 10'000, 200, begun + begun + begun);
  loaded();
  run_until([this] { return log.says("the watch has begun twice"); });
}
TEST(EtcdRegistry, ARevisionOfFragmentsWithoutEndIsNotKept) {
  const std::string value = base64_encode(std::string(1 << 20, 'v'));
  std::string body;
  for (int i = 0; i < 34; ++i)
    body += R"({"result":{"header":{"revision":"9"},"fragment":true,"events":[{"kv":{"key":")" +
            base64_encode("/t/users/x" + std::to_string(i)) + R"(","value":")" + value +
            R"(","mod_revision":"9"}}]}})" + "\n";
  etcd->fail("/v3/watch", 10'000, 200, body);
  loaded();
  run_until([this] { return log.says("revision 9 has more than 33554432 bytes"); });
}
TEST(EtcdRegistry, AWriteWhoseAnswerWasLostIsDoneOnce) {
  loaded();
  etcd->fail("/v3/kv/txn", 1, 503, "{\"error\":\"request timed out\"}", true);
  const CommitAnswer answer = commit(new_record("users/bob", "{\"b\":1}"));
  CHECK(answer.result == CommitResult::kDone);
  LONGS_EQUAL(5, answer.revision);
  LONGS_EQUAL(2, etcd->asked("/v3/kv/txn"));
  // With a key of its own, too.
  RegistryWrite made = new_record("users/eve", "{}");
  made.made.emplace("made/00", "{\"sealed\":1}");
  etcd->fail("/v3/kv/txn", 1, 503, "{}", true);
  CHECK(commit(made).result == CommitResult::kDone);
  made.made->second = "{\"sealed\":2}";
  CHECK(commit(made).result == CommitResult::kConflict);
}
TEST(EtcdRegistry, AnotherWriterIsNotTakenForALostAnswer) {
  loaded();
  etcd->put("/t/users/bob", "{\"theirs\":1}");
  etcd->fail("/v3/kv/txn", 1, 503, "{}");
  CHECK(commit(new_record("users/bob", "{\"ours\":1}")).result == CommitResult::kConflict);
}
TEST(EtcdRegistry, TheNextMemberIsAsked) {
  std::string dead;
  {
    FakeEtcd gone;
    dead = gone.url();
  }
  settings.members = {dead, etcd->url()};
  LONGS_EQUAL(1, loaded().records.size());
  STRCMP_EQUAL(etcd->url().c_str(), registry->state().member.c_str());
}
TEST(EtcdRegistry, AnErrorNamesWhatWasAnsweredBeforeTheTimeWasOver) {
  std::atomic<int> asked = 0;
  StubHttp member([&asked](const std::string&) {
    return asked++ == 0 ? "HTTP/1.1 503 X\r\nContent-Length: 18\r\n\r\n{\"error\":\"no disk\"}"
                        : "HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n";  // and no more
  });
  settings.members = {member.url("")};
  EtcdClient client(loop, settings, log.log);
  EtcdQuestion question;
  question.path = "/v3/kv/range";
  question.within = std::chrono::milliseconds(600);
  std::string words;
  client.ask(std::move(question),
             [&words](const Result<EtcdAnswer>& answer) { words = answer.error().what; });
  run_until([&asked] { return asked > 1; });
  // The process slept: the attempt's end and the question's are both due.
  const auto over = std::chrono::steady_clock::now() + std::chrono::milliseconds(700);
  while (std::chrono::steady_clock::now() < over) std::this_thread::yield();
  run_until([&words] { return words != ""; });
  STRCMP_CONTAINS("no disk", words.c_str());
}
TEST(EtcdRegistry, ALoginIsRenewedWhereATokenIsRefused) {
  etcd->want_login(true);
  settings.username = "m1";
  settings.password = "right";
  loaded();
  LONGS_EQUAL(1, etcd->asked("/v3/auth/authenticate"));
  etcd->want_login(true);  // another token
  // The pause between two logins may take longer than one write waits.
  CommitAnswer answer;
  for (int i = 0; i < 3 && answer.result == CommitResult::kUnavailable; ++i)
    answer = commit(new_record("users/bob", "{}"));
  CHECK(answer.result == CommitResult::kDone);
  LONGS_EQUAL(2, etcd->asked("/v3/auth/authenticate"));
}
TEST(EtcdRegistry, AWrongLoginIsSaidAndNotHammered) {
  etcd->want_login(true);
  settings.username = "m1";
  settings.password = "wrong";
  make();
  const auto content = load();
  CHECK(content.error().code == Error::Code::kDenied);
  STRCMP_CONTAINS("m1", registry->state().words.c_str());
  CHECK(registry->state().words.find("wrong") == std::string::npos);
  // Two loads that are tried again.
  bool over = false;
  Timer tried(loop, [&over] { over = true; });
  tried.after(std::chrono::milliseconds(2200));
  run_until([&over] { return over; });
  LONGS_EQUAL(1, etcd->asked("/v3/auth/authenticate"));
}
TEST(EtcdRegistry, WithoutEtcdAStartTakesTheLastGoodCopy) {
  loaded();
  copied();
  struct stat facts {};
  ::stat(folder.file("store.copy").c_str(), &facts);
  LONGS_EQUAL(0600, facts.st_mode & 0777);
  registry.reset();
  etcd.reset();
  const RegistryContent content = loaded();
  CHECK(content.records == (std::vector<RegistryRecord>{{"users/anna", "{\"a\":1}", 3}}));
  const RegistryState state = registry->state();
  CHECK(!state.up && state.loaded && state.from_copy);
  const CommitAnswer answer = commit(new_record("users/bob", "{}"));
  CHECK(answer.result == CommitResult::kUnavailable);
  CHECK(answer.why != "");
}
TEST(EtcdRegistry, WithoutEtcdAndWithoutACopyItGoesOnTrying) {
  settings.members = {"http://127.0.0.1:9"};
  make();
  CHECK(!load().has_value());
  registry->watch(0, [this](RegistryChange change) { told.push_back(std::move(change)); });
  CHECK(!registry->state().loaded);
  CHECK(!load().has_value());
  CHECK(told.empty());
}
TEST(EtcdRegistry, AStoreThatWasEmptiedIsNotBelieved) {
  loaded();
  copied();
  registry.reset();
  etcd->clear();
  const RegistryContent content = loaded();
  LONGS_EQUAL(1, content.records.size());
  CHECK(!registry->state().up);
  STRCMP_CONTAINS("stay in force", registry->state().words.c_str());
  STRCMP_EQUAL("-", etcd->value("/t/format").c_str());
  // A back-up was restored.
  etcd->put("/t/format", "1");
  etcd->put("/t/users/anna", "{\"a\":1}");
  run_until([this] { return registry->state().up; });
}
TEST(EtcdRegistry, OneCommandThatDeletesEverythingTakesNothingAway) {
  etcd->put("/t/mounts/%2Fa", "<a/>");
  loaded();
  copied();
  const std::string copy = folder.text("store.copy");
  etcd->remove({"/t/accounts/a", "/t/format", "/t/mounts/%2Fa", "/t/users/anna"});
  // A write that comes before the watch has told of it: it compares `format`.
  const CommitAnswer answer = commit(new_record("users/bob", "{}"));
  CHECK(answer.result == CommitResult::kUnavailable);
  STRCMP_CONTAINS("format", answer.why.c_str());
  run_until([this] { return log.says("stay in force"); });
  CHECK(!registry->state().up);
  CHECK(told.empty());
  STRCMP_EQUAL("-", etcd->value("/t/users/bob").c_str());
  registry.reset();
  STRCMP_EQUAL(copy.c_str(), folder.text("store.copy").c_str());
}
TEST(EtcdRegistry, TheWatchStopsBeforeARevisionThatDeletesTheFormat) {
  loaded();
  run_until([this] { return etcd->asked("/v3/watch") == 1; });
  etcd->remove({"/t/format", "/t/users/anna"});
  run_until([this] { return !registry->state().up; });
  CHECK(told.empty());
}
TEST(EtcdRegistry, ManyDeletionsByHandAreNotBelieved) {
  for (int i = 0; i < 6; ++i) etcd->put("/t/mounts/%2F" + std::to_string(i), "<a/>");
  loaded();
  // In revisions of their own, the format stays.
  for (int i = 0; i < 4; ++i) etcd->remove({"/t/mounts/%2F" + std::to_string(i)});
  run_until([this] { return !registry->state().up; });
  STRCMP_CONTAINS("4 of 6 mounts", registry->state().words.c_str());
  CHECK(told.empty());
  // A copy of it, at a start, does not believe it either.
  copied();
  registry.reset();
  LONGS_EQUAL(7, loaded().records.size());
  CHECK(!registry->state().up);
  // They are put back.
  etcd->put("/t/mounts/%2F0", "<a/>");
  run_until([this] { return registry->state().up; });
}
TEST(EtcdRegistry, RecordsThatArePutBackOneByOneWereNeverGone) {
  const std::vector<std::string> mounts{"/t/mounts/%2Fa", "/t/mounts/%2Fb", "/t/mounts/%2Fc"};
  for (const std::string& mount : mounts) etcd->put(mount, "<a/>");
  etcd->put("/t/users/bob", "{}");
  loaded();
  etcd->remove({"/t/format", "/t/mounts/%2Fa", "/t/mounts/%2Fb", "/t/mounts/%2Fc", "/t/users/anna",
                "/t/users/bob"});
  run_until([this] { return !registry->state().up; });
  for (const char* user : {"/t/users/anna", "/t/users/bob"}) etcd->put(user, "{}");
  etcd->put(mounts[0], "<a/>");
  etcd->put("/t/format", "1");
  // It is read again with one of three mounts.
  run_until([this] { return registry->state().up; });
  etcd->put(mounts[1], "<a/>");
  etcd->put(mounts[2], "<a/>");
  etcd->remove({"/t/users/bob"});
  run_until([this] { return !told.empty() && !told.back().deleted.empty(); });
  for (const RegistryChange& change : told)
    for (const std::string& key : change.deleted) STRCMP_EQUAL("users/bob", key.c_str());
}
TEST(EtcdRegistry, AllOfAKindThatIsDeletedByHandStays) {
  etcd->put("/t/users/bob", "{}");
  loaded();
  etcd->remove({"/t/users/anna", "/t/users/bob"});
  run_until([this] { return !registry->state().up; });
  CHECK(told.empty());
}
TEST(EtcdRegistry, OneRecordThatIsDeletedByHandIsGoneAfterAWhile) {
  loaded();
  const SteadyTime from = system_clock().steady();
  etcd->remove({"/t/users/anna"});
  run_until([this] { return !told.empty(); });
  STRCMP_EQUAL("users/anna", told.at(0).deleted.at(0).c_str());
  CHECK(system_clock().steady() - from >= DeletionDoubt::kDoubt);
  CHECK(registry->state().up);
  CHECK(log.says("by no master; it is believed"));
}
TEST(EtcdRegistry, WhatAnotherMasterDeletesIsGoneAtOnce) {
  for (int i = 0; i < 6; ++i) etcd->put("/t/mounts/%2F" + std::to_string(i), "<a/>");
  loaded();
  std::unique_ptr<EtcdRegistry> other = std::move(registry);
  make();
  CHECK(load().has_value());
  for (int i = 0; i < 6; ++i) {
    RegistryWrite write;
    write.compares.push_back({"mounts/%2F" + std::to_string(i), 5u + static_cast<unsigned>(i)});
    write.deletes.push_back("mounts/%2F" + std::to_string(i));
    CHECK(commit(write).result == CommitResult::kDone);
  }
  run_until([this] { return told.size() >= 6; });
  CHECK(other->state().up);
  registry = std::move(other);
}
TEST(EtcdRegistry, AFullDatabaseIsSaidAndFoundToHaveRoomAgain) {
  loaded();
  const std::string full = "{\"error\":\"etcdserver: mvcc: database space exceeded\",\"code\":8}";
  etcd->fail("/v3/kv/txn", 1000, 429, full);
  const CommitAnswer answer = commit(new_record("users/bob", "{}"));
  CHECK(answer.result == CommitResult::kUnavailable);
  STRCMP_CONTAINS("space exceeded", answer.why.c_str());
  CHECK(!registry->state().up);
  STRCMP_CONTAINS("space exceeded", registry->state().words.c_str());
  CHECK(log.says("space exceeded"));
  // It is tried by a write: reading works all the time.
  run_until([this] { return etcd->asked("/v3/kv/txn") >= 3; });
  CHECK(!registry->state().up);
  etcd->fail("/v3/kv/txn", 0, 200, "");
  run_until([this] { return registry->state().up; });
  CHECK(commit(new_record("users/bob", "{}")).result == CommitResult::kDone);
  CHECK(told.size() == 1);
}
TEST(EtcdRegistry, AMemberOfAnotherEtcdIsPassedOver) {
  FakeEtcd second, wiped;
  wiped.set_cluster("2");
  for (const char* key : {"/t/format", "/t/users/anna"})
    second.put(key, key == std::string("/t/format") ? "1" : "{\"a\":1}");
  settings.members = {wiped.url(), etcd->url(), second.url()};
  LONGS_EQUAL(1, loaded().records.size());
  CHECK(log.says(wiped.url() + " belongs to etcd 2"));
  STRCMP_EQUAL("-", wiped.value("/t/format").c_str());
  CHECK(commit(new_record("users/bob", "{}")).result == CommitResult::kDone);
}
TEST(EtcdRegistry, AMemberThatWasWipedLaterTakesNoWrites) {
  FakeEtcd second, third;
  for (FakeEtcd* other : {&second, &third}) {
    other->put("/t/format", "1");
    other->put("/t/users/anna", "{\"a\":1}");
    other->put("/tt/users/other", "{}");
  }
  settings.members = {etcd->url(), second.url(), third.url()};
  loaded();
  etcd->clear();
  etcd->set_cluster("2");
  const CommitAnswer answer = commit(new_record("users/bob", "{}"));
  CHECK(answer.result == CommitResult::kDone);
  STRCMP_EQUAL("-", etcd->value("/t/users/bob").c_str());
  CHECK(log.says("belongs to etcd 2"));
}
TEST(EtcdRegistry, TheCopyBeforeARestoredBackupIsKept) {
  for (int i = 0; i < 8; ++i) etcd->put("/t/mounts/%2F" + std::to_string(i), "<a/>");
  loaded();
  copied();
  const std::string copy = folder.text("store.copy");
  registry.reset();
  etcd = std::make_unique<FakeEtcd>();
  etcd->put("/t/format", "1");
  etcd->put("/t/users/anna", "{\"a\":1}");
  etcd->put("/t/mounts/%2F0", "<a/>");
  settings.members = {etcd->url()};
  LONGS_EQUAL(2, loaded().records.size());
  CHECK(registry->state().up);
  run_until([this] { return folder.has("store.copy.older"); });
  registry.reset();
  loop.run_once(false);
  STRCMP_EQUAL(copy.c_str(), folder.text("store.copy.older").c_str());
  CHECK(folder.text("store.copy") != copy);
  // A copy that is damaged gives way to it.
  folder.put("store.copy", "damaged");
  etcd.reset();
  LONGS_EQUAL(9, loaded().records.size());
  CHECK(log.says("older copy"));
}
TEST(EtcdRegistry, WhatWasAcknowledgedIsInTheCopyOfOneThatIsKilledAtOnce) {
  loaded();
  copied();
  const std::string copy = folder.text("store.copy");
  CHECK(commit(new_record("mounts/%2Fa", "<a/>")).result == CommitResult::kDone);
  RegistryWrite deletion;
  deletion.remove("users/anna", 3);
  CHECK(commit(std::move(deletion)).result == CommitResult::kDone);
  const std::string newer = folder.text("store.copy.newer");
  registry.reset();
  while (folder.text("store.copy") == copy) loop.run_once(true);
  STRCMP_EQUAL("", folder.text("store.copy.newer").c_str());
  // A kill leaves these, and etcd is lost meanwhile.
  folder.put("store.copy", copy);
  folder.put("store.copy.newer", newer + "icecast-lb-store-addition 1 /t/ 400\ncut off");
  etcd->clear();
  const auto is_held = [](const RegistryContent& content) {
    return content.records ==
           std::vector<RegistryRecord>{{"mounts/%2Fa", "<a/>", 5}, {"store/deleted/users", "1", 6}};
  };
  CHECK(is_held(loaded()));
  CHECK(registry->state().from_copy);
  // Killed before its first copy it has that alone.
  registry.reset();
  ::unlink(folder.file("store.copy").c_str());
  ::unlink(folder.file("store.copy.older").c_str());
  CHECK(is_held(loaded()));
}
TEST(EtcdRegistry, ACopyThatCannotBeAddedToKeepsNoWriteWaiting) {
  settings.path = folder.file("missing/store.copy");
  loaded();
  CHECK(commit(new_record("mounts/%2Fa", "<a/>")).result == CommitResult::kDone);
  CHECK(log.says("store.copy.newer: cannot be added to"));
}
TEST(EtcdRegistry, ACopyOfAnotherStoreIsNone) {
  loaded();
  copied();
  const std::string copy = folder.text("store.copy");
  CHECK(parse_store_copy("/t/", copy).has_value());
  CHECK(parse_store_copy("/x/", copy).error().code == Error::Code::kNotFound);
  for (std::size_t n = 0; n < copy.size(); ++n) CHECK(!parse_store_copy("/t/", copy.substr(0, n)));
}
