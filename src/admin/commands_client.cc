// Commands about listeners and their accounts: listclients, killclient, manageauth.
#include <algorithm>

#include "admin/command_task.h"
#include "admin/text.h"
#include "base/strings.h"

namespace lb {
namespace {

std::string listeners_xml(const std::string& mount, std::vector<ListenerRow> rows) {
  std::sort(rows.begin(), rows.end(),
            [](const ListenerRow& a, const ListenerRow& b) { return a.id < b.id; });
  XmlWriter xml;
  xml.open("icestats");
  xml.open("source", "mount", mount);
  xml.element("Listeners", rows.size());
  for (const ListenerRow& row : rows) {
    xml.open("listener", "id", std::to_string(row.id));  // the attribute is Icecast-KH's
    xml.element("IP", row.ip);
    xml.element("UserAgent", row.user_agent.empty() ? "Unknown" : row.user_agent);
    xml.element("Connected", row.connected_seconds);
    xml.element("ID", row.id);
    if (!row.username.empty()) xml.element("username", row.username);
    // Icecast-KH's, behind those of Icecast.
    if (!row.referer.empty()) xml.element("Referer", row.referer);
    xml.element("lag", row.lag_bytes);
    xml.element("bytes_sent", row.bytes_sent);
    xml.close();
  }
  return std::move(xml).finish();
}

std::string users_xml(const std::string& mount, const UsersAnswer& answer,
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

std::string_view users_message(UsersRequest::Action action, UsersAnswer::Outcome outcome) {
  switch (outcome) {
    case UsersAnswer::Outcome::kAdded:
      return "User added";
    case UsersAnswer::Outcome::kExists:
      return "User already exists - not added";
    case UsersAnswer::Outcome::kRemoved:
      return "User deleted";
    case UsersAnswer::Outcome::kFailed:
      return action == UsersRequest::Action::kAdd
                 ? "User add failed - check the icecast error log"
                 : "User delete failed - check the icecast error log";
    case UsersAnswer::Outcome::kListed:
    case UsersAnswer::Outcome::kNoAuthenticator:
      break;
  }
  return "";
}

// nullopt: a parameter is missing.
std::optional<UsersRequest> users_request(const AdminTask& task) {
  using Action = UsersRequest::Action;
  const std::string action = task.param("action").value_or("list");
  if (action != "add" && action != "delete") return UsersRequest{};
  const auto username = task.param("username");
  const auto password = task.param("password");
  if (!username || username->empty()) return std::nullopt;
  if (action == "delete") return UsersRequest{Action::kRemove, *username, ""};
  if (!password) return std::nullopt;
  return UsersRequest{Action::kAdd, *username, *password};
}

}  // namespace

void run_listclients(AdminTask task) {
  Station& station = *task.station;
  const std::string mount = task.mount;
  station.listeners_of(mount, [task = std::move(task)](std::vector<ListenerRow> rows) mutable {
    task.send(listeners_xml(task.mount, std::move(rows)), "listclients.xsl");
  });
}

void run_killclient(AdminTask task) {
  const auto text = task.param("id");
  if (!text) return task.fail("Missing parameter");
  const std::uint64_t id = parse_u64(*text).value_or(0);  // 0 is nobody's
  Station& station = *task.station;
  const std::string mount = task.mount;
  station.kill_listener(mount, id, [task = std::move(task), id](bool found) mutable {
    const std::string client = "Client " + std::to_string(id);
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
                [task = std::move(task), action](UsersAnswer answer) mutable {
                  if (answer.outcome == UsersAnswer::Outcome::kNoAuthenticator)
                    return task.fail("missing parameter");
                  const auto message = users_message(action, answer.outcome);
                  task.send(users_xml(task.mount, answer, message), "manageauth.xsl");
                });
}

}  // namespace lb
