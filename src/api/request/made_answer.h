// MadeAnswer: the answer to a request with an Idempotency-Key, kept in the store for 24 hours under
// made/SHA256.  The same request then gets the same bytes again, with the same password.
//
// It is sealed with a key derived from the client's Idempotency-Key, so the store cannot open it.
// Name and seal depend on the login, so that equal keys of two logins never meet.
// Source: doc/api.md.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "api/request/request.h"
#include "api/request/secrets.h"

namespace lb {

constexpr std::size_t kLeastIdempotencyKey = 8, kMaxIdempotencyKey = 128;

bool is_idempotency_key(std::string_view key) noexcept;

// REQUIRES, for all functions: request.key
// "made/…" of this login and key.
std::string made_key(const ApiRequest& request, const ApiCaller& caller);
std::string seal_answer(const ApiRequest& request, const ApiCaller& caller, const ApiAnswer& answer,
                        const RandomBytes& random);
// The kept answer; or "key-reused" if it was made for another request.
ApiOutcome open_answer(const ApiRequest& request, const ApiCaller& caller, std::string_view kept);

}  // namespace lb
