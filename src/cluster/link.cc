#include "cluster/link.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace lb {
namespace {

using namespace std::chrono_literals;

// So that one link cannot keep control from the others.
constexpr int kReadsAWake = 32;
constexpr std::size_t kPiece = 16384;
// Written bytes are moved out of the queue when they are so many.
constexpr std::size_t kCompactAt = 64 * 1024;

std::uint64_t* seq_of(Frame& frame) noexcept {
  if (auto* snap = std::get_if<SnapFrame>(&frame)) return &snap->seq;
  if (auto* delta = std::get_if<DeltaFrame>(&frame)) return &delta->seq;
  if (auto* load = std::get_if<LoadFrame>(&frame)) return &load->seq;
  return nullptr;
}

}  // namespace

Link::Link(Loop& loop, std::unique_ptr<Transport> transport, std::string leftover,
           Settings settings, Doors doors)
    : loop_(loop),
      transport_(std::move(transport)),
      settings_(settings),
      doors_(std::move(doors)),
      leftover_(std::move(leftover)),
      heard_(loop.now()),
      second_(loop.now()),
      silence_(loop, [this] { look(); }),
      again_(loop, [this] { read(); }),
      ending_(loop, [this] { finish(); }) {
  const int on = 1;
  const int patience = static_cast<int>(settings_.user_timeout.count());
  ::setsockopt(transport_->fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(transport_->fd(), IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
  watch_.start<&Link::on_socket>(loop_, transport_->fd(), EV_READ, this);
  // What came with the head, and what TLS has decrypted already, makes no socket readable.
  again_.after(0us);
  watch_silence();
}

void Link::send(Frame frame) {
  if (ended_) return;
  if (std::uint64_t* seq = seq_of(frame)) *seq = ++sent_;
  const std::string line = render_frame(frame);
  if (out_.size() - out_from_ + line.size() > settings_.most_queued) {
    end("the other side does not read: " + std::to_string(out_.size() - out_from_) +
        " bytes wait for it");
    return;
  }
  const bool was_idle = idle();
  out_ += line;
  if (was_idle) write();
}

void Link::say_goodbye(ByeFrame bye, const std::string& reason) {
  send(std::move(bye));
  if (!ended_) transport_->shut_down_write();
  end(reason);
}

void Link::end(std::string reason) {
  if (std::exchange(ended_, true)) return;
  reason_ = std::move(reason);
  watch_.stop();
  silence_.cancel();
  again_.cancel();
  ending_.after(0us);
}

void Link::finish() {
  const auto told = std::move(doors_.ended);
  const std::string reason = std::move(reason_);
  if (told) told(reason);  // may destroy this
}

void Link::set_dead(std::chrono::milliseconds dead) {
  settings_.dead = dead;
  watch_silence();
}

void Link::watch_silence() {
  if (ended_) return;
  const auto left = heard_ + settings_.dead - loop_.now();
  silence_.after(std::max(0us, std::chrono::ceil<std::chrono::microseconds>(left)));
}

void Link::look() {
  if (ended_) return;
  // It may be we who were stopped: what the other side has sent meanwhile is heard first.
  if (loop_.now() - heard_ >= settings_.dead) read();
  if (ended_) return;
  const auto silent = loop_.now() - heard_;
  if (silent >= settings_.dead) {
    end("silent for " +
        std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(silent).count()) +
        "ms");
    return;
  }
  watch_silence();
}

void Link::on_socket(short events) {
  if ((events & EV_WRITE) != 0) {
    write();
    if (!ended_ && idle() && doors_.drained) doors_.drained();
  }
  if ((events & EV_READ) != 0) read();
}

void Link::read() {
  if (!leftover_.empty()) take(std::exchange(leftover_, {}));
  for (int i = 0; i < kReadsAWake && !ended_; ++i)
    if (!read_some()) return;
  if (!ended_) again_.after(0us);
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
      end(std::string("the connection broke (") + std::strerror(errno) + ")");
      return false;
    case IoStatus::kDone:
      break;
  }
  bytes_in_ += result.bytes;
  take({reinterpret_cast<const char*>(piece.data()), result.bytes});
  return !ended_;
}

void Link::take(std::string_view bytes) {
  while (!ended_) {
    const std::size_t end_of_line = bytes.find('\n');
    const std::size_t length = line_.size() + std::min(end_of_line, bytes.size());
    if (length >= kLongestFrame) {
      end("sent a frame of more than " + std::to_string(kLongestFrame - 1) + " bytes");
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
  const SteadyTime now = loop_.now();
  if (now - second_ >= 1s) {
    second_ = now;
    frames_ = 0;
  }
  if (++frames_ > settings_.most_frames_a_second) {
    end("sent more than " + std::to_string(settings_.most_frames_a_second) + " frames in a second");
    return;
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  auto frame = parse_frame(line);
  if (!frame) {
    end("sent a frame that is not understood: " + frame.error().what);
    return;
  }
  heard_ = now;
  if (!*frame) return;
  if (const std::uint64_t* seq = seq_of(**frame)) {
    if (*seq != received_ + 1) {
      end("sent " + std::string(frame_name(**frame)) + " number " + std::to_string(*seq) +
          " where " + std::to_string(received_ + 1) + " comes next");
      return;
    }
    ++received_;
  }
  if (auto taken = doors_.frame(std::move(**frame)); !taken) end(taken.error().what);
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
      end(std::string("the connection broke (") + std::strerror(errno) + ")");
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
  watch_.want(idle() ? EV_READ : EV_READ | EV_WRITE);
}

}  // namespace lb
