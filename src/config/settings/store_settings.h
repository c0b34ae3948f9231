// Plain settings of <store>: where the records of mounts, users and accounts are kept.  The names
// are those of registry/settings.h.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lb {

enum class StoreType : std::uint8_t { kNone, kFiles, kEtcd };

struct StoreSettings {
  StoreType type = StoreType::kNone;
  std::string path;  // files: the directory.  etcd: the file of the last good copy
  // etcd only:
  std::string prefix = "/icecast-lb/";
  std::vector<std::string> members;  // "https://e1:2379"
  std::string username, password;
  std::string ca_file;  // "": the certificates that the system trusts
  std::string certificate, key_file;
  // As written: 64 hexadecimal digits, or base64, of 32 bytes.  The first seals, all open.
  std::vector<std::string> keys;

  bool operator==(const StoreSettings&) const = default;
};

}  // namespace lb
