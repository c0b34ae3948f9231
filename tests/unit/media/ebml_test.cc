#include <string>
#include <vector>

#include "media/builders.h"
#include "media/framer.h"
#include "media/recorder.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(EbmlFramer) {
  const FramerPlugin& ebml = framer_for("video/webm");
  FramerRun run;

  std::string marks(const std::string& bytes) {
    CHECK_EQUAL(std::string(), check_splits(ebml, bytes));
    run = run_framer(ebml, bytes, all_at_once);
    return run.marks.text();
  }
  static std::string line(const char* kind, std::size_t position) {
    return std::string(kind) + " " + std::to_string(position) + "\n";
  }
  static std::string headers_line(std::size_t position, std::size_t size) {
    return "headers " + std::to_string(position) + " " + std::to_string(size) + "\n";
  }
};

TEST(EbmlFramer, MarksTheHeadAndEveryCluster) {
  const std::string head = webm_head();
  for (const auto cluster : {live_cluster, file_cluster}) {
    const std::string one = cluster(5, 200);
    CHECK_EQUAL(line("start", 0) + headers_line(head.size(), head.size()) +
                    line("sync", head.size()) + line("sync", head.size() + one.size()),
                marks(head + one + one));
    CHECK_EQUAL(head, run.marks.header_sets.at(0));
    LONGS_EQUAL(head.size() + 2 * one.size(), run.complete);
  }
}
TEST(EbmlFramer, AllElementsBeforeTheFirstClusterAreHeaders) {
  const std::string head = webm_head() + element(0xec, std::string(300, '\0')) +
                           element(0x1254c367, "tags") + element(0xbf, "crc4");
  marks(head + live_cluster(1));
  CHECK_EQUAL(head, run.marks.header_sets.at(0));
}
TEST(EbmlFramer, SizesMayBeWrittenInAnyLength) {
  std::string head = be(0x1a45dfa3, 4) + "\x84" + "webm" + be(0x18538067, 4) + "\x01" +
                     std::string(7, '\xff');  // unknown size in eight bytes
  head += be(0x1549a966, 4) + "\x40\x04" + "info";
  marks(head + be(0x1f43b675, 4) + std::string("\x10\0\0\x03", 4) + "\xe7\x81t");
  LONGS_EQUAL(1, run.marks.of("sync").size());
  CHECK_EQUAL(head, run.marks.header_sets.at(0));
}
TEST(EbmlFramer, IsCompleteAtTheEndsOfElements) {
  const std::string head = webm_head();
  const std::string cluster = live_cluster(3, 1000);
  marks(head + cluster + live_cluster(1).substr(0, 3));
  LONGS_EQUAL(head.size() + cluster.size(), run.complete);
  marks(head + cluster + element(0xa3, std::string(500, 'b')).substr(0, 400));
  LONGS_EQUAL(head.size() + cluster.size(), run.complete);
  marks(head.substr(0, 9));
  LONGS_EQUAL(0, run.complete);
}
TEST(EbmlFramer, LargeBlocksPassAsTheyCome) {
  const std::string start = webm_head() + live_cluster(1);
  const std::string block = element(0xa3, std::string(300000, 'b'));
  marks(start + block.substr(0, 200000));
  LONGS_EQUAL(start.size() + 200000, run.complete);
  marks(start + block + live_cluster(1));
  LONGS_EQUAL(2, run.marks.of("sync").size());
}
TEST(EbmlFramer, SmallClustersAreThinned) {
  std::string bytes = webm_head();
  for (int i = 0; i < 100; ++i) bytes += live_cluster(0);
  marks(bytes);
  LONGS_EQUAL(100 * live_cluster(0).size() / 512 + 1, run.marks.of("sync").size());
}
TEST(EbmlFramer, ASecondHeadBeginsANewStream) {
  const std::string first = webm_head(100) + live_cluster(3);
  const std::string head = webm_head(50);
  CHECK(marks(first + head + live_cluster(1))
            .ends_with(line("start", first.size()) +
                       headers_line(first.size() + head.size(), head.size()) +
                       line("sync", first.size() + head.size())));
  CHECK_EQUAL(head, run.marks.header_sets.at(1));
}
TEST(EbmlFramer, FindsTheNextClusterBehindJunk) {
  const std::string start = webm_head() + live_cluster(3);
  const std::string junk = std::string("junk\x1f\x43junk") + std::string(600, 'j');
  CHECK(marks(start + junk + live_cluster(1)).ends_with(line("sync", start.size() + junk.size())));
  LONGS_EQUAL(start.size() + junk.size() + live_cluster(1).size(), run.complete);
}
TEST(EbmlFramer, WithoutAHeadNothingIsMarked) {
  CHECK_EQUAL(std::string(), marks(live_cluster(5) + live_cluster(5)));
  CHECK_EQUAL(std::string(), marks("junk" + live_cluster(5) + live_cluster(5)));
}
TEST(EbmlFramer, AHeadThatIsBrokenBeforeTheFirstClusterGivesNoHeaders) {
  const std::string broken = webm_head() + "junk";
  CHECK_EQUAL(line("start", 0), marks(broken + live_cluster(5)));
  const std::string next = broken + live_cluster(5) + "junk";
  marks(next + webm_head() + live_cluster(1));
  LONGS_EQUAL(1, run.marks.of("sync").size());
}
TEST(EbmlFramer, HeadersBeyond256KiBAreNotKept) {
  const std::string small = webm_head() + element(0xec, std::string(250 * 1024, '\0'));
  marks(small + live_cluster(1));
  LONGS_EQUAL(1, run.marks.of("sync").size());
  const std::string large = webm_head() + element(0xec, std::string(257 * 1024, '\0'));
  CHECK_EQUAL(line("start", 0), marks(large + live_cluster(5)));
}
TEST(EbmlFramer, JunkPassesAtOnce) {
  marks("no webm at all");
  LONGS_EQUAL(14, run.complete);
  marks(be(0x1a45dfa3, 4) + std::string(900, '\xff'));
  LONGS_EQUAL(904, run.complete);
  LONGS_EQUAL(0, run.marks.lines.size());
}
TEST(EbmlFramer, BrokenSizesEndTheWalk) {
  const std::string start = webm_head() + live_cluster(2, 300);
  for (const std::string& broken :
       {be(0xa3, 1) + "\xff",                                     // a block of unknown size
        be(0xa3, 1) + std::string("\0", 1),                       // a size of more than eight bytes
        be(0xa3, 1) + be(std::uint64_t{1} << 56 | 17u << 20, 8),  // 17 MiB
        be(0x1a45dfa3, 4) + ebml_size(5000),                      // a head of 5000 bytes
        std::string("\x08\0\0\0\0", 5),                           // an id of five bytes
        be(0x2ad7b1, 3) + "\x81x"}) {                             // not in a Cluster
    const std::string bytes = start + broken + live_cluster(1);
    marks(bytes);
    CHECK_EQUAL("sync " + std::to_string(start.size() + broken.size()), run.marks.lines.back());
    LONGS_EQUAL(bytes.size(), run.complete);
  }
}
TEST(EbmlFramer, BeginsAtThePositionItIsGiven) {
  const std::string bytes = webm_head() + live_cluster(2);
  CHECK_EQUAL(std::string(), check_splits(ebml, bytes, 9000));
  run = run_framer(ebml, bytes, all_at_once, 1, 9000);
  CHECK_EQUAL(line("start", 9000) + headers_line(9000 + webm_head().size(), webm_head().size()) +
                  line("sync", 9000 + webm_head().size()),
              run.marks.text());
}
TEST(EbmlFramer, RandomBytesGiveTheSameMarksInAllSplits) {
  Rng rng(8);
  std::string bytes = webm_head() + live_cluster(3);
  for (int i = 0; i < 300; ++i) {
    for (std::uint64_t n = rng.below(50); n > 0; --n)
      bytes += rng.below(4) == 0 ? '\x1f' : static_cast<char>(rng.next());
    const std::uint64_t kind = rng.below(4);
    if (kind == 0) bytes += live_cluster(2);
    if (kind == 1) bytes += webm_head() + file_cluster(1);
    if (kind == 2) bytes += live_cluster(2).substr(0, static_cast<std::size_t>(rng.below(300)));
  }
  marks(bytes);
  CHECK(run.marks.of("sync").size() > 10);
}
