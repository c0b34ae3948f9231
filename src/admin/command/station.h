// Station: the running server, or all servers of a cluster, as admin commands use them.  The admin
// floor owns this interface; app/ implements it over the stream floor, tests implement it with a
// few vectors.
//
// Thread: control loop only, calls and callbacks alike.
// Callbacks: each is called exactly once, on the control loop, perhaps before the call returns; or
// destroyed uncalled when the server stops.  They own their data.
// Text: raw bytes from outside; the printing code escapes them.
// Order: lists may come in any order; the commands sort.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/page/shoutcast_pages.h"
#include "admin/page/stats_tree.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "cluster/nodes/drain_mode.h"
#include "stream/listener/listener_row.h"
#include "stream/source/song_details.h"

namespace lb {

struct ArchiveSight;
struct ClusterSight;
struct CommandFrame;
struct ExplainAsk;
struct Explanation;
struct IngestSight;
struct ListPoll;
struct NodePost;
struct PassedMessage;
struct ResultFrame;
struct UserEdit;
struct UserEditResult;

// A mount command needs kRunning or kIdle (an on-demand relay that waits for a listener);
// kStopped is "Source is not available", kUnknown is "Source does not exist".
enum class MountState : std::uint8_t { kUnknown, kStopped, kIdle, kRunning };

// An encoder of a mount that may have several.
struct EncoderRow {
  std::uint64_t id = 0;  // for killsource
  std::string ip;
  std::string username;
  int priority = 0;
  // "writes"; of a standby "flows", "silent" (sends nothing) or "dead-air" (sends silence).
  std::string_view state;
};

struct MountRow {
  std::string mount;
  std::string fallback;                            // "": none
  std::string authenticator;                       // "htpasswd", "url"; "": none
  std::string content_type;                        // "": not running
  std::uint64_t listeners = 0;                     // the audience
  std::uint64_t relays = 0;                        // servers that relay it from here
  std::optional<std::uint64_t> listeners_local{};  // of a cluster's `listeners`, those here
  std::optional<std::uint64_t> connected_seconds;  // nullopt: an idle relay or a file
  MountState state = MountState::kRunning;
  bool hidden = false;
  bool is_file = false;                // a file that plays as fallback: no slave relays it
  bool fallback_runs = false;          // stopped itself, but a mount of its fallback chain plays
  std::vector<EncoderRow> encoders{};  // the writer first; of a mount without standbys: none
};

// All known listeners, including servers that relay the mount from here.
struct MountListeners {
  std::vector<ListenerRow> rows;
  std::vector<std::string> missing{};  // nodes with listeners that have not reported all of them
};

// The result of an order.
struct OrderOutcome {
  bool done = false;
  std::string why{};  // why not; "": no such object
};
struct MoveOutcome {
  std::uint64_t moved = 0;
  std::string why{};  // why others did not; "": all that could
};

// The listeners that would move, and whether they can: a player cannot change its format.
struct MoveOffer {
  std::uint64_t listeners = 0;
  bool possible = false;
  std::string from_type, to_type;
  std::string to;  // the mount that plays under this name, or its fallback; "": none
};

enum class TitleVerdict : std::uint8_t {
  kDone,
  kRefused,   // the format carries its own tags, or only_from_ip does not match
  kNoSource,  // gone in between
  kFull,      // too many titles wait for their time
  kAtNode,    // the source's node has not set it
};
struct TitleOutcome {
  TitleOutcome(TitleVerdict is) : verdict(is) {}  // NOLINT: a verdict is an outcome
  TitleOutcome(TitleVerdict is, std::string because) : verdict(is), why(std::move(because)) {}
  TitleVerdict verdict;
  std::string why{};  // of kAtNode
};

struct NodePostAnswer {
  int status = 200;
  std::string text;
  std::string master_id;
};

// One link of this server.
struct LinkRow {
  std::string id;       // of the other side; "": not known yet
  std::string peer;     // address, or the name it is reached by
  bool master = false;  // the other side is our master
  bool up = false;
  std::uint64_t seconds = 0;  // up
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t round_trip_us = 0;   // 0: not known
  std::int64_t clock_offset_ms = 0;  // its wall clock less ours
  std::uint64_t issued = 0;          // redirects to us, by the master's count
  std::size_t streams = 0;           // offered by the master
  std::string version{};             // of a node
};
// How the node drains; missing values come from the configuration.
struct DrainRequest {
  std::optional<DrainMode> mode;
  std::optional<std::uint64_t> seconds;
  std::string rate;  // "": not given
  bool then_exit = false;
  std::string asked_by;
};
struct DrainStatus {
  std::string mode;  // "": it does not drain
  std::uint64_t listeners = 0;
  std::uint64_t seconds_left = 0;
};

// Changes in the statistics of all mounts.
struct StatsNews {
  std::shared_ptr<const StatsDocument> now;
  std::string changes;                // lines of EVENT, since the given document
  std::optional<std::string> dump;    // all as lines of EVENT, if requested
  std::chrono::microseconds cost{0};  // processor time of its thread
};

class Station {
 public:
  template <class T>
  using Then = UniqueFunction<void(T)>;

  virtual ~Station() = default;

  // Makes a long text on a thread where it blocks nothing.
  virtual void print(UniqueFunction<std::string()> make, Then<std::string> then) { then(make()); }
  // The icestats document of all mounts, hidden ones too, or of one.
  virtual void stats_text(std::optional<std::string> mount, Then<std::string> then) = 0;
  virtual void stats_news(std::shared_ptr<const StatsDocument> since, bool dump_too,
                          Then<StatsNews> then) = 0;
  // An error is answered with 503: a short list would end relays (doc/decisions.md C11).
  virtual void mounts(Then<Result<std::vector<MountRow>>> then) = 0;
  virtual MountState state_of(const std::string& mount) = 0;
  // A mount, hidden or not, as SHOUTcast's pages show it, with its played titles.
  struct ShoutcastSight {
    ShoutcastStream stream;
    std::vector<PlayedTitle> played;
  };
  virtual ShoutcastSight shoutcast_sight(const std::string& /*mount*/) { return {}; }
  // A Shoutcast v1 source feeds the mount (only then /admin.cgi may set its title).
  virtual bool fed_by_shoutcast(const std::string& mount) = 0;

  // mount: "": all mounts, without titles; otherwise with titles of [from_ms, to_ms).
  virtual void archive(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms,
                       Then<ArchiveSight> then) = 0;
  // Removes all files within; returns their number.
  virtual void remove_recorded(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms,
                               Then<std::uint64_t> files) = 0;

  // An error is answered with 503: too many requests for listeners.
  virtual void listeners_of(const std::string& mount, Then<Result<MountListeners>> then) = 0;
  virtual void kill_listener(const std::string& mount, std::uint64_t id,
                             Then<OrderOutcome> then) = 0;
  // The first `most` of the audience after this id, with their connections.
  virtual void listeners_page(const std::string& mount, std::uint64_t after, std::size_t most,
                              Then<ListenerPage> then) = 0;
  virtual MoveOffer move_offer(const std::string& from, const std::string& to) = 0;
  virtual void move_listeners(const std::string& from, const std::string& to,
                              Then<MoveOutcome> then) = 0;
  // Moves one listener; "": moved, otherwise why not.
  virtual void move_listener(const std::string& from, std::uint64_t id, const std::string& to,
                             Then<std::string> then) = 0;
  virtual void kill_source(const std::string& mount, Then<OrderOutcome> then) = 0;
  // Ends one encoder, by its id at the server of its connection.
  virtual void kill_encoder(const std::string& /*mount*/, std::uint64_t /*id*/,
                            Then<OrderOutcome> then) {
    then({});
  }
  // Lasts until the configuration is read again.  "": set everywhere, otherwise where not, and why.
  virtual void set_fallback(const std::string& mount, const std::string& fallback,
                            Then<std::string> then) = 0;
  virtual void set_title(const std::string& mount, TitleRequest request,
                         Then<TitleOutcome> then) = 0;
  virtual void node_posted(NodePost post, Then<NodePostAnswer> then) = 0;
  virtual void list_polled(ListPoll poll) = 0;
  virtual ClusterSight cluster() = 0;
  virtual bool is_redirecting() = 0;  // as cluster() says
  virtual Explanation explain(const ExplainAsk& ask) = 0;
  // Empty without links.
  virtual std::vector<LinkRow> links() { return {}; }
  virtual std::vector<IngestSight> ingest_rows();
  virtual std::vector<PassedMessage> messages();
  virtual Result<void> publish(const std::string& /*topic*/, std::string /*bytes*/) {
    return Error::not_found("nothing is linked");
  }
  virtual void order(const std::string& node, CommandFrame command, Then<ResultFrame> then);
  // The external configuration as JSON; "": none.
  virtual std::string external_json() { return {}; }
  // Confirms the removal that the list with this ETag requests.
  virtual Result<void> confirm_external(const std::string& /*etag*/) {
    return Error::not_found("there is no external configuration");
  }
  // An error: why the request cannot be carried out.
  virtual Result<void> drain(DrainRequest request) = 0;
  virtual Result<void> undrain() = 0;
  virtual DrainStatus drain_status() = 0;
  virtual void users(const std::string& mount, UserEdit edit, Then<UserEditResult> then) = 0;
};

}  // namespace lb
