#include <functional>
#include <map>
#include <string>
#include <vector>

#include "media/builders.h"
#include "media/framer.h"
#include "media/ogg_headers.h"
#include "media/recorder.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

struct Page {
  bool continued, bos, eos;
  std::uint64_t granule;
  std::uint32_t serial, sequence;
  std::string lacing, body;
};
class PageList final : public OggPageSink {
 public:
  explicit PageList(std::string_view bytes) { OggPageScanner(0).feed(as_byte_span(bytes), *this); }
  void page(std::uint64_t, const OggPage& p) override {
    pages.push_back({p.continued(), p.bos(), p.eos(), p.granule(), p.serial(), p.sequence(),
                     std::string(as_text(p.lacing())), std::string(as_text(p.body))});
  }
  void between(ByteSpan bytes) override { junk += bytes.size(); }
  std::vector<Page> pages;
  std::size_t junk = 0;
};

// The packets of each logical stream, in the order of the streams; checks what every Ogg stream
// must keep to.
std::vector<std::vector<std::string>> packets_of(std::string_view bytes) {
  const PageList list(bytes);
  LONGS_EQUAL(0, list.junk);
  std::vector<std::vector<std::string>> streams;
  std::map<std::uint32_t, std::size_t> index;
  std::map<std::uint32_t, std::uint32_t> next;
  std::string open;
  for (const Page& page : list.pages) {
    if (page.bos) {
      CHECK(index.find(page.serial) == index.end());  // a fresh serial
      index[page.serial] = streams.size();
      streams.emplace_back();
      next[page.serial] = 0;
      open.clear();
    }
    CHECK(index.find(page.serial) != index.end());
    const std::uint32_t expected = next[page.serial]++;
    LONGS_EQUAL(expected, page.sequence);
    if (!page.lacing.empty()) CHECK_EQUAL(!open.empty(), page.continued);
    std::size_t at = 0;
    for (const char c : page.lacing) {
      const auto size = static_cast<std::size_t>(static_cast<unsigned char>(c));
      open += page.body.substr(at, size);
      at += size;
      if (size < 255) streams[index[page.serial]].push_back(std::exchange(open, {}));
    }
  }
  return streams;
}

}  // namespace

TEST_GROUP(VorbisRetitler) {
  OggWriter w{21};
  std::unique_ptr<Rewriter> rewriter = framer_for("audio/ogg").make_rewriter();

  static Metadata title(const char* artist, const char* name) {
    Metadata metadata;
    metadata.artist = artist;
    metadata.title = name;
    return metadata;
  }
  // Runs in all splits; all must give the same.
  std::string rewritten(const std::string& bytes, const std::vector<TitleChange>& titles) {
    const auto run = [&](Pieces pieces, std::uint64_t seed) {
      return run_rewriter(framer_for("audio/ogg").make_rewriter(), bytes, pieces, titles, seed);
    };
    const std::string out = run(all_at_once, 1);
    CHECK(out == run(byte_by_byte, 1));
    for (std::uint64_t seed = 2; seed < 7; ++seed) CHECK(out == run(at_random, seed));
    return out;
  }
  bool takes_title_after(const std::string& bytes) {
    const auto fresh = framer_for("audio/ogg").make_rewriter();
    Bytes out;
    fresh->rewrite(as_byte_span(bytes), out);
    return fresh->set_title(title("", "T"));
  }
};

TEST(VorbisRetitler, PassesEverythingUnchangedUntilATitleComes) {
  OggWriter opus(1);
  std::string bytes = join({"junk", vorbis_headers(w, {"TITLE=x"}), w.page({"m"}, 10)});
  std::string bad = w.page({"bad"}, 10);
  bad[30] ^= 1;
  bytes += join({bad, "OggS", opus_headers(opus), opus.page({"o"}, 960)});
  CHECK(bytes == rewritten(bytes, {}));
}
TEST(VorbisRetitler, HoldsBackAnIncompletePage) {
  const std::string whole = vorbis_headers(w);
  const std::string page = w.page({"media"}, 10);
  Bytes out;
  rewriter->rewrite(as_byte_span(whole + page.substr(0, page.size() - 1)), out);
  CHECK_EQUAL(whole.size(), out.size());
  rewriter->rewrite(as_byte_span(page.substr(page.size() - 1)), out);
  CHECK(whole + page == as_text(out));
}
TEST(VorbisRetitler, TakesTitlesForASingleVorbisStreamOnly) {
  OggWriter other(5), theora(6);
  CHECK(!takes_title_after(""));
  CHECK(!takes_title_after("junk"));
  CHECK(!takes_title_after(opus_headers(other)));
  const std::string head = w.page({vorbis_head()}, 0, kBos);
  CHECK(takes_title_after(head));
  CHECK(!takes_title_after(head + theora.page({theora_head()}, 0, kBos)));
  CHECK(!takes_title_after(theora.page({theora_head()}, 0, kBos) + head));
  CHECK(takes_title_after(head + w.page({vorbis_comments({}), vorbis_setup()}, 0)));
  OggWriter next(9);
  CHECK(!takes_title_after(head + w.page({"not comments"}, 0)));
  CHECK(takes_title_after(join({opus_headers(other), vorbis_headers(next)})));
}
TEST(VorbisRetitler, BeginsANewStreamAtTheNextPage) {
  const std::string before = join({vorbis_headers(w, {"TITLE=old"}), w.page({"one", "two"}, 1000)});
  const std::string after = join({w.page({"three"}, 2000), w.page({"four", "five"}, 3000, kEos)});
  const std::string out = rewritten(before + after, {{before.size(), title("Art", "New")}});
  CHECK(out.starts_with(before));
  const auto pages = PageList(out.substr(before.size())).pages;
  LONGS_EQUAL(6, pages.size());
  CHECK(pages[0].eos && !pages[0].bos && pages[0].lacing.empty());
  LONGS_EQUAL(21, pages[0].serial);
  LONGS_EQUAL(3, pages[0].sequence);
  CHECK(pages[0].granule == 1000);  // the end of the sound that was given
  CHECK(pages[1].bos && pages[1].serial != 21);
  CHECK_EQUAL(vorbis_head(), pages[1].body);
  CHECK_EQUAL("\x03vorbis" + comments({"ARTIST=Art", "TITLE=New"}) + "\x01" + vorbis_setup(),
              pages[2].body);
  CHECK_EQUAL(std::string("two"), pages[3].body);  // the packet that a decoder needs before
  CHECK(pages[3].granule == 1000);
  CHECK_EQUAL(std::string("three"), pages[4].body);
  CHECK(pages[4].granule == 2000 && pages[5].granule == 3000 && pages[5].eos);
  for (std::size_t i = 1; i < pages.size(); ++i) {
    LONGS_EQUAL(i - 1, pages[i].sequence);
    LONGS_EQUAL(pages[1].serial, pages[i].serial);
  }
}
TEST(VorbisRetitler, TheFramerReadsTheNewTitle) {
  const std::string before = join({vorbis_headers(w, {"TITLE=old"}), w.page({"one"}, 1000)});
  const std::string out =
      rewritten(before + w.page({"two"}, 2000), {{before.size(), title("Art", "New")}});
  const FramerRun run = run_framer(framer_for("audio/ogg"), out, all_at_once);
  const auto titles = run.marks.of("metadata");
  LONGS_EQUAL(2, titles.size());
  CHECK(titles[1].ends_with(" Art|New"));
  LONGS_EQUAL(2, run.marks.of("start").size());
  LONGS_EQUAL(2, run.marks.of("sync").size());
}
TEST(VorbisRetitler, TitlesInTheFirstSecondsPassNoTime) {
  std::string bytes = vorbis_headers(w, {"TITLE=old"});
  std::vector<TitleChange> titles;
  for (std::uint64_t i = 1; i <= 12; ++i) {
    bytes += w.page({"sound"}, i * 11'025);
    if (i == 2 || i == 6) titles.push_back({bytes.size(), title("Art", i == 2 ? "New" : "Newer")});
  }
  const auto ends_at = [](const std::string& stream) {
    const auto times = run_framer(framer_for("audio/ogg"), stream, all_at_once).marks.times;
    return times.back().substr(times.back().find(' '));
  };
  const std::string titled = rewritten(bytes, titles);
  LONGS_EQUAL(3, run_framer(framer_for("audio/ogg"), titled, all_at_once).marks.of("start").size());
  CHECK_EQUAL(ends_at(bytes), ends_at(titled));
}
TEST(VorbisRetitler, WritesOnlyTheNamesThatAreKnown) {
  const std::string before = join({vorbis_headers(w), w.page({"one"}, 1000)});
  const auto comments_with = [&](const Metadata& metadata) {
    const std::string out = rewritten(before + w.page({"two"}, 2000), {{before.size(), metadata}});
    return packets_of(out).at(1).at(1);
  };
  const auto packet = [](std::initializer_list<std::string> list) {
    return "\x03vorbis" + comments(list) + "\x01";
  };
  OggWriter fresh = w;
  CHECK_EQUAL(packet({"TITLE=A - B"}), comments_with(title("", "A - B")));
  w = fresh;
  CHECK_EQUAL(packet({"ARTIST=A"}), comments_with(title("A", "")));
  w = fresh;
  CHECK_EQUAL(packet({}), comments_with(title("", "")));
}
TEST(VorbisRetitler, NoPacketIsLostOrDoubledWhereverTheTitleComes) {
  // Packets that begin, continue and end on the pages in all ways; one large packet.
  std::string bytes = vorbis_headers(w);
  std::vector<std::size_t> ends;
  const auto add = [&](const std::string& page) {
    bytes += page;
    ends.push_back(bytes.size());
  };
  std::vector<std::string> packets;
  const auto packet = [&](char c, std::size_t size) {
    packets.push_back(std::string(size, c));
    return packets.back();
  };
  add(w.page({packet('a', 10), packet('b', 300), packet('c', 255)}, 100));
  const std::string d = packet('d', 20);
  add(w.raw(0, 200, lacing_of(d) + "\xff\xff", d + std::string(510, 'e')));
  add(w.raw(kContinued, kNoGranule, "\xff", std::string(255, 'e')));
  packets.push_back(std::string(800, 'e'));
  add(w.raw(kContinued, 300, "\x23\x05\xff",
            std::string(35, 'e') + "fffff" + std::string(255, 'g')));
  packets.push_back("fffff");
  packets.push_back(std::string(255 + 30, 'g'));
  add(w.raw(kContinued, 400, "\x1e", std::string(30, 'g')));
  add(w.page({packet('h', 3)}, 500));
  add(w.page({}, 500));
  add(w.page({packet('i', 3)}, 600, kEos));
  for (const std::size_t end : ends) {
    const std::string out = rewritten(bytes, {{end, title("", "T")}});
    auto streams = packets_of(out);
    if (end == ends.back()) {
      LONGS_EQUAL(1, streams.size());
      continue;
    }
    LONGS_EQUAL(2, streams.size());
    std::vector<std::string> got(streams[0].begin() + 3, streams[0].end());
    CHECK(!got.empty());
    CHECK_EQUAL(got.back(), streams[1].at(3));  // the one that is given twice
    got.insert(got.end(), streams[1].begin() + 4, streams[1].end());
    CHECK(packets == got);
  }
}
TEST(VorbisRetitler, TitlesMayFollowEachOther) {
  std::string bytes = vorbis_headers(w);
  std::vector<TitleChange> titles;
  for (int i = 0; i < 20; ++i) {
    bytes += w.page({"packet " + std::to_string(i)}, static_cast<std::uint64_t>(i) * 1000);
    titles.push_back({bytes.size(), title("", ("t" + std::to_string(i)).c_str())});
  }
  bytes += w.page({"last"}, 50000);
  const std::string out = rewritten(bytes, titles);
  const auto streams = packets_of(out);
  LONGS_EQUAL(21, streams.size());
  CHECK_EQUAL(std::string("last"), streams[20].at(4));
  CHECK_EQUAL(std::string("packet 19"), streams[20].at(3));
}
TEST(VorbisRetitler, TheLastOfSeveralTitlesCounts) {
  const std::string before = join({vorbis_headers(w), w.page({"one"}, 1000)});
  const std::string out =
      rewritten(before + w.page({"two"}, 2000),
                {{before.size(), title("", "A")}, {before.size(), title("", "B")}});
  const auto streams = packets_of(out);
  LONGS_EQUAL(2, streams.size());
  CHECK(streams[1].at(1).find("TITLE=B") != std::string::npos);
}
TEST(VorbisRetitler, ATitleWaitsForTheHeadersAndTheFirstPacket) {
  // A stream that ends before it has sound makes ffmpeg refuse the rest.
  const std::string head = w.page({vorbis_head()}, 0, kBos);
  const std::string rest = join({w.page({vorbis_comments({}), vorbis_setup()}, 0),
                                 w.page({"one"}, 1000), w.page({"two"}, 2000)});
  const auto streams = packets_of(rewritten(head + rest, {{head.size(), title("", "T")}}));
  LONGS_EQUAL(2, streams.size());
  LONGS_EQUAL(4, streams[0].size());
  CHECK_EQUAL(std::string("one"), streams[0][3]);
  LONGS_EQUAL(5, streams[1].size());
  CHECK_EQUAL(std::string("one"), streams[1][3]);
  CHECK_EQUAL(std::string("two"), streams[1][4]);
}
TEST(VorbisRetitler, ANewChainOfTheSourceEndsTheRewriting) {
  OggWriter next(21);  // the same serial as before
  const std::string before = join({vorbis_headers(w), w.page({"one"}, 1000)});
  const std::string middle = w.page({"two"}, 2000, kEos);
  const std::string chain = join({vorbis_headers(next, {"TITLE=own"}), next.page({"n"}, 10)});
  const std::string out = rewritten(before + middle + chain, {{before.size(), title("", "T")}});
  CHECK(out.ends_with(chain));
  CHECK(!out.ends_with(middle + chain));
}
TEST(VorbisRetitler, ATitleThatCameTooLateIsForgottenWithItsChain) {
  OggWriter next(22);
  const std::string before = join({vorbis_headers(w), w.page({"one"}, 1000, kEos)});
  const std::string chain = join({vorbis_headers(next), next.page({"n"}, 10)});
  CHECK(before + chain == rewritten(before + chain, {{before.size(), title("", "T")}}));
}
TEST(VorbisRetitler, ASecondStreamInTheChainEndsTheRewritingToo) {
  OggWriter other(5);
  const std::string head = w.page({vorbis_head()}, 0, kBos);
  std::string rest = other.page({vorbis_head()}, 0, kBos);
  rest += join({w.page({vorbis_comments({}), vorbis_setup()}, 0), w.page({"one"}, 1000)});
  CHECK(head + rest == rewritten(head + rest, {{head.size(), title("", "T")}}));
}
TEST(VorbisRetitler, PagesOfStrangersAndJunkPassWhileRewriting) {
  OggWriter other(5);
  const std::string before = join({vorbis_headers(w), w.page({"one"}, 1000)});
  const std::string strange = other.page({"other"}, 7) + "junk";
  const std::string after = w.page({"two"}, 2000);
  const std::string out = rewritten(before + after + strange + w.page({"three"}, 3000),
                                    {{before.size(), title("", "T")}});
  CHECK(out.find(strange) != std::string::npos);
  LONGS_EQUAL(4, PageList(out).junk);
}
TEST(VorbisRetitler, AMissingPageStaysMissing) {
  const std::string before = join({vorbis_headers(w), w.page({"one"}, 1000)});
  std::string after = w.page({"two"}, 2000);
  w.skip_a_page();
  after += w.page({"four"}, 4000);
  const auto pages = PageList(rewritten(before + after, {{before.size(), title("", "T")}})).pages;
  LONGS_EQUAL(pages[pages.size() - 2].sequence + 2, pages.back().sequence);
}
TEST(VorbisRetitler, ATitleWaitsAfterAMissingPage) {
  // The packet before the gap is not the one before the page, so no stream can begin with it.
  const std::string before = join({vorbis_headers(w), w.page({"one"}, 1000)});
  w.skip_a_page();
  const std::string after = join({w.page({"three"}, 3000), w.page({"four"}, 4000)});
  const std::string out = rewritten(before + after, {{before.size(), title("", "T")}});
  const auto pages = PageList(out.substr(before.size())).pages;
  LONGS_EQUAL(6, pages.size());
  CHECK_EQUAL(std::string("three"), pages[0].body);
  CHECK_EQUAL(std::string("three"), pages[4].body);
  CHECK_EQUAL(std::string("four"), pages[5].body);
}
TEST(VorbisRetitler, ATornPacketBeginsNoStream) {
  // A packet has lost its beginning with a page; its end alone is no packet.
  const std::string headers = vorbis_headers(w);
  w.skip_a_page();
  const std::string torn = w.raw(kContinued, kNoGranule, "\xff", std::string(255, 'y'));
  const std::string end = w.raw(kContinued, 1000, "\x03", "end");
  const std::string rest = join({w.page({"two"}, 2000), w.page({"three"}, 3000)});
  const std::string bytes = headers + torn + end + rest;
  const std::string out = rewritten(bytes, {{headers.size(), title("", "T")}});
  const auto pages = PageList(out.substr(headers.size() + torn.size() + end.size())).pages;
  LONGS_EQUAL(6, pages.size());
  CHECK_EQUAL(std::string("two"), pages[0].body);
  CHECK_EQUAL(std::string("two"), pages[4].body);
  CHECK_EQUAL(std::string("three"), pages[5].body);
}
TEST(VorbisRetitler, APacketThatNeverEndsIsNoPartOfTheNextOne) {
  std::string bytes = join({vorbis_headers(w), w.page({"one"}, 1000)});
  bytes += w.raw(0, kNoGranule, "\xff", std::string(255, 'L'));
  bytes += w.page({"two"}, 2000);  // continues nothing
  const std::size_t here = bytes.size();
  bytes += w.page({"three"}, 3000);
  const std::string out = rewritten(bytes, {{here, title("", "T")}});
  const auto pages = PageList(out.substr(here)).pages;
  LONGS_EQUAL(5, pages.size());
  CHECK_EQUAL(std::string("two"), pages[3].body);
}
TEST(VorbisRetitler, ATitleWaitsWhileAPacketIsTooLongForAPage) {
  std::string bytes = join({vorbis_headers(w), w.page({"one"}, 1000)});
  const std::size_t begin = bytes.size();
  bytes += w.raw(0, kNoGranule, std::string(255, '\xff'), std::string(65025, 'L'));
  const std::size_t inside = bytes.size();
  bytes += w.raw(kContinued, kNoGranule, "\xff", std::string(255, 'L'));
  bytes += w.raw(kContinued, 2000, "\x05\x03", "LLLLLtwo");
  const std::size_t end = bytes.size();
  bytes += w.page({"three"}, 3000);
  CHECK(packets_of(rewritten(bytes, {{begin, title("", "T")}})).at(0).size() == 4);
  for (const std::size_t at : {inside, inside + 1, end}) {
    const auto streams = packets_of(rewritten(bytes, {{at, title("", "T")}}));
    LONGS_EQUAL(2, streams.size());
    LONGS_EQUAL(6, streams[0].size());
    CHECK_EQUAL(std::string("two"), streams[1].at(3));
    CHECK_EQUAL(std::string("three"), streams[1].at(4));
  }
}
TEST(VorbisRetitler, SetupHeadersOverManyPagesAreWrittenWhole) {
  OggWriter large(8);
  std::string before = large.page({vorbis_head()}, 0, kBos);
  const std::string rest = vorbis_comments({}) + vorbis_setup(100000);
  const std::string lacing = lacing_of(vorbis_comments({})) + lacing_of(vorbis_setup(100000));
  std::size_t at = 0;
  for (std::size_t i = 0; i < lacing.size(); i += 255) {
    const std::string values = lacing.substr(i, 255);
    std::size_t size = 0;
    for (const char c : values) size += static_cast<unsigned char>(c);
    const bool last = i + 255 >= lacing.size();
    before +=
        large.raw(i > 0 ? kContinued : 0, last ? 0 : kNoGranule, values, rest.substr(at, size));
    at += size;
  }
  before += large.page({"one"}, 1000);
  const auto streams =
      packets_of(rewritten(before + large.page({"two"}, 2000), {{before.size(), title("", "T")}}));
  CHECK(vorbis_setup(100000) == streams.at(1).at(2));
}

namespace {

std::string after(std::vector<std::uint32_t> serials, std::string_view bytes) {
  auto rewriter = framer_for("audio/ogg").make_rewriter();
  rewriter->avoid(std::move(serials));
  return run_rewriter(std::move(rewriter), bytes, all_at_once, {});
}

}  // namespace

TEST(VorbisRetitler, AStreamWithTheSerialOfTheOneBeforeItGetsAnother) {
  const std::string bytes = join({opus_headers(w), w.page({"one"}, 960), w.page({"two"}, 1920)});
  const PageList given(bytes);
  const PageList made(after({3, w.serial()}, bytes));
  LONGS_EQUAL(0, made.junk);
  LONGS_EQUAL(given.pages.size(), made.pages.size());
  const std::uint32_t serial = made.pages[0].serial;
  CHECK(serial != w.serial() && serial != 3);
  for (std::size_t i = 0; i < made.pages.size(); ++i) {
    LONGS_EQUAL(serial, made.pages[i].serial);
    LONGS_EQUAL(given.pages[i].sequence, made.pages[i].sequence);
    LONGS_EQUAL(given.pages[i].granule, made.pages[i].granule);
    CHECK_EQUAL(given.pages[i].body, made.pages[i].body);
  }
}
TEST(VorbisRetitler, AStreamWithASerialOfItsOwnPassesUnchanged) {
  const std::string bytes = join({vorbis_headers(w), w.page({"one"}, 1000)});
  CHECK(bytes == after({w.serial() + 1}, bytes));
  OggWriter again(w.serial());
  const std::string chained = bytes + w.page({}, 1000, kEos) + opus_headers(again);
  CHECK(chained == after({w.serial() + 1}, chained));  // the source's own matter
}
