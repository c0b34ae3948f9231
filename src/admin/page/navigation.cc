#include "admin/page/navigation.h"

#include <algorithm>
#include <array>

#include "admin/page/builtin.h"
#include "admin/page/console_files.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "http/message.h"

namespace lb {
namespace {

constexpr std::string_view kBegin = "<ul class=\"navigation\">", kEnd = "</ul>";

struct Place {
  std::string_view page;                    // after "/admin/"
  std::string_view console;                 // after kConsolePath
  std::string_view section;                 // of the mount's page, if the request names a mount
  std::string_view with_mount = "/mounts";  // the page that shows one mount
};
constexpr auto kPlaces = std::to_array<Place>({
    {"", "", ""},
    {"stats.xsl", "", ""},
    {"listmounts.xsl", "/mounts", ""},
    {"listclients.xsl", "/mounts", "listeners"},
    {"archive.xsl", "/archive", "", "/archive"},
    {"cluster.xsl", "/nodes", ""},
    {"manageauth.xsl", "/mounts", "logins"},
    {"moveclients.xsl", "/mounts", "move"},
    {"updatemetadata.xsl", "/mounts", "title"},
});

AdminRole role_named(std::string_view name) {
  return admin_role(parse_role(name).value_or(Role::kViewer));
}

std::string_view last_part(std::string_view address) {
  return address.substr(address.rfind('/') + 1);
}

std::string item(std::string_view id, std::string_view address, std::string_view text, bool active,
                 bool exact) {
  return cat({"<li", active ? " class=\"active\"" : "", "><a href=\"", html_escape(address),
              "\" data-id=\"", html_escape(id), "\"",
              active && exact ? " aria-current=\"page\"" : "", ">", html_escape(text),
              "</a></li>\n"});
}

}  // namespace

std::string navigation_items(const NavigationFor& whom, std::string_view current, bool exact) {
  const auto list = Json::parse(builtin_file("admin/navigation.json")->bytes);
  std::string out;
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    const Json row = list->at(i);
    const auto word = [&row](std::string_view name) {
      return row.at(name).text().value_or(std::string_view());
    };
    const std::string_view console = whom.console ? word("console") : "", page = word("page");
    if (console.empty() && page.empty()) continue;
    if (row.at("records").boolean().value_or(false) && !whom.records) continue;
    const bool may = whom.role >= role_named(word("role")) || page == "/status.xsl";
    const std::string_view text = may ? word("text") : word("own");
    if (text.empty() || (!may && whom.role < AdminRole::kViewer)) continue;
    const bool by_console = page.empty() || (whom.in_console && !console.empty());
    const bool active =
        !current.empty() && (current == console || last_part(page) == last_part(current));
    out += item(word("id"), by_console ? console : page, text, active, exact);
  }
  return out;
}

std::string with_navigation(std::string_view page, const NavigationFor& whom) {
  const std::size_t begin = page.find(kBegin);
  const std::size_t end = begin == page.npos ? page.npos : page.find(kEnd, begin);
  if (end == page.npos) return std::string(page);
  const std::size_t inside = begin + kBegin.size();
  const std::string_view entry = page.substr(inside, end - inside);
  constexpr std::string_view kHref = "href=\"";
  std::string_view current;
  if (const std::size_t at = entry.find(kHref); at != entry.npos) {
    const std::size_t from = at + kHref.size();
    current = entry.substr(from, std::min(entry.find('"', from), entry.size()) - from);
  }
  return cat({page.substr(0, inside), "\n",
              navigation_items(whom, current, entry.find("aria-current") != entry.npos),
              page.substr(end)});
}

std::string console_place(std::string_view path, std::string_view query) {
  constexpr std::string_view kAdmin = "/admin/";
  if (!path.starts_with(kAdmin) || query_param(query, "plain")) return {};
  path.remove_prefix(kAdmin.size());
  const auto found = std::find_if(kPlaces.begin(), kPlaces.end(),
                                  [path](const Place& one) { return one.page == path; });
  if (found == kPlaces.end()) return {};
  const auto mount = query_param(query, "mount");
  if (!mount) return cat({kConsolePath, found->console});
  return cat({kConsolePath, found->with_mount, "?mount=", percent_encode(*mount, false),
              found->section.empty() ? "" : "#", found->section});
}

}  // namespace lb
