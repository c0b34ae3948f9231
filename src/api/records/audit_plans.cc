#include "api/records/audit_plans.h"

#include <chrono>
#include <optional>

#include "api/request/list_page.h"
#include "api/request/record_book.h"
#include "api/request/rights.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/shown_time.h"
#include "base/strings.h"
#include "config/settings/config.h"

namespace lb {
namespace {

template <class T>
std::string_view account_in(const BookRow<T>* row) noexcept {
  return row == nullptr ? std::string_view() : std::string_view(row->value.account);
}

// The account of a mount of a record or a backend.
std::string_view mount_account_in(const RecordBook& book, const Config& config,
                                  std::string_view mount) {
  const auto* row = book.mount(mount);
  return row != nullptr ? account_in(row) : mount_account(config, mount);
}

constexpr std::string_view kPath = "/api/v1/";

// A record, or a path of the API: its kind and its name.
struct AuditedObject {
  std::string kind, name;
};
std::optional<AuditedObject> object_of(std::string_view on) {
  if (on.starts_with(kPath))
    on.remove_prefix(kPath.size());
  else if (on.starts_with('/'))  // a mount as the commands name it
    return AuditedObject{"mounts", std::string(on)};
  const auto parts = split(on, '/');
  const auto decoded = parts.size() < 2 ? std::nullopt : percent_decode(parts[1], false);
  if (!decoded) return std::nullopt;
  return AuditedObject{std::string(parts[0]),
                       parts[0] == "mounts" ? mount_name_of(*decoded) : *decoded};
}

// Its account; "": none, or the record does not exist.
std::string_view account_of(const RecordBook& book, const Config& config, std::string_view on) {
  const auto object = object_of(on);
  if (!object) return {};
  const auto& [kind, name] = *object;
  if (kind == "accounts") {
    const auto* row = book.account(name);
    return row == nullptr ? std::string_view() : std::string_view(row->value.id);
  }
  if (kind == "users") return account_in(book.user(name));
  if (kind == "tokens") return account_in(book.token(name));
  if (kind == "stations") return account_in(book.station(name));
  return kind == "mounts" ? mount_account_in(book, config, name) : "";
}

enum class Sight : std::uint8_t { kNone, kWithoutAddress, kWithoutAccount, kAll };

// The accounts in the line decide, because a name may belong to another account by now.  Lines
// written before accounts existed are only for administrators.
Sight sight_of(const ApiCaller& caller, const Json& line) {
  if (caller.role == Role::kAdmin) return Sight::kAll;
  const auto by = line.at("account").text(), of = line.at("of").text();
  if (!by || !of || caller.account.empty()) return Sight::kNone;
  // A login of some mounts sees no lines about the others.
  const auto object = object_of(line.at("on").text().value_or(""));
  if (object && object->kind == "mounts" && !sees_mount(caller, object->name, caller.account))
    return Sight::kNone;
  // What was refused as if it did not exist must not show here as another account's.
  if (*by == caller.account)
    return of->empty() || *of == caller.account ? Sight::kAll : Sight::kWithoutAccount;
  return *of == caller.account ? Sight::kWithoutAddress : Sight::kNone;
}

// Blanks a text.  Quotes inside texts are escaped in the log, so these bytes can only be the member
// itself.
std::string without(std::string line, std::string_view name) {
  const std::string member = cat({",\"", name, "\":\""});
  const std::size_t at = line.find(member);
  if (at == std::string::npos) return line;
  const std::size_t begin = at + member.size(), end = line.find('"', begin);
  if (end != std::string::npos) line.erase(begin, end - begin);
  return line;
}

std::string line_for(std::string line, Sight sight) {
  if (sight == Sight::kWithoutAddress) return without(std::move(line), "ip");
  if (sight == Sight::kWithoutAccount) return without(std::move(line), "of");
  return line;
}

// The time in the log's form, which is UTC; nullopt: neither a day or a time, nor seconds.
std::optional<std::string> time_in_log(std::string_view text) {
  std::int64_t ms = 0;
  if (const auto seconds = parse_u64(text)) {
    if (*seconds > 253'402'300'799) return std::nullopt;  // the end of the year 9999
    ms = static_cast<std::int64_t>(*seconds) * 1000;
  } else if (const auto time = parse_shown_time(text)) {
    ms = time->utc_ms();
  } else if (const auto day = parse_day(text)) {
    ms = std::chrono::milliseconds(day->time_since_epoch()).count();
  } else {
    return std::nullopt;
  }
  return utc_text(ms, UtcForm::kMs);
}

// When the account of the login was made, in the log's form; "": it may see all of its id.  What is
// older is of an account that was deleted.
std::string audit_since(const PlanContext& context) {
  if (context.who.role == Role::kAdmin) return {};
  const auto* row = context.book.account(context.who.account);
  return row == nullptr || row->value.made_ms == 0 ? ""
                                                   : utc_text(row->value.made_ms, UtcForm::kMs);
}

}  // namespace

std::string audited_account(const RecordBook& book, const Config& config, std::string_view on,
                            const ApiDeed* deed) {
  const std::string_view account = account_of(book, config, on);
  return std::string(account.empty() && deed != nullptr ? deed->account : account);
}

Plan list_audit(const PlanContext& context) {
  const auto page = list_page(context.request);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  const auto& [after, most] = std::get<ListPage>(page);
  AuditBack back;
  back.most = most;
  if (!after.empty()) {
    back.before = parse_u64(after);
    if (!back.before) return wrong_after(after);
  }
  const auto who = query_param(context.request.query, "who");
  const auto on = query_param(context.request.query, "on");
  std::optional<std::string> from;
  if (const auto given = query_param(context.request.query, "from")) {
    from = time_in_log(*given);
    if (!from)
      return wrong_parameter(
          "from",
          cat({"from=", *given, " is neither Unix seconds nor a time such as 2026-11-22T08:00"}));
  }
  if (const std::string since = audit_since(context); since > from.value_or("")) from = since;
  const std::string mount_on = on && on->starts_with('/') ? record_key("mounts", *on) : "";
  std::vector<Sight> sights;  // of the lines that are kept
  const auto read = context.world.audit(back, [&](std::string_view line) {
    const auto json = Json::parse(line);
    if (!json || !json->is_object()) return AuditVerdict::kPass;
    const std::string_view at = json->at("at").text().value_or("");
    if (from && at < *from) return AuditVerdict::kStop;
    const std::string_view by = json->at("who").text().value_or("");
    const std::string_view what = json->at("on").text().value_or("");
    if (who && by != *who) return AuditVerdict::kPass;
    if (on && what != *on && (mount_on.empty() || what != mount_on)) return AuditVerdict::kPass;
    const Sight sight = sight_of(context.who, *json);
    if (sight == Sight::kNone) return AuditVerdict::kPass;
    sights.push_back(sight);
    return AuditVerdict::kKeep;
  });
  Planned plan;
  std::string& body = plan.answer.body;
  body = "{\"items\":[";
  for (std::size_t i = 0; i < read.lines.size(); ++i) {
    if (i > 0) body += ',';
    body += line_for(read.lines[i], sights[i]);
  }
  body += ']';
  if (read.next) body += cat({",\"next\":\"", *read.next, '"'});
  body += "}\n";
  return plan;
}

}  // namespace lb
