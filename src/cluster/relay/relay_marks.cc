#include "cluster/relay/relay_marks.h"

#include <algorithm>

#include "base/cat.h"
#include "base/strings.h"
#include "cluster/nodes/names.h"
#include "cluster/relay/pull_mark.h"

namespace lb {
namespace {

constexpr std::string_view kRelayHeader = "x-lb-relay";
constexpr std::string_view kBurstHeader = "x-lb-burst";
constexpr std::size_t kLongestVia = 1024;

// "1.1 edge3, HTTP/1.1 m1 (proxy)" → the second words.
template <class Each>
void for_each_hop(std::string_view via, Each each) {
  for (const std::string_view part : split(via, ',')) {
    const std::string_view hop = trim(part);
    const std::size_t space = hop.find(' ');
    if (space == std::string_view::npos) continue;
    const std::string_view name = trim(hop.substr(space + 1));
    each(name.substr(0, name.find(' ')));
  }
}

// A Via is passed on only if it is short and printable.
std::string clean_via(std::string_view via) {
  if (via.size() > kLongestVia) return {};
  const bool plain =
      std::all_of(via.begin(), via.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  return plain ? std::string(trim(via)) : std::string();
}

}  // namespace

bool is_relay_request(const Headers& request, std::string_view own_server_id) noexcept {
  if (is_own_product(request) || has_pull_mark(request)) return true;
  const std::string_view agent = request.get("user-agent");
  return agent.starts_with("Icecast") || (!own_server_id.empty() && agent == own_server_id);
}

bool is_own_product(const Headers& request) noexcept {
  return request.find(kRelayHeader) != nullptr;
}

std::string relay_mark_lines(std::string_view mark, std::string_view via) {
  std::string before = clean_via(via);
  if (!before.empty()) before += ", ";
  return cat({"X-LB-Relay: ", mark, "\r\nVia: ", before, "1.1 ", mark, "\r\n"});
}

std::string relay_burst_line(std::uint64_t bytes) { return cat({"X-LB-Burst: ", bytes, "\r\n"}); }

std::optional<std::uint64_t> burst_wanted(const Headers& request) noexcept {
  if (!is_own_product(request)) return std::nullopt;
  return parse_u64(request.get(kBurstHeader));
}

std::string circle_in_request(const Headers& request, std::string_view mark) {
  unsigned hops = 0;
  bool self = false;
  for_each_hop(request.get("via"), [&](std::string_view name) {
    ++hops;
    self = self || name == mark;
  });
  if (self) return "the request has come through this node before";
  if (hops > kMaxHops) return cat({"the request has come through ", hops, " nodes"});
  return {};
}

std::string path_line(std::string_view path) {
  return path.empty() ? std::string() : cat({"X-LB-Path: ", path, "\r\n"});
}

std::string path_of(const Headers& answer) {
  std::string out;
  unsigned hops = 0;
  for (const std::string_view mark : split(answer.get("x-lb-path"), ' ')) {
    const std::size_t dot = mark.rfind('.');
    if (dot == std::string_view::npos || !is_node_id(mark.substr(0, dot)) ||
        !is_node_id(mark.substr(dot + 1)))
      continue;
    if (++hops > kMaxHops + 1) break;
    out.append(out.empty() ? "" : " ").append(mark);
  }
  return out;
}

bool path_contains(std::string_view path, std::string_view mark) noexcept {
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(' '), path.size());
    if (path.substr(0, end) == mark) return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

unsigned path_hops(std::string_view path) noexcept {
  return path.empty() ? 0 : 1 + static_cast<unsigned>(std::count(path.begin(), path.end(), ' '));
}

}  // namespace lb
