#include "cluster/balance/eligibility.h"

#include <array>
#include <utility>

#include "base/strings.h"

namespace lb {
namespace {

bool is_other_node(const Applicant& a) { return a.node.kind != NodeKind::kSelf; }

bool protects(const Applicant& a, const Wanted& w) { return (w.protection & ~a.enforces) == 0; }

struct Rule {
  OutReason reason;
  bool (*out)(const Applicant&, const Wanted&);
};
constexpr auto kRules = std::to_array<Rule>({
    {OutReason::kFree, [](const Applicant& a, const Wanted&) { return a.node.key == 0; }},
    {OutReason::kDead,
     [](const Applicant& a, const Wanted&) { return a.state == NodeState::kDead; }},
    {OutReason::kDraining,
     [](const Applicant& a, const Wanted&) { return a.state == NodeState::kDraining; }},
    {OutReason::kJoining,
     [](const Applicant& a, const Wanted&) { return a.state == NodeState::kJoining; }},
    {OutReason::kNotAdmitted,
     [](const Applicant& a, const Wanted&) { return is_other_node(a) && !a.node.admitted; }},
    {OutReason::kNoShare, [](const Applicant& a, const Wanted&) { return a.node.share_kbps <= 0; }},
    {OutReason::kScheme,
     [](const Applicant& a, const Wanted& w) {
       return is_other_node(a) && (a.node.reach & w.reach) == 0;
     }},
    {OutReason::kProtection,
     [](const Applicant& a, const Wanted& w) { return is_other_node(a) && !protects(a, w); }},
    {OutReason::kTags,
     [](const Applicant& a, const Wanted& w) {
       return w.unknown_tag || (w.tags & ~a.node.tags) != 0;
     }},
    {OutReason::kNotListed,
     [](const Applicant& a, const Wanted&) {
       return a.declined || (a.node.scope == MountScope::kListed && !a.carries);
     }},
    {OutReason::kCannotPull,
     [](const Applicant& a, const Wanted& w) {
       return a.cannot != PullFault::kNone && w.only == nullptr;
     }},
    {OutReason::kNotRecorded,
     [](const Applicant& a, const Wanted& w) {
       return w.only != nullptr && is_other_node(a) && !w.only->contains(a.node.id);
     }},
    {OutReason::kSentBack,
     [](const Applicant& a, const Wanted& w) { return w.not_to != 0 && a.node.key == w.not_to; }},
});

// The table is constant, so this compiles to a row of comparisons without a call.
template <std::size_t... I>
OutReason first_rule(const Applicant& applicant, const Wanted& wanted, std::index_sequence<I...>) {
  OutReason reason = OutReason::kIn;
  static_cast<void>(
      ((kRules[I].out(applicant, wanted) ? (reason = kRules[I].reason, true) : false) || ...));
  return reason;
}

}  // namespace

OutReason why_out(const Applicant& applicant, const Wanted& wanted) noexcept {
  return first_rule(applicant, wanted, std::make_index_sequence<kRules.size()>());
}

std::string_view to_text(OutReason reason) noexcept {
  return word_of<OutReason::kPassedOver>(reason,
                                         {"candidate",
                                          "no node",
                                          "dead",
                                          "draining",
                                          "joining",
                                          "above max-redirect-slaves",
                                          "weight 0",
                                          "no public address for this scheme and address family",
                                          "does not enforce what the mount asks for",
                                          "lacks a tag",
                                          "does not carry the mount and does not relay on demand",
                                          "cannot-pull",
                                          "has not recorded it",
                                          "it has sent the client back",
                                          "suspect",
                                          "the client comes from there",
                                          "of another country",
                                          "full",
                                          "above the bound of utilisation",
                                          "others carry the mount",
                                          "another comes first for this mount"});
}

}  // namespace lb
