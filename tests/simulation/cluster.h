// Cluster: what one seed makes: servers, listeners and encoders, faults, and what has to hold.
// Thread: one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clients.h"
#include "etcd.h"
#include "node.h"
#include "players.h"
#include "records.h"
#include "trace.h"
#include "world.h"

namespace lb::sim {

constexpr std::string_view kOpen = "/live", kLimited = "/limited", kStudio = "/studio";

class Cluster {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::string directory;  // for configurations and logs
    bool shown = false;     // each event to standard error, and logs that say all
    bool faults = true;
  };
  explicit Cluster(const Options& options);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // What did not hold; nullopt: all did.
  std::optional<std::string> run();
  const Trace& trace() const noexcept { return trace_; }
  Nanos lasted() const noexcept { return world_.now() - begun_; }
  std::uint64_t served() const noexcept { return served_; }
  std::uint64_t redirected() const noexcept { return redirected_; }
  std::uint64_t played() const noexcept { return played_; }

 private:
  // What the judge knows of a node.
  struct Seat {
    std::unique_ptr<Node> node;
    bool master = false;
    unsigned life = 0;
    Nanos unlinked{};               // since then; max: it is linked with all masters that live
    Nanos apart_until{};            // it was apart for long: its listeners come on top of a limit
    Nanos draining = Nanos::max();  // since then
    Nanos down = Nanos::max();      // without a process since then
    Nanos began{};                  // its process
    bool records = false;           // what kOpen plays
  };
  struct Guest {
    std::unique_ptr<Listener> listener;
    unsigned life = 0;  // of the node that let it in
    Nanos leaves{};
  };

  // A second process with the id of a node, as a machine that was copied has one.
  struct Twin {
    unsigned of = 0;  // its host; 0: none
    Node* node = nullptr;
    std::map<unsigned, std::string> runs;  // by master: the epoch of the node that it hears now
    std::uint64_t repeated = 0;            // frames by then
  };

  void make_nodes();
  void choose_recorders();
  std::string config_of_master(unsigned host) const;
  std::string config_of_edge(unsigned host) const;
  std::string head_of(unsigned host) const;
  std::string links_of(unsigned host) const;
  std::string open_mount_of(unsigned host) const;
  void note_sizes();

  void run_for(Nanos time);
  void run_until(Nanos time);
  void step();
  void fail(std::string why);
  // False: nothing was due.
  bool turn(Node& node);

  // -- what happens
  void player_comes(Nanos stays);
  void listener_comes(const std::string& mount, Nanos stays);
  void leaves(unsigned number);
  void next_listener();
  void next_listener_of_past();
  Listener* listener_of_past_comes(unsigned first, std::int64_t from_ms, Nanos stays);
  void next_fault();
  void next_fault_of_etcd();
  void fault();
  void note(std::string what);
  void is_killed(unsigned host, Nanos lasts);
  void is_paused(unsigned host, Nanos lasts);
  void is_stopped(unsigned host, Nanos lasts);
  void is_cut(unsigned edge, unsigned master, Nanos lasts);
  void is_reset(unsigned edge, unsigned master);
  void is_late(unsigned edge, unsigned master, Nanos lasts);
  void is_replaced(unsigned host);
  void repeats(unsigned host);
  void has_twin(unsigned edge);
  void twin_ends();
  void look_at_twin();
  void jumps(unsigned host);
  void drains(unsigned edge, Nanos lasts);
  void drains_no_more(unsigned edge);
  void rests(Encoder& encoder, Nanos lasts);
  void heal();
  void begin_again(unsigned host);
  // Until then news of a node may be late, or never come.
  void news_are_late(Nanos lasts);
  void look_at_links();
  void sent_out(unsigned host, Peer& to, std::string_view bytes);

  // -- what has to hold
  void check_redirect(unsigned from, Listener& listener, std::string_view head);
  void check_admission(unsigned at, Guest& guest);
  void check_tables(const char* when);
  void check_fill();
  std::string slots_text(std::string_view mount);
  void check_empty();
  void check_growth();
  std::string growth_of_descriptors();
  void check_studio(const char* when);
  void check_peers(const char* when);
  void check_is_played();
  void check_node(Seat& seat, Seat& other, const char* when);
  void check_are_heard(const std::vector<std::string>& mounts);
  void check_records(const char* when);
  void check_etcd(const char* when);
  void check_home(const char* when);
  void check_redirect_to_past(unsigned from, const Listener& listener, Seat& target);
  void check_holders(const char* when);
  std::string difference_of_holders();
  void check_past_is_heard();
  void choose_titles();
  void next_title();
  void check_titles(const char* when);
  bool clocks_agree();
  std::int64_t wall_ms() const;
  unsigned live_guests(const std::string& mount, bool apart_too) const;
  Seat* seat_of(unsigned host);
  std::size_t edges() const noexcept { return seats_.size() - masters_; }
  unsigned random_edge() { return static_cast<unsigned>(1 + masters_ + random_.below(edges())); }
  unsigned random_master() { return static_cast<unsigned>(1 + random_.below(masters_)); }
  // One cluster: two masters that do not know each other are two.
  bool is_one() const noexcept { return masters_ == 1 || peers_; }
  unsigned random_host() { return static_cast<unsigned>(1 + random_.below(seats_.size())); }
  bool linked(unsigned host);

  const Options options_;
  Trace trace_;
  World world_;
  Rng& random_;
  const Nanos begun_;
  std::size_t masters_ = 1;
  bool peers_ = false;  // the masters are nodes of each other
  unsigned limit_ = 6, room_ = 8;
  std::vector<Seat> seats_;  // host 1 first
  Twin twin_;
  std::vector<std::unique_ptr<Node>> twins_;  // ended ones too: events may name them
  std::vector<std::unique_ptr<Encoder>> encoders_;
  std::unique_ptr<Studio> studio_;
  std::unique_ptr<Etcd> etcd_;        // the store of some records; null: files are
  std::unique_ptr<Records> records_;  // of some
  std::vector<Guest> guests_;
  unsigned next_guest_ = 1;
  bool hls_ = false;  // of kOpen
  // Of those with archives alone, so that the histories of others do not depend on it.
  std::optional<Rng> past_;
  std::map<unsigned, std::size_t> gone_of_past_;  // by the host that they asked last
  std::optional<Rng> titles_;                     // likewise
  Steward presenter_{world_};
  unsigned titles_set_ = 0;
  Segments segments_;
  std::map<unsigned, std::unique_ptr<Player>> players_;  // by number
  unsigned next_player_ = 1;
  std::uint64_t played_ = 0;  // whole segments
  bool calm_ = false;         // no more faults and arrivals
  Nanos news_until_{};
  Nanos jumped_{};  // when a clock did last
  std::size_t wires_before_ = 0;
  std::map<std::string, std::size_t> descriptors_before_;
  std::vector<std::map<std::string, std::size_t>> tables_before_;  // host 1 first
  std::uint64_t served_ = 0, redirected_ = 0;
  std::optional<std::string> failure_;
};

}  // namespace lb::sim
