// Connector: makes a connected Transport: name → addresses → connect → TLS, all within one
// deadline.
// ConnectAttempt: one such attempt.
//
// Thread: the loop given.
// Ownership: Services owns the Connector; an attempt belongs to its caller, and destroying it gives
// everything up without a call.
// Several addresses of one name are tried one after the other; each gets its share of the time
// that is left, so that one dead address does not use up all of it.
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
  // Another server has named this one (a redirect, a list): its reach.  Only addresses that it may
  // name are tried, whatever a name resolves to.  nullopt: the configuration has named it.
  std::optional<Reach> named_by = {};

  bool operator==(const ConnectTarget&) const = default;
};

using Connected = Result<std::unique_ptr<Transport>>;

// Something under way; destroying it stops it.
class Underway {
 public:
  virtual ~Underway() = default;
};

class Connector {
 public:
  using Then = UniqueFunction<void(Connected)>;
  // Shakes hands over `plain` as a client of `host`, checks the certificate against that name, and
  // calls `then` once, later on the loop.  Nothing is called after the returned thing has been
  // destroyed; the deadline is the caller's.
  using MakeTls = std::function<std::unique_ptr<Underway>(
      Loop& loop, std::unique_ptr<Transport> plain, const std::string& host, Then then)>;

  // make_tls: empty where this program knows no TLS; then a target that wants it is an error.
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
