#include "api/request/placement.h"

#include <algorithm>
#include <tuple>

#include "base/cat.h"

namespace lb {
namespace {

// FNV-1a, then SplitMix64's final mix, so that names that differ in one letter are spread.
std::uint64_t rendezvous(std::string_view mount, std::string_view node) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  const auto take = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  };
  take(mount);
  take("\n");
  take(node);
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ull;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebull;
  return hash ^ (hash >> 31);
}

double share(std::uint64_t used, std::uint64_t of) {
  return of == 0 ? 0.0 : static_cast<double>(used) / static_cast<double>(of);
}

enum class Nearness : std::uint8_t { kNear, kUnsaid, kFar };

Nearness nearness(const PlaceWish& wish, const PlaceCandidate& node) {
  const auto& near = node.countries;
  if (wish.country.empty()) return Nearness::kNear;
  if (near.empty()) return Nearness::kUnsaid;
  return std::find(near.begin(), near.end(), wish.country) != near.end() ? Nearness::kNear
                                                                         : Nearness::kFar;
}

std::string refused_by_state(const PlaceCandidate& node) {
  if (node.state == NodeState::kDraining) return "it drains";
  if (node.state != NodeState::kUp) return "it is not up";
  if (node.max_sources && *node.max_sources == 0) return "its max-sources is 0";
  return node.unable;
}

std::string refused_by_capacity(const PlaceWish& wish, const PlaceCandidate& node) {
  if (node.max_sources && node.reserved_mounts + 1 > *node.max_sources)
    return cat({"its ", *node.max_sources, " sources are reserved"});
  if (node.max_ingest_kbps != 0 && node.reserved_kbps + wish.kbps > node.max_ingest_kbps)
    return cat({node.reserved_kbps, " of its ", node.max_ingest_kbps, " kbit/s are reserved"});
  return {};
}

std::string refusal(const PlaceWish& wish, const PlaceCandidate& node) {
  if (!wish.node.empty() && wish.node != node.node) return "another node was asked for";
  if (auto why = refused_by_state(node); !why.empty()) return why;
  for (const std::string& tag : wish.tags)
    if (std::find(node.tags.begin(), node.tags.end(), tag) == node.tags.end())
      return "it does not have the tag " + tag;
  if (!wish.spread.empty() &&
      std::find(node.spreads.begin(), node.spreads.end(), wish.spread) != node.spreads.end())
    return cat({"it has a mount of \"", wish.spread, "\" already"});
  return refused_by_capacity(wish, node);
}

}  // namespace

std::string refuse_move(const PlaceWish& wish, const PlaceCandidate& node) {
  auto why = refused_by_state(node);
  return why.empty() ? refused_by_capacity(wish, node) : why;
}

Placed place_mount(const PlaceWish& wish, std::span<const PlaceCandidate> candidates) {
  struct Row {
    bool refused;
    Nearness far;
    double use;
    std::uint64_t draw;
    PlaceReason reason;
  };
  std::vector<Row> rows;
  for (const PlaceCandidate& node : candidates) {
    Row row{};
    row.reason.node = node.node;
    row.reason.refused = refusal(wish, node);
    row.refused = !row.reason.refused.empty();
    row.far = nearness(wish, node);
    const std::uint64_t sources =
        node.counted_sources != 0 ? node.counted_sources : node.max_sources.value_or(0);
    row.use = std::max(share(node.reserved_mounts + 1, sources),
                       share(node.reserved_kbps + wish.kbps, node.max_ingest_kbps));
    row.reason.use = row.use;
    row.draw = rendezvous(wish.mount, node.node);
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    // The higher draw comes first.
    return std::tie(a.refused, a.far, a.use, b.draw) < std::tie(b.refused, b.far, b.use, a.draw);
  });
  Placed placed;
  for (Row& row : rows) {
    if (placed.node.empty() && !row.refused) placed.node = row.reason.node;
    placed.reasons.push_back(std::move(row.reason));
  }
  return placed;
}

}  // namespace lb
