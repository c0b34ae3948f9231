#include "admin/command/command.h"

#include <algorithm>
#include <array>

#include "admin/command/command_task.h"
#include "admin/command/security.h"
#include "admin/page/text.h"
#include "base/cat.h"

namespace lb {
namespace {

constexpr std::string_view kPrefix = "/admin/";
constexpr std::string_view kPageSuffix = ".xsl";
constexpr std::string_view kXmlType = "text/xml; charset=utf-8";
constexpr std::string_view kHtmlType = "text/html; charset=utf-8";
constexpr std::string_view kResponsePage = "response.xsl";

using enum MountUse;
using enum AdminAccess;
using enum OwnUse;
constexpr AdminRole kReads = AdminRole::kViewer, kRuns = AdminRole::kOperator;

// The last two columns: the least role of a user, and the access of logins with only some mounts.
constexpr auto kCommands = std::to_array<AdminCommand>({
    {"stats", kOptional, kAdminOrSource, "stats.xsl", false, "", run_stats, kReads, kMount},
    {"stats.xml", kOptional, kAdminOrSource, "", false, "", run_stats, kReads, kMount},
    {"listmounts", kNoMount, kAdminOnly, "listmounts.xsl", false, "", run_listmounts, kReads,
     kFilter},
    {"streamlist", kNoMount, kAdminOnly, "", false, "", run_listmounts, kReads, kFilter},
    {"streamlist.txt", kIgnored, kRelayOnly, "", false, "", run_streamlist_text},
    {"sourcelist.txt", kIgnored, kRelayOnly, "", true, "", run_sourcelist_text},
    {"streams", kIgnored, kRelayOnly, "", false, "", run_kh_streams},
    {"cluster", kIgnored, kAdminOnly, "cluster.xsl", false, "", run_cluster_page, kReads, kFilter},
    {"cluster.js", kIgnored, kAdminOnly, "", false, "", run_cluster_script, kReads, kFilter},
    {"cluster.json", kIgnored, kAdminOnly, "", false, "", run_cluster, kReads, kFilter},
    {"cluster/explain", kIgnored, kAdminOnly, "", false, "", run_cluster_explain, kReads, kMount},
    {"cluster/links.json", kIgnored, kAdminOnly, "", false, "", run_cluster_links, kReads, kFilter},
    {"cluster/ingest.json", kIgnored, kAdminOnly, "", false, "", run_cluster_ingest, kReads,
     kFilter},
    {"cluster/messages.json", kIgnored, kAdminOnly, "", false, "", run_cluster_messages, kReads,
     kNever},
    {"cluster/message", kIgnored, kAdminOnly, "", true, "", run_cluster_message},
    {"cluster/command", kIgnored, kAdminOnly, "", true, "", run_cluster_command, kRuns, kMount},
    {"external.json", kIgnored, kAdminOnly, "", false, "", run_external},
    {"external/confirm", kIgnored, kAdminOnly, "", true, "", run_external_confirm},
    {"archive", kIgnored, kAdminOnly, "archive.xsl", true, "action", run_archive, kReads, kMount},
    {"listclients", kRequired, kAdminOrSource, "listclients.xsl", false, "", run_listclients,
     kReads, kMount},
    {"killclient", kRequired, kAdminOnly, kResponsePage, true, "", run_killclient, kRuns, kMount},
    {"killsource", kRequired, kAdminOnly, kResponsePage, true, "", run_killsource, kRuns, kMount},
    {"moveclients", kRequired, kAdminOnly, "moveclients.xsl", true, "destination", run_moveclients,
     kRuns, kMount},
    {"fallbacks", kRequired, kAdminOnly, kResponsePage, true, "", run_fallbacks, kRuns, kMount},
    // The same command by its name in Icecast-KH.
    {"fallback", kRequired, kAdminOnly, kResponsePage, true, "", run_fallbacks, kRuns, kMount},
    {"metadata", kRequired, kAdminOrSource, kResponsePage, true, "", run_metadata, kRuns, kMount},
    {"updatemetadata", kRequired, kAdminOrSource, "updatemetadata.xsl", false, "",
     run_updatemetadata, kRuns, kMount},
    {"manageauth", kRequired, kAdminOnly, "manageauth.xsl", true, "action", run_manageauth, kRuns,
     kMount},
    {"drain", kIgnored, kAdminOnly, kResponsePage, true, "mode", run_drain},
    {"undrain", kIgnored, kAdminOnly, kResponsePage, true, "", run_undrain},
    {"buildm3u", kNameOnly, kAnyone, "", false, "", run_buildm3u},
});

const AdminCommand* find_command(std::string_view name) {
  const auto found = std::find_if(kCommands.begin(), kCommands.end(),
                                  [&](const AdminCommand& row) { return row.name == name; });
  return found == kCommands.end() ? nullptr : &*found;
}

// The text of Icecast's refusal, or "".
std::string_view mount_problem(const AdminTask& task) {
  const MountUse use = task.lookup.command->mount;
  if (use == kIgnored) return "";
  if (!task.has_mount()) return use == kRequired || use == kNameOnly ? "Unknown admin request" : "";
  if (use == kNameOnly) return "";
  switch (task.station->state_of(task.mount)) {
    case MountState::kUnknown:
      return "Source does not exist";
    case MountState::kStopped:
      return "Source is not available";
    case MountState::kIdle:
    case MountState::kRunning:
      break;
  }
  return use == kNoMount ? "Mount request unknown" : "";
}

// A viewer changes nothing.  Logins with only some mounts may move listeners between their own,
// delete their recordings, and give no orders to nodes.
bool may_touch_named(const AdminTask& task) {
  if (task.request.role == AdminRole::kViewer &&
      admin_changes_state(*task.lookup.command, task.request.query))
    return false;
  if (!task.request.owns) return true;
  for (const std::string_view name : {"destination", "fallback"})
    if (const auto other = task.param(name); other && !task.owns(*other)) return false;
  if (task.lookup.command->run == run_cluster_command && task.param("do") == "drain") return false;
  const bool deletes = task.lookup.command->run == run_archive && task.param("action");
  return !deletes || task.request.role >= AdminRole::kOwner;
}

}  // namespace

bool AdminTask::owns(std::string_view name) const { return !request.owns || request.owns(name); }

void AdminTask::send(std::string document, std::string_view page) {
  AdminAnswer answer;
  answer.content_type = kXmlType;
  answer.body = std::move(document);
  if (lookup.format == AdminFormat::kPage) answer.template_name = page;
  done(std::move(answer));
}

void AdminTask::respond(std::string_view message, int code) {
  XmlWriter xml;
  xml.open("iceresponse");
  xml.element("message", message);
  xml.element("return", static_cast<std::uint64_t>(code));
  send(std::move(xml).finish(), kResponsePage);
}

std::string result_words(const OrderOutcome& removal) {
  if (removal.done) return " removed";
  return removal.why.empty() ? " not found" : cat({" not removed: ", removal.why});
}

AdminAnswer admin_success_page(std::string_view text) {
  AdminAnswer answer;
  answer.content_type = kHtmlType;
  answer.body = cat({"<html><head><title>Admin request successful</title></head><body><p>",
                     escaped(text, Escape::kXml), "</p></body></html>"});
  return answer;
}

AdminAnswer admin_error(int status, std::string_view text) {
  AdminAnswer answer;
  answer.status = status;
  if (status == 401) {
    answer.content_type = "text/plain; charset=utf-8";
    answer.error = "You need to authenticate";
    answer.body = answer.error + "\r\n";
  } else {
    answer.content_type = kHtmlType;
    answer.error = text;
    answer.body = error_page(status, text);
  }
  return answer;
}

bool is_admin_path(std::string_view path) {
  return path.substr(0, kPrefix.size()) == kPrefix || path == "/admin.cgi";
}

AdminLookup admin_lookup(std::string_view path) {
  if (path.substr(0, kPrefix.size()) != kPrefix) return {};
  std::string_view name = path.substr(kPrefix.size());
  if (name.empty()) return {find_command("stats"), AdminFormat::kPage};
  if (const AdminCommand* command = find_command(name)) return {command, AdminFormat::kRaw};
  if (!name.ends_with(kPageSuffix)) return {};
  name.remove_suffix(kPageSuffix.size());
  const AdminCommand* command = find_command(name);
  if (command == nullptr || command->page.empty()) return {};
  return {command, AdminFormat::kPage};
}

std::span<const AdminCommand> admin_commands() { return kCommands; }

bool admin_allows(const AdminCommand& command, AdminRole role, AskedMount asked) {
  return access_allows(command.access_row(), role, asked);
}

bool admin_changes_state(const AdminCommand& command, std::string_view query) {
  if (!command.changes_state) return false;
  return command.changes_with.empty() || query_param(query, command.changes_with).has_value();
}

std::optional<AdminAnswer> admin_refusal_before_auth(std::string_view path, std::string_view query,
                                                     const Headers& headers) {
  const AdminLookup lookup = admin_lookup(path);
  if (lookup.command == nullptr) return admin_error(400, "Unrecognised command");
  if (admin_changes_state(*lookup.command, query) && !same_site_request(headers))
    return admin_error(403, "This request came from another site: use the admin pages");
  return std::nullopt;
}

void answer_admin(AdminRequest request, Station& station, UniqueFunction<void(AdminAnswer)> done) {
  if (auto refusal = admin_refusal_before_auth(request.path, request.query, request.headers))
    return done(*std::move(refusal));
  AdminTask task{std::move(request), {}, "", &station, std::move(done)};
  task.lookup = admin_lookup(task.request.path);
  task.mount = task.param("mount").value_or("");
  // As in Icecast, the page without a mount offers the list of mounts.
  if (task.lookup.format == AdminFormat::kPage && task.lookup.command->run == run_moveclients &&
      !task.has_mount())
    task.lookup = admin_lookup("/admin/listmounts.xsl");
  const AskedMount asked{task.has_mount(), task.owns(task.mount), task.request.owns != nullptr};
  if (!admin_allows(*task.lookup.command, task.request.role, asked) || !may_touch_named(task))
    return task.done(admin_error(401, ""));
  if (const std::string_view problem = mount_problem(task); !problem.empty())
    return task.fail(problem);
  const AdminCommand& command = *task.lookup.command;
  command.run(std::move(task));
}

}  // namespace lb
