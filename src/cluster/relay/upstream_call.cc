#include "cluster/relay/upstream_call.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "http/stream_type.h"
#include "http/text.h"
#include "net/address/host_name.h"

namespace lb {
namespace {

constexpr std::uint64_t kLargestMetaint = 1 << 24;

std::string text_of(const HttpUrl& url) {
  return cat({url.tls ? "https://" : "http://", url_host(url.host), ":", url.port, url.target});
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

std::string relay_request(const HttpUrl& url, std::string_view user_agent, bool icy_metadata,
                          std::string_view credentials, std::string_view lines) {
  std::string request =
      cat({"GET ", url.target, " HTTP/1.0\r\nUser-Agent: ", without_controls(user_agent),
           "\r\nHost: ", url_host(url.host), "\r\n"});
  if (icy_metadata) request += "Icy-MetaData: 1\r\n";
  if (!credentials.empty())
    request += cat({"Authorization: Basic ", base64_encode(credentials), "\r\n"});
  return request.append(lines) + "\r\n";
}

std::string not_a_stream(const Response& response, std::span<const std::string> more) {
  const Headers& headers = response.headers;
  const std::string_view type = headers.get("content-type");
  // A page, a playlist or a plain file is no stream, and must not be served under the name of this
  // mount.
  if (is_stream_type(type)) return {};
  // SHOUTcast servers omit the type for MP3; a source may send bytes of any kind.
  const auto& all = headers.all();
  const bool icy = response.icy || std::any_of(all.begin(), all.end(), [](const auto& header) {
                     return istarts_with(header.first, "icy-");
                   });
  if (icy && (type.empty() || is_source_type(type, more))) return {};
  // A type that the configuration names.
  if (is_source_type(type, more) && !is_source_type(type, {})) return {};
  if (type.empty()) return "answered without a Content-Type, which is not a stream";
  return cat({"answered with ", type.substr(0, std::min<std::size_t>(60, type.find(';'))),
              ", which is not a stream"});
}

UpstreamCall::UpstreamCall(Connector& connector, UpstreamAsk ask, Then then)
    : connector_(connector), ask_(std::move(ask)), then_(std::move(then)) {
  if (ask_.program) {
    program_ = std::make_unique<ProgramCall>(
        connector_.loop(), ask_.program(), ask_.head_deadline,
        [this](Result<ProgramCall::Begun> begun) { on_program(std::move(begun)); });
    return;
  }
  const ConnectTarget& target = ask_.upstream.target;
  first_.tls = target.tls;
  first_.host = target.host;
  first_.port = target.port;
  first_.target = percent_encode(ask_.upstream.mount, true);
  if (ask_.upstream.as_in_url)
    if (const auto url = parse_http_url(ask_.upstream.mount, first_)) first_.target = url->target;
  ask_at(first_);
}

void UpstreamCall::on_program(Result<ProgramCall::Begun> begun) {
  if (!begun) {
    finish(begun.error(), fault_of(begun.error().code));
    return;
  }
  UpstreamAnswer out;
  out.headers.add("content-type", ask_.upstream.content_type);
  out.transport = std::move(begun->transport);
  out.leftover = std::move(begun->first);
  finish(std::move(out));
}

void UpstreamCall::ask_at(const HttpUrl& url) {
  url_ = url;
  asked_.insert(text_of(url));
  const bool same_server =
      url.host == first_.host && url.port == first_.port && url.tls == first_.tls;
  std::string credentials;
  if (same_server && !ask_.upstream.username.empty() && !ask_.upstream.password.empty())
    credentials = cat({ask_.upstream.username, ":", ask_.upstream.password});
  ClientRequest request;
  request.target = ask_.upstream.target;
  request.target.host = url.host;
  request.target.port = url.port;
  request.target.tls = url.tls;
  if (from_ && !same_server && !ask_.upstream.private_redirects) request.target.named_by = from_;
  request.head = relay_request(url, ask_.user_agent, ask_.icy_metadata, credentials,
                               hops_ == 0 ? ask_.lines + ask_.first_lines : ask_.lines);
  request.connect_deadline = ask_.upstream.connect_deadline;
  request.head_deadline = ask_.head_deadline;
  client_ = std::make_unique<Client>(
      connector_, std::move(request),
      [this](Result<ClientAnswer> answer) { on_answer(std::move(answer)); });
}

void UpstreamCall::on_answer(Result<ClientAnswer> answer) {
  const std::string who = text_of(url_) + " ";
  if (!answer) {
    finish(Error{answer.error().code, who + answer.error().what}, fault_of(answer.error().code));
    return;
  }
  const Response& response = answer->response;
  if (is_redirect(response.status)) {
    from_ = reach_of(answer->transport->peer());
    follow(response);
    return;
  }
  if (response.status < 200 || response.status > 299) {
    finish(Error::not_found(
               cat({who, "answered ", response.status, " ", response.reason.substr(0, 60)})),
           fault_of_status(response.status));
    return;
  }
  if (const std::string why = not_a_stream(response, ask_.source_types); !why.empty()) {
    finish(Error::unsupported(who + why));
    return;
  }
  auto body = BodyReader::for_response(response.headers, true);
  if (!body) {
    finish(Error::unsupported(who + body.error().what));
    return;
  }
  UpstreamAnswer out;
  out.body = *body;
  if (const auto metaint = parse_u64(response.headers.get("icy-metaint"));
      metaint && *metaint < kLargestMetaint)
    out.metaint = static_cast<std::size_t>(*metaint);
  out.headers = std::move(answer->response.headers);
  out.transport = std::move(answer->transport);
  out.leftover = std::move(answer->leftover);
  finish(std::move(out));
}

void UpstreamCall::follow(const Response& response) {
  const std::string who = text_of(url_) + " ";
  const std::string* location = response.headers.find("location");
  if (location == nullptr) {
    finish(Error::invalid(who + "redirects without a Location"));
    return;
  }
  const auto next = parse_http_url(*location, url_);
  if (!next) {
    finish(Error::invalid(cat({who, "redirects, but ", next.error().what})));
  } else if (++hops_ > kMaxHops) {
    finish(Error::limit(cat({who, "redirects more than ", kMaxHops, " times"})));
  } else if (asked_.contains(text_of(*next))) {
    finish(Error::limit(who + "redirects in a circle"));
  } else {
    ask_at(*next);
  }
}

void UpstreamCall::finish(Result<UpstreamAnswer> result, PullFault fault) {
  if (!result) fault_ = fault;
  auto then = std::move(then_);
  then(std::move(result));  // may destroy this
}

ProgramCall::ProgramCall(Loop& loop, Result<std::unique_ptr<Transport>> started,
                         std::chrono::milliseconds deadline, Then then)
    : then_(std::move(then)), late_(loop, [this] {
        finish(fault_ ? *fault_ : Error::timeout("the program has written nothing in time"));
      }) {
  if (!started) {
    fault_ = started.error();
    late_.after(std::chrono::microseconds(0));
    return;
  }
  transport_ = std::move(*started);
  watch_.start<&ProgramCall::on_readable>(loop, transport_->fd(), EV_READ, this);
  late_.after(deadline);
}

void ProgramCall::on_readable(short) {
  std::array<std::byte, 4096> buffer;
  const IoResult got = transport_->read(buffer);
  if (got.status == IoStatus::kAgain) return;
  if (got.status != IoStatus::kDone) {
    finish(Error::closed("the program has ended before it wrote anything"));
    return;
  }
  std::string first(reinterpret_cast<const char*>(buffer.data()), got.bytes);
  finish(Begun{std::move(transport_), std::move(first)});
}

void ProgramCall::finish(Result<Begun> result) {
  watch_.stop();
  late_.cancel();
  if (!result) transport_.reset();
  auto then = std::move(then_);
  then(std::move(result));  // may destroy this
}

}  // namespace lb
