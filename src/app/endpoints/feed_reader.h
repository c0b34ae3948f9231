// The reader of a feed that lasts (/admin/events, /api/v1/live): what its request leaves behind
// when its connection goes to the feed, and what it is answered.
//
// Thread: the connection's worker; what feed_reader() returns may be called anywhere, once.
#pragma once

#include <string>
#include <string_view>

#include "admin/feed/followers.h"

namespace lb {

class Connection;
class Transport;
struct Runtime;
struct Worker;

// Takes the place of the request among the clients; the call gives it back and writes the access
// log.
Followers::Ended feed_reader(Worker& worker, Connection& connection);
// 200 or 503.
std::string feed_reply_head(const Runtime& runtime, int status);
// Nothing of a refusal's few bytes can be in the way of an empty socket buffer.
void refuse_feed_reader(const Runtime& runtime, Transport& transport, std::string_view why);

}  // namespace lb
