// Rows of <config-external>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaChoice kByHand[] = {{"manual", 0}};

constexpr SchemaChoice kServers[] = {
    {"auto", ExternalFor::kAuto}, {"node", ExternalFor::kNode}, {"cluster", ExternalFor::kCluster}};

constexpr SchemaElement kExternalRows[] = {
    element("url", kText, slot<&ExternalSettings::url>,
            "The address that lists the mounts in JSON: doc/external.md.",
            {.example = "http://127.0.0.1:8080/mounts"}),
    element("username", kText, slot<&ExternalSettings::username>, "The name to log in with.",
            {.example = "icecast"}),
    element("password", kSecret, slot<&ExternalSettings::password>, "The password to log in with."),
    element("poll", kSeconds, slot<&ExternalSettings::poll>,
            "Time between requests, if the backend does not wait for a change.",
            {.min = 1, .max = 86'400, .example = "5s"}),
    element("wait", kSeconds, slot<&ExternalSettings::wait>,
            "How long the backend may wait for a change (Prefer: wait, RFC 7240).",
            {.max = 3600, .example = "55s"}),
    element("timeout", kSeconds, slot<&ExternalSettings::timeout>,
            "Time-out of a request, besides that wait.", {.min = 1, .max = 600, .example = "10s"}),
    element("for", kChoice, slot<&ExternalSettings::serves>,
            "cluster: linked nodes without their own list get the mounts too; auto: likewise if "
            "the file names a node.",
            {.choices = kServers, .example = "cluster"}),
    element("on-demand", kBool, slot<&ExternalSettings::on_demand>,
            "1: the backend is asked about unknown mounts of sources and listeners.",
            {.example = "1"}),
    element("confirm", kNumber, slot<&ExternalSettings::confirm>,
            "Consecutive lists that must lack more than 20 mounts, or half, before these are "
            "removed; manual: an administrator confirms.",
            {.max = 100, .choices = kByHand, .example = "2"}),
    element("allow-empty", kBool, slot<&ExternalSettings::allow_empty>,
            "1: an empty list counts as any other; 0: an administrator must confirm it.",
            {.example = "1"}),
    element("grace", kSeconds, slot<&ExternalSettings::grace>,
            "How long the source of a removed mount continues; it stays if the mount returns.",
            {.max = 86'400, .example = "60s"}),
    element("private-relays", kBool, slot<&ExternalSettings::private_relays>,
            "1: relays of the list may pull from private addresses.", {.example = "1"}),
    element(
        "cache", kPath, slot<&ExternalSettings::cache>,
        "File of mounts in force, for a start without the backend.",
        {.standard = "external.json in logdir", .example = "/var/lib/icecast-lb/external.json"}),
};

}  // namespace

constinit const SchemaBlock kExternalBlock =
    block_of<ExternalSettings>("config-external",
                               "Mounts that another program lists: doc/external.md. Written with "
                               "attributes.",
                               kExternalRows, {.inline_form = true});

}  // namespace lb
