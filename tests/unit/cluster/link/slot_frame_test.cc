// The frames SLOT, SEAT, ASK and TELL, there and back.
#include <string>

#include "cluster/link/frame_reading.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(SlotFrame){};
TEST(SlotFrame, SlotsAreSaidDownAndUp) {
  SlotRow up;
  up.mount = "/a.mp3";
  up.life = 7;
  up.back = 3;
  up.claim = 2;
  up.moved = 1;
  up.want = 4;
  up.got = 5;
  up.none = true;
  SlotRow down;
  down.mount = "/j\xe4zz";
  down.life = 9;
  down.down = true;
  down.given = 12;
  down.claimed = 2;
  down.recall = 3;
  down.word = SlotWord::kHeld;
  STRCMP_EQUAL(
      R"({"t":"SLOT","rows":[{"m":"/a.mp3","life":7,"back":3,"claim":2,"moved":1,"want":4,"got":5,"none":true},{"m":"/j%E4zz","life":9,"given":12,"claimed":2,"recall":3,"word":"held"}]})",
      again(SlotFrame{{up, down}}).c_str());
  STRCMP_EQUAL("SLOT: back is missing",
               wrong(R"({"t":"SLOT","rows":[{"m":"/a","life":1}]})").c_str());
  STRCMP_EQUAL("SLOT: life is missing",
               wrong(R"({"t":"SLOT","rows":[{"m":"/a","given":1}]})").c_str());
  CHECK(wrong(R"({"t":"SLOT","rows":[{"m":"/a","life":1,"given":-1}]})") != "(valid)");
  CHECK(wrong(R"({"t":"SLOT","rows":[{"m":"/a","life":1,"back":0,"want":99999999}]})") !=
        "(valid)");
  CHECK(wrong(R"({"t":"SLOT","rows":[5]})") != "(valid)");
  CHECK(again(SlotFrame{{[&down] {
          SlotRow end = down;
          end.word = SlotWord::kEnd;
          return end;
        }()}})
            .find(R"("recall":3,"word":"end")") != std::string::npos);
  // A word of a later version is none.
  STRCMP_EQUAL(
      "(valid)",
      wrong(R"({"t":"SLOT","rows":[{"m":"/a","life":1,"given":1,"word":"new"}]})").c_str());
}
TEST(SlotFrame, ListenersAreAskedForAndTold) {
  AskFrame ask;
  ask.number = 5;
  ask.mount = "/a.mp3";
  ask.after = 17;
  ask.most = 2;
  STRCMP_EQUAL(R"({"t":"ASK","id":5,"what":"listeners","m":"/a.mp3","after":17,"most":2})",
               again(ask).c_str());
  const auto row = [](std::uint64_t id) {
    return ListenerRow{id, "192.0.2.7", "VLC \"x\"", "ann", 9, false};
  };
  TellFrame tell = tell_frame(ask, {row(20), row(17), row(18), row(19)});
  STRCMP_EQUAL(
      R"({"t":"TELL","id":5,"rows":[{"n":18,"ip":"192.0.2.7","ua":"VLC \"x\"","u":"ann","s":9},{"n":19,"ip":"192.0.2.7","ua":"VLC \"x\"","u":"ann","s":9}],"more":true})",
      again(tell).c_str());
  CHECK(!tell_frame(ask, {row(18), row(19)}).more);
  STRCMP_EQUAL(
      R"({"t":"TELL","id":5,"rows":[{"n":7,"s":2,"rtt":150,"re":0,"q":3840,"lag":20}]})",
      again(TellFrame{5, {{7, "", "", "", 2, false, 150, 0, 3840, 20}}, false, ""}).c_str());
  STRCMP_EQUAL(R"({"t":"TELL","id":5,"rows":[{"n":7,"s":2,"hls":true}]})",
               again(TellFrame{5, {{7, "", "", "", 2, true}}, false, ""}).c_str());
  // However long their words are, they fit, and none is left out for good.
  ask = AskFrame{6, "/a.mp3", 0, kMaxReportedRows};
  std::vector<ListenerRow> many;
  for (std::uint64_t id = 1; id <= 500; ++id)
    many.push_back({id, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", std::string(1000, '"'),
                    std::string(300, '\\'), 1, true});
  std::uint64_t told = 0;
  for (bool more = true; more; ask.after = told) {
    tell = tell_frame(ask, many);
    CHECK(!tell.rows.empty() && tell.rows.size() <= kMaxReportedRows);
    CHECK(render_frame(tell).size() <= kLongestFrame);
    CHECK(parse_frame(render_frame(tell).substr(0, render_frame(tell).size() - 1)).has_value());
    LONGS_EQUAL(told + 1, tell.rows.front().id);
    told = tell.rows.back().id;
    more = tell.more;
  }
  LONGS_EQUAL(500, told);
  STRCMP_EQUAL("TELL: n is missing", wrong(R"({"t":"TELL","id":5,"rows":[{"s":1}]})").c_str());
  CHECK(wrong(R"({"t":"TELL","id":5,"rows":[{"n":1,"ua":")" + std::string(129, 'a') + R"("}]})") !=
        "(valid)");
  CHECK(wrong(R"({"t":"ASK","id":5,"what":"listeners","m":"/a","most":201})") != "(valid)");
  // A question of a later version.
  STRCMP_EQUAL("(valid)", wrong(R"({"t":"ASK","id":5,"what":"clocks","m":"/a","most":9})").c_str());
}
TEST(SlotFrame, SeatsAreAskedForAndAnswered) {
  SeatRow row;
  row.mount = "/a.mp3";
  row.user = "4d1f";
  row.who = "77aa";
  row.number = 3;
  row.most = 2;
  row.drop = true;
  SeatRow answer = row;
  answer.who.clear();
  answer.act = SeatAct::kNo;
  answer.drop = false;
  STRCMP_EQUAL(
      R"({"t":"SEAT","rows":[{"m":"/a.mp3","u":"4d1f","who":"77aa","n":3,"do":"ask","most":2,"drop":true},{"m":"/a.mp3","u":"4d1f","n":3,"do":"no","most":2}]})",
      again(SeatFrame{{row, answer}}).c_str());
  STRCMP_EQUAL("SEAT: do is missing",
               wrong(R"({"t":"SEAT","rows":[{"m":"/a","u":"x","n":1}]})").c_str());
  CHECK(wrong(R"({"t":"SEAT","rows":[{"m":"/a","u":"a b","n":1,"do":"ask"}]})") != "(valid)");
}
