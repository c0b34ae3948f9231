// A request to the API, its login, and its answer: plain values between the stage that reads the
// request, the plans, and the service that executes them.
//
// Thread: plain values.
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/request/live.h"
#include "api/request/problem.h"
#include "auth/login/roles.h"
#include "base/json.h"
#include "http/message.h"
#include "registry/registry.h"

namespace lb {

struct ApiCaller {
  std::string name;
  Role role = Role::kNone;
  std::string account;              // "": of none
  std::vector<std::string> mounts;  // see auth/login/login_scope.h
  bool addresses = false;           // sees listeners' addresses
  std::string ip;
  std::string via;      // "cookie", "basic", "token", "file"
  std::string encoder;  // of a mount's <encoder>, by its login; otherwise ""
  bool source = false;  // the login of a mount's source, not a user
};

// Query parameters with the values 0 and 1; read_request() refuses others.
enum class Switch : std::uint8_t { kAll, kBan, kDryRun, kKeep, kListeners, kRevoke, kStaging };
inline constexpr std::string_view kSwitchNames[] = {"all",       "ban",    "dry-run", "keep",
                                                    "listeners", "revoke", "staging"};
static_assert(std::size(kSwitchNames) == static_cast<std::size_t>(Switch::kStaging) + 1);
// Parameters that narrow an answer.  An empty one, such as a script's unset variable, is refused,
// because it would select everything.
inline constexpr std::string_view kChoiceNames[] = {"account", "columns", "mount"};
std::optional<Problem> empty_choice(std::string_view query);

struct ApiRequest {
  Method method = Method::kGet;
  std::string path;                // as sent, without its query
  std::vector<std::string> names;  // decoded: the values of {…} in the endpoint's path
  std::string query;
  std::string body;                // as sent
  Json json;                       // parsed; missing without a body
  std::string if_match;            // "": not sent
  bool only_new = false;           // If-None-Match: *
  std::optional<std::string> key;  // Idempotency-Key

  bool is_on(Switch which) const {
    return query_param(query, kSwitchNames[static_cast<std::size_t>(which)]) == "1";
  }
  bool dry_run() const { return is_on(Switch::kDryRun); }
};

struct ApiAnswer {
  int status = 200;
  std::string body;            // JSON; "": none
  std::uint64_t revision = 0;  // the ETag; 0: none, or that of the coming write
  std::string location;        // of the created object; "": none
  std::string type = {};       // of the body; "": JSON
  std::string file = {};       // a name for saving it as a file; "": none
  std::string next = {};       // the value of after= for what follows, in a Link; "": none
};

using ApiOutcome = std::variant<ApiAnswer, Problem>;

// A request whose endpoint and login are known.
struct Endpoint;
struct ApiTask {
  const Endpoint* endpoint = nullptr;
  ApiRequest request;
  ApiCaller who;
};

// Completes the answer to a write with the write's revision, as ETag and as the member "revision"
// of its object.
void stamp(ApiAnswer& answer, std::uint64_t revision);

// One line of the audit log: the action, its object, and the changed fields with the values before
// and after; secrets as "***".
struct ApiDeed {
  std::string what;  // "create", "change", "delete" …
  std::string on;    // the record's key
  struct Change {
    std::string field, before, after;
  };
  std::vector<Change> changes;
  std::string account = {};  // the account of a new object; existing objects have theirs
};

struct Planned {
  ApiAnswer answer;
  RegistryWrite write;  // empty: nothing is to be written
  std::optional<ApiOrder> order;
  std::optional<ApiDeed> deed;
  bool again = false;  // the write was only the first part: plan again once it is done

  bool writes() const noexcept { return !write.puts.empty() || !write.deletes.empty(); }
};

using Plan = std::variant<Planned, Problem>;

// "live.mp3" means "/live.mp3".
std::string mount_name_of(std::string given);

// "mounts/%2Frock.mp3": the key of a record in the store.
std::string record_key(std::string_view family, std::string_view name);

// The fault of an If-Match for a record of this revision; nullopt: none.
std::optional<Problem> judge_if_match(const ApiRequest& request, std::uint64_t revision);

}  // namespace lb
