// Rows of <config-external>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;

constexpr SchemaChoice kByHand[] = {{"manual", 0}};

constexpr SchemaChoice kServers[] = {{"auto", static_cast<std::int64_t>(ExternalFor::kAuto)},
                                     {"node", static_cast<std::int64_t>(ExternalFor::kNode)},
                                     {"cluster", static_cast<std::int64_t>(ExternalFor::kCluster)}};

constexpr SchemaElement kExternal[] = {
    {.name = "url",
     .kind = kText,
     .slot = slot<&ExternalSettings::url>,
     .example = "http://127.0.0.1:8080/mounts",
     .help = "The address that lists the mounts in JSON: doc/external.md."},
    {.name = "username",
     .kind = kText,
     .slot = slot<&ExternalSettings::username>,
     .example = "icecast",
     .help = "The name to log in with."},
    {.name = "password",
     .kind = kSecret,
     .slot = slot<&ExternalSettings::password>,
     .help = "The password to log in with."},
    {.name = "poll",
     .kind = kSeconds,
     .slot = slot<&ExternalSettings::poll>,
     .min = 1,
     .max = 86'400,
     .example = "5s",
     .help = "Time between requests, where the backend does not wait for a change."},
    {.name = "wait",
     .kind = kSeconds,
     .slot = slot<&ExternalSettings::wait>,
     .min = 0,
     .max = 3600,
     .example = "55s",
     .help = "How long the backend may wait for a change (Prefer: wait, RFC 7240)."},
    {.name = "timeout",
     .kind = kSeconds,
     .slot = slot<&ExternalSettings::timeout>,
     .min = 1,
     .max = 600,
     .example = "10s",
     .help = "Time-out of a request, beside that wait."},
    {.name = "for",
     .kind = kChoice,
     .slot = slot<&ExternalSettings::serves>,
     .choices = kServers,
     .example = "cluster",
     .help = "cluster: linked nodes without one of their own get the mounts too; auto: where the "
             "file names a node."},
    {.name = "on-demand",
     .kind = kBool,
     .slot = slot<&ExternalSettings::on_demand>,
     .example = "1",
     .help = "1: the backend is asked for unknown names of sources and listeners."},
    {.name = "confirm",
     .kind = kNumber,
     .slot = slot<&ExternalSettings::confirm>,
     .min = 0,
     .max = 100,
     .choices = kByHand,
     .example = "2",
     .help = "Lists in a row without them before more than 20 mounts, or half, go; manual: an "
             "administrator confirms."},
    {.name = "allow-empty",
     .kind = kBool,
     .slot = slot<&ExternalSettings::allow_empty>,
     .example = "1",
     .help = "1: an empty list counts as any other; 0: an administrator confirms it."},
    {.name = "grace",
     .kind = kSeconds,
     .slot = slot<&ExternalSettings::grace>,
     .min = 0,
     .max = 86'400,
     .example = "60s",
     .help = "How long the source of a removed mount goes on, and stays if the mount is back."},
    {.name = "private-relays",
     .kind = kBool,
     .slot = slot<&ExternalSettings::private_relays>,
     .example = "1",
     .help = "1: relays of the list may pull from private addresses."},
    {.name = "cache",
     .kind = kPath,
     .slot = slot<&ExternalSettings::cache>,
     .standard = "external.json in logdir",
     .example = "/var/lib/icecast-lb/external.json",
     .help = "What is in force, for a start without the backend."},
};

}  // namespace

constinit const SchemaBlock kExternalBlock{
    .name = "config-external",
    .help =
        "Mounts that another program lists: doc/external.md. Written with "
        "attributes.",
    .elements = kExternal,
    .fresh = fresh<ExternalSettings>,
    .inline_form = true};

}  // namespace lb
