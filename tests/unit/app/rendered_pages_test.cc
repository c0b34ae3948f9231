#include "app/pages/rendered_pages.h"

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

using Page = RenderedPages::Page;
using Step = RenderedPages::Step;

Page page_of(std::size_t bytes, char fill = 'x') {
  return std::make_shared<const Result<RenderedPage>>(
      RenderedPage{"text/html", std::string(bytes, fill), false});
}

}  // namespace

TEST_GROUP(RenderedPages) {
  RenderedPages shelf;
  SteadyTime now{1000s};
  std::vector<Page> got;

  Step ask(const std::string& key, bool one_mount = true) {
    return shelf.ask(key, one_mount, now, [this](Page page) { got.push_back(std::move(page)); });
  }
  // A page that has been asked for and is there.
  Page make(const std::string& key, std::size_t bytes = 10,
            std::chrono::milliseconds fresh = 500ms) {
    CHECK(ask(key) == Step::kRender);
    Page page = page_of(bytes);
    shelf.made(key, page, now + fresh);
    got.clear();
    return page;
  }
};

TEST(RenderedPages, ACrowdCostsOneRendering) {
  CHECK(ask("/a") == Step::kRender);
  for (int i = 0; i < 999; ++i) CHECK(ask("/a") == Step::kWaits);
  LONGS_EQUAL(1, shelf.queued());
  const Page page = page_of(10);
  shelf.made("/a", page, now + 500ms);
  LONGS_EQUAL(1000, got.size());
  for (const Page& one : got) CHECK(one == page);
  LONGS_EQUAL(0, shelf.queued());
}
TEST(RenderedPages, AFreshPageIsGivenAtOnceAndAStaleOneIsMadeAgain) {
  const Page page = make("/a");
  now += 500ms;
  CHECK(ask("/a") == Step::kAnswered);
  CHECK(got.at(0) == page);
  now += 1ms;
  CHECK(ask("/a") == Step::kRender);
  LONGS_EQUAL(1, got.size());
}
TEST(RenderedPages, ManyDifferentPagesAtOnceAreRefusedAndOldOnesStandIn) {
  const Page old = make("/old");
  now += 10s;
  for (std::size_t i = 0; i < RenderedPages::kMaxQueued; ++i)
    CHECK(ask("/m" + std::to_string(i)) == Step::kRender);
  CHECK(ask("/one-more") == Step::kAnswered);
  CHECK(got.back() == nullptr);
  CHECK(ask("/old") == Step::kAnswered);
  CHECK(got.back() == old);
  LONGS_EQUAL(RenderedPages::kMaxQueued, shelf.queued());
  // The station's own pages have places of their own, and these are counted, too.
  for (std::size_t i = RenderedPages::kMaxQueued; i < RenderedPages::kMaxQueuedOfAll; ++i)
    CHECK(ask("/all" + std::to_string(i), false) == Step::kRender);
  CHECK(ask("/all", false) == Step::kAnswered);
  CHECK(got.back() == nullptr);
  // A request that waits already goes on waiting, and a place that is free is given.
  CHECK(ask("/m0") == Step::kWaits);
  for (std::size_t i = 0; i < RenderedPages::kMaxQueued; ++i)
    shelf.made("/m" + std::to_string(i), page_of(1), now);
  shelf.made("/all16", page_of(1), now);
  CHECK(ask("/one-more") == Step::kRender);
}
TEST(RenderedPages, KeepsNoMorePagesThanItsBound) {
  for (int i = 0; i < 5000; ++i) {
    make("/m" + std::to_string(i), 10, 1h);
    now += 1ms;
  }
  LONGS_EQUAL(RenderedPages::kMaxPages, shelf.pages());
  CHECK(ask("/m4999") == Step::kAnswered);
  CHECK(ask("/m0") == Step::kRender);
}
TEST(RenderedPages, RenderingsThatAreStillReadAreBoundedByTheirBytes) {
  constexpr std::size_t kBytes = 4 << 20;
  std::vector<Page> read;  // by slow readers
  for (int i = 0; i < 8; ++i) {
    read.push_back(make("/status.xsl", kBytes));
    now += 1s;
  }
  CHECK(shelf.too_old().empty());
  read.push_back(make("/status.xsl", kBytes));
  const auto old = shelf.too_old();
  LONGS_EQUAL(1, old.size());
  CHECK(old[0] == read[0]);
  // As long as it lives, it is named.
  CHECK(shelf.too_old().size() == 1);
}
TEST(RenderedPages, UnreadPagesAreNotCountedAndThoseKeptForLaterGoFirst) {
  for (int i = 0; i < 20; ++i) {
    make("/status.xsl", 4 << 20);
    now += 1s;
    CHECK(shelf.too_old().empty());
  }
  for (int i = 0; i < 20; ++i) {
    make("/m" + std::to_string(i), 4 << 20, 1h);
    shelf.too_old();
  }
  CHECK(shelf.pages() <= 8);
  CHECK(ask("/m19") == Step::kAnswered);
}
TEST(RenderedPages, OnePageMayBeLargerThanTheBound) {
  const Page page = make("/status.xsl", 40 << 20);
  CHECK(shelf.too_old().empty());
  CHECK(ask("/status.xsl") == Step::kAnswered);
  CHECK(got.back() == page);
}
TEST(RenderedPages, APageThatCannotBeMadeIsKeptLikeAnyOther) {
  CHECK(ask("/broken.xsl") == Step::kRender);
  shelf.made("/broken.xsl",
             std::make_shared<const Result<RenderedPage>>(Error::invalid("no stylesheet")),
             now + 500ms);
  CHECK(ask("/broken.xsl") == Step::kAnswered);
  CHECK(!*got.back());
  CHECK(shelf.too_old().empty());
}
