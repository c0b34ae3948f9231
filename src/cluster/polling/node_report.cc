#include "cluster/polling/node_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "cluster/nodes/names.h"
#include "cluster/nodes/public_address.h"
#include "http/message.h"
#include "http/parser.h"

namespace lb {
namespace {

constexpr std::uint64_t kMaxReportListeners = 10'000'000;
constexpr std::uint64_t kMaxReportKbps = 1'000'000'000;  // 1 Tbit/s
constexpr std::uint64_t kMaxCounted = std::uint64_t{1} << 62;
constexpr std::uint64_t kMaxSeconds = 86'400;
constexpr std::uint64_t kMaxReportMasters = 1000;  // clamped further by the table

// Makes text from outside safe for a message.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 60))
    out += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f ? '?' : c;
  return out;
}

Error wrong(std::string_view key, std::string_view value) {
  return Error::invalid(cat({key, "=", shown(value), " cannot be"}));
}

struct Key {
  std::string_view name;
  bool (*take)(NodeReport& report, std::string_view value);  // false: invalid
};

template <class T>
bool take_number(T& into, std::string_view value, std::uint64_t most) {
  const auto number = parse_u64(value);
  if (!number || *number > most) return false;
  into = static_cast<T>(*number);
  return true;
}
template <class T>
bool take_number(std::optional<T>& into, std::string_view value, std::uint64_t most) {
  T number{};
  if (!take_number(number, value, most)) return false;
  into = number;
  return true;
}
bool take_flag(bool& into, std::string_view value) {
  into = value == "1";
  return value == "1" || value == "0";
}
bool take_address(NodeReport& report, PublicScheme scheme, std::string_view value) {
  if (report.addresses.size() == NodeReport::kMaxAddresses) return false;
  auto address = parse_public_address(scheme, value, kIcecastPort);
  if (!address) return false;
  report.addresses.push_back(std::move(*address));
  return true;
}
bool take_words(std::vector<std::string>& into, std::string_view value, std::size_t most) {
  for (const std::string_view word : split(value, ',')) {
    if (!is_node_id(word) || into.size() == most) return false;
    into.emplace_back(word);
  }
  return true;
}
bool take_seconds(std::chrono::milliseconds& into, std::string_view value) {
  std::uint64_t seconds = 0;
  if (!take_number(seconds, value, kMaxSeconds) || seconds == 0) return false;
  into = std::chrono::seconds(seconds);
  return true;
}

constexpr auto kKeys = std::to_array<Key>({
    {"public", [](NodeReport& r, std::string_view v) { return take_address(r, PublicScheme::kHttp, v); }},
    {"public-https", [](NodeReport& r, std::string_view v) { return take_address(r, PublicScheme::kHttps, v); }},
    {"port", [](NodeReport& r, std::string_view v) { return take_number(r.port, v, 65'535) && r.port != 0; }},
    {"max", [](NodeReport& r, std::string_view v) { return take_number(r.capacity.listeners, v, kMaxReportListeners); }},
    {"max-kbps", [](NodeReport& r, std::string_view v) { return take_number(r.capacity.kbps, v, kMaxReportKbps); }},
    {"accept", [](NodeReport& r, std::string_view v) { return take_number(r.capacity.accepts, v, kMaxReportListeners); }},
    {"listeners", [](NodeReport& r, std::string_view v) { return take_number(r.listeners, v, kMaxReportListeners); }},
    {"kbps", [](NodeReport& r, std::string_view v) { return take_number(r.kbps, v, kMaxReportKbps); }},
    {"arrived", [](NodeReport& r, std::string_view v) { return take_number(r.arrived, v, kMaxCounted); }},
    {"interval", [](NodeReport& r, std::string_view v) { return r.has_every = take_seconds(r.every, v); }},
    {"masters", [](NodeReport& r, std::string_view v) { return take_number(r.masters, v, kMaxReportMasters); }},
    {"relays", [](NodeReport& r, std::string_view v) { return take_number(r.relays, v, kMaxReportListeners); }},
    {"seq", [](NodeReport& r, std::string_view v) { return take_number(r.seq, v, kMaxCounted); }},
    {"now", [](NodeReport& r, std::string_view v) { return take_number(r.now_ms, v, kMaxCounted); }},
    {"epoch", [](NodeReport& r, std::string_view v) { r.epoch = v; return is_node_id(v); }},
    {"tags", [](NodeReport& r, std::string_view v) { return take_words(r.tags, v, NodeReport::kMaxTags); }},
    {"countries", [](NodeReport& r, std::string_view v) { return take_words(r.countries, v, NodeReport::kMaxCountries); }},
    {"tokens", [](NodeReport& r, std::string_view v) { return take_flag(r.tokens, v); }},
    {"draining", [](NodeReport& r, std::string_view v) { return take_flag(r.draining, v); }},
    {"cannot", [](NodeReport& r, std::string_view v) { r.cannot = parse_pull_fault(v); return is_node_id(v); }},
    {"leaving", [](NodeReport& r, std::string_view v) { return take_flag(r.leaving, v); }},
});

Result<void> take_pair(NodeReport& report, std::string_view pair) {
  const std::size_t equals = pair.find('=');
  const std::string_view name = trim(pair.substr(0, equals));
  const std::string_view value =
      equals == std::string_view::npos ? "" : trim(pair.substr(equals + 1));
  for (const Key& key : kKeys) {
    if (key.name != name) continue;
    if (!key.take(report, value)) return wrong(name, value);
    break;
  }
  return {};
}

// A polled node enforces no slots.
constexpr auto kFlags = std::span(kProtectionNames).first<3>();
constexpr std::string_view kIdle = "idle", kCannot = "cannot=", kFree = "free=";

void take_flags(MountLoad& mount, std::string_view flags) {
  for (const std::string_view flag : split(flags, ',')) {
    if (flag == kIdle) mount.carries = false;
    if (flag.starts_with(kCannot)) mount.cannot = parse_pull_fault(flag.substr(kCannot.size()));
    if (flag.starts_with(kFree))
      if (const auto free = parse_u64(flag.substr(kFree.size()));
          free && *free <= kMaxReportListeners)
        mount.free = static_cast<std::uint32_t>(*free);
    for (const auto& [name, protection] : kFlags)
      if (flag == name)
        mount.enforces =
            static_cast<ProtectionSet>(mount.enforces | static_cast<ProtectionSet>(protection));
  }
}

// "mount[ TAB listeners[ TAB flags]]"
Result<void> take_line(NodeReport& report, std::string_view line) {
  const auto parts = split(line, '\t');
  auto mount = decode_path(parts[0]);
  if (!mount || !may_be_relayed_as(*mount)) return Error::invalid(shown(line) + " names no mount");
  if (report.mounts.size() == NodeReport::kMaxMounts)
    return Error::limit(cat({"more than ", NodeReport::kMaxMounts, " mounts"}));
  MountLoad row;
  row.mount = std::move(*mount);
  if (parts.size() > 1 && !take_number(row.listeners, parts[1], kMaxReportListeners))
    return Error::invalid(shown(line) + " has no number of listeners");
  if (parts.size() > 2) take_flags(row, parts[2]);
  report.mounts.push_back(std::move(row));
  return {};
}

Result<void> take_header(NodeReport& report, std::string_view header) {
  if (header.size() > NodeReport::kMaxHeaderBytes)
    return Error::limit(cat({"X-LB-Node has more than ", NodeReport::kMaxHeaderBytes, " bytes"}));
  report.form = NodeReport::Form::kOurs;
  bool first = true;
  for (const std::string_view part : split(header, ';')) {
    if (first) {
      report.id = trim(part);
      if (!is_node_id(report.id)) return Error::invalid(shown(part) + " is not an id of a node");
    } else if (auto taken = take_pair(report, trim(part)); !taken) {
      return taken;
    }
    first = false;
  }
  return {};
}

void append_pair(std::string& out, std::string_view key, std::string_view value) {
  out.append("; ").append(key).append("=").append(value);
}
void append_pair(std::string& out, std::string_view key, std::uint64_t value) {
  append_pair(out, key, std::to_string(value));
}
std::uint64_t rounded(double number) {
  return static_cast<std::uint64_t>(std::llround(std::max(0.0, number)));
}

}  // namespace

Result<NodeReport> parse_node_report(std::string_view header, std::string_view body) {
  NodeReport report;
  if (body.size() > NodeReport::kMaxBytes)
    return Error::limit(cat({"a list of more than ", NodeReport::kMaxBytes, " bytes"}));
  if (!header.empty())
    if (auto taken = take_header(report, header); !taken) return taken.error();
  bool counts = false;
  std::uint64_t sum = 0;
  for (std::string_view line : split(body, '\n')) {
    line = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
    if (line.empty()) continue;
    if (line.front() == '#') {
      for (const std::string_view pair : split(line.substr(1), ' '))
        if (auto taken = take_pair(report, pair); !taken) return taken.error();
      continue;
    }
    if (auto taken = take_line(report, line); !taken) return taken.error();
    counts = counts || line.find('\t') != std::string_view::npos;
    sum += report.mounts.back().listeners;
  }
  if (counts && !report.listeners)
    report.listeners = static_cast<unsigned>(std::min(sum, kMaxReportListeners));
  return report;
}

std::string node_header(const NodeReport& report) {
  std::string out = report.id;
  for (const NodeAddress& address : report.addresses)
    append_pair(out, address.scheme == PublicScheme::kHttps ? "public-https" : "public",
                to_text(address));
  if (report.port != 0) append_pair(out, "port", report.port);
  if (report.capacity.listeners != 0) append_pair(out, "max", report.capacity.listeners);
  if (report.capacity.kbps > 0) append_pair(out, "max-kbps", rounded(report.capacity.kbps));
  if (report.capacity.accepts != 0) append_pair(out, "accept", report.capacity.accepts);
  if (report.listeners) append_pair(out, "listeners", *report.listeners);
  if (report.kbps) append_pair(out, "kbps", rounded(*report.kbps));
  if (report.arrived) append_pair(out, "arrived", *report.arrived);
  append_pair(
      out, "interval",
      static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(report.every).count()));
  append_pair(out, "seq", report.seq);
  append_pair(out, "epoch", report.epoch);
  if (report.now_ms > 0) append_pair(out, "now", static_cast<std::uint64_t>(report.now_ms));
  if (report.masters > 1) append_pair(out, "masters", report.masters);
  if (report.relays > 0) append_pair(out, "relays", report.relays);
  const auto append_words = [&out](std::string_view name, const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words)
      if (is_node_id(word)) text += (text.empty() ? "" : ",") + word;
    if (!text.empty()) append_pair(out, name, text);
  };
  append_words("tags", report.tags);
  append_words("countries", report.countries);
  if (report.tokens) append_pair(out, "tokens", 1);
  if (report.draining) append_pair(out, "draining", 1);
  if (report.leaving) append_pair(out, "leaving", 1);
  if (report.cannot != PullFault::kNone) append_pair(out, "cannot", to_text(report.cannot));
  return out;
}

std::string node_body(const NodeReport& report) {
  std::string out;
  for (const MountLoad& mount : report.mounts) {
    out.append(percent_encode(mount.mount, true))
        .append("\t")
        .append(std::to_string(mount.listeners));
    std::string flags;
    if (!mount.carries) flags = kIdle;
    for (const auto& [name, protection] : kFlags)
      if ((mount.enforces & static_cast<ProtectionSet>(protection)) != 0)
        flags.append(flags.empty() ? "" : ",").append(name);
    const auto add = [&flags](std::string_view name, std::string_view value) {
      flags.append(flags.empty() ? "" : ",").append(name).append(value);
    };
    if (mount.cannot != PullFault::kNone) add(kCannot, to_text(mount.cannot));
    if (mount.free != MountLoad::kUnlimited) add(kFree, std::to_string(mount.free));
    if (!flags.empty()) out.append("\t").append(flags);
    out += '\n';
  }
  return out;
}

// KH registers any slave that sends all three; an interval below 5 is ignored.
bool is_kh_registration(std::string_view query) {
  return query_param(query, "rserver").has_value() && query_param(query, "rport").has_value();
}

Result<NodeReport> parse_kh_registration(std::string_view query) {
  NodeReport report;
  report.form = NodeReport::Form::kKh;
  const std::string host = query_param(query, "rserver").value_or("");
  const std::string port = query_param(query, "rport").value_or("");
  const std::string interval = query_param(query, "interval").value_or("");
  const auto number = parse_u64(port);
  if (!number || *number < 1 || *number > 65'535) return wrong("rport", port);
  if (!interval.empty() && !take_seconds(report.every, interval))
    return wrong("interval", interval);
  report.has_every = !interval.empty();
  auto address =
      make_public_address(PublicScheme::kHttp, host, static_cast<std::uint16_t>(*number));
  if (!address) return wrong("rserver", host);
  report.port = address->port;
  report.addresses.push_back(std::move(*address));
  return report;
}

}  // namespace lb
