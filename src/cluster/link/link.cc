#include "cluster/link/link.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/cat.h"
#include "net/loop/loop.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// Limits the time for one link, so that others are not delayed.
constexpr int kReadsAWake = 32;
constexpr std::size_t kPiece = 16384;
constexpr std::size_t kMaxRowBytes = 64 << 20;
constexpr std::size_t kMaxBeforeBye = 64 << 10;
constexpr auto kRowPause = 25ms;
// That the kernel has not sent: what it has taken stands before the next LOAD.
constexpr std::size_t kMaxUnsent = 16 << 10;
// The queue is compacted when this many of its bytes are written.
constexpr std::size_t kCompactAt = 64 * 1024;
// Shorter than any silence after which a link ends.
constexpr auto kLongestRest = 250ms;
constexpr std::chrono::microseconds kLookTogether = 250ms;

// 0: unknown.
std::chrono::milliseconds round_trip_of(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0ms;
  return std::chrono::milliseconds(info.tcpi_rtt / 1000);
}

void set_patience(int fd, std::chrono::milliseconds patience) {
  const int ms = static_cast<int>(patience.count());
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

std::uint64_t* seq_of(Frame& frame) noexcept {
  if (auto* snap = std::get_if<SnapFrame>(&frame)) return &snap->seq;
  if (auto* delta = std::get_if<DeltaFrame>(&frame)) return &delta->seq;
  if (auto* load = std::get_if<LoadFrame>(&frame)) return &load->seq;
  return nullptr;
}

}  // namespace

Link::Link(Loop& loop, std::unique_ptr<Transport> transport, std::string leftover,
           Settings settings, Callbacks callbacks)
    : loop_(loop),
      transport_(std::move(transport)),
      settings_(settings),
      callbacks_(std::move(callbacks)),
      leftover_(std::move(leftover)),
      heard_(loop.awake()),
      budget_(static_cast<double>(settings.burst_bytes)),
      budget_at_(loop.now()),
      silence_(loop, [this] { check_silence(); }),
      again_(loop,
             [this] {
               slowed_ = false;
               want();
               read();
             }),
      ending_(loop, [this] { finish(); }),
      rows_timer_(loop, [this] { write_rows(); }) {
  const int on = 1;
  ::setsockopt(transport_->fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  set_patience(transport_->fd(), std::max(settings_.user_timeout, settings_.dead));
  transport_->limit_unsent(kMaxUnsent);
  transport_->read_ahead();
  watch_.start<&Link::on_socket>(loop_, transport_->fd(), EV_READ, this);
  // Bytes that came with the head, or that TLS has decrypted, do not make the socket readable.
  again_.after(0us);
  watch_silence();
}

void Link::send(Frame frame) {
  if (ended_) return;
  if (std::uint64_t* seq = seq_of(frame)) *seq = ++sent_;
  send_lines(render_frame(frame));
}

void Link::send_lines(std::string_view lines) {
  if (ended_) return;
  if (out_.size() - out_from_ + lines.size() > settings_.max_queued) {
    end(cat({"the other side does not read: ", out_.size() - out_from_, " bytes wait for it"}));
    return;
  }
  const bool was_idle = idle();
  out_ += lines;
  if (reading_)
    held_ = held_ || was_idle;
  else if (was_idle)
    write();
}

void Link::send_rows(const Frame& frame) {
  if (ended_) return;
  // The feeding node of a mount decides where listeners go; recordings are many and in no hurry.
  const std::size_t kind = std::holds_alternative<IngestFrame>(frame)  ? 0
                           : std::holds_alternative<TitleFrame>(frame) ? 1
                                                                       : 2;
  std::string& lines = rows_[kind].emplace_back(render_frame(frame));
  row_bytes_ += lines.size();
  if (row_bytes_ > kMaxRowBytes)
    return end(cat({"the other side does not read: ", row_bytes_, " bytes of rows wait for it"}));
  if (!rows_timer_.armed()) write_rows();
}

void Link::write_rows() {
  for (auto& kind : rows_)
    while (!kind.empty()) {
      if (ended_ || !idle()) return;  // drained() goes on
      const SteadyTime now = loop_.now();
      if (!row_rate_.allows(now, settings_.rows)) return rows_timer_.after(kRowPause);
      const std::string lines = std::move(kind.front());
      kind.pop_front();
      row_bytes_ -= lines.size();
      row_rate_.spend(now, (lines.size() + kFrameCost) * settings_.rows.pause);
      send_lines(lines);
    }
}

void Link::drained() {
  if (ended_ || !idle()) return;
  if (callbacks_.drained) callbacks_.drained();
  if (!rows_timer_.armed()) write_rows();
}

void Link::write_held() {
  if (!std::exchange(held_, false)) return;
  write();
  drained();
}

void Link::send_bye(ByeFrame bye, const std::string& reason) {
  // More would keep the BYE back.
  if (row_bytes_ <= kMaxBeforeBye)
    for (auto& kind : rows_)
      for (const std::string& lines : std::exchange(kind, {})) send_lines(lines);
  send(std::move(bye));
  write_held();
  if (!ended_) transport_->shut_down_write();
  end(reason);
}

void Link::end(std::string reason) {
  if (!ended_) write_held();
  if (std::exchange(ended_, true)) return;
  reason_ = std::move(reason);
  watch_.stop();
  silence_.cancel();
  again_.cancel();
  rows_timer_.cancel();
  ending_.after(0us);
}

// These errors mean that a vanished peer sent no reset.
void Link::end_broken() {
  const int why = errno;
  if (why == ETIMEDOUT || why == EHOSTUNREACH || why == ENETUNREACH || why == EHOSTDOWN)
    was_silent_ = true;
  end(cat({"the connection broke (", std::strerror(why), ")"}));
}

void Link::finish() {
  const auto callback = std::move(callbacks_.ended);
  const std::string reason = std::move(reason_);
  if (callback) callback(reason);  // may destroy this
}

void Link::set_dead(std::chrono::milliseconds dead) {
  settings_.dead = dead;
  set_patience(transport_->fd(),
               std::max(settings_.user_timeout, 3 * round_trip_of(transport_->fd())));
  watch_silence();
}

// Checks in time for a lasting silence; active links are all checked at the same moments.
void Link::watch_silence() {
  if (ended_) return;
  const auto left = std::max(
      0us, std::chrono::ceil<std::chrono::microseconds>(heard_ + settings_.dead - loop_.awake()));
  const auto together = coalesced(loop_, kLookTogether);
  silence_.after(together > left ? left
                                 : together + (left - together) / kLookTogether * kLookTogether);
}

void Link::check_silence() {
  if (ended_) return;
  // This process may have been stopped, so bytes that the peer has sent meanwhile are read first.
  if (loop_.awake() - heard_ >= settings_.dead) read();
  if (ended_) return;
  const auto silent = loop_.awake() - heard_;
  if (silent >= settings_.dead) {
    const std::string why =
        cat({"silent for ", std::chrono::duration_cast<std::chrono::milliseconds>(silent).count(),
             "ms"});
    was_silent_ = true;
    if (reports_silence_) send(ByeFrame{why, kByeSilent, 0ms});
    end(why);
    return;
  }
  watch_silence();
}

void Link::on_socket(short events) {
  if ((events & EV_WRITE) != 0) {
    write();
    drained();
  }
  if ((events & EV_READ) != 0) read();
}

// Answers are sent together after all has been read.
void Link::read() {
  if (ended_ || slowed_) return;
  reading_ = true;
  if (!leftover_.empty()) take(std::exchange(leftover_, {}));
  bool more = true;
  for (int i = 0; i < kReadsAWake && more && !ended_ && !slowed_; ++i) more = read_some();
  if (more && !ended_ && !slowed_) again_.after(0us);
  reading_ = false;
  write_held();
}

bool Link::charge(std::size_t bytes) {
  if (settings_.max_bytes_per_second == 0) return true;
  const SteadyTime now = loop_.now();
  const auto rate = static_cast<double>(settings_.max_bytes_per_second);
  budget_ += rate * std::chrono::duration<double>(now - budget_at_).count();
  budget_ =
      std::min(budget_, static_cast<double>(settings_.burst_bytes)) - static_cast<double>(bytes);
  budget_at_ = now;
  return budget_ >= 0;
}

void Link::want() {
  const bool writes = !idle();
  watch_.want(static_cast<short>((slowed_ ? 0 : EV_READ) | (writes ? EV_WRITE : 0)));
}

bool Link::read_some() {
  std::array<std::byte, kPiece> piece;
  const IoResult result = transport_->read(piece);
  switch (result.status) {
    case IoStatus::kAgain:
      return false;
    case IoStatus::kEof:
      end("closed the connection");
      return false;
    case IoStatus::kError:
      end_broken();
      return false;
    case IoStatus::kDone:
      break;
  }
  bytes_in_ += result.bytes;
  take({reinterpret_cast<const char*>(piece.data()), result.bytes});
  if (!ended_ && !charge(result.bytes)) {
    slowed_ = true;
    want();
    const std::chrono::duration<double> rest(-budget_ /
                                             static_cast<double>(settings_.max_bytes_per_second));
    again_.after(std::min<std::chrono::microseconds>(
        std::chrono::ceil<std::chrono::microseconds>(rest), kLongestRest));
    return false;
  }
  return !ended_;
}

void Link::take(std::string_view bytes) {
  while (!ended_) {
    const std::size_t end_of_line = bytes.find('\n');
    const std::size_t length = line_.size() + std::min(end_of_line, bytes.size());
    if (length >= kLongestFrame) {
      end(cat({"sent a frame of more than ", kLongestFrame - 1, " bytes"}));
      return;
    }
    if (end_of_line == std::string_view::npos) {
      line_ += bytes;
      return;
    }
    if (line_.empty()) {
      take_line(bytes.substr(0, end_of_line));
    } else {
      line_ += bytes.substr(0, end_of_line);
      const std::string whole = std::exchange(line_, {});
      take_line(whole);
    }
    bytes.remove_prefix(end_of_line + 1);
  }
}

void Link::take_line(std::string_view line) {
  if (!frames_.allows(loop_.now(), settings_.max_frames_per_second)) {
    end(cat({"sent more than ", settings_.max_frames_per_second, " frames in a second"}));
    return;
  }
  static_cast<void>(charge(kFrameCost));
  if (line.ends_with('\r')) line.remove_suffix(1);
  auto frame = parse_frame(line);
  if (!frame) {
    end("sent a frame that is not understood: " + frame.error().what);
    return;
  }
  heard_ = loop_.awake();
  if (!*frame) return;
  if (const std::uint64_t* seq = seq_of(**frame)) {
    if (*seq != received_ + 1) {
      end(cat({"sent ", frame_name(**frame), " number ", *seq, " where ", received_ + 1,
               " comes next"}));
      return;
    }
    ++received_;
  }
  if (auto taken = callbacks_.frame(std::move(**frame)); !taken) end(taken.error().what);
}

void Link::write() {
  if (ended_) return;
  while (out_from_ < out_.size()) {
    iovec part{};
    part.iov_base = out_.data() + out_from_;
    part.iov_len = out_.size() - out_from_;
    const IoResult result = transport_->write_v({&part, 1}, false);
    if (result.status == IoStatus::kAgain) break;
    if (result.status != IoStatus::kDone) {
      end_broken();
      return;
    }
    out_from_ += result.bytes;
    bytes_out_ += result.bytes;
  }
  const IoStatus flushed = transport_->flush();
  if (flushed == IoStatus::kError) {
    end("the connection broke while it was written to");
    return;
  }
  unflushed_ = flushed == IoStatus::kAgain;
  if (out_from_ >= kCompactAt || out_from_ == out_.size()) {
    out_.erase(0, out_from_);
    out_from_ = 0;
  }
  want();
}

}  // namespace lb
