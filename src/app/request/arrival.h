// The redirect that has led a listener here: whether there is one, and that it is confirmed.
// arrival_stage() has read it from the request.
// Thread: the connection's worker.
// Source: doc/redirects.md.
#pragma once

#include "http/connection.h"

namespace lb {

struct Arrival;
struct Network;

// Without a token no listener is served here (<token require="hard">), and this listener has none.
bool lacks_token(const Network& network, Connection& connection);

// The listener's stream begins here, or only the listener is to blame that it does not: the
// redirect that has led here is confirmed, once.
void note_arrival(const Network& network, Arrival& arrival);

}  // namespace lb
