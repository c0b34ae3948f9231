#include "stream/source/source_set.h"

#include "stream/listener/server_counters.h"
#include "stream/support.h"
#include "stream/test_plugins.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(SourceSet) {
  FakeClock clock;
  Loop loop{0, clock};
  CapturedLog captured{clock};
  std::vector<SourceEnd> ends;
  Channel::Loops woken = 0;
  ServerCounters counters;
  std::unique_ptr<SourceSet> sources = std::make_unique<SourceSet>(
      loop, captured.log,
      SourceSet::Callbacks{
          [this](Channel::Loops loops, const std::shared_ptr<Mount>&) { woken |= loops; },
          [this](SourceEnd end) { ends.push_back(std::move(end)); }});

  std::shared_ptr<Mount> add(SocketPair & pair, std::uint64_t lease_id, std::string leftover = {},
                             std::string request = "SOURCE /a HTTP/1.0", bool is_logged = true) {
    return add(pair.transport(), lease_id, std::move(leftover), std::move(request), is_logged);
  }
  std::shared_ptr<Mount> add(std::unique_ptr<Transport> transport, std::uint64_t lease_id,
                             std::string leftover = {}, std::string request = "SOURCE /a HTTP/1.0",
                             bool is_logged = true) {
    WriterLease lease;
    lease.mount = std::make_shared<Mount>("/a", lb::test::mount_settings(), 1);
    lease.log = std::move(*StreamLog::create("test"));
    lease.id = lease_id;
    lease.is_logged = is_logged;
    SourceOffer offer;
    offer.transport = std::move(transport);
    offer.leftover = std::move(leftover);
    offer.request = std::move(request);
    offer.user = "source";
    offer.user_agent = "Enc/1";
    offer.referer = "http://r/";
    offer.bytes_sent = 19;
    CHECK(counters.sources.try_enter(100));
    offer.source_pass = GatePass(&counters.sources);
    auto facts = std::make_shared<SourceFacts>();
    facts->plugin = &kPlain;
    const auto mount = lease.mount;
    mount->channel().take_and_arm(0);
    sources->add(std::move(offer), std::move(lease), std::move(facts));
    return mount;
  }
  void turn() {
    for (int i = 0; i < 4; ++i) loop.run_once(false);
  }
};

TEST(SourceSet, RunsASourceAndGivesItsLeaseBack) {
  SocketPair pair;
  const auto mount = add(pair, 3, "early ");
  LONGS_EQUAL(1, woken);
  pair.send("bytes");
  turn();
  STRCMP_EQUAL("early bytes", read_view(*mount->channel().newest(), 0).c_str());
  clock.advance(61s);
  CHECK(mount->is_fed());
  pair.finish_sending();
  turn();
  LONGS_EQUAL(1, ends.size());
  CHECK_FALSE(mount->is_fed());  // at once, not when control has heard of it
  CHECK(ends[0].reason == EndReason::kClientGone);
  LONGS_EQUAL(3, ends[0].lease.id);
  CHECK(ends[0].lease.mount == mount);
  LONGS_EQUAL(0, counters.sources.inside());
  CHECK(pair.finished());
}
TEST(SourceSet, CountsWhatAllItsSourcesHaveSent) {
  SocketPair first, second;
  add(first, 3, "early ");
  add(second, 4, "0123");
  first.send("bytes");
  turn();
  LONGS_EQUAL(15, sources->bytes_read());
  sources->end_all(EndReason::kShutdown);
  LONGS_EQUAL(15, sources->bytes_read());
}
TEST(SourceSet, WritesALineInTheAccessLogAndOneInTheErrorLog) {
  SocketPair pair;
  add(pair, 3, "0123456789");
  clock.advance(61s);
  sources->kill(3, EndReason::kKilled);
  CHECK(captured.accesses().starts_with("192.0.2.9 - - ["));
  CHECK(captured.accesses().find("\"SOURCE /a HTTP/1.0\" 200 19 \"http://r/\" \"Enc/1\" 61\n") !=
        std::string::npos);
  CHECK(
      captured.says("INFO source/source_shutdown Source from 192.0.2.9 at \"/a\" exiting "
                    "(killed, 10 bytes in 61s)"));
}
TEST(SourceSet, TheEndOfASourceIsInTheLogIfItsLoginIs) {
  SocketPair pair;
  add(pair, 3, "0123456789", "SOURCE /a HTTP/1.0", false);
  sources->kill(3, EndReason::kKilled);
  CHECK(captured.accesses().find("\"SOURCE /a HTTP/1.0\" 200 ") != std::string::npos);
  CHECK_FALSE(captured.says("exiting"));
}
TEST(SourceSet, ARelayMadeNoRequestAndHasNoLineInTheAccessLog) {
  SocketPair pair;
  add(pair, 3, {}, "");
  sources->kill(3, EndReason::kDone);
  STRCMP_EQUAL("", captured.accesses().c_str());
  CHECK(captured.says("Source from 192.0.2.9 at \"/a\" exiting (done, 0 bytes in 0s)"));
}
TEST(SourceSet, ReportsHowMuchWasReadAndHowLongItLasted) {
  SocketPair pair;
  add(pair, 3, "0123456789");
  clock.advance(1500ms);
  sources->kill(3, EndReason::kKilled);
  LONGS_EQUAL(10, ends[0].bytes_read);
  CHECK(ends[0].lasted == 1500ms);
}
TEST(SourceSet, ASourceIsReplacedOnlyWhenItHasBeenSilent) {
  SocketPair pair;
  add(pair, 3);
  clock.advance(1s);
  pair.send("bytes");
  turn();
  clock.advance(1999ms);
  CHECK(!sources->replace_if_silent(3, 2s));
  CHECK(ends.empty());
  clock.advance(1ms);
  CHECK(sources->replace_if_silent(3, 2s));
  LONGS_EQUAL(1, ends.size());
  CHECK(ends[0].reason == EndReason::kReplaced);
  CHECK(sources->replace_if_silent(3, 2s));  // has ended before
  LONGS_EQUAL(1, ends.size());
}
TEST(SourceSet, SeesTheEndOfASourceBeforeTheLoopDoes) {
  SocketPair pair;
  const auto mount = add(pair, 3);
  CHECK(!sources->has_ended(3));
  pair.send("last bytes");
  CHECK(!sources->has_ended(3));
  pair.finish_sending();
  CHECK(ends.empty());
  CHECK(sources->has_ended(3));
  LONGS_EQUAL(1, ends.size());
  CHECK(ends[0].reason == EndReason::kClientGone);
  LONGS_EQUAL(10, ends[0].bytes_read);
  STRCMP_EQUAL("last bytes", read_view(*mount->channel().newest(), 0).c_str());
  CHECK(sources->has_ended(3));  // has ended before
  LONGS_EQUAL(1, ends.size());
}
TEST(SourceSet, ReadsAllThatCameBeforeTheEnd) {
  SocketPair pair;
  add(pair, 3);
  const std::string piece(1000, 'x');
  for (int i = 0; i < 80; ++i) pair.send(piece);
  pair.finish_sending();
  CHECK(sources->has_ended(3));
  LONGS_EQUAL(80000, ends[0].bytes_read);
}
TEST(SourceSet, ASourceThatIsGoneIsReplacedThoughItWasNotSilent) {
  SocketPair pair;
  add(pair, 3);
  pair.send("bytes");
  pair.finish_sending();
  CHECK(sources->replace_if_silent(3, 2s));
  LONGS_EQUAL(1, ends.size());
  CHECK(ends[0].reason == EndReason::kClientGone);
}
TEST(SourceSet, KillsByLeaseAndOnlyOnce) {
  SocketPair a, b;
  add(a, 3);
  add(b, 4);
  sources->kill(9, EndReason::kKilled);
  CHECK(ends.empty());
  sources->kill(4, EndReason::kKilled);
  sources->kill(4, EndReason::kKilled);
  LONGS_EQUAL(1, ends.size());
  LONGS_EQUAL(4, ends[0].lease.id);
  LONGS_EQUAL(2, counters.sources.inside());  // its socket closes in the next round
  turn();
  LONGS_EQUAL(1, counters.sources.inside());
  CHECK(b.finished());
  CHECK(!a.finished());
}
TEST(SourceSet, ASourceThatEndsWithItsFirstBytesIsGoneAtOnce) {
  SocketPair pair;
  Request request;
  request.headers.add("content-length", "3");
  WriterLease lease;
  lease.mount = std::make_shared<Mount>("/a", lb::test::mount_settings(), 1);
  lease.log = std::move(*StreamLog::create("test"));
  lease.id = 1;
  SourceOffer offer;
  offer.transport = pair.transport();
  offer.leftover = "abcdef";
  offer.body = *BodyReader::for_request(request, true);
  auto facts = std::make_shared<SourceFacts>();
  facts->plugin = &kPlain;
  sources->add(std::move(offer), std::move(lease), facts);
  LONGS_EQUAL(1, ends.size());
  CHECK(ends[0].reason == EndReason::kDone);
  CHECK(sources->set_title(1, Metadata()) == TitleResult::kRefused);
}
TEST(SourceSet, SetsATitleByLease) {
  SocketPair pair;
  const auto mount = add(pair, 3);
  CHECK(sources->set_title(3, make_icy_metadata("One", "", "", "")) == TitleResult::kDone);
  STRCMP_EQUAL("One", mount->metadata()->title.c_str());
  CHECK(sources->set_title(4, make_icy_metadata("Two", "", "", "")) == TitleResult::kRefused);
}
TEST(SourceSet, EndsAll) {
  SocketPair pairs[3];
  for (std::uint64_t i = 0; i < 3; ++i) add(pairs[i], i + 1);
  sources->end_all(EndReason::kShutdown);
  LONGS_EQUAL(3, ends.size());
  for (const SourceEnd& end : ends) CHECK(end.reason == EndReason::kShutdown);
  turn();
  for (SocketPair& pair : pairs) CHECK(pair.finished());
}
TEST(SourceSet, ASetThatGoesClosesItsSources) {
  SocketPair pair;
  add(pair, 1);
  sources.reset();
  CHECK(pair.finished());
  CHECK(ends.empty());
  LONGS_EQUAL(0, counters.sources.inside());
}
TEST(SourceSet, ManySourcesAreReadByTurns) {
  std::vector<std::unique_ptr<SocketPair>> pairs;
  std::vector<std::shared_ptr<Mount>> mounts;
  const auto more = [&] {
    pairs.push_back(std::make_unique<SocketPair>());
    mounts.push_back(add(*pairs.back(), pairs.size()));
  };
  for (std::size_t i = 1; i < SourceSet::kMany; ++i) more();
  CHECK(!sources->by_turns());
  more();
  CHECK(sources->by_turns());
  more();  // one that comes later is read by turns as well
  for (const std::size_t i : {std::size_t{0}, pairs.size() - 1}) {
    pairs[i]->send("one ");
    pairs[i]->send("two");
  }
  const auto heard = [&](std::size_t i) { return read_view(*mounts[i]->channel().newest(), 0); };
  loop.run_once(false);
  STRCMP_EQUAL("", heard(0).c_str());  // no loop is woken for it
  for (int i = 0; i < 100 && heard(0).empty(); ++i) loop.run_once(true);
  STRCMP_EQUAL("one two", heard(0).c_str());
  STRCMP_EQUAL("one two", heard(pairs.size() - 1).c_str());
  // An end is seen in a turn too, and when few sources are left each is watched.
  for (std::size_t i = SourceSet::kFewAgain - 1; i < pairs.size(); ++i) pairs[i]->finish_sending();
  for (int i = 0; i < 100 && sources->by_turns(); ++i) loop.run_once(true);
  CHECK(!sources->by_turns());
  LONGS_EQUAL(SourceSet::kFewAgain - 1, sources->size());
  pairs[0]->send(" three");
  turn();
  STRCMP_EQUAL("one two three", heard(0).c_str());
}
TEST(SourceSet, ATurnPublishesOnlyWhatHasCome) {
  std::vector<std::unique_ptr<SocketPair>> pairs;
  std::vector<std::shared_ptr<Mount>> mounts;
  std::vector<std::shared_ptr<const StreamView>> views;
  for (std::size_t i = 0; i < SourceSet::kMany + 10; ++i) {
    pairs.push_back(std::make_unique<SocketPair>());
    mounts.push_back(add(*pairs.back(), i + 1));
  }
  CHECK(sources->by_turns());
  for (const auto& mount : mounts) views.push_back(mount->channel().newest());
  // In one turn all are asked.
  pairs[0]->send("bytes");
  for (int i = 0; i < 100 && mounts[0]->channel().newest() == views[0]; ++i) loop.run_once(true);
  STRCMP_EQUAL("bytes", read_view(*mounts[0]->channel().newest(), 0).c_str());
  for (std::size_t i = 1; i < mounts.size(); ++i) CHECK(mounts[i]->channel().newest() == views[i]);
}
TEST(SourceSet, ATurnReadsOnlyTheSocketsThatAreReady) {
  std::vector<std::unique_ptr<SocketPair>> pairs;
  for (std::size_t i = 0; i < SourceSet::kMany; ++i) {
    pairs.push_back(std::make_unique<SocketPair>());
    add(*pairs.back(), i + 1);
  }
  const UniqueFd ready(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  const auto wire = std::make_shared<Wire>();
  add(std::make_unique<FakeTransport>(wire, ready.get()), 100);
  wire->read_status = IoStatus::kEof;
  pairs[0]->send("bytes");
  for (int i = 0; i < 100 && sources->bytes_read() == 0; ++i) loop.run_once(true);
  LONGS_EQUAL(5, sources->bytes_read());
  CHECK(ends.empty());
  CHECK_EQUAL(0, ::eventfd_write(ready.get(), 1));
  for (int i = 0; i < 100 && ends.empty(); ++i) loop.run_once(true);
  LONGS_EQUAL(100, ends.at(0).lease.id);
}
