// AddressTrial: checks that the node itself answers at its public address.  The master sends the
// node a question and its answer over the link (PROVE).  Once the PROVE can have arrived, it
// connects to the address as a listener does, and asks the question there.
//
// After a wrong answer the address is not used until a later trial proves it: it may be the address
// of another server, or the PROVE was retransmitted and came seconds after the question.  Without
// any answer the address is used, and this is logged: a master need not reach all addresses that
// listeners reach (a NAT that does not loop back).  Only addresses that the configuration allows to
// the node are asked, always by the same request.
// ProofList: the announced questions, at the node.
//
// Source: doc/link.md.
// Thread: control.
// Ownership: app/cluster/node_links; of ProofList app/cluster/master_links.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cluster/link/frame.h"
#include "http/client.h"

namespace lb {

class AddressTrial {
 public:
  // The link over which a node announced an address and got the question.  A newer link announces
  // the address again; a PROVE is lost with its link.
  struct Announcer {
    std::string node;
    std::uint64_t link = 0;
  };
  // Whether the node itself answers there; an error: no server does.
  using Tried = std::function<void(const Announcer&, const NodeAddress&, const Result<bool>&)>;
  AddressTrial(Connector& connector, Tried tried);
  ~AddressTrial();

  // The frame for the node. round_trip: of its link; the node has the frame after that time.
  ProveFrame begin(Announcer by, const NodeAddress& address,
                   std::chrono::milliseconds round_trip = {});

 private:
  struct Trial {
    Announcer by;
    NodeAddress address;
    ProveFrame proof;
    std::chrono::milliseconds round_trip{0};
    bool again = false;  // this is the second attempt
    std::unique_ptr<Client> client;
    std::unique_ptr<Timer> timer;
  };
  void ask(std::uint64_t number, Trial& trial);
  void ask_after(std::uint64_t number, Trial& trial, std::chrono::milliseconds pause);
  void ended(std::uint64_t number, Result<ClientAnswer> answer);
  Connector& connector_;
  Tried tried_;
  std::map<std::uint64_t, Trial> trials_;
  std::uint64_t next_ = 1;
};

class ProofList {
 public:
  static constexpr std::size_t kMaxRows = 64;
  static constexpr std::chrono::seconds kLifetime{10};
  void remember(const ProveFrame& proof, SteadyTime now);
  std::string answer(std::string_view ask, SteadyTime now) const;  // "": none

 private:
  struct Row {
    ProveFrame proof;
    SteadyTime since;
  };
  std::deque<Row> rows_;
};

}  // namespace lb
