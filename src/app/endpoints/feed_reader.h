// The reader of a lasting feed (/admin/events, /api/v1/live, STATS; titles): its answer, and the
// state of its request that outlives the connection.
//
// Thread: the connection's worker; the result of feed_reader() may be called on any thread, once.
#pragma once

#include <string>
#include <string_view>

#include "admin/feed/followers.h"
#include "http/message.h"

namespace lb {

class Connection;
class Transport;
struct Runtime;
struct Worker;

// Takes over the request's place among the clients.  The returned call releases the place and
// writes the access log.
Followers::Ended feed_reader(Worker& worker, Connection& connection);
// Of server-sent events.
ResponseHead feed_head();
// cross_origin: pages of other sites may read it.
std::string feed_head_text(const Runtime& runtime, bool cross_origin = false);
// Writes a 503 at once: its few bytes always fit an empty socket buffer.
void refuse_feed_reader(const Runtime& runtime, Transport& transport, std::string_view type,
                        std::string_view body);

}  // namespace lb
