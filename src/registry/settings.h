// RegistrySettings: where the records are kept, as `<store>` of the configuration says it.
// Thread: plain values.
#pragma once

#include <string>
#include <vector>

namespace lb {

enum class RegistryType { kNone, kFiles, kEtcd };

struct RegistrySettings {
  RegistryType type = RegistryType::kNone;
  // files: the directory of the records.  etcd: the file of the last good copy; "": none is kept.
  std::string path;
  // etcd only:
  std::string prefix = "/icecast-lb/";
  std::vector<std::string> members;   // "https://e1:2379"
  std::string username, password;     // none when both are empty
  std::string ca_file;                // "": the certificates that the system trusts
  std::string certificate, key_file;  // of the client; "": none

  bool operator==(const RegistrySettings&) const = default;
};

}  // namespace lb
