// The answers to a GET or HEAD of a mount that plays: the head before the stream, the head alone,
// or the two bytes that Safari asks for.
// Source: Icecast 2.4.4; the needs of players.
// Thread: the connection's worker.
#pragma once

#include <string>

#include "http/connection.h"

namespace lb {

struct Config;
struct ListenAsk;
class Mount;
struct Network;
struct SourceFacts;

// Whether the mount is recorded, here or at other nodes: then listeners get their start's address.
bool is_recorded(const Network& network, const Mount& mount);

// The head before the stream.  facts: of the bytes that follow.  metaint: bytes between metadata
// blocks, 0 without them.
std::string stream_head(const Network& network, const Config& config, const Mount& mount,
                        const SourceFacts& facts, const ListenAsk& ask, unsigned metaint,
                        bool has_place);
// Answers a HEAD: the same head without bytes.
void reply_head(const Network& network, Connection& connection, const Mount& mount, bool icy);
// Answers is_safari_probe(): two bytes of the stream's type, as a 206.
void reply_probe(Connection& connection, const Mount& mount);

}  // namespace lb
