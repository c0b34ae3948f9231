// ChallengeTable: present answers to certificate authorities: texts fetched by http (http-01), and
// certificates shown in a handshake (tls-alpn-01).
// Thread: any for readers; one writer.
// Ownership: shared by Services and the TlsContexts.
// Bounds: 256 entries; the oldest goes first.
// Source: RFC 8555 8.3, RFC 8737.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/snapshot.h"
#include "net/tls/tls_handles.h"

namespace lb {

class ChallengeTable {
 public:
  static constexpr std::size_t kMax = 256;
  static constexpr std::string_view kPath = "/.well-known/acme-challenge/";

  // owner: the argument of remove().
  void put_text(std::uint64_t owner, std::string token, std::string authorization);
  void put_context(std::uint64_t owner, std::string server_name, std::shared_ptr<SSL_CTX> context);
  void remove(std::uint64_t owner);

  // Counts questions, answered or not, for metrics.
  enum class Way : std::uint8_t { kHttp, kTls };
  void count(Way way, bool known) const noexcept {
    counts_[index_of(way, known)].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t counted(Way way, bool known) const noexcept {
    return counts_[index_of(way, known)].load(std::memory_order_relaxed);
  }

  // "": unknown token.
  std::string answer(std::string_view token) const;
  // server_name: from the client, in lower case. null: no challenge.
  std::shared_ptr<SSL_CTX> context(std::string_view server_name) const;

 private:
  struct Entry {
    std::uint64_t owner = 0;
    std::string key;   // token, or server name
    std::string text;  // "" for a context
    std::shared_ptr<SSL_CTX> context;
  };
  using Entries = std::vector<Entry>;
  static std::size_t index_of(Way way, bool known) noexcept {
    return static_cast<std::size_t>(way) * 2 + (known ? 1 : 0);
  }
  void put(Entry entry);

  mutable std::array<std::atomic<std::uint64_t>, 4> counts_{};
  Snapshot<Entries> entries_{std::make_shared<const Entries>()};
};

}  // namespace lb
