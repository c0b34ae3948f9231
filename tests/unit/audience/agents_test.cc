// What agents of players and of programs count as.
#include "audience/agents.h"

#include <string_view>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

void player(std::string_view expected, std::string_view agent) {
  const std::string_view found = player_of(agent);
  CHECK_TRUE_TEXT(found == expected, agent.data());
  CHECK_TRUE_TEXT(is_player(found), agent.data());
  CHECK_FALSE_TEXT(is_bot(agent), agent.data());
}

}  // namespace

TEST_GROUP(Agents){};

TEST(Agents, NamesThePlayerThatIsHeard) {
  player("", " ");
  player("other", "NotKnown/1.0");
  player(
      "Squeezebox",
      "iTunes/4.7.1 (Linux; N; Debian; x86_64-linux; EN; utf8) SqueezeCenter, Squeezebox Server, "
      "Logitech Media Server/8.3.1/1676361197");
  player("iTunes", "iTunes/12.12 (Macintosh; OS X 13.0) AppleWebKit/614.1.25");
  player("ExoPlayer", "AndroidXMedia3/1.3.1");
  player("ExoPlayer", "MyRadio/4.2 (Linux;Android 14) ExoPlayerLib/2.19.1");
  player("Kodi", "Kodi/20.2 (X11; Linux x86_64) App_Bitness/64 Version/20.2");
}

TEST(Agents, AnEchoIsAWord) {
  player("Alexa", "Echo/1.0");
  player("Alexa", "Amazon Echo Dot");
  player("Alexa", "AlexaMediaPlayer/2.1");
  player("other", "EchoesOfRadio/3.1");
  player("other", "Gecko/20100101");
  player("Alexa", "Gecko/1 Echo2");
}

TEST(Agents, BotsHaveNoListener) {
  for (const std::string_view agent :
       {"Mozilla/5.0 (compatible; Googlebot/2.1)", "TelegramBot (like TwitterBot)",
        "Mozilla/5.0 TelegramBot", "TelegramBot ", "Site24x7", "facebookexternalhit/1.1"})
    CHECK_TRUE_TEXT(is_bot(agent), agent.data());
  CHECK_FALSE(is_bot("Bottle radio/1.0"));
}
