// Reads a request of the API for its plan, or returns its error.
// Source: doc/api.md.
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "api/endpoints.h"
#include "api/request/problem.h"
#include "api/request/request.h"
#include "http/message.h"

namespace lb {

constexpr std::uint64_t kMaxApiBodyBytes = 64 * 1024;

// Percent-encoded, without its query.
std::string_view path_as_sent(const Request& request);

// The length of the body to read, by the head.
std::variant<std::uint64_t, Problem> body_bytes(const Request& request, const Endpoint& endpoint);

// REQUIRES: found.endpoint; body: whole
std::variant<ApiRequest, Problem> read_request(const Request& request, FoundEndpoint found,
                                               std::string body);

}  // namespace lb
