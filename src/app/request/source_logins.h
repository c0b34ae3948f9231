// The logins that may feed a mount: its own, or those of its <encoder> rows.
//
// Thread: pure functions.
// Rows replace the mount's login, unless one has no user name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/settings/config.h"
#include "http/credentials.h"

namespace lb {

// The row of a login; nullopt: it may not feed the mount.
std::optional<EncoderSettings> source_login(const Config& config, const MountSettings& mount,
                                            const std::optional<Credentials>& given);
// The same for a Shoutcast login, which has a password only.
std::optional<EncoderSettings> source_login_by_password(const Config& config,
                                                        const MountSettings& mount,
                                                        std::string_view password);

struct ShoutcastLogin {
  std::string mount, password;
};
// Of the mount of the port, or, as for Icecast-KH, of another one: "/MOUNT:PASSWORD".
ShoutcastLogin read_shoutcast_login(const Config& config, const ListenSettings& socket,
                                    std::string_view given);

}  // namespace lb
