// Every type of frame as its line, with all members set and with none.  The lines were recorded
// from the code before the tables of members; other versions read them, so they stay as they are.
#include <array>
#include <string>

#include "cluster/link/frame.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

NodeAddress address(PublicScheme scheme, std::string host, std::uint16_t port) {
  NodeAddress out;
  out.scheme = scheme;
  out.host = std::move(host);
  out.port = port;
  return out;
}
std::vector<NodeAddress> addresses() {
  return {address(PublicScheme::kHttps, "edge.example.org", 443),
          address(PublicScheme::kHttp, "192.0.2.7", 8000),
          address(PublicScheme::kHttp, "2001:db8::7", 8001)};
}
constexpr ProtectionSet kAll = 15;
const std::string kText = "caf\xc3\xa9 \"q\" \x01 \xff";  // a quote, a control character, no UTF-8

HelloFrame hello() {
  HelloFrame frame;
  frame.id = "edge1", frame.epoch = "9f3c";
  frame.version = kText;
  frame.major = 1, frame.minor = 2;
  frame.addresses = addresses();
  frame.capacity.listeners = 5000, frame.capacity.accepts = 50;
  frame.capacity.kbps = 900000.5, frame.capacity.ingest_kbps = 1200;
  frame.capacity.sources = 0;
  frame.tags = {"eu", "fast"}, frame.countries = {"DE", "AT"};
  frame.enforces = kAll;
  frame.tokens = frame.keyed = true;
  frame.masters = 2;
  frame.wants_listeners = false;
  frame.now_ms = 1795158000123;
  return frame;
}
WelcomeFrame welcome() {
  WelcomeFrame frame;
  frame.id = "m1", frame.epoch = "77e0";
  frame.version = kText;
  frame.minor = 2;
  frame.now_ms = 1795158000125;
  frame.every = std::chrono::milliseconds(500), frame.dead = std::chrono::milliseconds(2000);
  frame.http_port = 8000, frame.https_port = 8443;
  frame.addresses = addresses();
  frame.keys = {{7, std::string("\0key\xff", 5)}, {0, "old"}};
  return frame;
}
std::vector<StreamOffer> offers() {
  return {{"/j\xc3\xa4zz \xff.mp3", "audio/mpeg", 128, {"e1", "m1"}, kAll}, {"/b", "", 0, {}, 0}};
}
std::vector<MountLoad> loads() {
  MountLoad all;
  all.mount = "/j\xc3\xa4zz \xff.mp3";
  all.listeners = 812;
  all.enforces = kAll;
  all.cannot = PullFault::kDenied;
  all.free = 86;
  all.below = 40;
  all.from = {"m1", "e1"};
  MountLoad idle;
  idle.mount = "/idle";
  idle.carries = false;
  MountLoad other;
  other.mount = "/other";
  other.enforces = 0xff;
  MountLoad origin;
  origin.mount = "/origin";
  origin.from.emplace();
  return {all, idle, other, origin, {.mount = "/plain", .listeners = 3}};
}
LoadFrame load() {
  LoadFrame frame;
  frame.seq = 3, frame.at_ms = 99120;
  frame.listeners = 829, frame.kbps = 106112.6;
  frame.loop_ms = 2, frame.relays = 4, frame.masters = 3;
  frame.round_trip_us = 310;
  frame.now_ms = 1795158000123;
  frame.cannot = PullFault::kRefused;
  frame.arrivals = 0;
  frame.clients = {0x01020304, 0xfffefdfc};
  frame.tokens = false;
  frame.conf_runs = 0;
  frame.changed = loads();
  return frame;
}
CommandFrame order(CommandFrame::Verb verb) {
  CommandFrame frame;
  frame.number = 7;
  frame.verb = verb;
  if (verb == CommandFrame::Verb::kDrain) {
    frame.drain = DrainMode::kMove;
    return frame;
  }
  frame.mount = "/j\xc3\xa4zz";
  if (verb == CommandFrame::Verb::kKick) frame.listener = 88;
  if (verb == CommandFrame::Verb::kMove)
    frame.to =
        "/r\xc3\xb6"
        "ck";
  if (verb == CommandFrame::Verb::kMetadata)
    frame.title = kText, frame.artist = "Ann", frame.url = "http://x/";
  return frame;
}
IngestFrame ingest() {
  IngestRow own{"/a", "edge1", IngestState::kOn, {"e1", "e2"}, true, {kText, "::1", kText, 17}};
  IngestRow told{"/b", "edge1", IngestState::kReady, {"e1"}, false, {"u", "::1", "ua", 17}};
  IngestRow off{"/c", "edge1", IngestState::kOff, {}, true, {"u", "::1", "ua", 17}};
  IngestRow bare{"/d", "edge1", IngestState::kOn, {}, true, {"", "", "", 17}};
  return {{own, told, off, bare}};
}
ArchiveFrame archive() {
  ArchiveRow row{"/a", "edge1", addresses(), {{1, 2}, {3, 0}}, "0123abcd", kAll};
  ArchiveRow many{"/b", "edge1", {}, {}, "", 0};
  many.have.resize(kMaxArchiveRanges + 1, {5, 6});
  return {{row, many}};
}
SlotFrame slots() {
  SlotFrame frame;
  for (const SlotWord word : {SlotWord::kUsed, SlotWord::kHeld, SlotWord::kLate, SlotWord::kOpen,
                              SlotWord::kAgain, SlotWord::kEnd, SlotWord::kCut}) {
    SlotRow row;
    row.mount = "/a", row.life = 7, row.down = true;
    row.given = 1, row.claimed = 2, row.recall = 3, row.word = word;
    frame.rows.push_back(row);
  }
  SlotRow up;
  up.mount = "/a", up.life = 7;
  up.back = 1, up.claim = 2, up.moved = 3, up.want = 4, up.got = 5, up.none = true;
  frame.rows.push_back(up);
  return frame;
}
SeatFrame seats() {
  SeatFrame frame;
  for (const SeatAct act :
       {SeatAct::kAsk, SeatAct::kHave, SeatAct::kOff, SeatAct::kYes, SeatAct::kNo, SeatAct::kDrop})
    frame.rows.push_back({"/a", "4d1f", "77", 9, act, 2, true});
  return frame;
}
TellFrame told() {
  TellFrame frame;
  frame.number = 4;
  frame.rows = {{17, "192.0.2.7", std::string(200, 'x'), kText, 61, true, 250, 3, 0, 40}, {}};
  frame.more = true;
  frame.why = kText;
  return frame;
}
ConfFrame conf() {
  ConfFrame frame;
  frame.store = "s.1";
  frame.revision = 12;
  frame.all = frame.more = true;
  frame.set = {{"mounts/%2Fa", kText, true}, {"mounts/%2Fa", "", false}};
  frame.removed = {"bans/1", "bans/2"};
  return frame;
}
ByeFrame bye() {
  ByeFrame frame;
  frame.why = kText;
  frame.code = 409;
  frame.back = std::chrono::milliseconds(30);
  return frame;
}

std::string lines(std::initializer_list<Frame> frames) {
  std::string out;
  for (const Frame& frame : frames) out += render_frame(frame);
  return out;
}

}  // namespace

TEST_GROUP(FrameLines){};

TEST(FrameLines, WithEveryMember) {
  using Verb = CommandFrame::Verb;
  AskFrame ask;
  ask.number = 4, ask.mount = "/a", ask.after = 17, ask.most = 200;
  STRCMP_EQUAL(
      R"EVERY({"t":"HELLO","id":"edge1","epoch":"9f3c","ver":"café \"q\" ? ?","proto":[1,2],"pub":{"http":["192.0.2.7:8000","2001:db8::7:8001"],"https":["edge.example.org:443"]},"cap":{"lis":5000,"kbps":900001,"acc":50,"src":0,"in":1200},"geo":["DE","AT"],"tags":["eu","fast"],"enforces":["auth","lists","limits","slots"],"tokens":true,"keyed":true,"masters":2,"listeners":false,"now":1795158000123}
{"t":"WELCOME","id":"m1","epoch":"77e0","ver":"café \"q\" ? ?","proto":[1,2],"now":1795158000125,"every":500,"dead":2000,"ports":{"http":8000,"https":8443},"pub":{"http":["192.0.2.7:8000","2001:db8::7:8001"],"https":["edge.example.org:443"]},"keys":[{"k":7,"key":"AGtlef8="},{"k":0,"key":"b2xk"}]}
{"t":"SNAP","seq":3,"mounts":[{"m":"/j%C3%A4zz%20%FF.mp3","ct":"audio/mpeg","br":128,"from":["e1","m1"],"needs":["auth","lists","limits","slots"]},{"m":"/b"}],"carried":[["/j%C3%A4zz%20%FF.mp3",812,["auth","lists","limits","slots"],{"cannot":"denied","free":86,"below":40,"from":["m1","e1"]}],["/idle",null],["/other",0,["auth","lists","limits","slots","others"]],["/origin",0,[],{"from":[]}],["/plain",3]],"more":true}
{"t":"DELTA","seq":4,"add":[{"m":"/j%C3%A4zz%20%FF.mp3","ct":"audio/mpeg","br":128,"from":["e1","m1"],"needs":["auth","lists","limits","slots"]},{"m":"/b"}],"del":["/j%C3%A4zz","/b"]}
{"t":"LOAD","seq":3,"at":99120,"lis":829,"kbps":106113,"loop_ms":2,"relays":4,"masters":3,"rtt_us":310,"now":1795158000123,"cannot":"refused","arr":0,"by":"AQIDBP/+/fw=","tokens":false,"conf":0,"c":[["/j%C3%A4zz%20%FF.mp3",812,["auth","lists","limits","slots"],{"cannot":"denied","free":86,"below":40,"from":["m1","e1"]}],["/idle",null],["/other",0,["auth","lists","limits","slots","others"]],["/origin",0,[],{"from":[]}],["/plain",3]]}
{"t":"ACK","seq":3,"now":1795158000125,"iss":9}
{"t":"DRAIN","mode":"hard","why":"café \"q\" ? ?"}
{"t":"CMD","id":7,"do":"kick","m":"/j%C3%A4zz","cid":88}
{"t":"CMD","id":7,"do":"move","m":"/j%C3%A4zz","to":"/r%C3%B6ck"}
{"t":"CMD","id":7,"do":"drain","mode":"move"}
{"t":"CMD","id":7,"do":"metadata","m":"/j%C3%A4zz","title":"café \"q\" ? ?","artist":"Ann","url":"http://x/"}
{"t":"RES","id":7,"ok":true,"why":"café \"q\" ? ?"}
{"t":"MSG","topic":"meta","from":"e1","id":"9f.1","b":"AHj/"}
{"t":"WHO","m":"/a","ok":true}
{"t":"WHO","m":"/a","ok":false}
{"t":"BYE","why":"café \"q\" ? ?","code":409,"back":30}
{"t":"PROVE","ask":"a1","say":"b2"}
{"t":"INGEST","rows":[{"m":"/a","at":"edge1","st":"on","via":["e1","e2"],"src":true,"by":{"u":"café \"q\" ? ?","ip":"::1","ua":"café \"q\" ? ?","since":17}},{"m":"/b","at":"edge1","st":"ready","via":["e1"]},{"m":"/c","at":"edge1","st":"off","src":true},{"m":"/d","at":"edge1","st":"on","src":true,"by":{"since":17}}]}
{"t":"ARCH","rows":[{"m":"/a","at":"edge1","pub":{"http":["192.0.2.7:8000","2001:db8::7:8001"],"https":["edge.example.org:443"]},"have":[[1,2],[3,0]],"pass":"0123abcd","needs":["auth","lists","limits","slots"]},{"m":"/b","at":"edge1","have":[[5,6],[5,6],[5,6],[5,6],[5,6],[5,6],[5,6],[5,6],[5,6],[5,6],[5,6],[5,6],[5,6],[5,6],[5,6],[5,6]]}]}
{"t":"SLOT","rows":[{"m":"/a","life":7,"given":1,"claimed":2,"recall":3,"word":"used"},{"m":"/a","life":7,"given":1,"claimed":2,"recall":3,"word":"held"},{"m":"/a","life":7,"given":1,"claimed":2,"recall":3,"word":"late"},{"m":"/a","life":7,"given":1,"claimed":2,"recall":3,"word":"open"},{"m":"/a","life":7,"given":1,"claimed":2,"recall":3,"word":"again"},{"m":"/a","life":7,"given":1,"claimed":2,"recall":3,"word":"end"},{"m":"/a","life":7,"given":1,"claimed":2,"recall":3,"word":"held"},{"m":"/a","life":7,"back":1,"claim":2,"moved":3,"want":4,"got":5,"none":true}]}
{"t":"SEAT","rows":[{"m":"/a","u":"4d1f","who":"77","n":9,"do":"ask","most":2,"drop":true},{"m":"/a","u":"4d1f","who":"77","n":9,"do":"have","most":2,"drop":true},{"m":"/a","u":"4d1f","who":"77","n":9,"do":"off","most":2,"drop":true},{"m":"/a","u":"4d1f","who":"77","n":9,"do":"yes","most":2,"drop":true},{"m":"/a","u":"4d1f","who":"77","n":9,"do":"no","most":2,"drop":true},{"m":"/a","u":"4d1f","who":"77","n":9,"do":"drop","most":2,"drop":true}]}
{"t":"ASK","id":4,"what":"listeners","m":"/a","after":17,"most":200}
{"t":"TELL","id":4,"rows":[{"n":17,"ip":"192.0.2.7","ua":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","u":"café \"q\" ? ?","s":61,"hls":true,"rtt":250,"re":3,"q":0,"lag":40},{"n":0,"s":0}],"more":true,"why":"café \"q\" ? ?"}
{"t":"CONF","store":"s.1","rev":12,"all":true,"set":[{"k":"mounts/%2Fa","v":"café \"q\" \u0001 �","part":true},{"k":"mounts/%2Fa","v":""}],"del":["bans/1","bans/2"],"more":true}
)EVERY",
      lines({hello(),
             welcome(),
             SnapFrame{3, offers(), loads(), true},
             DeltaFrame{4, offers(), {"/j\xc3\xa4zz", "/b"}},
             load(),
             AckFrame{3, 1795158000125, 9},
             DrainFrame{DrainMode::kHard, kText},
             order(Verb::kKick),
             order(Verb::kMove),
             order(Verb::kDrain),
             order(Verb::kMetadata),
             ResultFrame{7, true, kText},
             MessageFrame{"meta", "e1", "9f.1", std::string("\0x\xff", 3)},
             WhoFrame{"/a", true},
             WhoFrame{"/a", false},
             bye(),
             ProveFrame{"a1", "b2"},
             ingest(),
             archive(),
             slots(),
             seats(),
             ask,
             told(),
             conf()})
          .c_str());
}

TEST(FrameLines, WithNone) {
  SnapFrame rows;
  rows.offers.resize(1), rows.carried.resize(1);
  SlotFrame slot;
  slot.rows.resize(2);
  slot.rows[1].down = true;
  STRCMP_EQUAL(
      R"NONE({"t":"HELLO","id":"","epoch":"","proto":[1,0],"cap":{},"masters":1,"listeners":true,"now":0}
{"t":"WELCOME","id":"","epoch":"","now":0,"every":250,"dead":1000,"ports":{}}
{"t":"SNAP","seq":0}
{"t":"SNAP","seq":0,"mounts":[{"m":""}],"carried":[["",0]]}
{"t":"DELTA","seq":0}
{"t":"LOAD","seq":0,"at":0,"lis":0,"kbps":0,"loop_ms":0,"relays":0,"masters":1}
{"t":"ACK","seq":0,"now":0,"iss":0}
{"t":"DRAIN","mode":"soft"}
{"t":"CMD","id":0,"do":"kick","m":""}
{"t":"RES","id":0,"ok":false}
{"t":"MSG","topic":"","from":"","id":"","b":""}
{"t":"WHO","m":""}
{"t":"BYE"}
{"t":"PROVE","ask":"","say":""}
{"t":"INGEST","rows":[]}
{"t":"INGEST","rows":[{"m":"","at":"","st":"off"}]}
{"t":"ARCH","rows":[]}
{"t":"ARCH","rows":[{"m":"","at":"","have":[]}]}
{"t":"SLOT","rows":[]}
{"t":"SLOT","rows":[{"m":"","life":0,"back":0},{"m":"","life":0,"given":0}]}
{"t":"SEAT","rows":[]}
{"t":"SEAT","rows":[{"m":"","u":"","n":0,"do":"ask","most":1}]}
{"t":"ASK","id":0,"what":"listeners","m":"","most":0}
{"t":"TELL","id":0,"rows":[]}
{"t":"TELL","id":0,"rows":[{"n":0,"s":0}]}
{"t":"CONF","store":"","rev":0}
)NONE",
      lines({HelloFrame(),
             WelcomeFrame(),
             SnapFrame(),
             rows,
             DeltaFrame(),
             LoadFrame(),
             AckFrame(),
             DrainFrame(),
             CommandFrame(),
             ResultFrame(),
             MessageFrame(),
             WhoFrame(),
             ByeFrame(),
             ProveFrame(),
             IngestFrame(),
             IngestFrame{{{}}},
             ArchiveFrame(),
             ArchiveFrame{{{}}},
             SlotFrame(),
             slot,
             SeatFrame(),
             SeatFrame{{{}}},
             AskFrame(),
             TellFrame(),
             TellFrame{0, {{}}, false, ""},
             ConfFrame()})
          .c_str());
}
