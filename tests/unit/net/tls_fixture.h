// Both ends of a TLS connection, over a pair of sockets: the base of the groups that test it.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/certificates.h"
#include "net/tls/tls_client.h"
#include "net/tls/tls_context.h"
#include "net/tls/tls_transport.h"

#include "CppUTest/Utest.h"
#include "CppUTest/UtestMacros.h"

namespace lb::test {

// What the wire saw.
struct Tap {
  std::vector<std::size_t> writes;
  std::vector<bool> more;
  int reads = 0;
  bool closed = false;
};

class TappedTransport final : public Transport {
 public:
  TappedTransport(int fd, std::shared_ptr<Tap> tap)
      : plain_(UniqueFd(fd), *Address::parse("192.0.2.1", 5)), tap_(std::move(tap)) {}
  ~TappedTransport() override { tap_->closed = true; }
  IoResult read(std::span<std::byte> into) noexcept override {
    ++tap_->reads;
    return plain_.read(into);
  }
  IoResult write_v(std::span<const iovec> parts, bool more) noexcept override {
    const IoResult result = plain_.write_v(parts, more);
    if (result.status == IoStatus::kDone) {
      tap_->writes.push_back(result.bytes);
      tap_->more.push_back(more);
    }
    return result;
  }
  IoResult send_file(int, std::uint64_t, std::size_t) noexcept override {
    return {IoStatus::kError, 0};
  }
  bool can_send_file() const noexcept override { return true; }
  int fd() const noexcept override { return plain_.fd(); }
  const Address& peer() const noexcept override { return plain_.peer(); }
  void set_peer(const Address& peer) noexcept override { plain_.set_peer(peer); }
  void shut_down_write() noexcept override { plain_.shut_down_write(); }
  void limit_unsent(std::size_t bytes) noexcept override { plain_.limit_unsent(bytes); }

 private:
  PlainTransport plain_;
  std::shared_ptr<Tap> tap_;
};

class TlsFixture : public Utest {
 protected:
  TestDirectory dir;
  std::shared_ptr<Tap> tap = std::make_shared<Tap>();
  std::unique_ptr<TlsTransport> server, client;
  std::shared_ptr<const TlsContext> context;

  static std::string read_all(Transport& transport, std::size_t size) {
    std::string text(size, '\0');
    std::size_t have = 0;
    for (int i = 0; i < 10000 && have < size; ++i) {
      const IoResult result = transport.read(std::as_writable_bytes(std::span(text).subspan(have)));
      if (result.status == IoStatus::kAgain) break;
      if (result.status != IoStatus::kDone) break;
      have += result.bytes;
    }
    text.resize(have);
    return text;
  }

  static IoResult write_text(Transport& transport, const std::string& text, bool more = false) {
    iovec part{const_cast<char*>(text.data()), text.size()};
    return transport.write_v({&part, 1}, more);
  }
  std::shared_ptr<const TlsContext> load(const TlsSettings& settings) {
    auto loaded = TlsContext::load(settings, nullptr);
    for (const auto& complaint : loaded.complaints) FAIL(complaint.c_str());
    CHECK(loaded.context != nullptr);
    return loaded.context;
  }
  void one_certificate(const std::string& names = "DNS:radio.test") {
    context = load({{dir.write("tls.pem", make_pem(names).both())}, {}, ""});
  }
  void join(const std::string& host, const std::string& ca = "tls.pem") {
    int ends[2];
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    server = TlsContext::accept(context, std::make_unique<TappedTransport>(ends[0], tap));
    auto trust = TlsClientContext::load(dir.path(ca));
    CHECK(trust.has_value());
    client = (*trust)->connect(
        std::make_unique<PlainTransport>(UniqueFd(ends[1]), *Address::parse("192.0.2.2", 6)), host);
  }
  // Both sides in turn, until neither moves.
  std::pair<IoStatus, IoStatus> shake() {
    IoStatus ours = IoStatus::kAgain, theirs = IoStatus::kAgain;
    for (int i = 0; i < 20; ++i) {
      if (theirs == IoStatus::kAgain) theirs = client->handshake();
      if (ours == IoStatus::kAgain) ours = server->handshake();
    }
    return {ours, theirs};
  }
  // OpenSSL's own client, as free as an attacker; `ssl` lives until the test is over.
  SslPtr ssl;
  IoStatus shake_with(SSL_CTX* with, const char* name = nullptr, std::string_view protocols = {}) {
    dir.write("any.pem", make_pem("").certificate);
    join("radio.test", "any.pem");
    ssl.reset(SSL_new(with));
    SSL_set_fd(ssl.get(), client->fd());
    if (name != nullptr) SSL_set_tlsext_host_name(ssl.get(), name);
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
    SSL_set_connect_state(ssl.get());
    IoStatus ours = IoStatus::kAgain;
    for (int i = 0; i < 10; ++i) {
      SSL_do_handshake(ssl.get());
      if (ours == IoStatus::kAgain) ours = server->handshake();
    }
    ERR_clear_error();
    return ours;
  }
  // The names in the certificate of a client that asks for `name`.
  std::string certificate_for(const char* name) {
    SslContextPtr any(SSL_CTX_new(TLS_client_method()));
    CHECK(shake_with(any.get(), name) == IoStatus::kDone);
    X509* x509 = SSL_get0_peer_certificate(ssl.get());
    for (const char* known : {"first.test", "second.test", "a.wild.test"})
      if (X509_check_host(x509, known, 0, 0, nullptr) == 1) return known;
    return "none";
  }
  std::string protocol_for(std::string_view offered) {
    one_certificate();
    SslContextPtr any(SSL_CTX_new(TLS_client_method()));
    CHECK(shake_with(any.get(), nullptr, offered) == IoStatus::kDone);
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  std::string complaint_of(const TlsSettings& settings) {
    const auto loaded = TlsContext::load(settings, nullptr);
    CHECK(loaded.context == nullptr);
    LONGS_EQUAL(1, loaded.complaints.size());
    return loaded.complaints.at(0);
  }
  void connected(const std::string& names = "DNS:radio.test") {
    one_certificate(names);
    join("radio.test");
    const auto [ours, theirs] = shake();
    CHECK(ours == IoStatus::kDone);
    CHECK(theirs == IoStatus::kDone);
    tap->writes.clear();
    tap->more.clear();
  }
};

}  // namespace lb::test
