#include "config/settings/login_index.h"

#include "config/settings/config.h"
#include "net/crypto/digest.h"

namespace lb {

std::vector<EncoderSettings> source_logins(const MountSettings& mount) {
  std::vector<EncoderSettings> rows = mount.encoders;
  if (rows.empty()) rows.emplace_back();
  for (EncoderSettings& row : rows) {
    if (row.username.empty()) row.username = mount.username;
    if (row.password.empty()) row.password = mount.password;
  }
  return rows;
}

LoginIndex::LoginIndex(const Config& config) : key_(random_bytes(32)) {
  const AuthenticationSettings& roles = config.authentication;
  add(roles.admin_user, roles.admin_password);
  add(roles.relay_user, roles.relay_password);
  add("source", roles.source_password);
  const auto add_source = [&](std::string_view user, std::string_view password) {
    add(user, password.empty() ? std::string_view(roles.source_password) : password);
  };
  const MountSettings& standard = config.default_mount;
  add_source(standard.username, standard.password);
  for (const MountSettings& mount : config.mounts) {
    // Most have what the default mount has.
    if (mount.username != standard.username || mount.password != standard.password)
      add_source(mount.username, mount.password);
    if (mount.encoders.empty()) continue;
    for (const EncoderSettings& row : source_logins(mount)) add_source(row.username, row.password);
  }
}

// With an empty password the role cannot be had.
void LoginIndex::add(std::string_view user, std::string_view password) {
  if (!password.empty()) logins_.insert(digest(user, password));
}

bool LoginIndex::knows(const Credentials& given) const {
  return !given.password.empty() && logins_.contains(digest(given.user, given.password));
}

// A NUL cannot stand in what XML says.
std::string LoginIndex::digest(std::string_view user, std::string_view password) const {
  std::string text(user);
  text.append(1, '\0').append(password);
  return hmac_sha256(key_, text);
}

}  // namespace lb
