// Certificates, accounts and orders kept over a restart, as files of the state directory:
//   acme/accounts/HOST-XXXXXXXX.json  directory, account, key, contact, when (0600); HOST and
//                                     XXXXXXXX are of the directory's URL
//   acme/certificates/NAME.pem        chain and key in one file, replaced in one step (0600)
//   acme/certificates/NAME.json       names, directories, failures in a row and why, the next
//                                     attempt, an order that is under way and its key
// NAME is the first name of the certificate, followed by ".rsa" for an RSA key.
// Thread: the clerk; reads and writes wait for the disk.
// Errors: as of base/file; an unreadable file counts as missing and is logged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace lb {

struct KeptAccount {
  std::string url;        // of the account; "": none yet
  std::string key;        // PEM
  std::string contact{};  // the e-mail address; "": none
  std::int64_t made = 0;  // Unix seconds
};

struct KeptOrder {
  std::vector<std::string> names;
  std::string file{};       // NAME, which is not stored; "": the first name
  std::string directory{};  // the URL of the present authority
  std::string issuer{};     // the issuer of the certificate; "": none yet
  unsigned failures = 0;    // in a row
  unsigned tries = 0;       // … at this directory
  unsigned unshown = 0;     // failed validations in a row
  // Unix seconds; 0: not set.
  std::int64_t next = 0;     // the next attempt
  std::int64_t since = 0;    // the directory's first failure
  std::int64_t began = 0;    // the start of the renewal
  std::int64_t asked = 0;    // seconds until `next` by the authority's Retry-After; 0: none
  std::int64_t ordered = 0;  // an operator's order, until a success
  std::string why{};         // the last failure, until a success
  // A validated order at `directory`: its URL, its key (PEM), and its account with the account's
  // key; "": none.
  std::string begun{}, key{}, account{}, account_key{};
  // Chain and key (PEM) of a certificate that is to be revoked once it is replaced, and the URL of
  // its authority; "": none.
  std::string compromised{}, compromised_of{};
};

// The kept order as JSON; names that are not texts are lost in parsing.
std::string order_text(const KeptOrder& order);
Result<KeptOrder> parse_order(std::string_view text);
// Forgets the order that could be continued.
void forget_begun(KeptOrder& order);

// The answer to http-01 of another program of this machine (--check-https), for its duration.
std::string own_answer_path(const std::string& state_dir, std::string_view token);

// "radio.example.org.pem" of NAME; a wildcard is "_wildcard.…", an address has '-' for ':'.
std::string certificate_path(const std::string& state_dir, std::string_view file);
// The kept order of the same certificate.
std::string order_path(const std::string& state_dir, std::string_view file);
// All usable files of kept certificates, newest first.
std::vector<std::string> kept_certificates(const std::string& state_dir, WallTime now);
// Copies the newest usable certificate of the same names and key type, with its order, to `file` if
// it has another first name: the present one may be older, and its key given up.
void keep_by_new_first_name(const std::string& state_dir, const std::string& file,
                            const std::vector<std::string>& names, WallTime now);
// Files of kept certificates under any NAME, newest first, until each of `names` is in one of them
// or in `loaded`: NAME changes if the first name changes.
std::vector<std::string> kept_before(const std::string& state_dir, std::vector<std::string> names,
                                     const std::vector<std::string>& loaded);
// The coverage of names by these files, until one certificate has all of them.
struct FormerCertificates {
  std::optional<WallTime> until;     // the first end; nullopt: a name has none
  std::vector<std::string> without;  // such names
};
FormerCertificates former_certificates(const std::string& state_dir,
                                       const std::vector<std::string>& names);
// "accounts/HOST-XXXXXXXX.json", below acme/
std::string account_file(const std::string& directory);

// kNotFound: no account is kept.
Result<KeptAccount> read_account(const std::string& state_dir, const std::string& directory);
Result<void> write_account(const std::string& state_dir, const std::string& directory,
                           const KeptAccount& account);
Result<KeptOrder> read_order(const std::string& state_dir, std::string_view file);
Result<void> write_order(const std::string& state_dir, const KeptOrder& order);
Result<void> write_certificate(const std::string& state_dir, std::string_view file,
                               std::string_view chain_and_key);

}  // namespace lb
