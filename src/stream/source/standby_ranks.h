// StandbyRanks: the standbys of one mount, and which of them writes next.
//
// Thread: control.
// Ownership: the mount's record in SourceAdmission.  Pure: no loop, no clock.
// Order: the priority of the <encoder> row that the login named, smaller first, then arrival.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "stream/mount/mount.h"

namespace lb {

struct EncoderRank {
  int priority = 0;
  std::uint64_t arrival = 0;

  auto operator<=>(const EncoderRank&) const = default;
};

struct Standby {
  std::uint64_t id = 0;  // also of its lease, when it gets one
  unsigned home = 0;     // the worker of its connection
  EncoderRank rank;
  std::string user;  // of its login
  std::shared_ptr<const SourceFacts> facts;
  bool flows = false;
  bool fell_silent = false;  // it has flowed, and is silent now
  bool dead_air = false;     // it sends silence
  SteadyTime flows_since{};

  bool has_sound() const noexcept { return flows && !dead_air; }
};

class StandbyRanks {
 public:
  void add(Standby standby) { all_.push_back(std::move(standby)); }
  std::optional<Standby> remove(std::uint64_t id) {
    const auto at = place_of(id);
    if (at == all_.end()) return std::nullopt;
    std::optional<Standby> out = std::move(*at);
    all_.erase(at);
    return out;
  }
  // Null: none.
  Standby* find(std::uint64_t id) {
    const auto at = place_of(id);
    return at == all_.end() ? nullptr : &*at;
  }
  // The standby that writes next if the writer leaves: with sound before dead air, flowing before
  // silent. except: not this one.  Null: none.
  const Standby* next(std::uint64_t except = 0) const {
    const Standby* best = nullptr;
    for (const Standby& one : all_)
      if (one.id != except && (best == nullptr || comes_before(one, *best))) best = &one;
    return best;
  }
  // The best that flows; null: none.
  const Standby* flowing() const {
    const Standby* best = next();
    return best != nullptr && best->flows ? best : nullptr;
  }
  // The best that flows and has sound; null: none.
  const Standby* sounding() const {
    const Standby* best = next();
    return best != nullptr && best->has_sound() ? best : nullptr;
  }
  // A standby of this user that has fallen silent; null: none.
  const Standby* silent_of(std::string_view user) const {
    const auto at = std::find_if(all_.begin(), all_.end(), [user](const Standby& one) {
      return one.fell_silent && one.user == user;
    });
    return at == all_.end() ? nullptr : &*at;
  }
  const std::vector<Standby>& all() const noexcept { return all_; }
  std::size_t size() const noexcept { return all_.size(); }
  bool empty() const noexcept { return all_.empty(); }

 private:
  static bool comes_before(const Standby& a, const Standby& b) noexcept {
    if (a.has_sound() != b.has_sound()) return a.has_sound();
    return a.flows != b.flows ? a.flows : a.rank < b.rank;
  }
  std::vector<Standby>::iterator place_of(std::uint64_t id) {
    return std::find_if(all_.begin(), all_.end(),
                        [id](const Standby& one) { return one.id == id; });
  }

  std::vector<Standby> all_;
};

}  // namespace lb
