#include "auth/listener/authenticator.h"

#include <algorithm>
#include <array>

#include "auth/listener/url_options.h"
#include "base/cat.h"
#include "base/strings.h"

namespace lb {

// The methods; each is defined in the file of its name.
Result<std::unique_ptr<Authenticator>> make_htpasswd(const AuthOptions& options,
                                                     AuthContext& context);
Result<std::unique_ptr<Authenticator>> make_url_auth(const AuthOptions& options,
                                                     AuthContext& context);
std::vector<std::string> htpasswd_complaints(const AuthOptions& options);

namespace {

std::vector<std::string> url_complaints(const AuthOptions& options) {
  std::vector<std::string> complaints;
  parse_url_options(options, complaints);
  return complaints;
}

bool url_decides_sources(const AuthOptions& options) {
  std::vector<std::string> complaints;
  return !parse_url_options(options, complaints).stream_auth.empty();
}

constexpr auto kPlugins = std::to_array<AuthenticatorPlugin>({
    {"htpasswd", [](const AuthOptions&) { return false; }, htpasswd_complaints, make_htpasswd},
    {"url", url_decides_sources, url_complaints, make_url_auth},
});

// Icecast-KH starts a program for each listener.
std::string_view instead_of(std::string_view type) {
  return type == "command"
             ? "; a web server (type \"url\", which gets name and password) or a file "
               "(type \"htpasswd\") can judge in its place"
             : "";
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> known) {
  const std::string_view near = nearest_word(name, known);
  return near.empty() ? "" : cat({"; did you mean \"", near, "\"?"});
}

}  // namespace

bool authenticator_decides_sources(std::string_view type, const AuthOptions& options) {
  for (const AuthenticatorPlugin& plugin : kPlugins)
    if (plugin.type == type) return plugin.decides_sources(options);
  return false;
}

Result<std::unique_ptr<Authenticator>> make_authenticator(std::string_view type,
                                                          const AuthOptions& options,
                                                          AuthContext& context) {
  for (const AuthenticatorPlugin& plugin : kPlugins)
    if (plugin.type == type) return plugin.make(options, context);
  return Error::unsupported(cat({"authenticator type \"", type, "\" is not known"}));
}

std::vector<std::string> authenticator_complaints(std::string_view type,
                                                  const AuthOptions& options) {
  for (const AuthenticatorPlugin& plugin : kPlugins)
    if (plugin.type == type) return plugin.complaints(options);
  std::vector<std::string_view> types;
  for (const AuthenticatorPlugin& plugin : kPlugins) types.push_back(plugin.type);
  return {cat({"the type \"", type, "\" is not known; every listener is refused",
               did_you_mean(type, types), instead_of(type)})};
}

void Authenticator::ask_source(SourceAsk, Done done) {
  done(AuthVerdict::of(AuthVerdict::Kind::kRefuse));
}
void Authenticator::mount_begun(const std::string&) {}
void Authenticator::mount_ended(const std::string&) {}
void Authenticator::edit_users(UserEdit, UniqueFunction<void(UserEditResult)> done) { done({}); }

std::string_view auth_option(const AuthOptions& options, std::string_view name) {
  std::string_view value;
  for (const auto& [key, text] : options)
    if (key == name) value = text;
  return value;
}

bool auth_option_set(const AuthOptions& options, std::string_view name) {
  const std::string_view value = trim(auth_option(options, name));
  return value == "1" || iequals(value, "yes") || iequals(value, "true") || iequals(value, "on");
}

std::vector<std::string> unknown_auth_options(const AuthOptions& options,
                                              std::span<const std::string_view> known) {
  std::vector<std::string> unknown;
  for (const auto& option : options)
    if (std::find(known.begin(), known.end(), option.first) == known.end())
      unknown.push_back(cat({"option \"", option.first, "\" is not known and has no effect",
                             did_you_mean(option.first, known)}));
  return unknown;
}

}  // namespace lb
