// Rows of <store>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;
using enum ReloadClass;

constexpr SchemaChoice kStoreTypes[] = {{"none", static_cast<std::int64_t>(StoreType::kNone)},
                                        {"files", static_cast<std::int64_t>(StoreType::kFiles)},
                                        {"etcd", static_cast<std::int64_t>(StoreType::kEtcd)}};

constexpr SchemaElement kStore[] = {
    {.name = "type",
     .kind = kChoice,
     .slot = slot<&StoreSettings::type>,
     .choices = kStoreTypes,
     .reload = kRestart,
     .attribute = true,
     .example = "files",
     .help = "files: a directory, for one master; etcd: shared by several masters."},
    {.name = "path",
     .kind = kPath,
     .slot = slot<&StoreSettings::path>,
     .reload = kRestart,
     .attribute = true,
     .example = "/var/lib/icecast-lb/records",
     .help = "files: the directory; etcd: the last good copy, for a start without etcd."},
    {.name = "prefix",
     .kind = kText,
     .slot = slot<&StoreSettings::prefix>,
     .reload = kRestart,
     .attribute = true,
     .example = "/radio/",
     .help = "etcd: what all keys begin with."},
    {.name = "key",
     .kind = kSecret,
     .slot = slot<&StoreSettings::keys>,
     .reload = kRestart,
     .attribute = true,
     .help = "Seals passwords that are sent elsewhere: 32 bytes, as 64 hexadecimal digits or "
             "base64. A second one, behind a space, opens what is older."},
    {.name = "member",
     .kind = kList,
     .slot = slot<&StoreSettings::members>,
     .reload = kRestart,
     .example = "https://e1.example.org:2379",
     .help = "etcd: a member's address for clients."},
    {.name = "username",
     .kind = kText,
     .slot = slot<&StoreSettings::username>,
     .reload = kRestart,
     .example = "m1",
     .help = "etcd: the name to log in with."},
    {.name = "password",
     .kind = kSecret,
     .slot = slot<&StoreSettings::password>,
     .reload = kRestart,
     .help = "etcd: the password to log in with."},
    {.name = "ca-file",
     .kind = kPath,
     .slot = slot<&StoreSettings::ca_file>,
     .reload = kRestart,
     .standard = "the system's",
     .example = "/etc/icecast-lb/etcd-ca.pem",
     .help = "etcd: the certificates that its members are checked with."},
    {.name = "certificate",
     .kind = kPath,
     .slot = slot<&StoreSettings::certificate>,
     .reload = kRestart,
     .example = "/etc/icecast-lb/etcd.pem",
     .help = "etcd: the client's certificate, without a CN."},
    {.name = "key-file",
     .kind = kPath,
     .slot = slot<&StoreSettings::key_file>,
     .reload = kRestart,
     .example = "/etc/icecast-lb/etcd.key",
     .help = "etcd: the key of that certificate."},
};

}  // namespace

constinit const SchemaBlock kStoreBlock{
    .name = "store",
    .help = "Where records that are not in this file are kept: doc/stores.md.",
    .elements = kStore,
    .fresh = fresh<StoreSettings>};

}  // namespace lb
