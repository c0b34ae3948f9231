#include "admin/page/player_page.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "admin/page/builtin.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"
#include "http/message.h"
#include "media/metadata.h"

namespace lb {
namespace {

// The longest shown name or title in bytes.
constexpr std::size_t kLongestPageText = 1000;

std::string safe(std::string_view text) {
  return html_escape(cut_utf8(clean_utf8(text), kLongestPageText));
}

std::string stream_path(std::string_view mount) { return html_escape(percent_encode(mount, true)); }

std::string data(std::string_view name, std::string_view text) {
  return cat({" data-", name, "=\"", html_escape(text), "\""});
}

std::string_view format_of(std::string_view type) {
  if (type == "audio/mpeg") return "MP3";
  if (type == "audio/aac" || type == "audio/aacp") return "AAC";
  if (type == "audio/ogg" || type == "application/ogg") return "Ogg";
  if (type == "audio/webm") return "WebM";
  return type;
}

std::string option(const PlayerStream& stream) {
  std::string label(format_of(stream.type));
  if (label.empty()) label = stream.mount;
  if (parse_u64(stream.kbps)) label += cat({" ", stream.kbps, " kbit/s"});
  return cat({"<option value=\"", stream_path(stream.mount), "\" data-type=\"", safe(stream.type),
              "\">", safe(label), "</option>\n"});
}

// The preview that search engines and messengers show for the page's address.
std::string preview(const PlayerFacts& facts, const std::string& name) {
  const std::string about = safe(facts.about.empty() ? facts.genre : facts.about);
  const auto meta = [](std::string_view key, std::string_view of, std::string_view text) {
    return cat({"<meta ", key, "=\"", of, "\" content=\"", text, "\"/>\n"});
  };
  std::string out = meta("name", "description", about.empty() ? name : cat({name, ": ", about}));
  out += meta("property", "og:type", "music.radio_station") + meta("property", "og:title", name);
  if (!about.empty()) out += meta("property", "og:description", about);
  const std::size_t path = facts.address.find('/', facts.address.find("://") + 3);
  if (!facts.logo.empty() && path != std::string::npos)
    out += meta("property", "og:image",
                html_escape(facts.address.substr(0, path)) + stream_path(facts.logo));
  return out;
}

std::string oembed_link(const PlayerFacts& facts, const std::string& name) {
  return cat(
      {"<link rel=\"alternate\" type=\"application/json+oembed\" href=\"",
       html_escape(cat({kOembedPath, "?format=json&url=", percent_encode(facts.address, false)})),
       "\" title=\"", name, "\"/>\n"});
}

std::string head(const PlayerFacts& facts, const std::string& name, const PlayerTexts& texts) {
  return cat({"<!DOCTYPE html>\n<html lang=\"", texts.language,
              "\">\n<head>\n<meta charset=\"utf-8\"/>\n<title>", name, " - ", texts.page,
              "</title>\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
              "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
              "<link rel=\"stylesheet\" href=\"/_lb/player.css\"/>\n",
              preview(facts, name),
              facts.sheet.empty()
                  ? std::string()
                  : cat({"<link rel=\"stylesheet\" href=\"", html_escape(facts.sheet), "\"/>\n"}),
              "<link rel=\"icon\" type=\"image/png\" href=\"/icecast.png\"/>\n",
              facts.offers_frame ? oembed_link(facts, name) : std::string(),
              "<script src=\"/_lb/player.js\" defer=\"defer\"></script>\n</head>\n"});
}

std::string controls(const PlayerFacts& facts, const PlayerTexts& texts) {
  std::string out =
      cat({"<div id=\"controls\" hidden=\"hidden\">\n"
           "<button id=\"play\" type=\"button\" title=\"",
           html_escape(texts.keys), "\">", texts.play,
           "</button>\n<span id=\"loudness\"><input id=\"volume\" type=\"range\" min=\"0\" "
           "max=\"100\" step=\"5\" value=\"100\" aria-label=\"",
           texts.volume, "\"/>\n<button id=\"mute\" type=\"button\" aria-pressed=\"false\">",
           texts.mute, "</button></span>\n<label id=\"qualities\">", texts.quality,
           " <select id=\"quality\">\n"});
  for (const PlayerStream& stream : facts.streams) out += option(stream);
  return out += "</select></label>\n</div>\n";
}

std::string extras(const PlayerTexts& texts) {
  std::string out =
      cat({"<div id=\"extras\" hidden=\"hidden\">\n<button id=\"share\" type=\"button\">",
           texts.share, "</button>\n<label>", texts.sleep,
           " <select id=\"sleep\">\n<option value=\"0\">", texts.never, "</option>\n"});
  for (const std::string_view minutes : {"15", "30", "60", "90"})
    out += cat({"<option value=\"", minutes, "\">", minutes, " ", texts.minutes, "</option>\n"});
  return out += "</select></label>\n</div>\n";
}

std::string past_controls(const PlayerTexts& texts) {
  const auto button = [](std::string_view id, std::string_view text, std::string_view label) {
    return cat({"<button id=\"", id, "\" type=\"button\"",
                label.empty() ? std::string() : cat({" title=\"", label, "\""}), ">", text,
                "</button>\n"});
  };
  return cat({"<div id=\"past\" hidden=\"hidden\">\n", button("far", "−10 min", texts.far_back),
              button("back", "−30 s", texts.back), button("live", texts.live, {}),
              "<span id=\"behind\"></span>\n<input id=\"bar\" type=\"range\" min=\"0\" step=\"1\" "
              "aria-label=\"",
              html_escape(texts.place), "\"/>\n</div>\n<p id=\"stopped\" hidden=\"hidden\">",
              button("resume", texts.resume, {}), "</p>\n"});
}

std::string links(const PlayerFacts& facts) {
  if (facts.links.empty()) return {};
  std::string out = "<footer class=\"links\">\n";
  for (const PageLink& link : facts.links)
    out += cat({"<a href=\"", html_escape(link.url), "\" rel=\"noopener\"",
                facts.embedded ? " target=\"_blank\"" : "", ">", safe(link.name), "</a>\n"});
  return out += "</footer>\n";
}

// Two hexadecimal digits → 0 to 1, linear light.
double linear(std::string_view digits) {
  unsigned level = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), level, 16);
  const double value = level / 255.0;
  return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}

constexpr std::uint64_t kFrameWidth = 640, kFrameHeight = 180;
constexpr std::size_t kLongestHost = 255;

struct EmbedFrame {
  std::string name, provider, html;
  std::uint64_t width, height;
};

std::uint64_t at_most(std::uint64_t usual, std::uint64_t most) {
  return most == 0 ? usual : std::min(usual, most);
}

EmbedFrame embed_frame(const PlayerAddress& page, std::string_view name, OembedLimits most) {
  EmbedFrame frame{clean_utf8(name),
                   cat({page.scheme, "://", page.host, "/"}),
                   {},
                   at_most(kFrameWidth, most.width),
                   at_most(kFrameHeight, most.height)};
  frame.html = cat({"<iframe src=\"", html_escape(to_text(page)),
                    "?embed=1\" width=\"100%\" "
                    "height=\"",
                    frame.height, "\" title=\"", html_escape(frame.name),
                    "\" style=\"border:0\" allow=\"autoplay\"></iframe>"});
  return frame;
}

}  // namespace

std::string colour_sheet(std::string_view colour) {
  const double luminance = 0.2126 * linear(colour.substr(1, 2)) +
                           0.7152 * linear(colour.substr(3, 2)) +
                           0.0722 * linear(colour.substr(5, 2));
  // Black and white have the same contrast there: 1.05 / (l + 0.05) = (l + 0.05) / 0.05.
  constexpr double kEven = 0.17912878474779;
  return cat({":root { --brand: ", colour,
              "; --on-brand: ", luminance > kEven ? "#000000" : "#ffffff", "; }\n"});
}

std::string player_page(const PlayerFacts& facts, const PlayerTexts& texts) {
  const std::string& mount = facts.streams.front().mount;
  const std::string name = safe(facts.name.empty() ? mount : facts.name);
  const std::string path = stream_path(mount);
  std::string out = head(facts, name, texts);
  out += cat({"<body", facts.embedded ? " class=\"embed\"" : "", ">\n<main"});
  out += data("page", texts.page) + data("play", texts.play) + data("pause", texts.pause) +
         data("connecting", texts.connecting) + data("lost", texts.lost) +
         data("format", texts.format) + data("gone", texts.gone) + data("off", texts.off_air) +
         data("login", texts.login) + data("closed", texts.closed) + data("full", texts.full) +
         data("busy", texts.busy) + data("copied", texts.copied) + data("now", facts.now);
  if (!facts.past) out += data("past", "0");
  out += ">\n";
  if (!facts.logo.empty())
    out += cat({"<img id=\"logo\" src=\"", stream_path(facts.logo), "\" alt=\"\"/>\n"});
  out += cat({"<h1 dir=\"auto\">", name, "</h1>\n"});
  if (!facts.embedded && !(facts.about.empty() && facts.genre.empty()))
    out += cat({"<p class=\"about\"><span dir=\"auto\">", safe(facts.about), "</span>",
                facts.about.empty() || facts.genre.empty() ? "" : " · ", "<span dir=\"auto\">",
                safe(facts.genre), "</span></p>\n"});
  out += cat({"<p id=\"title\" dir=\"auto\">", safe(facts.title),
              "</p>\n<p id=\"artist\" dir=\"auto\"></p>\n"
              "<p id=\"said\" aria-live=\"polite\"></p>\n"});
  if (facts.needs_login) out += cat({"<p class=\"login\">", texts.login, "</p>\n"});
  out += cat({"<audio controls=\"controls\" preload=\"none\" src=\"", path, "\" aria-label=\"",
              name, "\"></audio>\n"});
  out += controls(facts, texts) + past_controls(texts);
  out += cat({"<p id=\"status\" role=\"status\">", facts.on_air ? "" : texts.off_air, "</p>\n"});
  out +=
      cat({"<section id=\"played\" hidden=\"hidden\"><h2>", texts.played,
           "</h2><ol></ol></section>\n", extras(texts), "<p><a target=\"_blank\" href=\"", path,
           ".m3u\">", texts.playlist, "</a></p>\n", links(facts), "</main>\n</body>\n</html>\n"});
  return out;
}

std::optional<PlayerFile> player_file(std::string_view path) {
  if (path == "/_lb/player.js")
    return PlayerFile{builtin_file("admin/player/player.js")->bytes,
                      "text/javascript; charset=utf-8"};
  if (path == "/_lb/player.css")
    return PlayerFile{builtin_file("admin/player/player.css")->bytes, "text/css; charset=utf-8"};
  return std::nullopt;
}

bool is_plain_host(std::string_view host) noexcept {
  return !host.empty() && host.size() <= kLongestHost && is_plain_text(host, ".-_:[]");
}

std::optional<PlayerAddress> parse_player_address(std::string_view url) {
  PlayerAddress address;
  address.scheme = istarts_with(url, "https://") ? "https" : "http";
  if (!istarts_with(url, address.scheme + "://")) return std::nullopt;
  url.remove_prefix(address.scheme.size() + 3);
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t slash = url.find('/');
  if (slash == std::string_view::npos || !is_plain_host(url.substr(0, slash))) return std::nullopt;
  address.host = url.substr(0, slash);
  const auto path = percent_decode(url.substr(slash), false);
  if (!path || !path->starts_with(cat({kPlayerPath, "/"}))) return std::nullopt;
  address.mount = path->substr(kPlayerPath.size());
  return address;
}

std::string to_text(const PlayerAddress& address) {
  return cat(
      {address.scheme, "://", address.host, kPlayerPath, percent_encode(address.mount, true)});
}

std::string oembed_json(const PlayerAddress& page, std::string_view name, OembedLimits most) {
  const EmbedFrame frame = embed_frame(page, name, most);
  JsonWriter json;
  json.begin_object().key("version").text("1.0").key("type").text("rich");
  json.key("title").text(frame.name);
  json.key("provider_name").text(page.host).key("provider_url").text(frame.provider);
  json.key("html").text(frame.html);
  json.key("width").number(frame.width).key("height").number(frame.height);
  return json.end_object().take();
}

std::string oembed_xml(const PlayerAddress& page, std::string_view name, OembedLimits most) {
  const EmbedFrame frame = embed_frame(page, name, most);
  return cat(
      {"<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n<oembed>"
       "<version>1.0</version><type>rich</type><title>",
       escape_markup(frame.name), "</title><provider_name>", page.host,
       "</provider_name><provider_url>", frame.provider, "</provider_url><html>",
       escape_markup(frame.html), "</html><width>", frame.width, "</width><height>", frame.height,
       "</height></oembed>\n"});
}

}  // namespace lb
