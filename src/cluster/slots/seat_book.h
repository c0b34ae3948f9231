// SeatBook: which users listen to mounts with <sessions-per-user>, over the whole cluster.  No
// socket, no timer, no configuration file.
//
// Seats take the same way as slots (slot_book.h): each node asks the node that it pulls the mount
// from, and the node where the stream begins decides: first come, first served.  On its way up a
// seat carries the number that each node gave it, so the answer finds its way back.  A user that
// has all its sessions is refused a further one, or (drop) its oldest session ends.  A session with
// the address and player of the new one is the same listener, whose end is not known yet, and
// always gives way.  Seats of a lost node stay for 1 s after a reset, 15 s after silence; a node
// that returns reports its seats.  With a second link to the neighbour, it is not lost when one
// ends: all that was under way is sent again, also the ends of seats, which are kept for this.
//
// Thread: control.
// Ownership: app/cluster/seat_service.
// Bounds: kMaxSeats, and kMaxOfNode of a neighbour, or as many as it may have listeners; listeners
// beyond them are let in uncounted.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/record.h"
#include "cluster/slots/seat_row.h"

namespace lb {

struct SeatRecord {
  std::uint64_t number = 0;  // of this node
  SeatRow row;               // its number: at via
  std::string via;           // the node below that it came from; "": here
  std::string parent;        // the node that was asked for it; "": none
  bool on = false;           // false: it waits for its answer
  SteadyTime hold_until = SteadyTime::max();
  static constexpr PlainRecord kRecord{.members = 6, .needed = 2};
};
template <class Io, RecordOf<SeatRow> T>
void record_fields(Io& io, T& row) {
  auto& [mount, user, who, number, act, most, drop] = row;
  io.needed(1, mount, user);
  io(3, who);
  io.needed(4, number);
  io.choice(5, act, SeatAct::kDrop);
  io(6, most, drop);
}

// A listener of this node, by the number of its seat.
struct SeatedRecord {
  std::uint64_t number = 0, listener = 0;
  std::string mount;
  static constexpr PlainRecord kRecord{.members = 3, .needed = 3};
};

// The seats at a node, for the process that replaces it.  Links are made again in the same run, so
// nodes report their seats again, as after every cut.
struct SeatBookRecord {
  std::uint64_t next = 1, next_here = 1;  // numbers: of seats, of listeners here
  std::vector<SeatRecord> seats;
  std::vector<SeatedRecord> seated;
  static constexpr PlainRecord kRecord{.members = 4, .needed = 2};
};

struct SeatTiming {
  std::chrono::milliseconds hold_reset{1000}, hold_silent{15'000};
};

class SeatBook {
 public:
  static constexpr std::size_t kMaxSeats = 1'000'000, kMaxOfNode = 250'000;
  // The linked node that a mount is pulled from; "": this node decides; kParentToCome: a replaced
  // process will be linked in a moment.
  static constexpr std::string_view kParentToCome = "?";  // no node's name
  using ParentOf = std::function<std::string(const std::string& mount)>;

  // This node's own rule for a mount, which counts where it decides; nullopt: it has none, and the
  // rule of the row counts.  Otherwise a node could end sessions at others by the rule it names.
  struct Rule {
    unsigned most = 1;
    bool drop = false;
  };
  using RuleOf = std::function<std::optional<Rule>(const std::string& mount)>;

  SeatBook(ParentOf parent_of, RuleOf rule_of, SeatTiming timing)
      : parent_of_(std::move(parent_of)), rule_of_(std::move(rule_of)), timing_(timing) {}

  // A listener of this node; row.number is unique here. take_answers() may have its answer at once.
  void ask(const SeatRow& row, SteadyTime now);
  // The parent has not answered in time, so this node decides by the seats that it knows.
  void decide_here(std::uint64_t number, SteadyTime now);
  void off(std::uint64_t number);

  // most: seats of the sender, with the nodes behind it.  False: it has them all, and this one does
  // not count.
  bool take(const std::string& from, const SeatRow& row, SteadyTime now,
            std::size_t most = kMaxOfNode);
  void joined(const std::string& id, bool restarted, SteadyTime now);
  void left(const std::string& id, bool silent, SteadyTime now);
  // One of two links has ended or begun: rows to the parent may be lost.
  void resend(const std::string& id);
  // Follows mounts to their present parents, of many mounts some each time, and ends held seats
  // whose time is over.  Looks at no other seat.
  void tick(SteadyTime now);
  static constexpr std::size_t kMountsATick = 2000;

  struct Outgoing {
    std::string to;
    SeatRow row;
  };
  std::vector<Outgoing> take_outgoing() { return std::exchange(outgoing_, {}); }
  struct Answer {
    std::uint64_t number = 0;
    SeatAct act = SeatAct::kYes;  // kYes, kNo; kDrop: of a seat that was let in
  };
  std::vector<Answer> take_answers() { return std::exchange(answers_, {}); }
  std::size_t size() const noexcept { return seats_.size(); }

  // -- of a hand-over.  Unanswered seats of this node are not saved: they are asked for again.
  void save(SeatBookRecord& saved) const;
  // Nodes below report their seats again once they are linked; those of a node that does not come
  // are held as after silence.
  void restore(const SeatBookRecord& saved, SteadyTime now);

 private:
  using Seat = SeatRecord;
  using Seats = std::map<std::uint64_t, Seat>;  // by this node's numbers: the oldest is first
  using Origin = std::pair<std::string, std::uint64_t>;  // via, number there

  // "": this node decides.  Two nodes may be each other's parent while a stream moves; then the one
  // that is asked decides.
  static std::string parent_for(std::string parent, const std::string& via);
  Seats::iterator find(const std::string& via, std::uint64_t number);
  Seats::iterator add(SeatRow row, const std::string& via);
  Seats::iterator put(Seat seat);
  void erase(Seats::iterator at, bool tell);
  void hold(Seat& seat, SteadyTime until);
  std::string parent_now(const std::string& mount);
  void follow(const std::string& mount, const std::string& parent,
              std::vector<std::uint64_t>& undecided);
  void send_up(const Seat& seat, SeatAct act);
  void answer(const Seat& seat, SeatAct act);
  void decide(Seats::iterator at);
  bool take_up(const std::string& from, const SeatRow& row, std::size_t most);
  void take_down(const std::string& from, const SeatRow& row);

  const ParentOf parent_of_;
  const RuleOf rule_of_;
  const SeatTiming timing_;
  Seats seats_;
  std::uint64_t next_ = 1;
  std::map<Origin, std::uint64_t> origins_;
  std::map<std::pair<std::string, std::string>, std::set<std::uint64_t>> users_;  // mount, user
  std::map<std::string, std::size_t> of_nodes_;          // numbers of seats, by via
  std::set<std::pair<SteadyTime, std::uint64_t>> held_;  // by hold_until
  std::map<std::string, std::string> parents_;  // of mounts all of whose seats follow that parent
  std::string next_mount_;                      // the mount at which the next tick begins
  std::vector<Outgoing> outgoing_;
  std::vector<Outgoing> ended_, ended_before_;  // sent since ends_kept_, and for hold_silent before
  SteadyTime ends_kept_{};
  std::vector<Answer> answers_;
};

}  // namespace lb
