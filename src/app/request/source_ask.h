// The login of a source, where something else than the passwords of the configuration decides about
// it: the section's authenticator (stream_auth), or the logins of the mount's record.
// Thread: the connection's worker; an authenticator is asked on control.
#pragma once

#include "auth/listener/authenticators.h"
#include "http/connection.h"
#include "stream/mount/settings.h"

namespace lb {

struct Worker;

// Whether such a one decides about the sources of this section.
bool decides_sources(const MountSettings& section);

// Asks it; `answered` is called on the worker while the connection is still there, and never
// otherwise.  counts: a wrong password is told to the throttle.
void ask_about_source(Worker& worker, Connection& connection, const MountSettings& section,
                      SourceAsk ask, bool counts,
                      UniqueFunction<void(Connection&, AuthVerdict)> answered);

}  // namespace lb
