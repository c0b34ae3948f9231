// RelayMarks: how servers that pull a stream are distinguished from listeners, and how a circle of
// relays is detected.
//
// A relay is never redirected: it would pull from a node that pulls from us, and a KH relay sends
// the relay password along.  Its marks (doc/redirects.md): a User-Agent that begins with "Icecast"
// (stock and KH), or is our own server-id (a cluster with one configuration); X-LB-Relay or
// X-LB-Pull (ours, whatever its server-id); the credentials of the relay or of a node; a foreign
// peer that lately asked for the list of streams.
//
// Circles: our request names the nodes behind it in Via, and a stream names the nodes that it has
// passed in X-LB-Path.  A node that finds itself there, or more than kMaxHops others, answers 508
// or drops the stream.  A node is named by its mark, its id and the epoch of its process, because
// servers may share a copied configuration.
// Source: RFC 9110 7.6.3 for Via.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace lb {

constexpr unsigned kMaxHops = 4;

// Judged by header lines alone: a false claim only avoids a redirect.
bool is_relay_request(const Headers& request, std::string_view own_server_id) noexcept;
// Whether our product sent the request; it marks each of its requests.
bool is_own_product(const Headers& request) noexcept;

// "X-LB-Relay: MARK\r\nVia: …, 1.1 MARK\r\n"; via: from the request that caused this one, "": none.
std::string relay_mark_lines(std::string_view mark, std::string_view via);
// "X-LB-Burst: 4000\r\n": from a relay that needs only so many bytes of the burst, because its
// listeners have heard the rest.
std::string relay_burst_line(std::uint64_t bytes);
// nullopt: not given, or a request of another product.
std::optional<std::uint64_t> burst_wanted(const Headers& request) noexcept;
// The reason why a relay's request would make a circle through the node `mark`; "": no circle.
std::string circle_in_request(const Headers& request, std::string_view mark);

// The marks of the nodes that a stream has passed; the first is where it entered.
// path_line(): "X-LB-Path: m1.9f3c21aa edge2.77e0aa01\r\n"; "" for "".
std::string path_line(std::string_view path);
std::string path_of(const Headers& answer);  // at most kMaxHops + 1 marks; "": not given
bool path_contains(std::string_view path, std::string_view mark) noexcept;
unsigned path_hops(std::string_view path) noexcept;

}  // namespace lb
