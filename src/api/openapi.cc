#include "api/openapi.h"

#include <map>

#include "api/endpoints.h"
#include "api/request/problem.h"
#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

// Inserts JSON text unchanged, which JsonWriter does not offer on purpose.
class Document {
 public:
  Document& raw(std::string_view json) {
    out_ += json;
    return *this;
  }
  Document& text(std::string_view text) {
    append_json_text(out_, text);
    return *this;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

std::string reference(std::string_view schema) {
  return cat({R"({"$ref":"#/components/schemas/)", schema, "\"}"});
}

std::vector<std::string_view> path_names(std::string_view path) {
  std::vector<std::string_view> names;
  for (const std::string_view part : split(path, '/'))
    if (part.starts_with('{')) names.push_back(part.substr(1, part.size() - 2));
  return names;
}

// In pages.
bool is_list(const Endpoint& endpoint) { return endpoint.answer.ends_with("List"); }
bool is_change(const Endpoint& endpoint) { return endpoint.method != Method::kGet; }
// Endpoints about the session itself have no plan.
bool is_planned_change(const Endpoint& endpoint) {
  return is_change(endpoint) && !is_of_session(endpoint);
}
// Whether the answer has an ETag and a change accepts it in If-Match.
bool takes_if_match(const Endpoint& endpoint) {
  return is_planned_change(endpoint) && endpoint.status != 201 &&
         endpoint.method != Method::kPost && !endpoint.order_only;
}

void parameter(Document& out, bool& first, std::string_view name, std::string_view in,
               bool required, std::string_view schema, std::string_view help) {
  out.raw(first ? "" : ",").raw("{\"name\":").text(name).raw(",\"in\":").text(in);
  out.raw(",\"required\":").raw(required ? "true" : "false");
  out.raw(",\"schema\":").raw(schema).raw(",\"description\":").text(help).raw("}");
  first = false;
}

constexpr std::string_view kString = R"({"type":"string"})";
constexpr std::string_view kInteger = R"({"type":"integer"})";
constexpr std::string_view kPageSize = R"({"type":"integer","minimum":1,"maximum":500})";
constexpr std::string_view kPageHelp = "Items per page; default 100.";
constexpr std::string_view kSwitch = R"({"enum":["0","1"]})";

// What the query of some endpoints takes; of lists and changes in general: put_parameters().
struct QueryParameter {
  std::string_view endpoints;  // names with a space around each; " audience*": all of its GETs
  std::string_view name, schema, help;
  bool required = false;
};
constexpr QueryParameter kQueryParameters[] = {
    {" createAccount ", "mounts", R"({"enum":["keep"]})",
     "Mounts that still have its name become its own."},
    {" deleteAccount ", "mounts", R"({"enum":["delete"]})",
     "Also deletes its mounts, users and tokens."},
    {" endListener ", "ban", kSwitch, "1: bans its address from this mount."},
    {" endListener ", "until", kInteger, "End of the ban, Unix seconds; absent: forever."},
    {" listAudit ", "who", kString, "Only entries of this login."},
    {" listAudit ", "on", kString,
     "Only entries about this: mounts/%2Flive.mp3, users/anna, nodes/edge1, or a mount."},
    {" listAudit ", "from", kString,
     "No entries before this time: 2026-11-22T08:00, or Unix seconds."},
    {" setMountArt ", "keep", kSwitch, "1: keeps it for a title that names it."},
    {" listListeners ", "node", kString, "Only those of this node."},
    {" orderCertificate ", "staging", kSwitch, "1: only tries it."},
    {" orderCertificate ", "revoke", kSwitch, "1: then revokes the one in use."},
    {" readLog ", "of", R"({"enum":["error","access","playlist"]})", "Default: error."},
    {" readLog ", "most", kInteger, "At most so many lines."},
    {" readLog ", "find", kString, "Only lines with this text."},
    {" readLive ", "mount", kString, "Only events of this mount."},
    {" readLive ", "account", kString, "Only events of this account's mounts."},
    {" readLive ", "listeners", kSwitch, "1: also the listeners of the mount."},
    {" readHistory readMountHistory ", "of", R"({"enum":["listeners","kbps"]})",
     "Default: listeners."},
    {" readHistory ", "by", R"({"enum":["all","mount","node","country"]})", "Default: all."},
    {" readHistory ", "mount", kString, "Only this mount."},
    {" readHistory ", "node", kString, "Only this node."},
    {" readHistory readMountHistory ", "from", kInteger,
     "Begin, in Unix seconds; default: an hour ago."},
    {" readHistory readMountHistory ", "to", kInteger, "End, in Unix seconds; default: now."},
    {" readHistory readMountHistory ", "points", kInteger, "At most so many values a row."},
    {" audience* ", "from", kString,
     "Begin: Unix seconds, or a time such as 2026-11-22T08:00; default: 24 hours ago."},
    {" audience* ", "to", kString, "End, as from; default: now."},
    {" audience* fillPlays ", "zone", kString, "The time zone, such as Europe/Berlin."},
    {" audience* ", "tz", kString, "As zone."},
    {" audience* ", "account", kString, "Only this account's mounts."},
    {" audience* ", "mount", kString, "Only this mount."},
    {" audience* ", "format", R"({"enum":["json","csv"]})", "Default: json."},
    {" fillPlays ", "mount", kString, "The mount that played it.", true},
    {" audienceHours ", "by",
     R"({"enum":["hour","day","month","hour,mount","day,mount","month,mount"]})",
     "The length of a period; with mount for each mount."},
    {" audienceUsage ", "by", R"({"enum":["day","month"]})", "Default: month."},
    {" audienceSessions ", "all", kSwitch, "1: also quick looks, bots and relays."},
    {" audienceTitles ", "order", R"({"enum":["began","gain","loss"]})", "Default: began."},
    {" audienceSessions audienceTitles audiencePlaylist ", "after", kString, "The value of next."},
    {" audienceSessions audienceTitles audiencePlaylist ", "most", kPageSize, kPageHelp},
    {" audiencePlaylist ", "columns", kString, "Renames columns: title:Titre,artist:Artiste."},
    {" audienceSoundExchange ", "country", kString, "Another country than US."},
    {" audienceSoundExchange ", "service", kString, "The service's name; CSV needs it."},
    {" audienceSoundExchange ", "category", kString, "The transmission category of the CSV."},
    {" forgetListener forgetPerson ", "address", kString, "The listener's address."},
    {" forgetListener forgetPerson ", "agent", kString, "With address: only this player."},
    {" forgetListener forgetPerson ", "user", kString, "With address: only this login."},
    {" forgetListener forgetPerson ", "session", kString, "One session, instead of address."},
};

bool is_audience_read(const Endpoint& endpoint) {
  return is_of_audience(endpoint) && endpoint.method == Method::kGet;
}

bool takes(const Endpoint& endpoint, const QueryParameter& row) {
  return row.endpoints.find(cat({" ", endpoint.name, " "})) != row.endpoints.npos ||
         (row.endpoints.starts_with(" audience* ") && is_audience_read(endpoint));
}

// The type that ?format=csv gives; "": none.
std::string_view table_type(const Endpoint& endpoint) {
  if (!is_audience_read(endpoint)) return {};
  return endpoint.name == "audienceNpr" || endpoint.name == "audienceTriton"
             ? "text/tab-separated-values"
             : "text/csv";
}

void put_parameters(Document& out, const Endpoint& endpoint) {
  bool first = true;
  for (const std::string_view name : path_names(endpoint.path))
    parameter(out, first, name, "path", true, kString, "Percent-encoded, as one part of the path.");
  if (is_list(endpoint)) {
    parameter(out, first, "after", "query", false, kString, "The value of next.");
    parameter(out, first, "most", "query", false, kPageSize, kPageHelp);
  }
  for (const QueryParameter& row : kQueryParameters)
    if (takes(endpoint, row))
      parameter(out, first, row.name, "query", row.required, row.schema, row.help);
  if (is_planned_change(endpoint))
    parameter(out, first, "dry-run", "query", false, R"({"enum":["0","1"]})",
              "1: answers as if it were done, and writes nothing.");
  if (endpoint.keyed)
    parameter(out, first, "Idempotency-Key", "header", false,
              R"({"type":"string","minLength":8,"maxLength":128})",
              "The same request with the same key gets the same answer for 24 hours.");
  if (takes_if_match(endpoint))
    parameter(out, first, "If-Match", "header", false, kString, "The ETag of the changed object.");
}

void operation(Document& out, const Endpoint& endpoint) {
  out.text(to_lower(method_word(endpoint.method))).raw(":{\"operationId\":").text(endpoint.name);
  out.raw(",\"summary\":").text(endpoint.summary);
  out.raw(",\"x-least-role\":").text(to_text(endpoint.least));
  if (endpoint.least == Role::kNone) out.raw(",\"security\":[]");
  out.raw(",\"parameters\":[");
  put_parameters(out, endpoint);
  out.raw("]");
  if (!endpoint.body.empty())
    out.raw(R"(,"requestBody":{"required":)")
        .raw(endpoint.body == "Empty" || endpoint.body == "LoginName" ||
                     endpoint.body == "PasswordNew"
                 ? "false"
                 : "true")
        .raw(endpoint.takes_picture() ? R"(,"content":{"image/*":{"schema":)"
             : endpoint.takes_csv()   ? R"(,"content":{"text/csv":{"schema":)"
                                      : R"(,"content":{"application/json":{"schema":)")
        .raw(reference(endpoint.body));
  if (endpoint.method == Method::kPatch)
    out.raw(R"(},"application/merge-patch+json":{"schema":)").raw(reference(endpoint.body));
  if (!endpoint.body.empty()) out.raw("}}}");
  out.raw(",\"responses\":{").text(std::to_string(endpoint.status)).raw(":{\"description\":");
  out.text(endpoint.status == 204 ? "Done." : cat({"The ", endpoint.answer, "."}));
  if (!endpoint.answer.empty())
    out.raw(R"(,"content":{)")
        .text(endpoint.name == "readLive" ? "text/event-stream" : "application/json")
        .raw(R"(:{"schema":)")
        .raw(reference(endpoint.answer))
        .raw("}");
  if (const std::string_view table = table_type(endpoint); !table.empty())
    out.raw(",").text(table).raw(R"(:{"schema":)").raw(kString).raw("}");
  if (!endpoint.answer.empty()) out.raw("}");
  out.raw(
         R"(},"default":{"description":"A problem.","content":{"application/problem+json":{"schema":)")
      .raw(reference("Problem"))
      .raw("}}}}}");
}

std::string_view role_words(Role role) { return role == Role::kNone ? "no login" : to_text(role); }

}  // namespace

std::string openapi_json() {
  Document out;
  out.raw(R"({"openapi":"3.1.0","info":{"title":"icecast-lb","version":"1",)");
  out.raw(R"("description":"minLength and maxLength of texts are bytes of UTF-8."},)");
  out.raw(R"("servers":[{"url":"/api/v1"}],)");
  out.raw(R"("security":[{"basic":[]},{"token":[]},{"session":[]}],"paths":{)");
  std::map<std::string_view, std::vector<const Endpoint*>> paths;
  for (const Endpoint& endpoint : endpoints()) paths[endpoint.path].push_back(&endpoint);
  bool first = true;
  for (const auto& [path, rows] : paths) {
    out.raw(first ? "" : ",").text(path).raw(":{");
    first = false;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i > 0) out.raw(",");
      operation(out, *rows[i]);
    }
    out.raw("}");
  }
  out.raw(R"(},"components":{"securitySchemes":{"basic":{"type":"http","scheme":"basic"},)");
  out.raw(R"("token":{"type":"http","scheme":"bearer"},)");
  out.raw(
      R"("session":{"type":"apiKey","in":"cookie","name":"__Host-lb_session-443","description":"Named by the requested address: __Host-lb_session-PORT over https, lb_session-PORT over http."}},"schemas":{)");
  first = true;
  for (const ApiSchema& schema : api_schemas()) {
    out.raw(first ? "" : ",").text(schema.name).raw(":");
    out.raw(schema.made == nullptr ? schema.json : schema.made());
    first = false;
  }
  out.raw("}}}\n");
  return out.take();
}

std::string api_reference() {
  std::string page =
      "# The API\n\n"
      "Printed by `icecast-lb --dump-reference api`; as OpenAPI 3.1 with all schemas: `GET "
      "/api/v1/openapi.json`, or\n`icecast-lb --dump-reference openapi`. Examples: "
      "[hosting.md](hosting.md), [operators.md](operators.md).\n\n"
      "The API is on unless `<api>` is 0. A login is `<admin-user>` or a user of the store by "
      "Basic, "
      "a session of\nthe console, or a token (`Authorization: Bearer`). Bodies are JSON "
      "(`application/json`) of at most 64 KiB with a\nContent-Length. A page of another site can "
      "change data only with a token. A name in a path is percent-encoded as\none part: "
      "`/api/v1/mounts/%2Flive.mp3`; `/api/v1/mounts/live.mp3` means the same. `?dry-run=1` "
      "answers "
      "as if it\nwere done, and writes nothing. A `GET` has an `ETag`, which a change may send as "
      "`If-Match`. Requests marked +\naccept an `Idempotency-Key`. Paths begin with `/api/v1`; "
      "the least role required is in brackets.\n\n";
  std::string_view path;
  for (const Endpoint& endpoint : endpoints()) {
    if (endpoint.path != path)
      page.append(path.empty() ? "- `" : "\n- `").append(endpoint.path).append("`:");
    path = endpoint.path;
    page.append(" ").append(method_word(endpoint.method)).append(endpoint.keyed ? "+ (" : " (");
    page.append(role_words(endpoint.least)).append(") ");
    for (const char c : endpoint.summary) page += c == '<' ? "&lt;" : std::string_view(&c, 1);
  }
  page +=
      "\n\n## Problems\n\nEvery error below `/api` is `application/problem+json` (RFC "
      "9457), "
      "with `type` `/api/problems#NAME`\nand a `title`:\n\n";
  int status = 0;
  for (const ProblemKind& kind : problem_kinds()) {
    if (kind.status != status)
      page.append(status == 0 ? "- " : "\n- ").append(std::to_string(kind.status)).append(": `");
    else
      page.append("; `");
    page.append(kind.name).append("` ").append(kind.title);
    status = kind.status;
  }
  page += "\n";
  return page;
}

}  // namespace lb
