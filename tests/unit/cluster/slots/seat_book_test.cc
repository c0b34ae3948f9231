#include "cluster/slots/seat_book.h"

#include <memory>
#include <string>

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

// m, with e1 and e2 that pull from it, and x that pulls from e1; rows arrive at once.
class Seats {
 public:
  Seats() {
    for (const char* id : {"m", "e1", "e2", "x"})
      books[id] = std::make_unique<SeatBook>(
          [this, id = std::string(id)](const std::string&) {
            const std::string up = parents.contains(id) ? parents.at(id) : "";
            return lost.contains(id) ? std::string() : up;
          },
          [this](const std::string&) { return rule; }, SeatTiming{});
  }
  void ask(const std::string& node, std::uint64_t number, const std::string& user,
           bool drop = false, const std::string& who = "") {
    SeatRow row;
    row.mount = "/m";
    row.user = user;
    row.who = who;
    row.number = number;
    row.drop = drop;
    books[node]->ask(row, now);
    deliver();
  }
  void deliver() {
    for (bool any = true; any;) {
      any = false;
      for (auto& [id, book] : books) {
        for (const SeatBook::Outgoing& letter : book->take_outgoing()) {
          any = true;
          if (lost.contains(id) || lost.contains(letter.to) || !books.contains(letter.to)) continue;
          books[letter.to]->take(id, letter.row, now);
        }
        for (const SeatBook::Answer& answer : book->take_answers())
          said +=
              id + std::to_string(answer.number) + " " + std::string(to_text(answer.act)) + "\n";
      }
    }
  }
  std::string take() { return std::exchange(said, ""); }

  SteadyTime now{1h};
  std::optional<SeatBook::Rule> rule;  // of each node's own section
  std::map<std::string, std::string> parents{{"e1", "m"}, {"e2", "m"}, {"x", "e1"}};
  std::set<std::string> lost;
  std::map<std::string, std::unique_ptr<SeatBook>> books;
  std::string said;
};

}  // namespace

TEST_GROUP(SeatBook) { Seats seats; };

TEST(SeatBook, TheRuleOfTheNodeThatDecidesCounts) {
  seats.rule = SeatBook::Rule{1, false};
  seats.ask("e1", 1, "ann");
  seats.ask("e2", 1, "ann", true);  // a row that would end it
  STRCMP_EQUAL("e11 yes\ne21 no\n", seats.take().c_str());
  seats.rule = SeatBook::Rule{2, false};
  seats.ask("e2", 2, "ann");  // of one that names 1
  STRCMP_EQUAL("e22 yes\n", seats.take().c_str());
  seats.rule = SeatBook::Rule{2, true};
  seats.ask("x", 1, "ann");
  STRCMP_EQUAL("e11 drop\nx1 yes\n", seats.take().c_str());
}
TEST(SeatBook, TheFirstOneListens) {
  seats.ask("e1", 1, "ann");
  STRCMP_EQUAL("e11 yes\n", seats.take().c_str());
  seats.ask("e2", 1, "ann");
  STRCMP_EQUAL("e21 no\n", seats.take().c_str());
  seats.ask("x", 1, "ann");
  STRCMP_EQUAL("x1 no\n", seats.take().c_str());
  seats.ask("x", 2, "bob");
  STRCMP_EQUAL("x2 yes\n", seats.take().c_str());
  seats.books["e1"]->off(1);
  seats.deliver();
  seats.ask("e2", 2, "ann");
  STRCMP_EQUAL("e22 yes\n", seats.take().c_str());
}
TEST(SeatBook, OrTheLast) {
  seats.ask("x", 1, "ann", true);
  seats.ask("e2", 1, "ann", true);
  STRCMP_EQUAL("x1 yes\ne21 yes\nx1 drop\n", seats.take().c_str());
  seats.books["x"]->off(1);
  seats.deliver();
  LONGS_EQUAL(1, seats.books["m"]->size());
}
TEST(SeatBook, AListenerIsNotRefusedForItsOwnGhost) {
  seats.ask("x", 1, "ann", false, "phone");
  seats.ask("e2", 1, "ann", false, "phone");
  STRCMP_EQUAL("x1 yes\ne21 yes\nx1 drop\n", seats.take().c_str());
}
TEST(SeatBook, SeatsOfADeadNodeGo) {
  seats.ask("e1", 1, "ann");
  seats.books["m"]->left("e1", false, seats.now);
  seats.books["m"]->tick(seats.now + 900ms);
  seats.ask("e2", 1, "ann");
  STRCMP_EQUAL("e11 yes\ne21 no\n", seats.take().c_str());
  seats.books["m"]->tick(seats.now + 1s);
  seats.ask("e2", 2, "ann");
  STRCMP_EQUAL("e22 yes\n", seats.take().c_str());
}
TEST(SeatBook, ANodeThatIsBackTellsWhatItHas) {
  seats.ask("x", 1, "ann");
  seats.take();
  seats.books["m"]->left("e1", false, seats.now);
  seats.books["m"]->tick(seats.now + 5s);
  LONGS_EQUAL(0, seats.books["m"]->size());
  seats.books["m"]->joined("e1", false, seats.now);
  seats.books["e1"]->joined("m", false, seats.now);
  seats.deliver();
  seats.ask("e2", 1, "ann");
  STRCMP_EQUAL("e21 no\n", seats.take().c_str());
}
TEST(SeatBook, WithoutAnAnswerTheNodeDecides) {
  seats.ask("e1", 1, "ann");
  seats.take();
  seats.lost.insert("m");
  seats.ask("e1", 2, "ann");
  seats.ask("e1", 3, "bob");
  seats.books["e1"]->decide_here(2, seats.now);
  seats.books["e1"]->decide_here(3, seats.now);
  seats.deliver();
  STRCMP_EQUAL("e12 no\ne13 yes\n", seats.take().c_str());
}
TEST(SeatBook, SeatsGoAlongToAnotherUpstream) {
  seats.ask("x", 1, "ann");
  seats.take();
  seats.parents["x"] = "e2";
  seats.books["x"]->tick(seats.now);
  seats.deliver();
  LONGS_EQUAL(0, seats.books["e1"]->size());
  LONGS_EQUAL(1, seats.books["m"]->size());
  seats.ask("e1", 1, "ann");
  STRCMP_EQUAL("e11 no\n", seats.take().c_str());
}
// One of two links of peers dies with rows under way, and the other goes on.
TEST(SeatBook, RowsThatALinkHasLostAreSentAgain) {
  seats.ask("e1", 1, "ann");
  seats.ask("e1", 2, "cid");
  STRCMP_EQUAL("e11 yes\ne12 yes\n", seats.take().c_str());
  seats.lost.insert("m");
  seats.books["e1"]->off(1);
  seats.ask("e1", 3, "bob");
  seats.lost.clear();
  seats.books["m"]->tick(seats.now + 1h);
  LONGS_EQUAL(2, seats.books["m"]->size());  // ann's, which nothing would end
  seats.books["e1"]->resend("m");
  seats.deliver();
  STRCMP_EQUAL("e13 yes\n", seats.take().c_str());
  LONGS_EQUAL(2, seats.books["m"]->size());
  seats.ask("e2", 1, "ann");
  seats.ask("e2", 2, "cid");
  STRCMP_EQUAL("e21 yes\ne22 no\n", seats.take().c_str());
}
TEST(SeatBook, EndsOfSeatsAreKeptForAsLongAsALinkMayBeSilent) {
  SeatBook& book = *seats.books["e1"];
  book.tick(seats.now);
  seats.ask("e1", 1, "ann");
  book.off(1);
  seats.deliver();
  book.tick(seats.now + 15s);
  book.resend("m");
  LONGS_EQUAL(1, book.take_outgoing().size());
  book.tick(seats.now + 30s);
  book.resend("m");
  LONGS_EQUAL(0, book.take_outgoing().size());
}
// The end that its former parent had been sent is not the end of the seat that is back there.
TEST(SeatBook, ASeatThatCameBackDoesNotEnd) {
  seats.ask("x", 1, "ann");
  for (const char* parent : {"e2", "e1"}) {
    seats.parents["x"] = parent;
    seats.books["x"]->tick(seats.now);
    seats.deliver();
  }
  seats.books["x"]->resend("e1");
  const auto rows = seats.books["x"]->take_outgoing();
  LONGS_EQUAL(1, rows.size());
  CHECK(rows[0].row.act == SeatAct::kHave);
}
// After an upgrade, a mount has no upstream until its relay streams again.
TEST(SeatBook, ASeatWithoutAParentForAWhileDoesNotEnd) {
  seats.ask("e1", 1, "ann");
  for (const std::string_view none : {std::string_view(), SeatBook::kParentToCome}) {
    seats.parents["e1"] = none;
    seats.lost.insert("m");
    seats.books["e1"]->tick(seats.now);
    seats.deliver();
    seats.lost.clear();
    seats.books["e1"]->joined("m", false, seats.now);
    seats.deliver();
    LONGS_EQUAL(1, seats.books["m"]->size());
    seats.parents["e1"] = "m";
    seats.books["e1"]->tick(seats.now);
    seats.deliver();
    LONGS_EQUAL(1, seats.books["m"]->size());
  }
}
TEST(SeatBook, OfTwoNodesThatPullFromEachOtherTheAskedOneDecides) {
  seats.parents["m"] = "e1";
  seats.ask("x", 1, "ann");  // x asks e1, e1 m, and m does not ask e1 back
  STRCMP_EQUAL("x1 yes\n", seats.take().c_str());
  seats.books["m"]->tick(seats.now);
  seats.deliver();
  LONGS_EQUAL(1, seats.books["m"]->size());
  LONGS_EQUAL(1, seats.books["e1"]->size());
  seats.ask("e2", 1, "ann");  // m asks e1, which does not ask m back
  STRCMP_EQUAL("e21 no\n", seats.take().c_str());
  seats.books["x"]->off(1);
  seats.deliver();
  LONGS_EQUAL(0, seats.books["m"]->size());
  LONGS_EQUAL(0, seats.books["e1"]->size());
}
TEST(SeatBook, OneNodeDoesNotTakeTheSeatsOfOthers) {
  SeatBook book([](const std::string&) { return std::string(); },
                [](const std::string&) { return std::nullopt; }, SeatTiming{});
  const auto take = [&](const char* from, std::uint64_t number, SeatAct act) {
    SeatRow row;
    row.mount = "/m";
    row.user = std::to_string(number);
    row.number = number;
    row.act = act;
    book.take(from, row, seats.now, 3);
    return book.size();
  };
  for (std::uint64_t number = 1; number < 10; ++number) take("e1", number, SeatAct::kHave);
  LONGS_EQUAL(3, book.size());
  LONGS_EQUAL(4, take("e2", 1, SeatAct::kHave));
  // An ended seat makes room for one.
  LONGS_EQUAL(3, take("e1", 1, SeatAct::kOff));
  LONGS_EQUAL(4, take("e1", 8, SeatAct::kHave));
  LONGS_EQUAL(4, take("e1", 9, SeatAct::kHave));
  book.left("e1", false, seats.now);
  book.tick(seats.now + 1s);
  LONGS_EQUAL(1, book.size());
}
// The upstream was another one for a moment, between two ticks.
TEST(SeatBook, ASeatIsNotLeftAtAFormerParent) {
  seats.ask("x", 1, "ann");
  seats.books["x"]->tick(seats.now);
  seats.parents["x"] = "e2";
  seats.ask("x", 2, "bob");
  LONGS_EQUAL(1, seats.books["e2"]->size());
  seats.parents["x"] = "e1";
  seats.books["x"]->tick(seats.now);
  seats.deliver();
  LONGS_EQUAL(0, seats.books["e2"]->size());
  LONGS_EQUAL(2, seats.books["e1"]->size());
}
// A node may name as many mounts as it likes.
TEST(SeatBook, ATickLooksAtSomeOfManyMounts) {
  constexpr std::size_t kMounts = SeatBook::kMountsATick * 5 / 2;
  std::size_t looks = 0;
  std::string parent = "p";
  SeatBook book(
      [&](const std::string&) {
        ++looks;
        return parent;
      },
      [](const std::string&) { return std::nullopt; }, SeatTiming{});
  for (std::size_t i = 0; i < kMounts; ++i) {
    SeatRow row;
    row.mount = "/" + std::to_string(i);
    row.user = "ann";
    row.number = i + 1;
    book.ask(row, seats.now);
  }
  for (int i = 0; i < 3; ++i) book.tick(seats.now);
  book.take_outgoing();
  parent = "q";
  std::set<std::string> asked;
  for (int i = 0; i < 3; ++i) {
    looks = 0;
    book.tick(seats.now);
    CHECK(looks <= SeatBook::kMountsATick);
    for (const SeatBook::Outgoing& letter : book.take_outgoing())
      if (letter.to == "q") asked.insert(letter.row.mount);
  }
  LONGS_EQUAL(kMounts, asked.size());
  LONGS_EQUAL(kMounts, book.size());
}
