// The logins that may feed a mount: the rows of its <encoder>, and the mount's own if it has no
// rows, or one without a user name.
//
// Thread: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/settings/config.h"
#include "http/credentials.h"

namespace lb {

// The row that matches the login; nullopt: it may not feed the mount.
std::optional<EncoderSettings> source_login(const Config& config, const MountSettings& mount,
                                            const std::optional<Credentials>& given);
// The row that matches a Shoutcast login, which has a password only.
std::optional<EncoderSettings> source_login_by_password(const Config& config,
                                                        const MountSettings& mount,
                                                        std::string_view password);

struct ShoutcastLogin {
  std::string mount, password;
};
// Of "PASSWORD" for the mount of the port and, as in Icecast-KH, "/MOUNT:PASSWORD", "USER:PASSWORD"
// and "PASSWORD:#STREAM" (Liquidsoap's), also together.  password: without the rest if it is right.
ShoutcastLogin read_shoutcast_login(const Config& config, const ListenSettings& socket,
                                    std::string_view given);

}  // namespace lb
