// LinkServer: takes the connections of nodes on the <cluster-port>: TLS 1.3 by the node's secret,
// the HTTP Upgrade, then the transport is handed over with the name that the node has proved.
//
// A stranger gets no further than the handshake.  An address that has failed kMostFailures times
// within a minute is closed at once until the minute is over.  At most kMostOpenings connections
// may be on their way.  Above that a new one waits in the listen queue until the oldest has had
// kLeastTime, and then ends it: hundreds of nodes that come back together shall not throw each
// other out, and idle strangers shall not keep nodes out.  Who had to go for that has failed in
// nothing.
//
// Source: doc/link.md.
// Thread: one loop (control).  Ownership: app/cluster_links.
#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/unique_fd.h"
#include "http/message.h"
#include "net/acceptor.h"
#include "net/tls_psk.h"

namespace lb {

// GET /admin/cluster HTTP/1.1 with "Connection: Upgrade" and "Upgrade: lbedge-cluster/1".
bool asks_for_link(const Request& request);
// The answer, whole.
constexpr std::string_view kLinkSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
    "Upgrade: lbedge-cluster/1\r\n\r\n";

// How often an address may fail to prove that it is a node.
class FailureGuard {
 public:
  static constexpr std::size_t kMostFailures = 5;
  static constexpr std::chrono::seconds kWindow{60};
  static constexpr std::size_t kMostAddresses = 4096;

  bool allows(const Address& peer, SteadyTime now);
  // True: this was the one that closes the door.
  bool failed(const Address& peer, SteadyTime now);

 private:
  using Key = std::array<std::uint8_t, 16>;
  std::map<Key, std::deque<SteadyTime>> failures_;
  std::deque<Key> order_;  // of failures_, who came first
};

class LinkServer {
 public:
  static constexpr std::chrono::milliseconds kForOpening{5000};
  static constexpr std::size_t kMostOpenings = 256;
  static constexpr std::chrono::milliseconds kLeastTime{500};

  struct Doors {
    TlsPskServer::FindKey find_key;
    // A node, as what its key has proved.
    std::function<void(std::string id, std::unique_ptr<Transport>, std::string leftover)> connected;
  };
  LinkServer(Loop& loop, Log& log, std::shared_ptr<const ListenSocket> socket, Doors doors);
  ~LinkServer();

  // A node that had proved its name has failed after all (its HELLO).
  void node_failed(const std::string& id, const Address& peer, const std::string& why);

 private:
  class Opening;
  void on_ready(short events);
  bool make_room();
  void opening_done(Opening& opening);
  void stranger_failed(const Address& peer, const std::string& why);
  void say_failure(const std::string& who, const std::string& why, bool shut, unsigned held);

  Loop& loop_;
  Log& log_;
  const std::shared_ptr<const ListenSocket> socket_;
  Doors doors_;
  std::shared_ptr<const TlsPskServer> tls_;
  std::list<std::unique_ptr<Opening>> openings_;  // oldest first
  FailureGuard failures_;
  RepeatGuard guard_;
  Watch watch_;
  Timer pause_;
};

}  // namespace lb
