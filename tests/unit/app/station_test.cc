#include "app/pages/station.h"

#include "app/pages/due_titles.h"
#include "app/test_server.h"
#include "app/topology/link_orders.h"
#include "base/through_record.h"

// Last, because it redefines `new`.
#include "admin/command/cluster_sight.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/source_admission.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(ServerStation) {
  TestServer server;

  Station& station() { return *server.services().station; }
  template <class T, class Ask>
  T answer_of(Ask ask) {
    std::optional<T> got;
    ask([&got](T value) { got = std::move(value); });
    CHECK(server.until([&] { return got.has_value(); }));
    return std::move(*got);
  }
  std::vector<MountRow> rows() {
    return *answer_of<Result<std::vector<MountRow>>>(
        [this](auto then) { station().mounts(std::move(then)); });
  }
  std::vector<ListenerRow> listeners(const std::string& mount) {
    return answer_of<Result<MountListeners>>(
               [&](auto then) { station().listeners_of(mount, std::move(then)); })
        ->rows;
  }
  TitleVerdict title(TitleRequest request, const std::string& mount = "/live") {
    return answer_of<TitleOutcome>(
               [&](auto then) { station().set_title(mount, std::move(request), std::move(then)); })
        .verdict;
  }
};

TEST(ServerStation, StatesOfMounts) {
  server.start(
      "<relay><server>127.0.0.1</server><port>1</port><mount>/idle</mount>"
      "<on-demand>1</on-demand></relay>");
  auto source = server.source("/live");
  CHECK(station().state_of("/live") == MountState::kRunning);
  CHECK(station().state_of("/idle") == MountState::kIdle);
  CHECK(station().state_of("/none") == MountState::kUnknown);
}
TEST(ServerStation, ARowForEveryMountAndForThoseWhoseFallbackPlays) {
  server.start(
      "<mount><mount-name>/off</mount-name><fallback-mount>/live</fallback-mount></mount>");
  auto source = server.source("/live");
  auto listener = server.open("/live"),
       relay = server.open("/live", "User-Agent: Icecast 2.4.4\r\n");
  server.clock.advance(42s);
  const auto all = rows();
  LONGS_EQUAL(2, all.size());
  CHECK_EQUAL(std::string("/live"), all[0].mount);
  LONGS_EQUAL(1, all[0].listeners);
  LONGS_EQUAL(1, all[0].relays);
  CHECK(all[0].connected_seconds == 42u);
  CHECK_EQUAL(std::string("/off"), all[1].mount);
  CHECK(all[1].fallback_runs && all[1].state == MountState::kStopped);
}
TEST(ServerStation, ListenersOfAMount) {
  auto source = server.start().source("/live");
  auto listener = server.open("/live", "User-Agent: P/1\r\nReferer: http://r/\r\n", "192.0.2.33");
  server.clock.advance(5s);
  const auto all = listeners("/live");
  LONGS_EQUAL(1, all.size());
  CHECK_EQUAL(std::string("192.0.2.33"), all[0].address);
  CHECK_EQUAL(std::string("P/1"), all[0].agent);
  CHECK_EQUAL(std::string("http://r/"), all[0].referer);
  LONGS_EQUAL(5, all[0].seconds);
  CHECK_FALSE(all[0].relay);
  LONGS_EQUAL(0, listeners("/none").size());
}
TEST(ServerStation, AListenerIsKilledByItsNumber) {
  auto source = server.start().source("/live");
  auto listener = server.open("/live");
  const std::uint64_t id = listeners("/live").at(0).id;
  const auto kill = [&](const std::string& mount, std::uint64_t number) {
    return answer_of<OrderOutcome>(
               [&](auto then) { station().kill_listener(mount, number, std::move(then)); })
        .done;
  };
  CHECK_FALSE(kill("/live", id + 1));
  CHECK_FALSE(kill("/none", id));
  CHECK(kill("/live", id));
  CHECK(listener.finished());
}
TEST(ServerStation, ListenersMoveToAMountOfTheSameFormat) {
  server.start();
  auto a = server.source("/a"), b = server.source("/b");
  auto other = server.source("/ogg", "", "application/ogg");
  auto listener = server.open("/a");
  CHECK(station().move_offer("/a", "/b").possible);
  LONGS_EQUAL(1, station().move_offer("/a", "/b").listeners);
  CHECK_FALSE(station().move_offer("/a", "/ogg").possible);
  CHECK_FALSE(station().move_offer("/a", "/none").possible);
  const auto moved = answer_of<MoveOutcome>(
      [this](auto then) { station().move_listeners("/a", "/b", std::move(then)); });
  LONGS_EQUAL(1, moved.moved);
  b.say(mp3_frames(2));
  CHECK(server.until([this] { return server.mount("/b")->listeners() == 1; }));
  LONGS_EQUAL(0, server.mount("/a")->listeners());
}
TEST(ServerStation, KillingTheSourceOfNoMountDoesNothing) {
  server.start();
  const auto kill = [this](const std::string& mount) {
    return answer_of<OrderOutcome>(
               [&](auto then) { station().kill_source(mount, std::move(then)); })
        .done;
  };
  CHECK_FALSE(kill("/none"));
  auto source = server.source("/live");
  CHECK(kill("/live"));
  CHECK(source.finished());
}
TEST(ServerStation, AFallbackThatTheAdministratorNamesIsTheMounts) {
  auto source = server.start().source("/live");
  const auto set = [this](const std::string& mount) {
    return answer_of<std::string>(
        [&](auto then) { station().set_fallback(mount, "/b", std::move(then)); });
  };
  STRCMP_EQUAL("", set("/live").c_str());
  CHECK_EQUAL(std::string("/b"), server.mount("/live")->settings()->fallback_mount);
  STRCMP_EQUAL("", set("/none").c_str());
}
TEST(ServerStation, ATitleOfOneTextOrOfTwo) {
  auto source = server.start().source("/live");
  TitleRequest request;
  request.artist = "A";
  request.title = "T";
  CHECK(title(request) == TitleVerdict::kDone);
  CHECK_EQUAL(std::string("A - T"), server.mount("/live")->metadata()->song());
  request.song = "S";
  title(request);
  CHECK_EQUAL(std::string("S"), server.mount("/live")->metadata()->song());
}
TEST(ServerStation, ALoneTitleChangesNothing) {
  auto source = server.start().source("/live");
  TitleRequest request;
  request.title = "T";
  CHECK(title(request) == TitleVerdict::kDone);
  CHECK_EQUAL(std::string(""), server.mount("/live")->metadata()->song());
}
TEST(ServerStation, ATitleOnlyFromTheSourcesAddress) {
  auto source = server.start().source("/live");
  TitleRequest request;
  request.song = "S";
  request.only_from_ip = "192.0.2.1";
  CHECK(title(request) == TitleVerdict::kRefused);
  request.only_from_ip = "192.0.2.77";
  CHECK(title(request) == TitleVerdict::kDone);
  CHECK(title(request, "/none") == TitleVerdict::kNoSource);
}
TEST(ServerStation, DrainsAsItIsToldOrElseAsConfiguredOrElseSoftly) {
  server.start();
  CHECK(station().drain({}).has_value());
  CHECK_EQUAL(std::string("soft"), station().drain_status().mode);
  LONGS_EQUAL(60, station().drain_status().seconds_left);
  DrainRequest request;
  request.mode = DrainMode::kMove;
  request.seconds = 10;
  request.rate = "5";
  CHECK(station().drain(request).has_value());
  CHECK_EQUAL(std::string("move"), station().drain_status().mode);
  server.clock.advance(3500ms);
  LONGS_EQUAL(7, station().drain_status().seconds_left);
  CHECK(station().undrain().has_value());
  CHECK_EQUAL(std::string(""), station().drain_status().mode);
}
TEST(ServerStation, ARateThatIsNoneIsRefused) {
  server.start();
  DrainRequest request;
  request.rate = "fast";
  CHECK_FALSE(station().drain(request).has_value());
  CHECK_FALSE(server.services().drain.draining());
}
TEST(ServerStation, UndrainSaysWhyNot) {
  auto source = server.start().source("/live");
  auto listener = server.open("/live");
  CHECK_EQUAL(std::string("the node does not drain"), station().undrain().error().what);
  DrainRequest request;
  request.then_exit = true;
  CHECK(station().drain(request).has_value());
  CHECK_EQUAL(std::string("the process is about to end"), station().undrain().error().what);
  // What is to come can be hurried, not called off.
  CHECK(station().drain({}).has_value());
  CHECK(server.services().drain.picture()->then_exit);
}
TEST(ServerStation, UsersAreThoseOfTheMountsAuthenticator) {
  server.start(
      "<mount><mount-name>/live</mount-name><authentication type=\"htpasswd\"><option "
      "name=\"filename\" value=\"" +
      server.directory.put("users", "anna:5ebe2294ecd0e0f08eab7690d2a6ee69\n") +
      "\"/></authentication></mount>");
  const auto ask = [this](const std::string& mount, UserEdit edit) {
    return answer_of<UserEditResult>(
        [&](auto then) { station().users(mount, std::move(edit), std::move(then)); });
  };
  using Action = UserEdit::Action;
  using Outcome = UserEditResult::Outcome;
  CHECK(ask("/none", {}).outcome == Outcome::kNoList);
  CHECK(ask("/live", {}).users == std::vector<std::string>{"anna"});
  CHECK(ask("/live", {Action::kAdd, "ben", "x"}).outcome == Outcome::kAdded);
  CHECK(ask("/live", {Action::kAdd, "ben", "x"}).outcome == Outcome::kExists);
  CHECK(ask("/live", {Action::kRemove, "anna", ""}).users == std::vector<std::string>{"ben"});
}
TEST(ServerStation, AnOrderToANodeThatIsNotLinkedFails) {
  server.start();
  const auto result =
      answer_of<ResultFrame>([this](auto then) { station().order("edge9", {}, std::move(then)); });
  CHECK_FALSE(result.done);
  CHECK(result.why.find("edge9") != std::string::npos);
}
TEST(ServerStation, ExplainsWhereAListenerWouldGo) {
  server.start(
      "<max-redirect-slaves>-1</max-redirect-slaves>"
      "<redirect><host>edge.test</host><port>8100</port></redirect>"
      "<cluster><id>m1</id><capacity "
      "self-weight=\"0\"/><balance><hold>0</hold></balance></cluster>");
  auto source = server.source("/live");
  ExplainAsk ask;
  ask.mount = "/live";
  ask.client = *Address::parse("192.0.2.1", 0);
  const Explanation explanation = station().explain(ask);
  CHECK(explanation.choice.kind == Choice::Kind::kRedirect);
  CHECK_EQUAL(std::string("http://edge.test:8100"), explanation.origin);
  LONGS_EQUAL(2, explanation.trace.rows.size());
}

// -- orders of a master
// ----------------------------------------------------------------------------------

TEST_GROUP(LinkOrders) {
  TestServer server;
  OrderRights rights{true, true, [](const std::string& mount) { return mount != "/own"; }};

  ResultFrame carry_out(CommandFrame command) {
    std::optional<ResultFrame> got;
    carry_out_order(*server.services().station, command, rights,
                    [&got](ResultFrame result) { got = std::move(result); });
    CHECK(server.until([&] { return got.has_value(); }));
    return *got;
  }
  static CommandFrame command(CommandFrame::Verb verb, const std::string& mount = "/live") {
    CommandFrame frame;
    frame.verb = verb;
    frame.mount = mount;
    return frame;
  }
};

TEST(LinkOrders, AreOnlyAboutWhatIsOfThatMaster) {
  const std::string not_its =
      "mount /own is not relayed from this master, and no record of this master is in force for it";
  for (const auto verb : {CommandFrame::Verb::kKick, CommandFrame::Verb::kMetadata}) {
    CHECK_EQUAL(std::string(""), why_refused(command(verb), rights));
    CHECK_EQUAL(not_its, why_refused(command(verb, "/own"), rights));
  }
  CommandFrame move = command(CommandFrame::Verb::kMove);
  move.to = "/own";
  CHECK_EQUAL(not_its, why_refused(move, rights));
  move.mount = "/own";
  move.to = "/live";
  CHECK_EQUAL(not_its, why_refused(move, rights));
  CommandFrame fallback = command(CommandFrame::Verb::kFallback);
  CHECK_EQUAL(std::string(""), why_refused(fallback, rights));
  fallback.to = "/own";
  CHECK_EQUAL(not_its, why_refused(fallback, rights));
}
TEST(LinkOrders, ListenersAreToldOfWhatIsOfThatMaster) {
  auto source = server.start().source("/live"), own = server.source("/own");
  auto listener = server.open("/live"), hidden = server.open("/own");
  const auto told = [this](const std::string& mount) {
    std::optional<TellFrame> got;
    AskFrame ask;
    ask.number = 7;
    ask.mount = mount;
    ask.most = 200;
    send_listeners(*server.services().station, ask, rights,
                   [&got](TellFrame frame) { got = std::move(frame); });
    CHECK(server.until([&] { return got.has_value(); }));
    UNSIGNED_LONGS_EQUAL(7, got->number);
    return *got;
  };
  LONGS_EQUAL(1, told("/live").rows.size());
  LONGS_EQUAL(0, told("/own").rows.size());
  CHECK(told("/own").why != "");
}
TEST(LinkOrders, AreRefusedWhereTheConfigurationTakesNone) {
  rights.streams = rights.drain = false;
  CHECK(why_refused(command(CommandFrame::Verb::kKick), rights) != "");
  CHECK(why_refused(command(CommandFrame::Verb::kDrain), rights) != "");
  rights.drain = true;
  CHECK_EQUAL(std::string(""), why_refused(command(CommandFrame::Verb::kDrain), rights));
}
TEST(LinkOrders, AMountThatThereIsNotIsNamed) {
  server.start();
  CHECK_EQUAL(std::string("there is no mount /live"),
              carry_out(command(CommandFrame::Verb::kKick)).why);
}
TEST(LinkOrders, KickEndsTheSourceOrAListener) {
  auto source = server.start().source("/live");
  auto listener = server.open("/live");
  CommandFrame kick = command(CommandFrame::Verb::kKick);
  kick.listener = 999;
  CHECK_EQUAL(std::string("there is no such listener"), carry_out(kick).why);
  kick.listener = 0;
  CHECK(carry_out(kick).done);
  CHECK(source.finished());
}
TEST(LinkOrders, KickEndsOneEncoderByItsNumber) {
  auto source = server.start().source("/live");
  CommandFrame kick = command(CommandFrame::Verb::kKick);
  kick.encoder = 999'999;
  CHECK_EQUAL(std::string("there is no such encoder"), carry_out(kick).why);
  CHECK_FALSE(source.finished());
  const auto encoders = server.services().admission->encoders_of("/live");
  LONGS_EQUAL(1, encoders.size());
  kick.encoder = encoders.front().id;
  CHECK(carry_out(kick).done);
  CHECK(source.finished());
}
TEST(LinkOrders, AFallbackIsTheMounts) {
  auto source = server.start().source("/live");
  CommandFrame order = command(CommandFrame::Verb::kFallback);
  for (const std::string to : {"/b", ""}) {
    order.to = to;
    CHECK(carry_out(order).done);
    CHECK_EQUAL(to, server.mount("/live")->settings()->fallback_mount);
  }
}
TEST(LinkOrders, MoveNeedsAMountThatPlaysTheSameFormat) {
  auto source = server.start().source("/live"), ogg = server.source("/ogg", "", "application/ogg");
  CommandFrame move = command(CommandFrame::Verb::kMove);
  move.to = "/none";
  CHECK_EQUAL(std::string("mount /none does not play"), carry_out(move).why);
  move.to = "/ogg";
  CHECK_FALSE(carry_out(move).done);
}
TEST(LinkOrders, OneListenerIsMovedAndTheOthersStay) {
  auto source = server.start().source("/live"), to = server.source("/to");
  auto first = server.open("/live"), second = server.open("/live");
  CommandFrame move = command(CommandFrame::Verb::kMove);
  move.to = "/to";
  move.listener = 999;
  CHECK_FALSE(carry_out(move).done);
  std::vector<std::uint64_t> ids;
  for (const ListenerRow& state :
       server.services().workers[0]->streams->list(*server.mount("/live")))
    ids.push_back(state.id);
  move.listener = ids.at(0);
  CHECK_EQUAL(std::string("the listener is moved"), carry_out(move).why);
  to.say(mp3_frames(2));
  CHECK(server.until([this] { return server.mount("/to")->listeners() == 1; }));
  LONGS_EQUAL(1, server.mount("/live")->listeners());
}
TEST(LinkOrders, MetadataIsTheTitle) {
  auto source = server.start().source("/live");
  CommandFrame title = command(CommandFrame::Verb::kMetadata);
  title.artist = "A";
  title.title = "T";
  CHECK(carry_out(title).done);
  CHECK_EQUAL(std::string("A - T"), server.mount("/live")->metadata()->song());
  title.artist.clear();
  title.title = "Ä";
  CHECK(carry_out(title).done);
  CHECK_EQUAL(std::string("Ä"), server.mount("/live")->metadata()->song());
}
TEST(LinkOrders, DrainAndUndrain) {
  server.start();
  CommandFrame drain = command(CommandFrame::Verb::kDrain, "");
  drain.drain = DrainMode::kHard;
  CHECK(carry_out(drain).done);
  CHECK_EQUAL(std::string("hard"), server.services().station->drain_status().mode);
  drain.drain = DrainMode::kOff;
  CHECK(carry_out(drain).done);
  CHECK_FALSE(carry_out(drain).done);
}

TEST(ServerStation, TitlesThatWereToldAheadGoOverAndComeAtTheirTime) {
  server.start("");
  std::vector<std::string> set;
  DueTitles before(server.services().loops.control(), [](const std::string&, TitleRequest) {});
  DueTitles after(server.services().loops.control(),
                  [&set](const std::string& mount, TitleRequest request) {
                    set.push_back(mount + " " + *request.title);
                  });
  const std::int64_t now_ms = unix_ms(server.clock.wall());
  for (const std::int64_t in_ms : {1000, 5000}) {
    TitleRequest request;
    request.title = std::to_string(in_ms);
    request.details.album = "Album";
    request.at_ms = now_ms + in_ms;
    CHECK(before.add("/live", request));
  }
  for (const DueTitleRecord& due : before.save())
    after.restore(through_record<DueTitleRecord>(due));
  server.clock.advance(2s);
  CHECK(set.empty());
  after.go_on();
  LONGS_EQUAL(1, set.size());
  CHECK_EQUAL(std::string("/live 1000"), set[0]);
  const auto left = after.save();
  LONGS_EQUAL(1, left.size());
  CHECK_EQUAL(std::string("Album"), left[0].request.details.album);
}
