#include <string>
#include <vector>

#include "base/random.h"
#include "config/mounts/external_book.h"
#include "config/mounts/external_list.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

ExternalList list_of(const std::string& mounts) {
  auto list = parse_external_list("{\"version\":1,\"mounts\":[" + mounts + "]}");
  CHECK_TEXT(list.has_value(), list.has_value() ? "" : list.error().what.c_str());
  return list.has_value() ? *list : ExternalList{};
}

// /m0 … /m(n-1), but for those from `from` on up to `to`.
std::vector<ExternalMount> mounts(int n, int from = 0, int to = 0) {
  std::string text;
  for (int i = 0; i < n; ++i) {
    if (i >= from && i < to) continue;
    if (!text.empty()) text += ",";
    text += "{\"mount\":\"/m" + std::to_string(i) + "\"}";
  }
  return list_of(text).mounts;
}

std::vector<std::string> names(int from, int to) {
  std::vector<std::string> out;
  for (int i = from; i < to; ++i) out.push_back("/m" + std::to_string(i));
  return out;
}

bool is_refused(const std::string& json) { return !parse_external_list(json).has_value(); }

}  // namespace

TEST_GROUP(ExternalList){};

TEST(ExternalList, WhatIsNoSuchListIsNotBelieved) {
  for (const char* text :
       {"", "[]", "null", "{}", "{\"version\":1}", "{\"mounts\":[]}",
        "{\"version\":2,\"mounts\":[]}", "{\"version\":1,\"mounts\":{}}",
        "{\"version\":\"1\",\"mounts\":[]}", "{\"version\":1,\"mounts\":[{\"mount\":\"/a\"}",
        "{\"version\":1,\"mounts\":[],\"next\":5}", "<html>"})
    CHECK_TEXT(is_refused(text), text);
  std::string many;
  for (std::size_t i = 0; i <= kMaxExternalMounts; ++i) many += "{},";
  many.pop_back();
  CHECK(is_refused("{\"version\":1,\"mounts\":[" + many + "]}"));
  CHECK(is_refused(std::string(kMaxExternalBytes + 1, ' ')));
  LONGS_EQUAL(0, list_of("").mounts.size());
}

TEST(ExternalList, OneBadMountIsOneFault) {
  const auto list = list_of(
      R"({"mount":"/a","settings":{"genre":"Rock"}},{"mount":"/b","settings":{"burst-size":"x"}},
         {"settings":{}},7,{"mount":"/c","settings":{"on-connect":"/bin/sh"}},{"mount":"/a"})");
  LONGS_EQUAL(5, list.mounts.size());  // the second /a is left out
  CHECK(list.mounts[0].faults.empty());
  STRCMP_EQUAL(
      "/mounts/1/settings/burst-size: \"x\" is not a number of bytes (-1…16777216); "
      "example: 65536",
      to_string(list.mounts[1].faults).c_str());
  CHECK(!list.mounts[2].faults.empty() && !list.mounts[3].faults.empty());
  CHECK(to_string(list.mounts[4].faults).find("only the configuration file may set it") !=
        std::string::npos);
}

TEST(ExternalList, TheCopyIsAList) {
  auto list = list_of(
      R"({"mount":"/a","settings":{"genre":"R&B"},"source":{"user":"u","password":"p"}},
         {"mount":"/b","limits":{"listeners":5},"by-name":true})");
  const auto again = parse_external_list(external_list_json(list.mounts, "\"e1\""));
  CHECK(again.has_value());
  STRCMP_EQUAL("\"e1\"", again->etag.c_str());
  LONGS_EQUAL(2, again->mounts.size());
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(*again->mounts[i].record == *list.mounts[i].record);
    CHECK(again->mounts[i].by_name == list.mounts[i].by_name);
  }
}

TEST(ExternalList, PagesAreOfTheSameServer) {
  const std::string url = "https://h:8443/list?x=1";
  STRCMP_EQUAL("https://h:8443/page2", external_page_url(url, "/page2")->c_str());
  STRCMP_EQUAL("https://h:8443/p?q", external_page_url(url, "https://h:8443/p?q")->c_str());
  for (const char* other :
       {"https://h/p", "http://h:8443/p", "//evil/p", "p", "", "https://h:84430/"})
    CHECK_TEXT(!external_page_url(url, other).has_value(), other);
  STRCMP_EQUAL("https://h:8443/list?x=1&node=edge%201&epoch=5&mount=/a%2Cb,/%C3%A9",
               external_url(url, "edge 1", "5", {"/a,b", "/é"}).c_str());
  STRCMP_EQUAL("http://h/?node=n&epoch=1", external_url("http://h/#x", "n", "1").c_str());
}

TEST_GROUP(ExternalBook) {
  ExternalBook book;

  // n mounts, by the list "1".
  void begin(int n, unsigned confirm = 2, bool allow_empty = false) {
    book.set_rules({confirm, allow_empty});
    CHECK(book.list_came(mounts(n), "1").changed);
    LONGS_EQUAL(static_cast<std::size_t>(n), book.size());
  }
};

TEST(ExternalBook, AListIsInForceAndTheSameOneChangesNothing) {
  begin(3);
  CHECK(!book.list_came(mounts(3), "1").changed);
  CHECK(!book.list_came(mounts(3), "2").changed);
  CHECK(!book.same_list().changed);
  STRCMP_EQUAL("2", std::string(book.copied_identity()).c_str());
  CHECK(book.list_came(list_of(R"({"mount":"/m0","settings":{"hidden":true}},{"mount":"/m1"},
                                  {"mount":"/m2"})")
                           .mounts,
                       "3")
            .changed);
}

TEST(ExternalBook, WhatIsMissingIsAskedForFirst) {
  begin(10);
  auto step = book.list_came(mounts(10, 0, 2), "2");
  CHECK(step.ask == names(0, 2) && !step.changed && step.removed.empty());
  LONGS_EQUAL(10, book.size());
  // One is known by its name, and stays.
  step = book.missing_answered(step.ask, list_of(R"({"mount":"/m1"})").mounts);
  CHECK(step.removed == names(0, 1) && step.changed && !step.waits);
  CHECK(book.knows("/m1") && !book.knows("/m0"));
  LONGS_EQUAL(1, book.faults().count("/m1"));
  CHECK(book.same_list().ask.empty());
}

TEST(ExternalBook, WithoutAnAnswerTheyStayAndAreAskedForAgain) {
  begin(10);
  auto step = book.list_came(mounts(10, 0, 2), "2");
  book.missing_unanswered(step.ask);
  LONGS_EQUAL(10, book.size());
  CHECK(book.copied_identity().empty());
  step = book.same_list();
  CHECK(step.ask == names(0, 2));
  CHECK(book.missing_answered(step.ask, {}).removed == names(0, 2));
}

TEST(ExternalBook, AnswersAboutAnOlderListRemoveNothingThatIsBack) {
  begin(10);
  const auto step = book.list_came(mounts(10, 0, 2), "2");
  book.list_came(mounts(10), "3");
  CHECK(book.missing_answered(step.ask, {}).removed.empty());
  LONGS_EQUAL(10, book.size());
}

TEST(ExternalBook, MoreThanHalfWaitForTwoListsInARow) {
  begin(10);
  auto step = book.list_came(mounts(10, 0, 6), "2");
  step = book.missing_answered(step.ask, {});
  CHECK(step.waits && step.removed.empty());
  LONGS_EQUAL(10, book.size());
  CHECK(book.copied_identity().empty());
  // In another list one more is missing: it begins to wait, the others have waited.
  step = book.list_came(mounts(10, 0, 7), "3");
  LONGS_EQUAL(7, step.ask.size());
  step = book.missing_answered(step.ask, {});
  CHECK(step.waits && step.removed == names(0, 6));
  step = book.same_list();
  CHECK(step.removed == names(6, 7));
  LONGS_EQUAL(3, book.size());
}

TEST(ExternalBook, OneThatIsBackBeginsToWaitAgain) {
  begin(10);
  auto step = book.list_came(mounts(10, 0, 6), "2");
  book.missing_answered(step.ask, {});
  book.list_came(mounts(10), "3");
  step = book.list_came(mounts(10, 0, 6), "4");
  step = book.missing_answered(step.ask, {});
  CHECK(step.waits && step.removed.empty());
  LONGS_EQUAL(10, book.size());
}

TEST(ExternalBook, ListsThatChangeAllTheTimeAreBounded) {
  constexpr int kMany = static_cast<int>(kMaxExternalMounts);
  const auto names_at = [](int round) {
    std::vector<ExternalMount> made;
    for (int i = 0; i < kMany; ++i) {
      auto record = std::make_shared<MountRecord>();
      record->mount = "/" + std::to_string(round) + "-" + std::to_string(i);
      made.push_back({record->mount, record, {}, false});
    }
    return made;
  };
  book.set_rules({2, false});
  for (int round = 0; round < 8; ++round) {
    const auto step = book.list_came(names_at(round), std::to_string(round));
    CHECK(book.size() <= ExternalBook::kMaxHeld);
    book.missing_answered(step.ask, {});
    CHECK(book.size() <= ExternalBook::kMaxHeld);
  }
  // The last list stays: what had no room is taken, what is in it no longer goes.
  for (int i = 0; i < 4; ++i) {
    if (book.identity() == "7") {
      book.same_list();
      continue;
    }
    const auto step = book.list_came(names_at(7), "7");
    book.missing_answered(step.ask, {});
  }
  LONGS_EQUAL(kMany, book.size());
  CHECK(book.knows("/7-0"));
}

TEST(ExternalBook, MoreThanTwentyWaitToo) {
  begin(100);
  auto step = book.list_came(mounts(100, 0, 20), "2");
  LONGS_EQUAL(20, book.missing_answered(step.ask, {}).removed.size());
  step = book.list_came(mounts(100, 0, 41), "3");
  CHECK(book.missing_answered(step.ask, {}).waits);
  LONGS_EQUAL(80, book.size());
  CHECK(book.list_came(mounts(100, 0, 41), "3").removed == names(20, 41));
}

TEST(ExternalBook, ByHandMeansByHand) {
  begin(10, 0);
  auto step = book.list_came(mounts(10, 0, 9), "2");
  CHECK(book.missing_answered(step.ask, {}).waits);
  for (int i = 0; i < 10; ++i) CHECK(!book.same_list().changed);
  CHECK(!book.confirm("1").has_value());
  CHECK(book.confirm("2")->removed.size() == 9);
  CHECK(!book.confirm("2").has_value());
}

TEST(ExternalBook, AnEmptyListIsBelievedOnlyByHand) {
  begin(3);
  auto step = book.list_came({}, "2");
  CHECK(step.waits && step.ask.empty() && !step.changed);
  for (int i = 0; i < 10; ++i) CHECK(!book.list_came({}, "2").changed);
  LONGS_EQUAL(3, book.size());
  LONGS_EQUAL(3, book.confirm("2")->removed.size());
}

TEST(ExternalBook, AnEmptyListMayBeAllowed) {
  begin(3, 2, true);
  auto step = book.list_came({}, "2");
  LONGS_EQUAL(3, step.ask.size());
  CHECK(book.missing_answered(step.ask, {}).waits);
  LONGS_EQUAL(3, book.same_list().removed.size());
}

TEST(ExternalBook, ABadMountKeepsItsLastGoodForm) {
  begin(3);
  const auto bad = list_of(R"({"mount":"/m0","settings":{"burst-size":"x"}},{"mount":"/m1"},
                              {"mount":"/m2"},{"mount":"/m3","settings":7})");
  const auto step = book.list_came(bad.mounts, "2");
  CHECK(!step.changed && step.ask.empty());
  LONGS_EQUAL(3, book.size());
  LONGS_EQUAL(2, book.faults().size());
  CHECK(book.knows("/m0") && !book.knows("/m3"));
  book.list_came(mounts(4), "3");
  LONGS_EQUAL(0, book.faults().size());
  LONGS_EQUAL(4, book.size());
}

TEST(ExternalBook, NamesThatWereAskedForStayWhileTheBackendKnowsThem) {
  begin(2);
  CHECK(book.names_answered({"/m7", "/m8"}, list_of(R"({"mount":"/m7"})").mounts).changed);
  CHECK(book.knows("/m7") && !book.knows("/m8"));
  // No list has it, and it is not missing.
  CHECK(book.list_came(mounts(2), "2").ask.empty());
  CHECK(book.by_name() == std::vector<std::string>{"/m7"});
  CHECK(book.names_answered({"/m7"}, {}).removed.empty());
  CHECK(!book.same_list().changed);
  CHECK(!book.names_answered({"/m7"}, list_of(R"({"mount":"/m7"})").mounts).changed);
  CHECK(book.names_answered({"/m7"}, {}).removed.empty());
  // A gateway whose backend is away answers 404 to everything, and no list comes.
  for (int i = 0; i < 5; ++i) CHECK(book.names_answered({"/m7"}, {}).removed.empty());
  CHECK(!book.same_list().changed);
  CHECK(book.names_answered({"/m7"}, {}).removed == std::vector<std::string>{"/m7"});
}

TEST(ExternalBook, ManyNamesTakeMoreAnswersToGo) {
  constexpr int kMany = static_cast<int>(ExternalBook::kMaxAtOnce) + 1;
  begin(2);
  const auto known = names(10, 10 + kMany);
  book.names_answered(known, mounts(10 + kMany, 0, 10));
  LONGS_EQUAL(2 + kMany, book.size());
  for (int i = 0; i < 3; ++i) {
    CHECK(book.names_answered(known, {}).removed.empty());
    book.same_list();
  }
  LONGS_EQUAL(kMany, book.names_answered(known, {}).removed.size());
  LONGS_EQUAL(2, book.size());
}

TEST(ExternalBook, ANameForWhichThereIsNoRoomIsAFault) {
  constexpr int kMany = static_cast<int>(kMaxExternalMounts);
  begin(kMany);
  for (int i = 0; i < 2; ++i) book.names_answered({"/new"}, list_of(R"({"mount":"/new"})").mounts);
  CHECK(!book.knows("/new"));
  LONGS_EQUAL(1, book.faults().size());
  LONGS_EQUAL(1, book.faults().at("/new").size());
  CHECK(book.faults().at("/new")[0].detail.find("limit 10000") != std::string::npos);
}

TEST(ExternalBook, ACopyGoesOnWhereItWas) {
  begin(3);
  book.names_answered({"/m7"}, list_of(R"({"mount":"/m7"})").mounts);
  auto copy = parse_external_list(external_list_json(book.copy(), book.copied_identity()));
  ExternalBook next;
  next.restore(std::move(*copy));
  LONGS_EQUAL(4, next.size());
  for (const auto& [name, record] : book.records())
    CHECK(**next.records().look_up(name) == *record);
  CHECK(next.by_name() == book.by_name());
  CHECK(!next.same_list().changed);
  CHECK(next.list_came(mounts(3, 0, 1), "2").ask == names(0, 1));
}

// Whatever a backend says: nothing goes that was not missing in the last list and absent by name,
// and nothing comes that it has not said.
TEST(ExternalBook, NoOrderOfAnswersRemovesWhatTheLastListHas) {
  Rng rng(7);
  for (int round = 0; round < 300; ++round) {
    ExternalBook wild;
    wild.set_rules({static_cast<unsigned>(rng.below(4)), rng.below(2) == 0});
    wild.list_came(mounts(12), "0");
    std::vector<ExternalMount> last = mounts(12);
    std::vector<std::string> asked;
    for (int i = 0; i < 20; ++i) {
      ExternalBook::Step step;
      switch (rng.below(4)) {
        case 0:
        case 1: {
          const int from = static_cast<int>(rng.below(12)),
                    to = from + static_cast<int>(rng.below(13));
          last = mounts(12, from, to);
          step = wild.list_came(last, std::to_string(from) + "-" + std::to_string(to));
          break;
        }
        case 2:
          step = wild.same_list();
          break;
        default:
          step = wild.missing_answered(asked, {});
          asked.clear();
      }
      if (!step.ask.empty()) asked = step.ask;
      for (const ExternalMount& mount : last) CHECK(wild.knows(mount.mount));
    }
  }
}
