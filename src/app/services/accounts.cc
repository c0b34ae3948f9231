#include "app/services/accounts.h"

#include "auth/password/passwords.h"
#include "config/settings/config.h"

namespace lb {

PasswordSettings Accounts::passwords(const Config& config) {
  const AuthenticationSettings& from = config.authentication;
  return {from.source_password, from.admin_user, from.admin_password, from.relay_user,
          from.relay_password};
}

}  // namespace lb
