// SeatService: the SeatBook of this node, the listeners that wait for a seat, and the rows that it
// exchanges over the links.
//
// Thread: control; a SeatPass ends on any thread.
// Ownership: ClusterLinks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/cluster/row_outbox.h"
#include "app/cluster/seat_pass.h"
#include "base/rate_limit.h"
#include "base/unique_function.h"
#include "cluster/slots/seat_book.h"
#include "net/loop/waits.h"

namespace lb {

class SlotService;
struct Network;

class SeatService {
 public:
  static constexpr std::chrono::milliseconds kPatience{300};

  SeatService(Network& network, LinkedNeighbours& neighbours, const SlotService& slots);

  void stop();
  void joined(const std::string& id, bool restarted);
  void left(const std::string& id, bool silent);
  void resend(const std::string& id);
  void take(const std::string& sender, const std::vector<SeatRow>& rows);

  struct Ask {
    std::string mount, user;
    std::string who;             // address and player
    std::uint64_t listener = 0;  // its id; that session may have to end
    unsigned most = 1;
    bool drop = false;
  };
  // Called once, now or within kPatience, with the decision.
  using Then = UniqueFunction<void(bool, SeatPass)>;
  void ask(const Ask& ask, Then then);

  // -- of a hand-over.  In the other process: restore(), then seat_of() for each listener that was
  // handed over; go_on() gives back the other seats.
  SeatBookRecord save() const;
  void restore(const SeatBookRecord& saved);
  SeatPass seat_of(std::uint64_t number);
  void go_on();

 private:
  friend class SeatPass;
  struct Listening {
    std::string mount;
    std::uint64_t listener = 0;
    std::shared_ptr<std::atomic<bool>> dropped = std::make_shared<std::atomic<bool>>(false);
  };
  std::string parent_of(const SlotService& slots, const std::string& mount) const;
  std::optional<SeatBook::Rule> rule_of(const std::string& mount) const;
  void off(std::uint64_t number);
  void work();
  void settle();
  SeatPass pass_of(std::uint64_t number, const Listening& one) const;

  Network& network_;
  LinkedNeighbours& neighbours_;
  const std::shared_ptr<SeatService*> self_;
  SeatBook book_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, Listening> listening_;
  std::set<std::uint64_t> unclaimed_;  // restored numbers without a SeatPass yet
  Waits<Then, std::uint64_t> unanswered_;
  RowOutbox<SeatRow> outbox_;
  bool stopped_ = false;
  bool hurries_ = false;                    // the timer waits for kWhileAsked only
  RateLimit full_;                          // warnings of neighbours with all their seats
  std::map<std::string, SteadyTime> lost_;  // neighbours, with the time of the loss
  SteadyTime links_are_back_{};             // deadline, after a hand-over
  Timer timer_;
};

}  // namespace lb
