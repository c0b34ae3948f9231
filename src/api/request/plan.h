// PlanContext: everything that the answer to a request of the API depends on.  A plan is a pure
// function of it: the same context gives the same write and the same answer, so a conflict in the
// store is answered by planning again from the newer book.
//
// Thread: any; a context is one caller's.  Plans that hash passwords take up to 100 ms: on the
// clerk.
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
struct UsageBook;

// The server around the store.
struct ApiWorld {
  std::string node;         // its id
  std::string source_url;   // "http://host:8000", without a path; of other homes: their candidates'
  std::string listen_http;  // the same for listeners; "": none
  std::string listen_https;
  bool seals = false;                 // the store seals passwords that have to be sent elsewhere
  std::vector<PlaceCandidate> nodes;  // without what is reserved; the plan adds that
  RandomBytes random;
  std::function<std::optional<std::string>(HashMethod, const std::string&)> hash;
  std::function<bool(const std::string& hash, const std::string& password)> matches;
  std::function<MountNow(const std::string& mount)> now_of;
  // The first name behind this one of a mount that has a source at this server; "": the end.
  std::function<std::string(const std::string& after)> playing_after;
  std::function<AuditLines(const AuditBack&, const AuditJudge&)> audit;  // the clerk
  bool has_store = false;
  std::shared_ptr<const LiveView> live;  // of an endpoint that looks; else null
  std::function<std::uint64_t(const std::string& mount)> recorded_bytes;  // at this server
  std::shared_ptr<const UsageBook> usage = {};  // of accounts, this month; null: not known
  Sqlite* audience =
      nullptr;  // of an endpoint of the audience, on the thread of its database; else null
  // The numbers of the listener that is asked for, of today and of yesterday (0: none).
  std::optional<std::pair<std::uint64_t, std::uint64_t>> audience_who = {};
  bool whole = false;  // a report that no request asks for: all of its rows, in whatever form
  std::string audience_why = {};  // its database cannot be used; "": there is none
  // The last bytes of a log, from the begin of a line; the configuration file as it is now.
  std::function<Result<std::string>(const std::string& path)> log_end;
  std::function<Result<LoadedConfig>()> check_file;
  const History* history = nullptr;  // null: this server keeps none
};

struct PlanContext {
  const ApiRequest& request;
  const ApiCaller& who;
  const RecordBook& book;
  const Config& file;  // what the configuration file says, without the records
  const ApiWorld& world;
  WallTime now;
};

// -- small tools of all plans --------------------------------------------------------------------

// Writes the record of an account as it is: of two requests that use its quota or name it at once,
// one conflicts and is planned again; so nothing that names an account outlives it.
void hold_account(Planned& plan, const PlanContext& context, const std::string& account);

// The answer that was written, with this revision (0: see ApiAnswer).
Planned answered(JsonWriter& json, std::uint64_t revision = 0);
// It is done, and there is nothing to show.
Planned done(ApiDeed deed);
// A record is deleted.
Planned deleted(const std::string& key, std::uint64_t revision,
                std::vector<ApiDeed::Change> changes = {});

Problem not_found(std::string_view what, std::string_view name);
Problem forbidden(std::string detail);

}  // namespace lb
