// Records of mounts in the running server: what is laid over the file, and who may feed them.
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "app/request/record_logins.h"
#include "app/services/record_overlay.h"
#include "app/test_server.h"
#include "auth/password/password_hash.h"
#include "config/records_of.h"
#include "stream/mount/mount.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

MountRecord record(const std::string& json) {
  auto reading = read_mount_record(*Json::parse(json), SetBy::kAdmin);
  STRCMP_EQUAL("", to_string(reading.faults).c_str());
  return std::move(reading.record);
}

std::string source_request(const std::string& mount, const std::string& login) {
  return "SOURCE " + mount + " HTTP/1.0\r\n" + basic(login) + "Content-Type: audio/mpeg\r\n\r\n";
}

const std::string kOwnSection = "<mount><mount-name>/p*</mount-name><genre>P</genre></mount>";

}  // namespace

TEST_GROUP(Records) {
  TestServer server;

  void apply(const std::vector<MountRecord>& records) { apply(records_of(records)); }
  void apply(MountRecords records) {
    bool done = false;
    server.services().overlay->set_store(std::move(records), [&done] { done = true; });
    CHECK(server.until([&] { return done; }));
  }
  std::string genre(const std::string& mount) {
    return mount_section(*server.config(), mount).genre.value_or("(none)");
  }
  Reply login(const std::string& mount, const std::string& login) {
    auto client = server.client();
    client.say(source_request(mount, login));
    server.until([&] { return !client.got().empty(); });
    return client.reply();
  }
};

TEST(Records, AreLaidOverTheFileAndStayOverAReload) {
  server.start(kOwnSection);
  apply({record(R"({"mount":"/p1","settings":{"genre":"R"}})")});
  STRCMP_EQUAL("R", genre("/p1").c_str());
  STRCMP_EQUAL("P", genre("/p2").c_str());
  CHECK(server.says("mount[/p1] added"));
  server.write_config(kOwnSection + "<mount><mount-name>/q</mount-name><genre>Q</genre></mount>");
  server.server().reload();
  CHECK(server.until([&] { return genre("/q") == "Q"; }));
  STRCMP_EQUAL("R", genre("/p1").c_str());
  apply(MountRecords());
  STRCMP_EQUAL("P", genre("/p1").c_str());
  STRCMP_EQUAL("Q", genre("/q").c_str());
}
TEST(Records, ChangesReachARunningMount) {
  server.start();
  const std::string login = R"(,"source":{"user":"source","password":"sourcepass"}})";
  apply({record(R"({"mount":"/a","settings":{"genre":"R"})" + login)});
  auto source = server.source("/a");
  STRCMP_EQUAL("R", server.mount("/a")->settings()->genre.value_or("").c_str());
  apply({record(R"({"mount":"/a","settings":{"genre":"S","max-listeners":3})" + login)});
  STRCMP_EQUAL("S", server.mount("/a")->settings()->genre.value_or("").c_str());
  LONGS_EQUAL(3, server.mount("/a")->settings()->max_listeners);
}
TEST(Records, ChangesThatComeTogetherAreLaidOverTogether) {
  server.start();
  for (int i = 0; i < 50; ++i)
    server.services().overlay->set_store(records_of(
        {record(R"({"mount":"/a","settings":{"genre":"G)" + std::to_string(i) + "\"}}")}));
  CHECK(server.until([&] { return genre("/a") == "G49"; }));
  std::size_t lines = 0;
  const std::string log = server.errors();
  for (std::size_t at = 0; (at = log.find("the record of 1 mount", at)) != std::string::npos; ++at)
    ++lines;
  LONGS_EQUAL(1, lines);
}
TEST(Records, AReloadThatFailsKeepsThem) {
  server.start();
  apply({record(R"({"mount":"/a","settings":{"genre":"R"}})")});
  server.directory.put("icecast.xml", "<icecast>");
  server.server().reload();
  CHECK(server.until([&] { return server.says("the old configuration stays"); }));
  STRCMP_EQUAL("R", genre("/a").c_str());
  apply({record(R"({"mount":"/a","settings":{"genre":"S"}})")});
  STRCMP_EQUAL("S", genre("/a").c_str());
}
TEST(Records, LoginsOfARecordReplaceAllOthers) {
  server.start();
  const auto hash = hash_password(HashMethod::kSha512, "hashed");
  apply({record(R"({"mount":"/a","sources":[{"user":"dj","password":"plain"},
                    {"user":"md","hash":"5f4dcc3b5aa765d61d8327deb882cf99"},
                    {"user":"old","password":"x","until":1000},
                    {"user":"slow","hash":")" +
                *hash + "\"}]}")});
  LONGS_EQUAL(401, login("/a", "source:sourcepass").status);
  LONGS_EQUAL(401, login("/a", "dj:other").status);
  LONGS_EQUAL(401, login("/a", "old:x").status);
  LONGS_EQUAL(401, login("/a", "dj:hashed").status);
  for (const char* right : {"dj:plain", "md:password", "slow:hashed"}) {
    auto client = server.client();
    client.say(source_request("/a", right));
    CHECK(server.until([&] { return !client.got().empty(); }));
    LONGS_EQUAL(200, client.reply().status);
    client.close();
    CHECK(server.until([&] { return server.mount("/a") == nullptr; }));
  }
  // Other mounts are as they were.
  LONGS_EQUAL(200, login("/b", "source:sourcepass").status);
}
TEST(Records, TheLoginOfARecordSetsTitlesToo) {
  server.start();
  const auto hash = hash_password(HashMethod::kSha512, "hashed");
  apply({record(R"({"mount":"/a","source":{"user":"slow","hash":")" + *hash + "\"}}")});
  auto source = server.client();
  source.say(source_request("/a", "slow:hashed"));
  CHECK(server.until([&] { return !source.got().empty(); }));
  source.say(mp3_frames(20));
  const auto ask = [&](const std::string& who) {
    auto client = server.client();
    client.say("GET /admin/metadata?mount=/a&mode=updinfo&song=x HTTP/1.0\r\n" + basic(who) +
               "\r\n");
    server.until([&] { return !client.got().empty(); });
    return client.reply().status;
  };
  LONGS_EQUAL(200, ask("slow:hashed"));
  LONGS_EQUAL(401, ask("slow:wrong"));
}
TEST(Records, ASuspendedMountHasNoSource) {
  server.start();
  const std::string begin = R"({"mount":"/a","source":{"user":"dj","password":"p"})";
  apply({record(begin + "}")});
  auto source = server.client();
  source.say(source_request("/a", "dj:p")).say(mp3_frames(20));
  CHECK(server.until([&] { return server.mount("/a") != nullptr; }));
  apply({record(begin + R"(,"state":"suspended"})")});
  CHECK(server.until([&] { return server.mount("/a") == nullptr; }));
  const Reply refused = login("/a", "dj:p");
  LONGS_EQUAL(403, refused.status);
  CHECK(refused.has("suspended"));
  LONGS_EQUAL(401, login("/a", "dj:q").status);
}
TEST(Records, ASuspensionThatComesWithAReloadEndsTheSource) {
  server.start();
  const std::string begin = R"({"mount":"/a","source":{"user":"dj","password":"p"})";
  apply({record(begin + "}")});
  auto source = server.client();
  source.say(source_request("/a", "dj:p")).say(mp3_frames(20));
  CHECK(server.until([&] { return server.mount("/a") != nullptr; }));
  const auto file = layers_of(server.config()).file;
  server.services().overlay->set_file(std::make_shared<const Config>(*file), nullptr);
  apply({record(begin + R"(,"state":"suspended"})")});
  CHECK(layers_of(server.config()).file != file);
  CHECK(server.until([&] { return server.mount("/a") == nullptr; }));
}
TEST(Records, AShoutcastPasswordMayBeOfAnyLogin) {
  MountSettings section;
  section.logins = {{"a", "", "p", 0, 0}, {"b", "", "q", 50, 100}};
  LONGS_EQUAL(2, possible_logins(section, "source", 60).size());
  LONGS_EQUAL(1, possible_logins(section, "source", 100).size());
  LONGS_EQUAL(1, possible_logins(section, "b", 60).size());
  LONGS_EQUAL(0, possible_logins(section, "b", 49).size());
  LONGS_EQUAL(0, possible_logins(section, "c", 60).size());
  section.logins.push_back({"source", "", "r", 0, 0});
  LONGS_EQUAL(1, possible_logins(section, "source", 60).size());
}
// 10,000 records: a start, and one change, in all.
TEST(Records, ManyOfThemAreLaidOverInTime) {
  server.start();
  MountRecords many;
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "/m" + std::to_string(i);
    many.set(name, std::make_shared<const MountRecord>(
                       record("{\"mount\":\"" + name +
                              R"(","settings":{"genre":"G","max-listeners":50,"stream-name":"N"},
                            "source":{"user":"u","password":"p"}})")));
  }
  const std::clock_t begin = std::clock();  // of the processor: others may use it, too
  apply(many);
  const std::clock_t laid = std::clock();
  MountRecord other = **many.look_up("/m77");
  other.settings.children.clear();
  many.set("/m77", std::make_shared<const MountRecord>(other));
  apply(many);
  const std::clock_t again = std::clock();
  STRCMP_EQUAL("(none)", genre("/m77").c_str());
  STRCMP_EQUAL("G", genre("/m9999").c_str());
  CHECK(laid - begin < 3 * CLOCKS_PER_SEC);
  CHECK(again - laid < CLOCKS_PER_SEC / 5);
}
