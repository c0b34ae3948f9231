#include "net/tls/tls_context.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"
#include "net/address/address.h"
#include "net/tls/challenge_context.h"

namespace lb {
namespace {

constexpr std::size_t kLongestNames = 200, kLongestPemFile = 1 << 20;
// The default for TLS 1.2: only forward secrecy and authenticated encryption.  OpenSSL's own list
// includes CBC and key exchange by RSA.
constexpr const char* kDefaultCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

// A server has no terminal to ask for a password.
int no_password(char*, int, int, void*) { return -1; }

// The path of the file, or of its copy if only that can be opened.
std::string place_of(const std::string& file, const FileCopies& copies) {
  const auto copy = copies.find(file);
  if (copy == copies.end() || ::access(file.c_str(), R_OK) == 0) return file;
  std::string place = cat({"/proc/self/fd/", copy->second.get()});
  return ::access(place.c_str(), R_OK) == 0 ? place : file;
}

// OpenSSL's own reader would block on a FIFO, and reads a file of any length.
Result<BioPtr> open_pem(const std::string& file) {
  auto read = read_file(file, {.limit = kLongestPemFile});
  if (!read) return read.error();
  BioPtr bio(BIO_new(BIO_s_mem()));
  const auto size = static_cast<int>(read->text.size());
  const bool copied = bio && BIO_write(bio.get(), read->text.data(), size) == size;
  OPENSSL_cleanse(read->text.data(), read->text.size());
  if (copied || (bio && size == 0)) return bio;
  return Error::io("TLS: no memory for " + file);
}

Result<KeyPtr> read_key(const std::string& file) {
  auto bio = open_pem(file);
  if (!bio) return bio.error();
  ERR_clear_error();
  KeyPtr key(PEM_read_bio_PrivateKey(bio->get(), nullptr, &no_password, nullptr));
  if (key) return key;
  const unsigned long code = ERR_peek_last_error();
  const bool locked =
      ERR_GET_REASON(code) == PEM_R_BAD_PASSWORD_READ || ERR_GET_REASON(code) == PEM_R_BAD_DECRYPT;
  ERR_clear_error();
  if (locked) return Error::invalid(file + ": its key is protected by a password");
  return Error::not_found(file + ": holds no private key in PEM form");
}

// The key may be in the certificate's own file or in any other, and is found by matching.
Result<KeyPtr> find_key(std::span<const X509Ptr> chain, const std::string& file,
                        std::span<const std::string> keys) {
  std::vector<std::string> files(keys.begin(), keys.end());
  files.push_back(file);
  std::string reasons;
  for (const std::string& candidate : files) {
    auto key = read_key(candidate);
    const auto fitting = std::ranges::find_if(chain, [&](const X509Ptr& each) {
      return key && X509_check_private_key(each.get(), key->get()) == 1;
    });
    ERR_clear_error();
    if (fitting == chain.begin()) return key;
    // With ssl-private-key, a certificate's file needs no key.
    if (!key && candidate == file && !keys.empty() && key.error().code == Error::Code::kNotFound)
      continue;
    if (!reasons.empty()) reasons += "; ";
    if (!key)
      reasons += key.error().what;
    else if (fitting == chain.end())
      reasons += candidate + ": its key is not the one of the certificate";
    else
      reasons += candidate + ": its key is that of a later certificate, which comes first";
  }
  return Error::invalid(cat({"no key for the certificate in ", file, " (", reasons, ")"}));
}

std::string san_address_text(const ASN1_OCTET_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int length = ASN1_STRING_length(bytes);
  if (length == 4 || length == 16)
    ::inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text, sizeof text);
  return text;
}

std::string names_of(X509* certificate) {
  std::string names;
  const auto add = [&names](std::string_view name) {
    if (names.size() + name.size() > kLongestNames) return;
    if (!names.empty()) names += ", ";
    names += name;
  };
  auto* list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type == GEN_IPADD) add(san_address_text(name->d.iPAddress));
    if (name->type != GEN_DNS) continue;
    add({reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
         static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))});
  }
  GENERAL_NAMES_free(list);
  if (!names.empty()) return names;
  char common[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, common,
                            sizeof common);
  add(common);
  ERR_clear_error();
  return names.empty() ? "no name" : names;
}

bool has_address(X509* certificate) {
  auto* list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  bool has = false;
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i)
    has = has || sk_GENERAL_NAME_value(list, i)->type == GEN_IPADD;
  GENERAL_NAMES_free(list);
  return has;
}

std::string_view hello_part(SSL* ssl, unsigned kind) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, kind, &bytes, &size) != 1) return {};
  return {reinterpret_cast<const char*>(bytes), size};
}

// The list has two bytes of length; each protocol has one. acme-tls/1 must be alone (RFC 8737, 3).
bool is_challenge_hello(std::string_view protocols) {
  return protocols.size() == kChallengeProtocol.size() + 3 &&
         protocols.substr(3) == kChallengeProtocol &&
         static_cast<unsigned char>(protocols[2]) == kChallengeProtocol.size();
}

// The first name of a server_name extension: two bytes of length, one of kind, two of length.
std::string_view asked_name(std::string_view names) {
  constexpr std::size_t kHead = 5;
  if (names.size() < kHead || names[2] != TLSEXT_NAMETYPE_host_name) return {};
  const std::size_t size =
      static_cast<unsigned char>(names[3]) * 256u + static_cast<unsigned char>(names[4]);
  return size <= names.size() - kHead ? names.substr(kHead, size) : std::string_view();
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return WallTime::max();
  return wall_time(::timegm(&parts));
}

// A client that offers only unknown protocols gets no ALPN answer, as from Icecast, and continues
// with HTTP/1.1.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  for (unsigned at = 0; at < offered_size; at += offered[at] + 1u) {
    const std::string_view name(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
    if (name != "http/1.1") continue;
    *chosen = offered + at + 1;
    *size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

std::shared_ptr<SSL_CTX> make_context(const std::string& ciphers, bool& ciphers_understood) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SslFree());
  if (!context) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  set_server_groups(context.get());
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets need no cache
  SSL_CTX_set_alpn_select_cb(context.get(), &choose_protocol, nullptr);
  // OpenSSL takes the suites of TLS 1.3, whose names begin with TLS_, in a list of their own.
  std::string suites, others;
  for (const std::string_view name : split(ciphers, ':')) {
    std::string& list = name.starts_with("TLS_") ? suites : others;
    if (!list.empty()) list += ':';
    list += name;
  }
  ciphers_understood =
      SSL_CTX_set_cipher_list(context.get(), others.empty() ? kDefaultCiphers : others.c_str()) ==
          1 &&
      (suites.empty() || SSL_CTX_set_ciphersuites(context.get(), suites.c_str()) == 1);
  // A list that OpenSSL refused may have left no cipher.
  if (!ciphers_understood) SSL_CTX_set_cipher_list(context.get(), kDefaultCiphers);
  ERR_clear_error();
  return context;
}

// The server's certificate and its intermediates.
Result<std::vector<X509Ptr>> read_chain(const std::string& file) {
  auto bio = open_pem(file);
  if (!bio) return bio.error();
  ERR_clear_error();
  std::vector<X509Ptr> chain;
  while (X509* next = PEM_read_bio_X509_AUX(bio->get(), nullptr, &no_password, nullptr))
    chain.emplace_back(next);
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string why = take_ssl_error();
  if (at_end && !chain.empty()) return chain;
  if (at_end) return Error::invalid(file + ": holds no certificate in PEM form");
  return Error::invalid(cat({file, ": holds a certificate that is not whole (", why, ")"}));
}

bool set_certificates(SSL_CTX* context, std::span<const X509Ptr> chain) {
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) return false;
  SSL_CTX_clear_chain_certs(context);
  return std::ranges::all_of(chain.subspan(1), [context](const X509Ptr& each) {
    return SSL_CTX_add1_chain_cert(context, each.get()) == 1;
  });
}

// "RSA 2048", "EC 256", "ED25519"
std::string kind_of(const EVP_PKEY* key) {
  const char* type = EVP_PKEY_get0_type_name(key);
  return cat({type != nullptr ? type : "unknown", " ", EVP_PKEY_get_bits(key)});
}

// A certificate of the same names with another kind of key shares its context: OpenSSL then chooses
// by what the client can verify.
const TlsContext::Certificate* twin_of(const std::string& names, const EVP_PKEY* key,
                                       std::span<const TlsContext::Certificate> known) {
  const char* type = EVP_PKEY_get0_type_name(key);
  const std::string prefix = cat({type != nullptr ? type : "", " "});
  const TlsContext::Certificate* twin = nullptr;
  for (const TlsContext::Certificate& each : known) {
    if (each.names != names) continue;
    if (each.kind.starts_with(prefix)) return nullptr;  // the same kind of key: its own context
    twin = &each;
  }
  return twin;
}

using ChainPtr = std::shared_ptr<const TlsContext::Chain>;

// keys: the files that may have the key.
Result<ChainPtr> load_chain(const std::string& file, std::span<const std::string> keys) {
  auto certificates = read_chain(file);
  if (!certificates) return certificates.error();
  auto key = find_key(*certificates, file, keys);
  if (!key) return key.error();
  return std::make_shared<const TlsContext::Chain>(
      TlsContext::Chain{std::move(*certificates), std::move(*key)});
}

// `fresh`: the context to use without a twin.
Result<TlsContext::Certificate> use_chain(const std::string& file, const ChainPtr& chain,
                                          std::shared_ptr<SSL_CTX> fresh,
                                          std::span<const TlsContext::Certificate> known) {
  X509* const certificate = chain->certificates.front().get();
  EVP_PKEY* const key = chain->key.get();
  const std::string names = names_of(certificate);
  const TlsContext::Certificate* twin = twin_of(names, key, known);
  std::shared_ptr<SSL_CTX> context = twin != nullptr ? twin->context : std::move(fresh);
  if (!set_certificates(context.get(), chain->certificates))
    return Error::invalid(cat({file, ": ", take_ssl_error()}));
  if (SSL_CTX_use_PrivateKey(context.get(), key) != 1)
    return Error::invalid(cat({file, ": its key cannot be used (", take_ssl_error(), ")"}));
  return TlsContext::Certificate{file,
                                 names,
                                 kind_of(key),
                                 time_of(X509_get0_notBefore(certificate)),
                                 time_of(X509_get0_notAfter(certificate)),
                                 issuer_of(certificate),
                                 chain,
                                 std::move(context),
                                 TicketKeys::secret_of(key),
                                 has_address(certificate)};
}

// Only TLS 1.2 has ciphers that are bound to one kind of key.
bool has_cipher_for(SSL_CTX* context, const EVP_PKEY* key) {
  const bool is_rsa = EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1;
  const STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(context);
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i)
    if (SSL_CIPHER_get_auth_nid(sk_SSL_CIPHER_value(all, i)) ==
        (is_rsa ? NID_auth_rsa : NID_auth_ecdsa))
      return true;
  return false;
}

// The secrets of the present and the former certificates, so that tickets survive a renewal.
std::vector<std::string> ticket_secrets(std::span<const TlsContext::Certificate> certificates,
                                        const TicketKeys* before) {
  constexpr std::size_t kMaxFormer = 32;
  std::vector<std::string> secrets;
  const auto add = [&secrets](const std::string& secret) {
    if (!secret.empty() && std::find(secrets.begin(), secrets.end(), secret) == secrets.end())
      secrets.push_back(secret);
  };
  for (const TlsContext::Certificate& each : certificates) add(each.ticket_secret);
  const std::size_t most = secrets.size() + kMaxFormer;
  if (before != nullptr)
    for (const std::string& secret : before->certificates())
      if (secrets.size() < most) add(secret);
  return secrets;
}

}  // namespace

TlsContext::Loaded TlsContext::load(const TlsSettings& settings, const TlsContext* before,
                                    std::shared_ptr<const TicketKeys> tickets,
                                    std::shared_ptr<const ChallengeTable> challenges,
                                    const FileCopies& copies) {
  Loaded out;
  auto made = std::make_shared<TlsContext>();
  std::vector<std::string> keys;
  for (const std::string& file : settings.keys) keys.push_back(place_of(file, copies));
  made->challenges_ = std::move(challenges);
  for (const std::string& file : settings.certificates) {
    bool ciphers_understood = true;
    auto context = made->make_answering(settings.ciphers, ciphers_understood);
    if (!context) {
      out.complaints.push_back("TLS: no memory for " + file);
      continue;
    }
    if (!ciphers_understood && out.complaints.empty())
      out.complaints.push_back(
          cat({"ssl-allowed-ciphers \"", settings.ciphers,
               "\": names no cipher that this OpenSSL has; the default list is used"}));
    if (tickets) SSL_CTX_set_tlsext_ticket_key_evp_cb(context.get(), &TlsContext::use_ticket);
    const auto chain = load_chain(place_of(file, copies), keys);
    auto loaded = chain ? use_chain(file, *chain, context, made->certificates_) : chain.error();
    if (loaded) {
      made->certificates_.push_back(std::move(*loaded));
      continue;
    }
    std::string complaint = loaded.error().what;
    // The old chain gets a context of this load: that of `before` lacks the twin loaded now, and
    // connections are using it.
    if (const Certificate* old = before != nullptr ? before->of_file(file) : nullptr) {
      loaded = use_chain(file, old->chain, std::move(context), made->certificates_);
      if (loaded) made->certificates_.push_back(std::move(*loaded));
      complaint += "; the certificate that was loaded before stays in use";
    }
    out.complaints.push_back(std::move(complaint));
  }
  for (const Certificate& each : made->certificates_)
    if (std::ranges::none_of(made->certificates_, [&](const Certificate& twin) {
          return twin.context == each.context &&
                 has_cipher_for(twin.context.get(), twin.chain->key.get());
        }))
      out.complaints.push_back(cat({"ssl-allowed-ciphers \"", settings.ciphers,
                                    "\": names no cipher for the certificate for ", each.names,
                                    " (", each.kind, "); clients of TLS 1.2 are refused"}));
  if (made->certificates_.empty()) {
    bool unused = true;
    if (settings.begins_bare && made->challenges_)
      made->bare_ = made->make_answering(settings.ciphers, unused);
    if (made->bare_) out.context = std::move(made);
    return out;
  }
  if (tickets)
    made->tickets_ = tickets->with(
        ticket_secrets(made->certificates_, before == nullptr ? nullptr : before->tickets_.get()));
  out.context = std::move(made);
  return out;
}

std::shared_ptr<SSL_CTX> TlsContext::make_answering(const std::string& ciphers,
                                                    bool& ciphers_understood) const {
  auto context = make_context(ciphers, ciphers_understood);
  if (!context) return nullptr;
  SSL_CTX_set_tlsext_servername_callback(context.get(), &TlsContext::choose_certificate);
  if (challenges_) SSL_CTX_set_client_hello_cb(context.get(), &TlsContext::read_hello, nullptr);
  return context;
}

const TlsContext::Certificate* TlsContext::of_file(const std::string& file) const {
  const auto at = std::ranges::find(certificates_, file, &Certificate::file);
  return at == certificates_.end() ? nullptr : &*at;
}

int TlsContext::read_hello(SSL* ssl, int* alert, void*) {
  const auto* self = static_cast<const TlsContext*>(SSL_get_app_data(ssl));
  if (self == nullptr) return SSL_CLIENT_HELLO_SUCCESS;
  const std::string_view protocols =
      hello_part(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation);
  if (is_challenge_hello(protocols)) {
    const auto context =
        self->challenges_->context(to_lower(asked_name(hello_part(ssl, TLSEXT_TYPE_server_name))));
    self->challenges_->count(ChallengeTable::Way::kTls, context != nullptr);
    if (context != nullptr && SSL_set_SSL_CTX(ssl, context.get()) != nullptr)
      return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
  }
  if (!self->certificates_.empty()) return SSL_CLIENT_HELLO_SUCCESS;
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  return SSL_CLIENT_HELLO_ERROR;
}

int TlsContext::choose_certificate(SSL* ssl, int*, void*) {
  const auto* self = static_cast<const TlsContext*>(SSL_get_app_data(ssl));
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  // OpenSSL calls this also after the hello has chosen a challenge's context, which must stay.
  if (is_challenge_context(SSL_get_SSL_CTX(ssl))) return SSL_TLSEXT_ERR_OK;
  if (self == nullptr) return SSL_TLSEXT_ERR_NOACK;
  if (name == nullptr) {
    if (const Certificate* ours = self->of_local_address(ssl))
      SSL_set_SSL_CTX(ssl, ours->context.get());
    return SSL_TLSEXT_ERR_NOACK;
  }
  const Certificate* chosen = nullptr;
  for (const Certificate& certificate : self->certificates_) {
    X509* x509 = SSL_CTX_get0_certificate(certificate.context.get());
    if (X509_check_host(x509, name, 0, 0, nullptr) != 1) continue;
    // A valid certificate is preferred to an expired one.
    const bool is_valid = X509_cmp_current_time(X509_get0_notAfter(x509)) > 0;
    if (chosen == nullptr || is_valid) chosen = &certificate;
    if (is_valid) break;
  }
  if (chosen == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_SSL_CTX(ssl, chosen->context.get());
  return SSL_TLSEXT_ERR_OK;
}

const TlsContext::Certificate* TlsContext::of_local_address(SSL* ssl) const {
  if (!std::any_of(certificates_.begin(), certificates_.end(),
                   [](const Certificate& one) { return one.has_address; }))
    return nullptr;
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  auto* const bare = reinterpret_cast<sockaddr*>(&local);
  if (::getsockname(TlsTransport::fd_of(ssl), bare, &size) != 0) return nullptr;
  const std::string address = Address::from_sockaddr(*bare).ip();
  for (const Certificate& one : certificates_)
    if (one.has_address &&
        X509_check_ip_asc(SSL_CTX_get0_certificate(one.context.get()), address.c_str(), 0) == 1)
      return &one;
  return nullptr;
}

int TlsContext::use_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                           EVP_MAC_CTX* mac, int make) {
  const auto* self = static_cast<const TlsContext*>(SSL_get_app_data(ssl));
  if (self == nullptr || !self->tickets_) return make == 1 ? -1 : 0;
  static const std::string kNone;
  const std::string* secret = &kNone;
  if (make == 1 && SSL_version(ssl) == TLS1_3_VERSION)
    for (const Certificate& certificate : self->certificates_)
      if (certificate.context.get() == SSL_get_SSL_CTX(ssl)) {
        secret = &certificate.ticket_secret;
        break;
      }
  return self->tickets_->use(name, iv, cipher, mac, make == 1, *secret);
}

std::unique_ptr<TlsTransport> TlsContext::accept(std::shared_ptr<const TlsContext> context,
                                                 std::unique_ptr<Transport> below) {
  SslPtr ssl(SSL_new(context->certificates_.empty()
                         ? context->bare_.get()
                         : context->certificates_.front().context.get()));
  if (!ssl) return nullptr;
  SSL_set_app_data(ssl.get(), const_cast<TlsContext*>(context.get()));
  SSL_set_accept_state(ssl.get());
  return TlsTransport::over(std::move(below), std::move(ssl), std::move(context));
}

std::string issuer_of(X509* certificate) {
  for (const int kind : {NID_commonName, NID_organizationName}) {
    std::array<char, 128> text{};
    const int length = X509_NAME_get_text_by_NID(X509_get_issuer_name(certificate), kind,
                                                 text.data(), text.size());
    if (length > 0) return {text.data(), static_cast<std::size_t>(length)};
  }
  return {};
}

bool TlsContext::has_name(std::string_view host, WallTime now) const {
  return std::any_of(certificates_.begin(), certificates_.end(), [&](const Certificate& one) {
    X509* leaf = SSL_CTX_get0_certificate(one.context.get());
    return leaf != nullptr && one.expires > now &&
           X509_cmp_current_time(X509_get0_notBefore(leaf)) < 0 &&
           (X509_check_host(leaf, host.data(), host.size(), 0, nullptr) == 1 ||
            X509_check_ip_asc(leaf, std::string(host).c_str(), 0) == 1);
  });
}

}  // namespace lb
