// Problem: an error answer of the API, as application/problem+json.  Its name is a row of one
// table, which is also printed into openapi.json and doc/api.md.
// Source: RFC 9457; the names: doc/api.md.
//
// Thread: plain values, a constant table.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace lb {

enum class ProblemName : std::uint8_t {
  kBadRequest,
  kUnauthorised,
  kLogin,
  kWrongLogin,
  kForbidden,
  kOtherSite,
  kPlainHttp,
  kNotFound,
  kNoSuchNode,
  kApiOff,
  kMethod,
  kExists,
  kMountExists,
  kInFile,
  kExternal,
  kNoRoom,
  kQuota,
  kBusy,
  kNoStore,
  kNotEmpty,
  kNoSource,
  kHandedOver,
  kOrigin,
  kRefused,
  kLengthRequired,
  kChanged,
  kTooLarge,
  kAddressTooLong,
  kMediaType,
  kRange,
  kNotHere,
  kInvalid,
  kKeyReused,
  kSlowed,
  kHeadTooLarge,
  kUnknownMethod,
  kReadOnly,
  kOverloaded,
  kVersion,
};

struct ProblemKind {
  std::string_view name;
  int status;
  std::string_view title;
};
std::span<const ProblemKind> problem_kinds() noexcept;
const ProblemKind& problem_kind(ProblemName name) noexcept;

struct Problem {
  ProblemName name = ProblemName::kBadRequest;
  std::string detail = {};  // subject, what happened, the number
  std::vector<JsonFault> errors = {};
  // Further members: texts, and lists of texts.
  std::vector<std::pair<std::string, std::string>> members = {};
  std::vector<std::pair<std::string, std::vector<std::string>>> lists = {};

  std::chrono::seconds retry_after{0};  // also as a header; 0: not given

  int status() const noexcept { return problem_kind(name).status; }
};

// For errors of the server before or beside the API; the closest problem for the status.
ProblemName problem_of_status(int status) noexcept;

// The faults as a problem "invalid".
Problem invalid(std::vector<JsonFault> faults);
// One fault.
Problem invalid_at(std::string pointer, std::string detail);

// A problem of a parameter of the query.
Problem at_parameter(Problem problem, std::string_view parameter);
Problem wrong_parameter(std::string_view parameter, std::string detail);

// instance: the requested path.
std::string problem_json(const Problem& problem, std::string_view instance);

}  // namespace lb
