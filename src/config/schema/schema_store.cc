// Rows of <store>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaChoice kStoreTypes[] = {
    {"none", StoreType::kNone}, {"files", StoreType::kFiles}, {"etcd", StoreType::kEtcd}};

constexpr SchemaElement kStore[] = {
    element("type", kChoice, slot<&StoreSettings::type>,
            "files: a directory, for one master; etcd: shared by several masters.",
            {.choices = kStoreTypes, .reload = kRestart, .attribute = true, .example = "files"}),
    element("path", kPath, slot<&StoreSettings::path>,
            "files: the directory; etcd: the last good copy, for a start without etcd.",
            {.reload = kRestart, .attribute = true, .example = "/var/lib/icecast-lb/records"}),
    element("prefix", kText, slot<&StoreSettings::prefix>, "etcd: prefix of all keys.",
            {.reload = kRestart, .attribute = true, .example = "/radio/"}),
    element("key", kSecret, slot<&StoreSettings::keys>,
            "Seals passwords that are sent elsewhere: 32 bytes, as 64 hexadecimal digits or "
            "base64. A second key, after a space, opens older ones.",
            {.reload = kRestart, .attribute = true}),
    element("member", kList, slot<&StoreSettings::members>, "etcd: a member's address for clients.",
            {.reload = kRestart, .example = "https://e1.example.org:2379"}),
    element("username", kText, slot<&StoreSettings::username>, "etcd: the name to log in with.",
            {.reload = kRestart, .example = "m1"}),
    element("password", kSecret, slot<&StoreSettings::password>,
            "etcd: the password to log in with.", {.reload = kRestart}),
    element(
        "ca-file", kPath, slot<&StoreSettings::ca_file>,
        "etcd: certificates to check its members with.",
        {.reload = kRestart, .standard = "the system's", .example = "/etc/icecast-lb/etcd-ca.pem"}),
    element("certificate", kPath, slot<&StoreSettings::certificate>,
            "etcd: the client's certificate, without a CN.",
            {.reload = kRestart, .example = "/etc/icecast-lb/etcd.pem"}),
    element("key-file", kPath, slot<&StoreSettings::key_file>, "etcd: the key of that certificate.",
            {.reload = kRestart, .example = "/etc/icecast-lb/etcd.key"}),
};

}  // namespace

constinit const SchemaBlock kStoreBlock = block_of<StoreSettings>(
    "store", "The store of records outside this file: doc/stores.md.", kStore);

}  // namespace lb
