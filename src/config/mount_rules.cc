#include "config/mount_rules.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/strings.h"
#include "config/diagnostic.h"

namespace lb {
namespace {

// A listener follows no more fallbacks than these; a longer chain is no circle.
constexpr std::size_t kLongestChain = 64;

constexpr auto kEndingsWithoutHls = std::to_array<std::string_view>(
    {".ogg", ".oga", ".opus", ".flac", ".webm", ".mka", ".mkv", ".spx"});

}  // namespace

std::string fallback_fault(std::string_view mount, const FallbackOf& fallback_of) {
  std::vector<std::string> chain{std::string(mount)};
  while (chain.size() <= kLongestChain) {
    std::string next = fallback_of(chain.back());
    if (next.empty()) return "";
    if (next == mount) {
      if (chain.size() == 1) return quoted(mount) + " falls back to itself";
      std::string text = quoted(chain[0]) + " falls back to " + quoted(chain[1]);
      for (std::size_t i = 1; i < chain.size(); ++i)
        text += ", " + quoted(chain[i]) + " to " +
                quoted(i + 1 < chain.size() ? std::string_view(chain[i + 1]) : mount);
      return text + ": a circle, in which no listener finds a stream";
    }
    if (std::find(chain.begin(), chain.end(), next) != chain.end()) return "";
    chain.push_back(std::move(next));
  }
  return "";
}

std::string hls_fault(std::string_view mount) {
  for (const std::string_view ending : kEndingsWithoutHls)
    if (mount.size() > ending.size() && iequals(mount.substr(mount.size() - ending.size()), ending))
      return "the name " + quoted(mount) +
             " is of a format that HLS does not have here; HLS is of "
             "MP3 and AAC";
  return "";
}

std::string hours_fault(const RecordLogin& login) {
  if (login.from == 0 || login.until == 0 || login.from < login.until) return "";
  return "ends (until " + std::to_string(login.until) + ") before it begins (from " +
         std::to_string(login.from) + "); it could never be used";
}

}  // namespace lb
