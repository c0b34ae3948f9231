#include "http/connection_record.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"
#include "http/connections.h"
#include "net/tls/tls_transport.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// Asked a second time it does nothing that the first time has done already.
bool may_ask_again(const Request& request) {
  switch (request.method) {
    case Method::kGet:
    case Method::kHead:
    case Method::kOptions:
    case Method::kSource:
    case Method::kStats:
      return true;
    case Method::kPut:
      return !is_below_api(request);
    default:
      return false;
  }
}

std::string request_text(const Request& request, std::string_view behind,
                         std::initializer_list<std::string_view> without = {},
                         std::string_view more_lines = {}) {
  std::string text = cat({request.method_text, " ", request.target_as_sent(),
                          request.protocol == Protocol::kIce ? " ICE/1." : " HTTP/1.",
                          request.version_minor, "\r\n"});
  for (const auto& [name, value] : request.headers.all())
    if (std::ranges::none_of(without, [&](std::string_view out) { return iequals(name, out); }))
      text += cat({name, ": ", value, "\r\n"});
  return cat({text, more_lines, "\r\n", behind});
}

}  // namespace

std::optional<HeldRequest> Connection::unanswered() const {
  if (!transport_ || half_closed_) return std::nullopt;
  const auto* const tls = dynamic_cast<const TlsTransport*>(transport_.get());
  HeldRequest held{transport_.get(), socket_peer_, socket_, {}, true, socket_secure_, id_};
  if (opening_) {
    const bool moves =
        tls == nullptr ? transport_->can_move() : tls->is_shaking() || tls->can_be_pumped();
    if (!moves) return std::nullopt;
    held.peer = transport_->peer();
    held.opened = held.secure = tls != nullptr;
    if (!held.opened) held.bytes = opening_->header_so_far();
    if (!handshaking()) held.head_time = head_time_left();
    return held;
  }
  if (tls == nullptr ? !transport_->can_move() : !tls->can_be_pumped()) return std::nullopt;
  if (state_ == State::kHead) {
    held.bytes = head_so_far_ + leftover_;
    held.head_time = head_time_left();
    held.kept = kept_;
    if (shoutcast_) held.sent = bytes_sent_;
  } else if (state_ == State::kForm) {
    // Whatever it asks for: nothing of that is done before its body is whole.
    // Its client waits for no "100 Continue" any more.
    held.bytes = request_text(request_, form_, {"expect"});
    held.head_time = head_time_left();
  } else if (state_ == State::kHandling && may_ask_again(request_) &&
             request_.protocol != Protocol::kIcy && form_.empty() &&
             (bytes_sent_ == 0 || begun_status_ != 0)) {
    held.bytes = request_text(request_, leftover_);
    held.status = begun_status_;
    held.sent = bytes_sent_;
  } else if (const std::string rest = rest_lines(); !rest.empty()) {
    held.bytes = request_text(request_, leftover_, {"range", "if-range"}, rest);
    held.status = status_;
    held.sent = bytes_sent_;
  } else if (const ReplyRun* const file = rest_of_file()) {
    held.bytes = request_text(request_, leftover_);
    held.status = status_;
    held.sent = bytes_sent_;
    held.file = *file;
  } else {
    return std::nullopt;
  }
  held.asked_ms = asked_ms_;
  return held;
}

std::int64_t Connection::asked_ms() {
  if (asked_ms_ == 0) asked_ms_ = unix_ms(owner_.loop().clock().wall());
  return asked_ms_;
}

// Of a request for what is not sent of this answer.
std::string Connection::rest_lines() const {
  if (state_ != State::kReplying || !source_ || out_sent_ < out_.size()) return {};
  return source_->rest_lines(bytes_sent_ - body_from_);
}

// Null: it sends none, or also something else.
const ReplyRun* Connection::rest_of_file() const {
  const bool sends = state_ == State::kReplying && sends_file_ && out_sent_ >= out_.size();
  return sends && run_ < runs_.size() ? &runs_[run_] : nullptr;
}

std::chrono::milliseconds Connection::head_time_left() const {
  const auto left = head_until_ - owner_.loop().now();
  return std::max(1ms, std::chrono::duration_cast<std::chrono::milliseconds>(left));
}

std::vector<HeldRequest> Connections::unanswered(bool rests, bool files) {
  std::vector<HeldRequest> all;
  held_.clear();
  for (const auto& [id, connection] : connections_)
    if (auto held = connection->unanswered();
        held && (held->file.fd >= 0 ? files : rests || held->status == 0)) {
      all.push_back(std::move(*held));
      held_.push_back(id);
    }
  return all;
}

void Connections::forget_unanswered() {
  leaving_ = true;
  for (const std::uint64_t id : std::exchange(held_, {}))
    if (const auto at = connections_.find(id); at != connections_.end()) remove(*at->second);
}

}  // namespace lb
