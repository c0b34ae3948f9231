// Station: what an admin command may ask of the running server.  The admin floor owns this
// interface; app/ implements it over the stream floor, tests implement it with a few vectors.
//
// Thread: control loop only, calls and callbacks alike.
// Callbacks: each is called exactly once, on the control loop, perhaps before the call returns;
// or destroyed uncalled when the server stops.  They own all that they need.
// Text: bytes as they came from outside; whoever prints them makes them safe.
// Order: lists may come in any order; the commands sort.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/stats_tree.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "cluster/balancer.h"
#include "cluster/frame.h"
#include "cluster/report_desk.h"

namespace lb {

// A mount command needs kRunning or kIdle (an on-demand relay that waits for a listener);
// kStopped is "Source is not available", kUnknown is "Source does not exist".
enum class MountState : std::uint8_t { kUnknown, kStopped, kIdle, kRunning };

struct MountRow {
  std::string mount;
  std::string fallback;       // "": none
  std::string authenticator;  // "htpasswd", "url"; "": none
  std::string content_type;   // "": not running
  std::uint64_t listeners = 0;
  std::optional<std::uint64_t> listeners_local{};  // of a cluster's `listeners`, those here
  std::optional<std::uint64_t> connected_seconds;  // nullopt: an idle relay or a file
  MountState state = MountState::kRunning;
  bool hidden = false;
  bool fallback_runs = false;  // stopped itself, but a mount of its fallback chain plays
};

struct ListenerRow {
  std::uint64_t id = 0;  // unique over the life of the process, rising
  std::string ip;
  std::string user_agent;  // "": none sent
  std::string username;    // "": none
  std::string referer;     // "": none sent
  std::uint64_t connected_seconds = 0;
  std::uint64_t lag_bytes = 0;
  std::uint64_t bytes_sent = 0;
};

// Set are either `song`, or `artist` and `title`, or none of them: then nothing changes and only
// the verdict is asked for (Icecast answers a lone title= with success and ignores it).
struct TitleRequest {
  std::optional<std::string> song;
  std::optional<std::string> artist;
  std::optional<std::string> title;
  std::optional<std::string> url;
  std::string charset;  // "": not said
  // Not empty: refuse unless the source itself comes from this address (Icecast's rule for source
  // credentials on the raw form).
  std::string only_from_ip;
};
enum class TitleVerdict : std::uint8_t {
  kDone,
  kRefused,   // the format carries its own tags, or only_from_ip does not match
  kNoSource,  // gone in between
};

struct UsersRequest {
  enum class Action : std::uint8_t { kList, kAdd, kRemove };
  Action action = Action::kList;
  std::string username;
  std::string password;
};
struct UsersAnswer {
  enum class Outcome : std::uint8_t {
    kListed,
    kAdded,
    kExists,
    kRemoved,
    kFailed,           // the reason is in the error log
    kNoAuthenticator,  // this mount has none, or one without a list of users
  };
  Outcome outcome = Outcome::kListed;
  std::vector<std::string> users;  // after the action
};

// What a node has posted.
struct NodePost {
  Address peer;
  std::string node;  // whose secret was given; "": the relay password
  std::string header, body;
};
struct NodePostAnswer {
  int status = 200;
  std::string text;
  std::string master_id;
};
// Somebody was given the list of streams.
struct ListPoll {
  Address peer;
  std::string node;
  std::string query;
  std::string agent;  // User-Agent
  bool ours = false;  // of our product
  std::vector<std::string> listed;
};

// The cluster as this node sees it; to be used at once.
struct ClusterSight {
  const NodeTable& table;
  const BalanceSettings& settings;
  std::string id;
  bool redirects = false;
  SteadyTime now{};
};
// Whom an administrator asks about.
struct ExplainAsk {
  std::string mount;
  bool https = false;
  Address client;
  std::string user_agent;
};
struct Explanation {
  Choice choice;
  PickTrace trace;
  std::string origin;   // of the chosen node, for this client; "": none
  std::string country;  // of the client; "": not known
};

// One link of this server.
struct LinkRow {
  std::string id;       // of the other side; "": not known yet
  std::string peer;     // address, or the name it is reached by
  bool master = false;  // the other side is ours
  bool up = false;
  std::uint64_t seconds = 0;  // up
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t round_trip_us = 0;   // of a master; 0: not known
  std::int64_t clock_offset_ms = 0;  // its wall clock less ours
  std::uint64_t issued = 0;          // redirects to us, as the master counts them
  std::size_t streams = 0;           // that the master offers
};
struct PassedMessage {
  MessageFrame message;
  WallTime when{};
};

// How the node shall empty itself; what is not said is as configured.
struct DrainRequest {
  std::optional<DrainMode> mode;
  std::optional<std::uint64_t> seconds;
  std::string rate;  // "": not said
  bool then_exit = false;
  std::string asked_by;
};
struct DrainStatus {
  std::string mode;  // "": it does not drain
  std::uint64_t listeners = 0;
  std::uint64_t seconds_left = 0;
};

class Station {
 public:
  template <class T>
  using Then = UniqueFunction<void(T)>;

  virtual ~Station() = default;

  // All mounts, hidden ones too.
  virtual void stats(Then<StatsDocument> then) = 0;
  // An error (of any kind) is answered 503: a short list would end relays (decisions C11).
  virtual void mounts(Then<Result<std::vector<MountRow>>> then) = 0;
  virtual MountState state_of(const std::string& mount) = 0;
  // A Shoutcast v1 source feeds the mount (only then /admin.cgi may set its title).
  virtual bool fed_by_shoutcast(const std::string& mount) = 0;

  virtual void listeners_of(const std::string& mount, Then<std::vector<ListenerRow>> then) = 0;
  virtual void kill_listener(const std::string& mount, std::uint64_t id, Then<bool> found) = 0;
  virtual void move_listeners(const std::string& from, const std::string& to,
                              Then<std::uint64_t> moved) = 0;
  virtual void kill_source(const std::string& mount) = 0;
  virtual void set_fallback(const std::string& mount, const std::string& fallback) = 0;
  virtual void set_title(const std::string& mount, TitleRequest request,
                         Then<TitleVerdict> then) = 0;
  virtual void node_posted(NodePost post, Then<NodePostAnswer> then) = 0;
  virtual void list_polled(ListPoll poll) = 0;
  virtual ClusterSight cluster() = 0;
  virtual Explanation explain(const ExplainAsk& ask) = 0;
  // Where there are no links, nothing is linked.
  virtual std::vector<LinkRow> links() { return {}; }
  virtual std::vector<PassedMessage> messages() { return {}; }
  virtual Result<void> publish(const std::string& /*topic*/, std::string /*bytes*/) {
    return Error::not_found("nothing is linked");
  }
  virtual void order(const std::string& node, CommandFrame /*command*/, Then<ResultFrame> then) {
    then({0, false, "node " + node + " is not linked"});
  }
  // An error: the request cannot be carried out, and why.
  virtual Result<void> drain(DrainRequest request) = 0;
  virtual Result<void> undrain() = 0;
  virtual DrainStatus drain_status() = 0;
  virtual void users(const std::string& mount, UsersRequest request, Then<UsersAnswer> then) = 0;
};

}  // namespace lb
