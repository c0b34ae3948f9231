#include "cluster/nodes/pull_fault.h"

#include <array>

namespace lb {
namespace {

struct Row {
  PullFault fault;
  std::string_view word, text;
};
constexpr auto kRows = std::to_array<Row>({
    {PullFault::kNone, "", ""},
    {PullFault::kRefused, "refused", "the connection is refused"},
    {PullFault::kTimeout, "timeout", "no answer in time"},
    {PullFault::kClosed, "closed", "the connection breaks"},
    {PullFault::kTls, "tls", "TLS fails"},
    {PullFault::kDenied, "denied", "it is not let in (401 or 403)"},
    {PullFault::kNotFound, "not-found", "the mount is not there (404)"},
    {PullFault::kStatus, "status", "the answer is an error"},
    {PullFault::kNoStream, "no-stream", "the answer is not a stream"},
    {PullFault::kCircle, "circle", "the stream comes from that node itself"},
    {PullFault::kOther, "other", "for a reason that this version does not know"},
});

}  // namespace

std::string_view to_text(PullFault fault) noexcept {
  for (const Row& row : kRows)
    if (row.fault == fault) return row.word;
  return "other";
}

std::string_view describe(PullFault fault) noexcept {
  for (const Row& row : kRows)
    if (row.fault == fault) return row.text;
  return "";
}

PullFault parse_pull_fault(std::string_view word) noexcept {
  for (const Row& row : kRows)
    if (row.word == word) return row.fault;
  return PullFault::kOther;
}

bool is_of_path(PullFault fault) noexcept {
  return fault == PullFault::kRefused || fault == PullFault::kTimeout ||
         fault == PullFault::kClosed || fault == PullFault::kTls;
}

PullFault fault_of(Error::Code code) noexcept {
  switch (code) {
    case Error::Code::kTimeout:
      return PullFault::kTimeout;
    case Error::Code::kClosed:
      return PullFault::kClosed;
    case Error::Code::kDenied:  // the connector's code for a failed handshake
      return PullFault::kTls;
    case Error::Code::kIo:
    case Error::Code::kNotFound:  // the name was not found
      return PullFault::kRefused;
    case Error::Code::kInvalid:
    case Error::Code::kLimit:
    case Error::Code::kUnsupported:
      return PullFault::kNoStream;
  }
  return PullFault::kOther;
}

PullFault fault_of_status(int status) noexcept {
  constexpr int kUnauthorised = 401, kForbidden = 403, kNotFound = 404, kGone = 410;
  if (status >= 200 && status < 300) return PullFault::kNone;
  if (status == kUnauthorised || status == kForbidden) return PullFault::kDenied;
  if (status == kNotFound || status == kGone) return PullFault::kNotFound;
  return PullFault::kStatus;
}

}  // namespace lb
