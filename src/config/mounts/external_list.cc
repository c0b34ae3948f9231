#include "config/mounts/external_list.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "config/schema/diagnostic.h"

namespace lb {
namespace {

constexpr std::size_t kDeepestList = 16;
constexpr std::uint64_t kVersion = 1;

// Returns the scheme, host and port of an address, as "https://host:443"; "" without a scheme.
std::string_view server_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  return url.substr(0, std::min(url.find_first_of("/?#", scheme + 3), url.size()));
}

}  // namespace

Result<ExternalList> parse_external_list(std::string_view text) {
  if (text.size() > kMaxExternalBytes)
    return Error::invalid(cat({"it has more than ", kMaxExternalBytes, " bytes"}));
  const auto json = Json::parse(text, kDeepestList);
  if (!json) return Error::invalid("it is not JSON: " + json.error().what);
  if (!json->is_object()) return Error::invalid("it is not an object");
  if (json->at("version").u64() != kVersion) return Error::invalid("its version is not 1");
  const Json mounts = json->at("mounts");
  if (!mounts.is_array()) return Error::invalid("it has no list of mounts");
  if (mounts.size() > kMaxExternalMounts)
    return Error::invalid(
        cat({"it has ", mounts.size(), " mounts (limit ", kMaxExternalMounts, ")"}));
  const Json next = json->at("next");
  if (!next.missing() && !next.is_null() && !next.text())
    return Error::invalid("its next page is not text");
  ExternalList list;
  list.next = next.text().value_or("");
  list.etag = json->at("etag").text().value_or("");
  std::set<std::string, std::less<>> seen;
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    const Json one = mounts.at(i);
    RecordReading reading = read_mount_record(one, SetBy::kExternal);
    ExternalMount& mount = list.mounts.emplace_back();
    mount.mount = one.at("mount").text().value_or("");
    mount.faults = std::move(reading.faults);
    for (RecordFault& fault : mount.faults) fault.pointer.insert(0, cat({"/mounts/", i}));
    mount.by_name = one.at("by-name").boolean().value_or(false);
    mount.record = std::make_shared<const MountRecord>(std::move(reading.record));
    // A mount without a name is kept for its faults; a repeated name is dropped.
    if (!mount.mount.empty() && !seen.insert(mount.mount).second) list.mounts.pop_back();
  }
  return list;
}

std::string external_list_json(const std::vector<ExternalMount>& mounts, std::string_view etag) {
  JsonWriter json;
  json.reserve(mounts.size() * 256);
  json.begin_object().key("version").number(kVersion).key("etag").text(etag);
  json.key("mounts").begin_array();
  for (const ExternalMount& mount : mounts) {
    json.begin_object();
    write_mount_record_members(json, *mount.record, RecordSecrets::kWhole);
    if (mount.by_name) json.key("by-name").boolean(true);
    json.end_object();
  }
  json.end_array().end_object();
  return json.take() + "\n";
}

Result<std::string> external_page_url(std::string_view url, std::string_view next) {
  const std::string_view origin = server_of(url);
  if (next.starts_with('/') && !next.starts_with("//")) return std::string(origin).append(next);
  if (server_of(next) == origin && !origin.empty()) return std::string(next);
  return Error::invalid(cat({"its next page ", quoted(next), " is not of the same server"}));
}

std::string external_url(std::string_view url, std::string_view node, std::string_view epoch,
                         const std::vector<std::string>& names) {
  std::string out(url.substr(0, url.find('#')));
  out += out.find('?') == std::string::npos ? '?' : '&';
  out.append("node=")
      .append(percent_encode(node, false))
      .append("&epoch=")
      .append(percent_encode(epoch, false));
  if (!names.empty()) out += "&mount=";
  bool first = true;
  for (const std::string& name : names) {
    if (!std::exchange(first, false)) out += ',';
    out += percent_encode(name, true);
  }
  return out;
}

}  // namespace lb
