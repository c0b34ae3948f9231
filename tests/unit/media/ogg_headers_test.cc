#include "media/ogg_headers.h"

#include <optional>
#include <string>

#include "base/encoding.h"
#include "media/builders.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

// Gives every page of `bytes` to one OggHeaders.
class Feeder final : public OggPageSink {
 public:
  explicit Feeder(std::string_view bytes) { OggPageScanner(0).feed(as_byte_span(bytes), *this); }
  void page(std::uint64_t, const OggPage& page) override {
    if (!headers) {
      headers.emplace(page, 3);
    } else if (fine && !headers->done()) {
      fine = headers->take(page);
      ++taken;
    }
  }
  bool done() const { return fine && headers && headers->done(); }
  std::optional<OggHeaders> headers;
  bool fine = true;
  int taken = 0;
};

std::string facts_of(const std::string& first_packet) {
  CodecFacts facts;
  add_ogg_facts(ogg_codec_of(as_byte_span(first_packet)), as_byte_span(first_packet), facts);
  std::string text = facts.subtype + " " + std::to_string(facts.audio_channels) + " " +
                     std::to_string(facts.audio_samplerate_hz) + " " +
                     std::to_string(facts.audio_bitrate_bps);
  for (const auto& [name, value] : facts.other) text += " " + name + "=" + value;
  return text;
}

}  // namespace

TEST_GROUP(OggFacts){};
TEST(OggFacts, OfVorbisAreChannelsRateAndNominalBitRate) {
  CHECK_EQUAL(std::string("Vorbis 1 22050 48000"), facts_of(vorbis_head(1, 22050, 48000)));
}
TEST(OggFacts, ANegativeNominalBitRateIsNotTold) {
  CHECK_EQUAL(std::string("Vorbis 2 44100 0"), facts_of(vorbis_head(2, 44100, 0xffffffff)));
}
TEST(OggFacts, OfTheoraAreAboutThePicture) {
  CHECK_EQUAL(std::string("Theora 0 0 0 frame_rate=29.97 frame_size=320 x 240 "
                          "video_bitrate=200000 video_quality=48"),
              facts_of(theora_head()));
}
TEST(OggFacts, AFrameRateOverZeroIsLeftOut) {
  std::string head = theora_head();
  head.replace(26, 4, be(0, 4));
  CHECK_EQUAL(
      std::string("Theora 0 0 0 frame_size=320 x 240 video_bitrate=200000 video_quality=48"),
      facts_of(head));
}
TEST(OggFacts, OfTheOthersIsTheName) {
  CHECK_EQUAL(std::string("Opus 0 0 0"), facts_of(opus_head()));
  CHECK_EQUAL(std::string("FLAC 0 0 0 FLAC_version=1.0"), facts_of(flac_head(1)));
  CHECK_EQUAL(std::string("Speex 0 0 0"), facts_of(speex_head()));
  CHECK_EQUAL(std::string("Skeleton 0 0 0"), facts_of("fishead" + std::string(57, '\0')));
  CHECK_EQUAL(std::string("Kate 0 0 0"), facts_of("\x80kate" + std::string(59, '\0')));
  CHECK_EQUAL(std::string("MIDI 0 0 0"), facts_of("OggMIDI" + std::string(5, '\0')));
  CHECK_EQUAL(std::string(" 0 0 0"), facts_of("OVP80"));
  CHECK_EQUAL(std::string(" 0 0 0"), facts_of(""));
}
TEST(OggFacts, ACutFirstPacketGivesTheNameOnly) {
  CHECK_EQUAL(std::string("Vorbis 0 0 0"), facts_of(vorbis_head().substr(0, 29)));
  CHECK_EQUAL(std::string("Theora 0 0 0"), facts_of(theora_head().substr(0, 41)));
  CHECK_EQUAL(std::string("FLAC 0 0 0"), facts_of(flac_head(1).substr(0, 6)));
}
TEST(OggFacts, PacketsOfAPageLastSoLongAtMost) {
  struct Most final : OggPageSink {
    void page(std::uint64_t, const OggPage& page) override {
      samples = ogg_most_samples(page, codec, ogg_longest_packet(codec, as_byte_span(head)));
    }
    OggCodec codec = OggCodec::kUnknown;
    std::string head;
    std::uint64_t samples = 0;
  };
  const auto most = [](const std::string& head, const std::vector<std::string>& packets,
                       unsigned flags = 0) {
    Most sink;
    sink.head = head;
    sink.codec = ogg_codec_of(as_byte_span(head));
    const std::string page = OggWriter(1).page(packets, 1, flags);
    OggPageScanner(0).feed(as_byte_span(page), sink);
    return sink.samples;
  };
  // SILK of 60 ms, hybrid of 10 ms, CELT of 2.5 ms; two frames of 20 ms, three of 5 ms.
  CHECK_EQUAL(2880u + 480u + 120u, most(opus_head(), {"\x18", "\x60", "\x80"}));
  CHECK_EQUAL(1920u + 720u, most(opus_head(), {"\xf9" + std::string(600, 'o'), "\xeb\x03"}));
  CHECK_EQUAL(5760u, most(opus_head(), {"\x1b\x30"}));
  // Where a packet begins on the page before, its head is not there.
  CHECK_EQUAL(5760u + 960u, most(opus_head(), {"\xf9", "\xf8"}, kContinued));
  CHECK_EQUAL(3u * 1024u, most(vorbis_head(), {"a", std::string(255, 'b'), "c"}));
  CHECK_EQUAL(0x6969u, most(flac_head(1), {"f"}));
  CHECK_EQUAL(0u, most(speex_head(), {"s"}));
  CHECK_EQUAL(0u, most(theora_head(), {"t"}));
}
TEST(OggFacts, GranulesCountSamples) {
  const auto hertz = [](const std::string& head) {
    return ogg_granule_hertz(ogg_codec_of(as_byte_span(head)), as_byte_span(head));
  };
  // 96 kHz: the 20 bits behind 10 bytes of STREAMINFO.
  const std::string flac = flac_head(1).replace(27, 3, "\x17\x70\x02");
  LONGS_EQUAL(96'000, hertz(flac));
  LONGS_EQUAL(0, hertz(flac.substr(0, 29)));
  LONGS_EQUAL(48'000, hertz(opus_head()));
  LONGS_EQUAL(8000, hertz(vorbis_head(1, 8000, 9000)));
  LONGS_EQUAL(0, hertz(speex_head()));
  LONGS_EQUAL(16'000, hertz(speex_head().replace(36, 4, std::string("\x80\x3e\0\0", 4))));
}
TEST(OggFacts, NamesOfLaterStreamsComeFirst) {
  CodecFacts facts;
  for (const std::string& head : {theora_head(), vorbis_head(1, 8000, 9000), std::string("unknown"),
                                  vorbis_head(2, 44100, 128000)})
    add_ogg_facts(ogg_codec_of(as_byte_span(head)), as_byte_span(head), facts);
  CHECK_EQUAL(std::string("Vorbis/Vorbis/Theora"), facts.subtype);
  LONGS_EQUAL(8000, facts.audio_samplerate_hz);  // the first one's
}

TEST_GROUP(OggHeaders) { OggWriter w{3}; };
TEST(OggHeaders, OfVorbisAreThreePackets) {
  const std::string first = w.page({vorbis_head()}, 0, kBos);
  const std::string second = w.page({vorbis_comments({})}, 0);
  CHECK(!Feeder(first).done());
  CHECK(!Feeder(first + second).done());
  const Feeder f(first + second + w.page({vorbis_setup()}, 0));
  CHECK(f.done());
  CHECK_EQUAL(vorbis_head(), std::string(as_text(f.headers->packet(0))));
  CHECK_EQUAL(vorbis_setup(), std::string(as_text(f.headers->packet(2))));
  CHECK(f.headers->packet(3).empty());
}
TEST(OggHeaders, PacketsMayGoOverManyPages) {
  std::string bytes = w.page({vorbis_head()}, 0, kBos);
  const std::string packets = vorbis_comments({"title=" + std::string(100000, 'x')});
  bytes += w.raw(0, kNoGranule, std::string(255, '\xff'), packets.substr(0, 65025));
  const std::string rest = packets.substr(65025);
  bytes += w.raw(kContinued, 0, lacing_of(rest) + lacing_of(vorbis_setup()), rest + vorbis_setup());
  const Feeder f(bytes);
  CHECK(f.done());
  CHECK_EQUAL(std::string(100000, 'x'), std::string(read_ogg_tags(f.headers->comments()).title));
}
TEST(OggHeaders, OfOpusAreTwoPackets) {
  CHECK(!Feeder(w.page({opus_head()}, 0, kBos)).done());
  OggWriter o(4);
  CHECK(Feeder(opus_headers(o)).done());
}
TEST(OggHeaders, FlacHasTheirNumber) {
  const std::string bytes = join(
      {w.page({flac_head(2)}, 0, kBos), w.page({flac_block(4, false, comments({"TITLE=f"}))}, 0)});
  CHECK(!Feeder(bytes).done());
  const Feeder f(bytes + w.page({flac_block(1, true, "padding")}, 0));
  CHECK(f.done());
  CHECK_EQUAL(std::string("f"), std::string(read_ogg_tags(f.headers->comments()).title));
}
TEST(OggHeaders, FlacMarksTheLastOneWhenItHasNoNumber) {
  const std::string bytes =
      join({w.page({flac_head(0)}, 0, kBos), w.page({flac_block(4, false, comments({}))}, 0)});
  CHECK(!Feeder(bytes).done());
  CHECK(Feeder(bytes + w.page({flac_block(1, true, "padding")}, 0)).done());
}
TEST(OggHeaders, ASecondFlacBlockThatHasNoCommentsHasNoTitle) {
  const Feeder f(join(
      {w.page({flac_head(1)}, 0, kBos), w.page({flac_block(1, true, comments({"TITLE=f"}))}, 0)}));
  CHECK(f.done());
  CHECK(f.headers->comments().empty());
}
TEST(OggHeaders, SpeexMayHaveMore) {
  const std::string bytes = join({w.page({speex_head(1)}, 0, kBos), w.page({comments({})}, 0)});
  CHECK(!Feeder(bytes).done());
  CHECK(Feeder(bytes + w.page({"extra"}, 0)).done());
}
TEST(OggHeaders, KateHasTheirNumberAndMidiHasThree) {
  const std::string kate = "\x80kate" + std::string(3, '\0') + std::string("\0\0\0\x02", 4);
  CHECK(Feeder(join({w.page({kate}, 0, kBos), w.page({"\x81kate"}, 0)})).done());
  OggWriter m(5);
  const std::string midi = join({m.page({std::string("OggMIDI\0", 8)}, 0, kBos), m.page({"2"}, 0)});
  CHECK(!Feeder(midi).done());
  CHECK(Feeder(midi + m.page({"3"}, 0)).done());
}
TEST(OggHeaders, SkeletonEndsWithAnEndOfStreamPage) {
  const std::string bytes = join({w.page({"fishead" + std::string(57, '\0')}, 0, kBos),
                                  w.page({"fisbone" + std::string(50, '\0')}, 0)});
  CHECK(!Feeder(bytes).done());
  CHECK(Feeder(bytes).headers->may_be_cut_short());
  CHECK(Feeder(bytes + w.page({""}, 0, kEos)).done());
}
TEST(OggHeaders, AnUnknownCodecHasNoneBeyondTheFirst) {
  CHECK(Feeder(w.page({"OVP80"}, 0, kBos)).done());
}
TEST(OggHeaders, AreBrokenWhenAPageIsMissing) {
  std::string bytes = w.page({vorbis_head()}, 0, kBos);
  w.skip_a_page();
  CHECK(!Feeder(bytes + w.page({vorbis_comments({}), vorbis_setup()}, 0)).fine);
}
TEST(OggHeaders, AreBrokenWhenAPageContinuesNothing) {
  const std::string first = w.page({vorbis_head()}, 0, kBos);
  CHECK(!Feeder(first + w.page({vorbis_comments({})}, 0, kContinued)).fine);
}
TEST(OggHeaders, AreBrokenWhenTheCommentsAreAnotherCodecs) {
  const std::string first = w.page({vorbis_head()}, 0, kBos);
  CHECK(!Feeder(first + w.page({opus_tags({})}, 0)).fine);
}
TEST(OggHeaders, AreBrokenBeyondOneMebibyte) {
  std::string bytes = w.page({vorbis_head()}, 0, kBos);
  const std::string comment = "\x03vorbis" + std::string(65025 - 7, 'x');
  bytes += w.raw(0, kNoGranule, std::string(255, '\xff'), comment);
  for (int i = 0; i < 17; ++i)
    bytes += w.raw(kContinued, kNoGranule, std::string(255, '\xff'), std::string(65025, 'x'));
  const Feeder f(bytes);
  CHECK(!f.fine);
  LONGS_EQUAL(17, f.taken);
}
TEST(OggHeaders, ForgetTheirPackets) {
  Feeder f(vorbis_headers(w, {"title=x"}));
  CHECK(!f.headers->comments().empty());
  f.headers->forget_packets();
  CHECK(f.headers->comments().empty());
  CHECK(f.headers->packet(0).empty());
}

TEST_GROUP(OggTags){static std::string read(const std::string& comments){
    const OggTags tags = read_ogg_tags(as_byte_span(comments));
return std::string(tags.vendor) + "|" + std::string(tags.artist) + "|" + std::string(tags.title);
}
}
;
TEST(OggTags, TakeArtistAndTitleWithoutRegardToCase) {
  CHECK_EQUAL(std::string("test|A|T"), read(comments({"Artist=A", "tItLe=T", "ALBUM=L"})));
}
TEST(OggTags, TakeTheFirstOfEachName) {
  CHECK_EQUAL(std::string("test|one|x=y"),
              read(comments({"artist=one", "title=x=y", "artist=two", "title=z"})));
}
TEST(OggTags, TakeNothingFromOtherNames) {
  CHECK_EQUAL(std::string("test||"), read(comments({"artists=A", "title", "=T", ""})));
}
TEST(OggTags, ABrokenListGivesWhatCameBefore) {
  const std::string whole = comments({"artist=A", "title=T"});
  CHECK_EQUAL(std::string("test|A|"), read(whole.substr(0, whole.size() - 1)));
  CHECK_EQUAL(std::string("test||"), read(whole.substr(0, 10)));
  CHECK_EQUAL(std::string("||"), read(whole.substr(0, 6)));
  CHECK_EQUAL(std::string("||"), read(""));
  CHECK_EQUAL(std::string("||"), read(le(0xffffffff, 4) + "x"));
  CHECK_EQUAL(std::string("||"), read(le(0, 4) + le(0xffffffff, 4) + le(0xfffffffc, 4)));
}
TEST(OggTags, BecomeCleanMetadata) {
  const Metadata m = metadata_of({"", "Caf\xe9", "a\nb\x1b\u009bc"});
  CHECK_EQUAL(std::string("Café"), m.artist);
  CHECK_EQUAL(std::string("a bc"), m.title);
  CHECK_EQUAL(std::string("Café - a bc"), m.song());
  CHECK(m.icy_block.empty());
}
TEST(OggTags, AreCutAtAWholeCharacter) {
  const std::string utf8 = "x" + std::string(5000, '\xc5');  // not UTF-8: each byte becomes two
  CHECK(metadata_of({"", utf8, ""}).artist.size() <= 4080);
  std::string snowmen;
  for (int i = 0; i < 2000; ++i) snowmen += "\u2603";
  const Metadata m = metadata_of({"", "", "ab" + snowmen});
  LONGS_EQUAL(2 + 4077, m.title.size());
  CHECK(valid_utf8(m.title));
}
