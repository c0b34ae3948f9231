// The playlists of a mount, for players that cannot be given the address itself.
// Source: Icecast 2.4.4's /mount.m3u; PLS version 2.
// Thread: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lb {

// The "host:port" for a player: the Host that it sent, if that is a valid name or address with a
// port; otherwise hostname:port of the configuration. secure: the request came by https, whose
// public port is not known here, so a name without a port is kept too.
std::string playlist_host(std::string_view host_header, std::string_view hostname, int port,
                          bool secure = false);

// text with `to` in place of `from` ("http://localhost:8000") at the beginning of each of this
// server's addresses.
std::string with_site(std::string_view text, std::string_view from, std::string_view to);

// host: "radio.example:8000"; mount: decoded, begins with '/'. Bytes that RFC 3986 does not allow
// in a path are percent-encoded.
std::string stream_address(std::string_view scheme, std::string_view host, std::string_view mount);
std::string m3u(std::string_view host, std::string_view mount, std::string_view scheme = "http");
std::string pls(std::string_view host, std::string_view mount, std::string_view scheme = "http");

// Playlists of several addresses, which are complete, encoded and in the order of preference.
std::string m3u_of(std::span<const std::string> addresses);
std::string pls_of(std::span<const std::string> addresses);
std::string xspf_of(std::span<const std::string> addresses);

inline constexpr std::string_view kXspfType = "application/xspf+xml";
inline constexpr std::string_view kM3uType = "audio/x-mpegurl";
inline constexpr std::string_view kPlsType = "audio/x-scpls";

}  // namespace lb
