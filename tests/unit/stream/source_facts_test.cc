// What Icecast 2.4.4 takes of a head, row by row.
#include "stream/source/source_facts.h"

#include "stream/support.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_GROUP(SourceFacts) {
  MountSettings settings;

  std::shared_ptr<const SourceFacts> make(const Rows& rows, Protocol protocol = Protocol::kHttp)
      const {
    Request request;
    request.protocol = protocol;
    for (const auto& [name, value] : rows) request.headers.add(name, value);
    return make_source_facts(request, settings,
                             SourcePeer{"192.0.2.1", WallTime(5s), SteadyTime(7s)});
  }
  std::string stat(const Rows& rows, const std::string& key) const {
    const auto facts = make(rows);
    const auto at = facts->stats.find(key);
    return at == facts->stats.end() ? "(absent)" : at->second;
  }
  static std::map<std::string, std::string> facts_without_headers() {
    return {{"server_name", "Unspecified name"},
            {"server_description", "Unspecified description"},
            {"genre", "various"},
            {"public", "0"},
            {"server_type", "audio/mpeg"},
            {"source_ip", "192.0.2.1"}};
  }
  std::string lines(const Rows& rows) const { return listener_lines(*make(rows), settings); }
  unsigned metaint(const Rows& rows) const { return listener_metaint(*make(rows), settings); }
};

TEST(SourceFacts, WithoutHeadersHasIcecastsDefaults) {
  const auto facts = make({});
  CHECK(facts->stats == facts_without_headers());
  STRCMP_EQUAL("audio/mpeg", facts->content_type.c_str());
  STRCMP_EQUAL("", facts->listener_headers.c_str());
  STRCMP_EQUAL("192.0.2.1", facts->source_ip.c_str());
  CHECK(facts->started_wall == WallTime(5s));
  CHECK(facts->started == SteadyTime(7s));
  CHECK(!facts->shoutcast);
}
TEST(SourceFacts, TheFirstHeaderPresentGivesTheStat) {
  struct Case {
    const char* stat;
    std::vector<const char*> headers;
  };
  const std::vector<Case> cases = {
      {"server_name", {"ice-name", "icy-name", "x-audiocast-name"}},
      {"server_description", {"ice-description", "icy-description", "x-audiocast-description"}},
      {"server_url", {"ice-url", "icy-url", "x-audiocast-url"}},
      {"genre", {"ice-genre", "icy-genre", "x-audiocast-genre"}},
      {"bitrate", {"ice-bitrate", "icy-br", "x-audiocast-bitrate"}},
      {"public", {"ice-public", "icy-pub", "x-audiocast-public", "icy-public"}},
  };
  for (const Case& row : cases) {
    const auto value_of = [&row](std::size_t i) {
      const std::string number = std::to_string(i + 1);
      return std::string_view(row.stat) == "server_url" ? "http://u/" + number : number;
    };
    for (std::size_t first = 0; first < row.headers.size(); ++first) {
      Rows rows;
      for (std::size_t i = row.headers.size(); i-- > first;)
        rows.emplace_back(row.headers[i], value_of(i));
      STRCMP_EQUAL(value_of(first).c_str(), stat(rows, row.stat).c_str());
    }
  }
}
TEST(SourceFacts, PublicIsANumber) {
  STRCMP_EQUAL("1", stat({{"ice-public", "1"}}, "public").c_str());
  STRCMP_EQUAL("0", stat({{"ice-public", "yes"}}, "public").c_str());
  STRCMP_EQUAL("1", stat({{"ice-public", " 1 please"}}, "public").c_str());
}
TEST(SourceFacts, AudioInfoIsAStatAPair) {
  const Rows rows = {
      {"ice-bitrate", "64"},
      {"ice-audio-info", "ice-samplerate=44100;bitrate=128; quality = 50%25;=x;nothing;q="}};
  STRCMP_EQUAL("ice-samplerate=44100;bitrate=128; quality = 50%25;=x;nothing;q=",
               stat(rows, "audio_info").c_str());
  STRCMP_EQUAL("44100", stat(rows, "ice-samplerate").c_str());
  STRCMP_EQUAL("50%", stat(rows, "quality").c_str());
  STRCMP_EQUAL("128", stat(rows, "bitrate").c_str());
  STRCMP_EQUAL("(absent)", stat(rows, "q").c_str());
  STRCMP_EQUAL("(absent)", stat(rows, "nothing").c_str());
  STRCMP_EQUAL("(absent)", stat(rows, "").c_str());
}
TEST(SourceFacts, AnEmptyBitrateInAudioInfoLeavesTheOtherOne) {
  STRCMP_EQUAL(
      "64",
      stat({{"ice-bitrate", "64"}, {"ice-audio-info", "bitrate=;channels=2"}}, "bitrate").c_str());
}
TEST(SourceFacts, ABrokenEscapeInAudioInfoStays) {
  STRCMP_EQUAL("50%", stat({{"ice-audio-info", "quality=50%"}}, "quality").c_str());
}
TEST(SourceFacts, TheUserAgentIsAStatWhenThereIsOne) {
  STRCMP_EQUAL("Enc/1", stat({{"user-agent", "Enc/1"}}, "user_agent").c_str());
  STRCMP_EQUAL("Enc/1", make({{"user-agent", "Enc/1"}})->user_agent.c_str());
  STRCMP_EQUAL("(absent)", stat({}, "user_agent").c_str());
}
TEST(SourceFacts, StatsAreUtf8FromTheCharsetOfTheMount) {
  STRCMP_EQUAL("K\xc3\xb6ln", stat({{"ice-name", "K\xf6ln"}}, "server_name").c_str());
  STRCMP_EQUAL("K\xc3\xb6ln", stat({{"ice-name", "K\xc3\xb6ln"}}, "server_name").c_str());
  settings.charset = "ISO-8859-2";
  STRCMP_EQUAL("\xc4\x85", stat({{"ice-genre", "\xb1"}}, "genre").c_str());
  STRCMP_EQUAL("icy-genre:\xb1\r\n", lines({{"ice-genre", "\xb1"}}).c_str());
}
TEST(SourceFacts, ControlBytesReachNoHeaderOfAListener) {
  STRCMP_EQUAL("icy-name:ab \xe9\r\n", lines({{"ice-name",
                                               "\x07"
                                               "a\x1b"
                                               "b\r\n \x7f\xe9"}})
                                           .c_str());
}
TEST(SourceFacts, AnAddressThatIsNoWebPageIsLeftOut) {
  STRCMP_EQUAL("(absent)", stat({{"ice-url", "javascript:alert(1)"}}, "server_url").c_str());
  STRCMP_EQUAL("http://www.example.org",
               stat({{"ice-url", "www.example.org"}}, "server_url").c_str());
  STRCMP_EQUAL("HTTPS://u/", stat({{"ice-url", "HTTPS://u/"}}, "server_url").c_str());
}
TEST(SourceFacts, StatsAreTheSourcesOwnWordsWhateverTheMountIsCalled) {
  settings.stream_name = settings.stream_description = settings.genre = "Mount";
  settings.stream_url = "http://mount/";
  settings.bitrate = "320";
  settings.type = "audio/x";
  settings.is_public = 1;
  CHECK(make({})->stats == facts_without_headers());
}
TEST(SourceFacts, TheContentTypeChoosesTheFramer) {
  const auto name_of = [this](const char* type) {
    const auto facts = make({{"content-type", type}});
    return std::string(facts->plugin->name) + " " + facts->content_type;
  };
  STRCMP_EQUAL("mpeg audio/mpeg", name_of("audio/mpeg").c_str());
  STRCMP_EQUAL("ogg application/ogg", name_of("application/ogg").c_str());
  STRCMP_EQUAL("ogg application/ogg", name_of("application/x-ogg").c_str());
  STRCMP_EQUAL("ebml video/webm", name_of("video/webm").c_str());
  STRCMP_EQUAL("opaque text/nonsense", name_of("text/nonsense").c_str());
  STRCMP_EQUAL("mpeg", std::string(make({})->plugin->name).c_str());
}
TEST(SourceFacts, AShoutcastLoginIsOne) { CHECK(make({}, Protocol::kIcy)->shoutcast); }

TEST(SourceFacts, TheIntervalOfTitlesIsTheMountsOrTheSourcesOrSixteenThousand) {
  LONGS_EQUAL(16000, metaint({}));
  LONGS_EQUAL(8192, metaint({{"icy-metaint", "8192"}}));
  for (const char* nonsense : {"0", "-5", "x", "16777216", "99999999999999999999"})
    LONGS_EQUAL(16000, metaint({{"icy-metaint", nonsense}}));
  settings.metaint = 4000;
  LONGS_EQUAL(4000, metaint({{"icy-metaint", "8192"}}));
  settings.metaint = 0;
  LONGS_EQUAL(0, metaint({{"icy-metaint", "8192"}}));
}
TEST(SourceFacts, FormatsWithoutInlineTitlesHaveNoInterval) {
  settings.metaint = 4000;
  LONGS_EQUAL(0, metaint({{"content-type", "application/ogg"}, {"icy-metaint", "8192"}}));
  LONGS_EQUAL(0, metaint({{"content-type", "video/webm"}}));
}

TEST(SourceFacts, ListenersGetIcecastsHeaderLines) {
  // As observed on 2.4.4.
  STRCMP_EQUAL(
      "icy-br:128\r\n"
      "ice-audio-info: ice-samplerate=44100;ice-bitrate=128;ice-channels=2\r\n"
      "icy-br:128\r\n"
      "icy-description:Desc\r\n"
      "icy-genre:Rock\r\n"
      "icy-name:My Name\r\n"
      "icy-pub:0\r\n"
      "icy-url:http://u/\r\n",
      lines({{"ice-url", "http://u/"},
             {"ice-public", "0"},
             {"content-type", "audio/mpeg"},
             {"ice-name", "My Name"},
             {"ice-genre", "Rock"},
             {"user-agent", "x"},
             {"ice-description", "Desc"},
             {"ice-bitrate", "128"},
             {"ice-audio-info", "ice-samplerate=44100;ice-bitrate=128;ice-channels=2"}})
          .c_str());
}
TEST(SourceFacts, AudioInfoWithoutABitrateIsPassedOnAlone) {
  STRCMP_EQUAL("ice-audio-info: channels=2\r\n", lines({{"ice-audio-info", "channels=2"}}).c_str());
  STRCMP_EQUAL("ice-audio-info: bitrate=high\r\n",
               lines({{"ice-audio-info", "bitrate=high"}}).c_str());
  STRCMP_EQUAL("icy-br:96\r\nice-audio-info: a;bitrate=96 kbps\r\n",
               lines({{"ice-audio-info", "a;bitrate=96 kbps"}}).c_str());
}
TEST(SourceFacts, BothSpellingsOfANameAreTwoLines) {
  STRCMP_EQUAL("icy-name:a\r\nicy-name:b\r\n",
               lines({{"icy-name", "b"}, {"ice-name", "a"}}).c_str());
}
TEST(SourceFacts, TheMountsNameReplacesIceNameAlone) {
  settings.stream_name = "Mount";
  STRCMP_EQUAL("icy-name:Mount\r\nicy-name:b\r\n",
               lines({{"icy-name", "b"}, {"ice-name", "a"}}).c_str());
  STRCMP_EQUAL("", lines({}).c_str());
}
TEST(SourceFacts, OtherIceAndIcyHeadersPassVerbatimSortedByName) {
  STRCMP_EQUAL("icy-aa: x\r\nicy-zz:2\r\nicy-bb:1\r\n",
               lines({{"icy-bb", "1"}, {"ice-zz", "2"}, {"ice-aa", " x"}}).c_str());
  STRCMP_EQUAL("icy-br:96\r\n", lines({{"icy-br", "96"}}).c_str());
  STRCMP_EQUAL("icy-pub:1\r\n", lines({{"icy-pub", "1"}}).c_str());
  STRCMP_EQUAL("icy-pub:1\r\n", lines({{"ice-public", "1"}}).c_str());
  STRCMP_EQUAL("icy-pub:yes\r\n", lines({{"ice-public", "yes"}}).c_str());
}
TEST(SourceFacts, SecretsAndTheIntervalAreNotPassedOn) {
  STRCMP_EQUAL("", lines({{"ice-password", "secret"},
                          {"icy-password", "secret"},
                          {"icy-metaint", "1"},
                          {"icy-metadata", "1"},
                          {"x-audiocast-name", "n"},
                          {"x-ice-thing", "1"},
                          {"authorization", "Basic x"}})
                       .c_str());
}
TEST(SourceFacts, NoValueCanBeginANewLine) {
  STRCMP_EQUAL("icy-name:aX-Evil: 1b\r\n",
               lines({{"ice-name", std::string("a\r\nX-Evil: 1\0b", 14)}}).c_str());
}

TEST(SourceFacts, OfOneNameSentTwiceTheLastLineCounts) {
  STRCMP_EQUAL("icy-br:64\r\n", lines({{"icy-br", "128"}, {"icy-br", "64"}}).c_str());
}
TEST(SourceFacts, AnIntervalThatWouldDrownTheAudioIsNotTaken) {
  LONGS_EQUAL(256, make({{"icy-metaint", "256"}})->metaint);
  LONGS_EQUAL(16000, make({{"icy-metaint", "255"}})->metaint);
  LONGS_EQUAL(16000, make({{"icy-metaint", "-5"}})->metaint);
}
TEST(SourceFacts, OfARelayComeFromTheAnswerAndTheConfiguredServer) {
  Headers answer;
  answer.add("content-type", "audio/aac");
  answer.add("icy-name", "Up");
  answer.add("icy-metaint", "8192");
  answer.add("server", "Icecast 2.4.4");
  answer.add("user-agent", "none");
  answer.add("x-other", "1");
  const auto facts =
      make_relay_facts(answer, settings, SourcePeer{"radio.example", WallTime(5s), SteadyTime(7s)});
  CHECK(facts->relayed);
  CHECK(!facts->shoutcast);
  STRCMP_EQUAL("audio/aac", facts->content_type.c_str());
  STRCMP_EQUAL("radio.example", facts->source_ip.c_str());
  STRCMP_EQUAL("radio.example", facts->stats.at("source_ip").c_str());
  STRCMP_EQUAL("Up", facts->stats.at("server_name").c_str());
  LONGS_EQUAL(0, facts->stats.count("user_agent"));
  LONGS_EQUAL(8192, facts->metaint);
  STRCMP_EQUAL("icy-name:Up\r\n", facts->listener_headers.c_str());
  STRCMP_EQUAL("audio/mpeg", make_relay_facts(Headers(), settings, {})->content_type.c_str());
}

TEST(SourceFacts, WhatBeginsWithAHostIsALinkToIt) {
  for (const char* link : {"http://x", "HTTPS://radio.example.org/?a=1"})
    STRCMP_EQUAL(link, web_link(link).c_str());
  for (const char* text : {"www.example.org", "Example.ORG:8000/a?b#c", "a-1.b.example/x:y"})
    STRCMP_EQUAL((std::string("http://") + text).c_str(), web_link(text).c_str());
  for (const char* text : {"", "javascript:alert(1)", "example.org:alert(1)", "data:text/html,x.yz",
                           "//evil.example/x", "/a.html", "radio", "1.5", "192.0.2.7", "a..example",
                           ".example", "a b.example", "user@a.example"})
    STRCMP_EQUAL("", web_link(text).c_str());
}
