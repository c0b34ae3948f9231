// The schemas of what the API takes and gives (openapi.h).
#include "api/openapi.h"

namespace lb {
namespace {

// Members "x-set-by" and the settings come from the rows; see openapi.cc.
constexpr ApiSchema kSchemas[] = {
    {"OpenApi", R"({"type":"object","required":["openapi","info","paths","components"]})"},
    {"Empty", R"({"type":"object","additionalProperties":false})"},
    {"Problem",
     R"({"type":"object","required":["type","title","status","instance"],"properties":{
"type":{"type":"string","description":"/api/problems#NAME"},
"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},
"instance":{"type":"string"},
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
"csrf":{"type":["string","null"],"description":"null: the login was a password or a token, which need none."},
"expires":{"type":["integer","null"],"description":"Unix seconds"}}})"},
    {"HandoverNew",
     R"({"type":"object","required":["node"],"properties":{"node":{"type":"string"}}})"},
    {"Handover",
     R"({"type":"object","required":["node","origin","token"],"additionalProperties":false,"properties":{
"node":{"type":"string"},"origin":{"type":"string"},
"token":{"type":"string","description":"Belongs into a body, never into an address."}}})"},
    {"Quota",
     R"({"type":"object","additionalProperties":false,"properties":{
"listeners":{"type":["integer","null"],"minimum":0,"description":"The sum of limits/listeners of its mounts."},
"bitrate":{"type":["integer","null"],"minimum":0,"description":"The sum of limits/bitrate, in kbit/s."},
"mounts":{"type":["integer","null"],"minimum":0},
"storage":{"type":["integer","null"],"minimum":0,"description":"The sum of limits/storage, in bytes."},
"hours":{"type":["integer","null"],"minimum":0,"description":"Listening hours of its mounts in a month (UTC); used: whole ones, null: not known at this server."},
"transfer":{"type":["integer","null"],"minimum":0,"description":"Bytes sent to their listeners in a month; used: to those that have ended."},
"hard":{"type":"boolean","description":"hours and transfer keep new listeners out when they are used up; else there are events alone."}}})"},
    {"AccountNew",
     R"({"type":"object","required":["id"],"additionalProperties":false,"properties":{
"id":{"type":"string","pattern":"^[a-z0-9][a-z0-9._-]{0,62}$"},
"name":{"type":"string","maxLength":200},
"state":{"enum":["active","suspended"]},
"quota":{"$ref":"#/components/schemas/Quota"}}})"},
    {"AccountChange",
     R"({"type":"object","additionalProperties":false,"properties":{
"name":{"type":"string","maxLength":200},
"state":{"enum":["active","suspended"]},
"quota":{"$ref":"#/components/schemas/Quota"}}})"},
    {"Account",
     R"({"type":"object","required":["id","name","state","quota","used"],"additionalProperties":false,"properties":{
"id":{"type":"string"},"name":{"type":"string"},"state":{"enum":["active","suspended"]},
"quota":{"$ref":"#/components/schemas/Quota"},
"used":{"$ref":"#/components/schemas/Quota"},
"recorded":{"type":"integer","minimum":0,"description":"Bytes that this server has recorded of its mounts."},
"revision":{"type":"string"}}})"},
    {"AccountList",
     R"({"type":"object","required":["items"],"properties":{
"items":{"type":"array","items":{"$ref":"#/components/schemas/Account"}},
"next":{"type":"string","description":"Give it as ?after= for the next page."}}})"},
    {"Role", R"({"enum":["viewer","operator","owner","admin"]})"},
    {"UserNew",
     R"({"type":"object","required":["name","role"],"additionalProperties":false,"properties":{
"name":{"type":"string","maxLength":64},
"role":{"$ref":"#/components/schemas/Role"},
"password":{"type":"string","minLength":8,"maxLength":512},
"account":{"type":"string"},
"mounts":{"type":"array","items":{"type":"string"},"description":"Names or patterns, for operators and viewers."},
"disabled":{"type":"boolean"},
"addresses":{"type":"boolean","description":"A viewer that sees the addresses of listeners."}}})"},
    {"UserChange",
     R"({"type":"object","additionalProperties":false,"properties":{
"role":{"$ref":"#/components/schemas/Role"},
"account":{"type":"string"},
"mounts":{"type":"array","items":{"type":"string"}},
"disabled":{"type":"boolean"},"addresses":{"type":"boolean"}}})"},
    {"User",
     R"({"type":"object","required":["name","role","account","mounts","disabled","addresses","password"],"additionalProperties":false,"properties":{
"name":{"type":"string"},"role":{"$ref":"#/components/schemas/Role"},
"account":{"type":["string","null"]},
"mounts":{"type":"array","items":{"type":"string"}},
"disabled":{"type":"boolean"},"addresses":{"type":"boolean"},
"password":{"type":["boolean","string"],"description":"Whether there is one; a text only where it was made in this answer."},
"revision":{"type":"string"}}})"},
    {"UserList",
     R"({"type":"object","required":["items"],"properties":{
"items":{"type":"array","items":{"$ref":"#/components/schemas/User"}},"next":{"type":"string"}}})"},
    {"PasswordNew",
     R"({"type":"object","additionalProperties":false,"properties":{
"old":{"type":"string","description":"For the own password."},
"password":{"type":"string","minLength":8,"maxLength":512,"description":"Missing: one is made."}}})"},
    {"TokenNew",
     R"({"type":"object","required":["role"],"additionalProperties":false,"properties":{
"name":{"type":"string","maxLength":200},
"role":{"$ref":"#/components/schemas/Role"},
"account":{"type":"string"},
"mounts":{"type":"array","items":{"type":"string"}},
"expires":{"type":"integer","description":"Unix seconds; 0: never"}}})"},
    {"Token",
     R"({"type":"object","required":["id","name","role","account","mounts","expires"],"properties":{
"id":{"type":"string"},"name":{"type":"string"},"role":{"$ref":"#/components/schemas/Role"},
"account":{"type":["string","null"]},
"mounts":{"type":"array","items":{"type":"string"}},
"expires":{"type":["integer","null"]},"revision":{"type":"string"}}})"},
    {"TokenMade",
     R"({"allOf":[{"$ref":"#/components/schemas/Token"},{"type":"object","required":["token"],"properties":{
"token":{"type":"string"}}}]})"},
    {"TokenList",
     R"({"type":"object","required":["items"],"properties":{
"items":{"type":"array","items":{"$ref":"#/components/schemas/Token"}},"next":{"type":"string"}}})"},
    {"LoginName",
     R"({"type":"object","additionalProperties":false,"properties":{
"user":{"type":"string","description":"Missing: the first login."}}})"},
    {"MountMove",
     R"({"type":"object","required":["to"],"additionalProperties":false,"properties":{
"to":{"type":"string","description":"The node that becomes its home."},
"force-after":{"type":"integer","minimum":0,"maximum":2592000,"description":"Seconds; then a source at the old home ends."}}})"},
    {"BanMatch",
     R"({"type":"object","minProperties":1,"maxProperties":1,"additionalProperties":false,"properties":{
"address":{"type":"string"},"network":{"type":"string"},"user":{"type":"string"},
"country":{"type":"string","pattern":"^[A-Z]{2}$"}}})"},
    {"BanNew",
     R"({"type":"object","required":["match"],"additionalProperties":false,"properties":{
"match":{"$ref":"#/components/schemas/BanMatch"},
"mounts":{"type":"array","items":{"type":"string"},"description":"Names or patterns; none: all."},
"until":{"type":"integer","description":"Unix seconds; 0: for ever"},
"reason":{"type":"string","maxLength":500},
"kick":{"type":"boolean","description":"End those that match; true."}}})"},
    {"Ban",
     R"({"type":"object","required":["id","match","mounts","until","over","reason","by","kick"],"additionalProperties":false,"properties":{
"id":{"type":"string"},"match":{"$ref":"#/components/schemas/BanMatch"},
"mounts":{"type":"array","items":{"type":"string"}},
"until":{"type":["integer","null"]},"over":{"type":"boolean","description":"It holds no longer; its record goes soon."},
"reason":{"type":"string"},"by":{"type":"string"},
"kick":{"type":"boolean"},"revision":{"type":"string"}}})"},
    {"BanList",
     R"({"type":"object","required":["items"],"properties":{
"items":{"type":"array","items":{"$ref":"#/components/schemas/Ban"}},"next":{"type":"string"}}})"},
    {"TitleNew",
     R"({"type":"object","required":["title"],"additionalProperties":false,"properties":{
"title":{"type":"string","maxLength":1024},"artist":{"type":"string","maxLength":1024},
"url":{"type":"string","maxLength":1024},
"album":{"type":"string","maxLength":1024},
"duration_ms":{"type":"integer","minimum":0,"maximum":86400000,"description":"0: not known."},
"duration":{"type":"integer","minimum":0,"maximum":86400,"description":"The same in seconds, instead."},
"isrc":{"type":"string","maxLength":32,"description":"12 letters and digits; hyphens are left out."},
"at_ms":{"type":"integer","minimum":0,"description":"When it begins to sound, in Unix milliseconds by the clock of the server of the source, at most ten minutes from now: one to come waits until then; without it the title is of this moment."},
"art":{"type":"string","maxLength":1024,"description":"Its picture: the address that setMountArt answered with."},
"next":{"type":["object","null"],"required":["title"],"additionalProperties":false,
"description":"What plays after it, until another title comes; null: that is not known any more.",
"properties":{"title":{"type":"string","minLength":1,"maxLength":1024},
"artist":{"type":"string","maxLength":1024},"album":{"type":"string","maxLength":1024},
"duration_ms":{"type":"integer","minimum":0,"maximum":86400000},
"duration":{"type":"integer","minimum":0,"maximum":86400},"isrc":{"type":"string","maxLength":32}}}}})"},
    {"Picture", R"({"type":"string","format":"binary","maxLength":524288})"},
    {"ArtKept",
     R"({"type":"object","required":["art"],"additionalProperties":false,"properties":{
"art":{"type":"string","description":"The path of the picture on this server."}}})"},
    {"ListenerList",
     R"({"type":"object","required":["items"],"properties":{
"items":{"type":"array","items":{"type":"object","additionalProperties":false,
"required":["node","id","address","agent","player","user","seconds","country","hls","rtt_ms","retransmits","queue_bytes","lag_ms","path"],"properties":{
"node":{"type":"string"},"id":{"type":"string"},
"address":{"type":["string","null"],"description":"null: the login may not see it"},
"agent":{"type":"string"},"player":{"type":"string","description":"The family of its agent; other, or empty: not known."},
"user":{"type":["string","null"]},"seconds":{"type":"integer"},
"country":{"type":["string","null"]},
"hls":{"type":"boolean","description":"By HLS, without a connection that lasts."},
"rtt_ms":{"type":["number","null"],"description":"Of its connection, as the kernel of its node measures; null: not known, as of HLS and of older nodes."},
"retransmits":{"type":["integer","null"],"description":"Segments that were sent again."},
"queue_bytes":{"type":["integer","null"],"description":"Sent, or to be sent, and not acknowledged."},
"lag_ms":{"type":["integer","null"],"description":"How far what was given to its connection is behind the newest byte of the stream."},
"path":{"type":"array","items":{"type":"string"},"description":"Of the stream: the server of the source first, the node of the listener last; servers that are not known here are left out."}}}},
"next":{"type":"string"},
"partial":{"type":"boolean"},"missing":{"type":"array","items":{"type":"string"}}}})"},
    {"ListenerMove",
     R"({"type":"object","required":["to"],"additionalProperties":false,"properties":{
"to":{"type":"string","description":"The mount."}}})"},
    {"Live",
     R"({"type":"object","description":"The data of state and change; that of totals is its member totals.","required":["time","first","more","totals","nodes","mounts","gone"],"additionalProperties":false,"properties":{
"time":{"type":"string"},
"first":{"type":"boolean","description":"Of a state: what was known before is over."},
"more":{"type":"boolean","description":"The rest of it follows in an event of the same name."},
"totals":{"type":"object","required":["listeners","kbps","on_air"],"properties":{
"listeners":{"type":"integer"},"kbps":{"type":"integer","description":"Owed to them."},
"on_air":{"type":"integer","description":"Mounts."}}},
"nodes":{"type":"array","items":{"type":"object","required":["id","state"],"properties":{
"id":{"type":"string"},"state":{"enum":["up","suspect","down","draining"]},
"listeners":{"type":"integer"},"kbps":{"type":"integer"}}}},
"mounts":{"type":"array","items":{"type":"object","required":["mount","listeners","kbps","title"],"properties":{
"mount":{"type":"string"},"listeners":{"type":"integer"},"kbps":{"type":"integer"},"title":{"type":"string"}}}},
"listeners":{"type":"array","description":"With listeners=1: as in the list of the mount's listeners, and since in place of seconds; round trip, queue and lag are rounded.","items":{"type":"object","required":["node","id","since"],"properties":{
"node":{"type":"string"},"id":{"type":"string"},"since":{"type":"integer","description":"Unix seconds."},
"address":{"type":["string","null"]},"agent":{"type":"string"},"player":{"type":"string"},"user":{"type":["string","null"]},
"country":{"type":["string","null"]},"hls":{"type":"boolean"},"rtt_ms":{"type":["number","null"]},
"retransmits":{"type":["integer","null"]},"queue_bytes":{"type":["integer","null"]},"lag_ms":{"type":["integer","null"]},
"path":{"type":"array","items":{"type":"string"}}}}},
"others":{"type":"boolean","description":"There are listeners that are not told."},
"gone":{"type":"object","required":["nodes","mounts"],"properties":{
"listeners":{"type":"array","description":"NODE/ID","items":{"type":"string"}},
"nodes":{"type":"array","items":{"type":"string"}},
"mounts":{"type":"array","description":"Not on air any more, or not the login's.","items":{"type":"string"}}}}}})"},
    {"Node",
     R"({"type":"object","required":["id","state"],"additionalProperties":false,"properties":{
"id":{"type":"string"},"state":{"enum":["up","suspect","down","draining"]},
"self":{"type":"boolean"},"url":{"type":["string","null"]},
"listeners":{"type":"integer"},"max_listeners":{"type":["integer","null"]},
"kbps":{"type":"integer"},"max_kbps":{"type":["integer","null"]},
"sources":{"type":"integer"},"max_sources":{"type":["integer","null"]},
"reserved_kbps":{"type":"integer","description":"What the mounts of the store reserve there."},
"uptime_s":{"type":["integer","null"],"description":"Of another node: since it is linked."},
"version":{"type":["string","null"]},"rtt_ms":{"type":["number","null"]},
"tags":{"type":"array","items":{"type":"string"}},"country":{"type":["string","null"]},
"weight":{"type":"integer"}}})"},
    {"NodeList",
     R"({"type":"object","required":["items"],"properties":{
"items":{"type":"array","items":{"$ref":"#/components/schemas/Node"}},"next":{"type":"string"}}})"},
    {"NodeDrain",
     R"({"type":"object","required":["on"],"additionalProperties":false,"properties":{
"on":{"type":"boolean"},"mode":{"enum":["soft","move","hard"],"description":"Missing: as configured, else soft."},
"time":{"type":"integer","minimum":1,"maximum":86400,"description":"Seconds; only for this server itself."}}})"},
    {"NodeWeight",
     R"({"type":"object","required":["weight"],"additionalProperties":false,"properties":{
"weight":{"type":["integer","null"],"minimum":0,"maximum":1000}}})"},
    {"CertificateList",
     R"({"type":"object","required":["items"],"properties":{
"items":{"type":"array","items":{"type":"object","required":["names","issuer","kind","until","ordered","next","failures","failure","directory","under_way","wait_s","staging","nodes"],"properties":{
"names":{"type":"array","items":{"type":"string"}},"issuer":{"type":["string","null"]},"kind":{"type":["string","null"]},
"until":{"type":["integer","null"],"description":"Unix seconds; null: it has not come yet."},
"ordered":{"type":"boolean","description":"By <acme>; else a file of the configuration."},
"next":{"type":["integer","null"],"description":"When it is ordered again, Unix seconds."},
"failures":{"type":"integer","description":"In a row."},"failure":{"type":["string","null"]},
"directory":{"type":["string","null"],"description":"Of the authority."},"under_way":{"type":"boolean"},
"wait_s":{"type":"integer","description":"Seconds until it may be ordered by hand."},
"staging":{"type":"boolean","description":"?staging=1 tries it without using it."},
"nodes":{"type":["array","null"],"items":{"type":"string"},"description":"Nodes that have it too; null: it is this server's own."}}}}}})"},
    {"History",
     R"({"type":"object","required":["of","by","step","t","rows"],"additionalProperties":false,"properties":{
"of":{"enum":["listeners","kbps"]},"by":{"enum":["all","mount","node"]},
"step":{"type":"integer","description":"Seconds of a point."},
"t":{"type":"array","items":{"type":"integer"},"description":"When each point begins, Unix seconds."},
"rows":{"type":"array","description":"The largest first: 8, or 7 and the others together.","items":{"type":"object","required":["name","mean","max"],"properties":{
"name":{"type":["string","null"],"description":"null: all, or the others."},
"others":{"type":"boolean"},
"mean":{"type":"array","items":{"type":["number","null"]},"description":"null: nothing is known, as of a node that was down."},
"max":{"type":"array","items":{"type":["number","null"]},"description":"Of a sum the sum of the maxima: it was never more."}}}}}})"},
    {"LogEnd",
     R"({"type":"object","required":["of","file","lines"],"additionalProperties":false,"properties":{
"of":{"enum":["error","access","playlist"]},"file":{"type":"string"},
"lines":{"type":"array","items":{"type":"string"},"description":"The newest last."}}})"},
    {"ConfigurationCheck",
     R"({"type":"object","required":["usable","items"],"additionalProperties":false,"properties":{
"usable":{"type":"boolean","description":"A reload takes it."},
"items":{"type":"array","items":{"type":"object","required":["line","severity","text"],"properties":{
"line":{"type":"integer","description":"0: the file as a whole."},
"severity":{"enum":["error","warning","note"]},"text":{"type":"string"}}}}}})"},
    {"AuditList",
     R"({"type":"object","required":["items"],"properties":{
"items":{"type":"array","items":{"type":"object","required":["at","n","who","role","via","ip","do","on","change","result"],"properties":{
"at":{"type":"string"},"n":{"type":"integer"},"prev":{"type":"string"},"node":{"type":"string"},
"who":{"type":"string"},"role":{"type":"string"},"via":{"type":"string"},"ip":{"type":"string"},
"account":{"type":"string","description":"Of the login, when it was done; empty: none."},
"of":{"type":"string","description":"The account of what it was done to, likewise."},
"do":{"type":"string"},"on":{"type":"string"},
"change":{"type":"object","description":"FIELD: [before, after]"},
"result":{"type":"string","description":"ok, a status, or the name of a problem"}}}},
"next":{"type":"string"}}})"},
    {"AudienceSummary",
     R"({"type":"object","required":["from","to","zone","listeners","seconds","sessions","people","bytes"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"listeners":{"type":"integer","description":"Now."},"seconds":{"type":"number"},"sessions":{"type":"integer"},"bytes":{"type":"integer"},
"people":{"type":"integer","description":"Of each day (UTC), added up: a listener of two days is two."},
"average_listeners":{"type":"number"},"average_seconds":{"type":"number","description":"Of a session."},
"busiest":{"type":["string","null"],"description":"The quarter of an hour with most listeners."},
"busiest_listeners":{"type":"number","description":"Their mean in it."}}})"},
    {"AudienceHours",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"items":{"type":"array","items":{"type":"object","required":["from","length_s","seconds"],"properties":{
"from":{"type":"string"},"length_s":{"type":"integer"},"seconds":{"type":"number"},"sessions":{"type":"integer"},"bytes":{"type":"integer"},"average_listeners":{"type":"number"}}}},
"next":{"type":"string"}}})"},
    {"AudienceSessions",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"items":{"type":"array","items":{"type":"object","required":["id","began","seconds","mount"],"properties":{
"id":{"type":"string"},"began":{"type":"string"},"ended":{"type":["string","null"]},"open":{"type":"integer","enum":[0,1]},
"seconds":{"type":"number"},"bytes":{"type":"integer"},"mount":{"type":"string"},"country":{"type":"string"},"player":{"type":"string"},
"way":{"type":"string","enum":["stream","hls","past"]},"kind":{"type":"string","enum":["listener","bot","relay","quick-look"]},"connections":{"type":"integer"}}}},
"next":{"type":"string"}}})"},
    {"AudienceForgotten",
     R"({"type":"object","required":["sessions"],"properties":{
"sessions":{"type":"integer","description":"That were deleted; of a dry run, that would be."},
"addresses":{"type":"integer","description":"Likewise, rows with its address, where <keep-addresses> keeps them."}}})"},
    {"AudienceCountries",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"items":{"type":"array","items":{"type":"object","required":["country","seconds"],"properties":{
"country":{"type":["string","null"]},"seconds":{"type":"number"},"sessions":{"type":"integer"},"bytes":{"type":"integer"}}}},
"next":{"type":"string"}}})"},
    {"AudiencePlayers",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"items":{"type":"array","items":{"type":"object","required":["player","seconds"],"properties":{
"player":{"type":["string","null"]},"seconds":{"type":"number"},"sessions":{"type":"integer"},"bytes":{"type":"integer"}}}},
"next":{"type":"string"}}})"},
    {"AudienceTitles",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"items":{"type":"array","items":{"type":"object","required":["began","mount","title"],"properties":{
"began":{"type":"string"},"ended":{"type":["string","null"]},"mount":{"type":"string"},"title":{"type":"string"},
"performances":{"type":["integer","null"]},
"listeners":{"type":["integer","null"],"description":"When it began."},
"gain":{"type":["integer","null"],"description":"Listeners when it ended, less those when it began."}}}},
"next":{"type":"string"}}})"},
    {"AudienceUsage",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"items":{"type":"array","items":{"type":"object","required":["from","account","seconds","bytes"],"properties":{
"from":{"type":"string","description":"The begin of the month or day."},
"account":{"type":["string","null"],"description":"null: of mounts without an account."},
"mounts":{"type":"integer","description":"That were listened to."},
"seconds":{"type":"number"},"sessions":{"type":"integer"},"bytes":{"type":"integer","description":"Sent to those that have ended."},
"quota_hours":{"type":["integer","null"],"description":"By month: the account's quota."},"quota_transfer":{"type":["integer","null"]}}}}}})"},
    {"AudienceSongs",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
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
"items":{"type":"array","items":{"type":"object","required":["station","begin","title"],"properties":{
"station":{"type":"string"},"date":{"type":"string"},"begin":{"type":"string"},"duration_s":{"type":["integer","null"]},
"title":{"type":"string"},"artist":{"type":"string"},"composer":{"type":"null"},"label":{"type":"null"},"label_code":{"type":"null"},
"isrc":{"type":"null"},"performances":{"type":["integer","null"]}}}},
"next":{"type":"string"}}})"},
    {"AudienceSoundExchange",
     R"({"type":"object","required":["from","to","zone","items"],"properties":{
"from":{"type":"string"},"to":{"type":"string"},"zone":{"type":"string"},
"items":{"type":"array","items":{"type":"object","required":["artist","title","performances"],"properties":{
"artist":{"type":"string"},"title":{"type":"string"},"performances":{"type":"integer"}}}}}})"},
    {"ExternalConfirm",
     R"({"type":"object","required":["etag"],"additionalProperties":false,"properties":{
"etag":{"type":"string","minLength":1,"description":"pending/etag of GET /external."}}})"},
    {"External",
     R"({"type":"object","required":["on","url","state","age","mounts","applied","etag","failures","trouble","bad_mounts","faults","hidden","pending"],"properties":{
"on":{"const":true},"url":{"type":"string","description":"Without login and query."},
"state":{"enum":["asking","good","failing"],"description":"asking: no answer has come since the start."},
"age":{"type":"number","description":"Seconds since the last good answer."},
"mounts":{"type":"integer"},
"applied":{"type":"boolean","description":"The configuration has them."},
"etag":{"type":"string","description":"Of the last good list, or a digest of it."},
"failures":{"type":"integer"},"trouble":{"type":"string","description":"Why the last question failed."},
"bad_mounts":{"type":"integer"},
"hidden":{"type":"array","description":"Named by the list, and in force as another one of that name.","items":{"type":"object","required":["mount","by"],"properties":{"mount":{"type":"string"},"by":{"enum":["file","store"]}}}},
"faults":{"type":"array","items":{"type":"object","required":["mount","fault","in_force","errors"],"properties":{
"mount":{"type":"string","description":"Its name, or its place in the list."},
"fault":{"type":"string"},
"in_force":{"type":"boolean","description":"Its last good form is."},
"errors":{"type":"array","items":{"type":"object","required":["pointer","detail"],"properties":{
"pointer":{"type":"string","description":"RFC 6901, in the page of the list."},
"detail":{"type":"string"}}}}}}},
"pending":{"type":["object","null"],"required":["etag","by_hand","seen","confirm","count","mounts"],"properties":{
"etag":{"type":"string"},
"by_hand":{"type":"boolean","description":"Only an administrator ends the wait."},
"seen":{"type":"integer","description":"Lists in a row that said so."},
"confirm":{"type":"integer","description":"That so many have to."},
"count":{"type":"integer"},
"mounts":{"type":"array","items":{"type":"string"},"description":"At most 1000."}}}}})"},
    {"MountRecord", ""},
    {"MountNew",
     R"({"allOf":[{"$ref":"#/components/schemas/MountRecord"},{"type":"object","required":["mount"]}]})"},
    {"MountPut", R"({"type":"object","description":"As MountRecord; the name may be left out."})"},
    {"MountPatch",
     R"({"type":"object","description":"As MountRecord, only what changes; null takes a value away."})"},
    {"Mount",
     R"({"type":"object","required":["mount","state","origin","source","listen","on-air","fed-by","listeners","title"],"properties":{
"mount":{"type":"string"},
"settings":{"type":"object"},
"state":{"enum":["active","suspended","moving","deleting","unplaced"]},
"origin":{"enum":["file","store","external","default"],"description":"file and external are changed there; default: it plays at this server and has no section of its own"},
"account":{"type":"string"},"home":{"type":"string"},
"home-state":{"enum":["up","suspect","down","draining","unknown"],"description":"Of the node, as this server sees it."},
"backup":{"type":"string","description":"The second home, of place.homes 2."},
"backup-state":{"enum":["up","suspect","down","draining","unknown"],"description":"As home-state."},
"place":{"type":"object"},"limits":{"type":"object"},
"sources":{"type":"array","items":{"type":"object","required":["user"]}},
"suspended-by":{"enum":["owner","admin","account",null]},
"source":{"type":"object","required":["url","shoutcast"],"properties":{
"url":{"type":["string","null"]},"shoutcast":{"type":["string","null"]},
"backup":{"type":["string","null"],"description":"Where the source goes when url does not take it: of a mount with two homes."},
"user":{"type":"string"},
"password":{"type":"string","description":"Only in the answer that made it."}}},
"logins":{"type":"array","items":{"type":"object","required":["user","password"]}},
"listen":{"type":"object","properties":{"http":{"type":["string","null"]},"https":{"type":["string","null"]}}},
"on-air":{"type":"boolean","description":"A source or relay feeds it, at this server or at one that reports to it."},
"fed-by":{"type":["object","null"],"required":["node","user","address","agent","since","kbps"],"description":"Its source, here or at the node that brings it; null: none, or that node tells nothing of it.","properties":{
"node":{"type":["string","null"],"description":"null: this server."},
"user":{"type":["string","null"],"description":"Of its login; null: a relay."},
"address":{"type":["string","null"],"description":"null for logins that may not see it."},
"agent":{"type":["string","null"]},
"since":{"type":"integer","description":"In Unix seconds."},
"kbps":{"type":["integer","null"],"description":"As measured; null: not known yet."}}},
"listeners":{"type":"integer","description":"Over all servers that this one knows of."},
"title":{"type":["string","null"]},
"why":{"type":"array","items":{"type":"object","required":["node","reserved"],"properties":{
"node":{"type":"string"},"reserved":{"type":"number"},"refused":{"type":"string"}}}},
"revision":{"type":"string"}}})"},
    {"MountList",
     R"({"type":"object","required":["items"],"properties":{
"items":{"type":"array","items":{"$ref":"#/components/schemas/Mount"}},"next":{"type":"string"}}})"},
};

}  // namespace

std::span<const ApiSchema> api_schemas() noexcept { return kSchemas; }

}  // namespace lb
