// Secrets of a record: values of a mount's settings and of its relay that have to be sent to
// another server as they are, such as the password for the backend of its authenticator.  In a
// store they are sealed.
//
// Sealed is by the key of the record and the place in it: a sealed text opens nowhere else.
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

// The longest value that fits into a record when it is sealed.
constexpr std::size_t kLongestSecret = 3000;

// Whether the value of this row is not shown: a password, an option that is called so, an address
// with a login in it.  node: of the row's block.
bool is_secret_value(const SchemaElement& row, const XmlNode& node);

struct RecordSecret {
  std::string pointer;  // "/settings/authentication/option/2/value"
  std::string place;    // "/authentication/option/password"
  std::string* value = nullptr;
};
// In their order.
std::vector<RecordSecret> secrets_of(XmlNode& settings);
// "/relay/password".
std::vector<RecordSecret> relay_secrets_of(XmlNode& relay);

// The XML of a record (its key: "mounts/%2Flive.mp3"), with its secrets sealed.  What is sealed
// already stays.  Errors: kInvalid, where the text is no XML; kDenied, where there is a secret and
// no key.
Result<std::string> seal_record(const SealKeys& keys, std::string_view key, std::string_view xml);

// The same opened.  What does not open stays as it is, so a backend refuses it.
struct OpenedRecord {
  std::string xml;
  std::size_t opened = 0;
  std::size_t closed = 0;  // by none of these keys
  std::size_t in_clear = 0;
  std::size_t old_key = 0;  // of the opened: by another key than the first
};
OpenedRecord open_record(const SealKeys& keys, std::string_view key, std::string_view xml);

}  // namespace lb
