#include "cluster/nodes/sent_lately.h"

#include <algorithm>
#include <cmath>

namespace lb {
namespace {

constexpr double kTrust = 0.95;
constexpr double kStaysAMinute = 0.25;
constexpr double kYoungKeep = 1;   // for nodes with too few redirects to judge
constexpr std::size_t kPeers = 2;  // a single peer proves nothing, because it may be the wrong one

// The least plausible number of remaining listeners if each of `sent` stays with this probability.
double at_least(double sent, double stays) {
  const double expected = stays * sent;
  return std::max(0.0, kTrust * expected - std::sqrt(expected * (1 - stays)));
}

// The lower median of sorted values.
double lower_median(const std::vector<double>& order) { return order[(order.size() - 1) / 2]; }
// The same without one value equal to `own`.
double median_without(const std::vector<double>& order, double own) {
  const std::size_t middle = (order.size() - 2) / 2;
  return order[own <= order[middle] ? middle + 1 : middle];
}

// The least value without one value equal to `own`; 0: none.
double least_without(const std::vector<double>& order, double own) {
  const std::size_t at = !order.empty() && own > 0 && own <= order.front() ? 1 : 0;
  return at < order.size() ? order[at] : 0;
}

}  // namespace

double FadingLoad::left(SteadyTime now, std::chrono::duration<double> life) const noexcept {
  if (listeners_ <= 0 || life.count() <= 0) return 0;
  return now <= at_ ? 1 : std::exp(-(std::chrono::duration<double>(now - at_) / life));
}

void FadingLoad::add(double listeners, double kbps, SteadyTime now,
                     std::chrono::duration<double> life) {
  const double part = left(now, life);
  set(listeners_ * part + listeners, kbps_ * part + kbps, std::max(now, at_));
}

void FadingLoad::clamp(SteadyTime now) noexcept {
  listeners_ = std::max(0.0, listeners_);
  kbps_ = std::max(0.0, kbps_);
  at_ = std::min(at_, now);
}

void SentLately::clamp(SteadyTime now) noexcept {
  for (FadingLoad* const load : {&all, &lost, &minute}) load->clamp(now);
  believed = std::min(believed, now);
  forgiven = std::min(forgiven, now);
  if (kept) kept = std::clamp(*kept, 0.0, 1.0);
  if (dearer < 0) dearer = 1;
}

void FadingLoad::set(double listeners, double kbps, SteadyTime now) noexcept {
  listeners_ = listeners;
  kbps_ = kbps;
  at_ = now;
}

void SentLately::check(double listeners, double kbps, SteadyTime now,
                       std::chrono::duration<double> life) noexcept {
  const double sent = redirects(now, life);
  if (sent < kLeast) return;
  kept = std::clamp(listeners / sent, 0.0, 1.0);
  const double sent_kbps = all.kbps(now, life) + lost.kbps(now, life);
  dearer = listeners > 0 && sent_kbps > 0 ? (kbps / listeners) / (sent_kbps / sent) : 0;
}

void SentLately::forgive(SteadyTime now, std::chrono::duration<double> life) noexcept {
  const double came = all.listeners(now, life);
  if (came < kLeast || came < lost.listeners(now, life) || !long_ago(forgiven, now)) return;
  lost.set(0, 0, now);
  forgiven = now;
}

LoadFloor floor_by_peers(const SentLately& sent, PeersKeep peers, SteadyTime now,
                         std::chrono::duration<double> life) {
  const double listeners = sent.redirects(now, life);
  if (peers.part < 0 || listeners < SentLately::kLeast) return {};
  const double floor = at_least(listeners, peers.part);
  const double kbps = sent.all.kbps(now, life) + sent.lost.kbps(now, life);
  return {floor, floor / listeners * kbps * peers.dearer};
}

double expected_by_peers(const SentLately& sent, PeersKeep peers, SteadyTime now,
                         std::chrono::duration<double> life) {
  const double listeners = sent.all.listeners(now, life);
  return peers.measured && listeners >= SentLately::kLeast ? at_least(listeners, peers.part) : 0;
}

LoadFloor floor_by_minute(const SentLately& sent, SteadyTime now) {
  return {kStaysAMinute * sent.minute.listeners(now, SentLately::kMinute),
          kStaysAMinute * sent.minute.kbps(now, SentLately::kMinute)};
}

std::vector<PeersKeep> what_peers_keep(const std::vector<PeerPart>& parts) {
  std::size_t tell = 0;
  std::vector<double> kept, dearer;
  for (const PeerPart& part : parts) {
    if (!part.tells) continue;
    ++tell;
    if (!part.kept) continue;
    kept.push_back(*part.kept);
    if (part.dearer > 0) dearer.push_back(part.dearer);
  }
  std::sort(kept.begin(), kept.end());
  std::sort(dearer.begin(), dearer.end());
  std::vector<PeersKeep> out(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const PeerPart& own = parts[i];
    if (tell - (own.tells ? 1 : 0) < kPeers) continue;
    const bool counts = own.tells && own.kept.has_value();
    const std::size_t others = kept.size() - (counts ? 1 : 0);
    if (others == 0) {
      out[i] = {kYoungKeep, false};
      continue;
    }
    out[i] = {counts ? median_without(kept, *own.kept) : lower_median(kept), true};
    if (const auto least = least_without(dearer, counts ? own.dearer : 0); least > 0)
      out[i].dearer = others < kPeers ? std::min(1.0, least) : least;
  }
  return out;
}

}  // namespace lb
