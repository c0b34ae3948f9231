// Secrets of a record: values of a mount's settings and relay that another server must get
// unchanged, such as the password for the backend of its authenticator.  A store has them sealed.
//
// A seal is bound to the record's key and the place in it: it opens nowhere else.
// Thread: pure functions.
// Source: doc/stores.md.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/schema/schema.h"
#include "config/schema/xml_node.h"
#include "net/crypto/seal_keys.h"

namespace lb {

// The longest value that still fits into a record when sealed.
constexpr std::size_t kLongestSecret = 3000;

// Whether the value of this row is hidden: a password, an option with such a name, an address with
// a login. node: of the row's block.
bool is_secret_value(const SchemaElement& row, const XmlNode& node);

struct RecordSecret {
  std::string pointer;  // "/settings/authentication/option/2/value"
  std::string place;    // "/authentication/option/password"
  std::string* value = nullptr;
};
// In the order of the tree.
std::vector<RecordSecret> secrets_of(XmlNode& settings);
// "/relay/password".
std::vector<RecordSecret> relay_secrets_of(XmlNode& relay);

// Seals the secrets in the XML of a record (its key: "mounts/%2Flive.mp3").  Sealed ones stay.
// Errors: kInvalid: not XML; kDenied: there is a secret but no key.
Result<std::string> seal_record(const SealKeys& keys, std::string_view key, std::string_view xml);

// The reverse.  A secret that does not open stays sealed, so a backend refuses it.
struct OpenedRecord {
  std::string xml;
  std::size_t opened = 0;
  std::size_t closed = 0;  // opened by none of these keys
  std::size_t in_clear = 0;
  std::size_t old_key = 0;  // opened by another key than the first
};
OpenedRecord open_record(const SealKeys& keys, std::string_view key, std::string_view xml);

}  // namespace lb
