#include "app/request/source_logins.h"

#include "app/services/accounts.h"
#include "auth/password/passwords.h"
#include "base/strings.h"
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

std::string_view without_stream_id(std::string_view login) {
  const std::size_t mark = login.rfind(":#");
  if (mark == std::string_view::npos || !parse_u64(login.substr(mark + 2))) return login;
  return login.substr(0, mark);
}

// The password in "[USER:]PASSWORD[:#STREAM]".  A password may contain colons, so the text is
// shortened only to one that is right.
std::string_view shoutcast_password(const Config& config, const MountSettings& mount,
                                    std::string_view text) {
  if (source_login_by_password(config, mount, text)) return text;
  const std::string_view login = without_stream_id(text);
  if (login != text && source_login_by_password(config, mount, login)) return login;
  const std::size_t colon = login.find(':');
  if (colon == std::string_view::npos) return text;
  const Credentials given{std::string(login.substr(0, colon)),
                          std::string(login.substr(colon + 1))};
  return source_login(config, mount, given) ? login.substr(colon + 1) : text;
}

}  // namespace

std::optional<EncoderSettings> source_login(const Config& config, const MountSettings& mount,
                                            const std::optional<Credentials>& given) {
  return first_match(mount, [&](const SourceLogin& login) {
    return is_source(config.authentication, login, given);
  });
}

std::optional<EncoderSettings> source_login_by_password(const Config& config,
                                                        const MountSettings& mount,
                                                        std::string_view password) {
  return first_match(mount, [&](const SourceLogin& login) {
    return is_source_password(config.authentication, login, password);
  });
}

ShoutcastLogin read_shoutcast_login(const Config& config, const ListenSettings& socket,
                                    std::string_view given) {
  const std::string& own = shoutcast_mount(config, socket);
  const std::size_t colon = given.find(':');
  if (colon == std::string_view::npos) return {own, std::string(given)};
  const MountSettings& section = mount_section(config, own);
  const std::string_view named = given.substr(0, colon);
  const std::string_view password = shoutcast_password(config, section, given);
  if (!is_clean_path(named) || source_login_by_password(config, section, password))
    return {own, std::string(password)};
  const std::string_view rest = given.substr(colon + 1);
  return {std::string(named),
          std::string(shoutcast_password(config, mount_section(config, named), rest))};
}

}  // namespace lb
