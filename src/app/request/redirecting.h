// Questions to the cluster about a listener, and the answers carried out: a 302 to another server,
// the mount here, or a refusal.  Used by every stage that may redirect a listener.
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

// The cluster's question for a listener's request of `mount`.
RedirectAsk make_redirect_ask(const Network& network, Connection& connection,
                              const std::string& mount, const ClusterFacts& facts);

// Carries out the cluster's answer.  kNext: the listener is served here.
Verdict act_on(Connection& connection, const RedirectAnswer& answer);
// Does the same for a request that waited for the answer, if it is still there.
void carry_out(Worker& worker, std::uint64_t connection, const RedirectAnswer& answer);

// Answers a listener that this node cannot serve: once 302 to a master of ours that has the mount,
// else 503 with this X-Reason; otherwise() where no master has it, or a server asks.
void answer_unserved(Worker& worker, Connection& connection, std::string_view reason,
                     UniqueFunction<void(Connection&)> otherwise);
// Asks for that master; `then` is called later on the worker, if the connection is still there.
void ask_way_back(Worker& worker, Connection& connection,
                  UniqueFunction<void(Connection&, const RedirectAnswer&)> then);
// REQUIRES: answer.kind is kRedirect
void redirect_to(Connection& connection, const RedirectAnswer& answer);

// Whether the listener lacks the token that <token require="hard"> demands.
bool lacks_token(const Network& network, Connection& connection);

// Confirms the redirect that has led here, once: the stream begins, or fails by the listener's
// fault.
void note_arrival(const Network& network, Arrival& arrival);

}  // namespace lb
