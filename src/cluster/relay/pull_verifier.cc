#include "cluster/relay/pull_verifier.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "http/credentials.h"

namespace lb {
namespace {

std::string away(std::int64_t seconds) {
  return cat({seconds < 0 ? -seconds : seconds, "s ", seconds < 0 ? "in the future" : "ago"});
}

bool has_signed(const KnownNodes& known, const PullMark& mark, std::string_view mount) {
  const KnownNode* node = known.node(mark.id);
  return node != nullptr && secret_equal(mark.mac, mark.mac_for(node->secret, mount));
}

}  // namespace

PullVerifier::Verdict PullVerifier::judge(const PullMark& mark, const KnownNodes& known,
                                          std::span<const KnownNodes> as_node,
                                          std::string_view own_mark, std::string_view mount,
                                          const Clock& clock) {
  const SteadyTime now = clock.steady();
  if (mark.to != own_mark) {
    log(mark, mount, cat({"its mark is for ", mark.to, ", and this is ", own_mark}), now);
    return Verdict::kElsewhere;
  }
  const bool is_signed =
      has_signed(known, mark, mount) || std::ranges::any_of(as_node, [&](const KnownNodes& own) {
        return has_signed(own, mark, mount);
      });
  if (!is_signed) {
    log(mark, mount,
        known.node(mark.id) == nullptr ? "is not a <node> of the configuration"
                                       : "its mark is not signed with its secret for this mount",
        now);
    return Verdict::kForged;
  }
  const std::int64_t age = unix_seconds(clock.wall()) - mark.at;
  if (age > kWindow.count() || age < -kWindow.count()) {
    log(mark, mount,
        cat({"its mark was made ", away(age), " (", kWindow.count(),
             "s are allowed): a clock has been set, or the request is a repeated one"}),
        now);
    return Verdict::kStale;
  }
  if (!take(mark)) {
    log(mark, mount,
        cat({"its mark number ", mark.number,
             " has been used before: the request is a repeated one"}),
        now);
    return Verdict::kSeen;
  }
  return Verdict::kOurs;
}

// Null: the process may have been forgotten.
PullRun* PullVerifier::run_of(PullHistory& history, const PullMark& mark) {
  const auto known = std::find_if(history.runs.begin(), history.runs.end(),
                                  [&](const PullRun& run) { return run.epoch == mark.epoch; });
  if (known != history.runs.end()) return &*known;
  if (mark.at <= history.forgotten_until) return nullptr;
  if (history.runs.size() == kMaxRuns) {
    const auto oldest =
        std::min_element(history.runs.begin(), history.runs.end(),
                         [](const PullRun& a, const PullRun& b) { return a.touched < b.touched; });
    history.forgotten_until = std::max(history.forgotten_until, oldest->latest);
    history.runs.erase(oldest);
  }
  history.runs.push_back({});
  history.runs.back().epoch = mark.epoch;
  return &history.runs.back();
}

bool PullVerifier::take(const PullMark& mark) {
  const std::lock_guard lock(mutex_);
  PullRun* run = run_of(nodes_[mark.id], mark);
  if (run == nullptr) return false;
  const auto bit_of = [](std::uint64_t number) { return std::uint64_t{1} << (number % 64); };
  const auto word_of = [&](std::uint64_t number) -> std::uint64_t& {
    return run->used[number % kBehind / 64];
  };
  if (mark.number > run->highest) {
    // The bits of the skipped numbers still belong to older ones.
    if (mark.number - run->highest >= kBehind) {
      run->used.fill(0);
    } else {
      for (std::uint64_t n = run->highest + 1; n < mark.number; ++n) word_of(n) &= ~bit_of(n);
    }
    run->highest = mark.number;
  } else if (run->highest - mark.number >= kBehind ||
             (word_of(mark.number) & bit_of(mark.number)) != 0) {
    return false;
  }
  word_of(mark.number) |= bit_of(mark.number);
  run->latest = std::max(run->latest, mark.at);
  run->touched = ++takes_;
  return true;
}

PullHistories PullVerifier::save(const Clock& clock) {
  const std::lock_guard lock(mutex_);
  PullHistories saved;
  const std::int64_t stale = unix_seconds(clock.wall()) - kWindow.count();
  for (const auto& [id, history] : nodes_) {
    PullHistory kept = history;
    std::erase_if(kept.runs, [stale](const PullRun& run) { return run.latest < stale; });
    if (!kept.runs.empty() || kept.forgotten_until >= stale) saved.emplace(id, std::move(kept));
  }
  return saved;
}

void PullVerifier::restore(const PullHistories& saved) {
  const std::lock_guard lock(mutex_);
  nodes_ = saved;
  for (auto& [id, history] : nodes_) {
    if (history.runs.size() > kMaxRuns) history.runs.resize(kMaxRuns);
    for (const PullRun& run : history.runs) takes_ = std::max(takes_, run.touched);
  }
}

void PullVerifier::log(const PullMark& mark, std::string_view mount, const std::string& what,
                       SteadyTime now) {
  unsigned held = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!guard_.pass(now, held)) return;
  }
  std::string text =
      cat({"node ", mark.id, " may not pull ", mount.substr(0, 200), ": ", what, "; refused"});
  if (held > 0) text += cat({" (and ", held, " more)"});
  log_.warn("cluster/pull", text);
}

}  // namespace lb
