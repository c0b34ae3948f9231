#include "auth/guard/ip_filter.h"

#include <algorithm>

#include "base/cat.h"
#include "base/log.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kMaxComplaints = 10;

std::vector<std::string_view> entries_of(std::string_view text) {
  std::vector<std::string_view> entries;
  for (std::string_view line : split(without_byte_order_mark(text), '\n')) {
    line = trim(line);
    if (!line.empty() && line.front() != '#') entries.push_back(line);
  }
  return entries;
}

bool is_pattern(std::string_view entry) {
  return entry.find_first_of("*?") != std::string_view::npos;
}

// "192.168.*" → "192.168" and 16; nullopt: the pattern is no plain IPv4 prefix.
std::optional<std::pair<std::string, unsigned>> v4_prefix(std::string_view pattern) {
  if (!pattern.ends_with(".*")) return std::nullopt;
  std::string address(pattern.substr(0, pattern.size() - 2));
  if (is_pattern(address) || address.find(':') != std::string::npos) return std::nullopt;
  const auto parts = static_cast<unsigned>(1 + std::count(address.begin(), address.end(), '.'));
  if (parts > 3) return std::nullopt;
  for (unsigned i = parts; i < 4; ++i) address += ".0";
  return std::pair(std::move(address), parts * 8);
}

}  // namespace

IpList IpList::parse(std::string_view text, std::vector<std::string>& complaints) {
  IpList list;
  for (std::string_view entry : entries_of(text)) {
    entry = trim(entry.substr(0, entry.find('#')));
    if (list.add(entry)) continue;
    complaints.push_back(
        cat({"\"", entry, "\" is not an address, network or pattern; it is left out"}));
  }
  list.sort();
  return list;
}

bool IpList::add(std::string_view entry) {
  if (is_pattern(entry)) {
    if (const auto prefix = v4_prefix(entry))
      return add_network(prefix->first, std::to_string(prefix->second));
    if (entry.find_first_not_of("0123456789abcdefABCDEF.:*?") != std::string_view::npos)
      return false;
    patterns_.push_back(to_lower(entry));
    return true;
  }
  const std::size_t slash = entry.find('/');
  if (slash != std::string_view::npos)
    return add_network(entry.substr(0, slash), entry.substr(slash + 1));
  const auto address = Address::parse(entry, 0);
  if (!address) return false;
  add_range(address->bytes(), 128);
  return true;
}

bool IpList::add_network(std::string_view text, std::string_view bits_text) {
  const auto address = Address::parse(text, 0);
  const auto bits = parse_u64(bits_text);
  if (!address || !bits) return false;
  const bool v4 = address->is_v4() && text.find(':') == std::string_view::npos;
  if (*bits > (v4 ? 32 : 128)) return false;
  add_range(address->bytes(), static_cast<unsigned>(*bits) + (v4 ? 96 : 0));
  return true;
}

void IpList::add_range(const Bytes& base, unsigned prefix_bits) {
  Bytes first = base, last = base;
  for (unsigned bit = prefix_bits; bit < 128; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80u >> (bit % 8));
    first[bit / 8] = static_cast<std::uint8_t>(first[bit / 8] & ~mask);
    last[bit / 8] = static_cast<std::uint8_t>(last[bit / 8] | mask);
  }
  ranges_.emplace_back(first, last);
}

void IpList::sort() {
  std::sort(ranges_.begin(), ranges_.end());
  std::vector<std::pair<Bytes, Bytes>> apart;
  for (const auto& range : ranges_) {
    if (!apart.empty() && range.first <= apart.back().second)
      apart.back().second = std::max(apart.back().second, range.second);
    else
      apart.push_back(range);
  }
  ranges_ = std::move(apart);
}

bool IpList::contains(const Address& address) const {
  const Bytes& bytes = address.bytes();
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), bytes,
                       [](const Bytes& b, const auto& range) { return b < range.first; });
  if (after != ranges_.begin() && bytes <= std::prev(after)->second) return true;
  if (patterns_.empty()) return false;
  const std::string text = address.ip();
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&text](const std::string& pattern) { return glob_match(pattern, text); });
}

bool AccessLists::agent_refused(std::string_view agent) const {
  if (agent.empty() || agents.empty()) return false;
  // glob_match() treats '/' as the separator of a path; here it is an ordinary character.
  std::string text = to_lower(agent);
  std::replace(text.begin(), text.end(), '/', '|');
  return std::any_of(agents.begin(), agents.end(),
                     [&text](const std::string& pattern) { return glob_match(pattern, text); });
}

std::optional<std::string> AccessFiles::changed(std::optional<WatchedFile>& file,
                                                const std::string& path) {
  if (!file || file->path() != path) file.emplace(path);
  auto text = file->read_if_changed();
  if (!text) return std::nullopt;
  if (!*text) {
    log_.error("connection/accept_ip_address",
               text->error().what + "; its last list stays in force");
    return std::nullopt;
  }
  return std::move(**text);
}

IpList AccessFiles::parse(std::string_view text, const std::string& path) {
  std::vector<std::string> complaints;
  IpList list = IpList::parse(text, complaints);
  for (std::size_t i = 0; i < std::min(complaints.size(), kMaxComplaints); ++i)
    log_.warn("connection/accept_ip_address", cat({path, ": ", complaints[i]}));
  if (complaints.size() > kMaxComplaints)
    log_.warn("connection/accept_ip_address", cat({path, ": ", complaints.size() - kMaxComplaints,
                                                   " more lines could not be read"}));
  log_.info("connection/accept_ip_address", cat({path, ": ", list.size(), " entries read"}));
  return list;
}

void AccessFiles::reload_changed(const AccessPaths& paths) {
  auto next = std::make_shared<AccessLists>(*lists_.read());
  bool any = false;
  const auto take = [&](std::optional<WatchedFile>& file, const std::string& path, auto use,
                        auto clear) {
    if (path.empty()) {
      if (file) clear(), any = true;
      file.reset();
    } else if (const auto text = changed(file, path)) {
      use(*text);
      any = true;
    }
  };
  take(
      deny_, paths.deny_ip,
      [&](const std::string& text) { next->deny = parse(text, paths.deny_ip); },
      [&] { next->deny = {}; });
  take(
      allow_, paths.allow_ip,
      [&](const std::string& text) { next->allow = parse(text, paths.allow_ip); },
      [&] { next->allow.reset(); });
  take(
      agents_, paths.deny_agents,
      [&](const std::string& text) {
        next->agents.clear();
        for (const std::string_view entry : entries_of(text)) {
          std::string pattern = to_lower(entry);
          std::replace(pattern.begin(), pattern.end(), '/', '|');
          next->agents.push_back(std::move(pattern));
        }
      },
      [&] { next->agents.clear(); });
  if (any) lists_.publish(std::move(next));
}

}  // namespace lb
