#include "cluster/nodes/names.h"

#include <cstddef>

#include "base/strings.h"
#include "http/parser.h"

namespace lb {
namespace {

constexpr std::size_t kLongestId = 64;
constexpr std::size_t kLongestMount = 255;

}  // namespace

bool is_node_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= kLongestId && is_plain_text(id, "-_.");
}

bool may_be_relayed_as(std::string_view mount) noexcept {
  if (mount.size() < 2 || mount.size() > kLongestMount || mount.front() != '/') return false;
  if (mount == "/admin" || mount.starts_with("/admin/") || mount == "/admin.cgi") return false;
  for (const std::string_view ending : {".xsl", ".m3u", ".xspf", ".vclt", ".pls"})
    if (mount.ends_with(ending)) return false;
  return is_clean_path(mount);  // clients could not request it otherwise
}

}  // namespace lb
