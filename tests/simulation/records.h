// Records: a store that is changed by the API of its master while faults run, what it may hold by
// the answers, and a mount of it that moves from home to home with its encoders.
// Thread: one.  Ownership: Cluster.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clients.h"
#include "config/settings/config.h"
#include "steward.h"
#include "world.h"

namespace lb::sim {

constexpr std::string_view kMoving = "/moving";

class Records {
 public:
  static constexpr std::size_t kMounts = 5;  // at most
  static constexpr std::array<std::string_view, 4> kChanged{"/r1", "/r2", "/r3", "/r4"};
  using Fail = std::function<void(std::string why)>;
  // homes: of the mount that moves.
  Records(World& world, unsigned master, std::vector<unsigned> homes, Fail fail);
  ~Records();
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;

  void begin();
  // Nothing is changed any more.
  void stop() noexcept { stopped_ = true; }
  // Whether that is in force which has been acknowledged; "": it is.
  std::string difference(const Config& config) const;
  // The same of a node, which has what its master has.
  static std::string difference(const Config& master, const Config& node);
  // Where the encoder of the mount that moves is expected; 0: there is none yet.
  unsigned home() const noexcept { return home_; }
  bool moves() const noexcept { return state_ == "moving"; }

 private:
  // The names of a mount that the answers allow; nullopt: it is not there.
  using Values = std::set<std::optional<std::string>>;
  void next();
  void change();
  void answered(const std::string& mount, std::optional<std::string> value, bool was_there,
                int status);
  void look();
  void move();
  void make();
  void home_is(const std::string& body);
  void encode_at(unsigned host);

  World& world_;
  Rng& random_;
  const unsigned master_;
  const std::vector<unsigned> homes_;
  const Fail fail_;
  Steward steward_, mover_;
  std::map<std::string, Values> may_;
  unsigned number_ = 0;
  bool stopped_ = false;
  std::string login_, state_;
  unsigned home_ = 0;
  std::map<unsigned, std::unique_ptr<Encoder>> encoders_;  // by host
  const std::shared_ptr<int> life_ = std::make_shared<int>();
};

}  // namespace lb::sim
