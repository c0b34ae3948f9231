#include "stream/source/source_facts.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "http/stream_type.h"

namespace lb {
namespace {

constexpr std::uint64_t kLeastMetaint = 256;

// The first header that is present wins.
struct StatRow {
  std::string_view key;
  std::array<std::string_view, 4> headers;
  std::string_view otherwise;  // "": the stat is absent
};
constexpr auto kStatRows = std::to_array<StatRow>({
    {"server_name", {"ice-name", "icy-name", "x-audiocast-name"}, kUnspecifiedName},
    {"server_description",
     {"ice-description", "icy-description", "x-audiocast-description"},
     kUnspecifiedDescription},
    {"server_url", {"ice-url", "icy-url", "x-audiocast-url"}, ""},
    {"genre", {"ice-genre", "icy-genre", "x-audiocast-genre"}, kUnspecifiedGenre},
    {"bitrate", {"ice-bitrate", "icy-br", "x-audiocast-bitrate"}, ""},
    {"public", {"ice-public", "icy-pub", "x-audiocast-public", "icy-public"}, "0"},
});

std::string integer_text(std::string_view text) {
  int value = 0;
  text = trim(text);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::to_string(value);
}

// "ice-samplerate=44100;ice-channels=2": each pair is a stat.
void add_audio_info(std::string_view info, std::map<std::string, std::string>& stats) {
  for (std::string_view pair : split(info, ';')) {
    const std::size_t at = pair.find('=');
    if (at == std::string_view::npos || at == 0) continue;
    const std::string key(trim(pair.substr(0, at)));
    const std::string_view raw = trim(pair.substr(at + 1));
    if (raw.empty()) continue;
    stats[key] = clean_utf8(percent_decode(raw, false).value_or(std::string(raw)));
  }
}

// Icecast finds "bitrate=" anywhere, also inside "ice-bitrate=".
std::string_view bitrate_in(std::string_view info) {
  const std::size_t at = info.find("bitrate=");
  if (at == std::string_view::npos) return {};
  const std::string_view rest = info.substr(at + 8);
  return rest.substr(0, std::min(rest.size(), rest.find_first_not_of("0123456789")));
}

// Control characters are removed, so that a header cannot add lines or control a terminal.
void add_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name);
  for (const char c : value)
    if (c == '\t')
      out.push_back(' ');
    else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)
      out.push_back(c);
  out.append("\r\n");
}

std::string headers_for_listeners(const Headers& said) {
  std::string lines;
  if (const std::string* info = said.find("ice-audio-info")) {
    if (const auto rate = bitrate_in(*info); !rate.empty()) add_line(lines, "icy-br:", rate);
    add_line(lines, "ice-audio-info: ", *info);
  }
  auto headers = said.all();
  std::stable_sort(headers.begin(), headers.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto row = headers.begin(); row != headers.end(); ++row) {
    const auto& [name, value] = *row;
    // Of repeated headers the last one counts: Icecast itself sends relays two icy-br.
    if (const auto next = std::next(row); next != headers.end() && next->first == name) continue;
    if (!name.starts_with("ice-") && !name.starts_with("icy-")) continue;
    if (name == "ice-password" || name == "icy-password" || name == "icy-metaint" ||
        name == "ice-audio-info" || name == "icy-metadata")
      continue;
    const std::string_view rest = std::string_view(name).substr(4);
    if (rest == "bitrate")
      add_line(lines, "icy-br:", value);
    else if (rest == "public")
      add_line(lines, "icy-pub:", value);
    else
      add_line(lines, cat({"icy-", rest, ":"}), value);
  }
  return lines;
}

std::shared_ptr<SourceFacts> facts_of(const Headers& said, const MountSettings& settings,
                                      const SourcePeer& peer, std::string_view user_agent) {
  auto facts = std::make_shared<SourceFacts>();
  facts->content_type = said.get("content-type", "audio/mpeg");
  if (facts->content_type == "application/x-ogg") facts->content_type = "application/ogg";
  facts->plugin = &framer_for(facts->content_type);
  facts->source_ip = peer.ip;
  facts->user_agent = clean_utf8(user_agent);
  facts->started_wall = peer.wall;
  facts->started = peer.steady;

  const std::string_view charset =
      settings.charset.empty() ? "ISO-8859-1" : std::string_view(settings.charset);
  auto& stats = facts->stats;
  for (const StatRow& row : kStatRows) {
    std::string value(row.otherwise);
    for (std::string_view name : row.headers) {
      if (name.empty()) continue;
      if (const std::string* sent = said.find(name)) {
        value = clean_utf8(*sent, charset);
        break;
      }
    }
    if (!value.empty()) stats[std::string(row.key)] = std::move(value);
  }
  stats["public"] = integer_text(stats["public"]);
  if (const std::string* info = said.find("ice-audio-info")) {
    stats["audio_info"] = clean_utf8(*info, charset);
    add_audio_info(*info, stats);
  }
  // A link such as javascript: must not become the link of a station's page.
  if (const auto url = stats.find("server_url"); url != stats.end()) {
    url->second = web_link(url->second);
    if (url->second.empty()) stats.erase(url);
  }
  stats["server_type"] = clean_utf8(facts->content_type);
  if (!facts->user_agent.empty()) stats["user_agent"] = facts->user_agent;
  stats["source_ip"] = facts->source_ip;

  if (facts->plugin->icy_metadata) {
    facts->metaint = 16000;
    // Listeners get the source's own interval, unless the blocks would outweigh the audio.
    if (const auto sent = parse_u64(said.get("icy-metaint"));
        sent && *sent >= kLeastMetaint && *sent < (1u << 24))
      facts->metaint = static_cast<unsigned>(*sent);
  }
  facts->listener_headers = headers_for_listeners(said);
  facts->ice_name = said.find("ice-name") != nullptr;
  return facts;
}

}  // namespace

std::string web_link(std::string_view text) {
  if (istarts_with(text, "http://") || istarts_with(text, "https://")) return std::string(text);
  std::string_view host = text.substr(0, text.find_first_of("/?#"));
  if (const std::size_t at = host.find(':'); at != std::string_view::npos) {
    if (!parse_u64(host.substr(at + 1))) return {};
    host = host.substr(0, at);
  }
  // At least two parts, and the last one is no number.
  const std::size_t dot = host.rfind('.');
  if (dot == std::string_view::npos || dot + 2 >= host.size() || host.front() == '.' ||
      host.find("..") != std::string_view::npos || !is_plain_text(host, "-.") ||
      !std::ranges::all_of(host.substr(dot + 1), is_alphabetic))
    return {};
  return cat({"http://", text});
}

std::string listener_lines(const SourceFacts& facts, const MountSettings& settings) {
  constexpr std::string_view kName = "icy-name:";
  const std::string& said = facts.listener_headers;
  if (!facts.ice_name || !settings.stream_name) return said;
  std::size_t begin = 0;
  while (begin < said.size() && said.compare(begin, kName.size(), kName) != 0)
    begin = said.find('\n', begin) + 1;
  if (begin >= said.size()) return said;
  std::string lines = said.substr(0, begin);
  add_line(lines, kName, *settings.stream_name);
  return lines.append(said, said.find('\n', begin) + 1);
}

ResponseHead listener_head(const SourceFacts& facts, const MountSettings& settings) {
  ResponseHead head;
  head.content_type = facts.content_type;
  head.mount_http_headers = settings.http_headers;
  head.extra = listener_lines(facts, settings) + stream_header_lines(facts.content_type);
  return head;
}

unsigned listener_metaint(const SourceFacts& facts, const MountSettings& settings) {
  return facts.plugin->icy_metadata && settings.metaint >= 0
             ? static_cast<unsigned>(settings.metaint)
             : facts.metaint;
}

std::shared_ptr<const SourceFacts> make_source_facts(const Request& request,
                                                     const MountSettings& settings,
                                                     const SourcePeer& peer) {
  auto facts = facts_of(request.headers, settings, peer, request.headers.get("user-agent"));
  facts->shoutcast = request.protocol == Protocol::kIcy;
  facts->login = peer.login;
  return facts;
}

std::shared_ptr<const SourceFacts> make_relay_facts(const Headers& answer,
                                                    const MountSettings& settings,
                                                    const SourcePeer& peer) {
  auto facts = facts_of(answer, settings, peer, "");
  facts->relayed = true;
  facts->passed = peer.passed;
  if (peer.on_demand) facts->stats["on_demand"] = "1";
  return facts;
}

}  // namespace lb
