#include "audience/agents.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kReadAgent = 400;

// Part of many names, so it has to be a word of its own.
constexpr std::string_view kEcho = "echo";

// The first entry found in the agent counts, in lower case.  Players come before the engines that
// their agents name too: Chrome's agent has "Safari", and Edge's has "Chrome".
constexpr std::pair<std::string_view, std::string_view> kPlayers[] = {
    {"vlc", "VLC"},
    {"libvlc", "VLC"},
    {"winamp", "Winamp"},
    {"foobar2000", "foobar2000"},
    // It names iTunes first, for servers that would refuse it.
    {"squeezebox", "Squeezebox"},
    {"logitech media server", "Squeezebox"},
    {"itunes", "iTunes"},
    {"music/", "Apple Music"},
    {"sonos", "Sonos"},
    {"alexa", "Alexa"},
    {kEcho, "Alexa"},
    {"googlehome", "Google Home"},
    {"crkey", "Chromecast"},
    {"roku", "Roku"},
    {"tunein", "TuneIn"},
    {"radio.net", "radio.net"},
    {"radioplayer", "Radioplayer"},
    {"triode", "Triode"},
    {"replaio", "Replaio"},
    {"simpleradio", "Simple Radio"},
    {"mpd", "MPD"},
    {"music player daemon", "MPD"},
    {"mplayer", "MPlayer"},
    {"mpv", "mpv"},
    {"xine", "xine"},
    {"clementine", "Clementine"},
    {"strawberry", "Strawberry"},
    {"rhythmbox", "Rhythmbox"},
    {"gstreamer", "GStreamer"},
    {"nsplayer", "Windows Media"},
    {"windows-media-player", "Windows Media"},
    {"frontier silicon", "Frontier Silicon"},
    {"ir711", "Frontier Silicon"},
    {"exoplayer", "ExoPlayer"},
    {"media3", "ExoPlayer"},
    {"kodi/", "Kodi"},
    {"okhttp", "okhttp"},
    {"stagefright", "Android"},
    {"applecoremedia", "Apple"},
    {"cfnetwork", "Apple"},
    {"edg/", "Edge"},
    {"opr/", "Opera"},
    {"firefox/", "Firefox"},
    {"fxios", "Firefox"},
    {"samsungbrowser", "Samsung Internet"},
    {"crios", "Chrome"},
    {"chrome/", "Chrome"},
    {"safari/", "Safari"},
    {"lavf", "FFmpeg"},
    {"ffmpeg", "FFmpeg"},
    {"curl/", "curl"},
    {"wget/", "wget"},
    {"python", "Python"},
};

constexpr std::string_view kBots[] = {"bot/",        "bot)",
                                      "bot;",        "googlebot",
                                      "bingbot",     "spider",
                                      "crawler",     "slurp",
                                      "uptime",      "pingdom",
                                      "statuscake",  "nagios",
                                      "check_http",  "zabbix",
                                      "monitoring",  "prometheus",
                                      "blackbox",    "streamripper",
                                      "healthcheck", "kube-probe",
                                      "site24x7",    "facebookexternalhit"};
constexpr std::string_view kBotsLastWord = "bot";

std::string small_letters(std::string_view agent) { return to_lower(agent.substr(0, kReadAgent)); }

bool has_word(std::string_view text, std::string_view word) {
  const auto is_letter = [text](std::size_t at) {
    return at < text.size() && text[at] >= 'a' && text[at] <= 'z';
  };
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1))
    if ((at == 0 || !is_letter(at - 1)) && !is_letter(at + word.size())) return true;
  return false;
}

}  // namespace

std::string_view player_of(std::string_view agent) noexcept {
  if (trim(agent).empty()) return {};
  const std::string text = small_letters(agent);
  for (const auto& [word, name] : kPlayers)
    if (word == kEcho ? has_word(text, word) : text.find(word) != std::string::npos) return name;
  return "other";
}

bool is_player(std::string_view name) noexcept {
  return name.empty() || name == "other" ||
         std::any_of(std::begin(kPlayers), std::end(kPlayers),
                     [name](const auto& player) { return player.second == name; });
}

bool is_bot(std::string_view agent) noexcept {
  const std::string text = small_letters(trim(agent));
  if (text.ends_with(kBotsLastWord)) return true;
  return std::any_of(std::begin(kBots), std::end(kBots), [&text](std::string_view word) {
    return text.find(word) != std::string::npos;
  });
}

}  // namespace lb
