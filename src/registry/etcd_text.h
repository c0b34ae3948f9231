// EtcdText: requests to etcd's v3 JSON gateway and its answers.
//
// Keys and values are base64, 64-bit numbers are strings, and false, 0 or empty values are absent.
// Source: etcd 3.4 to 3.6, api/etcdserverpb/rpc.proto and its grpc-gateway, tried against 3.4.23.
// Thread: pure functions.
// Bounds: the caller limits an answer's size; JSON nests at most as deep as Json::parse() allows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "registry/registry.h"

namespace lb {

// Keys below the prefix that are no records.  `format` is the identity of a store: without it, or
// with another one, the store was emptied.  A master's transaction that deletes also puts
// kDeletedKey, so a deletion without it came from elsewhere.  A probe writes kProbeKey.
// Records store/deleted/CLASS are sums: how many records of a class masters have deleted so far.
// Earlier versions of this program put a number in kDeletedKey, and no sums; now its value is the
// revision of the last such deletion.
inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kDeletedKey = "store/deleted";
inline constexpr std::string_view kProbeKey = "store/probe";

struct EtcdRange {
  std::uint64_t revision = 0;           // of the whole store
  std::string cluster;                  // the id of the answering etcd
  std::vector<RegistryRecord> records;  // keys as etcd has them
  std::uint64_t deletions = 0;          // how often kDeletedKey was put, if it is there
  bool more = false;
};

struct EtcdTxn {
  std::uint64_t revision = 0;
  bool succeeded = false;
  std::vector<RegistryRecord> found;  // if it did not succeed
};

struct EtcdEvent {
  bool deleted = false;
  RegistryRecord record;  // with the revision of the deletion
};

struct EtcdWatchLine {
  std::uint64_t revision = 0;
  bool created = false, canceled = false, fragment = false;
  std::uint64_t compact_revision = 0;
  std::string reason;  // of canceled, or an error
  std::vector<EtcdEvent> events;
};

struct EtcdRangeQuestion {
  std::string key, end;  // end "": one key
  std::uint64_t limit = 0, revision = 0;
  bool serializable = false;
};

// The first key after all with this prefix.  REQUIRES: not all bytes are 0xff
std::string prefix_end(std::string_view prefix);

std::string etcd_range_text(const EtcdRangeQuestion& question);
// lease "": `made` is kept for ever.
std::string etcd_txn_text(std::string_view prefix, const RegistryWrite& write,
                          std::string_view lease);
std::string etcd_watch_text(std::string_view prefix, std::uint64_t from);
std::string etcd_lease_text(std::uint64_t seconds);
std::string etcd_login_text(std::string_view name, std::string_view password);

// The key of the sum of a class.
std::string deletions_key(std::string_view record_class);
// A value of kDeletedKey, and what it is in a record: the revision of the last deletion that the
// sums lack; 0: none.
std::string deleted_value(std::uint64_t uncounted);
std::uint64_t uncounted_deletion(const RegistryRecord& deleted);

// Errors: kInvalid.
Result<EtcdRange> parse_etcd_range(const Json& answer);
Result<EtcdTxn> parse_etcd_txn(const Json& answer);
Result<EtcdWatchLine> parse_etcd_watch(std::string_view line);
// The number of a lease; the token of a login.
Result<std::string> parse_etcd_lease(const Json& answer);
Result<std::string> parse_etcd_token(const Json& answer);
// The text of an error; at most 300 bytes.
std::string etcd_error_words(std::string_view body);

}  // namespace lb
