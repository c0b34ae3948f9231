#include <algorithm>
#include <map>
#include <utility>

#include "admin/feed/now_json.h"
#include "api/records/mount_answer.h"
#include "api/records/record_plans.h"
#include "api/request/answer.h"
#include "api/request/list_page.h"
#include "api/request/record_book.h"
#include "api/request/rights.h"
#include "api/request/station_fields.h"
#include "base/cat.h"
#include "base/time_zone.h"
#include "config/settings/config.h"
#include "stream/source/picture_shelf.h"

namespace lb {
namespace {

using StationRow = BookRow<StationRecord>;

const StationSettings* file_station(const PlanContext& context, std::string_view id) {
  const auto at = std::ranges::find(context.file.stations, id, &StationSettings::id);
  return at == context.file.stations.end() ? nullptr : &*at;
}

// The id of another station that shows this mount; "": none.
std::string shown_by(const PlanContext& context, std::string_view id, const std::string& mount) {
  const auto names = [&mount](const StationSettings& station) {
    return std::ranges::find(station.mounts, mount) != station.mounts.end();
  };
  for (const StationSettings& station : context.file.stations)
    if (names(station)) return station.id;
  for (const auto& [other, row] : context.book.stations())
    if (other != id && names(row->value) && row->value.may_show(account_of_mount(context, mount)))
      return other;
  return {};
}

// A station without visible mounts must look like a missing one.
bool sees_station(const ApiCaller& who, const StationRecord& record) {
  return sees_all(who) || std::ranges::any_of(record.mounts, [&](const std::string& mount) {
           return sees_mount(who, mount, record.account);
         });
}

void write_station(JsonWriter& json, const PlanContext& context, const StationRecord& record,
                   std::uint64_t revision) {
  StationNow now;
  now.in_file = file_station(context, record.id) != nullptr;
  for (const std::string& mount : record.mounts)
    if (!record.may_show(account_of_mount(context, mount))) now.left_out.push_back(mount);
  write_answer<kStationFields, kStationNow, kRevision>(json, record, now, AnswerRevision{revision});
}

StationRecord as_record(const StationSettings& station) {
  StationRecord record;
  static_cast<StationSettings&>(record) = station;
  return record;
}

void write_file_station(JsonWriter& json, const StationSettings& station) {
  StationNow now;
  now.origin = "file";
  write_answer<kStationFields, kStationNow>(json, as_record(station), now);
}

Planned answer_of(const PlanContext& context, const StationRecord& record, std::uint64_t revision) {
  JsonWriter json;
  write_station(json, context, record, revision);
  return answered(json, revision);
}

std::vector<ApiDeed::Change> station_changes(const StationRecord& before,
                                             const StationRecord& after) {
  const auto written = [](const auto& row, const StationRecord& record) -> std::string {
    JsonWriter json;
    json.begin_object();
    row.write(json, row, record, Form::kAnswer);
    const auto parsed = Json::parse(json.end_object().take());
    const Json value = parsed ? parsed->at(row.name) : Json();
    std::string text(value.text().value_or(""));
    for (std::size_t i = 0; i < value.size(); ++i) {
      const Json one = value.at(i);  // a text or a link
      text += cat({i == 0 ? "" : " ", one.text().value_or(one.at("url").text().value_or(""))});
    }
    return text;
  };
  std::vector<ApiDeed::Change> changes;
  for (const auto& row : kStationFields) {
    std::string old = written(row, before), now = written(row, after);
    if (row.name != "id" && old != now)
      changes.push_back({std::string(row.name), std::move(old), std::move(now)});
  }
  return changes;
}

// A login with only some mounts must not create a station with others.
std::optional<Problem> judge_right(const PlanContext& context, const StationRecord& record) {
  if (!changes_account_of(context.who, record.account))
    return forbidden("the login may not change station " + record.id);
  for (const std::string& mount : record.mounts)
    if (record.may_show(account_of_mount(context, mount)) &&
        !sees_mount(context.who, mount, record.account))
      return forbidden(
          cat({"this login may use some mounts only, and ", mount, " is not one of them"}));
  return std::nullopt;
}

// Mounts of records, and of a backend.
std::uint64_t mounts_of_account(const PlanContext& context, const std::string& account) {
  std::uint64_t mounts = quota_use(context.book, account).mounts;
  for (const auto& [name, record] : context.file.book.layers.external)
    if (record->account == account && external_mount(context, name) != nullptr) ++mounts;
  return mounts;
}

std::optional<Problem> judge_number(const PlanContext& context, const StationRecord& record) {
  std::size_t others = 0;
  for (const auto& [id, row] : context.book.stations())
    others += id != record.id && row->value.account == record.account ? 1 : 0;
  const std::uint64_t mounts = mounts_of_account(context, record.account);
  if (others < mounts) return std::nullopt;
  return Problem{ProblemName::kQuota,
                 cat({"account ", record.account, " has ", mounts, " mounts and ", others,
                      " other stations; it may have as many stations as mounts"})};
}

// An owner may name only pictures taken by the API, or the station's present ones.
void judge_owner_picture(const PlanContext& context, std::string_view name, const std::string& path,
                         const std::string& before, std::vector<JsonFault>& faults) {
  if (context.who.role != Role::kAdmin && !path.empty() && path != before &&
      name_in_picture_path(path).empty())
    faults.push_back({cat({"/", name}),
                      "an owner may name only an address that PUT …/art has returned; an "
                      "administrator also pictures of the web root"});
}

void judge_members(const PlanContext& context, const StationRecord& record,
                   const StationRecord& before, std::vector<JsonFault>& faults) {
  std::ranges::move(station_faults(record), std::back_inserter(faults));
  if (!record.timezone.empty() && !find_time_zone(record.timezone))
    faults.push_back({"/timezone", "there is no such time zone"});
  judge_owner_picture(context, "logo", record.logo, before.logo, faults);
  judge_owner_picture(context, "default-art", record.default_art, before.default_art, faults);
  if (!record.account.empty() && context.book.account(record.account) == nullptr)
    faults.push_back({"/account", "there is no account " + record.account});
  for (std::size_t i = 0; i < record.mounts.size(); ++i) {
    const std::string& mount = record.mounts[i];
    if (!record.may_show(account_of_mount(context, mount)))
      faults.push_back({cat({"/mounts/", i}), "it is not a mount of account " + record.account});
    else if (const std::string other = shown_by(context, record.id, mount); !other.empty())
      faults.push_back({cat({"/mounts/", i}), "it belongs to station " + other});
  }
}

// row: null for a new station.  use: kNew replaces all members.
Plan plan_over(const PlanContext& context, const StationRow* row, Forms use) {
  if (row != nullptr && context.request.only_new)
    return Problem{ProblemName::kChanged, cat({"station ", row->value.id, " exists"})};
  StationRecord record, before;
  before.account = context.who.role == Role::kAdmin ? std::string() : context.who.account;
  if (row != nullptr) before = row->value;
  if (use == Form::kChange) record = before;
  record.id = context.request.names.at(0);
  record.account = before.account;
  std::vector<JsonFault> faults;
  ObjectReader body(context.request.json, use, faults);
  body.take(kStationFields, record).finish();
  if (record.id != context.request.names.at(0)) body.wrong("id", "a station keeps its id");
  if (!faults.empty()) return invalid(std::move(faults));
  if (auto problem = judge_right(context, record)) return *std::move(problem);
  judge_members(context, record, before, faults);
  if (!faults.empty()) return invalid(std::move(faults));
  if (row == nullptr && context.who.role != Role::kAdmin &&
      is_id_of_others(context, record.id, record.account))
    return Problem{ProblemName::kExists,
                   cat({"a mount that is not of account ", record.account,
                        " is shown under the id ", record.id, "; choose another id"})};
  if (!record.account.empty() && (row == nullptr || record.account != before.account))
    if (auto problem = judge_number(context, record)) return *std::move(problem);
  const bool same = row != nullptr && record == before;
  Planned plan = answer_of(context, record, same ? row->revision : 0);
  if (same) return plan;
  const std::string key = record_key("stations", record.id);
  plan.write.put(key, station_json(record), row == nullptr ? 0 : row->revision);
  if (!record.account.empty()) hold_account(plan, context, record.account);
  if (row == nullptr) before.account.clear();
  if (row == nullptr) plan.answer.location = "/api/v1/" + key;
  plan.deed = ApiDeed{row == nullptr ? "create" : "change", key, station_changes(before, record),
                      record.account};
  return plan;
}

// The row if the caller may change it; otherwise the reason.
std::variant<const StationRow*, Problem> station_to_change(const PlanContext& context) {
  const std::string& id = context.request.names.at(0);
  const StationRow* row = context.book.station(id);
  if (row == nullptr && file_station(context, id) != nullptr && sees_all(context.who))
    return Problem{ProblemName::kInFile, cat({"station ", id, " is in the configuration file"})};
  if (row == nullptr || !sees_station(context.who, row->value)) return not_found("station", id);
  if (auto problem = judge_right(context, row->value)) return *std::move(problem);
  if (auto problem = judge_if_match(context.request, row->revision)) return *std::move(problem);
  return row;
}

}  // namespace

bool is_id_of_others(const PlanContext& context, std::string_view id, const std::string& account) {
  const auto is_foreign = [&](const std::string& mount) {
    return (mount.substr(1) == id || station_id(mount) == id) &&
           account_of_mount(context, mount) != account;
  };
  bool found = false;
  for_each_section(context.file, [&](const MountSettings& section) {
    found = found || (section.name.starts_with('/') && is_foreign(section.name));
  });
  for (const auto& [name, row] : context.book.mounts()) found = found || is_foreign(name);
  if (!context.world.playing_after) return found;
  for (std::string name = context.world.playing_after(""); !found && !name.empty();
       name = context.world.playing_after(name))
    found = is_foreign(name);
  return found;
}

// Lists stations of the file and records.  If both have an id, the record is shown, with a mark
// that the file's station hides it.
Plan list_stations(const PlanContext& context) {
  const auto page = list_page(context.request);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  const auto& [after, most] = std::get<ListPage>(page);
  std::map<std::string_view, const StationSettings*> file;
  for (const StationSettings& station : context.file.stations)
    if (station.id > after && sees_station(context.who, as_record(station)))
      file.emplace(station.id, &station);
  const auto& rows = context.book.stations();
  PageWriter out(most);
  auto row = after.empty() ? rows.begin() : rows.upper_bound(after);
  for (auto own = file.begin(); row != rows.end() || own != file.end();) {
    const bool is_own = row == rows.end() || (own != file.end() && own->first < row->first);
    if (!is_own && own != file.end() && own->first == row->first) ++own;
    if (!is_own && !sees_station(context.who, row->second->value)) {
      ++row;
      continue;
    }
    if (!out.begin_row(is_own ? own->first : std::string_view(row->first))) break;
    if (is_own) {
      write_file_station(out.json(), *own++->second);
    } else {
      write_station(out.json(), context, row->second->value, row->second->revision);
      ++row;
    }
  }
  return out.answer(context.book);
}

Plan read_station(const PlanContext& context) {
  const std::string& id = context.request.names.at(0);
  const StationRow* row = context.book.station(id);
  const StationSettings* own = row == nullptr ? file_station(context, id) : nullptr;
  if (own != nullptr && sees_station(context.who, as_record(*own))) {
    JsonWriter json;
    write_file_station(json, *own);
    return answered(json, 0);
  }
  if (row == nullptr || !sees_station(context.who, row->value)) return not_found("station", id);
  return answer_of(context, row->value, row->revision);
}

Plan put_station(const PlanContext& context) {
  const std::string& id = context.request.names.at(0);
  if (file_station(context, id) != nullptr)
    return Problem{ProblemName::kInFile, cat({"station ", id, " is in the configuration file"})};
  const StationRow* row = context.book.station(id);
  if (row != nullptr && !sees_station(context.who, row->value))
    return Problem{ProblemName::kExists, "there is a station " + id};
  if (row != nullptr) {
    auto found = station_to_change(context);
    if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
    return plan_over(context, row, Form::kNew);
  }
  // An invalid record hides its account, so it cannot be overwritten here.
  const std::string key = record_key("stations", id);
  const bool unreadable = is_record_station_id(id) && context.book.revision_of(key) != 0;
  if (unreadable)
    return Problem{ProblemName::kExists, cat({"the record of station ", id, " cannot be read"})};
  if (!context.request.if_match.empty())
    return Problem{ProblemName::kChanged, cat({"there is no station ", id, ", and If-Match names ",
                                               context.request.if_match})};
  return plan_over(context, nullptr, Form::kNew);
}

Plan change_station(const PlanContext& context) {
  auto found = station_to_change(context);
  if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
  return plan_over(context, std::get<const StationRow*>(found), Form::kChange);
}

Plan delete_station(const PlanContext& context) {
  auto found = station_to_change(context);
  if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
  const StationRow* row = std::get<const StationRow*>(found);
  return deleted(record_key("stations", row->value.id), row->revision);
}

}  // namespace lb
