// What the cluster is asked about a listener of this node, and what its answer does: 302 to another
// server, the mount here, or a refusal.  For every stage that may send a listener elsewhere.
// Thread: the connection's worker; the cluster is asked on control.
// Source: doc/redirects.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/topology/redirect_answer.h"
#include "base/unique_function.h"
#include "http/connection.h"

namespace lb {

struct Arrival;
struct ClusterFacts;
struct Network;
struct RedirectAsk;
struct Worker;

// A listener's question, from a request for `mount`.
RedirectAsk make_redirect_ask(const Network& network, Connection& connection,
                              const std::string& mount, const ClusterFacts& facts);

// What the cluster has answered.  kNext: it is served here.
Verdict act_on(Connection& connection, const RedirectAnswer& answer);
// Does what the cluster has answered about a request that waited for it, if it is still there.
void carry_out(Worker& worker, std::uint64_t connection, const RedirectAnswer& answer);

// A listener that this node cannot serve: 302 to a master of ours that has the mount, once; else
// 503 with this X-Reason; otherwise() where no master is known to have it, or a server asks.
void answer_unserved(Worker& worker, Connection& connection, std::string_view reason,
                     UniqueFunction<void(Connection&)> otherwise);
// Where it would go; `then` is called later on its worker, if the connection is still there.
void ask_way_back(Worker& worker, Connection& connection,
                  UniqueFunction<void(Connection&, const RedirectAnswer&)> then);
// REQUIRES: answer.kind is kRedirect
void redirect_to(Connection& connection, const RedirectAnswer& answer);

// Without a token no listener is served here (<token require="hard">), and this listener has none.
bool lacks_token(const Network& network, Connection& connection);

// The listener's stream begins here, or only the listener is to blame that it does not: the
// redirect that has led here is confirmed, once.
void note_arrival(const Network& network, Arrival& arrival);

}  // namespace lb
