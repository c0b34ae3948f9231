// The relay of a record: what a mount of a store or of an external configuration is pulled from,
// with the names of <relay>'s rows.
//
// A backend is trusted with what leaves this machine less than the file: it often passes on what a
// customer has typed.  So it may name servers, which is what an authenticator's addresses are to it
// too, but no program (exec), and its servers have to be public ones unless the file says
// private-relays: else a list could make this server ask for what only this host or its network
// reaches, and play it to the world (server-side request forgery).  The rule is judged by the
// address that is connected to, so a name that resolves to a private one is no way around it.
// In a store only administrators set it.  They may make this server connect to any address in other
// ways too, so their relays may name private servers, but no program.  The home of the mount pulls
// it.
// Thread: pure functions.
// Source: doc/stores.md; net/address/reach.h.
#pragma once

#include "config/mounts/mount_record.h"
#include "config/mounts/record_reader.h"
#include "config/settings/cluster_config.h"

namespace lb {

// Faults go to the reader, below "/relay".
void check_record_relay(const MountRecord& record, RecordReader& reader);

// on_demand: where the record does not say it.
// REQUIRES, of record: has_relay()
RelaySettings record_relay(const MountRecord& record, bool on_demand);

}  // namespace lb
