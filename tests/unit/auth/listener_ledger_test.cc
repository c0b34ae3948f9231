#include "auth/listener/listener_ledger.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/temporary_directory.h"
#include "stub_http.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(ListenerLedger) {
  FakeClock clock;
  Loop loop{0, clock};
  Log log{clock};
  TemporaryDirectory directory;
  StubHttp stub{[](const std::string&) { return StubHttp::ok(); }};
  std::unique_ptr<Fetcher> fetcher;
  std::unique_ptr<EventSender> sender;
  std::unique_ptr<ListenerLedger> ledger;
  std::vector<ListenerTicket> tickets;

  void setup() override { start(); }
  void start() {
    fetcher = std::make_unique<Fetcher>(loop);
    sender = std::make_unique<EventSender>(loop, *fetcher, log, EventSender::Limits{});
    ledger = std::make_unique<ListenerLedger>(
        loop, log, *sender, [] { return std::make_shared<const AuthServer>(AuthServer{}); });
  }
  // As after kill -9: no end is recorded.
  void crash() {
    ledger.reset();
    sender.reset();
    fetcher.reset();
    tickets.clear();
    start();
  }
  ListenerLedger::Opening open_spool() {
    auto opened = ledger->open_spool(directory.file("spool"));
    CHECK(opened.has_value());
    return *opened;
  }
  ListenerLedger::Entry entry(std::uint64_t client, const std::string& user = {}) const {
    RemovalNotice notice{stub.url("/remove"), "", "",
                         "action=listener_remove&client=" + std::to_string(client), "&ip=1"};
    return {client, "/m", user, std::move(notice)};
  }
  void admit(ListenerLedger::Entry wanted) {
    const std::size_t before = tickets.size();
    ledger->admit(std::move(wanted),
                  [this](ListenerTicket ticket) { tickets.push_back(std::move(ticket)); });
    run_until([&] { return tickets.size() > before; });
  }
  template <class Fact>
  void run_until(Fact fact) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!fact()) {
      CHECK_TEXT(std::chrono::steady_clock::now() < deadline, "it did not happen within 120 s");
      loop.run_once(false);
    }
  }
  void run_until_heard(std::size_t n) {
    run_until([&] { return stub.forms().size() >= n && sender->idle(); });
    LONGS_EQUAL(n, stub.forms().size());
  }
};

TEST(ListenerLedger, ATicketThatGoesIsToldOnceWithItsDuration) {
  admit(entry(51));
  LONGS_EQUAL(1, ledger->open());
  clock.advance(std::chrono::milliseconds(2900));
  tickets[0].set_bytes_sent(4711);
  tickets.clear();
  run_until_heard(1);
  STRCMP_EQUAL("action=listener_remove&client=51&duration=2&ip=1&sent=4711",
               stub.forms()[0].c_str());
  LONGS_EQUAL(0, ledger->open());
}
TEST(ListenerLedger, AMovedTicketIsToldOnce) {
  admit(entry(51));
  {
    ListenerTicket moved(std::move(tickets[0]));
    tickets.clear();
    for (int i = 0; i < 5; ++i) loop.run_once(false);
    LONGS_EQUAL(0, stub.forms().size());
  }
  run_until_heard(1);
}
TEST(ListenerLedger, WithoutANoticeNothingIsSent) {
  admit({51, "/m", "jo", std::nullopt});
  LONGS_EQUAL(1, ledger->clients_of("/m", "jo").size());
  tickets.clear();
  run_until([&] { return ledger->open() == 0; });
  LONGS_EQUAL(0, ledger->clients_of("/m", "jo").size());
  CHECK(sender->idle());
}
TEST(ListenerLedger, FindsTheListenersOfAMountByUserName) {
  admit(entry(51, "jo"));
  admit(entry(52, "jo"));
  admit(entry(53));
  LONGS_EQUAL(2, ledger->clients_of("/m", "jo").size());
  LONGS_EQUAL(51, ledger->clients_of("/m", "jo")[0]);
  LONGS_EQUAL(0, ledger->clients_of("/other", "jo").size());
  LONGS_EQUAL(0, ledger->clients_of("/m", "").size());
  tickets.erase(tickets.begin() + 1, tickets.end());
  run_until([&] { return ledger->open() == 1; });
  LONGS_EQUAL(1, ledger->clients_of("/m", "jo").size());
}
TEST(ListenerLedger, AListenerThatIsRefusedAfterAllIsTakenBack) {
  ledger->take_back(entry(51, "jo"));
  run_until_heard(1);
  STRCMP_EQUAL("action=listener_remove&client=51&duration=0&ip=1&sent=0", stub.forms()[0].c_str());
  LONGS_EQUAL(0, ledger->clients_of("/m", "jo").size());
  ledger->take_back({52, "/m", "jo", std::nullopt});
  CHECK(sender->idle());
}
TEST(ListenerLedger, AfterACrashEveryEndIsReportedOnceWithTheSameId) {
  LONGS_EQUAL(0, open_spool().unheard);
  for (std::uint64_t client = 1; client <= 200; ++client) admit(entry(client));
  crash();
  const auto opening = open_spool();
  LONGS_EQUAL(200, opening.unheard);
  LONGS_EQUAL(200, opening.highest_client_id);
  run_until_heard(200);
  for (std::uint64_t client = 1; client <= 200; ++client) {
    const std::string id = "&client=" + std::to_string(client) + "&";
    int found = 0;
    for (const std::string& form : stub.forms())
      found += form.find(id) != std::string::npos ? 1 : 0;
    LONGS_EQUAL(1, found);
  }
  crash();
  LONGS_EQUAL(0, open_spool().unheard);
}
TEST(ListenerLedger, AfterACrashTheDurationEndsAtTheLastHeartbeat) {
  open_spool();
  admit(entry(1));
  clock.advance(std::chrono::seconds(100));
  admit(entry(2));
  crash();
  clock.advance(std::chrono::hours(5));
  open_spool();
  run_until_heard(2);
  auto forms = stub.forms();  // sent side by side
  std::sort(forms.begin(), forms.end());
  STRCMP_EQUAL("action=listener_remove&client=1&duration=100&ip=1&sent=0", forms[0].c_str());
  STRCMP_EQUAL("action=listener_remove&client=2&duration=0&ip=1&sent=0", forms[1].c_str());
}
TEST(ListenerLedger, AListenerThatLeftBeforeTheCrashKeepsItsDuration) {
  open_spool();
  fetcher = nullptr;  // the backend hears nothing any more
  fetcher = std::make_unique<Fetcher>(loop, Fetcher::Limits{0, 100});
  sender = std::make_unique<EventSender>(loop, *fetcher, log, EventSender::Limits{});
  ledger = std::make_unique<ListenerLedger>(
      loop, log, *sender, [] { return std::make_shared<const AuthServer>(AuthServer{}); });
  open_spool();
  admit(entry(1));
  clock.advance(std::chrono::seconds(7));
  tickets[0].set_bytes_sent(99);
  tickets.clear();
  run_until([&] { return ledger->open() == 0; });
  clock.advance(std::chrono::hours(1));
  crash();
  open_spool();
  run_until_heard(1);
  STRCMP_EQUAL("action=listener_remove&client=1&duration=7&ip=1&sent=99", stub.forms()[0].c_str());
}
TEST(ListenerLedger, ATicketThatOutlivesItsLedgerIsVoid) {
  admit(entry(51));
  ledger.reset();
  tickets.clear();
  for (int i = 0; i < 5; ++i) loop.run_once(false);
  LONGS_EQUAL(0, stub.forms().size());
}
TEST(ListenerLedger, ASpoolThatCannotBeOpenedIsAnError) {
  CHECK(!ledger->open_spool(directory.file("no/spool")).has_value());
  CHECK(!ledger->has_spool());
}
