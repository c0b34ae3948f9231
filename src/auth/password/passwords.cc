#include "auth/password/passwords.h"

namespace lb {
namespace {

// Always compares both, so that the time does not reveal whether a user exists.
bool matches(const std::optional<Credentials>& given, std::string_view user,
             std::string_view password) {
  if (password.empty() || !given) return false;
  const bool user_ok = secret_equal(given->user, user);
  const bool password_ok = secret_equal(given->password, password);
  return user_ok && password_ok;
}

}  // namespace

bool is_admin(const PasswordSettings& settings, const std::optional<Credentials>& given) {
  return matches(given, settings.admin_user, settings.admin_password);
}

bool is_relay(const PasswordSettings& settings, const std::optional<Credentials>& given) {
  return matches(given, settings.relay_user, settings.relay_password);
}

bool is_source(const PasswordSettings& settings, const SourceLogin& mount,
               const std::optional<Credentials>& given) {
  // A mount with a password of its own has its own user too; with the global one, the user is the
  // mount's <username> or "source".
  return matches(
      given, mount.user,
      mount.password.empty() ? std::string_view(settings.source_password) : mount.password);
}

bool is_source_password(const PasswordSettings& settings, const SourceLogin& mount,
                        std::string_view password) {
  const std::string_view expected =
      mount.password.empty() ? std::string_view(settings.source_password) : mount.password;
  return !expected.empty() && secret_equal(password, expected);
}

}  // namespace lb
