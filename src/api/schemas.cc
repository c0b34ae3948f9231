// The schemas of the API's bodies and answers (openapi.h).
#include "api/openapi.h"
#include "api/request/account_fields.h"
#include "api/request/answer.h"
#include "api/request/ban_fields.h"
#include "api/request/live_fields.h"
#include "api/request/order_fields.h"
#include "api/request/password_fields.h"
#include "api/request/station_fields.h"
#include "auth/login/user_fields.h"
#include "base/cat.h"
#include "base/strings.h"
#include "config/mounts/mount_record.h"

namespace lb {
namespace {

constexpr std::string_view kText = R"({"type":"string"})";
constexpr std::string_view kNext =
    R"({"type":"string","description":"Send it as ?after= for the next page."})";

template <Forms kForm, const auto&... kTables>
std::string schema_of() {
  ObjectSchema schema(kForm);
  (schema.add(kTables), ...);
  return schema.text();
}

// more: further members.
std::string list_with(std::string_view items, std::string_view more = {}) {
  return cat(
      {R"({"type":"object","required":["items"],"properties":{"items":{"type":"array","items":)",
       items, more.empty() ? "}" : "},", more, "}}"});
}
std::string list_of(std::string_view schema, std::string_view next = kText) {
  return list_with(cat({R"({"$ref":"#/components/schemas/)", schema, "\"}"}),
                   cat({R"("next":)", next}));
}

// Members "x-set-by" and the settings come from the rows of <mount>.
std::string mount_record_part() {
  std::string made = mount_record_schema();
  // The schema becomes a part of this document, so its references get a new root.
  constexpr std::string_view kRoot = "\"#/", kHere = "\"#/components/schemas/MountRecord/";
  for (std::size_t at = made.find(kRoot); at != std::string::npos;
       at = made.find(kRoot, at + kHere.size()))
    made.replace(at, kRoot.size(), kHere);
  return std::string(trim(made));
}

constexpr ApiSchema kSchemas[] = {
    {"OpenApi", R"({"type":"object","required":["openapi","info","paths","components"]})"},
    {"Empty", R"({"type":"object","additionalProperties":false})"},
    {"Problem",
     R"({"type":"object","required":["type","title","status","instance"],"properties":{
"type":{"type":"string","description":"/api/problems#NAME"},
"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},
"instance":{"type":"string"},
"parameter":{"type":"string","description":"The parameter of the query that is wrong."},
"errors":{"type":"array","items":{"type":"object","required":["pointer","detail"],"properties":{
"pointer":{"type":"string","description":"RFC 6901, in the body of the request"},
"detail":{"type":"string"}}}},
"nodes":{"type":"array","items":{"type":"string"}},
"masters":{"type":"array","items":{"type":"string"}}}})"},
    {"SessionNew",
     R"({"type":"object","required":["user","password"],"properties":{
"user":{"type":"string","maxLength":64},"password":{"type":"string","maxLength":512}}})"},
    {"Session",
     R"({"type":"object","required":["user","role","account","csrf","expires"],"additionalProperties":false,"properties":{
"user":{"type":"string"},"role":{"$ref":"#/components/schemas/Role"},
"account":{"type":["string","null"]},
"csrf":{"type":["string","null"],"description":"null: logins by password or token need none."},
"expires":{"type":["integer","null"],"description":"Unix seconds"}}})"},
    {"HandoverNew",
     R"({"type":"object","required":["node"],"properties":{"node":{"type":"string"}}})"},
    {"Handover",
     R"({"type":"object","required":["node","origin","token"],"additionalProperties":false,"properties":{
"node":{"type":"string"},"origin":{"type":"string"},
"token":{"type":"string","description":"Send it in a body, never in an address."}}})"},
    {"Quota", {}, schema_of<Form::kChange, kQuotaFields>},
    {"AccountNew", {}, schema_of<Form::kNew, kAccountFields>},
    {"AccountChange", {}, schema_of<Form::kChange, kAccountFields>},
    {"Account", {}, schema_of<Form::kAnswer, kAccountFields, kAccountNow, kRevision>},
    {"AccountList", {}, [] { return list_of("Account", kNext); }},
    {"Role", R"({"enum":["viewer","operator","owner","admin"]})"},
    {"UserNew", {}, schema_of<Form::kNew, kUserFields, kPasswordFields>},
    {"UserChange", {}, schema_of<Form::kChange, kUserFields>},
    {"User", {}, schema_of<Form::kAnswer, kUserFields, kShownPassword, kRevision>},
    {"UserList", {}, [] { return list_of("User"); }},
    {"PasswordNew", {}, schema_of<Form::kChange, kPasswordFields>},
    {"TokenNew", {}, schema_of<Form::kNew, kTokenFields>},
    {"Token",
     {},
     [] { return ObjectSchema(Form::kAnswer).add(kTokenFields).add(kRevision).text(true); }},
    {"TokenMade",
     R"({"allOf":[{"$ref":"#/components/schemas/Token"},{"type":"object","required":["token"],"properties":{
"token":{"type":"string"}}}]})"},
    {"TokenList", {}, [] { return list_of("Token"); }},
    {"LoginName", {}, schema_of<Form::kNew, kLoginNameBody>},
    {"MountMove", {}, schema_of<Form::kNew, kMountMoveBody>},
    {"StationPut", {}, schema_of<Form::kNew, kStationFields>},
    {"StationPatch", {}, schema_of<Form::kChange, kStationFields>},
    {"Station", {}, schema_of<Form::kAnswer, kStationFields, kStationNow, kRevision>},
    {"StationList", {}, [] { return list_of("Station"); }},
    {"BanMatch",
     R"({"type":"object","minProperties":1,"maxProperties":1,"additionalProperties":false,"properties":{
"address":{"type":"string"},"network":{"type":"string"},"user":{"type":"string"},
"country":{"type":"string","pattern":"^[A-Z]{2}$"}}})"},
    {"BanNew", {}, schema_of<Form::kNew, kBanFields>},
    {"Ban", {}, schema_of<Form::kAnswer, kBanFields, kBanNow, kRevision>},
    {"BanList", {}, [] { return list_of("Ban"); }},
    {"TitleNew", {}, schema_of<Form::kNew, kTitleBody>},
    {"Picture", R"({"type":"string","format":"binary","maxLength":524288})"},
    {"ArtKept",
     R"({"type":"object","required":["art"],"additionalProperties":false,"properties":{
"art":{"type":"string","description":"The path of the picture on this server."}}})"},
    {"PlayedTitles",
     R"({"type":"object","required":["items"],"additionalProperties":false,"properties":{
"items":{"type":"array","items":{"type":"object","required":["id","wall_ms","text","artist","title","album","duration_ms","isrc","art","url"],"additionalProperties":false,"properties":{
"id":{"type":["string","null"],"description":"The address of its first byte, for ?at=."},
"wall_ms":{"type":"integer","description":"When it began to sound, Unix milliseconds."},
"text":{"type":"string"},"artist":{"type":["string","null"]},"title":{"type":"string"},
"album":{"type":["string","null"]},"duration_ms":{"type":["integer","null"]},"isrc":{"type":["string","null"]},
"art":{"type":["string","null"],"description":"The path of its picture."},"url":{"type":["string","null"]}}}}}})"},
    {"ListenerList",
     {},
     [] {
       return list_with(schema_of<Form::kAnswer, kListenerFields>(),
                        R"("next":{"type":"string"},
"partial":{"type":"boolean"},"missing":{"type":"array","items":{"type":"string"}})");
     }},
    {"ListenerMove", {}, schema_of<Form::kNew, kListenerMoveBody>},
    {"Health",
     R"({"type":"object","required":["node","state","takes_listeners","listeners","capacity_used","nodes","not_up","more","reasons","version"],"additionalProperties":false,"properties":{
"node":{"type":"string"},"state":{"enum":["starting","up","full","draining"]},"takes_listeners":{"type":"boolean"},
"listeners":{"type":["integer","null"]},"capacity_used":{"type":["number","null"],"description":"1: full."},
"nodes":{"type":"integer","description":"Number of servers, with this one."},
"not_up":{"type":"array","maxItems":100,"items":{"type":"object","required":["id","state"],"additionalProperties":false,"properties":{
"id":{"type":"string"},"state":{"enum":["suspect","down","draining"]}}}},
"more":{"type":"boolean","description":"More servers are not up."},
"reasons":{"type":"array","description":"Sentences; none: all is well.","items":{"type":"string"}},
"version":{"type":"string"}}})"},
    {"Live",
     R"({"type":"object","description":"The data of state and change; that of totals is the member totals, that of event an event of /admin/events (doc/orchestration.md).","required":["time","first","more","totals","nodes","mounts","gone"],"additionalProperties":false,"properties":{
"time":{"type":"string"},
"first":{"type":"boolean","description":"In a state: earlier data is void."},
"more":{"type":"boolean","description":"The rest follows in an event of the same name."},
"totals":{"type":"object","required":["listeners","kbps","on_air"],"properties":{
"listeners":{"type":"integer"},"kbps":{"type":"integer","description":"Total bitrate of their streams."},
"on_air":{"type":"integer","description":"Number of mounts."}}},
"nodes":{"type":"array","items":{"type":"object","required":["id","state"],"properties":{
"id":{"type":"string"},"state":{"enum":["up","suspect","down","draining"]},
"listeners":{"type":"integer"},"kbps":{"type":"integer"}}}},
"mounts":{"type":"array","items":{"type":"object","required":["mount","listeners","kbps","title"],"properties":{
"mount":{"type":"string"},"listeners":{"type":"integer"},"kbps":{"type":"integer"},"title":{"type":"string"}}}},
"listeners":{"type":"array","description":"With listeners=1: as in the list of the mount's listeners, but since instead of seconds; round trip, queue and lag are rounded.","items":{"type":"object","required":["node","id","since"],"properties":{
"node":{"type":"string"},"id":{"type":"string"},"since":{"type":"integer","description":"Unix seconds."},
"address":{"type":["string","null"]},"agent":{"type":"string"},"player":{"type":"string"},"user":{"type":["string","null"]},
"country":{"type":["string","null"]},"hls":{"type":"boolean"},"rtt_ms":{"type":["number","null"]},
"retransmits":{"type":["integer","null"]},"queue_bytes":{"type":["integer","null"]},"lag_ms":{"type":["integer","null"]},
"path":{"type":"array","items":{"type":"string"}}}}},
"others":{"type":"boolean","description":"Further listeners are not listed."},
"gone":{"type":"object","required":["nodes","mounts"],"properties":{
"listeners":{"type":"array","description":"NODE/ID","items":{"type":"string"}},
"nodes":{"type":"array","items":{"type":"string"}},
"mounts":{"type":"array","description":"No longer on air, or no longer visible to the login.","items":{"type":"string"}}}}}})"},
    {"Node", {}, [] { return ObjectSchema(Form::kAnswer, Form::kBrief).add(kNodeFields).text(); }},
    {"NodeList", {}, [] { return list_of("Node"); }},
    {"NodeDrain", {}, schema_of<Form::kNew, kDrainBody>},
    {"NodeWeight", {}, schema_of<Form::kNew, kWeightBody>},
    {"Certificates",
     {},
     [] { return list_with(ObjectSchema(Form::kAnswer).add(kCertificateFields).text(true)); }},
    {"History",
     R"({"type":"object","required":["of","by","step","t","rows"],"additionalProperties":false,"properties":{
"of":{"enum":["listeners","kbps"]},"by":{"enum":["all","mount","node","country"]},
"step":{"type":"integer","description":"Seconds per point."},
"t":{"type":"array","items":{"type":"integer"},"description":"When each point begins, Unix seconds."},
"rows":{"type":"array","description":"Largest first: 8 rows, or 7 and one for all others.","items":{"type":"object","required":["name","mean","max"],"properties":{
"name":{"type":["string","null"],"description":"null: all, the others, or an unknown country."},
"others":{"type":"boolean"},
"mean":{"type":"array","items":{"type":["number","null"]},"description":"null: unknown, as for a node that was down."},
"max":{"type":"array","items":{"type":["number","null"]},"description":"For a sum, the sum of the maxima, which it never exceeded."}}}}}})"},
    {"LogEnd",
     R"({"type":"object","required":["of","file","lines"],"additionalProperties":false,"properties":{
"of":{"enum":["error","access","playlist"]},"file":{"type":"string"},
"lines":{"type":"array","items":{"type":"string"},"description":"Newest last."}}})"},
    {"ConfigurationCheck",
     R"({"type":"object","required":["usable","items"],"additionalProperties":false,"properties":{
"usable":{"type":"boolean","description":"A reload would accept it."},
"items":{"type":"array","items":{"type":"object","required":["line","severity","text"],"properties":{
"line":{"type":"integer","description":"0: the file as a whole."},
"severity":{"enum":["error","warning","note"]},"text":{"type":"string"}}}}}})"},
    {"AuditList",
     R"({"type":"object","required":["items"],"properties":{
"items":{"type":"array","items":{"type":"object","required":["at","n","who","role","via","ip","do","on","change","result"],"properties":{
"at":{"type":"string"},"n":{"type":"integer"},"prev":{"type":"string"},"node":{"type":"string"},
"who":{"type":"string"},"role":{"type":"string"},"via":{"type":"string"},"ip":{"type":"string"},
"account":{"type":"string","description":"The login's account at that time; empty: none."},
"of":{"type":"string","description":"The changed object's account, likewise."},
"do":{"type":"string"},"on":{"type":"string"},
"change":{"type":"object","description":"FIELD: [before, after]"},
"result":{"type":"string","description":"ok, a status, or the name of a problem"}}}},
"next":{"type":"string"}}})"},
    {"AudienceSummary",
     R"({"type":"object","required":["from","to","zone","listeners","seconds","sessions","people","bytes"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"left_out":{"type":"array","items":{"type":"string"},"description":"Mounts that came from another account within this time."},
"listeners":{"type":"integer","description":"Present listeners."},"seconds":{"type":"number"},"sessions":{"type":"integer"},"bytes":{"type":"integer"},
"people":{"type":"integer","description":"Sum over mounts, and all of each day (UTC) that the range touches: a listener of two mounts or days counts twice."},
"average_listeners":{"type":"number","description":"Mean over the time passed."},"average_seconds":{"type":"number","description":"Seconds per session of a minute or more."},
"long_sessions":{"type":"integer","description":"Sessions of a minute or more."},
"busiest":{"type":["string","null"],"description":"The quarter of an hour with the most listeners."},
"busiest_listeners":{"type":"number","description":"Mean listeners in it."}}})"},
    {"AudienceHours",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"left_out":{"type":"array","items":{"type":"string"},"description":"Mounts that came from another account within this time."},
"items":{"type":"array","items":{"type":"object","required":["from","length_s","seconds"],"properties":{
"from":{"type":"string"},"length_s":{"type":"integer"},"seconds":{"type":"number"},"sessions":{"type":"integer"},"bytes":{"type":"integer"},"average_listeners":{"type":"number","description":"Mean over the time passed."},
"average_seconds":{"type":"number","description":"Seconds per session of a minute or more."},
"long_sessions":{"type":"integer","description":"Sessions of a minute or more."},
"mount":{"type":"string","description":"With ?by= hour,mount, day,mount or month,mount."}}}},
"next":{"type":"string"}}})"},
    {"AudienceSessions",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"left_out":{"type":"array","items":{"type":"string"},"description":"Mounts that came from another account within this time."},
"items":{"type":"array","items":{"type":"object","required":["id","began","seconds","mount"],"properties":{
"id":{"type":"string"},"began":{"type":"string"},"ended":{"type":["string","null"]},"open":{"type":"integer","enum":[0,1]},
"seconds":{"type":"number"},"bytes":{"type":"integer"},"mount":{"type":"string"},"country":{"type":"string"},"player":{"type":"string"},
"way":{"type":"string","enum":["stream","hls","past"]},"kind":{"type":"string","enum":["listener","bot","relay","quick-look"]},"connections":{"type":"integer"}}}},
"next":{"type":"string"}}})"},
    {"AudienceForgotten",
     R"({"type":"object","required":["sessions"],"properties":{
"sessions":{"type":"integer","description":"Number of deleted sessions, or in a dry run of those to delete."},
"addresses":{"type":"integer","description":"Likewise for rows with its address, if <keep-addresses> keeps them."}}})"},
    {"AudienceCountries",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"left_out":{"type":"array","items":{"type":"string"},"description":"Mounts that came from another account within this time."},
"items":{"type":"array","items":{"type":"object","required":["country","seconds"],"properties":{
"country":{"type":["string","null"]},"seconds":{"type":"number"},"sessions":{"type":"integer"},"bytes":{"type":"integer"}}}},
"next":{"type":"string"}}})"},
    {"AudiencePlayers",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"left_out":{"type":"array","items":{"type":"string"},"description":"Mounts that came from another account within this time."},
"items":{"type":"array","items":{"type":"object","required":["player","seconds"],"properties":{
"player":{"type":["string","null"]},"seconds":{"type":"number"},"sessions":{"type":"integer"},"bytes":{"type":"integer"}}}},
"next":{"type":"string"}}})"},
    {"AudienceTitles",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"left_out":{"type":"array","items":{"type":"string"},"description":"Mounts that came from another account within this time."},
"items":{"type":"array","items":{"type":"object","required":["began","mount","title"],"properties":{
"began":{"type":"string"},"ended":{"type":["string","null"]},"mount":{"type":"string"},"title":{"type":"string"},
"performances":{"type":["integer","null"]},
"listeners":{"type":["integer","null"],"description":"Listeners when it began."},
"gain":{"type":["integer","null"],"description":"Listeners when it ended, less those when it began."}}}},
"next":{"type":"string"}}})"},
    {"PlayLog",
     R"({"type":"string","maxLength":8388608,"description":"The first row names the columns: time (or begin: Unix seconds, 2026-11-22T08:00:00 of the zone, or with an offset) and title; artist, isrc, album, label, label_code, composer; others are ignored."})"},
    {"AudienceFilled",
     R"({"type":"object","required":["rows","filled","known","unmatched","unmatched_rows"],"properties":{
"rows":{"type":"integer"},"filled":{"type":"integer","description":"Rows with new details of a title."},
"known":{"type":"integer","description":"Rows without new details."},"unmatched":{"type":"integer","description":"Rows without a similar title within five minutes."},
"unmatched_rows":{"type":"array","items":{"type":"integer"},"description":"The first hundred of these, numbered as in a spreadsheet."}}})"},
    {"AudienceUsage",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"items":{"type":"array","items":{"type":"object","required":["from","account","seconds","bytes"],"properties":{
"from":{"type":"string","description":"The begin of the month or day."},
"account":{"type":["string","null"],"description":"null: mounts without an account."},
"mounts":{"type":"integer","description":"Mounts with listeners."},
"seconds":{"type":"number"},"sessions":{"type":"integer"},"bytes":{"type":"integer","description":"Bytes sent to listeners that have ended."},
"quota_hours":{"type":["integer","null"],"description":"By month: the account's quota."},"quota_transfer":{"type":["integer","null"]}}}}}})"},
    {"AudienceSongs",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"left_out":{"type":"array","items":{"type":"string"},"description":"Mounts that came from another account within this time."},
"items":{"type":"array","items":{"type":"object","required":["artist","title","performances"],"properties":{
"artist":{"type":"string"},"title":{"type":"string"},"country":{"type":["string","null"]},"performances":{"type":"integer"}}}}}})"},
    {"AudienceAddresses",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"items":{"type":"array","items":{"type":"object","required":["address","began","ended","mount"],"properties":{
"address":{"type":"string"},"began":{"type":"string"},"ended":{"type":"string"},"seconds":{"type":"integer"},
"bytes":{"type":"integer"},"mount":{"type":"string"},"agent":{"type":"string"},"referer":{"type":"string"}}}},
"next":{"type":"string"}}})"},
    {"AudiencePlaylist",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"left_out":{"type":"array","items":{"type":"string"},"description":"Mounts that came from another account within this time."},
"items":{"type":"array","items":{"type":"object","description":"Named by ?columns= if given.","properties":{
"station":{"type":"string"},"date":{"type":"string"},"begin":{"type":"string"},"duration_s":{"type":["integer","null"]},
"title":{"type":"string"},"artist":{"type":"string"},"composer":{"type":["string","null"]},"label":{"type":["string","null"]},
"label_code":{"type":["string","null"]},"isrc":{"type":["string","null"]},"performances":{"type":["integer","null"]}}}},
"next":{"type":"string"}}})"},
    {"AudienceSoundExchange",
     R"({"type":"object","required":["from","to","zone","incomplete","unknown","items"],"properties":{
"incomplete":{"type":"integer","description":"Recordings left out, which soundexchange-incomplete lists."},
"unknown":{"type":"integer","description":"Performances left out because their country is not known."},
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"left_out":{"type":"array","items":{"type":"string"},"description":"Mounts that came from another account within this time."},
"items":{"type":"array","items":{"type":"object","required":["artist","title","performances"],"properties":{
"artist":{"type":"string"},"title":{"type":"string"},"isrc":{"type":["string","null"]},
"album":{"type":["string","null"]},"label":{"type":["string","null"]},"performances":{"type":"integer"}}}}}})"},
    {"AudienceSoundExchangeIncomplete",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"left_out":{"type":"array","items":{"type":"string"},"description":"Mounts that came from another account within this time."},
"items":{"type":"array","items":{"type":"object","required":["artist","title","performances","reason"],"properties":{
"artist":{"type":"string"},"title":{"type":"string"},"isrc":{"type":["string","null"]},
"album":{"type":["string","null"]},"label":{"type":["string","null"]},"performances":{"type":"integer"},
"reason":{"type":"string"}}}}}})"},
    {"AudienceBackup",
     R"({"type":"object","required":["file","bytes","at"],"properties":{
"file":{"type":"string","description":"On the server, beside the database; the next copy replaces it."},
"bytes":{"type":"integer","description":"With ?dry-run=1: an estimate."},
"at":{"type":"integer","description":"Time of the request, in Unix seconds."}}})"},
    {"ExternalConfirm",
     R"({"type":"object","required":["etag"],"additionalProperties":false,"properties":{
"etag":{"type":"string","minLength":1,"description":"pending/etag of GET /external."}}})"},
    {"External",
     R"({"type":"object","required":["on","url","state","age","mounts","applied","etag","failures","trouble","bad_mounts","faults","hidden","pending"],"properties":{
"on":{"const":true},"url":{"type":"string","description":"Without login and query."},
"state":{"enum":["asking","good","failing"],"description":"asking: no answer since the start."},
"age":{"type":"number","description":"Seconds since the last good answer."},
"mounts":{"type":"integer"},
"applied":{"type":"boolean","description":"The mounts are in force."},
"etag":{"type":"string","description":"ETag of the last good list, or a digest of it."},
"failures":{"type":"integer"},"trouble":{"type":"string","description":"Why the last request failed."},
"bad_mounts":{"type":"integer"},
"hidden":{"type":"array","description":"Listed mounts that are hidden by another of that name.","items":{"type":"object","required":["mount","by"],"properties":{"mount":{"type":"string"},"by":{"enum":["file","store"]}}}},
"faults":{"type":"array","items":{"type":"object","required":["mount","fault","in_force","errors"],"properties":{
"mount":{"type":"string","description":"Its name, or its place in the list."},
"fault":{"type":"string"},
"in_force":{"type":"boolean","description":"Its last good form is in force."},
"errors":{"type":"array","items":{"type":"object","required":["pointer","detail"],"properties":{
"pointer":{"type":"string","description":"RFC 6901, in the page of the list."},
"detail":{"type":"string"}}}}}}},
"pending":{"type":["object","null"],"required":["etag","by_hand","seen","confirm","count","mounts"],"properties":{
"etag":{"type":"string"},
"by_hand":{"type":"boolean","description":"Only an administrator can end the wait."},
"seen":{"type":"integer","description":"Consecutive lists with these removals so far."},
"confirm":{"type":"integer","description":"Consecutive lists required."},
"count":{"type":"integer"},
"mounts":{"type":"array","items":{"type":"string"},"description":"At most 1000."}}}}})"},
    {"MountRecord", {}, mount_record_part},
    {"MountNew",
     R"({"allOf":[{"$ref":"#/components/schemas/MountRecord"},{"type":"object","required":["mount"]}]})"},
    {"MountPut", R"({"type":"object","description":"As MountRecord; the name may be left out."})"},
    {"MountPatch",
     R"({"type":"object","description":"As MountRecord, with only the changes; null removes a value."})"},
    {"Mount",
     R"({"type":"object","required":["mount","state","origin","source","listen","on-air","fed-by","off-air","listeners","title","picture-refused"],"properties":{
"mount":{"type":"string"},
"settings":{"type":"object"},
"state":{"enum":["active","suspended","moving","deleting","unplaced"]},
"origin":{"enum":["file","store","external","default"],"description":"file and external: changed there; default: it plays at this server without a section of its own"},
"suspended-by-admin":{"type":"boolean","description":"Only an administrator can resume it."},
"made":{"type":"integer","description":"Since this time, in Unix seconds, it has belonged to its account."},
"account":{"type":"string"},"home":{"type":"string"},
"home-state":{"enum":["up","suspect","down","draining","unknown"],"description":"The node's state, as this server sees it."},
"backup":{"type":"string","description":"The second home, with place.homes 2."},
"backup-state":{"enum":["up","suspect","down","draining","unknown"],"description":"As home-state."},
"place":{"type":"object"},"limits":{"type":"object"},
"sources":{"type":"array","items":{"type":"object","required":["user"]}},
"suspended-by":{"enum":["owner","admin","account","quota",null],"description":"quota: its monthly limit is used up."},
"used":{"type":"object","description":"Of its monthly limits, if it has any; null: unknown at this server.","properties":{
"listening-hours":{"type":["integer","null"],"description":"Whole hours."},
"transfer":{"type":["integer","null"],"description":"To listeners that have ended."}}},
"source":{"type":"object","required":["url","shoutcast"],"properties":{
"url":{"type":["string","null"]},"shoutcast":{"type":["string","null"]},
"backup":{"type":["string","null"],"description":"Address for the source if url does not accept it, for a mount with two homes."},
"user":{"type":"string"},
"password":{"type":"string","description":"Only in the answer that made it."}}},
"logins":{"type":"array","items":{"type":"object","required":["user","password"]}},
"listen":{"type":"object","properties":{"http":{"type":["string","null"]},"https":{"type":["string","null"]}}},
"on-air":{"type":"boolean","description":"A source or relay feeds it, at this server or at one that reports to it."},
"fed-by":{"type":["object","null"],"required":["node","user","address","agent","since","kbps"],"description":"Its source, here or at its node; null: no source, or the node reports no details.","properties":{
"node":{"type":["string","null"],"description":"null: this server."},
"user":{"type":["string","null"],"description":"The user of its login; null: a relay."},
"address":{"type":["string","null"],"description":"null for logins that may not see it."},
"agent":{"type":["string","null"]},
"since":{"type":"integer","description":"In Unix seconds."},
"kbps":{"type":["integer","null"],"description":"As measured; null: not known yet."}}},
"off-air":{"type":["object","null"],"required":["since","why","node"],"description":"How its last source ended; null: it is on air, or no source has ended since this server's start.","properties":{
"since":{"type":"integer","description":"In Unix seconds."},
"why":{"type":["string","null"],"description":"ended: by itself; timed-out: it sent no data; kicked: by an operator; limit: of its time; hours: of its login; moved: to another node; error: of this server; relay-lost; node-gone. null: unknown."},
"node":{"type":["string","null"],"description":"null: this server."}}},
"listeners":{"type":"integer","description":"On all servers known here."},
"title":{"type":["string","null"]},
"picture-refused":{"type":["string","null"],"description":"Why this server shows the title without the picture that its encoder sent or named; null: no reason."},
"why":{"type":"array","items":{"type":"object","required":["node","reserved"],"properties":{
"node":{"type":"string"},"reserved":{"type":"number"},"refused":{"type":"string"}}}},
"revision":{"type":"string"}}})"},
    {"MountList", {}, [] { return list_of("Mount"); }},
};

}  // namespace

std::span<const ApiSchema> api_schemas() noexcept { return kSchemas; }

}  // namespace lb
