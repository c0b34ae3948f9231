// MadeAnswer: the answer to a request with an Idempotency-Key, kept in the store for 24 hours under
// made/SHA256, so that the same request gets the same bytes again, the password in it included.
//
// It is sealed with a key that is made of the client's Idempotency-Key: the store cannot open it.
// Key and seal belong to the login, so that one login never meets the keys of another.
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

// REQUIRES, of all: request.key
// "made/…" of this login and key.
std::string made_key(const ApiRequest& request, const ApiCaller& caller);
std::string seal_answer(const ApiRequest& request, const ApiCaller& caller, const ApiAnswer& answer,
                        const RandomBytes& random);
// What was answered; or "key-reused", where it was another request.
ApiOutcome open_answer(const ApiRequest& request, const ApiCaller& caller, std::string_view kept);

}  // namespace lb
