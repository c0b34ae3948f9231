#include "admin/page/console_files.h"

#include <algorithm>
#include <array>

#include "admin/page/builtin.h"
#include "admin/page/navigation.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr auto kConsolePages = std::to_array<std::string_view>(
    {"", "/", "/mounts", "/accounts", "/users", "/tokens", "/bans", "/certificates", "/audit",
     "/archive", "/audience", "/usage", "/reports", "/nodes", "/server", "/stations"});
constexpr std::string_view kStoreMark = "<meta name=\"lb-store\" content=\"";
constexpr std::string_view kAudienceMark = "<meta name=\"lb-audience\" content=\"";

struct ConsoleRow {
  std::string_view name;  // after "/admin/console/"
  std::string_view file;
};
// The console always uses the built-in sheet, even if the web root has a file of this name.
constexpr auto kConsoleRows = std::to_array<ConsoleRow>({
    {"archive.js", "admin/console/archive.js"},
    {"audience.js", "admin/console/audience.js"},
    {"audit.js", "admin/console/audit.js"},
    {"certificates.js", "admin/console/certificates.js"},
    {"charts.js", "admin/console/charts.js"},
    {"command.js", "admin/console/command.js"},
    {"console.css", "admin/console/console.css"},
    {"encoders.js", "admin/console/encoders.js"},
    {"feeds.js", "admin/console/feeds.js"},
    {"figures.js", "admin/console/figures.js"},
    {"forms.js", "admin/console/forms.js"},
    {"heat.js", "admin/console/heat.js"},
    {"history.js", "admin/console/history.js"},
    {"kit.js", "admin/console/kit.js"},
    {"live.js", "admin/console/live.js"},
    {"main.js", "admin/console/main.js"},
    {"mount.js", "admin/console/mount.js"},
    {"mount_acts.js", "admin/console/mount_acts.js"},
    {"mount_form.js", "admin/console/mount_form.js"},
    {"mounts.js", "admin/console/mounts.js"},
    {"nodes.js", "admin/console/nodes.js"},
    {"overview.js", "admin/console/overview.js"},
    {"records.js", "admin/console/records.js"},
    {"reports.js", "admin/console/reports.js"},
    {"stations.js", "admin/console/stations.js"},
    {"texts.js", "admin/console/texts.js"},
    {"texts_de.js", "admin/console/texts_de.js"},
    {"texts_es.js", "admin/console/texts_es.js"},
    {"texts_fr.js", "admin/console/texts_fr.js"},
    {"texts_pt.js", "admin/console/texts_pt.js"},
    {"troubles.js", "admin/console/troubles.js"},
    {"server.js", "admin/console/server.js"},
    {"usage.js", "admin/console/usage.js"},
    {"style.css", "web/style.css"},
});

}  // namespace

std::optional<ConsoleFile> console_file(std::string_view path) {
  if (!path.starts_with(kConsolePath)) return std::nullopt;
  path.remove_prefix(kConsolePath.size());
  if (std::find(kConsolePages.begin(), kConsolePages.end(), path) != kConsolePages.end())
    return ConsoleFile{
        builtin_file("admin/console/shell.html")->bytes, {}, "text/html; charset=utf-8", true};
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  const auto row = std::find_if(kConsoleRows.begin(), kConsoleRows.end(),
                                [path](const ConsoleRow& one) { return one.name == path; });
  if (row == kConsoleRows.end()) return std::nullopt;
  const BuiltinFile* file = builtin_file(row->file);
  return ConsoleFile{
      file->bytes, file->gzip,
      path.ends_with(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8", false};
}

bool takes_gzip(std::string_view accept_encoding) {
  for (const std::string_view one : split(accept_encoding, ',')) {
    const auto parts = split(one, ';');
    if (!iequals(trim(parts[0]), "gzip")) continue;
    // "q=0" or "q=0.0" refuses gzip (RFC 9110, 12.4.2).
    const std::string_view weight = parts.size() > 1 ? trim(parts[1]) : "q=1";
    return weight.find_first_not_of("0.", weight.find('=') + 1) != weight.npos;
  }
  return false;
}

std::string console_page(std::string_view page, std::string_view store, bool audience,
                         AdminRole role) {
  std::string out(page);
  for (const auto& [mark, value] :
       {std::pair(kStoreMark, store),
        std::pair(kAudienceMark, std::string_view(audience ? "on" : ""))})
    if (const auto at = out.find(mark); at != std::string::npos)
      out.insert(at + mark.size(), value);
  return with_navigation(out, {.role = role,
                               .console = true,
                               .records = store == "files" || store == "etcd",
                               .in_console = true});
}

}  // namespace lb
