#include "cluster/balance/pick.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory_resource>

#include "base/strings.h"

namespace lb {
namespace {

bool elsewhere(const Node& node) { return node.kind != NodeKind::kSelf; }

bool near(const Node& node, std::string_view country) {
  return country.empty() || node.countries.empty() ||
         std::find(node.countries.begin(), node.countries.end(), country) != node.countries.end();
}

// Reasons why a node is a worse choice but better than none; the node with the least is taken.
constexpr std::uint8_t kFarAway = 1, kCameFromThere = 2, kNotWell = 4;
constexpr std::size_t kHandicaps = 8;

OutReason reason_of(std::uint8_t handicap) {
  if ((handicap & kNotWell) != 0) return OutReason::kSuspect;
  return (handicap & kCameFromThere) != 0 ? OutReason::kAvoided : OutReason::kFar;
}

struct Option {
  double kbps = 0;  // estimate
  double share_kbps = 0;
  NodeSlot slot = kNoNode;
  std::uint8_t handicap = 0;
  bool carries = false;
  bool chosen = false;  // by step 2, for the policy
  OutReason out = OutReason::kIn;
};

class Picking {
 public:
  Picking(const PickView& view, const PickRequest& request, Rng& rng, SteadyTime now,
          PickTrace* trace)
      : table_(view.table),
        settings_(view.settings),
        rules_(view.settings.rules_for(request.mount)),
        request_(request),
        rng_(rng),
        now_(now),
        trace_(trace),
        mount_(view.table.mount(request.mount)),
        self_(view.table.self() == kNoNode ? nullptr : &view.table.node(view.table.self())) {
    kbps_ = request.kbps > 0                        ? request.kbps
            : mount_ != nullptr && mount_->kbps > 0 ? mount_->kbps
                                                    : kNominalListenerKbps;
  }

  Choice run() {
    const PolicyRow& policy = policy_row(rules_.policy);
    if (request_.relay) return serve(PickReason::kRelay);
    if (rules_.when == BalanceWhen::kNever || settings_.max_redirect_slaves == 0)
      return serve(PickReason::kNever);
    if (request_.redirected)
      return here() ? serve(PickReason::kArrived) : refuse(PickReason::kArrived);
    if (rules_.when == BalanceWhen::kFull && here() && !request_.full_here)
      return serve(PickReason::kRoomHere);
    if (now_ < table_.hold_until() && !request_.direct) return hold();
    gather();
    keep_the_best();
    if (request_.direct && within_direct_budget())
      return finish(serve(PickReason::kCannotFollow), policy);
    const PickReason reason = rules_.affinity ? carriers() : by_policy(policy);
    if (chosen_ == 0) return finish(none_chosen(), policy);
    return finish(take(policy, reason), policy);
  }

 private:
  bool here() const { return self_ == nullptr || self_->has_room(kbps_, now_); }

  void gather() {
    const std::span<const Node> nodes = table_.nodes();
    std::pmr::vector<const Carrier*> carrier_of(nodes.size(), nullptr, &arena_);
    if (mount_ != nullptr) {
      for (const Carrier& carrier : mount_->carriers) carrier_of[carrier.node] = &carrier;
    }
    const Wanted wanted = what_is_wanted();
    options_.resize(nodes.size());
    Option* next = options_.data();
    for (NodeSlot slot = 0; slot < nodes.size(); ++slot) {
      const Node& node = nodes[slot];
      const Carrier* carrier = carrier_of[slot];
      const ProtectionSet enforces =
          node.enforces | (carrier == nullptr ? ProtectionSet{0} : carrier->enforces);
      const Applicant applicant{node,
                                node.state_at(now_),
                                carrier != nullptr && table_.carries(*carrier, now_),
                                enforces,
                                carrier != nullptr && carrier->declined,
                                why_not_pulled(node, carrier)};
      const OutReason out = why_out(applicant, wanted);
      if (trace_ != nullptr)
        trace_->rows.push_back(
            {.node = slot, .out = out, .carries = applicant.carries, .cannot = applicant.cannot});
      if (out != OutReason::kIn) continue;
      Option& option = *next++;
      option.slot = slot;
      option.kbps = node.kbps();
      option.share_kbps = node.share_kbps;
      option.carries = applicant.carries;
      if (applicant.state == NodeState::kSuspect) option.handicap |= kNotWell;
      if (request_.avoid != 0 && node.key == request_.avoid) option.handicap |= kCameFromThere;
      if (!near(node, request_.country)) option.handicap |= kFarAway;
      elsewhere_ = elsewhere_ || elsewhere(node);
      const bool place = elsewhere(node)
                             ? carrier == nullptr || carrier->has_place(now_, node.masters)
                             : !request_.full_here;
      if (!place || !node.has_room(kbps_, now_)) {
        // A full node says nothing about the others and would shift their mean.
        option.out = OutReason::kFull;
        continue;
      }
      Sum& sum = sums_[option.handicap];
      sum.kbps += option.kbps;
      sum.share_kbps += node.share_kbps;
      sum.nodes += 1;
    }
    options_.resize(static_cast<std::size_t>(next - options_.data()));
  }

  // A node where the mount already flows need not pull it.
  static PullFault why_not_pulled(const Node& node, const Carrier* carrier) {
    if (!elsewhere(node) || (carrier != nullptr && carrier->carries)) return PullFault::kNone;
    return carrier != nullptr && carrier->cannot != PullFault::kNone ? carrier->cannot
                                                                     : node.cannot;
  }

  Wanted what_is_wanted() const {
    Wanted wanted{.reach = Node::reach_bit(request_.scheme, request_.family),
                  .protection = request_.needs};
    if (request_.sent_back) wanted.not_to = request_.avoid;
    wanted.only = request_.only;
    for (const std::string_view tag : request_.tags) {
      const std::uint64_t bit = table_.tag_bit(tag);
      wanted.tags |= bit;
      wanted.unknown_tag = wanted.unknown_tag || bit == 0;
    }
    return wanted;
  }

  // Late, far and just left nodes are used only while no other node has room.
  void keep_the_best() {
    std::size_t best = 0;
    while (best < kHandicaps && sums_[best].nodes == 0) ++best;
    bool worse = false;
    for (std::size_t i = best + 1; i < kHandicaps; ++i) worse = worse || sums_[i].nodes > 0;
    if (worse) {
      for (Option& option : options_) {
        if (option.out == OutReason::kIn && option.handicap > best)
          option.out = reason_of(option.handicap);
      }
    }
    if (best == kHandicaps) return;
    const Sum& sum = sums_[best];
    mean_ = sum.kbps / sum.share_kbps;
    mean_share_ = sum.share_kbps / sum.nodes;
    bound_ = std::max(settings_.floor, (1 + settings_.eps) * mean_);
  }

  const Node& node_of(const Option& option) const { return table_.node(option.slot); }

  bool below(const Option& option, double bound) const {
    return option.kbps + kbps_ <= std::max(kbps_, bound * option.share_kbps);
  }

  // Whether this node is within the part of its capacity that is reserved, beyond the policy's
  // share, for listeners that cannot be redirected.
  bool within_direct_budget() const {
    if (self_ == nullptr) return true;
    const double size = self_->hard_kbps < Node::kNoLimit ? self_->hard_kbps : kNominalKbps;
    return here() &&
           self_->kbps() + kbps_ <= bound_ * self_->share_kbps + settings_.direct_budget * size;
  }

  // -- step 2 ------------------------------------------------------------------------------------

  // The mount's listeners, with those on their way.
  double listeners() const {
    double sum = 0;
    if (mount_ == nullptr) return sum;
    for (const Carrier& carrier : mount_->carriers) {
      sum +=
          carrier.listeners +
          (carrier.recent > 0 && carrier.sent > table_.node(carrier.node).sampled ? carrier.recent
                                                                                  : 0);
    }
    return sum;
  }

  PickReason carriers() {
    const double audience = listeners();
    light_ = audience * kbps_ <= settings_.light_part * mean_share_;
    const double carrier_bound =
        light_ ? std::max(bound_, (1 + settings_.light_eps) * mean_) : bound_;
    for (Option& option : options_) {
      if (option.out != OutReason::kIn) continue;
      if (!below(option, option.carries ? carrier_bound : bound_)) {
        option.out = OutReason::kAboveBound;
      } else if (option.carries) {
        choose(option);
      }
    }
    const std::size_t needed =
        audience >= rules_.busy_listeners ? std::max(1U, rules_.min_carriers) : 1;
    if (chosen_ < needed) {
      if (Option* fresh = best_newcomer()) {
        for (Option& option : options_) option.chosen = false;
        chosen_ = 0;
        choose(*fresh);
        note_unchosen(OutReason::kPassedOver);
        return PickReason::kNewCarrier;
      }
    }
    if (chosen_ == 0) {
      // If every node is above the bound, any node within its limits may be chosen.
      for (Option& option : options_) {
        if (option.out != OutReason::kAboveBound) continue;
        option.out = OutReason::kIn;
        choose(option);
      }
    }
    note_unchosen(OutReason::kNoCarrier);
    return PickReason::kDrawn;
  }

  // The first open node in the mount's order that does not carry the mount.
  Option* best_newcomer() {
    Option* best = nullptr;
    double best_score = 0;
    const std::uint64_t hash = mount_hash(request_.mount);
    for (Option& option : options_) {
      if (option.out != OutReason::kIn || option.carries) continue;
      const Node& node = node_of(option);
      const double score = rendezvous_above(best_score, node.key, hash, node.rendezvous_weight);
      if (score <= 0) continue;
      best = &option;
      best_score = score;
    }
    return best;
  }

  void note_unchosen(OutReason reason) {
    if (trace_ == nullptr) return;
    for (Option& option : options_)
      if (option.out == OutReason::kIn && !option.chosen) option.out = reason;
  }

  void choose(Option& option) {
    option.chosen = true;
    ++chosen_;
  }

  PickReason by_policy(const PolicyRow& policy) {
    const double bound =
        policy.bounded ? std::max(settings_.floor, (1 + settings_.hash_eps) * mean_) : 0;
    for (Option& option : options_) {
      if (option.out != OutReason::kIn) continue;
      if (!policy.bounded || below(option, bound)) choose(option);
    }
    if (chosen_ == 0) {
      for (Option& option : options_) {
        if (option.out == OutReason::kIn) choose(option);
      }
    } else if (policy.bounded) {
      note_unchosen(OutReason::kAboveBound);
    }
    return PickReason::kDrawn;
  }

  // -- step 3 ------------------------------------------------------------------------------------

  double room_of(const Option& option) const {
    return std::max(0.0, option.share_kbps * std::max(1.0, bound_) - option.kbps);
  }

  Choice take(const PolicyRow& policy, PickReason reason) {
    std::pmr::vector<Candidate> candidates(&arena_);
    candidates.reserve(chosen_);
    const std::uint64_t hash = mount_hash(request_.mount);
    const bool scores = rules_.policy == BalancePolicy::kHash;
    double best = 0;
    for (const Option& option : options_) {
      if (!option.chosen) continue;
      const Node& node = node_of(option);
      Candidate& candidate = candidates.emplace_back();
      candidate.node = option.slot;
      candidate.share_kbps = option.share_kbps;
      candidate.kbps = option.kbps + kbps_;
      candidate.room_kbps = room_of(option);
      candidate.listeners = node.listeners();
      candidate.turns = node.turns;
      candidate.order = node.limits.order;
      if (!scores) continue;
      candidate.score = rendezvous_above(best, node.key, hash, node.rendezvous_weight);
      best = std::max(best, candidate.score);
    }
    const NodeSlot slot = candidates[policy.choose(candidates, rng_)].node;
    Choice choice = serve(reason);
    choice.node = slot;
    if (elsewhere(table_.node(slot))) choice.kind = Choice::Kind::kRedirect;
    return choice;
  }

  // -- answers -----------------------------------------------------------------------------------

  Choice serve(PickReason reason) const {
    return {.kind = Choice::Kind::kServe, .reason = reason, .node = table_.self(), .kbps = kbps_};
  }

  Choice refuse(PickReason reason) {
    // The delay varies, so that listeners refused together do not return together.
    const std::chrono::seconds spread{rng_.below(2)};
    return {.kind = Choice::Kind::kRefuse,
            .reason = reason,
            .retry_after = settings_.retry_after + spread};
  }

  Choice hold() const {
    return {.kind = Choice::Kind::kHold,
            .reason = PickReason::kHeld,
            .hold_until = table_.hold_until()};
  }

  Choice none_chosen() {
    const PickReason reason = elsewhere_ ? PickReason::kClusterFull : PickReason::kNobodyElse;
    return here() ? serve(reason) : refuse(reason);
  }

  Choice finish(Choice choice, const PolicyRow& policy) {
    if (trace_ == nullptr) return choice;
    trace_->mean_utilisation = mean_;
    trace_->bound = bound_;
    trace_->light = light_;
    trace_->policy = policy.name;
    trace_->affinity = rules_.affinity;
    for (const Option& option : options_) {
      PickTrace::Row& row = trace_->rows[option.slot];
      row.out = option.out;
      row.utilisation = option.kbps / option.share_kbps;
      row.room_kbps = room_of(option);
      row.chosen = option.slot == choice.node;
    }
    return choice;
  }

  const NodeTable& table_;
  const BalanceSettings& settings_;
  const BalanceRules& rules_;
  const PickRequest& request_;
  Rng& rng_;
  const SteadyTime now_;
  PickTrace* const trace_;
  const MountNodes* const mount_;
  const Node* const self_;
  double kbps_ = 0;
  // The choice among a few dozen nodes needs no heap allocation.
  std::array<std::byte, 8192> room_;
  std::pmr::monotonic_buffer_resource arena_{room_.data(), room_.size()};
  std::pmr::vector<Option> options_{&arena_};
  std::size_t chosen_ = 0;  // number of chosen options
  double mean_ = 0;         // utilisation
  double mean_share_ = 0;   // kbit/s of a node
  double bound_ = 0;
  bool light_ = false;
  struct Sum {
    double kbps = 0, share_kbps = 0, nodes = 0;
  };
  std::array<Sum, kHandicaps> sums_;  // over the nodes with room
  bool elsewhere_ = false;            // another node may serve the listener
};

}  // namespace

std::string_view to_text(PickReason reason) noexcept {
  return word_of<PickReason::kHeld>(
      reason,
      {"drawn by the policy", "the mount needs one more node",
       "relays and administrators are never redirected", "listeners are never redirected here",
       "there is room here", "the client does not follow redirects",
       "the client was redirected here", "no other node may serve it", "no node has room",
       "the nodes have not reported yet"});
}

Choice pick(const PickView& view, const PickRequest& request, Rng& rng, SteadyTime now,
            PickTrace* trace) {
  return Picking(view, request, rng, now, trace).run();
}

}  // namespace lb
