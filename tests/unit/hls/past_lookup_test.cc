#include "hls/past_lookup.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "archive/asked_nodes.h"
#include "archive/files/file_list.h"
#include "base/log_book.h"
#include "base/strings.h"
#include "hls/past_lookups.h"
#include "hls/past_shelf.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t kStream = 0x11223344;
const PastAskRange kLookupRange{PastShelf::kBegin, PastShelf::kBegin + 60'000, HlsListKind::kWhole};

std::string sound_of(const PastSegment& segment) {
  std::string out;
  for (const PastPart& part : segment.parts) {
    std::string piece(part.end - part.begin, '\0');
    const ssize_t got =
        ::pread(part.file->fd(), piece.data(), piece.size(), static_cast<off_t>(part.begin));
    if (got != static_cast<ssize_t>(piece.size())) return "cannot be read";
    out += piece;
  }
  return out;
}

}  // namespace

// A node that has recorded nothing, and holders that it knows.
TEST_GROUP(PastLookup) {
  FakeClock clock;
  Loop loop{0, clock};
  CapturedLog book{clock};
  Catalog own;
  std::map<std::string, PastShelf> nodes;
  std::set<std::string> dead;
  std::deque<AskedNode> asked;
  std::size_t files_of_list = kMaxFiles;
  unsigned lists = 0, indexes = 0, blocks = 0;
  std::unique_ptr<RemoteArchive> remote;
  std::unique_ptr<ReaderPool> readers;
  std::shared_ptr<PastLimits> limits = std::make_shared<PastLimits>();

  void setup() override {
    clock.set_wall(WallTime(std::chrono::milliseconds(PastShelf::kBegin + 600'000)));
    begin();
  }
  void teardown() override {
    asked.clear();
    remote.reset();
  }
  // Nothing is known here.
  void begin() {
    remote = make_remote(loop, book.log, own, asked);
    readers = std::make_unique<ReaderPool>(std::vector<Loop*>{&loop});
    readers->set_remote(remote.get());
  }
  void announce() {
    auto made = std::make_shared<HolderView>();
    for (const auto& [node, shelf] : nodes) {
      const auto files = shelf.catalog.files("/m");
      HolderRow row;
      row.mount = "/m";
      row.node = node;
      row.places = {"http://" + node};
      row.ranges = {{(*files)[0].from_ms, (*files)[files->size() - 1].to_ms}};
      made->add(row);
    }
    remote->set_holders(made);
    loop.run_once(false);
  }
  void turn() {
    for (std::uint64_t before = ~std::uint64_t{0}; before != loop.posted() || !asked.empty();) {
      before = loop.posted();
      loop.run_once(false);
      for (auto all = std::exchange(asked, {}); !all.empty(); all.pop_front()) answer(all.front());
    }
  }
  void answer(AskedNode & one) {
    if (dead.contains(one.node)) return one.done(Error::closed(one.node + " is dead"));
    const PastShelf& shelf = nodes.at(one.node);
    const auto files = shelf.catalog.files("/m");
    const std::string name = one.path.substr(std::string_view("/_lb/archive/m/").size());
    FetchAnswer out;
    out.status = 200;
    if (name.starts_with("?id=")) {
      ++lists;
      const RecordedFiles first(std::make_shared<const std::vector<FileRow>>(
                                    files->closed().begin(),
                                    files->closed().begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                  files->size(), files_of_list))),
                                std::nullopt);
      out.body = print_files_from(
          first, static_cast<std::uint32_t>(*parse_u64(name.substr(4, name.find('&') - 4))), 0);
    } else if (name.starts_with("?from=")) {
      ++lists;
      const std::size_t to = name.find("&to=");
      out.body =
          print_file_list(*files, std::stoll(name.substr(6)), std::stoll(name.substr(to + 4)));
    } else if (name.ends_with(".idx")) {
      ++indexes;
      out.body =
          file_text(shelf.path_of(*parse_archive_file(name.substr(0, name.size() - 4))) + ".idx");
    } else {
      ++blocks;
      const auto data =
          file_text(shelf.path_of(*parse_archive_file(name.substr(0, name.size() - 5))) + ".data");
      const auto first = std::stoull(one.range);
      out.status = 206;
      out.body =
          data.substr(first, std::stoull(one.range.substr(one.range.find('-') + 1)) - first + 1);
    }
    one.done(std::move(out));
  }
  PastMount here() { return {*readers, own, clock, "", "/m"}; }
  std::shared_ptr<const HlsPast> list(const PastAskRange& range, PastMount mount) {
    std::shared_ptr<const HlsPast> found;
    look_up_past_list(std::move(mount), range, limits,
                      [&found](std::shared_ptr<const HlsPast> past) { found = std::move(past); });
    turn();
    return found;
  }
  std::shared_ptr<const HlsPast> list(const PastAskRange& range) { return list(range, here()); }
  std::shared_ptr<const HlsPast> segment(std::uint64_t sequence, PastMount mount,
                                         std::uint32_t stream = kStream) {
    std::shared_ptr<const HlsPast> found;
    look_up_past_segment(
        std::move(mount), stream, sequence, limits,
        [&found](std::shared_ptr<const HlsPast> past) { found = std::move(past); });
    turn();
    return found;
  }
  // As the holder itself has it.
  PastMount at(const std::string& node) {
    PastShelf& shelf = nodes.at(node);
    PastMount mount{*readers, shelf.catalog, clock, shelf.place.path(), "/m"};
    mount.own_only = true;
    return mount;
  }
};

TEST(PastLookup, AListIsTheSameAsAtItsHolder) {
  for (int i = 0; i < 20; ++i) nodes["a"].file(7.7);
  announce();
  for (const HlsListKind kind : {HlsListKind::kWhole, HlsListKind::kSliding}) {
    const PastAskRange range{PastShelf::kBegin + 20'000, PastShelf::kBegin + 120'000, kind};
    const auto there = list(range, at("a"));
    const auto found = list(range);
    CHECK(found != nullptr);
    CHECK(!found->unanswered);
    LONGS_EQUAL(51, found->list.segments.size());
    CHECK(found->list.segments == there->list.segments);
    CHECK(found->list.codecs == there->list.codecs);
    CHECK(found->list.content_type == there->list.content_type);
    LONGS_EQUAL(there->list.bandwidth, found->list.bandwidth);
  }
  LONGS_EQUAL(1, lists);
}

TEST(PastLookup, SegmentsHaveTheSameSoundAsAtTheirHolder) {
  for (int i = 0; i < 6; ++i) nodes["a"].file(7.7);
  announce();
  const auto listed = list(kLookupRange);
  for (const HlsSegment& one : listed->list.segments) {
    const auto there = segment(one.sequence, at("a"));
    const auto found = segment(one.sequence, here());
    CHECK(found->segment.has_value());
    CHECK(found->segment->segment == there->segment->segment);
    CHECK(sound_of(*found->segment) == sound_of(*there->segment));
  }
  CHECK(!segment(5'000, here())->segment);
  CHECK(!segment(5'000, here())->unanswered);
}

TEST(PastLookup, SegmentsAreFoundWhoseFilesAreInAnotherOrderByTheClock) {
  for (int i = 0; i < 6; ++i) {
    // Set back by two hours for some files.
    nodes["a"].clock_off_ms = i == 1 || i == 2 || i == 4 ? -7'200'000 : 0;
    nodes["a"].file(7.7);
  }
  std::uint64_t end = 0;
  for (std::uint64_t number = 100; number < 122; ++number) {
    const auto found = segment(number, at("a"));
    CHECK(found->segment.has_value());
    const HlsSegment& one = found->segment->segment;
    CHECK(number == 100 || one.begin == end);
    LONGS_EQUAL(one.end - one.begin, sound_of(*found->segment).size());
    end = one.end;
  }
}

TEST(PastLookup, ASegmentIsFoundWhereNothingOfItsStreamIsKnown) {
  // As after a month: the list of the stream's files ends long before the segment.
  for (int i = 0; i < 30; ++i) nodes["a"].file(60.2);
  files_of_list = 4;
  clock.set_wall(WallTime(std::chrono::milliseconds(nodes["a"].now_ms())));
  announce();
  const auto found = segment(800, here());
  CHECK(found->segment.has_value());
  CHECK(sound_of(*found->segment) == sound_of(*segment(800, at("a"))->segment));
  CHECK(lists <= 3);
  CHECK(!segment(800, here(), kStream + 1)->segment);
}

TEST(PastLookup, WhatOneHolderHasMissedAnotherOneHas) {
  nodes["a"].file(17);
  nodes["b"].miss(9.5);
  nodes["b"].file(21);
  announce();
  const auto found = list(kLookupRange);
  LONGS_EQUAL(15, found->list.segments.size());
  for (std::size_t i = 0; i < 15; ++i) {
    LONGS_EQUAL(100 + i, found->list.segments[i].sequence);
    const auto one = segment(100 + i, here());
    CHECK(one->segment.has_value());
    LONGS_EQUAL(one->segment->segment.end - one->segment->segment.begin,
                sound_of(*one->segment).size());
  }
}

TEST(PastLookup, TheNextHolderIsAskedWhenOneDies) {
  for (const char* node : {"a", "b"})
    for (int i = 0; i < 3; ++i) nodes[node].file(10);
  announce();
  dead = {"a"};
  const auto one = list(kLookupRange);
  CHECK(!one->unanswered);
  LONGS_EQUAL(14, one->list.segments.size());
  dead = {"b"};
  clock.advance(11s);
  const auto other = list(kLookupRange);
  CHECK(other->list.segments == one->list.segments);
  CHECK(segment(103, here())->segment.has_value());
}

TEST(PastLookup, WithoutAHolderThatAnswersTheListIsNotWholeRatherThanShort) {
  nodes["a"].file(30);
  announce();
  dead = {"a"};
  CHECK(list(kLookupRange)->unanswered);
  CHECK(segment(103, here())->unanswered);
  // What it never had is not waited for.
  PastAskRange later = kLookupRange;
  later.from_ms += 200'000;
  later.to_ms += 200'000;
  CHECK(!list(later)->unanswered);
  CHECK(list(later)->list.segments.empty());
  dead.clear();
  clock.advance(11s);
  LONGS_EQUAL(14, list(kLookupRange)->list.segments.size());
}

TEST(PastLookup, BeforeTheDirectoryHereIsReadAListIsNotWhole) {
  nodes["a"].file(30);
  announce();
  own.begin_reading();
  CHECK(list(kLookupRange)->unanswered);
  // A segment that another node has is one, and that it has none means nothing.
  CHECK(segment(103, here())->segment.has_value());
  CHECK(!segment(103, here())->unanswered);
  CHECK(segment(5'000, here())->unanswered);
  PastMount alone = here();
  alone.own_only = true;
  CHECK(segment(103, alone)->unanswered);
  own.end_reading();
  CHECK(!list(kLookupRange)->unanswered);
  CHECK(!segment(5'000, here())->unanswered);
}

TEST(PastLookup, WhatThisNodeHasItselfIsAskedOfNobody) {
  nodes["a"].file(30);
  announce();
  const PastShelf& shelf = nodes["a"];
  own.add("/m", shelf.catalog.files("/m")->closed());
  const PastMount mount{*readers, own, clock, shelf.place.path(), "/m"};
  PastAskRange range{PastShelf::kBegin + 1'000, PastShelf::kBegin + 25'000, HlsListKind::kWhole};
  LONGS_EQUAL(13, list(range, mount)->list.segments.size());
  CHECK(segment(105, mount)->segment.has_value());
  LONGS_EQUAL(0, lists + indexes + blocks);
}

TEST(PastLookup, AThousandThatAskForOneListCostOneLookup) {
  for (int i = 0; i < 20; ++i) nodes["a"].file(7.7);
  announce();
  PastLookups lookups;
  const PastAskRange range{PastShelf::kBegin, PastShelf::kBegin + 120'000, HlsListKind::kWhole};
  std::size_t answered = 0;
  const auto ask = [&] {
    lookups.list(here(), "archive-1-2.m3u8", range, [&](std::shared_ptr<const HlsPast> past) {
      answered += past && past->list.segments.size() == 60 ? 1 : 0;
    });
  };
  for (int i = 0; i < 500; ++i) ask();
  turn();
  for (int i = 0; i < 500; ++i) ask();
  turn();
  LONGS_EQUAL(1000, answered);
  LONGS_EQUAL(1, lists);
  LONGS_EQUAL(20, indexes);
  LONGS_EQUAL(1, blocks);
  // After a second another one looks.
  clock.advance(1100ms);
  ask();
  turn();
  LONGS_EQUAL(2, lists);
  LONGS_EQUAL(20, indexes);

  std::size_t came = 0;
  for (int i = 0; i < 1000; ++i)
    lookups.segment(here(), kStream, 130, [&](std::shared_ptr<const HlsPast> past) {
      came += past && past->segment ? 1 : 0;
    });
  turn();
  LONGS_EQUAL(1000, came);
  CHECK(blocks <= 3);
}

TEST(PastLookup, SoManyListsAreLookedUpAtOnce) {
  nodes["a"].file(30);
  announce();
  PastLookups lookups;
  std::size_t refused = 0, later = 0;
  for (std::size_t i = 0; i < PastLookups::kMaxLists + 5; ++i)
    lookups.list(here(), std::to_string(i), kLookupRange, [&](std::shared_ptr<const HlsPast> past) {
      refused += past ? 0 : 1;
      later += past && past->unanswered ? 1 : 0;
    });
  LONGS_EQUAL(5, refused);
  turn();
  // Of those that ask other nodes fewer are under way.
  LONGS_EQUAL(PastLookups::kMaxLists - PastLimits::kMaxFarLists, later);
}

TEST(PastLookup, SoManyLongListsAreMadeAtOnce) {
  clock.set_wall(WallTime(std::chrono::milliseconds(PastShelf::kBegin) + 24h));
  const auto is_late = [&](std::chrono::milliseconds length) {
    return list({PastShelf::kBegin, PastShelf::kBegin + length.count(), HlsListKind::kEvent})
        ->unanswered;
  };
  for (std::int64_t i = 0; i < PastLimits::kMaxLongLists; ++i)
    CHECK(limits->long_lists.try_enter(PastLimits::kMaxLongLists));
  CHECK(is_late(8h));
  CHECK_FALSE(is_late(1h));
  limits->long_lists.leave();
  // Its place is free when it has been made.
  CHECK_FALSE(is_late(8h));
  CHECK_FALSE(is_late(8h));
}

TEST(PastLookup, NamesThatNothingIsKnownOfAreAskedAboutSoOften) {
  nodes["a"].file(30);
  announce();
  std::size_t later = 0;
  for (std::uint32_t i = 1; i <= PastLimits::kMaxQuestions + 10; ++i)
    later += segment(100, here(), kStream + i)->unanswered ? 1 : 0;
  LONGS_EQUAL(10, later);
  CHECK(lists <= PastLimits::kMaxQuestions);
  clock.advance(1s);
  CHECK(segment(103, here())->segment.has_value());
}
