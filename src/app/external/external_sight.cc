// The external configuration for administrators, and their confirmations.
#include <algorithm>

#include "app/external/external_service.h"
#include "app/services/traffic.h"
#include "base/cat.h"
#include "base/json.h"
#include "config/settings/config.h"

namespace lb {
namespace {

// Limits of shown entries; the counts next to them include all.
constexpr std::size_t kMaxPendingNames = 1000, kMaxBadMounts = 1000, kMaxErrors = 10;

}  // namespace

ExternalService::Numbers ExternalService::numbers() const {
  Numbers numbers;
  numbers.on = !settings_.url.empty();
  numbers.age = std::chrono::duration<double>(traffic_.clock.steady() - good_).count();
  numbers.mounts = book_.size();
  numbers.bad_mounts = book_.faults().size();
  numbers.failures = failures_;
  return numbers;
}

std::map<std::string, std::string_view> ExternalService::hidden() const {
  std::map<std::string, std::string_view> mounts;
  const auto config = traffic_.config.read();
  for (const auto& [name, record] : book_.records()) {
    const MountSettings* section = named_section(*config, name);
    if (section == nullptr) continue;
    if (section->origin == MountOrigin::kFile)
      mounts.emplace(name, "file");
    else if (section->origin == MountOrigin::kStore)
      mounts.emplace(name, "store");
  }
  return mounts;
}

std::string ExternalService::json() const {
  const Numbers now = numbers();
  JsonWriter json;
  json.begin_object();
  json.key("on").boolean(now.on).key("url").text(shown_url(settings_.url));
  json.key("state").text(!trouble_.empty() ? "failing" : answered_ ? "good" : "asking");
  json.key("age").number(now.age).key("mounts").number(now.mounts);
  json.key("applied").boolean(applied_ == wanted_);
  json.key("etag").text(book_.identity());
  json.key("failures").number(now.failures).key("trouble").text(trouble_);
  json.key("bad_mounts").number(now.bad_mounts).key("faults").begin_array();
  std::size_t bad = 0;
  for (const auto& [mount, faults] : book_.faults()) {
    if (++bad > kMaxBadMounts) break;
    json.begin_object().key("mount").text(mount).key("fault").text(to_string(faults));
    json.key("in_force").boolean(book_.knows(mount)).key("errors").begin_array();
    for (std::size_t i = 0; i < faults.size() && i < kMaxErrors; ++i)
      json.begin_object()
          .key("pointer")
          .text(faults[i].pointer)
          .key("detail")
          .text(faults[i].detail)
          .end_object();
    json.end_array().end_object();
  }
  json.end_array();
  json.key("hidden").begin_array();
  std::size_t shown_hidden = 0;
  for (const auto& [mount, by] : hidden()) {
    if (++shown_hidden > kMaxBadMounts) break;
    json.begin_object().key("mount").text(mount).key("by").text(by).end_object();
  }
  json.end_array();
  json.key("pending");
  if (const auto& pending = book_.pending()) {
    json.begin_object().key("etag").text(pending->identity);
    json.key("by_hand").boolean(pending->by_hand);
    json.key("seen").number(pending->seen).key("confirm").number(settings_.confirm);
    json.key("count").number(std::uint64_t{pending->names.size()}).key("mounts").begin_array();
    const std::size_t shown = std::min(pending->names.size(), kMaxPendingNames);
    for (std::size_t i = 0; i < shown; ++i) json.text(pending->names[i]);
    json.end_array().end_object();
  } else {
    json.null();
  }
  json.end_object();
  return json.take() + "\n";
}

Result<void> ExternalService::confirm(const std::string& etag) {
  auto step = book_.confirm(etag);
  if (!step) return step.error();
  traffic_.log.info("config/external", cat({"an administrator has confirmed the removal of ",
                                            step->removed.size(), " mounts"}));
  take(std::move(*step));
  return {};
}

}  // namespace lb
