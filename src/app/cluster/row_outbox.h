// RowOutbox<Row>: collects rows and sends the rows for one neighbour together, because a node may
// send only 300 frames a second.
// Thread: the loop's (control).
// Ownership: the service whose rows these are.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/cluster/linked_neighbours.h"
#include "net/loop/loop.h"

namespace lb {

template <class Row>
class RowOutbox {
 public:
  RowOutbox(Loop& loop, LinkedNeighbours& neighbours)
      : loop_(loop), neighbours_(neighbours), timer_(loop, [this] { send(); }) {}

  void add(const std::string& to, Row row) {
    rows_[to].push_back(std::move(row));
    if (!timer_.armed()) timer_.after(sent_ + kBetween - loop_.now());
  }
  template <class Rows>
  void add_all(Rows letters) {
    for (auto& letter : letters) add(letter.to, std::move(letter.row));
  }
  // Drops the rows for a lost neighbour.
  void drop(const std::string& id) { rows_.erase(id); }
  void stop() noexcept { timer_.cancel(); }

 private:
  static constexpr std::chrono::milliseconds kBetween{10};
  void send() {
    sent_ = loop_.now();
    for (auto& [id, rows] : std::exchange(rows_, {}))
      if (neighbours_.is_linked(id)) neighbours_.send_rows(id, std::move(rows));
  }

  Loop& loop_;
  LinkedNeighbours& neighbours_;
  std::map<std::string, std::vector<Row>> rows_;
  SteadyTime sent_{};
  Timer timer_;
};

}  // namespace lb
