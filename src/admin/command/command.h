// The admin commands: one table, one row each, and one function that answers a request.
//
// Thread: answer_admin() and its callback on the control loop; everything else is pure.
// Ownership: the callback owns what it needs; the Station must outlive the request.
// Checks: the caller authenticates the request (AdminRole, for the mount of mount=) and merges a
// form body into the query; all other checks are here, in Icecast's order: unknown command 400,
// cross-site 403, role 401, existence and state of the mount 400, parameters.
// Source: Icecast 2.4.4, doc/decisions.md B1, B4, B8.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "admin/command/access.h"
#include "admin/command/station.h"
#include "admin/page/identity.h"
#include "base/unique_function.h"
#include "http/message.h"
#include "net/address/address.h"

namespace lb {

enum class AdminFormat : std::uint8_t { kRaw, kPage };  // NAME, NAME.xsl

// The meaning of mount= for a command.
enum class MountUse : std::uint8_t {
  kNoMount,   // a general command: "Mount request unknown" when it comes with one
  kIgnored,   // a general command that ignores mount=
  kOptional,  // optional; if given, the mount must exist
  kRequired,  // "Unknown admin request" without; it must be running, or an idle relay
  kNameOnly,  // any name will do
};

struct AdminRequest {
  std::string path;   // decoded: "/admin/NAME"
  std::string query;  // raw; of a POST: the query, then '&' and the urlencoded body
  Headers headers;    // for the judgement of cross-site requests
  AdminRole role = AdminRole::kNone;
  std::string peer_ip;
  Address peer;
  // For a login with only some of the mounts: whether it has this one.  Empty: it has all.
  std::function<bool(std::string_view mount)> owns;
  bool shows_addresses = true;  // of listeners
  // Unix ms: older recordings of mount= are hidden from this sender.
  std::int64_t past_begins_ms = 0;
  std::string node;     // the cluster node whose secret was given; its role is kRelay
  std::string encoder;  // the <encoder> row whose login was given; its role is kSource
  bool is_post = false;
  std::string body;             // of a POST that is not a form
  std::string scheme = "http";  // of the request, for addresses in a playlist
  std::string authority;        // HOST:PORT of the configuration, as in listenurl; https: as asked
};

// A finished reply, or (template_name not empty) a document to render on the clerk:
// XsltRenderer::render( TemplateRoot::kAdmin, adminroot, template_name, body).  The caller adds
// page_header_lines() (http/page_headers.h).
struct AdminAnswer {
  int status = 200;
  std::string content_type;
  std::string body;
  std::string template_name;  // "listclients.xsl"; body is then the document
  std::string extra;          // header lines, each with CRLF
  bool with_length = true;    // false: no Content-Length (streamlist.txt, as Icecast's)
  std::string error;          // not "": the text of a refusal, whose form for programs is body
};

struct AdminTask;  // command_task.h
struct AdminCommand {
  std::string_view name;  // after "/admin/"
  MountUse mount = MountUse::kNoMount;
  AdminAccess access = AdminAccess::kAdminOnly;
  std::string_view page;  // template of NAME.xsl; "": there is no such form
  bool changes_state = false;
  std::string_view changes_with;  // not "": changes state only with this parameter
  void (*run)(AdminTask task) = nullptr;
  AdminRole least = AdminRole::kAdmin;  // of users
  OwnUse own = OwnUse::kNever;          // for logins that have only some of the mounts

  AccessRow access_row() const { return {name, access, least, own, changes_state}; }
};
std::span<const AdminCommand> admin_commands();

struct AdminLookup {
  const AdminCommand* command = nullptr;  // nullptr: "Unrecognised command"
  AdminFormat format = AdminFormat::kRaw;
};
// path: "/admin/", "/admin/stats", "/admin/stats.xsl" …
AdminLookup admin_lookup(std::string_view path);
// Whether `path` belongs to this floor: it begins with "/admin/", or is "/admin.cgi".
bool is_admin_path(std::string_view path);
bool admin_allows(const AdminCommand& command, AdminRole role, AskedMount asked);
bool admin_changes_state(const AdminCommand& command, std::string_view query);

// Refusals without a password (doc/decisions.md B10): an unknown command, a cross-site request that
// would change state. nullopt: go on with the role.
std::optional<AdminAnswer> admin_refusal_before_auth(std::string_view path, std::string_view query,
                                                     const Headers& headers);

// Answers requests whose path begins with "/admin/".
void answer_admin(AdminRequest request, Station& station, UniqueFunction<void(AdminAnswer)> done);
// Answers "/admin.cgi".  mount: the shoutcast-mount of the socket; role: what pass= proved for it.
void answer_admin_cgi(AdminRequest request, std::string mount, Station& station,
                      UniqueFunction<void(AdminAnswer)> done);

// 400 etc. with Icecast's page; 401 "You need to authenticate".
AdminAnswer admin_error(int status, std::string_view text);

}  // namespace lb
