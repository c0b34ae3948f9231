#include "api/records/mount_names.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "api/records/record_plans.h"
#include "api/request/record_book.h"
#include "base/cat.h"
#include "config/load/mount_rules.h"
#include "config/settings/config.h"
#include "config/settings/station_settings.h"

namespace lb {
namespace {

constexpr std::string_view kPages = "/listen";
bool is_led_to_by_others(const RecordBook& book, std::string_view mount, std::string_view account) {
  return std::ranges::any_of(book.leading_to(mount), [&](const std::string& from) {
    const auto* row = book.mount(from);
    return row != nullptr && row->value.account != account;
  });
}

}  // namespace

std::optional<Problem> judge_new_name(const PlanContext& context, const MountRecord& record) {
  if (context.who.role == Role::kAdmin) return std::nullopt;
  const std::string& name = record.mount;
  for (std::size_t slash = 0; slash != std::string::npos;) {
    slash = name.find('/', slash + 1);
    const std::string part = name.substr(0, slash);
    const bool below = slash != std::string::npos;
    const auto* row = context.book.mount(part);
    const bool in_file = file_section(context.file, part) != nullptr;
    const bool own = row != nullptr && !in_file && row->value.account == record.account;
    const bool is_anothers = (row != nullptr && !own) || in_file || (below && part == kPages);
    const std::string_view use = own || is_anothers ? "" : use_in_file(context.file, part);
    const MountNow now = own ? MountNow() : context.world.now_of(part);
    // The stream of a deleted mount lingers at nodes with listeners.
    const bool on_air = now.on_air && (now.former.empty() || now.former != record.account);
    const bool is_led_to = !own && is_led_to_by_others(context.book, part, record.account);
    if (!is_anothers && use.empty() && !on_air && !is_led_to && !now.is_file) continue;
    const std::string why = !use.empty()
                                ? cat({": <", use, "> of the configuration file leads to it"})
                            : is_anothers ? std::string()
                            : on_air      ? std::string(": a stream of that name is on the air")
                            : is_led_to   ? std::string(": a mount of another account leads to it")
                                          : std::string(": the web root has a file of that name");
    return forbidden(
        cat({"mount ", part, " is not of account ", record.account, why,
             "; only an administrator may create ", below ? "mounts below it" : "its record"}));
  }
  const auto& mounts = context.book.mounts();
  const std::string below = name + "/";
  for (auto at = mounts.lower_bound(below); at != mounts.end() && at->first.starts_with(below);
       ++at)
    if (at->second->value.account != record.account)
      return forbidden(cat({"a mount below ", name, " is not of account ", record.account,
                            "; only an administrator may create its record"}));
  // /listen/ID would show the mount /ID, which wins over the station ID.
  const std::string_view id = std::string_view(name).substr(1);
  const auto* station = context.book.station(id);
  const auto& in_file = context.file.stations;
  if (std::ranges::find(in_file, id, &StationSettings::id) != in_file.end() ||
      (station != nullptr && station->value.account != record.account))
    return forbidden(cat({"station ", id, " is not of account ", record.account,
                          "; only an administrator may create a mount of its name"}));
  // … as over the mount /ID.mp3 of another account.
  if (is_station_id(id) && is_id_of_others(context, id, record.account))
    return forbidden(cat({"/listen", name, " is the page of a mount that is not of account ",
                          record.account, "; choose another name"}));
  return std::nullopt;
}

}  // namespace lb
