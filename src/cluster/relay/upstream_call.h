// UpstreamCall: asks one upstream for its stream, following redirects, until an answer streams.
//
// Source: the request that an Icecast 2.4.4 slave sends: HTTP/1.0, User-Agent =
// server-id, Host without port, Icy-MetaData: 1.
// Redirects: 301, 302, 303, 307, 308 to http or https, at most ten; an address that repeats ends
// the call.  Name and password go only to the server that they were configured for.  Streams that
// only this machine can reach are not published: a redirect may lead to public addresses and to
// those of the redirecting server's own kind (net/address/reach.h), and only audio and pictures are
// accepted (not_a_stream()).
//
// A program's stream begins with its first bytes, which must come within head_deadline.
//
// Thread: the connector's loop (control).
// Ownership: the relay; destroying the call ends it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cluster/nodes/pull_fault.h"
#include "cluster/relay/relay_plans.h"
#include "http/body.h"
#include "http/client.h"
#include "net/loop/loop.h"
#include "net/socket/transport.h"

namespace lb {

// ProgramCall: waits for the first bytes of a relay's program: until then it cannot replace another
// stream.
// Ownership: UpstreamCall; destroying it ends the program.
class ProgramCall {
 public:
  struct Begun {
    std::unique_ptr<Transport> transport;
    std::string first;  // bytes
  };
  using Then = UniqueFunction<void(Result<Begun>)>;

  // started: if it is an error, the error is reported later, like all others.  `then` is called
  // once, never from inside this call; it may destroy the call.
  ProgramCall(Loop& loop, Result<std::unique_ptr<Transport>> started,
              std::chrono::milliseconds deadline, Then then);

 private:
  void on_readable(short);
  void finish(Result<Begun> result);

  std::unique_ptr<Transport> transport_;
  std::optional<Error> fault_;
  Then then_;
  Watch watch_;
  Timer late_;
};

struct UpstreamAnswer {
  Headers headers;
  std::unique_ptr<Transport> transport;
  std::string leftover;
  BodyReader body;
  std::size_t metaint = 0;  // of the blocks in the body; 0: none
};

struct UpstreamAsk {
  Upstream upstream;
  std::string user_agent;
  bool icy_metadata = true;
  std::chrono::milliseconds head_deadline{15'000};
  std::string lines = {};  // more header lines, each with CRLF
  // Only for the first request: a mark in them is worthless for the target of a redirect.
  std::string first_lines = {};
  std::vector<std::string> source_types = {};  // of its mount, beside audio and video
  // Starts the program in place of a request; empty: a server is asked.
  std::function<Result<std::unique_ptr<Transport>>()> program = {};
};

class UpstreamCall {
 public:
  using Then = UniqueFunction<void(Result<UpstreamAnswer>)>;

  // `then` is called once, never from inside this call; it may destroy the call.  Errors name the
  // server: "127.0.0.1:8000/live answered 404".
  UpstreamCall(Connector& connector, UpstreamAsk ask, Then then);

  static constexpr int kMaxHops = 10;
  // After `then` has got an error.
  PullFault fault() const noexcept { return fault_; }

 private:
  void ask_at(const HttpUrl& url);
  void on_answer(Result<ClientAnswer> answer);
  void follow(const Response& response);
  void on_program(Result<ProgramCall::Begun> begun);
  void finish(Result<UpstreamAnswer> result, PullFault fault = PullFault::kNoStream);

  Connector& connector_;
  const UpstreamAsk ask_;
  Then then_;
  HttpUrl first_, url_;
  int hops_ = 0;
  std::optional<Reach> from_;  // of the server that has redirected
  PullFault fault_ = PullFault::kNone;
  std::set<std::string> asked_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<ProgramCall> program_;
};

// The whole request. credentials: "user:password", "": none; lines: more header lines.
std::string relay_request(const HttpUrl& url, std::string_view user_agent, bool icy_metadata,
                          std::string_view credentials, std::string_view lines = {});
// Why an answer with status 200 is not a stream; "": it is a stream. more: is_source_type()
std::string not_a_stream(const Response& response, std::span<const std::string> more = {});

}  // namespace lb
