#include "archive/remote/remote_archive.h"

#include <algorithm>

#include "archive/asked_nodes.h"
#include "archive/files/file_list.h"
#include "archive/fixture.h"
#include "archive/read/past_reading.h"
#include "base/log_book.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kBegin = 1'795'158'000'000;
constexpr std::uint64_t kSecondBytes = 100'000;

// A recorded file of `seconds`, as its holder has it.
struct Recorded {
  std::string data, index, name;
  FileRow row;

  explicit Recorded(unsigned seconds) {
    FileHead head;
    head.span.id = {0x1122334455667788, 1};
    head.span.wall_ms = kBegin;
    head.span.anchored = true;
    head.span.media = {0, 1000};
    head.content_type = "audio/mpeg";
    append_head(index, head);
    append_mark(index, {0, 0, kBegin, 0});
    for (unsigned i = 1; i <= seconds; ++i) {
      std::string part(kSecondBytes, static_cast<char>('a' + i % 26));
      const FileMark mark{i * kSecondBytes, i * 1000u, kBegin + i * 1000,
                          crc32c(std::as_bytes(std::span(part)))};
      if (i == seconds)
        append_end(index, mark);
      else
        append_mark(index, mark);
      data += part;
    }
    row.from_ms = kBegin;
    row.to_ms = kBegin + seconds * 1000;
    row.bytes = data.size();
    row.id = short_id(head.span.id);
    row.remote = true;
    name = to_string(row.name());
  }
};

}  // namespace

TEST_GROUP(RemoteArchive) {
  FakeClock clock;
  Loop loop{0, clock};
  lb::test::CapturedLog book{clock};
  Catalog own;
  Recorded recorded{10};
  std::deque<lb::test::AskedNode> asked;
  std::map<std::string, unsigned> blocks;  // by node and range
  std::set<std::string> dead, lying, dripping;
  unsigned indexes = 0;
  std::unique_ptr<RemoteArchive> remote;

  void setup() override {
    remote = lb::test::make_remote(loop, book.log, own, asked);
    holders({"a", "b"});
    check();
  }
  void teardown() override {
    asked.clear();
    remote.reset();
  }
  void holders(const std::vector<std::string>& nodes) {
    auto made = std::make_shared<HolderView>();
    for (const std::string& node : nodes) {
      HolderRow row;
      row.mount = "/m";
      row.node = node;
      row.places = {"http://" + node};
      row.ranges = {{kBegin, kBegin + 10'000}};
      made->add(row);
    }
    remote->set_holders(made);
    loop.run_once(false);
  }
  // Answers everything that is asked.
  void turn() {
    for (int i = 0; i < 20; ++i) {
      loop.run_once(false);
      while (!asked.empty()) {
        lb::test::AskedNode one = std::move(asked.front());
        asked.pop_front();
        answer(one);
      }
    }
  }
  void answer(lb::test::AskedNode & one) {
    if (dead.contains(one.node)) {
      one.done(Error::closed(one.node + " is dead"));
      return;
    }
    FetchAnswer out;
    out.status = 200;
    if (one.path.ends_with(".idx")) {
      ++indexes;
      out.body = recorded.index;
    } else if (one.path.ends_with(".data")) {
      ++blocks[one.range];
      const auto first = std::stoull(one.range);
      const auto last = std::stoull(one.range.substr(one.range.find('-') + 1));
      out.status = 206;
      out.body = recorded.data.substr(first, last - first + 1);
      if (dripping.contains(one.node)) out.body.resize(1);
      if (lying.contains(one.node)) out.body[7] = static_cast<char>(out.body[7] ^ 1);
    } else {
      const RecordedFiles files(
          std::make_shared<const std::vector<FileRow>>(std::vector<FileRow>{recorded.row}),
          std::nullopt);
      out.body = print_file_list(files, 0, kBegin * 2);
    }
    one.done(std::move(out));
  }
  void check() {
    bool done = false;
    remote->check("/m", kBegin, kBegin + 10'000, [&done](bool) { done = true; });
    turn();
    CHECK(done);
  }
  std::shared_ptr<const ArchiveFile> load() {
    std::shared_ptr<const ArchiveFile> file;
    remote->load("/m", recorded.row, [&file](RemoteArchive::File loaded) {
      if (loaded) file = *loaded;
    });
    turn();
    return file;
  }
  // 1: it came, 0: it did not, −1: no answer yet.
  int fetch(const std::shared_ptr<const ArchiveFile>& file, std::uint64_t offset,
            std::uint64_t bytes) {
    int result = -1;
    remote->fetch(file, offset, bytes, [&result](bool good) { result = good ? 1 : 0; });
    turn();
    return result;
  }
};

TEST(RemoteArchive, FilesOfOthersAreListed) {
  const auto files = remote->files("/m");
  CHECK_EQUAL(1u, files->size());
  CHECK((*files)[0].remote);
  CHECK_EQUAL(0u, remote->files("/other")->size());
  holders({});
  CHECK_EQUAL(0u, remote->files("/m")->size());
}

TEST(RemoteArchive, ABlockIsFetchedOnceForTwentyAndTheNextOneWithIt) {
  const auto file = load();
  CHECK(file != nullptr);
  int came = 0;
  for (int i = 0; i < 20; ++i)
    remote->fetch(file, 1000 * static_cast<std::uint64_t>(i), 100'000,
                  [&came](bool good) { came += good ? 1 : 0; });
  turn();
  CHECK_EQUAL(20, came);
  CHECK_EQUAL(2u, blocks.size());
  for (const auto& [range, times] : blocks) CHECK_EQUAL(1u, times);
  CHECK(file->has(0, 2 * RemoteParts::kBlock));
  CHECK(!file->has(0, 2 * RemoteParts::kBlock + 1));
  std::string there(kSecondBytes, '\0');
  CHECK(::pread(file->fd(), there.data(), there.size(), 0) == static_cast<ssize_t>(there.size()));
  CHECK(there == recorded.data.substr(0, there.size()));
  // Whoever loads it next has them too.
  CHECK(load() == file);
}

TEST(RemoteArchive, TheEndOfAFileIsAShortBlock) {
  const auto file = load();
  CHECK_EQUAL(1, fetch(file, file->end() - 10, 1'000'000));
  CHECK(file->has(file->end() - 10, 10));
  CHECK_EQUAL(1u, blocks.size());
}

TEST(RemoteArchive, TheNextHolderGivesWhatTheFirstDoesNot) {
  const auto file = load();
  dead = {"a"};
  CHECK_EQUAL(1, fetch(file, 0, 1000));
  dead = {"b"};
  CHECK_EQUAL(1, fetch(file, 600'000, 1000));
}

TEST(RemoteArchive, BytesWithAWrongChecksumAreThoseOfAnotherHolder) {
  const auto file = load();
  lying = {"a"};
  CHECK_EQUAL(1, fetch(file, 0, 300'000));
  lying = {"b"};
  CHECK_EQUAL(1, fetch(file, 700'000, 200'000));
  std::string there(file->end() - 700'000, '\0');
  CHECK(::pread(file->fd(), there.data(), there.size(), 700'000) ==
        static_cast<ssize_t>(there.size()));
  const std::uint64_t in = 200'000;
  CHECK(there.substr(0, in) == recorded.data.substr(700'000, in));
}

TEST(RemoteArchive, AHolderThatIsAMomentBehindGivesTheRestLater) {
  const auto file = load();
  const std::string all = recorded.data;
  recorded.data.resize(120'000);
  int result = -1;
  remote->fetch(file, 0, 200'000, [&result](bool good) { result = good ? 1 : 0; });
  loop.run_once(false);
  CHECK_EQUAL(1u, asked.size() - (asked.size() > 1 ? 1 : 0));
  lb::test::AskedNode one = std::move(asked.front());
  asked.pop_front();
  answer(one);
  CHECK_EQUAL(-1, result);
  CHECK(file->has(0, 120'000));
  recorded.data = all;
  turn();
  CHECK_EQUAL(1, result);
}

TEST(RemoteArchive, WhatAHolderGivesByteByByteIsAskedOfAnother) {
  const auto file = load();
  for (const char* one : {"a", "b"}) {
    dripping = {one};
    const std::uint64_t block = one[0] == 'a' ? 0 : 2;
    CHECK_EQUAL(1, fetch(file, block * RemoteParts::kBlock, 1000));
  }
  // A byte at most of each block, and of those read ahead.
  CHECK(blocks.size() <= 8);
  // What it alone has is waited for.
  dripping = {"a", "b"};
  int result = -1;
  const std::uint64_t rest = file->end() - 10;
  remote->fetch(file, rest, 10, [&](bool good) { result = good ? 1 : 0; });
  for (int i = 0; i < 3; ++i) {
    turn();
    clock.advance(4s);
    loop.run_once(true);  // the timer of the loop is real
  }
  turn();
  CHECK_EQUAL(-1, result);
  dripping.clear();
  loop.run_once(true);
  turn();
  CHECK_EQUAL(1, result);
}

TEST(RemoteArchive, WithoutAHolderThatAnswersItIsGivenUpAfterFiveSeconds) {
  const auto file = load();
  dead = {"a", "b"};
  int result = -1;
  remote->fetch(file, 0, 1000, [&result](bool good) { result = good ? 1 : 0; });
  turn();
  CHECK_EQUAL(-1, result);
  clock.advance(6s);
  // The timer of the loop is real.
  for (int i = 0; i < 100 && result < 0; ++i) {
    loop.run_once(true);
    turn();
  }
  CHECK_EQUAL(0, result);
  dead.clear();
  CHECK_EQUAL(1, fetch(file, 0, 1000));
}

TEST(RemoteArchive, AnIndexOfAnotherFileIsNotTaken) {
  const std::string right = recorded.index;
  FileHead head;
  head.span.id = {0x9900000000000000, 1};
  recorded.index.clear();
  append_head(recorded.index, head);
  append_end(recorded.index, {recorded.data.size(), 10'000, kBegin + 10'000, 0});
  bool failed = false;
  remote->load("/m", recorded.row, [&failed](RemoteArchive::File file) { failed = !file; });
  turn();
  clock.advance(6s);
  for (int i = 0; i < 100 && !failed; ++i) {
    loop.run_once(true);
    turn();
  }
  CHECK(failed);
  recorded.index = right;
}

TEST(RemoteArchive, ANewFileIsRefusedWhereThoseThatArePlayedFillTheCache) {
  remote->configure("", 100'000);
  const auto file = load();
  CHECK_EQUAL(1, fetch(file, 0, 300'000));
  FileRow other = recorded.row;
  other.origin += 5;
  Error::Code code = Error::Code::kInvalid;
  remote->load("/m", other, [&code](RemoteArchive::File loaded) { code = loaded.error().code; });
  turn();
  CHECK(code == Error::Code::kLimit);
}

TEST(RemoteArchive, ItIsToldWhetherAllHoldersHaveAnswered) {
  int all = -1;
  const auto ask = [&](std::int64_t from_ms) {
    remote->check("/m", from_ms, from_ms + 1000, [&all](bool good) { all = good ? 1 : 0; });
    turn();
    return all;
  };
  CHECK_EQUAL(1, ask(kBegin));
  dead = {"b"};
  clock.advance(2s);
  CHECK_EQUAL(0, ask(kBegin));
  // It rests: it is not asked, and has not answered.
  CHECK_EQUAL(0, ask(kBegin));
  dead.clear();
  clock.advance(11s);
  CHECK_EQUAL(1, ask(kBegin));
  // Nobody has it: nobody is asked.
  dead = {"a", "b"};
  CHECK_EQUAL(1, ask(kBegin + 3'600'000));
}

TEST(RemoteArchive, SoManyFilesThatNothingPlaysAreKept) {
  const std::string index = recorded.index;
  const FileRow first = recorded.row;
  for (unsigned i = 0; i < FileCache::kMaxIdle + 20; ++i) {
    FileHead head = read_index(index).head;
    head.span.origin = i;
    recorded.index.clear();
    append_head(recorded.index, head);
    append_mark(recorded.index, {0, 0, kBegin, 0});
    append_end(recorded.index, {recorded.data.size(), 10'000, kBegin + 10'000, 0});
    recorded.row.origin = i;
    clock.advance(1100ms);
    check();
    CHECK(load() != nullptr);
  }
  const unsigned before = indexes;
  CHECK(load() != nullptr);
  CHECK_EQUAL(before, indexes);
  recorded.row = first;
  recorded.index = index;
  clock.advance(1100ms);
  check();
  CHECK(load() != nullptr);
  CHECK_EQUAL(before + 1, indexes);
}

TEST(RemoteArchive, WhatNothingPlaysGoesFirst) {
  remote->configure("", 100'000);
  auto file = load();
  CHECK_EQUAL(1, fetch(file, 0, 300'000));
  file.reset();
  remote->configure("", 100'000);
  turn();
  blocks.clear();
  file = load();
  CHECK(!file->has(0, 1));
}

TEST(RemoteArchive, AStepThatLacksSomethingRunsAgainWhenItHasCome) {
  ReaderPool readers{{&loop}};
  readers.set_remote(remote.get());
  unsigned runs = 0;
  Bytes bytes;
  std::make_shared<PastReading>(readers, "", "/m")->run([&](PastReading& reading) {
    ++runs;
    const auto file = reading.open(recorded.row);
    if (file) bytes = reading.read(*file, 300'000, 300'010);
    return false;
  });
  turn();
  CHECK_EQUAL(3u, runs);
  CHECK_EQUAL(recorded.data.substr(300'000, 10), std::string(as_text(bytes)));
}

TEST(RemoteArchive, WhatCannotBeHadIsNullInTheNextRunOfAStep) {
  ReaderPool readers{{&loop}};
  readers.set_remote(remote.get());
  dead = {"a", "b"};
  unsigned runs = 0;
  bool unanswered = false;
  std::make_shared<PastReading>(readers, "", "/m")->run([&](PastReading& reading) {
    ++runs;
    CHECK(reading.open(recorded.row) == nullptr);
    unanswered = reading.unanswered();
    return false;
  });
  turn();
  CHECK_EQUAL(1u, runs);
  clock.advance(6s);
  for (int i = 0; i < 100 && runs < 2; ++i) {
    loop.run_once(true);
    turn();
  }
  CHECK_EQUAL(2u, runs);
  CHECK(unanswered);
}

TEST(RemoteArchive, ARangeOfAnotherNodesFileIsPlannedAsOneOfThisNode) {
  ReaderPool readers{{&loop}};
  readers.set_remote(remote.get());
  ExportPlanner planner("/m", remote->files("/m"), kBegin + 2'000, kBegin + 7'000);
  std::optional<Result<ExportPlan>> plan;
  std::make_shared<PastReading>(readers, "", "/m")->run([&](PastReading& reading) {
    const bool more = planner.step(reading);
    if (reading.lacks() || more) return more;
    auto made = planner.take(reading);
    if (!reading.lacks()) plan = std::move(made);
    return false;
  });
  turn();
  CHECK(plan.has_value() && plan->has_value());
  const ExportPlan& made = **plan;
  CHECK_EQUAL(5 * kSecondBytes, made.size);
  CHECK_EQUAL(2 * kSecondBytes, made.pieces.back().offset);
  CHECK(made.from_ms == kBegin + 2'000 && made.to_ms == kBegin + 7'000);
}
