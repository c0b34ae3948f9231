// Rows of <config-external>.
#include "config/config.h"
#include "config/schema.h"
#include "config/schema_rows.h"

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
     .origin = SchemaOrigin::kOwn,
     .example = "http://127.0.0.1:8080/mounts",
     .help = "The address that says in JSON which mounts there are; see doc/external.md."},
    {.name = "username",
     .kind = kText,
     .slot = slot<&ExternalSettings::username>,
     .origin = SchemaOrigin::kOwn,
     .example = "icecast",
     .help = "The name to log in with, where the backend asks for one."},
    {.name = "password",
     .kind = kSecret,
     .slot = slot<&ExternalSettings::password>,
     .origin = SchemaOrigin::kOwn,
     .help = "The password to log in with."},
    {.name = "poll",
     .kind = kSeconds,
     .slot = slot<&ExternalSettings::poll>,
     .min = 1,
     .max = 86'400,
     .origin = SchemaOrigin::kOwn,
     .example = "5s",
     .help = "Time between two requests, where the backend does not wait for a change."},
    {.name = "wait",
     .kind = kSeconds,
     .slot = slot<&ExternalSettings::wait>,
     .min = 0,
     .max = 3600,
     .origin = SchemaOrigin::kOwn,
     .example = "55s",
     .help = "So long the backend is asked to wait for a change before it answers 304 (Prefer: "
             "wait, RFC 7240); 0: it is not asked to."},
    {.name = "timeout",
     .kind = kSeconds,
     .slot = slot<&ExternalSettings::timeout>,
     .min = 1,
     .max = 600,
     .origin = SchemaOrigin::kOwn,
     .example = "10s",
     .help = "When a request is given up; beside the time that it was asked to wait."},
    {.name = "for",
     .kind = kChoice,
     .slot = slot<&ExternalSettings::serves>,
     .choices = kServers,
     .origin = SchemaOrigin::kOwn,
     .example = "cluster",
     .help =
         "cluster: this server passes the mounts on to its linked nodes, and those without a "
         "config-external of their own enforce them. node: they are for this server alone. auto: "
         "cluster where the file names a node, else node."},
    {.name = "on-demand",
     .kind = kBool,
     .slot = slot<&ExternalSettings::on_demand>,
     .origin = SchemaOrigin::kOwn,
     .example = "1",
     .help = "1: a name that a source or a listener comes with, and that is not known here, is "
             "asked for; they wait for the answer, at most 2 seconds."},
    {.name = "confirm",
     .kind = kNumber,
     .slot = slot<&ExternalSettings::confirm>,
     .min = 0,
     .max = 100,
     .choices = kByHand,
     .origin = SchemaOrigin::kOwn,
     .example = "2",
     .help =
         "When more than 20 mounts, or more than half of them, would go: so many lists in a row "
         "have to say so. manual (or 0): an administrator has to."},
    {.name = "allow-empty",
     .kind = kBool,
     .slot = slot<&ExternalSettings::allow_empty>,
     .origin = SchemaOrigin::kOwn,
     .example = "1",
     .help = "1: a list without a mount is a list as any other. 0: an administrator has to confirm "
             "that all are to go."},
    {.name = "grace",
     .kind = kSeconds,
     .slot = slot<&ExternalSettings::grace>,
     .min = 0,
     .max = 86'400,
     .origin = SchemaOrigin::kOwn,
     .example = "60s",
     .help =
         "So long the source of a mount that was removed goes on; if the mount is back by then, "
         "it does not end."},
    {.name = "private-relays",
     .kind = kBool,
     .slot = slot<&ExternalSettings::private_relays>,
     .origin = SchemaOrigin::kOwn,
     .example = "1",
     .help = "1: a relay of the list may pull from a loopback, link-local or private address. "
             "Without it only from public ones."},
    {.name = "cache",
     .kind = kPath,
     .slot = slot<&ExternalSettings::cache>,
     .origin = SchemaOrigin::kOwn,
     .standard = "external.json in logdir",
     .example = "/var/lib/icecast-lb/external.json",
     .help = "The file with what is in force, for a start without the backend. It has passwords of "
             "sources in it and is readable for the server alone."},
};

}  // namespace

constinit const SchemaBlock kExternalBlock{
    .name = "config-external",
    .help =
        "Mounts that another program knows: it is asked for them and for their changes. A "
        "section of this file with exactly the name of a mount counts before them. Written "
        "with attributes.",
    .elements = kExternal,
    .fresh = fresh<ExternalSettings>,
    .inline_form = true};

}  // namespace lb
