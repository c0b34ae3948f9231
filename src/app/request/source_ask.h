// Judges the login of a source where the configuration's passwords do not decide, but the section's
// authenticator (stream_auth) or the mount's record.
// Thread: the connection's worker; an authenticator is asked on control.
#pragma once

#include "auth/listener/authenticators.h"
#include "http/connection.h"
#include "stream/mount/settings.h"

namespace lb {

struct Worker;

// Whether an authenticator or a record decides about the sources of this section.
bool decides_sources(const MountSettings& section);

// `answered` is called on the worker, and only if the connection is still there.  counts: a wrong
// password is reported to the throttle.
void ask_about_source(Worker& worker, Connection& connection, const MountSettings& section,
                      SourceAsk ask, bool counts,
                      UniqueFunction<void(Connection&, AuthVerdict)> answered);

}  // namespace lb
