// ChallengeTable: the answers to the questions of certificate authorities that are due now: texts
// that are fetched by http (http-01), and certificates that are shown in a handshake (tls-alpn-01).
// Thread: any for readers; one writer.
// Ownership: shared by Services and the TlsContexts.
// Bounds: 256 entries; the oldest goes first.
// Source: RFC 8555 8.3, RFC 8737.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/snapshot.h"
#include "net/tls_handles.h"

namespace lb {

class ChallengeTable {
 public:
  static constexpr std::size_t kMax = 256;
  static constexpr std::string_view kPath = "/.well-known/acme-challenge/";

  // owner: whose they are, for remove().
  void put_text(std::uint64_t owner, std::string token, std::string authorization);
  void put_context(std::uint64_t owner, std::string server_name, std::shared_ptr<SSL_CTX> context);
  void remove(std::uint64_t owner);

  // "": it is not one of ours.
  std::string answer(std::string_view token) const;
  // server_name: as the client says it, in lower case.  null: none is due.
  std::shared_ptr<SSL_CTX> context(std::string_view server_name) const;

 private:
  struct Entry {
    std::uint64_t owner = 0;
    std::string key;   // token, or server name
    std::string text;  // "" where it is a context
    std::shared_ptr<SSL_CTX> context;
  };
  using Entries = std::vector<Entry>;
  void put(Entry entry);

  Snapshot<Entries> entries_{std::make_shared<const Entries>()};
};

}  // namespace lb
