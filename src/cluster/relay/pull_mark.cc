#include "cluster/relay/pull_mark.h"

#include <array>
#include <limits>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "cluster/nodes/names.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::string_view kPullHeader = "x-lb-pull";
constexpr std::size_t kLongest = 512;
constexpr std::size_t kMacDigits = 64;
constexpr std::size_t kLongestNumber = 20;

// The parts before and after the last dot, both valid words.
std::optional<std::pair<std::string_view, std::string_view>> two_words(std::string_view mark) {
  const std::size_t dot = mark.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto both = std::pair(mark.substr(0, dot), mark.substr(dot + 1));
  if (!is_node_id(both.first) || !is_node_id(both.second)) return std::nullopt;
  return both;
}

bool is_mac(std::string_view text) noexcept {
  return text.size() == kMacDigits && is_hex_text(text);
}

}  // namespace

std::string PullMark::mac_for(std::string_view secret, std::string_view mount) const {
  if (secret.empty()) return {};
  const std::string key = hmac_sha256(secret, "lbedge-cluster/1 pull " + id);
  std::string text =
      cat({"lbedge-pull/1\n", id, ".", epoch, "\n", to, "\n", number, "\n", at, "\n"});
  return hex_encode(hmac_sha256(key, text.append(mount)));
}

std::string pull_line(PullMark mark, std::string_view secret, std::string_view mount) {
  mark.mac = mark.mac_for(secret, mount);
  return cat({"X-LB-Pull: ", mark.id, ".", mark.epoch, "; to=", mark.to, "; n=", mark.number,
              "; t=", mark.at, "; mac=", mark.mac, "\r\n"});
}

bool has_pull_mark(const Headers& request) noexcept { return request.find(kPullHeader) != nullptr; }

std::optional<PullMark> pull_mark_of(const Headers& request) {
  const std::string_view value = trim(request.get(kPullHeader));
  if (value.empty() || value.size() > kLongest) return std::nullopt;
  constexpr std::array<std::string_view, 5> kNames = {"", "to=", "n=", "t=", "mac="};
  std::array<std::string_view, 5> found;
  std::size_t at = 0;
  for (const std::string_view part : split(value, ';')) {
    if (at == kNames.size()) return std::nullopt;
    std::string_view text = trim(part);
    if (!text.starts_with(kNames[at])) return std::nullopt;
    text.remove_prefix(kNames[at].size());
    found[at++] = text;
  }
  if (at != kNames.size()) return std::nullopt;
  const auto [who, to, n, t, mac] = found;
  const auto node = two_words(who);
  if (!node || !two_words(to) || !is_mac(mac)) return std::nullopt;
  if (n.size() > kLongestNumber || t.size() > kLongestNumber) return std::nullopt;
  const auto number = parse_u64(n), seconds = parse_u64(t);
  constexpr auto kLatestSeconds =
      static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max()) * 4;
  if (!number || *number == 0 || !seconds || *seconds > kLatestSeconds) return std::nullopt;
  return PullMark{std::string(node->first),
                  std::string(node->second),
                  std::string(to),
                  *number,
                  static_cast<std::int64_t>(*seconds),
                  std::string(mac)};
}

}  // namespace lb
