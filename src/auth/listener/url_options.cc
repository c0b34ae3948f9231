#include "auth/listener/url_options.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/cat.h"
#include "base/strings.h"
#include "net/fetch/fetch.h"

namespace lb {
namespace {

struct TextRow {
  std::string_view name;
  std::string UrlOptions::*member;
  bool is_url;
  bool decides = false;  // present without a value it refuses all, as in Icecast
};
constexpr std::string_view kNowhere = "(empty)";  // no request is sent to it

constexpr std::array<TextRow, 10> kTexts{
    {{"listener_add", &UrlOptions::listener_add, true, true},
     {"listener_remove", &UrlOptions::listener_remove, true},
     {"mount_add", &UrlOptions::mount_add, true},
     {"mount_remove", &UrlOptions::mount_remove, true},
     {"stream_auth", &UrlOptions::stream_auth, true, true},
     {"username", &UrlOptions::username, false},
     {"password", &UrlOptions::password, false},
     {"auth_header", &UrlOptions::auth_header, false},
     {"timelimit_header", &UrlOptions::timelimit_header, false},
     {"header_prefix", &UrlOptions::header_prefix, false}}};

constexpr auto kKnownOptions = std::to_array<std::string_view>({"listener_add",
                                                                "listener_remove",
                                                                "mount_add",
                                                                "mount_remove",
                                                                "stream_auth",
                                                                "username",
                                                                "password",
                                                                "auth_header",
                                                                "timelimit_header",
                                                                "headers",
                                                                "header_prefix",
                                                                "handlers",
                                                                "timeout",
                                                                "on_error_wait",
                                                                "presume_innocent",
                                                                "redirect_limit",
                                                                "cache",
                                                                "allow_duplicate_users",
                                                                "drop_existing_listener",
                                                                "rejected_mount"});

bool is_there(const AuthOptions& options, std::string_view name) {
  return std::any_of(options.begin(), options.end(),
                     [name](const auto& option) { return option.first == name; });
}

}  // namespace

UrlOptions parse_url_options(const AuthOptions& options, std::vector<std::string>& complaints) {
  UrlOptions parsed;
  complaints = unknown_auth_options(options, kKnownOptions);
  for (const TextRow& row : kTexts) {
    const std::string_view value = auth_option(options, row.name);
    if (value.empty()) {
      if (!row.decides || !is_there(options, row.name)) continue;
      complaints.push_back(
          cat({"option \"", row.name, "\" is empty; every ",
               row.member == &UrlOptions::stream_auth ? "source" : "listener", " is refused"}));
      parsed.*row.member = kNowhere;
      continue;
    }
    if (row.is_url && !is_fetchable(value))
      complaints.push_back(
          cat({"option \"", row.name, "\": \"", shown_url(value),
               "\" is not an http or https address; every request to it will fail"}));
    parsed.*row.member = value;
  }
  const auto number = [&](std::string_view name, std::uint64_t least,
                          std::uint64_t most) -> std::optional<std::uint64_t> {
    const std::string_view value = trim(auth_option(options, name));
    if (value.empty()) return std::nullopt;
    const auto n = parse_u64(value);
    if (n && *n >= least && *n <= most) return n;
    complaints.push_back(cat({"option \"", name, "\": \"", value, "\" is not a number from ", least,
                              " to ", most, "; the default is taken"}));
    return std::nullopt;
  };
  if (const auto n = number("handlers", 1, 100)) parsed.handlers = static_cast<unsigned>(*n);
  if (const auto n = number("timeout", 1, 300)) parsed.timeout = std::chrono::seconds(*n);
  if (const auto n = number("on_error_wait", 0, 3600))
    parsed.on_error_wait = std::chrono::seconds(*n);
  if (const auto n = number("redirect_limit", 0, 10))
    parsed.redirect_limit = static_cast<unsigned>(*n);
  parsed.presume_innocent = auth_option_set(options, "presume_innocent");
  parsed.cache = auth_option_set(options, "cache");
  for (const std::string_view name : split(auth_option(options, "headers"), ','))
    if (!trim(name).empty()) parsed.headers.push_back(to_lower(trim(name)));
  return parsed;
}

}  // namespace lb
