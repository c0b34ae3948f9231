#include "admin/page/oembed.h"

#include <algorithm>

#include "admin/page/player_page.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"
#include "http/message.h"
#include "media/metadata.h"

namespace lb {
namespace {

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
