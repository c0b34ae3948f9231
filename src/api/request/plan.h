// PlanContext: all inputs of the answer to an API request.  A plan is a pure function of it: the
// same context gives the same write and answer, so after a conflict in the store the plan runs
// again with the newer book.
//
// Thread: any; a context has one owner.  Plans that hash passwords take up to 100 ms: on the clerk.
// Ownership: references outlive the plan.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/request/placement.h"
#include "api/request/request.h"
#include "api/request/secrets.h"
#include "auth/login/audit_reader.h"
#include "base/clock.h"
#include "base/result.h"

namespace lb {

class History;
class RecordBook;
class Sqlite;
enum class HashMethod : std::uint8_t;
struct Config;
struct LoadedConfig;
struct PlayedTitle;
struct UsageBook;

// The server around the store.
struct ApiWorld {
  std::string node;         // its id
  std::string source_url;   // "http://host:8000", without a path; of other homes: in `nodes`
  std::string listen_http;  // the same for listeners; "": none
  std::string listen_https;
  bool seals = false;                 // the store can seal passwords for other servers
  std::vector<PlaceCandidate> nodes;  // without reservations, which the plan adds
  RandomBytes random;
  std::function<std::optional<std::string>(HashMethod, const std::string&)> hash;
  std::function<bool(const std::string& hash, const std::string& password)> matches;
  std::function<MountNow(const std::string& mount)> now_of;
  std::function<std::vector<PlayedTitle>(const std::string& mount)> titles_of;  // newest first
  // The first mount after this name with a source at this server; "": the end.
  std::function<std::string(const std::string& after)> playing_after;
  std::function<AuditLines(const AuditBack&, const AuditJudge&)> audit;  // the clerk
  bool has_store = false;
  std::shared_ptr<const LiveView> live;  // for an endpoint with a Look; otherwise null
  std::function<std::uint64_t(const std::string& mount)> recorded_bytes;  // at this server
  std::shared_ptr<const UsageBook> usage = {};  // of accounts, this month; null: not known
  Sqlite* audience =
      nullptr;  // of an endpoint of the audience, on the thread of its database; else null
  // The requested listener's numbers of today and yesterday (0: none).
  std::optional<std::pair<std::uint64_t, std::uint64_t>> audience_who = {};
  bool whole = false;             // a report without a request: all rows, in any format
  bool keeps_addresses = false;   // of its listeners, for session files, since its start
  std::string audience_why = {};  // why its database cannot be used; "": no audience
  // The last bytes of a log, from the start of a line; the present configuration file.
  std::function<Result<std::string>(const std::string& path)> log_end;
  std::function<Result<LoadedConfig>()> check_file;
  const History* history = nullptr;  // null: this server has none
};

struct PlanContext {
  const ApiRequest& request;
  const ApiCaller& who;
  const RecordBook& book;
  const Config& file;  // the configuration file, without records
  const ApiWorld& world;
  WallTime now;
};

// -- small tools of all plans --------------------------------------------------------------------

// Rewrites the record of an account unchanged: of two simultaneous requests that use or name it,
// one then conflicts and plans again, so no reference outlives it.
void hold_account(Planned& plan, const PlanContext& context, const std::string& account);

// The written answer, with this revision (0: see ApiAnswer).
Planned answered(JsonWriter& json, std::uint64_t revision = 0);
// Done, without an answer body.
Planned done(ApiDeed deed);
// A record is deleted.
Planned deleted(const std::string& key, std::uint64_t revision,
                std::vector<ApiDeed::Change> changes = {});

Problem not_found(std::string_view what, std::string_view name);
Problem forbidden(std::string detail);

}  // namespace lb
