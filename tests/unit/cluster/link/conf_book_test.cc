// What several masters say, and what of it counts.
#include "cluster/link/conf_book.h"

#include <algorithm>
#include <map>
#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

ConfFrame whole(const std::string& store, std::uint64_t revision,
                const std::map<std::string, std::string>& items) {
  ConfFrame frame;
  frame.store = store;
  frame.revision = revision;
  frame.all = true;
  for (const auto& [key, value] : items) frame.set.push_back({key, value, false});
  return frame;
}
ConfFrame one_more(const std::string& store, std::uint64_t revision, const std::string& key,
                   const std::string& value) {
  ConfFrame frame = whole(store, revision, {{key, value}});
  frame.all = false;
  return frame;
}
std::string in_short(const ConfBook& book) {
  std::string out;
  for (const auto& [key, value] : book.in_force())
    out += (out.empty() ? "" : " ") + key + "=" + *value;
  return out;
}
std::string text_of(const ConfBook& book) {
  std::string out;
  auto pieces = conf_book_pieces(book.master_copies());
  for (std::string_view piece; !(piece = pieces()).empty();) out += piece;
  return out;
}

}  // namespace

TEST_GROUP(ConfBook) {
  ConfBook book;
  void linked(bool m1, bool m2) {
    book.set_masters({{"h1:8100", "m1", m1}, {"h2:8100", "m2", m2}});
  }
  std::string now() {
    (void)book.settle();
    return in_short(book);
  }
};

TEST(ConfBook, WhatHasChangedIsToldOnce) {
  linked(true, false);
  book.take("m1", whole("a.1", 5, {{"mounts/x", "1"}, {"bans/b", "2"}}));
  auto change = book.settle();
  LONGS_EQUAL(2, change.set.size());
  CHECK(book.settle().empty());
  auto frame = one_more("a.1", 6, "mounts/y", "3");
  frame.removed = {"bans/b", "bans/unknown"};
  book.take("m1", frame);
  change = book.settle();
  LONGS_EQUAL(1, change.set.size());
  STRCMP_EQUAL("mounts/y", change.set[0].first.c_str());
  LONGS_EQUAL(1, change.removed.size());
  STRCMP_EQUAL("mounts/x=1 mounts/y=3", in_short(book).c_str());
  // Everything again: only what is different is news.
  book.take("m1", whole("a.1", 7, {{"mounts/x", "1"}, {"mounts/y", "4"}}));
  change = book.settle();
  LONGS_EQUAL(1, change.set.size());
  LONGS_EQUAL(0, change.removed.size());
}
TEST(ConfBook, ARunCountsWhenItIsWhole) {
  linked(true, false);
  book.take("m1", whole("a.1", 5, {{"mounts/x", "1"}, {"mounts/y", "1"}}));
  STRCMP_EQUAL("mounts/x=1 mounts/y=1", now().c_str());
  ConfFrame part = whole("a.1", 6, {{"mounts/x", "2"}});
  part.more = true;
  book.take("m1", part);
  STRCMP_EQUAL("mounts/x=1 mounts/y=1", now().c_str());
  // Cut off in the middle, and begun again.
  linked(false, false);
  linked(true, false);
  book.take("m1", part);
  ConfFrame rest = one_more("a.1", 6, "bans/b", "{\"a\"");
  rest.set[0].part = true;
  rest.more = true;
  book.take("m1", rest);
  book.take("m1", one_more("a.1", 6, "bans/b", ":1}"));
  STRCMP_EQUAL("bans/b={\"a\":1} mounts/x=2", now().c_str());
}
TEST(ConfBook, AChangeCountsOnlyAfterEverythingWasSaid) {
  linked(true, false);
  book.take("m1", one_more("a.1", 5, "mounts/x", "1"));
  STRCMP_EQUAL("", now().c_str());
  book.take("m1", whole("a.1", 5, {{"mounts/y", "1"}}));
  linked(false, false);
  linked(true, false);
  book.take("m1", one_more("a.1", 9, "mounts/x", "1"));
  STRCMP_EQUAL("mounts/y=1", now().c_str());
}
TEST(ConfBook, OfOneStoreTheMasterThatIsFurthestCounts) {
  linked(true, true);
  book.take("m1", whole("a.1", 5, {{"mounts/x", "old"}}));
  book.take("m2", whole("a.1", 6, {{"mounts/x", "new"}}));
  STRCMP_EQUAL("mounts/x=new", now().c_str());
  book.take("m1", one_more("a.1", 7, "mounts/x", "newest"));
  STRCMP_EQUAL("mounts/x=newest", now().c_str());
  // The one that is linked may be cut off from the store.
  linked(false, true);
  STRCMP_EQUAL("mounts/x=newest", now().c_str());
  CHECK(book.owns("m2", "mounts/x"));
  linked(false, false);
  linked(false, true);
  book.take("m2", whole("a.1", 6, {{"mounts/x", "new"}}));
  STRCMP_EQUAL("mounts/x=newest", now().c_str());
  book.take("m2", one_more("a.1", 8, "mounts/x", "latest"));
  STRCMP_EQUAL("mounts/x=latest", now().c_str());
}
TEST(ConfBook, AStoreThatWasRestoredWhileItsMastersWereDownCounts) {
  linked(true, true);
  book.take("m1", whole("a.1", 1000, {{"mounts/x", "lost"}}));
  book.take("m2", whole("a.1", 1001, {{"mounts/x", "lost"}}));
  STRCMP_EQUAL("mounts/x=lost", now().c_str());
  linked(false, false);
  linked(true, false);
  book.take("m1", whole("a.1", 900, {{"mounts/x", "restored"}}));
  STRCMP_EQUAL("mounts/x=restored", now().c_str());
  linked(true, true);
  book.take("m2", whole("a.1", 901, {{"mounts/x", "changed"}}));
  STRCMP_EQUAL("mounts/x=changed", now().c_str());
}
TEST(ConfBook, AnEndedLoginIsOfTheStore) {
  linked(true, true);
  book.take("m1", whole("a.1", 5, {{"ended/s", "1"}, {"keys/m1/k", "1"}}));
  book.take("m2", whole("a.1", 5, {{"ended/s", "1"}}));
  STRCMP_EQUAL("ended/s=1 keys/m1/k=1", now().c_str());
  auto frame = one_more("a.1", 6, "ended/t", "2");
  frame.removed = {"ended/s"};
  book.take("m2", frame);
  STRCMP_EQUAL("ended/t=2 keys/m1/k=1", now().c_str());
}
TEST(ConfBook, AStoreThatWasRestoredCountsWithItsNextLife) {
  linked(true, true);
  book.take("m1", whole("a.1", 1000, {{"mounts/x", "lost"}}));
  book.take("m2", whole("a.1", 1000, {{"mounts/x", "lost"}}));
  STRCMP_EQUAL("mounts/x=lost", now().c_str());
  book.take("m1", whole("a.2", 901, {{"mounts/x", "restored"}}));
  STRCMP_EQUAL("mounts/x=restored", now().c_str());
  // The other one has not seen it, and goes on.
  book.take("m2", one_more("a.1", 1001, "mounts/y", "late"));
  STRCMP_EQUAL("mounts/x=restored", now().c_str());
  book.take("m2", whole("a.2", 902, {{"mounts/x", "restored"}, {"mounts/z", "1"}}));
  STRCMP_EQUAL("mounts/x=restored mounts/z=1", now().c_str());
}
TEST(ConfBook, OfTwoStoresTheFirstMastersRecordCountsAndThatIsSaidOnce) {
  linked(true, true);
  book.take("m2", whole("b.1", 900, {{"mounts/x", "2"}, {"mounts/y", "2"}}));
  book.take("m1", whole("a.1", 5, {{"mounts/x", "1"}}));
  STRCMP_EQUAL("mounts/x=1 mounts/y=2", now().c_str());
  LONGS_EQUAL(1, book.take_remarks().size());
  book.take("m1", one_more("a.1", 6, "mounts/x", "3"));
  STRCMP_EQUAL("mounts/x=3 mounts/y=2", now().c_str());
  LONGS_EQUAL(0, book.take_remarks().size());
  // It stays so while the first one is away.
  linked(false, true);
  STRCMP_EQUAL("mounts/x=3 mounts/y=2", now().c_str());
}
TEST(ConfBook, ARecordThatAnotherStoresTakesThePlaceOfIsToldAsReplaced) {
  linked(true, true);
  book.take("m1", whole("a.1", 5, {{"mounts/x", "1"}, {"mounts/y", "1"}}));
  book.take("m2", whole("b.1", 9, {{"mounts/x", "2"}}));
  LONGS_EQUAL(0, book.settle().replaced.size());
  book.take("m1", one_more("a.1", 6, "mounts/x", "3"));
  LONGS_EQUAL(0, book.settle().replaced.size());
  ConfFrame gone = whole("a.1", 7, {});
  gone.all = false;
  gone.removed = {"mounts/x", "mounts/y"};
  book.take("m1", gone);
  const auto change = book.settle();
  LONGS_EQUAL(1, change.replaced.size());
  STRCMP_EQUAL("mounts/x", change.replaced[0].c_str());
  LONGS_EQUAL(1, change.removed.size());
  // It is of one store now; its changes are changes again.
  book.take("m2", one_more("b.1", 10, "mounts/x", "4"));
  LONGS_EQUAL(0, book.settle().replaced.size());
  // Made again by the first one: the second one's record was not deleted.
  book.take("m1", one_more("a.1", 8, "mounts/x", "5"));
  LONGS_EQUAL(0, book.settle().replaced.size());
}
TEST(ConfBook, WhatMastersSayForThemselvesIsOfAllOfThem) {
  linked(true, true);
  book.take("m1", whole("a.1", 5, {{"keys/m1/k", "1"}, {"masters/m1", "o1"}, {"external/x", "1"}}));
  book.take("m2", whole("a.1", 9, {{"keys/m2/k", "2"}, {"masters/m2", "o2"}, {"external/x", "2"}}));
  STRCMP_EQUAL("external/x=1 keys/m1/k=1 keys/m2/k=2 masters/m1=o1 masters/m2=o2", now().c_str());
}
TEST(ConfBook, ARecordIsOfItsMasterAndOfThoseWithItsStore) {
  linked(true, true);
  book.take("m1", whole("a.1", 5, {{"mounts/x", "1"}}));
  STRCMP_EQUAL("mounts/x=1", now().c_str());
  CHECK(book.owns("m1", "mounts/x"));
  CHECK(!book.owns("m1", "mounts/y"));
  CHECK(!book.owns("m2", "mounts/x"));  // it has said nothing
  CHECK(!book.owns("", "mounts/x"));
  // One that is behind has the record too, and may be ahead with the next one.
  book.take("m2", whole("a.1", 4, {{"mounts/x", "0"}}));
  STRCMP_EQUAL("mounts/x=1", now().c_str());
  CHECK(book.owns("m1", "mounts/x"));
  CHECK(book.owns("m2", "mounts/x"));
  book.take("m2", whole("a.1", 6, {{"mounts/y", "1"}}));
  STRCMP_EQUAL("mounts/y=1", now().c_str());
  CHECK(book.owns("m2", "mounts/y"));
  CHECK(!book.owns("m1", "mounts/y"));
  CHECK(!book.owns("m1", "mounts/x"));  // not in force any more
}
TEST(ConfBook, OfTwoStoresTheOneWhoseRecordIsInForceOwnsIt) {
  linked(true, true);
  book.take("m2", whole("b.1", 9, {{"mounts/x", "same"}, {"mounts/y", "2"}}));
  (void)book.settle();
  CHECK(book.owns("m2", "mounts/x"));
  book.take("m1", whole("a.1", 5, {{"mounts/x", "same"}}));
  (void)book.settle();
  CHECK(book.owns("m1", "mounts/x"));
  CHECK(!book.owns("m2", "mounts/x"));
  CHECK(book.owns("m2", "mounts/y"));
  CHECK(!book.owns("m1", "mounts/y"));
  // What the first one has said stays in force while it is away, and is nobody else's.
  linked(false, true);
  (void)book.settle();
  CHECK(!book.owns("m1", "mounts/x"));
  CHECK(!book.owns("m2", "mounts/x"));
  // It is back, and has to say it over this link.
  linked(true, true);
  (void)book.settle();
  CHECK(!book.owns("m1", "mounts/x"));
  book.take("m1", whole("a.1", 5, {}));
  (void)book.settle();
  CHECK(book.owns("m2", "mounts/x"));
}
TEST(ConfBook, WhatMastersSayForThemselvesIsTheFirstOnesOrOfItsStore) {
  linked(true, true);
  book.take("m1", whole("none.0", 5, {{"external/x", "same"}}));
  book.take("m2", whole("none.0", 5, {{"external/x", "same"}, {"external/y", "2"}}));
  (void)book.settle();
  CHECK(book.owns("m1", "external/x"));
  CHECK(!book.owns("m2", "external/x"));
  CHECK(book.owns("m2", "external/y"));
  book.take("m1", whole("a.1", 5, {{"external/x", "same"}}));
  book.take("m2", whole("a.1", 5, {{"external/x", "same"}}));
  (void)book.settle();
  CHECK(book.owns("m1", "external/x"));
  CHECK(book.owns("m2", "external/x"));
}
TEST(ConfBook, AnAccountIsClosedWhileTheMasterThatIsFurthestSaysSo) {
  linked(true, true);
  book.take("m1", whole("a.1", 5, {{"closed/acme", "1"}}));
  book.take("m2", whole("a.1", 5, {{"closed/acme", "1"}}));
  STRCMP_EQUAL("closed/acme=1", now().c_str());
  linked(false, true);
  STRCMP_EQUAL("closed/acme=1", now().c_str());
  ConfFrame open = whole("a.1", 6, {});
  open.all = false;
  open.removed = {"closed/acme"};
  book.take("m2", open);
  STRCMP_EQUAL("", now().c_str());
  // One that is linked, but cut off from the store, keeps nobody out either.
  linked(true, true);
  book.take("m1", whole("a.1", 5, {{"closed/acme", "1"}}));
  STRCMP_EQUAL("", now().c_str());
}
TEST(ConfBook, OfTwoStoresAndOfMastersWithoutOneEachClosesItsOwnAccounts) {
  linked(true, true);
  book.take("m1", whole("a.1", 5, {{"closed/acme", "1"}}));
  book.take("m2", whole("b.1", 9, {{"closed/acme", "2"}, {"closed/bolt", "2"}}));
  STRCMP_EQUAL("closed/acme=1 closed/bolt=2", now().c_str());
  LONGS_EQUAL(0, book.take_remarks().size());
  book.take("m1", whole("none.0", 1, {{"closed/x", "1"}}));
  book.take("m2", whole("none.0", 2, {{"closed/y", "2"}}));
  STRCMP_EQUAL("closed/x=1 closed/y=2", now().c_str());
}
TEST(ConfBook, WhatALinkedMasterSaysForItselfCountsBeforeThatOfALostOne) {
  linked(true, true);
  book.take("m1", whole("a.1", 5, {{"external/x", "1"}, {"external/y", "1"}}));
  book.take("m2", whole("a.1", 5, {{"external/x", "1"}}));
  STRCMP_EQUAL("external/x=1 external/y=1", now().c_str());
  linked(false, true);
  book.take("m2", one_more("a.1", 5, "external/x", "2"));
  STRCMP_EQUAL("external/x=2 external/y=1", now().c_str());
  CHECK(book.owns("m2", "external/x"));
  CHECK(!book.owns("m2", "external/y"));
  // It is back, and counts when it has said everything.
  linked(true, true);
  STRCMP_EQUAL("external/x=2 external/y=1", now().c_str());
  book.take("m1", whole("none.0", 5, {{"external/x", "3"}}));
  STRCMP_EQUAL("external/x=3", now().c_str());
  // The order of the masters decides when all are lost.
  linked(false, false);
  STRCMP_EQUAL("external/x=3", now().c_str());
}
TEST(ConfBook, OfLinkedMastersTheCertificateCountsThatEndsLast) {
  const auto end_of = [](const std::string& value) { return std::int64_t{std::stoi(value)}; };
  const auto now = [&] {
    (void)book.settle(end_of);
    return in_short(book);
  };
  linked(true, true);
  book.take("m1", whole("a.1", 5, {{"certificate/r", "3"}}));
  STRCMP_EQUAL("certificate/r=3", now().c_str());
  book.take("m2", whole("a.1", 5, {{"certificate/r", "90"}}));
  STRCMP_EQUAL("certificate/r=90", now().c_str());
  book.take("m1", one_more("a.1", 5, "certificate/r", "91"));
  STRCMP_EQUAL("certificate/r=91", now().c_str());
  linked(false, true);
  STRCMP_EQUAL("certificate/r=90", now().c_str());
  linked(false, false);
  STRCMP_EQUAL("certificate/r=91", now().c_str());
}
TEST(ConfBook, OfTwoThatAreLinkedUnderOneIdNeitherOwnsAnything) {
  linked(true, false);
  book.take("m1", whole("a.1", 5, {{"mounts/x", "1"}}));
  (void)book.settle();
  CHECK(book.owns("m1", "mounts/x"));
  book.set_masters({{"h1:8100", "m1", true}, {"h2:8100", "m1", true}});
  (void)book.settle();
  CHECK(!book.owns("m1", "mounts/x"));
}
TEST(ConfBook, AMasterThatIsNoneAnyMoreIsForgottenWhenTheOthersAreKnown) {
  linked(true, true);
  book.take("m1", whole("a.1", 5, {{"mounts/x", "1"}}));
  book.take("m2", whole("b.1", 5, {{"mounts/y", "2"}}));
  // m2 has moved to another address; it may be this one.
  book.set_masters({{"h1:8100", "m1", true}, {"h3:8100", "", false}});
  STRCMP_EQUAL("mounts/x=1 mounts/y=2", now().c_str());
  book.set_masters({{"h1:8100", "m1", true}, {"h3:8100", "m2", true}});
  STRCMP_EQUAL("mounts/x=1 mounts/y=2", now().c_str());
  book.set_masters({{"h1:8100", "m1", true}, {"h4:8100", "m9", true}});
  STRCMP_EQUAL("mounts/x=1", now().c_str());
}
TEST(ConfBook, AMasterThatWasRenamedKeepsWhatItSaidUntilItHasSaidItAgain) {
  linked(true, false);
  book.take("m1", whole("a.1", 5, {{"mounts/x", "1"}}));
  STRCMP_EQUAL("mounts/x=1", now().c_str());
  book.set_masters({{"h1:8100", "m7", true}});
  STRCMP_EQUAL("mounts/x=1", now().c_str());
  book.take("m7", whole("a.1", 6, {{"mounts/y", "1"}}));
  STRCMP_EQUAL("mounts/y=1", now().c_str());
}
TEST(ConfBook, TheCopyIsMadeInPiecesOfTheMomentItWasAskedFor) {
  linked(true, true);
  std::map<std::string, std::string> items;
  for (int i = 0; i < 3000; ++i) items["mounts/" + std::to_string(i)] = std::string(100, 'x');
  book.take("m1", whole("a.1", 5, items));
  book.take("m2", whole("b.1", 1, {{"mounts/of-b", "1"}}));
  const std::string before = now();
  auto pieces = conf_book_pieces(book.master_copies());
  auto change = one_more("a.1", 6, "mounts/late", "1");
  change.removed = {"mounts/2999"};
  book.take("m1", change);
  std::string text;
  std::size_t longest = 0;
  for (std::string_view piece; !(piece = pieces()).empty();) {
    text += piece;
    longest = std::max(longest, piece.size());
  }
  CHECK(longest < 70'000);
  auto copy = ConfBook::parse(text);
  if (!copy) FAIL(copy.error().what.c_str());
  (void)copy->settle();
  STRCMP_EQUAL(before.c_str(), in_short(*copy).c_str());
}
TEST(ConfBook, TheCopyHasEverythingAndNothingElseIsTaken) {
  linked(true, true);
  book.take("m1", whole("a.1", 5, {{"mounts/x", "two\nlines"}, {"keys/m1/k", ""}}));
  book.take("m2", whole("a.1", 4, {{"mounts/old", "1"}}));
  const std::string before = now();
  const std::string text = text_of(book);
  auto copy = ConfBook::parse(text);
  if (!copy) FAIL(copy.error().what.c_str());
  (void)copy->settle();
  STRCMP_EQUAL(before.c_str(), in_short(*copy).c_str());
  STRCMP_EQUAL(text.c_str(), text_of(*copy).c_str());
  // The masters are told by the way to them until they are linked.
  copy->set_masters({{"h1:8100", "", false}, {"h2:8100", "", false}});
  CHECK(copy->settle().empty());
  CHECK(!copy->owns("m1", "mounts/x"));
  // One that speaks does not count before it has seen what the copy has.
  copy->set_masters({{"h1:8100", "", false}, {"h2:8100", "m2", true}});
  copy->take("m2", whole("a.1", 4, {{"mounts/old", "1"}}));
  CHECK(copy->settle().empty());
  copy->take("m2", whole("a.1", 5, {{"mounts/new", "1"}}));
  (void)copy->settle();
  STRCMP_EQUAL("keys/m1/k= mounts/new=1", in_short(*copy).c_str());
  CHECK(copy->owns("m2", "mounts/new"));
  for (std::size_t i = 0; i < text.size(); ++i) CHECK(!ConfBook::parse(text.substr(0, i)));
  CHECK(!ConfBook::parse(text + "x"));
  CHECK(!ConfBook::parse("icecast-lb-conf 2 0\nend\n"));
}
TEST(ConfBook, AMasterThatSaysTooMuchIsNotBelieved) {
  linked(true, false);
  book.take("m1", whole("a.1", 5, {{"mounts/x", "1"}}));
  ConfFrame frame = whole("a.1", 6, {});
  frame.more = true;
  book.take("m1", frame);
  frame.all = false;
  frame.set = {{"mounts/x", std::string(60'000, 'x'), true}};
  book.take("m1", frame);
  book.take("m1", frame);
  frame.more = false;
  frame.set = {{"mounts/x", "", false}};
  book.take("m1", frame);
  STRCMP_EQUAL("mounts/x=1", now().c_str());
  LONGS_EQUAL(1, book.take_remarks().size());
  // Of a run that ends within an item nothing counts.
  ConfFrame broken = whole("a.1", 7, {{"mounts/y", "1"}});
  broken.set[0].part = true;
  book.take("m1", broken);
  STRCMP_EQUAL("mounts/x=1", now().c_str());
  book.take("m1", whole("a.1", 8, {{"mounts/z", "1"}}));
  STRCMP_EQUAL("mounts/z=1", now().c_str());
}
TEST(ConfBook, LoginsAreTakenOfMastersThatMayTellThemAlone) {
  book.set_masters({{"h1:8100", "m1", true, true}, {"h2:8100", "m2", true, false}});
  book.take("m2", whole("b.1", 9,
                        {{"keys/m1/x", "K"},
                         {"masters/m1", "O"},
                         {"epochs/eve", "E"},
                         {"ended/s", "S"},
                         {"mounts/x", "1"}}));
  STRCMP_EQUAL("mounts/x=1", now().c_str());
  book.take("m1", whole("a.1", 5, {{"keys/m1/y", "L"}, {"epochs/anna", "A"}}));
  STRCMP_EQUAL("epochs/anna=A keys/m1/y=L mounts/x=1", now().c_str());
  // What it may tell no longer is not in force any more.
  book.set_masters({{"h1:8100", "m1", true, false}, {"h2:8100", "m2", true, false}});
  STRCMP_EQUAL("mounts/x=1", now().c_str());
}
TEST(ConfBook, OneThatIsLinkedUnderTheIdOfAnotherTellsNothing) {
  book.set_masters({{"h1:8100", "m1", true, true}, {"h2:8100", "m1", true, false}});
  book.take("m1", whole("b.1", 9, {{"keys/m1/x", "K"}, {"mounts/x", "1"}}));
  STRCMP_EQUAL("", now().c_str());
  LONGS_EQUAL(1, book.take_remarks().size());
  // Nor what it has told while that one was away, when that one is back.
  book.set_masters({{"h1:8100", "", false, true}, {"h2:8100", "m1", true, false}});
  book.take("m1", whole("b.1", 9, {{"keys/m1/x", "K"}, {"mounts/x", "1"}}));
  STRCMP_EQUAL("mounts/x=1", now().c_str());
  book.set_masters({{"h1:8100", "m1", true, true}, {"h2:8100", "m1", false, false}});
  STRCMP_EQUAL("mounts/x=1", now().c_str());
  book.set_masters({{"h1:8100", "m1", true, true}, {"h2:8100", "m2", false, false}});
  STRCMP_EQUAL("mounts/x=1", now().c_str());
}
