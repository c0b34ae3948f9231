// SwitchService: answers switches and load balancers without HTTP: datagrams at the ports of the
// listen sockets (<cluster><udp>), and the line for HAProxy's agent-check (<cluster><agent>).
// While the node drains, the datagram ports are closed.
// Thread: control; bind() before the loops start, and before privileges are dropped.
// Ownership: Server.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/services/listen_sockets.h"
#include "net/socket/datagram_port.h"
#include "net/socket/line_port.h"

namespace lb {

struct Config;
struct Traffic;

class SwitchService {
 public:
  explicit SwitchService(Traffic& traffic);

  // Failures are logged; the server goes on without these ports.
  void bind(const Config& config, const ListenSockets& sockets);
  // For a hand-over: copies for the next process; take(), before bind(): the former process's
  // sockets.
  std::vector<ListenSockets::Handed> share() const;
  void take(std::vector<ListenSockets::Handed> handed) { handed_ = std::move(handed); }
  void begin();
  // Applies a reload.
  void apply(const Config& config, const ListenSockets& sockets, ListenSockets::Attempt attempt);

 private:
  struct Datagrams {
    std::string address;
    int port = 0;
    std::unique_ptr<DatagramPort> socket;
  };
  void open_datagrams(const std::string& address, int port);
  // Invalid: the former process had no socket of this kind (SOCK_…) there.
  UniqueFd take_handed(int kind, const std::string& address, int port);
  void start(Datagrams& datagrams);
  void start_agent();
  void shut(bool shut);

  Traffic& traffic_;
  bool begun_ = false;
  std::vector<ListenSockets::Handed> handed_;
  std::vector<Datagrams> datagrams_;
  std::set<std::pair<std::string, int>> failed_;  // addresses and ports whose failure is logged
  std::string agent_address_;
  int agent_port_ = 0;
  std::unique_ptr<LinePort> agent_;
};

}  // namespace lb
