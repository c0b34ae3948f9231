// Plain settings of the net floor.
// Thread: plain values.
#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

namespace lb {

// The files of TLS. A key may be in its certificate's file; others are matched by content, so their
// order does not matter.
struct TlsSettings {
  std::vector<std::string> certificates;  // PEM, leaf first; the first one is for unknown names
  std::vector<std::string> keys;          // PEM
  std::string ciphers;               // in OpenSSL's notation, TLS_… for TLS 1.3; "": the default
  std::string ticket_key_file = {};  // a secret that servers share; "": none
  std::vector<std::string> ticket_secrets = {};  // others of that kind; the first makes tickets
  std::string ticket_ring_file = {};  // random secrets that outlive a restart; "": in memory only
  bool begins_bare = false;  // connections are accepted before there is a certificate: an authority
                             // may ask by TLS
  bool operator==(const TlsSettings&) const = default;
};

struct ListenSettings {
  int port = 8000;           // 0: the system chooses; the "ready" line names it
  std::string bind_address;  // "": all IPv4 addresses, as Debian's Icecast; "::": both families
  bool tls = false;          // <ssl> (2.4), <tls> (2.5)
  bool shoutcast_compat = false;  // this socket expects Shoutcast v1 sources
  bool proxy_protocol = false;    // every connection begins with a PROXY header
  std::string shoutcast_mount;    // mount of Shoutcast sources; on a plain socket also opens port+1
  std::size_t so_sndbuf_bytes = 0;  // 0: the system's
  int backlog = 4096;
  int line = 0;  // where in the configuration file

  // Compares everything but the line.
  bool operator==(const ListenSettings& other) const {
    const auto all = [](const ListenSettings& s) {
      return std::tie(s.port, s.bind_address, s.tls, s.shoutcast_compat, s.proxy_protocol,
                      s.shoutcast_mount, s.so_sndbuf_bytes, s.backlog);
    };
    return all(*this) == all(other);
  }
};

}  // namespace lb
