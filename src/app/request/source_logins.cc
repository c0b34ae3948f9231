#include "app/request/source_logins.h"

#include "app/services/accounts.h"
#include "auth/password/passwords.h"
#include "http/parser.h"

namespace lb {
namespace {

// All rows are compared, so that the time does not reveal which names exist.
template <class Matches>
std::optional<EncoderSettings> first_match(const MountSettings& mount, Matches matches) {
  std::optional<EncoderSettings> found;
  for (EncoderSettings& row : source_logins(mount))
    if (matches(SourceLogin{row.username, row.password}) && !found) found = std::move(row);
  return found;
}

}  // namespace

std::optional<EncoderSettings> source_login(const Config& config, const MountSettings& mount,
                                            const std::optional<Credentials>& given) {
  const PasswordSettings known = Accounts::passwords(config);
  return first_match(mount,
                     [&](const SourceLogin& login) { return is_source(known, login, given); });
}

std::optional<EncoderSettings> source_login_by_password(const Config& config,
                                                        const MountSettings& mount,
                                                        std::string_view password) {
  const PasswordSettings known = Accounts::passwords(config);
  return first_match(
      mount, [&](const SourceLogin& login) { return is_source_password(known, login, password); });
}

ShoutcastLogin read_shoutcast_login(const Config& config, const ListenSettings& socket,
                                    std::string_view given) {
  const std::string& own = shoutcast_mount(config, socket);
  const std::size_t colon = given.find(':');
  const std::string_view named = given.substr(0, colon);
  if (colon == std::string_view::npos || !is_clean_path(named) ||
      source_login_by_password(config, mount_section(config, own), given))
    return {own, std::string(given)};
  return {std::string(named), std::string(given.substr(colon + 1))};
}

}  // namespace lb
