// The plan that deletes the rows of a person on the person's request.
//
// A request names a person by one of its sessions (session=), or by the facts behind its number:
// address=, agent= and user= as the player sent them, while the keys of those days exist.
// Source: doc/audience.md.
// Thread: that of the audience's database; asked_listener() any.
#include <utility>

#include "api/audience/audience_ask.h"
#include "api/audience/audience_plans.h"
#include "api/request/plan.h"
#include "audience/session_spool.h"
#include "audience/upkeep.h"
#include "base/cat.h"
#include "base/json.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "net/address/address.h"

namespace lb {
namespace {

constexpr std::int64_t kMaxSession = std::int64_t{1} << 62;

Problem no_database(const Error& error) { return {ProblemName::kOverloaded, error.what}; }

// The person that the request names.
std::variant<AudiencePerson, Problem> named_person(const PlanContext& context) {
  const std::string& query = context.request.query;
  const auto session = query_param(query, "session");
  const auto listener = asked_listener(context.request);
  if (session.has_value() == listener.has_value())
    return wrong_parameter("session",
                           "session=, or address= with agent= and user=, names the listener");
  if (listener) {
    if (!Address::parse(listener->address, 0))
      return wrong_parameter("address", cat({"address=", listener->address.substr(0, 80),
                                             " is not an address of IPv4 or IPv6"}));
    const auto& who = context.world.audience_who;
    if (!who) return at_parameter(not_found("listener", listener->address), "address");
    return AudiencePerson{who->first, who->second, unix_ms(context.now)};
  }
  const auto id = parse_u64(*session);
  if (!id || *id > static_cast<std::uint64_t>(kMaxSession))
    return wrong_parameter("session",
                           cat({"session=", session->substr(0, 80), " is not an id of a session"}));
  const auto person = person_of_session(*context.world.audience, static_cast<std::int64_t>(*id));
  if (!person) return no_database(person.error());
  if (!*person) return at_parameter(not_found("session", *session), "session");
  return **person;
}

}  // namespace

std::optional<AskedListener> asked_listener(const ApiRequest& request) {
  if (request.method != Method::kDelete) return std::nullopt;
  auto address = query_param(request.query, "address");
  if (!address) return std::nullopt;
  if (const auto known = Address::parse(*address, 0)) address = known->ip();  // its normal form
  return AskedListener{*std::move(address), query_param(request.query, "agent").value_or(""),
                       query_param(request.query, "user").value_or("")};
}

Plan forget_listener(const PlanContext& context) {
  if (auto problem = no_audience(context.world)) return *std::move(problem);
  Sqlite& database = *context.world.audience;
  auto named = named_person(context);
  if (auto* problem = std::get_if<Problem>(&named)) return std::move(*problem);
  const auto& person = std::get<AudiencePerson>(named);
  const bool dry = context.request.dry_run();
  std::uint64_t addresses = 0;
  const auto listener = asked_listener(context.request);
  if (const std::string state = state_directory(context.file); listener && !state.empty()) {
    const auto forgotten = forget_address(session_directory(state), listener->address, dry);
    if (!forgotten) return no_database(forgotten.error());
    addresses = *forgotten;
  }
  auto count = count_sessions_of(database, person);
  if (!count) return no_database(count.error());
  if (*count == 0 && addresses == 0)
    return Problem{ProblemName::kNotFound,
                   "the audience has no session of this listener, of today or yesterday"};
  if (!dry && *count > 0) {
    count = delete_sessions_of(database, person, unix_ms(context.now));
    if (!count) return no_database(count.error());
  }
  JsonWriter json;
  json.begin_object().key("sessions").number(*count);
  if (addresses > 0) json.key("addresses").number(static_cast<std::int64_t>(addresses));
  json.end_object();
  Planned plan = answered(json);
  // The audit log has no name of the listener, because the listener must be forgotten.
  if (!dry) plan.deed = ApiDeed{"forget", "audience", {{"sessions", std::to_string(*count), "0"}}};
  return plan;
}

}  // namespace lb
