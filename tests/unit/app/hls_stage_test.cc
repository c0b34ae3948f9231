#include "app/hls/hls_stage.h"

#include "app/services/hls_service.h"
#include "app/test_server.h"
#include "hls/session_names.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

const std::string kHlsMounts =
    "<hls><segment>2</segment><window>12</window></hls>"
    "<mount><mount-name>/m</mount-name><hls>1</hls><max-listeners>2</max-listeners></mount>"
    "<mount><mount-name>/o</mount-name><hls>1</hls></mount>";

// The line of a playlist that is an address.
std::string address_in(const std::string& list, std::size_t number = 0) {
  for (const std::string_view line : split(list, '\n')) {
    if (line.empty() || line.front() == '#') continue;
    if (number-- == 0) return std::string(line);
  }
  return {};
}

}  // namespace

TEST_GROUP(HlsStage) {
  TestServer server;

  void play(TestServer::Client & source, unsigned seconds) {
    for (unsigned i = 0; i < seconds; ++i) {
      server.clock.advance(1s);
      source.say(mp3_frames(39));
    }
  }
  std::string list_address() { return "/m/" + address_in(server.get("/m/live.m3u8").body); }
};

TEST(HlsStage, AListWithASessionIsAListener) {
  auto source = server.start(kHlsMounts).source("/m");
  play(source, 10);
  const Reply master = server.get("/m/live.m3u8");
  LONGS_EQUAL(200, master.status);
  CHECK(master.has("#EXT-X-STREAM-INF:BANDWIDTH="));
  CHECK(master.has("CODECS=\"mp4a.40.34\""));
  CHECK(master.header("Cache-Control") == "no-cache, no-store");
  LONGS_EQUAL(0, server.mount("/m")->listeners());
  const std::string address = "/m/" + address_in(master.body);
  CHECK(address.starts_with("/m/live.m3u8?s="));
  const Reply list = server.get(address);
  LONGS_EQUAL(200, list.status);
  CHECK(list.all.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(list.header("Connection") == "Keep-Alive");
  CHECK(list.header("Cache-Control") == "max-age=1");
  CHECK(list.has("#EXT-X-TARGETDURATION:2\n"));
  LONGS_EQUAL(1, server.mount("/m")->listeners());
  server.get(address);
  LONGS_EQUAL(1, server.mount("/m")->listeners());
  LONGS_EQUAL(304, server.get(address, "If-None-Match: " + list.header("ETag") + "\r\n").status);
  const std::string segment = "/m/" + address_in(list.body);
  const Reply sound = server.get(segment);
  LONGS_EQUAL(200, sound.status);
  CHECK(sound.body.starts_with("ID3\x04"));
  CHECK(sound.header("Cache-Control") == "public, max-age=86400, immutable");
  CHECK(sound.body.ends_with(mp3_frames(20)));
  const Reply part = server.get(segment, "Range: bytes=3-99\r\n");
  LONGS_EQUAL(206, part.status);
  CHECK(part.body == sound.body.substr(3, 97));
  CHECK(server.accesses().empty());
  // One that leaves may come back: players keep their list.  One that is ended does not.
  server.get("/admin/killsource?mount=/m", kAdminLogin);
  CHECK(server.until(
      [&] { return server.accesses().find("GET /m/live.m3u8 HTTP/1.1") != std::string::npos; }));
  LONGS_EQUAL(0, server.services().hls->sessions().size());
}
TEST(HlsStage, TheBytesOfAPlayerAreThoseOfItsSocketAsOfAnyListener) {
  auto source = server.start(kHlsMounts).source("/m");
  play(source, 10);
  const Reply list = server.get(list_address());
  const std::string segment = "/m/" + address_in(list.body);
  const std::uint64_t sent = list.all.size() + server.get(segment).all.size() +
                             server.get(segment, "Range: bytes=3-99\r\n").all.size();
  const auto mount = server.mount("/m");
  UNSIGNED_LONGS_EQUAL(sent, mount->bytes_sent);
  const auto rows = server.services().hls->sessions().list(*mount, server.clock.steady());
  LONGS_EQUAL(1, rows.size());
  UNSIGNED_LONGS_EQUAL(sent, rows[0].bytes_sent);
}
TEST(HlsStage, ASessionCountsUnderTheLimitsOfListeners) {
  auto source = server.start(kHlsMounts).source("/m");
  play(source, 10);
  LONGS_EQUAL(200, server.get(list_address()).status);
  auto plain = server.open("/m");
  LONGS_EQUAL(403, server.get(list_address()).status);
  LONGS_EQUAL(2, server.mount("/m")->listeners());
  LONGS_EQUAL(1, server.refusals(Refusal::kMountListeners));
  // HEAD asks, and does not listen.
  LONGS_EQUAL(200, server.head(list_address()).status);
  LONGS_EQUAL(2, server.mount("/m")->listeners());
}
TEST(HlsStage, ANameThatWasMadeUpIsNoSession) {
  auto source = server.start(kHlsMounts).source("/m");
  play(source, 10);
  // One that this node does not know is a listener that comes (another node may have given it out).
  const std::string given = hls_session_name("12345678");
  CHECK(server.get("/m/live.m3u8?s=" + given + "&a=b").has("#EXTINF"));
  LONGS_EQUAL(1, server.mount("/m")->listeners());
  for (const char* made_up : {"0", "000000000000000000000000"})
    CHECK(server.get("/m/live.m3u8?s=" + std::string(made_up) + "&a=b").has("\nlive.m3u8?a=b&s="));
  LONGS_EQUAL(1, server.mount("/m")->listeners());
}
TEST(HlsStage, AFirstListWaitsForItsFirstSegment) {
  auto source = server.start(kHlsMounts).source("/m");
  auto player = server.open(list_address());
  CHECK(player.waits());
  play(source, 6);
  CHECK(server.until([&] { return player.reply().status == 200; }));
  CHECK(player.reply().has("#EXTINF:"));
}
TEST(HlsStage, OnlyWhereItIsOnAndOnlyOfMp3AndAac) {
  server.start(kHlsMounts);
  auto off = server.source("/off");
  LONGS_EQUAL(404, server.get("/off/live.m3u8").status);
  LONGS_EQUAL(404, server.get("/m/live.m3u8").status);
  LONGS_EQUAL(404, server.get("/m/00000000-1.mp3").status);
  auto ogg = server.source("/o", "", "application/ogg");
  const Reply reply = server.get("/o/live.m3u8");
  LONGS_EQUAL(404, reply.status);
  CHECK(reply.has("application/ogg"));
}
TEST(HlsStage, AMountOrAFileOfTheWholeNameWins) {
  server.put_web("keep", "");
  std::filesystem::create_directories(server.directory.file("web/m"));
  server.directory.put("web/m/live.m3u8", "a file");
  server.start(kHlsMounts + "<mount><mount-name>/o/live.m3u8</mount-name></mount>");
  auto source = server.source("/m");
  STRCMP_EQUAL("a file", server.get("/m/live.m3u8").body.c_str());
  auto other = server.source("/o/live.m3u8");
  CHECK(server.open("/o/live.m3u8").reply().has("audio/mpeg"));
}
TEST(HlsStage, WhereListenersAreRedirectedTheMasterNamesTheNodes) {
  server.start(kHlsMounts +
               "<max-redirect-slaves>-1</max-redirect-slaves>"
               "<redirect><host>edge1.test</host><port>8100</port></redirect>"
               "<redirect><host>edge2.test</host><port>8100</port></redirect>"
               "<cluster><id>m1</id><capacity self-weight=\"0\"/>"
               "<balance><hold>0</hold></balance></cluster>");
  auto source = server.source("/o");
  const Reply reply = server.get("/o/live.m3u8?a=b");
  LONGS_EQUAL(200, reply.status);
  for (const std::size_t number : {0u, 1u}) {
    const std::string address = address_in(reply.body, number);
    CHECK(address.starts_with("http://edge"));
    CHECK(address.find(".test:8100/o/live.m3u8?a=b&s=") != std::string::npos);
  }
  CHECK(address_in(reply.body, 0) != address_in(reply.body, 1));
  // A session that was at another node is served here.
  play(source, 6);
  const std::string list = address_in(reply.body);
  LONGS_EQUAL(200, server.get(list.substr(list.find("/o/"))).status);
  LONGS_EQUAL(1, server.mount("/o")->listeners());
}
TEST(HlsStage, ASessionThatComesBehindTheEndOfItsMountIsNone) {
  auto source = server.start(kHlsMounts).source("/m");
  play(source, 10);
  const auto mount = server.mount("/m");
  HlsService& hls = *server.services().hls;
  const auto begin = [&](std::uint64_t id) {
    auto session = std::make_unique<HlsSession>();
    session->id = id;
    session->name = std::to_string(id);
    session->mount = mount;
    session->place = GatePass::enter(mount->gate());
    return hls.begin_session(std::move(session));
  };
  CHECK(begin(1));
  server.get("/admin/killsource?mount=/m", kAdminLogin);
  CHECK(server.until(
      [&] { return mount->phase() == MountPhase::kEnded && mount->listeners() == 0; }));
  CHECK(!begin(2));
  LONGS_EQUAL(0, hls.sessions().size());
  LONGS_EQUAL(0, mount->listeners());
}
