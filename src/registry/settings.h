// StoreSettings: where the records are kept, from `<store>` of the configuration.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lb {

enum class StoreType : std::uint8_t { kNone, kFiles, kEtcd };

struct StoreSettings {
  StoreType type = StoreType::kNone;
  // files: the directory of the records.  etcd: the file of the last good copy; "": none is kept.
  std::string path;
  // etcd only:
  std::string prefix = "/icecast-lb/";
  std::vector<std::string> members;   // "https://e1:2379"
  std::string username, password;     // none if both are empty
  std::string ca_file;                // "": the certificates that the system trusts
  std::string certificate, key_file;  // of the client; "": none
  // For both types: the keys that seal secrets, as written: 32 bytes in 64 hexadecimal digits or
  // base64.  The first seals, all open.
  std::vector<std::string> keys;

  bool operator==(const StoreSettings&) const = default;
};

}  // namespace lb
