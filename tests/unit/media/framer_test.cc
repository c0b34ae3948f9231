#include "media/framer.h"

#include <algorithm>
#include <string>

#include "media/recorder.h"
#include "media/same_format.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {
std::string name_for(std::string_view type) { return std::string(framer_for(type).name); }
}  // namespace

TEST_GROUP(FramerPlugins){};
TEST(FramerPlugins, EachTypeOfTheTableFindsItsOwnRow) {
  std::size_t types = 0;
  for (const FramerPlugin& plugin : framer_plugins()) {
    for (const std::string_view type : plugin.types) {
      ++types;
      CHECK_EQUAL(std::string(plugin.name), name_for(type));
    }
  }
  CHECK(types > 20);
}
TEST(FramerPlugins, TheTypesOfIcecastGoWhereIcecastPutsThem) {
  for (const char* type : {"application/ogg", "audio/ogg", "video/ogg", "application/x-ogg"})
    CHECK_EQUAL(std::string("ogg"), name_for(type));
  for (const char* type :
       {"audio/webm", "video/webm", "audio/x-matroska", "video/x-matroska", "video/x-matroska-3d"})
    CHECK_EQUAL(std::string("ebml"), name_for(type));
  for (const char* type :
       {"audio/mpeg", "audio/mp3", "audio/aac", "audio/aacp", "audio/x-mpeg", "audio/x-aac"})
    CHECK_EQUAL(std::string("mpeg"), name_for(type));
}
TEST(FramerPlugins, EveryOtherTypeIsOpaque) {
  for (const char* type : {"", "nonsense", "audio/flac", "audio/mpeg2", "audio", "video/nsv", ";"})
    CHECK_EQUAL(std::string("opaque"), name_for(type));
}
TEST(FramerPlugins, ATypeIsMatchedExactlyButForItsParameters) {
  CHECK_EQUAL(std::string("ogg"), name_for("audio/ogg; codecs=opus"));
  CHECK_EQUAL(std::string("ogg"), name_for("audio/ogg ;codecs=opus"));
  CHECK_EQUAL(std::string("opaque"), name_for("Audio/Ogg"));
  CHECK_EQUAL(std::string("opaque"), name_for("audio/ogg2"));
}
TEST(FramerPlugins, TheNamesOfAFormatAreOneFormatInBothDirections) {
  const auto is_one = [](std::string_view a, std::string_view b) {
    CHECK_EQUAL(same_format(a, b), same_format(b, a));
    return same_format(a, b);
  };
  CHECK(is_one("application/ogg", "audio/ogg"));
  CHECK(is_one("audio/ogg; codecs=opus", "audio/ogg"));
  CHECK(is_one("audio/webm", "video/webm"));
  CHECK(is_one("audio/mpeg", "audio/mp3"));
  CHECK(is_one("audio/aac", "audio/aacp"));
  CHECK(is_one("audio/x-aac", "audio/vnd.dlna.adts"));
  CHECK(is_one("text/plain", "text/plain"));
  CHECK(!is_one("audio/mpeg", "audio/aac"));
  CHECK(!is_one("audio/mpeg", "audio/vnd.dlna.adts"));
  CHECK(!is_one("audio/ogg", "audio/webm"));
  CHECK(!is_one("audio/flac", "audio/wav"));
  CHECK(!is_one("audio/flac", "audio/mpeg"));
  // Where both name their codecs, a player has a decoder for its own.
  CHECK(!is_one("audio/ogg; codecs=opus", "audio/ogg; codecs=vorbis"));
  CHECK(!is_one("audio/ogg;codecs=opus", "video/ogg; codecs=\"theora, vorbis\""));
  CHECK(is_one("audio/ogg; codecs=opus", "application/ogg;Codecs=\"Opus\""));
  CHECK(is_one("audio/ogg; codecs=", "audio/ogg; codecs=\"opus\""));
  CHECK(is_one("video/ogg; codecs=\"theora, vorbis\"", "video/ogg; codecs=\"vorbis,theora\""));
  CHECK(is_one("audio/aac; codecs=mp4a.40.2", "audio/aac; codecs=\"mp4a.40.5\""));
}
TEST(FramerPlugins, OnlyGenericFormatsCarryIcyMetadata) {
  CHECK(framer_for("audio/mpeg").icy_metadata);
  CHECK(framer_for("text/plain").icy_metadata);
  CHECK(!framer_for("audio/ogg").icy_metadata);
  CHECK(!framer_for("video/webm").icy_metadata);
}
TEST(FramerPlugins, OnlyOggHasARewriter) {
  for (const FramerPlugin& plugin : framer_plugins()) {
    CHECK_EQUAL(plugin.name == "ogg", plugin.make_rewriter != nullptr);
    CHECK(plugin.make(0, {}) != nullptr);
  }
}

TEST_GROUP(OpaqueFramer){};
TEST(OpaqueFramer, MakesNoMarksAndLetsEverythingPassAtOnce) {
  const FramerPlugin& plugin = framer_for("text/plain");
  const std::string bytes = "OggS\xff\xfb\x90 anything";
  const FramerRun run = run_framer(plugin, bytes, all_at_once, 1, 500);
  CHECK_EQUAL(std::string(), run.fault);
  CHECK(run.marks.lines.empty());
  LONGS_EQUAL(500 + bytes.size(), run.complete);
  CHECK_EQUAL(std::string(), check_splits(plugin, bytes, 500));
}
