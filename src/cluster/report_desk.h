// ReportDesk: takes the reports of nodes that poll (ours without a link, patched ones, Icecast-KH,
// stock slaves) and puts what is believed of them into the NodeTable.
//
// What is refused is named in the log, at most once a second for all together: a report with a
// stranger's password, about another node, for an address that this node may not announce, of a
// run that has been replaced, older than the last one, or with numbers that cannot be.  A refused
// report changes nothing: what an honest one said before stays until it expires.
//
// What a slave carries: ours and patched ones say it.  A KH or stock slave says nothing, but pulls
// what the list names that it was given; so it is taken to carry what was already in the list
// before its newest one.
//
// Thread: control.  Ownership: app/cluster_service; the table outlives it.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "cluster/known_nodes.h"
#include "cluster/node_table.h"

namespace lb {

class ReportDesk {
 public:
  ReportDesk(NodeTable& table, Log& log) : table_(table), log_(log) {}

  // Nodes that are no longer known leave the table.
  void configure(KnownNodes known, SteadyTime now);
  const KnownNodes& known() const noexcept { return known_; }

  struct Post {
    Address peer;
    std::string_view node;  // whose secret was given; "": the relay password
    std::string_view header, body;
  };
  struct Answer {
    int status = 200;
    std::string text;
  };
  Answer take(const Post& post, SteadyTime now);

  // Somebody was given the list of streams.
  struct Poll {
    Address peer;
    std::string_view node;   // as in Post
    std::string_view query;  // perhaps KH's registration
    std::string_view agent;  // User-Agent; 2.4.4 sends none with this request
    bool ours = false;       // one of our product: it reports by posts
  };
  void polled(const Poll& poll, std::span<const std::string> listed, SteadyTime now);

  // Whether a request for a mount seems to be the relay of a server that is not ours and asked for
  // the list from there within half an hour: by the name that it had then, or, where it had none,
  // by asking with nothing but what a relay says (`bare`: neither Accept nor Range).  A listener
  // behind the same address has other habits.
  bool is_server(const Address& peer, std::string_view agent, bool bare, SteadyTime now) const;
  // The nodes that said that they enforce all of this for the mount.
  std::vector<NodeKey> enforcing(std::string_view mount, ProtectionSet needs) const;
  // Whether the node takes a token out of a request and checks it.
  bool checks_tokens(std::string_view id) const;
  void set_checks_tokens(const std::string& id, bool checks);

 private:
  struct Reporter {  // by its id in the table
    std::uint64_t seq = 0;
    std::string epoch;
    std::deque<std::string> old_epochs;  // of runs that have been replaced
    bool checks_tokens = false;
    std::string missing;  // why it gets no listeners, as logged
    SteadyTime polled_at{};
    std::chrono::milliseconds every =
        NodeReport::kDefaultEvery;    // that a stock slave seems to have
    std::vector<std::string> listed;  // what it was given last
    std::map<std::string, ProtectionSet, std::less<>> enforces;
  };
  struct Accepted {  // who a report is from
    std::string id;
    NodeLimits limits;
    BelievedAddresses believed;
  };
  Answer refuse(int status, const Address& peer, std::string why, SteadyTime now);
  Answer put(const NodeReport& report, Accepted from, Reporter& reporter, SteadyTime now);
  std::string outdated(const NodeReport& report, const Reporter& reporter, std::string_view id,
                       SteadyTime now) const;
  void registered(const NodeReport& report, Accepted from, std::span<const std::string> listed,
                  SteadyTime now);
  void remember_server(const Address& peer, std::string_view agent, SteadyTime now);
  void tell_missing(const std::string& id, const std::string& missing, Reporter& reporter);

  NodeTable& table_;
  Log& log_;
  KnownNodes known_;
  std::map<std::string, Reporter, std::less<>> reporters_;
  using Agents = std::map<std::string, SteadyTime, std::less<>>;  // when they asked last
  std::map<std::array<std::uint8_t, 16>, Agents> servers_;
  RepeatGuard refusals_;
};

}  // namespace lb
