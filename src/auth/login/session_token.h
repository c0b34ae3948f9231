// SessionToken: a browser's proof of its login: "v1.PAYLOAD.SIGNATURE", both in base64url; and
// "h1.…", the same for the way to another node.
//
// The payload is JSON:
// {"sid","of","root","by","file","user","role","account","mounts","addresses","epoch","aud","kid",
// "login","iat","exp"}; times are Unix seconds.  The signature is Ed25519 over everything before
// the last point, so a token of one kind is not valid as the other.
// A token's content counts only after session_book.h has checked it.
// Thread: pure functions.
// Bounds: 2048 bytes; 64 mounts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/login/roles.h"
#include "net/crypto/signing.h"

namespace lb {

struct Session {
  std::string sid;         // 128 random bits; of a hand-over: good for one use
  std::string parent;      // the session at the master that handed it over; "": began here
  std::string root;        // the session of the password; "": the parent, or this one
  std::string vouched_by;  // the key that signed the hand-over; "": began here
  bool file = false;       // the administrator of a master's configuration file, without a record
  std::string user;
  Role role = Role::kNone;  // when it was signed; the record of a known user has priority
  std::string account;
  std::vector<std::string> mounts;
  bool addresses = false;
  std::uint64_t epoch = 0;  // of the user
  std::string audience;     // the node that accepts it
  std::string kid;          // of the key that signed it
  std::int64_t login = 0;   // when the password was given
  std::int64_t issued = 0, expires = 0;
  bool operator==(const Session&) const = default;
};

// Unique to a login, wherever its sessions are handed over.
const std::string& login_root(const Session& session);

enum class TokenKind : std::uint8_t { kSession, kHandover };

constexpr std::size_t kMaxTokenBytes = 2048;
constexpr std::size_t kMaxTokenMounts = 64;

// If there are too many mounts, the last ones are left out: fewer rights, never more.  REQUIRES:
// session.kid names `key`
std::string make_token(TokenKind kind, const Session& session, const SigningKey& key);

// The parts of a token, whose signature is not checked yet.
struct UnprovenToken {
  Session session;
  std::string_view signed_part;  // of the text given
  std::string signature;
};
// nullopt: another kind, too long, or not in the form of make_token().
std::optional<UnprovenToken> take_token_apart(TokenKind kind, std::string_view text);

}  // namespace lb
