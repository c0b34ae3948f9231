// Connector: makes a connected Transport: name → addresses → connect → TLS, within one deadline.
// ConnectAttempt: one such attempt.
//
// Thread: the loop given.
// Ownership: app/cluster/relay_service and each cluster/link/link_client own a Connector; an
// attempt belongs to its caller, and its destructor ends it without a call.
// Several addresses of one name are tried in turn, each for half a second; those that were silent
// then get shares of the remaining time.  So a dead one costs little, and a far one has its time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_function.h"
#include "net/address/reach.h"
#include "net/loop/loop.h"
#include "net/socket/resolver.h"
#include "net/socket/transport.h"

namespace lb {

struct ConnectTarget {
  std::string host;  // a name, or a literal address (IPv6 with or without brackets)
  std::uint16_t port = 0;
  bool tls = false;
  std::string bind_address;  // a literal address to connect from; "": the system chooses
  // The reach of another server that named this one (a redirect, a list): only addresses that it
  // may name are tried, even if the name resolves to others. nullopt: the configuration has named
  // it.
  std::optional<Reach> named_by = {};

  bool operator==(const ConnectTarget&) const = default;
};

using Connected = Result<std::unique_ptr<Transport>>;

// An operation under way; the destructor stops it.
class Underway {
 public:
  virtual ~Underway() = default;
};

class Connector {
 public:
  using Then = UniqueFunction<void(Connected)>;
  // Does the handshake over `plain` as a client of `host`, checks the certificate against that
  // name, and calls `then` once, later on the loop, unless the returned object was destroyed.  The
  // deadline is the caller's.
  using MakeTls = std::function<std::unique_ptr<Underway>(
      Loop& loop, std::unique_ptr<Transport> plain, const std::string& host, Then then)>;

  // make_tls: empty without TLS; then a target with TLS is an error.
  Connector(Loop& loop, Resolver& resolver, MakeTls make_tls = {});

  // Calls `then` once, never from inside this call.
  // Errors: "cannot be reached (…)".
  std::unique_ptr<Underway> connect(ConnectTarget target, std::chrono::milliseconds deadline,
                                    Then then);

  Loop& loop() noexcept { return loop_; }

 private:
  friend class ConnectAttempt;
  Loop& loop_;
  Resolver& resolver_;
  MakeTls make_tls_;
};

}  // namespace lb
