// SessionToken: what a browser shows to prove that it has logged in: "v1.PAYLOAD.SIGNATURE", both
// in base64url; and "h1.…", the same for the way to another node.
//
// The payload is JSON:
// {"sid","of","root","by","file","user","role","account","mounts","addresses","epoch","aud","kid",
// "login","iat","exp"}; times are Unix seconds.  The signature is Ed25519 over everything before
// the last point, so a token of one kind is not valid as the other.
// What a token says counts only after session_book.h has judged it.
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
  std::string parent;      // of the session at the master that handed it over; "": it began here
  std::string root;        // of the session that the password began; "": the parent, or this one
  std::string vouched_by;  // the key by which it was handed over; "": it began here
  bool file = false;       // the administrator of a master's configuration file: it has no record
  std::string user;
  Role role = Role::kNone;  // when it was signed; where the user is known, its record counts
  std::string account;
  std::vector<std::string> mounts;
  bool addresses = false;
  std::uint64_t epoch = 0;  // of the user
  std::string audience;     // the node that it is for
  std::string kid;          // of the key that signed it
  std::int64_t login = 0;   // when the password was given
  std::int64_t issued = 0, expires = 0;
  bool operator==(const Session&) const = default;
};

// One login has one, wherever its sessions are handed over.
const std::string& login_root(const Session& session);

enum class TokenKind : std::uint8_t { kSession, kHandover };

constexpr std::size_t kMaxTokenBytes = 2048;
constexpr std::size_t kMaxTokenMounts = 64;

// Of more mounts than there is room for, the last ones are left out: fewer rights, never more.
// REQUIRES: session.kid names `key`
std::string make_token(TokenKind kind, const Session& session, const SigningKey& key);

// A token taken apart; its signature has not been judged.
struct UnprovenToken {
  Session session;
  std::string_view signed_part;  // of the text given
  std::string signature;
};
// nullopt: another kind, too long, not written as make_token() writes it.
std::optional<UnprovenToken> take_token_apart(TokenKind kind, std::string_view text);

}  // namespace lb
