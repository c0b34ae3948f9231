#include "app/pages/station_stats.h"

#include "app/services/mount_fallbacks.h"
#include "app/services/mount_files.h"
#include "app/test_server.h"
#include "app/topology/listeners_elsewhere.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(StationStats) {
  TestServer server;

  StatsDocument stats(const std::optional<std::string>& only = std::nullopt,
                      const ListenersElsewhere& elsewhere = {}) {
    return make_stats(server.services(), elsewhere, only);
  }
  std::map<std::string, std::string> of(const std::string& mount,
                                        const ListenersElsewhere& elsewhere = {}) {
    const StatsDocument document = stats(mount, elsewhere);
    return document.sources.size() == 1 ? document.sources[0].fields
                                        : std::map<std::string, std::string>{};
  }
  std::vector<MountSettings> on_fallback() {
    return mounts_on_fallback(*server.config(), *server.services().mounts.all(),
                              server.services().mount_files.get());
  }
  std::string global(const char* name, const ListenersElsewhere& elsewhere = {}) {
    return stats(std::nullopt, elsewhere).globals.at(name);
  }
};

TEST(StationStats, TheServerSaysWhatItIsAndCounts) {
  auto source = server.start("<location>Moon</location>").source("/live");
  auto listener = server.open("/live");
  CHECK_EQUAL(std::string("Moon"), global("location"));
  CHECK_EQUAL(std::string("radio.test"), global("host"));
  CHECK_EQUAL(std::string("1"), global("sources"));
  CHECK_EQUAL(std::string("1"), global("listeners"));
  CHECK_EQUAL(std::string("2"), global("clients"));
  CHECK_EQUAL(std::string("1"), global("source_client_connections"));
  CHECK_EQUAL(std::string("0"), global("source_relay_connections"));
}
TEST(StationStats, AMountSaysWhatItsSourceSaid) {
  server.start();
  auto source = server.source("/live", "ice-name: N\r\nice-genre: G\r\nice-bitrate: 128\r\n");
  auto fields = of("/live");
  CHECK_EQUAL(std::string("N"), fields["server_name"]);
  CHECK_EQUAL(std::string("G"), fields["genre"]);
  CHECK_EQUAL(std::string("audio/mpeg"), fields["server_type"]);
  CHECK_EQUAL(std::string("http://radio.test:8000/live"), fields["listenurl"]);
  CHECK_EQUAL(std::string("unlimited"), fields["max_listeners"]);
}
TEST(StationStats, ASourceHasTheNumbersThatIcecastKhShows) {
  auto source = server.start().source("/live");
  auto listener = server.open("/live");
  source.say(mp3_frames(100));
  CHECK(server.until([&] { return server.mount("/live")->bytes_read.load() >= 38'400; }));
  auto mount = server.mount("/live");
  mount->bytes_per_second.store(16'000);
  mount->bytes_sent.store(5 << 20);
  server.clock.advance(7s);
  auto fields = of("/live");
  CHECK_EQUAL(std::string("7"), fields["connected"]);
  CHECK_EQUAL(std::string("128000"), fields["incoming_bitrate"]);
  CHECK_EQUAL(std::string("1"), fields["listener_connections"]);
  CHECK_EQUAL(std::string("125"), fields["outgoing_kbitrate"]);
  CHECK_EQUAL(std::string("5"), fields["total_mbytes_sent"]);
  const auto view = mount->channel().newest();
  CHECK_EQUAL(std::to_string(view->end - view->begin), fields["queue_size"]);
  CHECK(!fields.contains("metadata_updated"));
  server.services().titles.add("/live", "A - B", {}, WallTime(std::chrono::seconds(1'795'132'800)),
                               10);
  CHECK_EQUAL(local_text(WallTime(std::chrono::seconds(1'795'132'800)), "%d/%b/%Y:%H:%M:%S %z"),
              of("/live")["metadata_updated"]);
  CHECK(!global("stream_kbytes_read").empty());
  CHECK(!global("stream_kbytes_sent").empty());
  CHECK(!global("outgoing_kbitrate").empty());
  // A source that has stopped sending sends nothing to listeners.
  server.clock.advance(10s);
  fields = of("/live");
  CHECK_EQUAL(std::string("0"), fields["incoming_bitrate"]);
  CHECK_EQUAL(std::string("0"), fields["outgoing_kbitrate"]);
}
TEST(StationStats, TheConfigurationsWordsWin) {
  server.start(
      "<mount><mount-name>/live</mount-name><stream-name>Mine</stream-name><genre>Jazz</genre>"
      "<listenurl>http://cdn.test/x</listenurl><max-listeners>9</max-listeners><public>1</public>"
      "</mount>");
  auto source = server.source("/live", "ice-name: N\r\nice-genre: G\r\n");
  auto fields = of("/live");
  CHECK_EQUAL(std::string("Mine"), fields["server_name"]);
  CHECK_EQUAL(std::string("Jazz"), fields["genre"]);
  CHECK_EQUAL(std::string("http://cdn.test/x"), fields["listenurl"]);
  CHECK_EQUAL(std::string("9"), fields["max_listeners"]);
  CHECK_EQUAL(std::string("1"), fields["public"]);
}
TEST(StationStats, TheBeginningIsTheSourcesAndNotTheServers) {
  server.start();
  server.clock.advance(24h);
  auto source = server.source("/live");
  CHECK(of("/live")["stream_start_iso8601"].starts_with("2023-11-15T"));
  CHECK(global("server_start_iso8601").starts_with("2023-11-14T"));
}
TEST(StationStats, OfOneMountTheGlobalCountersAreThoseOfAll) {
  server.start();
  auto a = server.source("/a"), b = server.source("/b");
  auto listener = server.open("/a");
  const StatsDocument one = stats("/b");
  LONGS_EQUAL(1, one.sources.size());
  CHECK_EQUAL(std::string("/b"), one.sources[0].mount);
  CHECK_EQUAL(std::string("1"), one.globals.at("listeners"));
}
TEST(StationStats, SourcesAreInTheOrderOfTheirNames) {
  server.start();
  auto b = server.source("/b"), a = server.source("/a");
  const StatsDocument all = stats();
  LONGS_EQUAL(2, all.sources.size());
  CHECK_EQUAL(std::string("/a"), all.sources[0].mount);
}
TEST(StationStats, ThoseWhoListenElsewhereAreCountedWithOurs) {
  auto source = server.start().source("/live");
  auto listener = server.open("/live");
  ListenersElsewhere elsewhere;
  elsewhere.counted = true;
  elsewhere.nodes = 10;
  elsewhere.below = 5;
  Audience audience;
  audience.nodes = 7;
  elsewhere.mounts.emplace("/live", audience);
  auto fields = of("/live", elsewhere);
  CHECK_EQUAL(std::string("8"), fields["listeners"]);
  CHECK_EQUAL(std::string("1"), fields["listeners_local"]);
  CHECK_EQUAL(std::string("8"), fields["listener_peak"]);
  CHECK_EQUAL(std::string("16"), global("listeners", elsewhere));
  CHECK_EQUAL(std::string("1"), global("listeners_local", elsewhere));
  CHECK_FALSE(of("/live").contains("listeners_local"));
}
TEST(StationStats, AMountWithoutASourceIsThereWhileItsFallbackPlays) {
  server.start(
      "<mount><mount-name>/live</mount-name><fallback-mount>/b</fallback-mount></mount>"
      "<mount><mount-name>/b</mount-name><fallback-mount>/c</fallback-mount></mount>"
      "<mount><mount-name>/p*</mount-name><fallback-mount>/c</fallback-mount></mount>");
  LONGS_EQUAL(0, on_fallback().size());
  auto c = server.source("/c");
  LONGS_EQUAL(2, on_fallback().size());
  const StatsDocument one = stats("/live");
  LONGS_EQUAL(1, one.sources.size());
  CHECK_FALSE(one.sources[0].running);
  CHECK_EQUAL(std::string("0"), one.sources[0].fields.at("listeners"));
}
TEST(StationStats, AHiddenMountIsMarked) {
  server.start("<mount><mount-name>/live</mount-name><hidden>1</hidden></mount>");
  auto source = server.source("/live");
  CHECK(stats().sources.at(0).hidden);
}
TEST(StationStats, AnIdleRelayIsOnDemandAndHasNotReadAnything) {
  server.start(
      "<relay><server>127.0.0.1</server><port>1</port><mount>/live</mount>"
      "<on-demand>1</on-demand></relay>");
  auto fields = of("/live");
  CHECK_EQUAL(std::string("1"), fields["on_demand"]);
  CHECK_FALSE(fields.contains("total_bytes_read"));
  CHECK_FALSE(fields.contains("stream_start"));
}
TEST(StationStats, TheTitleIsThereWhenItIsKnown) {
  auto source = server.start().source("/live");
  CHECK_FALSE(of("/live").contains("title"));
  server.get("/admin/metadata?mount=/live&mode=updinfo&song=T", kAdminLogin);
  CHECK_EQUAL(std::string("T"), of("/live")["title"]);
}
