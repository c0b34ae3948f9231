// Commands about listeners and their accounts: listclients, killclient, manageauth.
#include <algorithm>

#include "admin/command/command_task.h"
#include "admin/page/text.h"
#include "auth/listener/authenticator.h"
#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

// audience_only: <Listeners> has the audience, as all numbers of a cluster.  Otherwise it has the
// number of rows, as in Icecast, because scripts compare the two.  only: the id of the one listed
// row, as in Icecast-KH.
std::string listeners_xml(const std::string& mount, MountListeners listeners, bool audience_only,
                          std::optional<std::uint64_t> only) {
  std::vector<ListenerRow>& rows = listeners.rows;
  std::sort(rows.begin(), rows.end(),
            [](const ListenerRow& a, const ListenerRow& b) { return a.id < b.id; });
  XmlWriter xml;
  xml.open("icestats");
  xml.open("source", "mount", mount);
  const auto relays = static_cast<std::uint64_t>(
      std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.relay; }));
  xml.element("Listeners", rows.size() - (audience_only ? relays : 0));
  if (relays > 0) xml.element("relays", relays);
  for (const std::string& node : listeners.missing) xml.element("missing", node);
  for (const ListenerRow& row : rows) {
    if (only && row.id != *only) continue;
    xml.open("listener", "id", std::to_string(row.id));  // Icecast-KH's attribute
    xml.element("IP", row.address);
    xml.element("UserAgent", row.agent.empty() ? "Unknown" : row.agent);
    xml.element("Connected", row.seconds);
    xml.element("ID", row.id);
    if (!row.user.empty()) xml.element("username", row.user);
    // Icecast-KH's element follows those of Icecast.
    if (!row.referer.empty()) xml.element("Referer", row.referer);
    if (row.node.empty()) {  // reports of nodes lack these numbers
      xml.element("lag", row.lag_bytes);
      xml.element("bytes_sent", row.bytes_sent);
    }
    if (row.relay) xml.element("relay", std::uint64_t{1});
    if (row.hls) xml.element("hls", std::uint64_t{1});
    if (!row.node.empty()) xml.element("node", row.node);
    xml.close();
  }
  return std::move(xml).finish();
}

// Parses a number as Icecast does: " -1" is -1, "12x" is 12, "x" is 0.
std::int64_t leading_number(std::string_view text) {
  text = trim(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t digits = std::min<std::size_t>(text.find_first_not_of("0123456789"), 18);
  const auto number = static_cast<std::int64_t>(parse_u64(text.substr(0, digits)).value_or(0));
  return negative ? -number : number;
}

constexpr std::string_view kNoUserList =
    "This mount has no list of users: its section of the configuration has no <authentication "
    "type=\"htpasswd\">";

// The users are in the order of their bytes, as in Icecast, whatever the order of the file.
std::string users_xml(const std::string& mount, const UserEditResult& answer,
                      std::string_view message) {
  std::vector<std::string> users = answer.users;
  std::sort(users.begin(), users.end());
  XmlWriter xml;
  xml.open("icestats");
  xml.open("source", "mount", mount);
  for (const std::string& user : users) {
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

// Returns nullopt if a parameter is missing.
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
  station.listeners_of(mount, [task = std::move(task)](Result<MountListeners> found) mutable {
    if (!found) return task.done(admin_error(503, found.error().what));
    Station& printer = *task.station;
    auto make = [mount = task.mount, listeners = std::move(*found),
                 addresses = task.request.shows_addresses, audience_only = printer.is_redirecting(),
                 only = parse_u64(task.param("id").value_or(""))]() mutable {
      if (!addresses)
        for (ListenerRow& row : listeners.rows) row.address.clear();
      return listeners_xml(mount, std::move(listeners), audience_only, only);
    };
    printer.print(std::move(make), [task = std::move(task)](std::string document) mutable {
      task.send(std::move(document), "listclients.xsl");
    });
  });
}

void run_killclient(AdminTask task) {
  const auto text = task.param("id");
  if (!text) return task.fail("Missing parameter");
  const std::int64_t id = leading_number(*text);
  Station& station = *task.station;
  const std::string mount = task.mount;
  const auto number =
      static_cast<std::uint64_t>(std::max<std::int64_t>(id, 0));  // the id 0 is not used
  station.kill_listener(
      mount, number, [task = std::move(task), id](const OrderOutcome& outcome) mutable {
        task.respond(cat({"Client ", id, result_words(outcome)}), outcome.done ? 1 : 0);
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
