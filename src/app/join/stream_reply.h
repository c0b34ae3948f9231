// What a GET or HEAD of a mount that plays is answered with: the head before the stream, the head
// alone, or the two bytes that Safari asks for.
// Source: Icecast 2.4.4; what players wait for.
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

// Whether the mount is recorded, here or at other nodes: its listeners are told where they begin.
bool is_recorded(const Network& network, const Mount& mount);

// The head before the stream.  facts: of the bytes that follow; metaint: between which metadata
// comes, 0: none does.
std::string stream_head(const Network& network, const Config& config, const Mount& mount,
                        const SourceFacts& facts, const ListenAsk& ask, unsigned metaint,
                        bool has_place);
// A HEAD: the same without bytes.
void reply_head(const Network& network, Connection& connection, const Mount& mount, bool icy);
// is_safari_probe(): two bytes of the stream's type, as a part.
void reply_probe(Connection& connection, const Mount& mount);

}  // namespace lb
