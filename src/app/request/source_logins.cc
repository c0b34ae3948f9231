#include "app/request/source_logins.h"

#include "app/services/accounts.h"
#include "auth/password/passwords.h"

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

}  // namespace lb
