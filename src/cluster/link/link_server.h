// LinkServer: accepts nodes on the <cluster-port>: after TLS 1.3 by the node's secret, and the HTTP
// Upgrade, it hands the transport over with the id that the key has proved.
//
// A connection without a secret ends in the handshake.  Failures are counted by address and claimed
// id, because many nodes may share an address, and a node with a wrong secret must shut out only
// itself.  After kMaxFailures within a minute the id is refused from that address for the rest of
// the minute, unless it was linked from there before.  An address where unknown ids have failed too
// often may have kMaxOfShut openings at once.
//
// At most kMaxOpenings connections are opening.  A further one waits in the listen queue until the
// oldest opening has had kLeastTime, and then replaces it: hundreds of returning nodes must not end
// each other's connections, and idle strangers must not keep nodes out.  An opening that ends this
// way has not failed.
//
// Source: doc/link.md.
// Thread: one loop (control).
// Ownership: app/cluster/node_links.
#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/rate_limit.h"
#include "http/message.h"
#include "net/socket/acceptor.h"
#include "net/tls/tls_psk.h"

namespace lb {

// GET /admin/cluster HTTP/1.1 with "Connection: Upgrade" and "Upgrade: lbedge-cluster/1".
bool asks_for_link(const Request& request);
// The whole answer.
constexpr std::string_view kLinkSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
    "Upgrade: lbedge-cluster/1\r\n\r\n";

// FailureGuard: how often a peer may fail to prove its id. id: as claimed; "": none, or not the id
// of a node.
class FailureGuard {
 public:
  static constexpr std::size_t kMaxFailures = 5;
  static constexpr std::chrono::seconds kWindow{60};
  static constexpr std::size_t kMaxRows = 4096;

  bool allows(const Address& peer, std::string_view id, SteadyTime now) const;
  // The number of failures in this minute.
  std::size_t failed(const Address& peer, std::string_view id, SteadyTime now);
  // The id is proved: it is never again refused from this address.
  void succeeded(const Address& peer, std::string_view id);
  // The configuration has changed, so the next attempt may be right.
  void forget_failures();

 private:
  using Key = std::pair<std::array<std::uint8_t, 16>, std::string>;
  struct Row {
    std::deque<SteadyTime> failures{};
    bool known = false;  // it was linked from there
  };
  Row& row(Key key);
  std::map<Key, Row> rows_;
  std::deque<Key> order_;  // rows_ in the order of their creation
};

class LinkServer {
 public:
  static constexpr std::chrono::milliseconds kForOpening{5000};
  static constexpr std::size_t kMaxOpenings = 256;
  static constexpr std::chrono::milliseconds kLeastTime{500};
  static constexpr std::size_t kMaxOfShut = 8;

  struct Callbacks {
    TlsPskServer::FindKey find_key;
    // A node has connected; id: proved by its key.
    std::function<void(std::string id, std::unique_ptr<Transport>, std::string leftover)> connected;
  };
  LinkServer(Loop& loop, Log& log, std::shared_ptr<const ListenSocket> socket, Callbacks callbacks);
  ~LinkServer();

  // A node has been accepted.
  void node_linked(const std::string& id, const Address& peer);
  void forget_failures() { failures_.forget_failures(); }
  // A node with a proved id has failed later (its HELLO).
  void node_failed(const std::string& id, const Address& peer, const std::string& why);

 private:
  class Opening;
  void on_ready(short events);
  bool make_room();
  void make_room_of(const Address& peer);
  void opening_done(Opening& opening);
  std::optional<std::string> key_of(std::string_view id, const Address& peer);
  bool is_node(const std::string& id) const;
  // id: as claimed. proved: the peer has the secret of `id` and has failed later; a node that has
  // not proved it has a wrong secret.
  void handshake_cut(const Address& peer, const std::string& id, const std::string& why);
  void opening_failed(const Address& peer, const std::string& id, bool proved,
                      const std::string& why);
  void log_failure(const std::string& who, std::string what, std::size_t times);

  Loop& loop_;
  Log& log_;
  const std::shared_ptr<const ListenSocket> socket_;
  Callbacks callbacks_;
  std::shared_ptr<const TlsPskServer> tls_;
  std::list<std::unique_ptr<Opening>> openings_;  // oldest first
  FailureGuard failures_;
  RepeatGuard guard_;
  Watch watch_;
  Timer pause_;
};

}  // namespace lb
