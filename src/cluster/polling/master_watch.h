// MasterWatch: asks one master for its streams again and again, and keeps the answers.
//
// Source: the requests of an Icecast 2.4.4 slave: GET /admin/streamlist.txt with the relay's
// credentials at the start, after SIGHUP, when a relay has ended, and every interval.
// A short answer never empties the cluster (doc/decisions.md C11): a stream leaves the list only
// when two complete lists in a row lack it and no data flows, or when one lacks it and its stream
// has ended.  A list that fails, or is cut off, removes nothing.
//
// A node that publishes reports first: POST /admin/sourcelist.txt, then the list, every
// report_interval.  A master that refuses reports is a stock one: it is sent the next report after
// an hour (or after an outage), and until then Icecast-KH's rserver= with each request for the
// list, which KH understands and Icecast ignores.
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
#include "cluster/polling/stream_list_record.h"
#include "cluster/relay/relay_plans.h"
#include "http/client.h"

namespace lb {

class MasterWatch {
 public:
  enum class Flow : std::uint8_t {
    kNever,  // its relay has not had data yet
    kFlows,  // or its mount still waits for the stream
    kEnded,
  };
  struct Callbacks {
    std::function<std::string()> user_agent;
    std::function<Flow(const std::string& mount)> flow_of;
    // The list has changed for these mounts.
    std::function<void(const std::set<std::string>& mounts)> changed;
    std::chrono::milliseconds least_pause{1000};  // between two requests; shorter in tests
    // For a plan that publishes: the report about these mounts, with a seq that rises through all
    // watches of this run. master_id: "" until known.
    std::function<NodeReport(const std::vector<std::string>& mounts, std::string_view master_id)>
        report = {};
    // How far its wall clock is ahead of ours, by the Date of its answer to a report.
    std::function<void(const std::string& master_id, std::chrono::milliseconds ahead)> clock = {};
    std::function<std::string()> lines = {};  // header lines that mark a server's request
    std::function<void()> named = {};         // master_id() has changed
  };
  MasterWatch(Connector& connector, Log& log, Rng& rng, MasterPlan plan, Callbacks callbacks);

  // The streams that a previous process knew, by the record of its watch (save()).
  void restore(StreamListRecord saved);
  StreamListRecord save() const;
  // Whether the plan is for the same server, and the same role in its cluster.
  bool is_for(const MasterPlan& plan) const;
  bool is_for(const StreamListRecord& saved) const;
  // Follows this plan and keeps the known streams.
  // REQUIRES: is_for(plan)
  void follow(MasterPlan plan);
  // Asks now, but not more often than once a second.
  void ask_soon();
  // The master must have a changed report at once (this node drains): no pause is kept, and a
  // request for the list that is under way is aborted.
  void report_now();
  // A stream has ended for good: it may leave the list.
  void stream_ended();
  // Reports to the master that this node leaves; `done` is always called, soon.
  void leave(UniqueFunction<void()> done);
  bool asking() const noexcept { return client_ != nullptr || post_ != nullptr; }
  // Whether it has answered lately.
  bool well() const noexcept { return well_; }
  const MasterPlan& plan() const noexcept { return plan_; }
  const std::string& master_id() const noexcept { return master_id_; }  // "": not known
  bool lists(const std::string& mount) const { return known_.contains(mount); }
  // The server of this mount's stream; nullopt: the master does not list it.
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
  void on_answer(Result<ClientAnswer> answer);
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
  std::unique_ptr<Client> client_;
  SteadyTime asked_{};
  bool again_ = false;
  bool report_again_ = false;  // the report being sent is out of date
  bool well_ = false;
  Reach reach_ = Reach::kPublic;  // of the address that sent the list
  // Reports
  std::unique_ptr<Client> post_;
  bool publishing_ = false;  // the last report was taken
  bool stock_ = false;       // it takes no reports
  SteadyTime post_at_{};     // not before then
  unsigned breaks_ = 0;      // reports without any answer, in a row
  std::string master_id_;
  ClockOffset clock_;           // the master's
  std::int64_t posted_ms_ = 0;  // our wall clock at the last report
  SteadyTime posted_at_{};
  std::chrono::milliseconds delay_{0};  // the pause after failures
  Timer timer_;
};

// more: lines of the head, each with CRLF; query: with its '?'.
std::string stream_list_request(const MasterPlan& plan, std::string_view user_agent,
                                std::string_view more = {}, std::string_view query = {});
std::string report_request(const MasterPlan& plan, std::string_view user_agent,
                           const NodeReport& report);
// The registration that Icecast-KH wants of a slave with listeners; "": no address in the report.
std::string kh_registration_query(const NodeReport& report);

}  // namespace lb
