#include <algorithm>
#include <map>
#include <utility>

#include "api/records/mount_answer.h"
#include "api/records/mount_body.h"
#include "api/records/mount_names.h"
#include "api/records/mount_places.h"
#include "api/records/record_plans.h"
#include "api/request/list_page.h"
#include "api/request/order_fields.h"
#include "api/request/record_book.h"
#include "api/request/rights.h"
#include "base/cat.h"
#include "base/strings.h"
#include "config/load/mount_rules.h"
#include "config/mounts/record_relay.h"
#include "config/settings/config.h"

namespace lb {
namespace {

// A write to a store has 64 operations and 1.5 MiB, and each written record takes two.
constexpr std::size_t kPutAtOnce = 16;

std::string name_of(const PlanContext& context) {
  return mount_name_of(context.request.names.at(0));
}

Problem in_external(const std::string& name, std::string_view what) {
  return Problem{ProblemName::kExternal,
                 cat({"mount ", name, " belongs to <config-external>: ", what})};
}

// The row if the caller may change it; otherwise the reason.
std::variant<const BookRow<MountRecord>*, Problem> row_to_change(const PlanContext& context) {
  const std::string name = name_of(context);
  const auto* row = context.book.mount(name);
  if (row == nullptr && sees_mount(context, name)) {
    if (file_section(context.file, name) != nullptr)
      return Problem{ProblemName::kInFile,
                     cat({"mount ", name, " is in the configuration file and is changed there"})};
    if (external_mount(context, name) != nullptr)
      return in_external(name, "only the program behind it changes the mount");
  }
  if (row == nullptr || !sees_mount(context.who, name, row->value.account))
    return not_found("mount", name);
  if (!changes_account_of(context.who, row->value.account))
    return forbidden("the login may not change mount " + name);
  if (auto problem = judge_if_match(context.request, row->revision)) return *std::move(problem);
  return row;
}

std::uint64_t used(std::int64_t limit) { return limit > 0 ? static_cast<std::uint64_t>(limit) : 0; }

// Checks the parts of the account's quota that this mount would exceed.  before: the record that it
// replaces.  A limit that does not rise is accepted: an account whose quota was lowered below its
// use can still change its mounts.
std::optional<Problem> judge_quota(const PlanContext& context, const MountRecord& record,
                                   const MountRecord* before) {
  const auto* account = context.book.account(record.account);
  if (account == nullptr) return std::nullopt;
  if (before != nullptr && before->account != record.account) before = nullptr;
  const AccountQuota& quota = account->value.quota;
  const QuotaUse use = quota_use(context.book, record.account, record.mount);
  const auto over = [&](std::string_view what, std::uint64_t taken,
                        std::int64_t RecordLimits::*limit, std::optional<std::uint64_t> most,
                        std::int64_t least = 0) -> std::optional<Problem> {
    if (!most) return std::nullopt;
    const std::int64_t wanted = record.limits.*limit;
    const std::string of = cat({"account ", record.account, " may have ", *most, " ", what});
    if (wanted < least)
      return Problem{ProblemName::kQuota, cat({of, ", so each of its mounts needs limits/", what})};
    if (before != nullptr && wanted <= before->limits.*limit) return std::nullopt;
    if (taken + used(wanted) <= *most) return std::nullopt;
    return Problem{ProblemName::kQuota, cat({of, ", and ", taken, " are given to other mounts; ",
                                             wanted, " are too many"})};
  };
  if (before == nullptr && quota.mounts && use.mounts + 1 > *quota.mounts)
    return Problem{ProblemName::kQuota, cat({"account ", record.account, " may have ",
                                             *quota.mounts, " mounts, and has ", use.mounts})};
  if (auto problem = over("listeners", use.listeners, &RecordLimits::listeners, quota.listeners))
    return problem;
  // A source whose limit is 0 kbit/s is not watched.
  if (auto problem = over("bitrate", use.bitrate, &RecordLimits::bitrate, quota.bitrate, 1))
    return problem;
  if (auto problem = over("storage", use.storage, &RecordLimits::storage, quota.storage))
    return problem;
  // The account's own count bounds a mount without a monthly limit.
  if (auto problem = over("listening-hours", use.hours, &RecordLimits::listening_hours,
                          record.limits.listening_hours < 0 ? std::nullopt : quota.hours))
    return problem;
  return over("transfer", use.transfer, &RecordLimits::transfer,
              record.limits.transfer < 0 ? std::nullopt : quota.transfer);
}

// Refuses circles of fallbacks, and new fallbacks of an owner's mount to mounts of others.  before:
// the record that it replaces, whose fallback an administrator may have set.
std::optional<Problem> judge_fallback(const PlanContext& context, const MountRecord& record,
                                      const MountRecord* before) {
  std::string fault = fallback_fault(record.mount, [&](std::string_view mount) -> std::string {
    if (mount == record.mount) return fallback_of(record);
    if (const MountSettings* section = file_section(context.file, mount))
      return section->fallback_mount;
    const MountRecord* const other = record_of_mount(context, mount);
    return other == nullptr ? std::string() : fallback_of(*other);
  });
  if (!fault.empty()) return invalid_at("/settings/fallback-mount", std::move(fault));
  if (context.who.role == Role::kAdmin) return std::nullopt;
  for (const XmlNode& child : record.settings.children) {
    if (child.name != "fallback-mount" || trim(child.text).empty()) continue;
    if (before != nullptr && trim(child.text) == fallback_of(*before)) continue;
    const auto* to = context.book.mount(trim(child.text));
    if (to == nullptr || to->value.account != record.account)
      return invalid_at("/settings/fallback-mount",
                        "it is not a mount of account " + record.account);
  }
  return std::nullopt;
}

std::string logins_text(const MountRecord& record) {
  std::string out;
  for (const RecordLogin& login : record.sources) {
    out += (out.empty() ? "" : " ") + login.user;
    if (login.from != 0) out += cat({" from ", login.from});
    if (login.until != 0) out += cat({" until ", login.until});
    for (const WeeklyHours& row : login.hours) {
      out += " on";
      for (const std::string& day : row.days) out += " " + day;
      out += cat({" ", row.from, "-", row.until});
    }
  }
  return out;
}

// "radio.example.org:8000/live" with the relay's first server.
std::string relay_text(const MountRecord& record) {
  if (!record.has_relay()) return {};
  const RelaySettings relay = record_relay(record, false);
  const RelayUpstreamSettings& host = relay.hosts.empty() ? relay.host : relay.hosts.front();
  return cat({host.server, ":", host.port, host.mount});
}

std::vector<ApiDeed::Change> mount_changes(const MountRecord& before, const MountRecord& after) {
  std::vector<ApiDeed::Change> changes;
  const auto note = [&changes](std::string field, std::string old, std::string now) {
    if (old != now) changes.push_back({std::move(field), std::move(old), std::move(now)});
  };
  const auto words = [](const MountRecord& record) {
    std::map<std::string, std::string> out;
    for (const XmlNode& child : record.settings.children) {
      std::string& text = out["settings/" + child.name];
      text += (text.empty() ? "" : " ") + (child.children.empty() ? child.text : "…");
    }
    return out;
  };
  auto old = words(before), now = words(after);
  for (const auto& [field, text] : now) old.try_emplace(field);
  for (const auto& [field, text] : old) note(field, text, now[field]);
  note("account", before.account, after.account);
  note("limits/listeners", std::to_string(before.limits.listeners),
       std::to_string(after.limits.listeners));
  const auto over = [](const MountRecord& record) {
    return std::string(record.limits.over == OverPolicy::kKick ? "kick" : "keep");
  };
  note("limits/over", over(before), over(after));
  note("limits/bitrate", std::to_string(before.limits.bitrate),
       std::to_string(after.limits.bitrate));
  note("limits/storage", std::to_string(before.limits.storage),
       std::to_string(after.limits.storage));
  note("limits/listening-hours", std::to_string(before.limits.listening_hours),
       std::to_string(after.limits.listening_hours));
  note("limits/transfer", std::to_string(before.limits.transfer),
       std::to_string(after.limits.transfer));
  const auto on_quota = [](const MountRecord& record) {
    return std::string(word_of<OnQuota::kSuspend>(record.limits.on_quota,
                                                  {"account", "tell", "refuse-new", "suspend"}));
  };
  note("limits/on-quota", on_quota(before), on_quota(after));
  note("sources", logins_text(before), logins_text(after));
  note("relay", relay_text(before), relay_text(after));
  return changes;
}

// Earlier recordings of the name belong to another account or to none, so its time begins now.
void begin_account(const PlanContext& context, MountRecord& record) {
  record.made = record.account.empty() ? 0 : unix_seconds(context.now);
}

std::string mount_key(const std::string& name) { return record_key("mounts", name); }

void clear_fallback(MountRecord& record) {
  std::erase_if(record.settings.children,
                [](const XmlNode& child) { return child.name == "fallback-mount"; });
}

// Clears the fallbacks of the account's mounts to one that it loses: the name may pass to another
// account, whose stream would then play at them.  Fallbacks of other accounts, which only an
// administrator sets, stay.
void clear_fallbacks_to(Planned& plan, const PlanContext& context, const MountRecord& lost) {
  if (lost.account.empty()) return;
  for (const std::string& name : context.book.leading_to(lost.mount)) {
    const auto* row = context.book.mount(name);
    if (row == nullptr || row->value.account != lost.account || name == lost.mount ||
        fallback_of(row->value) != lost.mount)
      continue;
    if (plan.write.puts.size() >= kPutAtOnce) {
      plan.again = true;
      return;
    }
    MountRecord record = row->value;
    clear_fallback(record);
    plan.write.put(mount_key(name), mount_record_xml(record), row->revision);
    plan.deed->changes.push_back({cat({"fallback-mount of ", name}), lost.mount, {}});
  }
}

// Clears the mount's own fallback to another one of the account that it leaves.
void leave_fallback(const PlanContext& context, MountRecord& record, const MountRecord& before) {
  const std::string to = fallback_of(before);
  const auto* row = to.empty() ? nullptr : context.book.mount(to);
  if (before.account.empty() || to != fallback_of(record) || to == record.mount || row == nullptr ||
      row->value.account != before.account)
    return;
  clear_fallback(record);
}

// revision 0: not a record of the store.
template <class Write>
Planned answered_by(std::uint64_t revision, Write write) {
  JsonWriter json;
  write(json);
  return answered(json, revision);
}

Planned record_answer(const PlanContext& context, const MountRecord& record, std::uint64_t revision,
                      const MadeLogins& made = {}) {
  return answered_by(revision, [&](JsonWriter& json) {
    write_store_mount(json, context, record, revision, made);
  });
}

// Replaces the record by the one that the request wants.
Plan write_over(const PlanContext& context, BodyUse use) {
  auto found = row_to_change(context);
  if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
  const auto* row = std::get<const BookRow<MountRecord>*>(found);
  auto read = read_mount_body(context, use, &row->value);
  if (auto* problem = std::get_if<Problem>(&read)) return std::move(*problem);
  auto& [record, made] = std::get<MountBody>(read);
  if (auto problem = judge_quota(context, record, &row->value)) return *std::move(problem);
  if (auto problem = judge_fallback(context, record, &row->value)) return *std::move(problem);
  if (record.account != row->value.account) {
    begin_account(context, record);
    leave_fallback(context, record, row->value);
  }
  const bool same = record == row->value;
  Planned plan = record_answer(context, record, same ? row->revision : 0, {made, {}});
  if (same) return plan;
  const std::string key = mount_key(record.mount);
  plan.deed = ApiDeed{"change", key, mount_changes(row->value, record)};
  if (record.account != row->value.account) {
    clear_fallbacks_to(plan, context, row->value);
    hold_account(plan, context, row->value.account);
  }
  if (!record.account.empty()) hold_account(plan, context, record.account);
  if (plan.again) return plan;
  plan.write.put(key, mount_record_xml(record), row->revision);
  return plan;
}

Planned set_state(const PlanContext& context, const BookRow<MountRecord>& row, RecordState state,
                  bool by_admin) {
  MountRecord record = moved(row.value);  // a suspended mount has no source to wait for
  record.state = state;
  record.suspended_by_admin = by_admin;
  const bool same = record == row.value;
  Planned plan = record_answer(context, record, same ? row.revision : 0);
  if (same) return plan;
  const std::string key = mount_key(record.mount);
  plan.write.put(key, mount_record_xml(record), row.revision);
  plan.deed = ApiDeed{state == RecordState::kSuspended ? "suspend" : "resume", key, {}};
  return plan;
}

}  // namespace

Plan list_mounts(const PlanContext& context) {
  const auto page = list_page(context.request);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  const auto& [after, most] = std::get<ListPage>(page);
  MountWalk walk(context, after);
  PageWriter out(most);
  for (MountWalk::At at = walk.next(); !at.name.empty(); at = walk.next()) {
    if (!sees_mount(context.who, at.name, at.account())) continue;
    if (!out.begin_row(at.name)) break;
    JsonWriter& json = out.json();
    if (at.file != nullptr)
      write_file_mount(json, context, *at.file);
    else if (at.store != nullptr)
      write_store_mount(json, context, at.store->value, at.store->revision);
    else if (at.external != nullptr)
      write_external_mount(json, context, *at.external);
    else
      write_playing_mount(json, context, at.name);
  }
  return out.answer(context.book.revision());
}

Plan read_mount(const PlanContext& context) {
  const std::string name = name_of(context);
  if (!sees_present_mount(context, name)) return not_found("mount", name);
  if (const MountSettings* section = file_section(context.file, name))
    return answered_by(0, [&](JsonWriter& json) { write_file_mount(json, context, *section); });
  if (const auto* row = context.book.mount(name))
    return record_answer(context, row->value, row->revision);
  if (const auto* other = external_mount(context, name))
    return answered_by(0, [&](JsonWriter& json) { write_external_mount(json, context, *other); });
  return answered_by(0, [&](JsonWriter& json) { write_playing_mount(json, context, name); });
}

Plan create_mount(const PlanContext& context) {
  auto read = read_mount_body(context, BodyUse::kCreate, nullptr);
  if (auto* problem = std::get_if<Problem>(&read)) return std::move(*problem);
  auto& [record, made] = std::get<MountBody>(read);
  if (file_section(context.file, record.mount) != nullptr)
    return Problem{ProblemName::kInFile,
                   cat({"mount ", record.mount, " is in the configuration file"})};
  if (external_mount(context, record.mount) != nullptr)
    return in_external(record.mount,
                       "a record of that name would shut its source out.  The list there has to "
                       "leave it out first");
  const std::string key = mount_key(record.mount);
  if (context.book.revision_of(key) != 0)
    return Problem{ProblemName::kMountExists, cat({"mount ", record.mount, " exists already"})};
  if (!sees_mount(context.who, record.mount, record.account))
    return forbidden(
        cat({"this login may use some mounts only, and ", record.mount, " is not one of them"}));
  if (auto problem = judge_new_name(context, record)) return *std::move(problem);
  if (auto problem = judge_quota(context, record, nullptr)) return *std::move(problem);
  if (auto problem = judge_fallback(context, record, nullptr)) return *std::move(problem);
  auto where = place(context, record);
  if (auto* problem = std::get_if<Problem>(&where)) return std::move(*problem);
  Placed& placed = std::get<Placed>(where);
  record.home = placed.node;
  record.backup = placed.backup;
  begin_account(context, record);
  Planned plan = record_answer(context, record, 0, {made, std::move(placed.reasons)});
  plan.answer.status = 201;
  plan.answer.location = "/api/v1/" + key;
  plan.write.put(key, mount_record_xml(record), 0);
  for (const std::string& node : reserved_at(record)) note_placed(plan, context, node);
  if (!record.account.empty()) hold_account(plan, context, record.account);
  plan.deed = ApiDeed{"create", key, mount_changes(MountRecord(), record), record.account};
  return plan;
}

Plan replace_mount(const PlanContext& context) { return write_over(context, BodyUse::kReplace); }
Plan change_mount(const PlanContext& context) { return write_over(context, BodyUse::kMerge); }

Plan delete_mount(const PlanContext& context) {
  auto found = row_to_change(context);
  if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
  const auto* row = std::get<const BookRow<MountRecord>*>(found);
  // Made again it would not be suspended.
  if (row->value.suspended_by_admin && context.who.role != Role::kAdmin)
    return forbidden(cat({"an administrator has suspended mount ", row->value.mount,
                          ", and only an administrator may delete it"}));
  Planned plan = done({"delete", mount_key(row->value.mount), {}});
  clear_fallbacks_to(plan, context, row->value);
  hold_account(plan, context, row->value.account);
  if (!plan.again) plan.write.remove(mount_key(row->value.mount), row->revision);
  return plan;
}

Plan suspend_mount(const PlanContext& context) {
  auto found = row_to_change(context);
  if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
  const auto& row = *std::get<const BookRow<MountRecord>*>(found);
  const bool by_admin = context.who.role == Role::kAdmin || row.value.suspended_by_admin;
  return set_state(context, row, RecordState::kSuspended, by_admin);
}

Plan resume_mount(const PlanContext& context) {
  auto found = row_to_change(context);
  if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
  const auto& row = *std::get<const BookRow<MountRecord>*>(found);
  if (row.value.suspended_by_admin && context.who.role != Role::kAdmin)
    return forbidden(cat({"an administrator has suspended mount ", row.value.mount,
                          ", and only an administrator may resume it"}));
  if (row.value.state != RecordState::kSuspended)
    return record_answer(context, row.value, row.revision);
  return set_state(context, row, RecordState::kActive, false);
}

Plan move_mount(const PlanContext& context) {
  auto found = row_to_change(context);
  if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
  const auto* row = std::get<const BookRow<MountRecord>*>(found);
  std::vector<JsonFault> faults;
  MountMoveBody move;
  ObjectReader(context.request.json, Form::kNew, faults).take(kMountMoveBody, move).finish();
  if (!faults.empty()) return invalid(std::move(faults));
  auto wanted = moving(context, row->value, move.to, move.force_after);
  if (auto* problem = std::get_if<Problem>(&wanted)) return std::move(*problem);
  const MountRecord& record = std::get<MountRecord>(wanted);
  const bool same = record == row->value;
  Planned plan = record_answer(context, record, same ? row->revision : 0);
  if (same) return plan;
  const std::string key = mount_key(record.mount);
  plan.write.put(key, mount_record_xml(record), row->revision);
  if (move.to != row->value.home) note_placed(plan, context, move.to);
  plan.deed = ApiDeed{"move", key, {{"home", row->value.home, move.to}}};
  return plan;
}

Plan renew_mount_password(const PlanContext& context) {
  auto found = row_to_change(context);
  if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
  const auto* row = std::get<const BookRow<MountRecord>*>(found);
  std::vector<JsonFault> faults;
  LoginNameBody body;
  ObjectReader(context.request.json, Form::kNew, faults).take(kLoginNameBody, body).finish();
  if (!faults.empty()) return invalid(std::move(faults));
  const auto& user = body.user;
  MountRecord record = row->value;
  const auto at = std::ranges::find_if(
      record.sources, [&user](const RecordLogin& login) { return !user || login.user == *user; });
  if (at == record.sources.end())
    return invalid_at("/user", cat({"mount ", record.mount, " has no such login"}));
  auto made = new_source_login(context, at->user);
  if (auto* problem = std::get_if<Problem>(&made)) return std::move(*problem);
  auto& [login, password] = std::get<0>(made);
  at->hash = login.hash;
  at->password.clear();
  const std::string name = at->user;
  Planned plan = record_answer(context, record, 0, {{{name, password}}, {}});
  const std::string key = mount_key(record.mount);
  plan.write.put(key, mount_record_xml(record), row->revision);
  plan.deed = ApiDeed{"password", key, {{"sources/" + name, "***", "***"}}};
  return plan;
}

Plan kick_mount_source(const PlanContext& context) {
  const std::string name = name_of(context);
  if (!sees_present_mount(context, name)) return not_found("mount", name);
  if (!acts_on_mounts(context.who))
    return forbidden("the login may not end the source of mount " + name);
  if (!context.world.now_of(name).on_air)
    return Problem{ProblemName::kNoSource, cat({"mount ", name, " has no source at this server"})};
  Planned plan = done({"kick-source", mount_key(name), {}});
  plan.order = ApiOrder{ApiOrder::Kind::kEndSource, name};
  return plan;
}

}  // namespace lb
