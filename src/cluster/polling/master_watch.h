// MasterWatch: asks one master again and again which streams it has, and remembers the answers.
//
// Source: what an Icecast 2.4.4 slave does: GET /admin/streamlist.txt with the relay's
// credentials at the start, after SIGHUP, when a relay has ended, and every interval.
// A short answer never empties the cluster (doc/decisions.md C11): a stream leaves the list only
// when two complete lists in a row lack it and no data flows, or when one lacks it and its stream
// has ended. A list that fails, or is cut off, takes nothing away.
//
// A node that publishes reports first: POST /admin/sourcelist.txt, then the list, every
// report_interval.  A master that does not take reports is a stock one: it is asked again in an
// hour (or when it has been away), and until then gets Icecast-KH's rserver= with each request for
// the list, which KH understands and Icecast passes over.
// Source: doc/cluster.md, measured on both.
//
// Thread: control.
// Ownership: app/cluster/relay_service.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "cluster/nodes/clock_offset.h"
#include "cluster/polling/node_report.h"
#include "cluster/polling/stream_list.h"
#include "cluster/relay/relay_plans.h"
#include "http/body_client.h"

namespace lb {

class MasterWatch {
 public:
  enum class Flow : std::uint8_t {
    kNever,  // its relay has not had data yet
    kFlows,  // or its mount still waits for the stream to come back
    kEnded,
  };
  struct Callbacks {
    std::function<std::string()> user_agent;
    std::function<Flow(const std::string& mount)> flow_of;
    // What the list has of these mounts is different.
    std::function<void(const std::set<std::string>& mounts)> changed;
    std::chrono::milliseconds least_pause{1000};  // between two requests; a test makes it quick
    // Of a plan that publishes: what is said about these mounts.  master_id: "" until it has told.
    std::function<NodeReport(const std::vector<std::string>& mounts, std::string_view master_id)>
        report = {};
    // How far its wall clock is ahead of ours, by the Date of its answer to a report.
    std::function<void(const std::string& master_id, std::chrono::milliseconds ahead)> clock = {};
    std::function<std::string()> lines = {};  // that mark a server's request
    std::function<void()> named = {};         // master_id() is another one
  };
  MasterWatch(Connector& connector, Log& log, Rng& rng, MasterPlan plan, Callbacks callbacks);

  // The plan is for the same server, and for the same part in its cluster.
  bool is_for(const MasterPlan& plan) const;
  // Goes on by this plan: what is known of the streams stays known.
  // REQUIRES: is_for(plan)
  void follow(MasterPlan plan);
  // Now, but not more often than once a second.
  void ask_soon();
  // What a report says has changed so that the master must know at once (this node drains): no
  // pause is kept, and a request for the list that is under way is given up for it.
  void report_now();
  // A stream has ended for good: it may leave the list.
  void stream_ended();
  // Tells the master that this node leaves; `done` is called in any case, soon.
  void leave(UniqueFunction<void()> done);
  bool asking() const noexcept { return client_ != nullptr || post_ != nullptr; }
  // It has answered lately.
  bool well() const noexcept { return well_; }
  const MasterPlan& plan() const noexcept { return plan_; }
  const std::string& master_id() const noexcept { return master_id_; }  // "": it has not said
  bool lists(const std::string& mount) const { return known_.contains(mount); }
  // Where the mount can be pulled from; nullopt: the master does not list it.
  std::optional<Upstream> stream_of(const std::string& mount) const;
  void add_stream_mounts(std::set<std::string>& mounts) const;

 private:
  struct Known {
    ListedStream stream;
    unsigned missing = 0;  // complete lists without it, in a row
  };
  void ask();
  void post();
  void on_posted(Result<ClientAnswer> answer);
  void measure_clock(const Response& response);
  void post_again_later(std::string why, std::chrono::seconds pause);
  ClientRequest post_request(bool leaving);
  void ask_for_list();
  void on_answer(Result<FetchedBody> answer);
  void take(const StreamList& list, bool complete);
  void forget_missing(std::set<std::string>& changed);
  void ask_later(bool worked);
  std::string name() const;

  Connector& connector_;
  Log& log_;
  Rng& rng_;
  MasterPlan plan_;
  Callbacks callbacks_;
  std::map<std::string, Known> known_;
  std::unique_ptr<BodyClient> client_;
  SteadyTime asked_{};
  bool again_ = false;
  bool report_again_ = false;  // the report under way is out of date
  bool well_ = false;
  Reach reach_ = Reach::kPublic;  // of the address that sent the list
  // Reports
  std::unique_ptr<Client> post_;
  bool publishing_ = false;  // the last report was taken
  bool stock_ = false;       // it takes none
  SteadyTime post_at_{};     // not before
  unsigned breaks_ = 0;      // reports without any answer, in a row
  std::uint64_t seq_ = 0;
  std::string master_id_;
  ClockOffset clock_;           // the master's
  std::int64_t posted_ms_ = 0;  // our wall clock at the last report
  SteadyTime posted_at_{};
  std::chrono::milliseconds delay_{0};  // after failures
  Timer timer_;
};

// more: lines of the head, each with CRLF; query: with its '?'.
std::string stream_list_request(const MasterPlan& plan, std::string_view user_agent,
                                std::string_view more = {}, std::string_view query = {});
std::string report_request(const MasterPlan& plan, std::string_view user_agent,
                           const NodeReport& report);
// What Icecast-KH wants to know of a slave that takes listeners; "": the report names no address.
std::string kh_registration_query(const NodeReport& report);

}  // namespace lb
