// Commands about listeners and their accounts: listclients, killclient, manageauth.
#include <algorithm>

#include "admin/command/command_task.h"
#include "admin/page/text.h"
#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

// audience_only: the number is the audience's, as in all numbers of a cluster; otherwise that of
// the rows, as Icecast counts, whose scripts compare the two.
std::string listeners_xml(const std::string& mount, std::vector<ListenerRow> rows,
                          bool audience_only) {
  std::sort(rows.begin(), rows.end(),
            [](const ListenerRow& a, const ListenerRow& b) { return a.id < b.id; });
  XmlWriter xml;
  xml.open("icestats");
  xml.open("source", "mount", mount);
  const auto relays = static_cast<std::uint64_t>(
      std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.relay; }));
  xml.element("Listeners", rows.size() - (audience_only ? relays : 0));
  if (relays > 0) xml.element("relays", relays);
  for (const ListenerRow& row : rows) {
    xml.open("listener", "id", std::to_string(row.id));  // the attribute is Icecast-KH's
    xml.element("IP", row.address);
    xml.element("UserAgent", row.agent.empty() ? "Unknown" : row.agent);
    xml.element("Connected", row.seconds);
    xml.element("ID", row.id);
    if (!row.user.empty()) xml.element("username", row.user);
    // Icecast-KH's, behind those of Icecast.
    if (!row.referer.empty()) xml.element("Referer", row.referer);
    xml.element("lag", row.lag_bytes);
    xml.element("bytes_sent", row.bytes_sent);
    if (row.relay) xml.element("relay", std::uint64_t{1});
    if (row.hls) xml.element("hls", std::uint64_t{1});
    xml.close();
  }
  return std::move(xml).finish();
}

constexpr std::string_view kNoUserList =
    "This mount has no list of users: its section of the configuration has no <authentication "
    "type=\"htpasswd\">";

std::string users_xml(const std::string& mount, const UserEditResult& answer,
                      std::string_view message) {
  XmlWriter xml;
  xml.open("icestats");
  xml.open("source", "mount", mount);
  for (const std::string& user : answer.users) {
    xml.open("User");
    xml.element("username", user);
    xml.close();
  }
  xml.close();
  if (!message.empty()) {
    xml.open("iceresponse");
    xml.element("message", message);
    xml.close();
  }
  return std::move(xml).finish();
}

std::string_view users_message(UserEdit::Action action, UserEditResult::Outcome outcome) {
  switch (outcome) {
    case UserEditResult::Outcome::kAdded:
      return "User added";
    case UserEditResult::Outcome::kExists:
      return "User already exists - not added";
    case UserEditResult::Outcome::kRemoved:
      return "User deleted";
    case UserEditResult::Outcome::kFailed:
      return action == UserEdit::Action::kAdd ? "User add failed - check the icecast error log"
                                              : "User delete failed - check the icecast error log";
    case UserEditResult::Outcome::kListed:
    case UserEditResult::Outcome::kNoList:
      break;
  }
  return "";
}

// nullopt: a parameter is missing.
std::optional<UserEdit> users_request(const AdminTask& task) {
  using Action = UserEdit::Action;
  const std::string action = task.param("action").value_or("list");
  if (action != "add" && action != "delete") return UserEdit{};
  const auto username = task.param("username");
  const auto password = task.param("password");
  if (!username || username->empty()) return std::nullopt;
  if (action == "delete") return UserEdit{Action::kRemove, *username, ""};
  if (!password) return std::nullopt;
  return UserEdit{Action::kAdd, *username, *password};
}

}  // namespace

void run_listclients(AdminTask task) {
  Station& station = *task.station;
  const std::string mount = task.mount;
  station.listeners_of(mount, [task = std::move(task)](std::vector<ListenerRow> rows) mutable {
    const bool audience_only = task.station->cluster().redirects;
    if (!task.request.shows_addresses)
      for (ListenerRow& row : rows) row.address.clear();
    task.send(listeners_xml(task.mount, std::move(rows), audience_only), "listclients.xsl");
  });
}

void run_killclient(AdminTask task) {
  const auto text = task.param("id");
  if (!text) return task.fail("Missing parameter");
  const std::uint64_t id = parse_u64(*text).value_or(0);  // 0 is no listener's id
  Station& station = *task.station;
  const std::string mount = task.mount;
  station.kill_listener(mount, id, [task = std::move(task), id](bool found) mutable {
    const std::string client = cat({"Client ", id});
    task.respond(client + (found ? " removed" : " not found"), found ? 1 : 0);
  });
}

void run_manageauth(AdminTask task) {
  auto request = users_request(task);
  if (!request) return task.fail("missing parameter");
  Station& station = *task.station;
  const std::string mount = task.mount;
  const auto action = request->action;
  station.users(mount, *std::move(request),
                [task = std::move(task), action](UserEditResult answer) mutable {
                  if (answer.outcome == UserEditResult::Outcome::kNoList)
                    return task.fail(kNoUserList);
                  const auto message = users_message(action, answer.outcome);
                  task.send(users_xml(task.mount, answer, message), "manageauth.xsl");
                });
}

}  // namespace lb
