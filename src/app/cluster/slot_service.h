// SlotService: the SlotBooks of this node's mounts, the listeners that wait for a slot, and the
// links that the rows of both go over.
//
// A mount is limited where its <mount> has max-listeners-cluster, or where a master that offers it
// says so.  Its parent is the linked node that it is pulled from, a master or a node of ours; where
// the stream comes from anywhere else this node is the root, and its own limit holds.
// A listener holds the slot of the mount that it asked for, wherever it is served from or moved to
// meanwhile.  Nodes that pull hold none.
//
// A row is awake while it needs the time: a slot on its way, a listener that waits, a place that
// may have changed.  All others are at rest and cost nothing, however many there are; what concerns
// one of them wakes it.
//
// Thread: control, except gate_of() and limits().
// Ownership: ClusterLinks.
// Bounds: kMaxWaiting listeners of a mount wait, kMaxBooks mounts are limited.
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
  // Mounts or relays may be other ones: any of them, …
  void mounts_changed();
  // … or that of this name.
  void mount_changed(const std::string& mount);
  // The sections of these mounts alone have changed.
  void sections_changed(std::span<const std::string> mounts);
  // … or what masters offer.
  void offers_changed(const std::set<std::string>& mounts);
  // A link to this neighbour stands, or it is another process than before.
  void joined(const std::string& id, bool restarted);
  // Another link has taken the place of the one with it.
  void replaced(const std::string& id);
  // Rows that were on their way may be lost.
  void resend(const std::string& id);
  // The last link has ended.
  void left(const std::string& id, bool silent);
  void take(const std::string& sender, const std::vector<SlotRow>& rows);
  // The node that this mount's slots come from; "": this one.
  std::string parent_of(const std::string& mount) const;

  // -- for stages, any thread
  // A listener of this mount needs a slot.
  bool limits(const MountSettings& section, const std::string& mount) const;
  // Null: it is not limited, or not known as such yet.
  std::shared_ptr<SlotGate> gate_of(const std::string& mount) const;

  // The request waits for a slot of this mount: it is asked again with the slot, or with a word, in
  // its context.
  struct Waiting {
    unsigned worker = 0;
    std::uint64_t connection = 0;  // its id there
    SteadyTime until{};
  };
  void wait(const std::string& mount, unsigned worker, std::uint64_t connection);

  // -- of a hand-over.  cannot_move(): why not, at this moment; "": it can
  std::string cannot_move() const;
  std::vector<SlotBookRecord> save() const;
  // Before configure(); and a listener that has a slot.
  void restore(const SlotBookRecord& saved);
  SlotPass enter_again(const std::string& mount);

  std::vector<std::pair<std::string, SlotBook::Picture>> pictures() const;
  std::uint64_t waits() const noexcept { return waits_; }

 private:
  using Gates = std::map<std::string, std::shared_ptr<SlotGate>, std::less<>>;
  struct Row {
    std::unique_ptr<SlotBook> book;
    // Its section, where one of this name has a limit; of the configuration with this number.
    const MountSettings* section = nullptr;
    std::uint64_t section_of = 0;
    bool awake = false;
  };
  using Rows = std::map<std::string, Row, std::less<>>;

  // While something waits; else timer_ is slow.
  static constexpr std::chrono::milliseconds kWhileBusy{20};
  void work();
  void check();
  // Rows for the sections with a limit, of a configuration or of what has changed in it, and for
  // what masters offer with slots, once for each change of offers.  True: some are new.
  bool judge_sections();
  void judge_all_sections(const Config& config);
  bool judge_offers();
  void judge_streams();
  void check_soon();
  void wake(const std::string& mount, Row& row);
  void wake_all();
  void rouse(const std::string& mount, Row& row);
  // The awake rows: those that are not limited any more go, all others learn their place.
  // True: some went.
  bool place_awake();
  bool knows_no_limit(const std::string& mount) const;
  // before: what the process before had, of a row that is made; else null
  Row* row_of(const std::string& mount, const SlotBookRecord* before = nullptr);
  // Null: it has no limit of its own.
  const MountSettings* own_section(const Row& row) const {
    return row.section_of == judged_number_ ? row.section : nullptr;
  }
  // alone_known: it is known whether there are neighbours.
  void place(Row& row, bool alone_known = true);
  void publish();
  // Gives its listeners what there is, and collects the book's letters.
  void serve(Row& row);
  void hand(const Waiting& waiting, SlotPass pass, SlotWord word);
  // Those of this mount that have waited for too long.
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
  std::atomic<bool> any_{false};  // gates_ has some
  RowOutbox<SlotRow> outbox_;
  std::uint64_t life_ = 0;
  std::uint64_t waits_ = 0;
  SteadyTime began_{}, checked_at_{};
  std::shared_ptr<const Config> judged_;
  std::uint64_t judged_number_ = 0;
  bool any_section_ = false;       // of judged_ has a limit
  std::set<std::string> offered_;  // mounts for which a master needs slots …
  bool offered_known_ = false;     // … as they are offered now, but for
  std::set<std::string> changed_offers_;
  LimitedStreams streams_;
  std::set<std::string> changed_;  // mounts whose sections are to be judged
  bool judge_all_ = true;          // all of them are
  std::set<std::string> awake_;
  bool stopped_ = false;
  bool soon_ = false;  // timer_ is set for kWhileBusy
  bool full_ = false;  // of kMaxBooks; it has been logged
  Timer timer_, check_timer_;
};

}  // namespace lb
