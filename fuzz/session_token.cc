// What a browser shows as its session, and what another master hands over: no text opens anything
// that no key of ours has signed, and what is taken apart is within its bounds and written again as
// it was.
#include "auth/login/session_token.h"

#include <string>

#include "auth/login/session_book.h"
#include "check.h"

using namespace lb;

namespace {

const SigningKey& fixed_key() {
  static const SigningKey key = *SigningKey::from_seed(std::string(SigningKey::kSeedBytes, 'k'));
  return key;
}

void try_kind(TokenKind kind, std::string_view text) {
  const auto token = take_token_apart(kind, text);
  if (!token) return;
  const Session& session = token->session;
  fuzz::must(text.size() <= kMaxTokenBytes, "a token that is too long");
  fuzz::must(text.starts_with(token->signed_part) && token->signed_part.size() < text.size(),
             "what is signed is not a part of the token");
  fuzz::must(session.mounts.size() <= kMaxTokenMounts, "too many mounts");
  fuzz::must(!session.sid.empty() && !session.user.empty() && !session.audience.empty() &&
                 !session.kid.empty() && session.expires >= 0,
             "a token without what it needs");
  fuzz::must(!signature_holds(fixed_key().public_key(), token->signed_part, token->signature),
             "a signature that was found by chance");
  // Of too many mounts some are left out.
  const std::string made = make_token(kind, session, fixed_key());
  const auto again = take_token_apart(kind, made);
  if (made.size() > kMaxTokenBytes) return;  // of one name that is longer than a token
  fuzz::must(again.has_value(), "a token is not read as it is written", made);
  Session fewer = session;
  fewer.mounts.resize(again->session.mounts.size());
  fuzz::must(again->session == fewer, "a token is read as another", made);
  fuzz::must(signature_holds(fixed_key().public_key(), again->signed_part, again->signature),
             "its own signature");
  const TokenKind other = kind == TokenKind::kSession ? TokenKind::kHandover : TokenKind::kSession;
  fuzz::must(!take_token_apart(other, made), "a token is of two kinds");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  try_kind(TokenKind::kSession, text);
  try_kind(TokenKind::kHandover, text);
  return 0;
}
