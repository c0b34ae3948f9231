#include "auth/listener/url_form.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "http/response.h"

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

// The first fields of listener_add and listener_remove.
std::string listener_fields(std::string_view action, const ListenerAsk& ask, std::string_view user,
                            const AuthServer& server) {
  return cat({"action=", action, server_fields(server), "&client=", ask.client_id,
              field("mount", ask.target), field("user", user),
              field("pass", ask.given ? ask.given->password : "")});
}

constexpr std::string_view kUser = "icecast-auth-user:";
constexpr std::uint64_t kLongestLimit = 10ull * 365 * 86400;
// Of a name or a message.  Each listener keeps its own, and a hand-over has those of all.
constexpr std::size_t kMaxName = 256;

// `rule`: an option; if it ends in a line end, the whole line must match.
bool line_matches(std::string_view line, std::string_view rule) {
  const bool whole = rule.ends_with('\n') || rule.ends_with('\r');
  while (rule.ends_with('\n') || rule.ends_with('\r')) rule.remove_suffix(1);
  if (rule.empty()) return false;
  return whole ? iequals(line, rule) : istarts_with(line, rule);
}

bool is_clean(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= ' ' && byte != 0x7f;
  });
}

// The value of "Name: value"; nullopt: another name.
std::optional<std::string> value_of(std::string_view line, std::string_view name) {
  if (!istarts_with(line, name)) return std::nullopt;
  const std::string_view value = trim(line.substr(name.size()));
  if (!is_clean(value)) return std::nullopt;
  return std::string(value);
}

bool may_redirect_to(std::string_view location) {
  return is_fetchable(location) ||
         (location.starts_with('/') && location.find(' ') == std::string_view::npos);
}

// The web server sends the request itself elsewhere, to https or with a slash, which says nothing
// of the listener.
bool redirects_the_request(int status, std::string_view location, std::string_view asked) {
  if (status / 100 != 3) return false;
  const auto from = parse_http_url(asked, {});
  if (!from) return false;
  const auto to = parse_http_url(location, *from);
  const auto path = [](const HttpUrl& url) {
    const std::string_view target = std::string_view(url.target).substr(0, url.target.find('?'));
    return target.substr(0, target.size() - (target.ends_with('/') ? 1 : 0));
  };
  return to && iequals(to->host, from->host) &&
         (to->port == from->port || (to->tls && !from->tls)) && path(*to) == path(*from);
}

std::optional<std::uint64_t> leading_number(std::string_view text) {
  const std::size_t end = text.find_first_not_of("0123456789");
  return parse_u64(text.substr(0, end));
}

// Whether the backend could not judge the listener.
bool is_ill(int status) { return status >= 500 || status == 404 || status == 408 || status == 429; }

void read_user_line(std::string_view value, bool default_rule, UrlReply& reply) {
  if (value.starts_with('0')) reply.forbidden = true;
  // The values of Icecast-KH count only with its default header.
  if (default_rule && (value == "1" || iequals(value, "withintro") || iequals(value, "hijack")))
    reply.accepted = true;
  reply.with_intro = default_rule && iequals(value, "withintro");
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
  // Icecast-KH sends these fields after those of Icecast.
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

UrlReply parse_url_reply(const FetchAnswer& answer, const UrlOptions& options) {
  UrlReply reply;
  const auto rule = value_of(options.auth_header, kUser);
  const bool default_rule = rule && (rule->empty() || *rule == "1");
  for (const std::string& line : answer.headers) {
    if (line_matches(line, options.auth_header)) reply.accepted = true;
    if (const auto user = value_of(line, kUser)) {
      read_user_line(*user, default_rule, reply);
    } else if (line_matches(line, options.timelimit_header)) {
      const auto limit =
          leading_number(trim(std::string_view(line).substr(options.timelimit_header.size())));
      if (limit) reply.time_limit = std::chrono::seconds(std::min(*limit, kLongestLimit));
    } else if (const auto message = value_of(line, "icecast-auth-message:")) {
      reply.message = message->substr(0, kMaxName);
    } else if (const auto slave = value_of(line, "icecast-slave:")) {
      reply.is_relay = *slave != "0";
    } else if (const auto name = value_of(line, "ice-username:")) {
      if (name->size() <= kMaxName) reply.user = *name;
    } else if (const auto location = value_of(line, "location:")) {
      if (may_redirect_to(*location) &&
          !redirects_the_request(answer.status, *location, options.listener_add))
        reply.location = *location;
    } else if (const auto mount = value_of(line, "mountpoint:")) {
      if (mount->starts_with('/') && mount->size() <= kMaxName) reply.mount = *mount;
    }
  }
  if (answer.status == 403 && !reply.accepted) reply.forbidden = true;
  if (reply.forbidden) reply.accepted = false;
  reply.failed = !reply.accepted && !reply.forbidden && is_ill(answer.status);
  return reply;
}

}  // namespace lb
