// What the tests of the stream floor share: a pattern that tells positions, a writer of streams, a
// transport that plays a script, and a log that can be read.
#pragma once

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log_book.h"
#include "media/metadata.h"
#include "net/socket/transport.h"
#include "net/socket_pair.h"
#include "stream/listener/listener.h"
#include "stream/log/stream_log.h"
#include "stream/mount/mount.h"

namespace lb::test {

// Takes a millisecond for each question.
struct TickingClock final : Clock {
  SteadyTime steady() const noexcept override { return now += std::chrono::milliseconds(1); }
  WallTime wall() const noexcept override { return {}; }
  std::chrono::nanoseconds thread_work() const noexcept override { return {}; }
  mutable SteadyTime now{std::chrono::seconds(1000)};
};

// The byte at a position of a stream: tells the position apart from its neighbours, never zero.
inline std::byte pattern(std::uint64_t position, std::uint64_t seed = 0) noexcept {
  const std::uint64_t mixed = (position + seed * 7919 + 1) * 0x9e3779b97f4a7c15u;
  return static_cast<std::byte>(1 + (mixed >> 40) % 255);
}
inline std::string pattern_text(std::uint64_t from, std::uint64_t to, std::uint64_t seed = 0) {
  std::string text;
  for (; from < to; ++from) text.push_back(static_cast<char>(pattern(from, seed)));
  return text;
}
inline Bytes to_bytes(std::string_view text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}
inline std::string to_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::string to_text(const std::shared_ptr<const Bytes>& bytes) {
  return bytes ? to_text(std::span(*bytes)) : "(none)";
}
inline std::string title_of(const std::shared_ptr<const Metadata>& metadata) {
  return metadata ? metadata->title : "(none)";
}
// All readable bytes of a view from a position on.
inline std::string read_view(const StreamView& view, std::uint64_t from) {
  std::string text;
  while (from < view.end) {
    const auto bytes = view.bytes_at(from);
    if (bytes.empty()) return text + "(a hole)";
    text += to_text(bytes);
    from += bytes.size();
  }
  return text;
}

// Writes a stream whose bytes are the pattern, and publishes it.
class Writer {
 public:
  explicit Writer(std::uint64_t stream_seed = 0)
      : log(*StreamLog::create("test")), seed(stream_seed) {}

  Writer& bytes(std::size_t n) {
    const std::uint64_t at = log->head();
    return text(pattern_text(at, at + n, seed));
  }
  Writer& text(std::string_view what) {
    const auto put = log->append(std::as_bytes(std::span(what.data(), what.size())), now);
    if (!put) std::abort();
    return *this;
  }
  Writer& sync() { return log->sync(log->head(), {}), *this; }
  Writer& start() { return log->start(log->head()), *this; }
  Writer& headers(std::string_view what) {
    return log->headers(log->head(), to_bytes(what)), *this;
  }
  Writer& title(std::string_view what) {
    return log->metadata(log->head(), make_icy_metadata(what, "", "", "")), *this;
  }
  // `n` units of `size` bytes, each beginning at a sync mark.
  Writer& units(std::size_t n, std::size_t size) {
    while (n-- > 0) sync().bytes(size);
    return *this;
  }
  std::shared_ptr<const StreamView> view(std::uint64_t low_water = Channel::kNoReader,
                                         bool ended = false) {
    return log->publish(log->head(), window, low_water, ended);
  }
  // The view of a stream that has stood at this end before: the burst is counted from the end that
  // readers have seen.
  std::shared_ptr<const StreamView> settled(std::uint64_t low_water = Channel::kNoReader) {
    view(0);
    return view(low_water);
  }
  // What a source does at the end of a wake-up.
  Channel::Loops publish(Mount& mount, bool ended = false) {
    return mount.channel().publish(view(mount.channel().low_water(), ended));
  }

  std::unique_ptr<StreamLog> log;
  LogWindow window;
  SteadyTime now{std::chrono::seconds(1000)};
  const std::uint64_t seed;
};

// What happened on a FakeTransport, and what is to happen; outlives it.
struct Wire {
  static constexpr long kAgain = 0, kBroken = -1, kEverything = 1L << 40;

  std::string sent;
  struct Call {
    bool file;  // sendfile, else writev
    std::size_t asked;
    bool more;
  };
  std::vector<Call> calls;
  std::deque<long> script;       // a call each: at most so many bytes, kAgain or kBroken
  long otherwise = kEverything;  // when the script is over
  // Returns kAgain once whenever so many bytes in all have been taken; ascending.
  std::deque<std::size_t> stops;
  bool can_send_file = true;
  IoStatus read_status = IoStatus::kAgain;
  IoStatus flush_status = IoStatus::kDone;
  bool closed = false;
  std::function<void()> on_write = [] {};
};

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(std::shared_ptr<Wire> wire, int fd = -1)
      : wire_(std::move(wire)), fd_(fd), peer_(*Address::parse("192.0.2.7", 4711)) {}
  ~FakeTransport() override { wire_->closed = true; }

  IoResult read(std::span<std::byte>) noexcept override { return {wire_->read_status, 0}; }
  IoResult write_v(std::span<const iovec> parts, bool more) noexcept override {
    std::string all;
    for (const iovec& part : parts)
      all.append(static_cast<const char*>(part.iov_base), part.iov_len);
    return take({false, all.size(), more}, all);
  }
  IoResult send_file(int fd, std::uint64_t offset, std::size_t bytes) noexcept override {
    std::string all(bytes, '\0');
    const auto n = ::pread(fd, all.data(), bytes, static_cast<off_t>(offset));
    all.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return take({true, bytes, false}, all);
  }
  bool can_send_file() const noexcept override { return wire_->can_send_file; }
  IoStatus flush() noexcept override { return wire_->flush_status; }
  int fd() const noexcept override { return fd_; }
  const Address& peer() const noexcept override { return peer_; }
  void shut_down_write() noexcept override {}
  void limit_unsent(std::size_t) noexcept override {}

 private:
  IoResult take(Wire::Call call, const std::string& all) {
    wire_->calls.push_back(call);
    wire_->on_write();
    long most = wire_->otherwise;
    if (!wire_->script.empty()) {
      most = wire_->script.front();
      wire_->script.pop_front();
    }
    if (most == Wire::kBroken) return {IoStatus::kError, 0};
    if (most == Wire::kAgain) return {IoStatus::kAgain, 0};
    std::size_t n = std::min(all.size(), static_cast<std::size_t>(most));
    if (!wire_->stops.empty()) {
      n = std::min(n, wire_->stops.front() - wire_->sent.size());
      if (n == 0) {
        wire_->stops.pop_front();
        return {IoStatus::kAgain, 0};
      }
    }
    wire_->sent.append(all, 0, n);
    return {IoStatus::kDone, n};
  }
  std::shared_ptr<Wire> wire_;
  const int fd_;
  const Address peer_;
};

inline std::shared_ptr<const MountSettings> mount_settings(MountSettings settings = {}) {
  return std::make_shared<const MountSettings>(std::move(settings));
}

}  // namespace lb::test

// Last, because it redefines `new`, which standard headers do not survive.
#include "CppUTest/TestHarness.h"
