// The relay of a record: the upstreams of a mount of a store or an external configuration, with the
// names of <relay>'s rows.
//
// A backend is trusted less than the file, because it often passes on a customer's input.  So it
// may name servers but no program (exec), and only public servers unless the file says
// private-relays: otherwise a list could make this server request what only this host or its
// network can reach, and publish it (server-side request forgery).  The address being connected to
// is checked, so a name that resolves to a private one is refused too.
// In a store only administrators set it.  They can direct this server to any address in other ways
// too, so their relays may name private servers, but no program.  The home of the mount pulls it.
// Thread: pure functions.
// Source: doc/stores.md; net/address/reach.h.
#pragma once

#include "config/mounts/mount_record.h"
#include "config/mounts/record_reader.h"
#include "config/settings/cluster_config.h"

namespace lb {

// The reader gets the faults, below "/relay".
void check_record_relay(const MountRecord& record, RecordReader& reader);

// on_demand: the value if the record has none.  REQUIRES: record.has_relay()
RelaySettings record_relay(const MountRecord& record, bool on_demand);

}  // namespace lb
