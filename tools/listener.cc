#include "tools/listener.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace lb {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kMaxHead = 16 * 1024;
constexpr std::uint64_t kSameDelivery = 1'000'000;  // pieces nearer than 1 ms were one delivery

// The value of a header, or empty.
std::string_view header_of(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find('\n'));
    head.remove_prefix(std::min(head.size(), line.size() + 1));
    if (line.size() > name.size() && line[name.size()] == ':' &&
        strncasecmp(line.data(), name.data(), name.size()) == 0) {
      std::string_view value = line.substr(name.size() + 1);
      while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
      while (!value.empty() && value.back() == '\r') value.remove_suffix(1);
      return value;
    }
  }
  return {};
}

int number_of(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

void IcyRemover::remove(std::string_view bytes, std::string& audio) {
  if (interval_ == 0) {
    audio.append(bytes);
    return;
  }
  while (!bytes.empty()) {
    std::size_t taken = 1;
    if (text_ != 0) {
      taken = std::min(text_, bytes.size());
      text_ -= taken;
    } else if (left_ != 0) {
      taken = std::min(left_, bytes.size());
      audio.append(bytes.substr(0, taken));
      left_ -= taken;
    } else {
      text_ = 16U * static_cast<unsigned char>(bytes.front());
      blocks_ += text_ != 0 ? 1U : 0U;
      left_ = interval_;
    }
    bytes.remove_prefix(taken);
  }
}

Listener::Listener(const ListenPlan& plan, unsigned index, std::uint64_t due_ns)
    : plan_(plan), index_(index), due_ns_(due_ns) {
  if (index < plan.checking || stalls()) checker_ = std::make_unique<FrameChecker>();
}

bool Listener::connect(const std::string& from) {
  fd_.reset(begin_connect(plan_.to, from, plan_.receive_buffer));
  if (!fd_) refuse(Refusal::kConnect);
  return fd_.valid();
}

void Listener::ask() {
  const std::string request = with_number(plan_.request, index_ % plan_.mounts);
  const auto size = static_cast<ssize_t>(request.size());
  if (send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL) != size) {
    refuse(Refusal::kConnect);
  } else {
    state_ = State::kAsked;
  }
}

void Listener::read(std::uint64_t steady_ns, Seen& seen) {
  static thread_local std::array<char, kReadBytes> in;
  const bool discard = state_ == State::kJoined && !checker_;
  const ssize_t got = recv(fd_.get(), in.data(), in.size(), discard ? MSG_TRUNC : 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0 && state_ != State::kJoined) return refuse(Refusal::kEnded);
  if (got <= 0) {
    fd_.reset();
    state_ = State::kLost;
    return;
  }
  const std::uint64_t now = now_ns();
  std::string_view body(in.data(), static_cast<std::size_t>(got));
  if (state_ == State::kAsked && !read_head(body, body)) return;
  if (body.empty()) return;
  note_delivery(now, steady_ns, body.size(), seen);
  if (checker_) check(body, now, steady_ns, seen);
}

bool Listener::read_head(std::string_view bytes, std::string_view& body) {
  const std::size_t before = head_.size();
  head_.append(bytes);
  const std::size_t end_of_head = head_.find("\r\n\r\n");
  if (end_of_head == std::string::npos) {
    if (head_.size() > kMaxHead) refuse(Refusal::kStatus);
    return false;
  }
  body = bytes.substr(end_of_head + 4 - before);
  const std::string_view head = std::string_view(head_).substr(0, end_of_head + 2);
  status_ = number_of(head.substr(std::min(head.size(), head.find(' ') + 1)));
  if (status_ != 200 || !header_of(head, "Transfer-Encoding").empty()) {
    refuse(Refusal::kStatus);
    return false;
  }
  icy_.set_interval(static_cast<std::size_t>(number_of(header_of(head, "icy-metaint"))));
  state_ = State::kJoined;
  head_ = {};
  return true;
}

void Listener::note_delivery(std::uint64_t now, std::uint64_t steady_ns, std::size_t bytes,
                             Seen& seen) {
  if (first_ns_ == 0) {
    first_ns_ = last_ns_ = now;
  }
  const std::uint64_t gap = now - std::exchange(last_ns_, now);
  const bool warm = now >= first_ns_ + plan_.warm_up_ns;
  if (steady_ns == 0) {
    if (warm) join_gap_ns_ = std::max(join_gap_ns_, gap);
    return;
  }
  steady_bytes_ += bytes;
  ++deliveries_;
  if (!warm || now < steady_ns + plan_.warm_up_ns) return;
  gap_ns_ = std::max(gap_ns_, gap);
  if (checker_ && !stalls() && gap > kSameDelivery) seen.interval.add(gap);
}

void Listener::check(std::string_view body, std::uint64_t now, std::uint64_t steady_ns,
                     Seen& seen) {
  static thread_local std::string audio;
  audio.clear();
  icy_.remove(body, audio);
  const bool timed =
      !stalls() && steady_ns != 0 && now >= std::max(first_ns_, steady_ns) + plan_.warm_up_ns;
  checker_->consume(audio, [&](const FrameStamp& stamp) {
    if (timed && stamp.sent_ns != 0) seen.latency.add(now - stamp.sent_ns);
  });
}

void Listener::give_up() noexcept {
  if (state_ == State::kConnecting || state_ == State::kAsked) refuse(Refusal::kLate);
}

void Listener::finish(std::uint64_t end_ns, std::uint64_t steady_ns) {
  if (first_ns_ == 0 || stalls() || steady_ns == 0) return;
  if (end_ns < std::max(first_ns_, steady_ns) + plan_.warm_up_ns) return;
  gap_ns_ = std::max(gap_ns_, end_ns - std::min(end_ns, last_ns_));
}

void Listener::refuse(Refusal why) noexcept {
  fd_.reset();
  state_ = State::kRefused;
  refusal_ = why;
}

}  // namespace lb
