// The endpoints of /api/v1: one table for routing requests, for openapi.json and doc/api.md, and
// for the tests.
//
// Thread: constant tables, pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/request/request.h"
#include "auth/login/roles.h"
#include "http/message.h"

namespace lb {

struct PlanContext;

constexpr std::string_view kApiPath = "/api/v1";

struct Endpoint {
  std::string_view name;  // "createMount"
  Method method;
  std::string_view path;                     // below kApiPath: "/mounts/{mount}"
  Role least;                                // kNone: without a login
  int status;                                // of success
  std::string_view body;                     // the schema of the request; "": none
  std::string_view answer;                   // the schema of the answer; "": none
  bool keyed;                                // takes an Idempotency-Key
  Plan (*plan)(const PlanContext& context);  // null: a stage or the server answers it
  std::string_view summary;
  // The endpoint needs no store: it gives an order to the running server or shows its state.  Its
  // GET takes the same way as a change, by control and the clerk.
  bool order_only = false;
  Look look = Look::kNothing;
  bool places = false;  // chooses a home for a mount

  // Whether the body is a picture, or CSV, instead of JSON.
  bool takes_picture() const noexcept { return body == "Picture"; }
  bool takes_csv() const noexcept { return body == "PlayLog"; }
};
std::span<const Endpoint> endpoints() noexcept;
// Whether login_stage() answers it, because it is about the session itself.
inline bool is_of_session(const Endpoint& endpoint) noexcept {
  return endpoint.path.starts_with("/session");
}
// Whether its plan runs on the thread of the audience's database.
inline bool is_of_audience(const Endpoint& endpoint) noexcept {
  return endpoint.path.starts_with("/audience/");
}

struct FoundEndpoint {
  const Endpoint* endpoint = nullptr;  // null: see `allow`
  std::vector<std::string> names;      // decoded, in the order of the path
  std::string allow;                   // methods of the path; "": unknown path
};
// path: as sent, percent-encoded, with kApiPath.
FoundEndpoint find_endpoint(Method method, std::string_view path);

}  // namespace lb
