// TlsContext: the certificates of accepted connections, chosen by the requested name (SNI), and
// among certificates with the same names by the client's abilities: an ECDSA certificate costs half
// the processor time of an RSA one, which old players still get.  TLS 1.2 and 1.3; no
// renegotiation, no compression; ALPN http/1.1.  A client without a name gets the certificate of
// the address it connected to, if there is one; an authority with a challenge (acme-tls/1) gets a
// certificate of the ChallengeTable.
//
// Thread: immutable; used by all loops.
// Ownership: shared; a reload makes a new one, and connections of the old one keep it.
// Source: RFC 8446, RFC 6066 (SNI), RFC 7301 (ALPN), RFC 8737 (acme-tls/1).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "net/socket/settings.h"
#include "net/tls/challenge_table.h"
#include "net/tls/ticket_keys.h"
#include "net/tls/tls_handles.h"
#include "net/tls/tls_transport.h"

namespace lb {

// The common name of its issuer, or the organisation; "": none.  Any thread.
std::string issuer_of(X509* certificate);

// Copies of files, by path.
using FileCopies = std::map<std::string, UniqueFd>;

class TlsContext {
 public:
  // The contents of a file: the server's certificate, its chain, and the key.
  struct Chain {
    std::vector<X509Ptr> certificates;
    KeyPtr key;
  };
  struct Certificate {
    std::string file;
    std::string names;  // "radio.example, *.radio.example"
    std::string kind;   // of its key: "RSA 2048", "EC 256"
    WallTime begins{}, expires{};
    std::string issuer;
    std::shared_ptr<const Chain> chain;
    std::shared_ptr<SSL_CTX> context;
    std::string ticket_secret = {};  // of its key; "": it cannot be read
    bool has_address = false;        // among its names
  };
  struct Loaded {
    std::shared_ptr<const TlsContext> context;
    std::vector<std::string> complaints;  // why files cannot be used
  };
  // For a file that cannot be used its part of `before` (may be null) is kept. context is null if
  // no certificate is left. tickets: null: each context has OpenSSL's own keys; otherwise the
  // secrets of the loaded certificates and of those of `before` are added. challenges: may be null.
  // copies: contents of files that this process may not open.
  static Loaded load(const TlsSettings& settings, const TlsContext* before,
                     std::shared_ptr<const TicketKeys> tickets = nullptr,
                     std::shared_ptr<const ChallengeTable> challenges = nullptr,
                     const FileCopies& copies = {});

  const std::vector<Certificate>& certificates() const noexcept { return certificates_; }
  // Whether one of them has this name and is valid now, so that a browser may be redirected there.
  bool has_name(std::string_view host, WallTime now) const;
  // The server's side of a new connection; null: no memory.
  static std::unique_ptr<TlsTransport> accept(std::shared_ptr<const TlsContext> context,
                                              std::unique_ptr<Transport> below);

 private:
  static int read_hello(SSL* ssl, int* alert, void* unused);
  static int choose_certificate(SSL* ssl, int* alert, void* unused);
  const Certificate* of_file(const std::string& file) const;  // null: none
  const Certificate* of_local_address(SSL* ssl) const;        // null: no certificate has it
  std::shared_ptr<SSL_CTX> make_answering(const std::string& ciphers,
                                          bool& ciphers_understood) const;
  static int use_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                        EVP_MAC_CTX* mac, int make);

  std::vector<Certificate> certificates_;
  std::shared_ptr<SSL_CTX> bare_;  // without a certificate, for challenges
  std::shared_ptr<const ChallengeTable> challenges_;
  std::shared_ptr<const TicketKeys> tickets_;
};

}  // namespace lb
