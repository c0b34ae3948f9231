#include "app/join/listen_ask.h"
#include "app/join/stages.h"
#include "app/services/playing_mount.h"
#include "app/test_server.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(ListenStage) {
  TestServer far, server;

  std::int64_t listeners(const char* mount) { return server.mount(mount)->listeners(); }
};

TEST(ListenStage, AListenerHearsTheStream) {
  auto source = server.start().source("/live");
  auto listener = server.open("/live");
  CHECK_EQUAL(200, listener.reply().status);
  CHECK_EQUAL(std::string("audio/mpeg"), listener.reply().header("Content-Type"));
  CHECK_EQUAL(mp3_frames(20), listener.reply().body);
  source.say(mp3_frames(5, 'y'));
  server.clock.advance(1s);  // the pulse allows
  source.say(mp3_frames(1, 'z'));
  CHECK(server.until([&] { return listener.got().find("yyyy") != std::string::npos; }));
  LONGS_EQUAL(1, listeners("/live"));
  LONGS_EQUAL(1, server.services().counters.listeners.inside());
}
TEST(ListenStage, WhatIsNoMountIsForTheNextStage) {
  CHECK_EQUAL(404, server.start().get("/nothing").status);
}
TEST(ListenStage, HeadHasTheStreamsTypeAndTakesNoPlace) {
  auto source = server.start().source("/live", "ice-name: N\r\n");
  const Reply reply = server.head("/live");
  LONGS_EQUAL(200, reply.status);
  CHECK_EQUAL(std::string("audio/mpeg"), reply.header("Content-Type"));
  CHECK_EQUAL(std::string("N"), reply.header("icy-name"));
  CHECK_EQUAL(std::string(""), reply.body);
  LONGS_EQUAL(0, server.services().counters.listener_connections.load());
}
TEST(ListenStage, WhoAsksForMetadataIsToldTheirInterval) {
  auto source = server.start().source("/live");
  CHECK_EQUAL(std::string("16000"),
              server.open("/live", "Icy-MetaData: 1\r\n").reply().header("icy-metaint"));
  CHECK_EQUAL(std::string("(none)"),
              server.open("/live", "Icy-MetaData: 0\r\n").reply().header("icy-metaint"));
  CHECK_EQUAL(std::string("(none)"), server.open("/live").reply().header("icy-metaint"));
}
TEST(ListenStage, WhatHeadersAskForIsReadOnce) {
  Request request;
  const ListenAsk nothing = listen_ask(request);
  CHECK_FALSE(nothing.icy || nothing.length || nothing.probes || nothing.own_product);
  CHECK_FALSE(nothing.burst || nothing.place);
  request.headers.add("icy-metadata", " 1 ");
  request.headers.add("x-flash-version", "9");
  request.headers.add("x-lb-burst", "4096");
  request.headers.add("x-lb-stream", "any");
  const ListenAsk player = listen_ask(request);
  CHECK(player.icy && player.length);
  CHECK(player.place.has_value());
  CHECK_FALSE(player.place->at);
  CHECK_FALSE(player.burst);  // which a server of ours asks for only
  request.headers.add("x-lb-relay", "m1");
  CHECK(listen_ask(request).own_product);
  LONGS_EQUAL(4096, listen_ask(request).burst.value_or(0));
}
TEST(ListenStage, TheNumberAtTheBeginningOfIcyMetaDataCounts) {
  const auto wants = [](const char* value) {
    Request request;
    request.headers.add("icy-metadata", value);
    return wants_titles(request);
  };
  for (const char* value : {"1", " 1 ", "2", "1, 1", "1;q=2"}) CHECK(wants(value));
  for (const char* value : {"", "0", "0, 1", "yes", "-1"}) CHECK_FALSE(wants(value));
}
TEST(ListenStage, SafarisQuestionForTwoBytesIsAPart) {
  auto source = server.start().source("/live");
  const std::string safari = "User-Agent: Mozilla/5.0 Version/17 Safari/605\r\n";
  const Reply reply = server.get("/live", "Range: bytes=0-1\r\n" + safari);
  LONGS_EQUAL(206, reply.status);
  CHECK_EQUAL(std::string("2"), reply.header("Content-Length"));
  CHECK_EQUAL(std::string("\xff\xfb"), reply.body);
  LONGS_EQUAL(0, listeners("/live"));
}
TEST(ListenStage, OtherProgramsOfApplesGetTheStreamForTheSameQuestion) {
  auto source = server.start().source("/live");
  CHECK_EQUAL(200,
              server.open("/live", "Range: bytes=0-1\r\nUser-Agent: AppleCoreMedia/1 Safari/6\r\n")
                  .reply()
                  .status);
  CHECK_EQUAL(
      200,
      server.open("/live", "Range: bytes=0-1\r\nUser-Agent: Chrome/1 Safari/6\r\n").reply().status);
}
TEST(ListenStage, FlashAndMsieAreGivenALength) {
  auto source = server.start().source("/live");
  CHECK_EQUAL(std::string("221183499"),
              server.open("/live", "User-Agent: MSIE 6\r\n").reply().header("Content-Length"));
  CHECK_EQUAL(std::string("221183499"),
              server.open("/live", "x-flash-version: 9\r\n").reply().header("Content-Length"));
  CHECK_EQUAL(std::string("(none)"), server.open("/live").reply().header("Content-Length"));
}
TEST(ListenStage, AFullMountRefusesAndCounts) {
  server.start("<mount><mount-name>/live</mount-name><max-listeners>1</max-listeners></mount>");
  auto source = server.source("/live");
  auto first = server.open("/live");
  const Reply reply = server.get("/live");
  LONGS_EQUAL(403, reply.status);
  CHECK(reply.has("max listeners reached"));
  LONGS_EQUAL(1, server.refusals(Refusal::kMountListeners));
  LONGS_EQUAL(1, listeners("/live"));
  first.close();
  CHECK_EQUAL(200, server.open("/live").reply().status);
}
TEST(ListenStage, AFullMountMayGoOnToItsFallback) {
  server.start(
      "<mount><mount-name>/live</mount-name><max-listeners>0</max-listeners>"
      "<fallback-mount>/other</fallback-mount><fallback-when-full>1</fallback-when-full></mount>");
  auto source = server.source("/live"), other = server.source("/other");
  auto listener = server.open("/live");
  CHECK_EQUAL(200, listener.reply().status);
  LONGS_EQUAL(1, listeners("/other"));
  LONGS_EQUAL(0, listeners("/live"));
}
TEST(ListenStage, FallbacksThatAreFullInACircleEnd) {
  const auto full = [](const std::string& name, const std::string& next) {
    return "<mount><mount-name>" + name +
           "</mount-name><max-listeners>0</max-listeners>"
           "<fallback-mount>" +
           next +
           "</fallback-mount><fallback-when-full>1</fallback-when-full>"
           "</mount>";
  };
  server.start(full("/a", "/b") + full("/b", "/a"));
  auto a = server.source("/a"), b = server.source("/b");
  CHECK_EQUAL(403, server.get("/a").status);
}
TEST(ListenStage, TheServersListenersHaveALimitToo) {
  server.limits = "<max-listeners>1</max-listeners>";
  auto source = server.start().source("/live");
  auto first = server.open("/live");
  CHECK_EQUAL(403, server.get("/live").status);
  LONGS_EQUAL(1, server.refusals(Refusal::kListeners));
  LONGS_EQUAL(1, listeners("/live"));
}
TEST(ListenStage, BandwidthOfAMountIsRoomForSoManyListeners) {
  server.start("<mount><mount-name>/live</mount-name><max-bandwidth>300k</max-bandwidth></mount>");
  auto source = server.source("/live");
  server.mount("/live")->set_usual_rate(16000);
  auto one = server.open("/live"), two = server.open("/live");
  CHECK_EQUAL(200, two.reply().status);
  CHECK_EQUAL(403, server.get("/live").status);
}
TEST(ListenStage, BandwidthOfTheServerIsThatOfAllListenersTogether) {
  server.limits = "<max-bandwidth>200k</max-bandwidth>";
  auto source = server.start().source("/live");
  server.mount("/live")->set_usual_rate(16000);
  auto one = server.open("/live");
  CHECK_EQUAL(200, one.reply().status);
  const Reply reply = server.get("/live");
  LONGS_EQUAL(403, reply.status);
  CHECK(reply.has("server bandwidth reached"));
  LONGS_EQUAL(1, server.refusals(Refusal::kBandwidth));
  LONGS_EQUAL(1, listeners("/live"));
  LONGS_EQUAL(128000, server.services().counters.promised.sum.load());
}
TEST(ListenStage, OneAddressHasSoManyListenersOfTheServer) {
  server.limits = "<max-listeners-per-address>1</max-listeners-per-address>";
  auto source = server.start().source("/live"), other = server.source("/other");
  auto first = server.open("/live");
  const Reply reply = server.get("/other");
  LONGS_EQUAL(403, reply.status);
  CHECK(reply.has("too many listeners from this address"));
  LONGS_EQUAL(1, server.refusals(Refusal::kSameAddress));
  CHECK_EQUAL(200, server.open("/other", "", "192.0.2.10").reply().status);
  first.close();
  CHECK_EQUAL(200, server.open("/other").reply().status);
}
TEST(ListenStage, OneAddressHasSoManyListenersOfAMount) {
  server.start(
      "<mount><mount-name>/live</mount-name>"
      "<max-listeners-per-address>1</max-listeners-per-address></mount>");
  auto source = server.source("/live"), other = server.source("/other");
  auto first = server.open("/live"), second = server.open("/other");
  CHECK_EQUAL(200, second.reply().status);
  CHECK_EQUAL(403, server.get("/live").status);
}
TEST(ListenStage, WhereAMountIsFullItsAddressKeepsItsPlaces) {
  server.start(
      "<mount><mount-name>/live</mount-name><max-listeners>0</max-listeners>"
      "<max-listeners-per-address>1</max-listeners-per-address></mount>");
  auto source = server.source("/live");
  for (int i = 0; i < 3; ++i) CHECK(server.get("/live").has("max listeners reached"));
  LONGS_EQUAL(0, server.refusals(Refusal::kSameAddress));
}
TEST(ListenStage, AMountThatIsNoneIsRefused) {
  server.start("<mount><mount-name>/live</mount-name><no-mount>1</no-mount></mount>");
  auto source = server.source("/live");
  const Reply reply = server.get("/live");
  LONGS_EQUAL(403, reply.status);
  CHECK(reply.has("mountpoint unavailable"));
}
TEST(ListenStage, ANameThatIsNoMountIsClosedWhateverWouldAnswer) {
  const auto closed = [](const std::string& name) {
    return "<mount><mount-name>" + name + "</mount-name><no-mount>1</no-mount></mount>";
  };
  server.start(closed("/none") + closed("/status.xsl") + closed("/a.txt") + closed("/shut/*") +
               closed("/fall.m3u") + closed("/*.txt"));
  server.put_web("a.txt", "0123456789");
  server.put_web("b.txt", "0123456789");
  for (const char* path : {"/none", "/status.xsl", "/a.txt", "/shut/x", "/fall.m3u", "/c.txt"}) {
    const Reply reply = server.get(path);
    CHECK_EQUAL_TEXT(403, reply.status, path);
    CHECK_TEXT(reply.has("mountpoint unavailable"), path);
  }
  // A pattern is meant for mounts, as in AuthStage.
  CHECK_EQUAL(200, server.get("/b.txt").status);
  CHECK_EQUAL(404, server.get("/shut").status);
}
TEST(ListenStage, ItsFallbackPlaysForAMountWithoutASource) {
  server.start(
      "<mount><mount-name>/live</mount-name><fallback-mount>/b</fallback-mount></mount>"
      "<mount><mount-name>/b</mount-name><fallback-mount>/c</fallback-mount></mount>");
  auto source = server.source("/c");
  auto listener = server.open("/live");
  CHECK_EQUAL(200, listener.reply().status);
  LONGS_EQUAL(1, listeners("/c"));
}
TEST(ListenStage, AChainOfFallbacksIsFollowedTenTimes) {
  std::string chain;
  for (int i = 0; i < 11; ++i)
    chain += "<mount><mount-name>/" + std::to_string(i) + "</mount-name><fallback-mount>/" +
             std::to_string(i + 1) + "</fallback-mount></mount>";
  auto source = server.start(chain).source("/11");
  CHECK_EQUAL(200, server.open("/1").reply().status);
  CHECK_EQUAL(404, server.get("/0").status);
}
TEST(ListenStage, APageIsNeverTheDefaultMountsFallback) {
  server.start("<mount type=\"default\"><fallback-mount>/live</fallback-mount></mount>");
  auto source = server.source("/live");
  POINTERS_EQUAL(nullptr, playing_mount(server.services(), *server.config(), "/status.xsl").get());
  CHECK(playing_mount(server.services(), *server.config(), "/other") == server.mount("/live"));
}
TEST(ListenStage, AListenersTimeMayBeLimited) {
  server.start(
      "<mount><mount-name>/live</mount-name><max-listener-duration>60</max-listener-duration>"
      "</mount>");
  auto source = server.source("/live");
  auto listener = server.open("/live");
  server.clock.advance(59s);
  source.say(mp3_frames(1));
  CHECK_FALSE(listener.finished());
  server.clock.advance(2s);
  source.say(mp3_frames(1));
  CHECK(server.until([&] { return listener.finished(); }));
}
TEST(ListenStage, AServerThatRelaysHearsNothingOfAMountThatLingers) {
  server.start("<mount><mount-name>/live</mount-name><linger-for>60</linger-for></mount>");
  auto source = server.source("/live");
  auto listener = server.open("/live");
  source.close();
  CHECK(server.mount("/live")->phase() == MountPhase::kLingering);
  CHECK_EQUAL(404, server.get("/live", "User-Agent: Icecast 2.4.4\r\n").status);
  CHECK_EQUAL(200, server.open("/live").reply().status);
}
TEST(ListenStage, AMountThatLingersWithoutListenersIsPulledForTheServerThatAsks) {
  far.start_bound();
  auto origin = far.source("/live");
  server.start(
      "<mount><mount-name>/live</mount-name><linger-for>60</linger-for></mount>"
      "<relay><server>127.0.0.1</server><port>" +
      std::to_string(far.port()) +
      "</port><mount>/live</mount><local-mount>/live</local-mount>"
      "<on-demand>1</on-demand></relay>");
  server.turn_with(far);
  const auto phase = [this] { return server.mount("/live")->phase(); };
  auto listener = server.open("/live");
  CHECK(server.until([&] { return server.mount("/live") && phase() == MountPhase::kRunning; }));
  origin.close();
  CHECK(server.until([&] { return phase() == MountPhase::kLingering; }));
  listener.close();
  CHECK(server.until([&] { return listeners("/live") == 0; }));
  auto again = far.source("/live");
  server.turn();
  CHECK(phase() == MountPhase::kLingering);
  LONGS_EQUAL(0, far.mount("/live")->listeners());
  server.clock.advance(3s);  // the relay has rested
  const std::string asks = "User-Agent: Icecast 2.4.4\r\n";
  CHECK_EQUAL(404, server.get("/live", asks).status);
  CHECK(server.until([&] { return phase() == MountPhase::kRunning; }));
  CHECK_EQUAL(200, server.open("/live", asks).reply().status);
}
TEST(ListenStage, ANodeThatProvesNothingIsNotTakenForAListener) {
  server.start(
      "<mount><mount-name>/live</mount-name><max-listeners-cluster>1</max-listeners-cluster>"
      "</mount>");
  auto source = server.source("/live");
  const std::string mark =
      "X-LB-Pull: e1.9f3c21aa; to=m1.77e0aa01; n=17; t=1792540800; mac=" + std::string(64, '0') +
      "\r\n";
  const Reply reply = server.get("/live", mark);
  LONGS_EQUAL(403, reply.status);
  CHECK(reply.has("This mark of a node is not valid here"));
  CHECK_EQUAL(403, server.get("/live", "X-LB-Pull: nothing\r\n").status);
  LONGS_EQUAL(2, server.refusals(Refusal::kLogin));
  CHECK_EQUAL(200, server.open("/live").reply().status);
}
TEST(ListenStage, AServerThatRelaysCountsAsAListenerThatIsNoAudience) {
  auto source = server.start().source("/live");
  auto relay = server.open("/live", "User-Agent: Icecast 2.4.4\r\n");
  LONGS_EQUAL(1, listeners("/live"));
  LONGS_EQUAL(1, server.mount("/live")->relays());
  LONGS_EQUAL(0, server.mount("/live")->audience());
}
TEST(ListenStage, ARelayOfOursGetsTheWayOfTheStreamAndNoMoreOfTheBurstThanItWants) {
  auto source = server.start().source("/live");
  for (int i = 0; i < 4; ++i) source.say(mp3_frames(40));
  const std::string ours = "User-Agent: x\r\nX-LB-Relay: e1.0a0a0a0a\r\n";
  auto relay = server.open("/live", ours),
       later = server.open("/live", ours + "X-LB-Burst: 900\r\n");
  CHECK(relay.reply().header("X-LB-Path") != "(none)");
  CHECK(relay.reply().body.size() > 60'000);
  CHECK(later.reply().body.size() < 10'000);
  CHECK_EQUAL(std::string("(none)"), server.open("/live").reply().header("X-LB-Path"));
}
TEST(ListenStage, TheAccessLineComesWhenTheListenerGoes) {
  auto source = server.start().source("/live");
  auto listener = server.open("/live", "User-Agent: P/1\r\n");
  server.clock.advance(7s);
  listener.close();
  source.say(mp3_frames(1));
  const auto written = [this] {
    return server.accesses().find("\"P/1\" 7\n") != std::string::npos;
  };
  CHECK(server.until(written));
}
TEST(ListenStage, HeadersOfTheMountAreInTheAnswer) {
  server.start(
      "<mount><mount-name>/live</mount-name><http-headers><header name=\"X-A\" value=\"b\"/>"
      "</http-headers></mount>");
  auto source = server.source("/live");
  CHECK_EQUAL(std::string("b"), server.open("/live").reply().header("X-A"));
  CHECK_EQUAL(std::string("*"), server.open("/live").reply().header("Access-Control-Allow-Origin"));
}
TEST(ListenStage, AListenerAtAFallbackDoesNotKeepTheStreamThatHasEnded) {
  server.start(
      "<mount><mount-name>/live</mount-name><fallback-mount>/spare</fallback-mount></mount>");
  auto spare = server.source("/spare");
  auto source = std::make_unique<TestServer::Client>(server.source("/live"));
  auto listener = server.open("/live");
  const std::weak_ptr<Mount> first = server.mount("/live");
  source.reset();
  CHECK(server.until([&] { return listeners("/spare") == 1; }));
  CHECK(server.until([&] {
    server.clock.advance(1s);  // the pulse allows
    return first.expired();
  }));
}
TEST(ListenStage, AReloadDoesNotKeepTheStreamsOfItsTime) {
  server.start();
  auto source = std::make_unique<TestServer::Client>(server.source("/live"));
  const std::weak_ptr<Mount> mount = server.mount("/live");
  server.reload();
  source.reset();
  CHECK(server.until([&] { return mount.expired(); }));
}
