#include "stream/file/file_stream.h"

#include <fstream>

#include "media/builders.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;

namespace {

std::string times(int n, const std::string& text) {
  std::string all;
  while (n-- > 0) all += text;
  return all;
}

std::string opus_file(std::uint32_t serial, int pages) {
  OggWriter writer(serial);
  std::string all = opus_headers(writer);
  for (int i = 1; i <= pages; ++i)
    all += writer.page({std::string(240, 'o')}, static_cast<std::uint64_t>(i) * 960,
                       i == pages ? kEos : 0);
  return all;
}

std::shared_ptr<const FileStream> made(const std::string& content) {
  auto file = make_file_stream("/x", as_byte_span(content));
  CHECK(file.has_value());
  return *file;
}

}  // namespace

TEST_GROUP(FileStream){};

TEST(FileStream, KeepsTheFramesAndLeavesTagsAndJunkOut) {
  const std::string frames = times(20, mp3_frame());
  const auto file = made(id3v2(200'000) + frames + "TAG" + std::string(125, ' '));
  STRCMP_EQUAL("mpeg", std::string(file->plugin->name).c_str());
  CHECK(read_view(*file->view, 0) == frames);
  CHECK(file->view->ended);
}

TEST(FileStream, KeepsWholeFramesOnly) {
  const auto file = made(times(10, mp3_frame()) + mp3_frame().substr(0, 200));
  CHECK_EQUAL(10u * 417u, file->size());
}

TEST(FileStream, LeavesOutAFrameThatOnlyCountsTheOthers) {
  std::string xing = mp3_frame();
  xing.replace(36, 4, "Xing");
  CHECK_EQUAL(5u * 417u, made(xing + times(5, mp3_frame()))->size());
}

TEST(FileStream, LeavesOutFramesOfAnotherKind) {
  const auto file = made(times(5, mp3_frame()) + times(3, adts_frame(200)) + times(5, mp3_frame()));
  CHECK_EQUAL(10u * 417u, file->size());
}

TEST(FileStream, KnowsTheRateOfMpegByItsFrames) {
  // 417 bytes are 1152 samples at 44100 Hz.
  CHECK_EQUAL(417u * 44100u / 1152u, made(times(100, mp3_frame()))->bytes_per_second);
  // 400 bytes are 1024 samples.
  CHECK_EQUAL(400u * 44100u / 1024u, made(times(100, adts_frame(400)))->bytes_per_second);
  std::string four_blocks = adts_frame(400);
  four_blocks[6] = static_cast<char>(four_blocks[6] | 3);
  CHECK_EQUAL(100u * 44100u / 1024u, made(times(100, four_blocks))->bytes_per_second);
}

TEST(FileStream, KnowsTheRateOfOggByItsGranules) {
  const std::string content = opus_file(7, 100);
  const auto file = made(content);
  CHECK(read_view(*file->view, 0) == content);
  STRCMP_EQUAL("Opus", file->subtype.c_str());
  CHECK_EQUAL(content.size() / 2, file->bytes_per_second);  // 100 pages of 20 ms
}

TEST(FileStream, ARecordedStreamLastsAsLongAsItsPackets) {
  constexpr std::uint64_t kHours = std::uint64_t{3} * 3600 * 48'000;
  for (const std::uint64_t pages : {1u, 100u}) {
    OggWriter writer(7);
    std::string content = opus_headers(writer);
    for (std::uint64_t i = 1; i <= pages; ++i)
      content += writer.page(std::vector<std::string>(50, "\xfc" + std::string(100, 'o')),
                             kHours + i * 48'000);
    CHECK_EQUAL(content.size() / pages, made(content)->bytes_per_second);
  }
}

TEST(FileStream, AHoleInOggDoesNotLast) {
  OggWriter writer(7);
  std::string content = opus_headers(writer);
  for (std::uint64_t i = 1; i <= 100; ++i)
    content += writer.page({"\xfc" + std::string(240, 'o')}, i * 960 + (i > 50 ? 48'000'000 : 0));
  CHECK_EQUAL(content.size() / 2, made(content)->bytes_per_second);
}

TEST(FileStream, OfSeveralStreamsOfOggTheOneThatComesFurthestCounts) {
  OggWriter a(7), b(8);
  std::string content = join({a.page({opus_head()}, 0, kBos), b.page({opus_head()}, 0, kBos),
                              a.page({opus_tags({})}, 0), b.page({opus_tags({})}, 0)});
  for (std::uint64_t i = 1; i <= 100; ++i) {
    if (i <= 20) content += a.page({"\xfc"}, i * 960);
    content += b.page({"\xfc" + std::string(240, 'o')}, i * 960);
  }
  CHECK_EQUAL(content.size() / 2, made(content)->bytes_per_second);
}

TEST(FileStream, ChainsOfOggWithoutAudioHaveTheMeanRateOfTheOthers) {
  OggWriter writer(8);
  std::string content = writer.page({theora_head()}, 0, kBos);
  for (std::uint64_t i = 0; i < 100; ++i) content += writer.page({theora_key(2000)}, i);
  DOUBLES_EQUAL(static_cast<double>(made(opus_file(7, 100))->bytes_per_second),
                static_cast<double>(made(opus_file(7, 100) + content)->bytes_per_second), 100);
}

TEST(FileStream, AddsTheTimesOfChains) {
  const std::string content = opus_file(7, 100) + opus_file(8, 50);
  CHECK_EQUAL(content.size() / 3, made(content)->bytes_per_second);
}

TEST(FileStream, OfVorbisTheRateIsInItsFirstPacket) {
  OggWriter writer(3);
  std::string content = vorbis_headers(writer);
  content += writer.page(std::vector<std::string>(87, std::string(12, 'v')), 88200);
  CHECK_EQUAL(content.size() / 2, made(content)->bytes_per_second);
}

TEST(FileStream, TakesWebmAsItIsWithoutARate) {
  const std::string content = webm_head() + file_cluster(3);
  const auto file = made(content);
  CHECK(read_view(*file->view, 0) == content);
  CHECK_EQUAL(0u, file->bytes_per_second);
}

TEST(FileStream, RefusesWhatHoldsNoAudio) {
  for (const std::string& content : {std::string(), std::string("hello"), std::string(300'000, 'x'),
                                     mp3_frame(), std::string("OggS and then nothing")}) {
    const auto file = make_file_stream("/x", as_byte_span(content));
    CHECK_FALSE(file.has_value());
    CHECK(file.error().code == Error::Code::kInvalid);
  }
}

TEST(FileStream, ReadsAFileAndKnowsWhenItHasChanged) {
  const std::string path = "/tmp/lb_file_stream_test." + std::to_string(::getpid());
  std::ofstream(path) << times(4, mp3_frame());
  const FileStamp stamp = FileStamp::of_file(path);
  const auto file = load_file_stream(path);
  CHECK(stamp.is_regular() && file.has_value());
  CHECK((*file)->stamp == stamp);
  CHECK_FALSE((*file)->cut_short);
  std::ofstream(path, std::ios::app) << mp3_frame();
  CHECK_FALSE(FileStamp::of_file(path) == stamp);
  ::unlink(path.c_str());
  CHECK_FALSE(FileStamp::of_file(path).exists());
  CHECK(load_file_stream(path).error().code == Error::Code::kNotFound);
  CHECK(load_file_stream("/tmp").error().code == Error::Code::kNotFound);
  CHECK_FALSE(FileStamp::of_file("/tmp").is_regular());
}

TEST(FileStream, ReadsARateInBracketsFromAName) {
  CHECK_EQUAL(128u, rate_in_name("/fallback-[128].mp3"));
  CHECK_EQUAL(64u, rate_in_name("/a[9]/fallback-[64]"));
  for (const char* name :
       {"/a.mp3", "/a[].mp3", "/a[x].mp3", "/a[12", "/a]12[", "/a[99999999].mp3"})
    CHECK_EQUAL(0u, rate_in_name(name));
}

TEST_GROUP(PlayableFile) {
  Mount mount{"/a", lb::test::mount_settings(), 1};
  void streams(const char* type, const std::string& content) {
    auto facts = std::make_shared<SourceFacts>();
    facts->content_type = type;
    facts->plugin = &framer_for(type);
    mount.set_facts(facts);
    auto framer = facts->plugin->make(0, {});
    auto log = *StreamLog::create("test");
    CHECK(log->append(as_byte_span(content), SteadyTime{}).has_value());
    framer->consume(as_byte_span(content), *log);
    if (auto codec = log->take_new_codec()) mount.set_codec(codec);
    mount.channel().publish(log->publish(framer->complete(), {}, Channel::kNoReader, false));
  }
};

TEST(PlayableFile, IsOneOfTheSameKind) {
  streams("audio/mpeg", times(10, mp3_frame()));
  CHECK(why_not_playable(*made(times(10, mp3_frame(false, 'x', 5))), mount).empty());
}

TEST(PlayableFile, IsNotOneOfAnotherLayerOrSampleRate) {
  streams("audio/mpeg", times(10, mp3_frame()));
  CHECK_FALSE(why_not_playable(*made(times(10, adts_frame(300))), mount).empty());
  streams("audio/aac", times(10, adts_frame(300)));
  CHECK_FALSE(why_not_playable(*made(times(10, adts_frame(300, 'a', 3))), mount).empty());
}

TEST(PlayableFile, IsJudgedByTheTypeWhileNothingHasComeYet) {
  streams("audio/mpeg", "");
  CHECK_FALSE(why_not_playable(*made(times(10, adts_frame(300))), mount).empty());
  CHECK(why_not_playable(*made(times(10, mp3_frame())), mount).empty());
  streams("audio/aacp", "");
  CHECK(why_not_playable(*made(times(10, adts_frame(300))), mount).empty());
  CHECK_FALSE(why_not_playable(*made(times(10, mp3_frame())), mount).empty());
}

TEST(PlayableFile, IsNotOneOfAnotherContainerOrCodec) {
  streams("audio/mpeg", times(10, mp3_frame()));
  CHECK_FALSE(why_not_playable(*made(opus_file(1, 3)), mount).empty());
  OggWriter writer(3);
  streams("application/ogg", vorbis_headers(writer) + writer.page({"vvv"}, 100));
  CHECK_FALSE(why_not_playable(*made(opus_file(1, 3)), mount).empty());
}
