// AddressTrial: is it the node that answers at its public address?  The master tells the node, over
// the link, a question and its answer (PROVE), and asks the question there, as a listener would
// come.
//
// Another answer, or another server: the address is not used.  No answer: it is used, and the log
// says so: a master need not be able to reach what listeners reach (a NAT that does not loop back).
// Only addresses that the configuration allows to the node are asked; the request is always the
// same. ProofBook: the questions that were announced to this node.
//
// Source: doc/link.md.
// Thread: control.  Ownership: ClusterLinks.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "cluster/frame.h"
#include "http/body_client.h"

namespace lb {

class AddressTrial {
 public:
  // Called when somebody else answers there.
  using Refused =
      std::function<void(const std::string& node, const NodeAddress&, const std::string& why)>;
  AddressTrial(Connector& connector, Log& log, Refused refused);
  ~AddressTrial();

  // What the node has to be told.
  ProveFrame begin(const std::string& node, const NodeAddress& address);

 private:
  struct Trial {
    std::string node;
    NodeAddress address;
    ProveFrame proof;
    bool again = false;  // asked for the second time
    std::unique_ptr<BodyClient> client;
    std::unique_ptr<Timer> timer;
  };
  void ask(std::uint64_t number, Trial& trial);
  void ended(std::uint64_t number, Result<FetchedBody> answer);
  Connector& connector_;
  Log& log_;
  Refused refused_;
  std::map<std::uint64_t, Trial> trials_;
  std::uint64_t next_ = 1;
};

class ProofBook {
 public:
  static constexpr std::size_t kMost = 64;
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
