#include "http/connection_record.h"

#include <sys/mman.h>
#include <sys/sendfile.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <utility>

#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"
#include "http/connections.h"
#include "net/tls/tls_transport.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// Each copy needs a descriptor, so a short one counts as kShortRest.
constexpr std::uint64_t kShortRest = 64 << 10;

// Whether a repeated request has no further effect.
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
    if (std::ranges::none_of(without,
                             [&field = name](std::string_view out) { return iequals(field, out); }))
      text += cat({name, ": ", value, "\r\n"});
  return cat({text, more_lines, "\r\n", behind});
}

// Appends to the file.  False: see errno, or the range is too short.
bool append_range(int to, int from, std::uint64_t at, std::uint64_t bytes) {
  for (auto offset = static_cast<off_t>(at); bytes > 0;) {
    const ssize_t n = ::sendfile(to, from, &offset, static_cast<std::size_t>(bytes));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes -= static_cast<std::uint64_t>(n);
  }
  return true;
}

}  // namespace

std::optional<HeldRequest> Connection::unanswered(RestRoom& room) {
  if (!transport_) return std::nullopt;
  const auto* const tls = dynamic_cast<const TlsTransport*>(transport_.get());
  HeldRequest held{{socket_peer_, {}, true, socket_secure_, id_}, transport_.get(), socket_};
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
    // The request has no effect before its body is complete.  Its client does not wait for "100
    // Continue" any more.
    held.bytes = request_text(request_, form_, {"expect"});
    held.head_time = head_time_left();
  } else if (state_ == State::kHandling && is_repeatable()) {
    held.bytes = form_.empty() ? request_text(request_, leftover_)
                               : request_text(request_, form_ + leftover_, {"expect"});
    held.status = static_cast<std::uint32_t>(begun_status_);
    if (form_.empty()) held.sent = bytes_sent_;
  } else if (const std::string rest = rest_lines(); !rest.empty()) {
    held.bytes = request_text(request_, leftover_, {"range", "if-range"}, rest);
    held.status = static_cast<std::uint32_t>(status_);
    held.sent = bytes_sent_;
  } else if (room.files && (rest_is_file() || share_rest(room) || gather_rest(room))) {
    held.bytes =
        request_text(request_, leftover_, {"content-length", "transfer-encoding", "expect"});
    held.status = static_cast<std::uint32_t>(status_);
    held.sent = bytes_sent_;
    held.file = runs_[run_];
    held.is_probe = is_probe;
  } else {
    return std::nullopt;
  }
  held.asked_ms = asked_ms_;
  held.keeps = state_ == State::kReplying ? keep_alive_ : begun_keeps_;
  return held;
}

// Before an answer has begun, the only bytes sent to a request with a body are "100 Continue".
bool Connection::is_repeatable() const {
  const bool silent = bytes_sent_ == 0 || begun_status_ != 0 || !form_.empty();
  return silent && request_.protocol != Protocol::kIcy &&
         repeatable_.value_or(form_.empty() && may_ask_again(request_));
}

std::int64_t Connection::asked_ms() {
  if (asked_ms_ == 0) asked_ms_ = unix_ms(owner_.loop().clock().wall());
  return asked_ms_;
}

// The lines of a request for the unsent part of this answer.
std::string Connection::rest_lines() const {
  if (state_ != State::kReplying || !source_ || out_sent_ < out_.size()) return {};
  return source_->rest_lines(bytes_sent_ - body_from_);
}

bool Connection::rest_is_file() const noexcept {
  return state_ == State::kReplying && sends_file_ && out_sent_ >= out_.size() &&
         run_ < runs_.size();
}

// Many clients may read one page; all of them share the copy made for the first.
bool Connection::share_rest(RestRoom& room) {
  if (!room.shared || state_ != State::kReplying || !head_whole_ || shoutcast_ ||
      page_.bytes.empty() || out_sent_ < out_.size() || !runs_.empty() || source_)
    return false;
  const std::uint64_t size = page_.bytes.size(), taken = std::max(size, kShortRest);
  auto& copy = room.bodies[{page_.bytes.data(), page_.bytes.size()}];
  if (!copy) {
    auto file = std::make_shared<const UniqueFd>(::memfd_create("answer", MFD_CLOEXEC));
    if (taken > room.bytes || !*file || !write_all(file->get(), page_.bytes)) return false;
    room.bytes -= taken;
    copy = std::move(file);
  }
  const std::uint64_t sent = out_sent_ - out_.size();
  out_.clear();
  page_ = {};
  out_sent_ = run_ = 0;
  runs_ = {ReplyRun::of_file(copy, copy->get(), sent, size - sent)};
  return sends_file_ = true;
}

// Turns the unsent part of the answer into a file: its bytes are in the memory of this process, or
// in a log, whose next writer keeps them only for its own readers.  False: the answer is unchanged.
bool Connection::gather_rest(RestRoom& room) {
  if (state_ != State::kReplying || !head_whole_ || shoutcast_) return false;
  const auto* const made = dynamic_cast<const MadeSource*>(source_.get());
  if (source_ && made == nullptr) return false;
  std::uint64_t bytes = out_.size() + page_.bytes.size() - out_sent_ +
                        (piece_.bytes.size() - piece_sent_) + (source_ ? made->left() : 0);
  for (const ReplyRun& run : runs_) bytes += run.bytes;
  const std::uint64_t taken = std::max(bytes, kShortRest);
  if (bytes == 0 || taken > room.bytes) return false;
  const auto file = std::make_shared<const UniqueFd>(::memfd_create("answer", MFD_CLOEXEC));
  if (!*file) return false;
  const auto put = [&file](std::string_view text) { return write_all(file->get(), text); };
  const std::size_t of_head = std::min(out_sent_, out_.size());
  if (!put(std::string_view(out_).substr(of_head)) || !put(page_.bytes.substr(out_sent_ - of_head)))
    return false;
  for (const ReplyRun& run : runs_)
    if (run.fd >= 0 ? !append_range(file->get(), run.fd, run.at, run.bytes)
                    : !put(std::string_view(run.text).substr(run.at, run.bytes)))
      return false;
  if (source_) {
    // The source becomes one piece, which is sent from memory if the file fails.
    while (made->left() > 0) piece_.bytes += source_->next().bytes;
    piece_.kind = ReplySource::Piece::Kind::kBytes;
    if (!put(std::string_view(piece_.bytes).substr(piece_sent_))) return false;
    source_.reset();
    piece_ = {};
    piece_sent_ = 0;
  }
  room.bytes -= taken;
  out_.clear();
  page_ = {};
  out_sent_ = run_ = 0;
  runs_ = {ReplyRun::of_file(file, file->get(), 0, bytes)};
  return sends_file_ = true;
}

std::chrono::milliseconds Connection::head_time_left() const {
  const auto left = head_until_ - owner_.loop().now();
  return std::max(1ms, std::chrono::duration_cast<std::chrono::milliseconds>(left));
}

std::vector<HeldRequest> Connections::unanswered(bool rests, bool files, bool shared) {
  std::vector<HeldRequest> all;
  held_.clear();
  RestRoom room{.files = files, .shared = shared};
  for (const auto& [id, connection] : connections_)
    if (auto held = connection->unanswered(room);
        held && (rests || held->status == 0 || held->file.fd >= 0)) {
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
