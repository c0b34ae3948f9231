// Answers of the API as HTTP: JSON with revision, location and link, or a problem document.
// Source: RFC 9457, RFC 8288; doc/api.md.
// Thread: the connection's worker.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "api/request/request.h"
#include "http/connection.h"

namespace lb {

struct Worker;

void send_json(Worker& worker, Connection& connection, std::string body);
// extra: complete header lines.
void send_problem(Worker& worker, Connection& connection, const Problem& problem,
                  std::string extra = {});
void send_api_answer(Worker& worker, Connection& connection, ApiOutcome answer);
// For another thread: answers the connection with this id, if it still waits.
std::function<void(ApiOutcome)> answer_later(Worker& worker, std::uint64_t id);

inline constexpr std::string_view kLiveEndpoint = "readLive";

// REQUIRES: follow_live() (api/records/live_plans.h) has admitted the request
void begin_live(Worker& worker, Connection& connection, const ApiRequest& asked,
                const ApiCaller& who);

}  // namespace lb
