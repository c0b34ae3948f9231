// Player: one of HLS: a master playlist, then the list again and again and each new segment of it,
// and what has to hold of these.
// Thread: one.  Ownership: Cluster.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "world.h"

namespace lb::sim {

// Of all players: each segment by its name, which has the same bytes wherever it is asked for.
using Segments = std::map<std::string, std::string>;

class Player final : public Peer {
 public:
  using Fail = std::function<void(std::string why)>;
  Player(World& world, Segments& segments, std::string mount, unsigned first, Fail fail);
  ~Player() override;
  // Whole ones.
  std::size_t segments() const noexcept { return count_; }
  // The host that answered last, and its status.
  unsigned at() const noexcept { return at_; }
  int status() const noexcept { return status_; }

 private:
  void begin();
  void ask(unsigned host, std::string target);
  void ask_later(Nanos delay, bool anew);
  void connected() override;
  void received(std::string_view bytes) override;
  void ended() override;
  void answered();
  void take_master(std::string_view body);
  void take_list(std::string_view body);
  void take_segment(std::string_view body);
  void next();

  World& world_;
  Segments& known_;
  const std::string mount_;
  const unsigned first_;
  const Fail fail_;
  std::unique_ptr<World::Line> line_;
  std::string target_, answer_, list_, last_;
  std::deque<std::string> wanted_;  // names of segments
  unsigned at_ = 0, hops_ = 0;
  int status_ = 0;
  std::size_t count_ = 0;
  const std::shared_ptr<int> life_ = std::make_shared<int>();
};

}  // namespace lb::sim
