// mount_redirect_stage(): redirects listeners of a mount with <redirect> or <redirect-to>, whether
// or not it plays here, as Icecast-KH does.  The administrator and relays with a password are
// served here: the target may relay the mount from this server.
#include "admin/page/builtin.h"
#include "app/join/stages.h"
#include "app/pages/foreign_pages.h"
#include "app/request/asked_address.h"
#include "app/request/request_config.h"
#include "app/request/server_login.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "cluster/balance/redirect_reply.h"
#include "config/settings/config.h"
#include "http/static_files.h"

namespace lb {

Verdict mount_redirect_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  Network& network = worker.services;
  const MountSettings& section = section_of(network, connection);
  if (section.redirect.empty() && section.redirect_to.empty()) return Verdict::kNext;
  // A pattern such as /* matches pages and files too, but is meant for mounts.
  const std::string& path = request.path;
  const bool is_list = path.ends_with(".m3u") || path.ends_with(".pls") ||
                       path.ends_with(".xspf") || path.ends_with(".vclt");
  if (section.no_mount || is_list || is_template_path(path) || is_own_path(path) ||
      is_foreign_path(network, path) || network.files.read()->has_file(path) ||
      builtin_file("web" + path) != nullptr)
    return Verdict::kNext;
  const std::string to =
      mount_redirect_location(section.redirect, section.redirect_to, asked_path(connection));
  if (to.empty()) return Verdict::kNext;
  if (const auto decided = server_login(worker, connection)) return *decided;
  network.log.info("redirect/mount",
                   cat({"mount ", path, ": ", connection.ip(), " is sent to ", to}));
  connection.reply_bytes(302, redirect_reply(to, "", "", "", connection.http_headers()));
  return Verdict::kAnswered;
}

}  // namespace lb
