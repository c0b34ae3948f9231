// What is kept of certificates and accounts over a restart, as files of the state directory:
//   acme/accounts/HOST-XXXXXXXX.json  directory, account, key, contact, when (0600); HOST and
//                                     XXXXXXXX are of the directory's URL
//   acme/certificates/NAME.pem        chain and key in one file, replaced in one step (0600)
//   acme/certificates/NAME.json       names, directories, failures in a row and why, the next
//                                     attempt, an order that is under way and its key
// NAME is the first name of the certificate, with ".rsa" behind it where its key is one of RSA.
// Thread: they wait for the disk: clerk.
// Errors: as of base/file; a file that cannot be read is as one that is not there, and is told.
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
  std::string file{};       // NAME, which is not written; "": the first name
  std::string directory{};  // URL of the one that is asked
  std::string issuer{};     // … that has given the certificate; "": none has
  unsigned failures = 0;    // in a row
  unsigned tries = 0;       // … at this directory
  unsigned unshown = 0;     // attempts in a row in which a name was not shown to be ours
  // Unix seconds; 0: not said.
  std::int64_t next = 0;   // the next attempt
  std::int64_t since = 0;  // the directory has failed
  std::int64_t began = 0;  // the renewal
  std::string why{};       // of the last failure, while they last
  // An order of which all names were shown, at `directory`: its URL, its key (PEM), and the account
  // that it is of, with its key; "": none.
  std::string begun{}, key{}, account{}, account_key{};
};

// What is kept of an order as JSON; parse: of names that are no texts nothing is left.
std::string order_text(const KeptOrder& order);
Result<KeptOrder> parse_order(std::string_view text);
// Nothing is left to go on with.
void forget_begun(KeptOrder& order);

// "radio.example.org.pem" of NAME; a wildcard is "_wildcard.…", an address has '-' for ':'.
std::string certificate_path(const std::string& state_dir, std::string_view file);
// Files of certificates that were kept under any NAME, the newest first, until each of `names` is
// in one of them or of `loaded`: the first name may have been another one before.
std::vector<std::string> kept_before(const std::string& state_dir, std::vector<std::string> names,
                                     const std::vector<std::string>& loaded);
// What the names have in those files, before they have a certificate together.
struct FormerCertificates {
  std::optional<WallTime> until;     // the first end; nullopt: a name has none
  std::vector<std::string> without;  // such names
};
FormerCertificates former_certificates(const std::string& state_dir,
                                       const std::vector<std::string>& names);
// "accounts/HOST-XXXXXXXX.json", below acme/
std::string account_file(const std::string& directory);

// kNotFound: nothing is kept.
Result<KeptAccount> read_account(const std::string& state_dir, const std::string& directory);
Result<void> write_account(const std::string& state_dir, const std::string& directory,
                           const KeptAccount& account);
Result<KeptOrder> read_order(const std::string& state_dir, std::string_view file);
Result<void> write_order(const std::string& state_dir, const KeptOrder& order);
Result<void> write_certificate(const std::string& state_dir, std::string_view file,
                               std::string_view chain_and_key);

}  // namespace lb
