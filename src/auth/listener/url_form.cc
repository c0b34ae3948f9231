#include "auth/listener/url_form.h"

#include <utility>

#include "base/cat.h"
#include "base/encoding.h"

namespace lb {
namespace {

std::string field(std::string_view name, std::string_view value) {
  return cat({"&", name, "=", form_escape(value)});
}

std::string server_fields(const AuthServer& server) {
  return cat({field("server", server.hostname), "&port=", server.port});
}

std::string agent_field(const Headers& headers) {
  const std::string* agent = headers.find("user-agent");
  return agent != nullptr ? field("agent", *agent) : "&agent=-";
}

std::string_view user_of(const ListenerAsk& ask) {
  return ask.given ? std::string_view(ask.given->user) : std::string_view();
}

// The fields that listener_add and listener_remove begin with.
std::string listener_fields(std::string_view action, const ListenerAsk& ask, std::string_view user,
                            const AuthServer& server) {
  return cat({"action=", action, server_fields(server), "&client=", ask.client_id,
              field("mount", ask.target), field("user", user),
              field("pass", ask.given ? ask.given->password : "")});
}

}  // namespace

std::string form_escape(std::string_view text) { return percent_escape(text, {}, HexCase::kLower); }

std::string listener_add_form(const ListenerAsk& ask, const AuthServer& server,
                              const UrlOptions& options) {
  std::string form = listener_fields("listener_add", ask, user_of(ask), server) +
                     field("ip", ask.ip) + agent_field(ask.headers);
  for (const std::string& name : options.headers)
    if (const std::string* value = ask.headers.find(name))
      form += field(options.header_prefix + name, *value);
  // KH's, behind all that Icecast sends.
  form += cat({field("referer", ask.headers.get("referer")), "&listeners=", ask.listeners});
  return form;
}

RemovalNotice listener_remove_parts(const ListenerAsk& ask, std::string_view user,
                                    const AuthServer& server) {
  RemovalNotice notice;
  notice.before =
      listener_fields("listener_remove", ask, user.empty() ? user_of(ask) : user, server);
  notice.after = field("ip", ask.ip) + agent_field(ask.headers);
  return notice;
}

std::string listener_remove_form(const RemovalNotice& notice, std::uint64_t seconds,
                                 std::uint64_t bytes_sent) {
  return cat({notice.before, "&duration=", seconds, notice.after, "&sent=", bytes_sent});
}

std::string mount_form(std::string_view action, std::string_view mount, const AuthServer& server) {
  return cat({"action=", action, field("mount", mount), server_fields(server)});
}

std::string stream_auth_form(const SourceAsk& ask, const AuthServer& server) {
  std::string form = cat({"action=stream_auth", field("mount", ask.mount), field("ip", ask.ip),
                          server_fields(server), field("user", ask.given.user),
                          field("pass", ask.given.password)});
  if (ask.admin) form += "&admin=1";
  return form;
}

void set_login(FetchRequest& request, std::string user, std::string password) {
  if (request.url.find('@') != std::string::npos) return;
  if (user.empty() && password.empty()) request.headers.emplace_back("Authorization: Basic Og==");
  request.user = std::move(user);
  request.password = std::move(password);
}

}  // namespace lb
