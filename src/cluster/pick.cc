#include "cluster/pick.h"

#include <algorithm>
#include <array>
#include <utility>

namespace lb {
namespace {

// -- step 1: who may -----------------------------------------------------------------------------

struct Ask {
  const PickRequest& request;
  SteadyTime now;
  std::uint8_t reach;
  std::uint64_t tags = 0;
  bool unknown_tag = false;  // that no node has
};

struct Seen {  // a node, with what the rules need of it
  const Node& node;
  NodeState state;
  bool carries;
};

bool elsewhere(const Node& node) { return node.kind != NodeKind::kSelf; }

struct Rule {
  OutReason reason;
  bool (*out)(const Seen&, const Ask&);
};
constexpr auto kRules = std::to_array<Rule>({
    {OutReason::kFree, [](const Seen& s, const Ask&) { return s.node.key == 0; }},
    {OutReason::kDead, [](const Seen& s, const Ask&) { return s.state == NodeState::kDead; }},
    {OutReason::kDraining,
     [](const Seen& s, const Ask&) { return s.state == NodeState::kDraining; }},
    {OutReason::kJoining, [](const Seen& s, const Ask&) { return s.state == NodeState::kJoining; }},
    {OutReason::kNotAdmitted,
     [](const Seen& s, const Ask&) { return elsewhere(s.node) && !s.node.admitted; }},
    {OutReason::kNoShare, [](const Seen& s, const Ask&) { return s.node.share_kbps <= 0; }},
    {OutReason::kScheme,
     [](const Seen& s, const Ask& a) {
       return elsewhere(s.node) && (s.node.reach & a.reach) == 0;
     }},
    {OutReason::kProtection,
     [](const Seen& s, const Ask& a) {
       const auto& by_mount = a.request.enforcing;
       return elsewhere(s.node) && (a.request.needs & ~s.node.enforces) != 0 &&
              std::find(by_mount.begin(), by_mount.end(), s.node.key) == by_mount.end();
     }},
    {OutReason::kTags,
     [](const Seen& s, const Ask& a) { return a.unknown_tag || (a.tags & ~s.node.tags) != 0; }},
    {OutReason::kNotListed,
     [](const Seen& s, const Ask&) { return s.node.scope == MountScope::kListed && !s.carries; }},
});

// The table is known at compile time, so that this becomes a row of comparisons without a call.
template <std::size_t... I>
OutReason first_rule(const Seen& seen, const Ask& ask, std::index_sequence<I...>) {
  OutReason reason = OutReason::kIn;
  static_cast<void>(
      ((kRules[I].out(seen, ask) ? (reason = kRules[I].reason, true) : false) || ...));
  return reason;
}

bool near(const Node& node, std::string_view country) {
  return country.empty() || node.countries.empty() ||
         std::find(node.countries.begin(), node.countries.end(), country) != node.countries.end();
}

// What makes a node a worse choice, but one that is better than none; the least of these is taken.
constexpr unsigned kFarAway = 1, kCameFromThere = 2, kNotWell = 4;

OutReason reason_of(unsigned handicap) {
  if ((handicap & kNotWell) != 0) return OutReason::kSuspect;
  return (handicap & kCameFromThere) != 0 ? OutReason::kAvoided : OutReason::kFar;
}

struct Option {
  NodeSlot slot;
  const Node* node;
  double kbps;  // estimate
  unsigned handicap;
  bool carries;
  bool room;  // within its hard limits
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
    if (rules_.when == BalanceWhen::kFull && here()) return serve(PickReason::kRoomHere);
    if (now_ < table_.hold_until() && !request_.direct) return hold();
    gather();
    keep_the_well();
    bound();
    if (request_.direct && within_direct_budget())
      return finish(serve(PickReason::kCannotFollow), policy);
    const PickReason reason = rules_.affinity ? carriers() : everybody(policy);
    if (chosen_.empty()) return finish(nobody(), policy);
    return finish(take(policy, reason), policy);
  }

 private:
  bool here() const { return self_ == nullptr || self_->has_room(kbps_, now_); }

  void gather() {
    const std::span<const Node> nodes = table_.nodes();
    std::vector<std::uint8_t> carries(nodes.size(), 0);
    if (mount_ != nullptr) {
      for (const Carrier& carrier : mount_->carriers) {
        if (table_.carries(carrier, now_)) carries[carrier.node] = 1;
      }
    }
    Ask ask{request_, now_, Node::reach_bit(request_.scheme, request_.family)};
    for (const std::string_view tag : request_.tags) {
      const std::uint64_t bit = table_.tag_bit(tag);
      ask.tags |= bit;
      ask.unknown_tag = ask.unknown_tag || bit == 0;
    }
    options_.reserve(nodes.size());
    for (NodeSlot slot = 0; slot < nodes.size(); ++slot) {
      const Node& node = nodes[slot];
      const Seen seen{node, node.state_at(now_), carries[slot] != 0};
      const OutReason out = first_rule(seen, ask, std::make_index_sequence<kRules.size()>());
      if (trace_ != nullptr)
        trace_->rows.push_back({.node = slot, .out = out, .carries = seen.carries});
      if (out != OutReason::kIn) continue;
      const unsigned handicap =
          (seen.state == NodeState::kSuspect ? kNotWell : 0) |
          (request_.avoid != 0 && node.key == request_.avoid ? kCameFromThere : 0) |
          (near(node, request_.country) ? 0 : kFarAway);
      const double kbps = node.kbps();
      options_.push_back({slot, &node, kbps, handicap, seen.carries, node.has_room(kbps_, now_)});
      elsewhere_ = elsewhere_ || elsewhere(node);
    }
  }

  // Late, far or just left nodes come in only while no other has room.
  void keep_the_well() {
    unsigned least = ~0U;
    for (const Option& option : options_) {
      if (option.room) least = std::min(least, option.handicap);
    }
    for (Option& option : options_) {
      if (option.handicap > least) option.out = reason_of(option.handicap);
    }
  }

  void bound() {
    double kbps = 0;
    double share = 0;
    for (const Option& option : options_) {
      if (option.out != OutReason::kIn) continue;
      kbps += option.kbps;
      share += option.node->share_kbps;
    }
    mean_ = share > 0 ? kbps / share : 0;
    bound_ = std::max(settings_.floor, (1 + settings_.eps) * mean_);
    for (Option& option : options_) {
      if (option.out == OutReason::kIn && !option.room) option.out = OutReason::kFull;
    }
  }

  bool below(const Option& option, double bound) const {
    return option.kbps + kbps_ <= std::max(kbps_, bound * option.node->share_kbps);
  }

  // Above what the policy gives to this node, a part of its capacity is for those who cannot be
  // sent on.
  bool within_direct_budget() const {
    if (self_ == nullptr) return true;
    const double size = self_->hard_kbps < Node::kNoLimit ? self_->hard_kbps : kNominalKbps;
    return here() &&
           self_->kbps() + kbps_ <= bound_ * self_->share_kbps + settings_.direct_budget * size;
  }

  // -- step 2 ------------------------------------------------------------------------------------

  PickReason carriers() {
    double listeners = 0;
    if (mount_ != nullptr) {
      for (const Carrier& carrier : mount_->carriers) {
        listeners += carrier.listeners +
                     (carrier.sent > table_.node(carrier.node).sampled ? carrier.recent : 0);
      }
    }
    const std::size_t needed = listeners >= rules_.busy_listeners ? rules_.min_carriers : 1;
    const Option* best =
        nullptr;  // the first open one in the order of the mount that does not carry it
    double best_score = 0;
    const std::uint64_t hash = mount_hash(request_.mount);
    for (Option& option : options_) {
      if (option.out != OutReason::kIn) continue;
      if (!below(option, bound_)) {
        option.out = OutReason::kAboveBound;
      } else if (option.carries) {
        chosen_.push_back(&option);
      }
    }
    if (chosen_.empty() || chosen_.size() < needed) {
      for (const Option& option : options_) {
        if (option.out != OutReason::kIn || option.carries) continue;
        const double score =
            rendezvous_score(option.node->key, hash, option.node->rendezvous_weight);
        if (score > best_score) {
          best = &option;
          best_score = score;
        }
      }
    }
    if (best != nullptr) {
      chosen_.assign(1, best);
      note_unchosen(OutReason::kPassedOver);
      return PickReason::kNewCarrier;
    }
    if (chosen_.empty()) {
      // Everybody is above the bound: whoever keeps its limits.
      for (Option& option : options_) {
        if (option.out == OutReason::kAboveBound) {
          option.out = OutReason::kIn;
          chosen_.push_back(&option);
        }
      }
    } else {
      note_unchosen(OutReason::kNoCarrier);
    }
    return PickReason::kDrawn;
  }

  void note_unchosen(OutReason reason) {
    if (trace_ == nullptr) return;
    for (Option& option : options_) {
      if (option.out != OutReason::kIn) continue;
      if (std::find(chosen_.begin(), chosen_.end(), &option) == chosen_.end()) option.out = reason;
    }
  }

  PickReason everybody(const PolicyRow& policy) {
    const double bound =
        policy.bounded ? std::max(settings_.floor, (1 + settings_.hash_eps) * mean_) : 0;
    for (Option& option : options_) {
      if (option.out != OutReason::kIn) continue;
      if (!policy.bounded || below(option, bound)) chosen_.push_back(&option);
    }
    if (chosen_.empty()) {
      for (const Option& option : options_) {
        if (option.out == OutReason::kIn) chosen_.push_back(&option);
      }
    } else if (policy.bounded) {
      note_unchosen(OutReason::kAboveBound);
    }
    return PickReason::kDrawn;
  }

  // -- step 3 ------------------------------------------------------------------------------------

  double room_of(const Option& option) const {
    return std::max(0.0, option.node->share_kbps * std::max(1.0, bound_) - option.kbps);
  }

  Choice take(const PolicyRow& policy, PickReason reason) {
    std::vector<Candidate> candidates;
    candidates.reserve(chosen_.size());
    const std::uint64_t hash = mount_hash(request_.mount);
    const bool scores = rules_.policy == BalancePolicy::kHash;
    for (const Option* option : chosen_) {
      const Node& node = *option->node;
      candidates.push_back(
          {.node = option->slot,
           .share_kbps = node.share_kbps,
           .kbps = option->kbps + kbps_,
           .room_kbps = room_of(*option),
           .listeners = node.listeners(),
           .score = scores ? rendezvous_score(node.key, hash, node.rendezvous_weight) : 0,
           .turns = node.turns,
           .order = node.limits.order});
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
    // Those who are refused together shall not come back together.
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

  Choice nobody() {
    const PickReason reason = elsewhere_ ? PickReason::kClusterFull : PickReason::kNobodyElse;
    return here() ? serve(reason) : refuse(reason);
  }

  Choice finish(Choice choice, const PolicyRow& policy) {
    if (trace_ == nullptr) return choice;
    trace_->mean_utilisation = mean_;
    trace_->bound = bound_;
    trace_->policy = policy.name;
    trace_->affinity = rules_.affinity;
    for (const Option& option : options_) {
      PickTrace::Row& row = trace_->rows[option.slot];
      row.out = option.out;
      row.utilisation = option.kbps / option.node->share_kbps;
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
  std::vector<Option> options_;
  std::vector<const Option*> chosen_;
  double mean_ = 0;
  double bound_ = 0;
  bool elsewhere_ = false;  // a node that is not this one may serve the listener
};

}  // namespace

std::string_view to_text(PickReason reason) noexcept {
  switch (reason) {
    case PickReason::kDrawn:
      return "drawn by the policy";
    case PickReason::kNewCarrier:
      return "the mount needs one more node";
    case PickReason::kRelay:
      return "relays and administrators are never redirected";
    case PickReason::kNever:
      return "nobody is redirected";
    case PickReason::kRoomHere:
      return "there is room here";
    case PickReason::kCannotFollow:
      return "the client does not follow redirects";
    case PickReason::kArrived:
      return "the client was redirected here";
    case PickReason::kNobodyElse:
      return "no other node may serve it";
    case PickReason::kClusterFull:
      return "no node has room";
    case PickReason::kHeld:
      return "the nodes have not reported yet";
  }
  return "";
}

std::string_view to_text(OutReason reason) noexcept {
  switch (reason) {
    case OutReason::kIn:
      return "candidate";
    case OutReason::kFree:
      return "no node";
    case OutReason::kDead:
      return "dead";
    case OutReason::kDraining:
      return "draining";
    case OutReason::kJoining:
      return "joining";
    case OutReason::kNotAdmitted:
      return "above max-redirect-slaves";
    case OutReason::kNoShare:
      return "weight 0";
    case OutReason::kScheme:
      return "no public address for this scheme and address family";
    case OutReason::kProtection:
      return "does not enforce what the mount asks for";
    case OutReason::kTags:
      return "lacks a tag";
    case OutReason::kNotListed:
      return "does not carry the mount and does not relay on demand";
    case OutReason::kAvoided:
      return "the client comes from there";
    case OutReason::kSuspect:
      return "suspect";
    case OutReason::kFar:
      return "of another country";
    case OutReason::kFull:
      return "full";
    case OutReason::kAboveBound:
      return "above the bound of utilisation";
    case OutReason::kNoCarrier:
      return "others carry the mount";
    case OutReason::kPassedOver:
      return "another comes first for this mount";
  }
  return "";
}

Choice pick(const PickView& view, const PickRequest& request, Rng& rng, SteadyTime now,
            PickTrace* trace) {
  return Picking(view, request, rng, now, trace).run();
}

}  // namespace lb
