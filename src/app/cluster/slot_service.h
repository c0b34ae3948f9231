// SlotService: the SlotBooks of this node's mounts, the listeners that wait for a slot, and the
// rows that it exchanges over the links.
//
// A mount is limited by max-listeners-cluster of its <mount>, or by a master that offers it as
// limited.  Its parent is the linked node that it is pulled from, a master or one of our nodes;
// otherwise this node is the root, and its own limit applies.  A listener holds a slot of the mount
// that it asked for, whichever mount it hears later.  A node that pulls the mount holds no slot.
//
// A row is awake while it needs a timer: a slot is on its way, a listener waits, or its place may
// have changed.  All other rows cost nothing, however many there are, until an event wakes them.
//
// Thread: control, except gate_of() and limits().
// Ownership: ClusterLinks.
// Bounds: kMaxWaiting waiting listeners of a mount, kMaxBooks limited mounts.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/cluster/row_outbox.h"
#include "app/topology/limited_streams.h"
#include "base/snapshot.h"
#include "cluster/slots/slot_book.h"
#include "net/loop/waits.h"

namespace lb {

struct Config;
class IngestService;
class MasterLinks;
struct MountSettings;
struct Network;

class SlotService {
 public:
  static constexpr std::chrono::milliseconds kPatience{300};
  static constexpr std::size_t kMaxWaiting = 4096;
  static constexpr std::size_t kMaxBooks = 20'000;

  SlotService(Network& network, const MasterLinks& masters, const IngestService& ingest,
              LinkedNeighbours& neighbours);
  ~SlotService();

  void configure();
  void stop();
  // Any mount or relay may have changed, …
  void mounts_changed();
  // … or the one of this name.
  void mount_changed(const std::string& mount);
  // The sections of these mounts have changed.
  void sections_changed(std::span<const std::string> mounts);
  // The masters' offers of these mounts have changed.
  void offers_changed(const std::set<std::string>& mounts);
  // A link to this neighbour has begun, or its process is a new one.
  void joined(const std::string& id, bool restarted);
  // A newer link has replaced this neighbour's link.
  void replaced(const std::string& id);
  // Repeats rows, which may have been lost on their way.
  void resend(const std::string& id);
  // The last link has ended.
  void left(const std::string& id, bool silent);
  void take(const std::string& sender, const std::vector<SlotRow>& rows);
  // The node that grants this mount's slots; "": this node.
  std::string parent_of(const std::string& mount) const;

  // -- for stages, any thread
  // Whether a listener of this mount needs a slot.
  bool limits(const MountSettings& section, const std::string& mount) const;
  // Null: the mount is not limited, or not known to be.
  std::shared_ptr<SlotGate> gate_of(const std::string& mount) const;

  // A request that waits for a slot of this mount; its stage is asked again with the slot, or with
  // the reason why it has none, in the request's context.
  struct Waiting {
    unsigned worker = 0;
    std::uint64_t connection = 0;  // the connection's id there
    SteadyTime until{};
  };
  void wait(const std::string& mount, unsigned worker, std::uint64_t connection);

  // -- of a hand-over.  cannot_move(): why not at this moment; "": it can
  std::string cannot_move() const;
  std::vector<SlotBookRecord> save() const;
  // restore() comes before configure(); enter_again() gives a listener its slot back.
  void restore(const SlotBookRecord& saved);
  SlotPass enter_again(const std::string& mount);

  std::vector<std::pair<std::string, SlotBook::Picture>> pictures() const;
  std::uint64_t waits() const noexcept { return waits_; }

 private:
  using Gates = std::map<std::string, std::shared_ptr<SlotGate>, std::less<>>;
  struct Row {
    std::unique_ptr<SlotBook> book;
    // The mount's limited section, in the configuration with this number; null: none.
    const MountSettings* section = nullptr;
    std::uint64_t section_of = 0;
    bool awake = false;
  };
  using Rows = std::map<std::string, Row, std::less<>>;

  // The period of timer_ while a listener or a slot waits.
  static constexpr std::chrono::milliseconds kWhileBusy{20};
  void work();
  void check();
  // Makes rows for limited sections, of the whole configuration or of changed mounts, and for
  // mounts that masters offer with slots, after each change of offers.  True: some rows are new.
  bool judge_sections();
  void judge_all_sections(const Config& config);
  bool judge_offers();
  void judge_streams();
  void check_soon();
  void wake(const std::string& mount, Row& row);
  void wake_all();
  // Then all are served, and awake.
  template <class Each>
  void for_each_book(const Each& each);
  void rouse(const std::string& mount, Row& row);
  // Removes awake rows that are no longer limited, and places the others.  True: some were removed.
  bool place_awake();
  bool knows_no_limit(const std::string& mount) const;
  // before: the state of the former process for a new row, or null
  Row* row_of(const std::string& mount, const SlotBookRecord* before = nullptr);
  // Null: no limit of its own.
  const MountSettings* own_section(const Row& row) const {
    return row.section_of == judged_number_ ? row.section : nullptr;
  }
  // alone_known: this node's neighbours are known by now.
  void place(Row& row, bool alone_known = true);
  void publish();
  // Gives waiting listeners the free slots, and collects the book's rows.
  void serve(Row& row);
  void hand(const Waiting& waiting, SlotPass pass, SlotWord word);
  // Refuses listeners of this mount that have waited too long.
  void give_up(const std::string& mount);
  void refuse(Row& row, SlotWord word);
  std::uint64_t next_life();

  Network& network_;
  const MasterLinks& masters_;
  const IngestService& ingest_;
  LinkedNeighbours& neighbours_;
  Rows rows_;
  Waits<Waiting> waiting_;  // by mounts
  Snapshot<Gates> gates_;
  std::atomic<bool> any_{false};  // gates_ is not empty
  RowOutbox<SlotRow> outbox_;
  std::uint64_t life_ = 0;
  std::uint64_t waits_ = 0;
  SteadyTime began_{}, checked_at_{};
  std::shared_ptr<const Config> judged_;
  std::uint64_t judged_number_ = 0;
  bool any_section_ = false;       // judged_ has a limit
  std::set<std::string> offered_;  // mounts whose masters require slots …
  bool offered_known_ = false;     // … now, except for
  std::set<std::string> changed_offers_;
  LimitedStreams streams_;
  std::set<std::string> changed_;  // mounts whose sections are due
  bool judge_all_ = true;          // all sections are due
  std::set<std::string> awake_;
  bool stopped_ = false;
  bool soon_ = false;  // timer_ is set for kWhileBusy
  bool full_ = false;  // kMaxBooks was reached and logged
  Timer timer_, check_timer_;
};

}  // namespace lb
