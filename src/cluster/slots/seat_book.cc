#include "cluster/slots/seat_book.h"

#include <algorithm>

namespace lb {

std::string SeatBook::parent_for(std::string parent, const std::string& via) {
  return parent == via ? std::string() : parent;
}

SeatBook::Seats::iterator SeatBook::find(const std::string& via, std::uint64_t number) {
  const auto at = origins_.find({via, number});
  return at == origins_.end() ? seats_.end() : seats_.find(at->second);
}

SeatBook::Seats::iterator SeatBook::add(SeatRow row, const std::string& via) {
  Seat seat;
  seat.number = next_++;
  seat.row = std::move(row);
  seat.via = via;
  return put(std::move(seat));
}

SeatBook::Seats::iterator SeatBook::put(Seat seat) {
  const std::uint64_t number = seat.number;
  origins_[{seat.via, seat.row.number}] = number;
  users_[{seat.row.mount, seat.row.user}].insert(number);
  ++of_nodes_[seat.via];
  return seats_.emplace(number, std::move(seat)).first;
}

// tell: the parent knows the seat and must be sent its end.
void SeatBook::erase(Seats::iterator at, bool tell) {
  Seat& seat = at->second;
  if (tell) send_up(seat, SeatAct::kOff);
  hold(seat, SteadyTime::max());
  if (const auto node = of_nodes_.find(seat.via); --node->second == 0) of_nodes_.erase(node);
  origins_.erase({seat.via, seat.row.number});
  const auto user = users_.find({seat.row.mount, seat.row.user});
  if (user != users_.end()) {
    user->second.erase(at->first);
    if (user->second.empty()) {
      const auto next = users_.erase(user);
      const std::string& mount = seat.row.mount;
      const bool more = (next != users_.end() && next->first.first == mount) ||
                        (next != users_.begin() && std::prev(next)->first.first == mount);
      if (!more) parents_.erase(mount);
    }
  }
  seats_.erase(at);
}

// max(): it is not held.
void SeatBook::hold(Seat& seat, SteadyTime until) {
  if (seat.hold_until != SteadyTime::max()) held_.erase({seat.hold_until, seat.number});
  seat.hold_until = until;
  if (until != SteadyTime::max()) held_.emplace(until, seat.number);
}

// For a new seat; if the older ones follow another parent, tick() looks at all of them.
std::string SeatBook::parent_now(const std::string& mount) {
  std::string parent = parent_of_(mount);
  if (const auto at = parents_.find(mount); at != parents_.end() && at->second != parent)
    parents_.erase(at);
  return parent;
}

void SeatBook::send_up(const Seat& seat, SeatAct act) {
  if (seat.parent.empty()) return;
  SeatRow row = seat.row;
  row.number = seat.number;
  row.act = act;
  if (act == SeatAct::kOff) ended_.push_back({seat.parent, row});
  outgoing_.push_back({seat.parent, std::move(row)});
}

void SeatBook::answer(const Seat& seat, SeatAct act) {
  if (seat.via.empty()) {
    answers_.push_back({seat.row.number, act});
    return;
  }
  SeatRow row = seat.row;
  row.who.clear();
  row.act = act;
  row.drop = false;
  outgoing_.push_back({seat.via, std::move(row)});
}

void SeatBook::ask(const SeatRow& row, SteadyTime) {
  if (seats_.size() >= kMaxSeats) {
    answers_.push_back({row.number, SeatAct::kYes});
    return;
  }
  const auto at = add(row, "");
  at->second.parent = parent_now(row.mount);
  if (at->second.parent.empty())
    decide(at);
  else
    send_up(at->second, SeatAct::kAsk);
}

void SeatBook::decide(Seats::iterator at) {
  Seat& seat = at->second;
  const Rule rule = rule_of_(seat.row.mount).value_or(Rule{seat.row.most, seat.row.drop});
  std::vector<std::uint64_t> others;
  for (const std::uint64_t number : users_[{seat.row.mount, seat.row.user}])
    if (number != at->first && seats_.at(number).on) others.push_back(number);
  const auto give_way = [this](std::uint64_t number) {
    const auto other = seats_.find(number);
    answer(other->second, SeatAct::kDrop);
    erase(other, true);
  };
  std::erase_if(others, [&](std::uint64_t number) {
    const SeatRow& other = seats_.at(number).row;
    const bool ghost = !seat.row.who.empty() && other.who == seat.row.who;
    if (ghost) give_way(number);
    return ghost;
  });
  for (auto oldest = others.begin();
       rule.drop && oldest != others.end() && others.end() - oldest >= rule.most; ++oldest)
    give_way(*oldest);
  if (!rule.drop && others.size() >= rule.most) {
    answer(seat, SeatAct::kNo);
    erase(at, !seat.parent.empty());
    return;
  }
  seat.on = true;
  answer(seat, SeatAct::kYes);
}

void SeatBook::decide_here(std::uint64_t number, SteadyTime) {
  const auto at = find("", number);
  if (at == seats_.end() || at->second.on) return;
  const std::uint64_t own = at->first;
  decide(at);
  if (const auto kept = seats_.find(own); kept != seats_.end())
    send_up(kept->second, SeatAct::kHave);
}

void SeatBook::off(std::uint64_t number) {
  if (const auto at = find("", number); at != seats_.end()) erase(at, true);
}

bool SeatBook::take(const std::string& from, const SeatRow& row, SteadyTime, std::size_t most) {
  if (row.act == SeatAct::kAsk || row.act == SeatAct::kHave || row.act == SeatAct::kOff)
    return take_up(from, row, most);
  take_down(from, row);
  return true;
}

bool SeatBook::take_up(const std::string& from, const SeatRow& row, std::size_t most) {
  auto at = find(from, row.number);
  if (at != seats_.end() &&
      (at->second.row.mount != row.mount || at->second.row.user != row.user)) {
    erase(at, true);
    at = seats_.end();
  }
  if (row.act == SeatAct::kOff) {
    if (at != seats_.end()) erase(at, true);
    return true;
  }
  if (at == seats_.end()) {
    const auto node = of_nodes_.find(from);
    if (seats_.size() >= kMaxSeats ||
        (node != of_nodes_.end() && node->second >= std::min(most, kMaxOfNode)))
      return false;
    at = add(row, from);
    at->second.parent = parent_for(parent_now(row.mount), from);
  }
  Seat& seat = at->second;
  hold(seat, SteadyTime::max());
  if (row.act == SeatAct::kHave) {
    if (!std::exchange(seat.on, true)) send_up(seat, SeatAct::kHave);
    return true;
  }
  if (seat.on)
    answer(seat, SeatAct::kYes);
  else if (seat.parent.empty())
    decide(at);
  else
    send_up(seat, SeatAct::kAsk);
  return true;
}

void SeatBook::take_down(const std::string& from, const SeatRow& row) {
  const auto at = seats_.find(row.number);
  if (at == seats_.end() || at->second.parent != from) return;
  Seat& seat = at->second;
  // A listener that this node has let in meanwhile stays.
  if (row.act == SeatAct::kNo && seat.on) return;
  if (row.act == SeatAct::kYes && std::exchange(seat.on, true)) return;
  answer(seat, row.act);
  if (row.act != SeatAct::kYes) erase(at, false);
}

void SeatBook::joined(const std::string& id, bool restarted, SteadyTime now) {
  std::vector<std::uint64_t> gone;
  for (auto& [number, seat] : seats_) {
    if (seat.via == id) {
      if (restarted)
        gone.push_back(number);
      else
        hold(seat, std::min(seat.hold_until, now + timing_.hold_reset));
    }
  }
  resend(id);
  for (const std::uint64_t number : gone) erase(seats_.find(number), true);
}

void SeatBook::resend(const std::string& id) {
  for (const auto* ends : {&ended_before_, &ended_})
    for (const Outgoing& end : *ends) {
      // The mount of a seat that is there may have come back to this parent, or may do so: after an
      // upgrade it has none until its relay streams again.
      const auto at = seats_.find(end.row.number);
      const std::string* const parent = at == seats_.end() ? nullptr : &at->second.parent;
      const bool is_away =
          parent == nullptr || (!parent->empty() && *parent != kParentToCome && *parent != id);
      if (end.to == id && is_away) outgoing_.push_back(end);
    }
  for (auto& [number, seat] : seats_)
    if (seat.parent == id) send_up(seat, seat.on ? SeatAct::kHave : SeatAct::kAsk);
}

void SeatBook::left(const std::string& id, bool silent, SteadyTime now) {
  for (auto& [number, seat] : seats_)
    if (seat.via == id) hold(seat, now + (silent ? timing_.hold_silent : timing_.hold_reset));
}

void SeatBook::tick(SteadyTime now) {
  if (now >= ends_kept_ + timing_.hold_silent) {
    ended_before_ = std::exchange(ended_, {});
    ends_kept_ = now;
  }
  while (!held_.empty() && held_.begin()->first <= now)
    erase(seats_.find(held_.begin()->second), true);
  std::vector<std::uint64_t> undecided;
  auto user = users_.lower_bound({next_mount_, ""});
  for (std::size_t mounts = 0; user != users_.end() && mounts < kMountsATick; ++mounts) {
    const std::string mount = user->first.first;
    std::string parent = parent_of_(mount);
    if (const auto before = parents_.find(mount);
        before == parents_.end() || before->second != parent) {
      follow(mount, parent, undecided);
      parents_.insert_or_assign(mount, std::move(parent));
    }
    user = users_.lower_bound({mount + '\0', ""});  // of the next mount
  }
  next_mount_ = user == users_.end() ? std::string() : user->first.first;
  for (const std::uint64_t number : undecided)
    if (const auto at = seats_.find(number); at != seats_.end()) decide(at);
}

void SeatBook::follow(const std::string& mount, const std::string& parent,
                      std::vector<std::uint64_t>& undecided) {
  std::vector<std::uint64_t> all;  // the oldest first
  for (auto user = users_.lower_bound({mount, ""});
       user != users_.end() && user->first.first == mount; ++user)
    all.insert(all.end(), user->second.begin(), user->second.end());
  std::sort(all.begin(), all.end());
  for (const std::uint64_t number : all) {
    Seat& seat = seats_.at(number);
    std::string next = parent_for(parent, seat.via);
    if (seat.parent == next) continue;
    send_up(seat, SeatAct::kOff);
    seat.parent = std::move(next);
    send_up(seat, seat.on ? SeatAct::kHave : SeatAct::kAsk);
    if (seat.parent.empty() && !seat.on) undecided.push_back(number);
  }
}

void SeatBook::save(SeatBookRecord& saved) const {
  saved.next = next_;
  for (const auto& [number, seat] : seats_)
    if (seat.on || !seat.via.empty()) saved.seats.push_back(seat);
}

void SeatBook::restore(const SeatBookRecord& saved, SteadyTime now) {
  next_ = std::max(next_, saved.next);
  for (const SeatRecord& one : saved.seats) {
    if (seats_.size() >= kMaxSeats || seats_.contains(one.number)) continue;
    Seat& seat = put(one)->second;
    seat.hold_until = SteadyTime::max();
    if (!one.via.empty()) hold(seat, std::min(one.hold_until, now + timing_.hold_silent));
    next_ = std::max(next_, one.number + 1);
  }
}

}  // namespace lb
