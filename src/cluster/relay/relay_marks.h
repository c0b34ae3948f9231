// RelayMarks: how servers that pull a stream are told from listeners, and how a stream that runs in
// a circle is noticed.
//
// A relay is never redirected: it would pull from a node what the node pulls from us, and a KH
// relay sends the relay password along.  Its marks (doc/redirects.md): a User-Agent that begins
// with "Icecast" (stock and KH), or is our own server-id (a cluster of one product with one
// configuration); X-LB-Relay or X-LB-Pull (ours, whatever its server-id); the relay's or a node's
// credentials; a peer that lately asked for the list of streams without saying that it is one of
// ours.
//
// Circles: a request of ours names the nodes behind it in Via, and a stream names the nodes that it
// has passed in X-LB-Path.  A node that finds itself there, or more than kMaxHops others, answers
// 508, or drops the stream.  A node is named by its mark, its id and the epoch of its process: two
// servers with a copied configuration are not one.
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

// The header lines alone say it; a claim gives no more than service without a redirect.
bool is_relay_request(const Headers& request, std::string_view own_server_id) noexcept;
// It is one of our product, which marks each of its requests.
bool is_own_product(const Headers& request) noexcept;

// "X-LB-Relay: MARK\r\nVia: …, 1.1 MARK\r\n"; via: what came with the request that caused this one,
// "": none.
std::string relay_mark_lines(std::string_view mark, std::string_view via);
// "X-LB-Burst: 4000\r\n": of a relay whose listeners have heard what came before; it needs no more
// of the burst than this.
std::string relay_burst_line(std::uint64_t bytes);
// nullopt: a request of another product, or it does not say.
std::optional<std::uint64_t> burst_wanted(const Headers& request) noexcept;
// What is wrong with a relay's request seen from the node `mark`; "": nothing.
std::string circle_in_request(const Headers& request, std::string_view mark);

// The nodes that a stream has passed, by their marks; first the one where it entered.
std::string path_line(
    std::string_view path);  // "X-LB-Path: m1.9f3c21aa edge2.77e0aa01\r\n"; "" for ""
std::string path_of(const Headers& answer);  // at most kMaxHops + 1 of them; "": not said
bool path_contains(std::string_view path, std::string_view mark) noexcept;
unsigned path_hops(std::string_view path) noexcept;

}  // namespace lb
