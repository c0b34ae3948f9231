#include "cluster/link/frame.h"

#include <string>

#include "cluster/link/frame_reading.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

NodeAddress name(PublicScheme scheme, const char* host, std::uint16_t port) {
  return make_node_address(scheme, host, port);
}

}  // namespace

TEST_GROUP(Frame){};

TEST(Frame, HelloSaysWhoANodeIs) {
  HelloFrame hello;
  hello.id = "edge3";
  hello.epoch = "9f3c21aa";
  hello.version = "1.0.2";
  hello.addresses = {name(PublicScheme::kHttp, "edge3.example.org", 8000),
                     name(PublicScheme::kHttp, "2001:db8::3", 8000),
                     name(PublicScheme::kHttps, "edge3.example.org", 443)};
  hello.capacity = {900'000, 5000, 800, 12, 4000};
  hello.countries = {"de", "fr"};
  hello.tags = {"eu", "premium"};
  hello.enforces = 5;
  hello.tokens = true;
  hello.masters = 2;
  hello.now_ms = 1795158000123;
  const std::string line = again(hello);
  STRCMP_EQUAL(
      "{\"t\":\"HELLO\",\"id\":\"edge3\",\"epoch\":\"9f3c21aa\",\"ver\":\"1.0.2\",\"proto\":[1,0],"
      "\"pub\":{\"http\":[\"edge3.example.org:8000\",\"[2001:db8::3]:8000\"],"
      "\"https\":[\"edge3.example.org:443\"]},\"cap\":{\"lis\":5000,\"kbps\":900000,\"acc\":800,"
      "\"src\":12,\"in\":4000},\"geo\":[\"de\",\"fr\"],\"tags\":[\"eu\",\"premium\"],\"enforces\":["
      "\"auth\",\"limits\"],"
      "\"tokens\":true,\"masters\":2,\"listeners\":true,\"now\":1795158000123}",
      line.c_str());
  CHECK(hello == read<HelloFrame>(line));
}
TEST(Frame, AHelloNeedsAnIdAndAnEpochAndNothingElse) {
  const HelloFrame hello = read<HelloFrame>(R"({"t":"HELLO","id":"a","epoch":"b"})");
  LONGS_EQUAL(1, hello.major);
  LONGS_EQUAL(1, hello.masters);
  CHECK(hello.wants_listeners);
  STRCMP_EQUAL("HELLO: id is missing", wrong(R"({"t":"HELLO","epoch":"b"})").c_str());
  STRCMP_EQUAL("HELLO: epoch is missing", wrong(R"({"t":"HELLO","id":"a"})").c_str());
}
TEST(Frame, AnIdIsAWord) {
  for (const char* id : {"", "a b", "a/b", "\\u0000", "a\\r\\nX: y", "\xc3\xa4"})
    STRCMP_CONTAINS("HELLO: id ",
                    wrong(R"({"t":"HELLO","epoch":"b","id":")" + std::string(id) + "\"}").c_str());
  CHECK(wrong(R"({"t":"HELLO","epoch":"b","id":")" + std::string(64, 'x') + "\"}") == "(valid)");
  CHECK(wrong(R"({"t":"HELLO","epoch":"b","id":")" + std::string(65, 'x') + "\"}") != "(valid)");
  STRCMP_EQUAL("HELLO: id is not text", wrong(R"({"t":"HELLO","epoch":"b","id":3})").c_str());
}
TEST(Frame, AnAddressIsAHostAndAPort) {
  const auto hello = [](const std::string& address) {
    return wrong(R"({"t":"HELLO","id":"a","epoch":"b","pub":{"http":[")" + address + "\"]}}");
  };
  STRCMP_EQUAL("(valid)", hello("edge:1").c_str());
  STRCMP_EQUAL("(valid)", hello("[::1]:65535").c_str());
  for (const char* bad :
       {"edge:0", "edge:65536", "u:p@edge:80", "edge/x:80", "edge:80\\r\\nSet-Cookie: x", "::1:80",
        "[edge]:80", "[:80", "edge:+1", "edge:", ":80", ""})
    STRCMP_CONTAINS("pub.http", hello(bad).c_str());
  STRCMP_CONTAINS("is not an array",
                  wrong(R"({"t":"HELLO","id":"a","epoch":"b","pub":{"http":"e:1"}})").c_str());
  STRCMP_CONTAINS("is not an object",
                  wrong(R"({"t":"HELLO","id":"a","epoch":"b","pub":[]})").c_str());
}
TEST(Frame, NumbersAreWholeAndWithinReason) {
  const auto load = [](const std::string& lis, const std::string& kbps = "0") {
    return wrong(R"({"t":"LOAD","seq":1,"at":5,"lis":)" + lis + ",\"kbps\":" + kbps + "}");
  };
  STRCMP_EQUAL("(valid)", load("10000000").c_str());
  STRCMP_EQUAL("LOAD: lis is 10000001, the most is 10000000", load("10000001").c_str());
  for (const char* bad :
       {"-1", "1.0", "1e3", "\"7\"", "null", "[]", "true", "18446744073709551616"})
    STRCMP_EQUAL("LOAD: lis is not a whole number", load(bad).c_str());
  STRCMP_EQUAL("(valid)", load("1", "128.5").c_str());
  STRCMP_EQUAL("LOAD: kbps is out of range", load("1", "-1").c_str());
  STRCMP_EQUAL("LOAD: kbps is out of range", load("1", "1e10").c_str());
  STRCMP_CONTAINS("JSON", load("1", "1e400").c_str());
  STRCMP_EQUAL("LOAD: kbps is not a number", load("1", "\"1\"").c_str());
}
TEST(Frame, WelcomeSaysHowToTalk) {
  WelcomeFrame welcome;
  welcome.id = "m1";
  welcome.epoch = "77e0";
  welcome.version = "1.0.2";
  welcome.now_ms = 1795158000125;
  welcome.http_port = 8000;
  welcome.https_port = 8443;
  welcome.keys = {{7, std::string("\0\x01\xff", 3)}};
  const std::string line = again(welcome);
  STRCMP_EQUAL(
      "{\"t\":\"WELCOME\",\"id\":\"m1\",\"epoch\":\"77e0\",\"ver\":\"1.0.2\",\"now\":1795158000125,"
      "\"every\":250,\"dead\":1000,\"ports\":{\"http\":8000,\"https\":8443},"
      "\"keys\":[{\"k\":7,\"key\":\"AAH/\"}]}",
      line.c_str());
  CHECK(welcome == read<WelcomeFrame>(line));
}
TEST(Frame, AMasterCannotMakeANodeTalkAllTheTimeOrNever) {
  const auto welcome = [](const std::string& more) {
    return wrong(R"({"t":"WELCOME","id":"m","epoch":"e",)" + more + "}");
  };
  STRCMP_EQUAL("WELCOME: every is less than 50", welcome(R"("every":49)").c_str());
  STRCMP_EQUAL("WELCOME: every is 60001, the most is 60000", welcome(R"("every":60001)").c_str());
  STRCMP_EQUAL("WELCOME: dead is less than twice every", welcome(R"("every":600)").c_str());
  STRCMP_EQUAL("(valid)", welcome(R"("every":500,"dead":1000)").c_str());
  STRCMP_EQUAL("WELCOME: key is not base64", welcome(R"("keys":[{"k":1,"key":"*"}])").c_str());
}
TEST(Frame, SnapOffersStreams) {
  SnapFrame snap;
  snap.seq = 1;
  snap.offers = {{"/rock.mp3", "audio/mpeg", 128, {"m1"}, 0},
                 {"/j\xc3\xa4zz \xff.ogg", "", 0, {"m1", "hub2"}, 1}};
  snap.more = true;
  STRCMP_EQUAL(
      "{\"t\":\"SNAP\",\"seq\":1,\"mounts\":[{\"m\":\"/rock.mp3\",\"ct\":\"audio/mpeg\",\"br\":128,"
      "\"from\":[\"m1\"]},{\"m\":\"/j%C3%A4zz%20%FF.ogg\",\"from\":[\"m1\",\"hub2\"],"
      "\"needs\":[\"auth\"]}],\"more\":true}",
      again(snap).c_str());
  const SnapFrame back = read<SnapFrame>(again(snap));
  CHECK(snap.offers == back.offers);
  CHECK(back.more);
}
TEST(Frame, SnapSaysWhatANodeCarries) {
  SnapFrame snap;
  snap.seq = 1;
  snap.carried = {{"/rock.mp3", 812, true}, {"/gone.mp3", 0, false}, {"/own.mp3", 0, false, 1}};
  const std::string line = again(snap);
  STRCMP_EQUAL(
      "{\"t\":\"SNAP\",\"seq\":1,\"carried\":[[\"/rock.mp3\",812],[\"/gone.mp3\",null],"
      "[\"/own.mp3\",null,[\"auth\"]]]}",
      line.c_str());
  const SnapFrame back = read<SnapFrame>(line);
  LONGS_EQUAL(812, back.carried[0].listeners);
  CHECK(back.carried[0].carries);
  CHECK_FALSE(back.carried[1].carries);
  LONGS_EQUAL(1, back.carried[2].enforces);
}
TEST(Frame, AMountIsOneThatMayBeRelayed) {
  for (const char* bad : {"/admin/x", "/", "x", "", "/a%0d%0aX", "/%zz", "/x.xsl", "/a.m3u",
                          "/../x", "/a//b", "/%2e/x"}) {
    const std::string mount = bad;
    STRCMP_CONTAINS("not a mount", wrong(R"({"t":"WHO","m":")" + mount + "\"}").c_str());
    STRCMP_CONTAINS("not a mount",
                    wrong(R"({"t":"SNAP","seq":1,"carried":[[")" + mount + "\",1]]}").c_str());
    STRCMP_CONTAINS("not a mount",
                    wrong(R"({"t":"DELTA","seq":1,"del":[")" + mount + "\"]}").c_str());
  }
  STRCMP_CONTAINS("not a mount",
                  wrong(R"({"t":"WHO","m":"/)" + std::string(300, 'a') + "\"}").c_str());
  STRCMP_EQUAL("WHO: m is missing", wrong(R"({"t":"WHO"})").c_str());
}
TEST(Frame, APairIsAPair) {
  for (const char* bad : {"1", "[]", "[\"/a\"]", "{}", "null"})
    STRCMP_EQUAL("SNAP: carried has an element that is not a pair",
                 wrong(R"({"t":"SNAP","seq":1,"carried":[)" + std::string(bad) + "]}").c_str());
  STRCMP_EQUAL("SNAP: carried is not an array",
               wrong(R"({"t":"SNAP","seq":1,"carried":{}})").c_str());
  STRCMP_EQUAL("SNAP: mounts has an element that is not an object",
               wrong(R"({"t":"SNAP","seq":1,"mounts":[[]]})").c_str());
  STRCMP_EQUAL("SNAP: from is empty",
               wrong(R"({"t":"SNAP","seq":1,"mounts":[{"m":"/a.mp3"}]})").c_str());
  STRCMP_EQUAL("SNAP: from has 9 elements, the most is 8",
               wrong(R"({"t":"SNAP","seq":1,"mounts":[{"m":"/a.mp3","from":[1,2,3,4,5,6,7,8,9]}]})")
                   .c_str());
}
TEST(Frame, WhatAMountNeedsAndWeDoNotKnowIsSomethingThatNobodyEnforces) {
  const SnapFrame snap = read<SnapFrame>(
      R"({"t":"SNAP","seq":1,"mounts":[{"m":"/a.mp3","from":["m"],"needs":["drm"]}]})");
  LONGS_EQUAL(0xff, snap.offers[0].needs);
  LONGS_EQUAL(
      0, read<HelloFrame>(R"({"t":"HELLO","id":"a","epoch":"b","enforces":["drm"]})").enforces);
  STRCMP_CONTAINS("others", again(snap).c_str());
}
TEST(Frame, DeltaAddsAndRemoves) {
  DeltaFrame delta;
  delta.seq = 2;
  delta.added = {{"/new.mp3", "audio/mpeg", 0, {"m1"}, 0}};
  delta.removed = {"/old.mp3"};
  STRCMP_EQUAL(
      "{\"t\":\"DELTA\",\"seq\":2,\"add\":[{\"m\":\"/new.mp3\",\"ct\":\"audio/mpeg\","
      "\"from\":[\"m1\"]}],\"del\":[\"/old.mp3\"]}",
      again(delta).c_str());
}
TEST(Frame, ALoadSaysWhoIsBehindAndWhichWayAStreamHasCome) {
  LoadFrame load;
  load.seq = 1;
  load.at_ms = 5;
  MountLoad chain{.mount = "/far.mp3", .listeners = 2}, here{.mount = "/own.mp3", .listeners = 1};
  chain.below = 40;
  chain.from = {"m1", "e1"};
  here.from = std::vector<std::string>{};
  load.changed = {chain, here};
  const std::string line = again(load);
  STRCMP_CONTAINS(
      R"("c":[["/far.mp3",2,[],{"below":40,"from":["m1","e1"]}],["/own.mp3",1,[],{"from":[]}]])",
      line.c_str());
  const LoadFrame back = read<LoadFrame>(line);
  CHECK(back.changed == load.changed);
  CHECK(!read<LoadFrame>(R"({"t":"LOAD","seq":1,"at":5,"lis":0,"kbps":0,"c":[["/a.mp3",1]]})")
             .changed[0]
             .from);
}
TEST(Frame, WhatIsBehindIsANumberAndAWayHasNamesOfNodes) {
  const auto row = [](const std::string& more) {
    return wrong(R"({"t":"LOAD","seq":1,"at":5,"lis":0,"kbps":0,"c":[["/a.mp3",1,[],{)" + more +
                 "}]]}");
  };
  STRCMP_EQUAL("(valid)",
               row(R"("below":10000000,"from":["1","2","3","4","5","6","7","8"])").c_str());
  STRCMP_EQUAL("LOAD: c is 10000001, the most is 10000000", row(R"("below":10000001)").c_str());
  for (const char* bad : {"-1", "1.5", "\"7\"", "null", "[]", "18446744073709551616"})
    STRCMP_EQUAL("LOAD: c is not a whole number", row("\"below\":" + std::string(bad)).c_str());
  STRCMP_EQUAL("LOAD: c is not an array", row(R"("from":"m1")").c_str());
  STRCMP_EQUAL("LOAD: c has 9 elements, the most is 8",
               row(R"("from":["1","2","3","4","5","6","7","8","9"])").c_str());
  STRCMP_EQUAL("LOAD: c is not text", row(R"("from":[1])").c_str());
  for (const char* bad : {"", "a b", "a/b", "\\u0000"})
    STRCMP_CONTAINS("LOAD: c ", row(R"("from":[")" + std::string(bad) + "\"]").c_str());
  CHECK(row(R"("from":[""])") != "(valid)");
}
TEST(Frame, LongWaysAreSharedOutAmongFramesToo) {
  std::vector<MountLoad> loads;
  for (int i = 0; i < 400; ++i) {
    MountLoad load{.mount = "/" + std::to_string(i) + std::string(240, 'x'),
                   .listeners = 9'999'999};
    load.free = load.below = 9'999'999;
    load.enforces = 0xff;
    load.from = std::vector<std::string>(8, std::string(64, 'n'));
    loads.push_back(std::move(load));
  }
  for (const SnapFrame& frame : snap_frames({}, loads))
    CHECK(render_frame(frame).size() < kLongestFrame);
  LoadFrame load;
  load.seq = 1;
  load.changed.assign(loads.begin(),
                      loads.begin() + static_cast<std::ptrdiff_t>(loads_that_fit(loads)));
  load.clients.assign(kMaxClients, 0xffffffffU);
  CHECK(!load.changed.empty() && render_frame(load).size() < kLongestFrame);
  const LoadFrame back = read<LoadFrame>(render_frame(load));
  CHECK(back.clients == load.clients);
}
TEST(Frame, LoadTellsWhoseRedirectsHaveArrived) {
  LoadFrame load;
  load.seq = 1;
  load.clients = {1, 0xfedcba98U};
  load.tokens = true;
  STRCMP_CONTAINS("\"by\":\"AAAAAf7cupg=\",\"tokens\":true", render_frame(load).c_str());
  const LoadFrame back = read<LoadFrame>(render_frame(load));
  CHECK(back.clients == load.clients);
  CHECK(back.tokens == true);
  const auto row = [](const std::string& more) {
    return wrong(R"({"t":"LOAD","seq":1,"at":1,"lis":0,"kbps":0,)" + more + "}");
  };
  STRCMP_EQUAL("LOAD: by is not base64 of 4 bytes each", row(R"("by":"AAAA")").c_str());
  STRCMP_EQUAL("LOAD: by is not base64 of 4 bytes each", row(R"("by":"?")").c_str());
  CHECK(row("\"by\":\"" + std::string(4000, 'A') + "\"") != "(valid)");
  CHECK_FALSE(
      read<LoadFrame>(R"({"t":"LOAD","seq":1,"at":1,"lis":0,"kbps":0})").tokens.has_value());
  CHECK_TRUE(read<HelloFrame>(R"({"t":"HELLO","id":"a","epoch":"b","keyed":true})").keyed);
}
TEST(Frame, LoadIsShort) {
  LoadFrame load;
  load.seq = 42;
  load.at_ms = 99'120;
  load.listeners = 1237;
  load.kbps = 158'300.4;
  load.loop_ms = 2;
  load.relays = 41;
  load.masters = 2;
  load.round_trip_us = 310;
  load.arrivals = 20'411;
  load.conf_runs = 0;
  load.changed = {{"/rock.mp3", 815, true}, {"/jazz.ogg", 0, false}};
  const std::string line = again(load);
  STRCMP_EQUAL(
      "{\"t\":\"LOAD\",\"seq\":42,\"at\":99120,\"lis\":1237,\"kbps\":158300,\"loop_ms\":2,"
      "\"relays\":41,\"masters\":2,\"rtt_us\":310,\"arr\":20411,\"conf\":0,"
      "\"c\":[[\"/rock.mp3\",815],[\"/jazz.ogg\",null]]}",
      line.c_str());
  CHECK(*read<LoadFrame>(line).arrivals == 20'411);
  CHECK_FALSE(read<LoadFrame>(R"({"t":"LOAD","seq":1,"at":1,"lis":0,"kbps":0})").arrivals);
  CHECK_FALSE(read<LoadFrame>(R"({"t":"LOAD","seq":1,"at":1,"lis":0,"kbps":0})").conf_runs);
  STRCMP_EQUAL("LOAD: seq is 0", wrong(R"({"t":"LOAD","seq":0,"at":1,"lis":0,"kbps":0})").c_str());
  STRCMP_EQUAL("LOAD: at is missing", wrong(R"({"t":"LOAD","seq":1})").c_str());
}
TEST(Frame, TheSmallOnes) {
  STRCMP_EQUAL(R"({"t":"ACK","seq":42,"now":1795158000377,"iss":20415})",
               again(AckFrame{42, 1795158000377, 20'415}).c_str());
  STRCMP_EQUAL(R"({"t":"DRAIN","mode":"soft","why":"upgrade"})",
               again(DrainFrame{DrainMode::kSoft, "upgrade"}).c_str());
  STRCMP_EQUAL(R"({"t":"WHO","m":"/new.mp3"})", again(WhoFrame{"/new.mp3", {}}).c_str());
  STRCMP_EQUAL(R"({"t":"WHO","m":"/new.mp3","ok":false})",
               again(WhoFrame{"/new.mp3", false}).c_str());
  STRCMP_EQUAL(R"({"t":"RES","id":9,"ok":true,"why":"the listener is ended"})",
               again(ResultFrame{9, true, "the listener is ended"}).c_str());
  STRCMP_EQUAL(R"({"t":"BYE","why":"restart","code":409,"back":2000})",
               again(ByeFrame{"restart", 409, 2000ms}).c_str());
  STRCMP_EQUAL(R"({"t":"BYE"})", again(ByeFrame{}).c_str());
  STRCMP_EQUAL(R"({"t":"PROVE","ask":"0f","say":"1e"})", again(ProveFrame{"0f", "1e"}).c_str());
  STRCMP_EQUAL("PROVE: say is missing", wrong(R"({"t":"PROVE","ask":"0f"})").c_str());
  STRCMP_EQUAL("DRAIN: mode is not one of off, soft, move, hard",
               wrong(R"({"t":"DRAIN","mode":"now"})").c_str());
  STRCMP_EQUAL("RES: ok is missing", wrong(R"({"t":"RES","id":1})").c_str());
  STRCMP_EQUAL("RES: ok is neither true nor false", wrong(R"({"t":"RES","id":1,"ok":1})").c_str());
}
TEST(Frame, Orders) {
  using Verb = CommandFrame::Verb;
  CommandFrame kick;
  kick.number = 9;
  kick.mount = "/rock.mp3";
  kick.listener = 88;
  STRCMP_EQUAL(R"({"t":"CMD","id":9,"do":"kick","m":"/rock.mp3","cid":88})", again(kick).c_str());
  CommandFrame encoder = kick;
  encoder.listener = 0;
  encoder.encoder = 12;
  STRCMP_EQUAL(R"({"t":"CMD","id":9,"do":"kick","m":"/rock.mp3","sid":12})",
               again(encoder).c_str());
  CommandFrame fallback = kick;
  fallback.verb = Verb::kFallback;
  fallback.to = "/jazz.ogg";
  STRCMP_EQUAL(R"({"t":"CMD","id":9,"do":"fallback","m":"/rock.mp3","to":"/jazz.ogg"})",
               again(fallback).c_str());
  fallback.to.clear();
  STRCMP_EQUAL(R"({"t":"CMD","id":9,"do":"fallback","m":"/rock.mp3"})", again(fallback).c_str());
  CommandFrame move = kick;
  move.verb = Verb::kMove;
  move.listener = 0;
  move.to = "/jazz.ogg";
  STRCMP_EQUAL(R"({"t":"CMD","id":9,"do":"move","m":"/rock.mp3","to":"/jazz.ogg"})",
               again(move).c_str());
  CommandFrame drain;
  drain.number = 10;
  drain.verb = Verb::kDrain;
  drain.drain = DrainMode::kMove;
  STRCMP_EQUAL(R"({"t":"CMD","id":10,"do":"drain","mode":"move"})", again(drain).c_str());
  CommandFrame title = kick;
  title.verb = Verb::kMetadata;
  title.listener = 0;
  title.title = "One\r\nTwo\xff";
  title.artist = std::string(1023, 'x') + "\xc3\xa4";
  const CommandFrame back = read<CommandFrame>(again(title));
  STRCMP_EQUAL("One??Two?", back.title.c_str());
  LONGS_EQUAL(1023, back.artist.size());  // a character is left out whole
  STRCMP_EQUAL("CMD: do is not one of kick, move, drain, metadata, fallback",
               wrong(R"({"t":"CMD","id":1,"do":"reboot"})").c_str());
  STRCMP_EQUAL("CMD: to is missing",
               wrong(R"({"t":"CMD","id":1,"do":"move","m":"/a.mp3"})").c_str());
  STRCMP_CONTAINS(
      "control character",
      wrong(R"({"t":"CMD","id":1,"do":"metadata","m":"/a.mp3","title":"a\nb"})").c_str());
}
TEST(Frame, AMessageIsOpaqueAndSmall) {
  MessageFrame message{"meta", "edge3", "9f3c.55", std::string("\0\r\n\xff", 4)};
  STRCMP_EQUAL(R"({"t":"MSG","topic":"meta","from":"edge3","id":"9f3c.55","b":"AA0K/w=="})",
               again(message).c_str());
  CHECK(read<MessageFrame>(again(message)).bytes == message.bytes);
  message.bytes.assign(kLongestMessage, 'x');
  CHECK(read<MessageFrame>(again(message)).bytes == message.bytes);
  message.bytes += 'x';
  std::string line = render_frame(message);
  line.pop_back();
  STRCMP_EQUAL("MSG: b holds 4097 bytes, the most is 4096", wrong(line).c_str());
  STRCMP_EQUAL("MSG: b is not base64",
               wrong(R"({"t":"MSG","topic":"a","from":"b","id":"c","b":"?"})").c_str());
}
TEST(Frame, UnknownFramesAndMembersArePassedOver) {
  auto later = parse_frame(R"({"t":"HOLOGRAM","x":[1,{"y":2}]})");
  CHECK(later.has_value());
  CHECK_FALSE(later->has_value());
  read<WhoFrame>(R"({"t":"WHO","m":"/a.mp3","since":{"v":[2]}})");
}
TEST(Frame, WhatIsNoFrameIsAnError) {
  for (const char* bad : {"", " ", "null", "[]", "7", "\"t\"", "{", "{}", R"({"t":7})",
                          R"({"x":"HELLO"})", "GET / HTTP/1.0", "{\"t\":\"WHO\",\"m\":\"/a\xff\"}"})
    CHECK(wrong(bad) != "(valid)");
  STRCMP_CONTAINS("nested", wrong(R"({"t":"X","a":[[[[[[[1]]]]]]]})").c_str());
  STRCMP_CONTAINS("65536 bytes", wrong(std::string(65'536, ' ')).c_str());
}
TEST(Frame, ManyMountsBecomeSeveralFramesThatFit) {
  std::vector<StreamOffer> offers;
  std::vector<MountLoad> carried;
  std::vector<std::string> removed;
  for (int i = 0; i < 600; ++i) {
    const std::string mount = "/" + std::string(240, '\xff') + std::to_string(i);
    offers.push_back({mount, std::string(300, '"'), 999'999, {"a", "b", std::string(64, 'c')}, 7});
    carried.push_back({mount, 10'000'000, true});
    removed.push_back(mount);
  }
  std::size_t seen_offers = 0, seen_loads = 0;
  auto snaps = snap_frames(offers, carried);
  for (SnapFrame& snap : snaps) {
    snap.seq = ~std::uint64_t{0} >> 1;
    const std::string line = render_frame(snap);
    CHECK(line.size() < kLongestFrame);
    CHECK(snap.more == (&snap != &snaps.back()));
    const SnapFrame back = read<SnapFrame>(line.substr(0, line.size() - 1));
    seen_offers += back.offers.size();
    seen_loads += back.carried.size();
  }
  LONGS_EQUAL(600, seen_offers);
  LONGS_EQUAL(600, seen_loads);
  std::size_t seen_removed = 0, seen_added = 0;
  for (DeltaFrame& delta : delta_frames(offers, removed)) {
    delta.seq = 1;
    CHECK(render_frame(delta).size() < kLongestFrame);
    seen_removed += delta.removed.size();
    seen_added += delta.added.size();
  }
  LONGS_EQUAL(600, seen_removed);
  LONGS_EQUAL(600, seen_added);
  LoadFrame load;
  load.changed.assign(carried.begin(),
                      carried.begin() + static_cast<std::ptrdiff_t>(loads_that_fit(carried)));
  CHECK(!load.changed.empty());
  CHECK(render_frame(load).size() < kLongestFrame);
  LONGS_EQUAL(1, snap_frames({}, {}).size());
}

TEST(Frame, IngestRowsAreThereAndBack) {
  STRCMP_EQUAL(
      R"({"t":"INGEST","rows":[{"m":"/a.mp3","at":"p1","st":"on"},{"m":"/b","at":"p2","st":"ready","via":["p3"]},{"m":"/c","at":"p2","st":"off"}]})",
      again(IngestFrame{{{"/a.mp3", "p1", IngestState::kOn, {}},
                         {"/b", "p2", IngestState::kReady, {"p3"}},
                         {"/c", "p2", IngestState::kOff, {}}}})
          .c_str());
  STRCMP_EQUAL(R"({"t":"INGEST","rows":[{"m":"/a","at":"p1","st":"on","src":true}]})",
               again(IngestFrame{{{"/a", "p1", IngestState::kOn, {}, true}}}).c_str());
  const ReportedSource by{"ann", "192.0.2.7", "butt \"0.1\"", 1'795'158'000};
  STRCMP_EQUAL(
      R"({"t":"INGEST","rows":[{"m":"/a","at":"p1","st":"on","src":true,"by":{"u":"ann","ip":"192.0.2.7","ua":"butt \"0.1\"","since":1795158000}}]})",
      again(IngestFrame{{{"/a", "p1", IngestState::kOn, {}, true, by}}}).c_str());
  CHECK(wrong(R"({"t":"INGEST","rows":[{"m":"/a","at":"p1","st":"on","src":true,"by":{"ua":")" +
              std::string(129, 'a') + R"("}}]})") != "(valid)");
  STRCMP_EQUAL(
      "(valid)",
      wrong(R"({"t":"INGEST","rows":[{"m":"/a","at":"p1","st":"on","src":true,"by":7}]})").c_str());
  STRCMP_EQUAL("INGEST: rows is missing", wrong(R"({"t":"INGEST"})").c_str());
  STRCMP_EQUAL("INGEST: rows has an element that is not an object",
               wrong(R"({"t":"INGEST","rows":["/a"]})").c_str());
  STRCMP_EQUAL("INGEST: at is missing",
               wrong(R"({"t":"INGEST","rows":[{"m":"/a","st":"on"}]})").c_str());
  STRCMP_EQUAL("INGEST: st is missing",
               wrong(R"({"t":"INGEST","rows":[{"m":"/a","at":"p1"}]})").c_str());
}
TEST(Frame, ArchiveRowsAreThereAndBack) {
  ArchiveRow row;
  row.mount = "/a.mp3";
  row.at = "p1";
  row.addresses = {name(PublicScheme::kHttp, "edge1", 8000),
                   name(PublicScheme::kHttps, "edge1", 443)};
  row.have = {{1000, 2000}, {5000, 0}};
  row.pass = "00ff";
  row.needs = 1;
  ArchiveRow gone;
  gone.mount = "/b";
  gone.at = "p2";
  STRCMP_EQUAL(
      R"({"t":"ARCH","rows":[{"m":"/a.mp3","at":"p1","pub":{"http":["edge1:8000"],"https":["edge1:443"]},"have":[[1000,2000],[5000,0]],"pass":"00ff","needs":["auth"]},{"m":"/b","at":"p2","have":[]}]})",
      again(ArchiveFrame{{row, gone}}).c_str());
  STRCMP_EQUAL("ARCH: have is missing",
               wrong(R"({"t":"ARCH","rows":[{"m":"/a","at":"p1"}]})").c_str());
  STRCMP_EQUAL("ARCH: have has a range that ends before it begins",
               wrong(R"({"t":"ARCH","rows":[{"m":"/a","at":"p1","have":[[5,4]]}]})").c_str());
  CHECK(wrong(R"({"t":"ARCH","rows":[{"m":"/a","at":"p1","have":[1]}]})") != "(valid)");
  CHECK(wrong(R"({"t":"ARCH","rows":[{"m":"/a","at":"p1","have":[[-1,0]]}]})") != "(valid)");
  CHECK(wrong(R"({"t":"ARCH","rows":[{"m":"/a","at":"p1","have":[[1]]}]})") != "(valid)");
  CHECK(wrong(R"({"t":"ARCH","rows":[{"m":"/../a","at":"a b","have":[]}]})") != "(valid)");
}
TEST(Frame, ManyArchiveRowsAreSpreadOverFramesThatFit) {
  std::vector<ArchiveRow> rows(2000);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].mount = "/" + std::string(200, '\xe4') + std::to_string(i);
    rows[i].at = "p1";
    rows[i].have.resize(kMaxArchiveRanges, {1'795'158'000'000, 1'795'159'000'000});
  }
  std::size_t seen = 0;
  for (const ArchiveFrame& frame : row_frames(rows)) {
    CHECK(render_frame(frame).size() < kLongestFrame);
    seen += frame.rows.size();
  }
  LONGS_EQUAL(2000, seen);
}
// A row with every member at its bound.
TEST(Frame, TheLongestRowsAreSpreadOverFramesThatFit) {
  const std::string mount = "/" + std::string(200, '\xff'), word(64, 'w');
  const auto quotes = [](std::size_t count) { return std::string(count, '"'); };
  const auto spread = [](auto row) {
    std::size_t seen = 0;
    for (const auto& frame : row_frames(std::vector(100, row))) {
      const std::string line = render_frame(frame);
      CHECK_COMPARE(line.size(), <=, kLongestFrame);
      const auto back = read<std::decay_t<decltype(frame)>>(line.substr(0, line.size() - 1));
      for (const auto& each : back.rows) CHECK(each == row);
      seen += back.rows.size();
    }
    LONGS_EQUAL(100, seen);
  };
  const std::int64_t late = 253'402'300'799'000;
  const std::vector<std::string> way(Behind::kLongestWay, word);
  const SongDetails about{.album = quotes(kLongestTitle),
                          .isrc = word,
                          .duration_ms = SongDetails::kLongestMs,
                          .label = quotes(kLongestText),
                          .label_code = quotes(kLongestText),
                          .composer = quotes(kLongestText),
                          .artist = quotes(kLongestTitle)};
  TitleRow title;
  title.mount = mount, title.at = title.place = title.art = word;
  title.song = title.next = title.url = quotes(kLongestTitle);
  title.wall_ms = title.live_ms = late, title.hops = kMaxTitleHops;
  title.about = title.next_about = about;
  title.live = quotes(kLongestText);
  spread(title);
  const std::string text = quotes(kMaxReportedText);
  spread(IngestRow{
      mount, word, IngestState::kOn, way, true, {text, quotes(kLongestText), text, late}, word});
  const ArchiveRow::Range range{late, late};
  spread(ArchiveRow{mount,
                    word,
                    {32, name(PublicScheme::kHttps, std::string(60, 'h').c_str(), 65'535)},
                    std::vector(kMaxArchiveRanges, range),
                    word,
                    15});
  spread(SeatRow{mount, word, word, ~std::uint64_t{0} >> 1, SeatAct::kHave, kMaxSeatsOfUser, true});
  SlotRow up;
  up.mount = mount, up.life = ~std::uint64_t{0} >> 1;
  up.back = up.claim = up.moved = up.got = kMaxSlotCount, up.none = true;
  up.want = kMaxSlotsAtOnce;
  spread(up);
}
TEST(Frame, AStateOfALaterVersionIsNoCapture) {
  const auto frame = parse_frame(R"({"t":"INGEST","rows":[{"m":"/a","at":"p1","st":"new"}]})");
  CHECK(std::get<IngestFrame>(**frame).rows[0].state == IngestState::kOff);
}
TEST(Frame, ManyIngestRowsAreSpreadOverFramesThatFit) {
  std::vector<IngestRow> rows;
  for (int i = 0; i < 3000; ++i)
    rows.push_back({"/mount-" + std::to_string(i), "p1", IngestState::kOn, {"p2"}});
  std::size_t count = 0;
  const auto frames = row_frames(rows);
  CHECK(frames.size() > 1);
  for (const IngestFrame& frame : frames) {
    CHECK(render_frame(frame).size() < kLongestFrame);
    count += frame.rows.size();
  }
  CHECK_EQUAL(rows.size(), count);
}
