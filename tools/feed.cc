// icelb-feed: paced sources for measuring.  N mounts, one MP3 frame each 26.122 ms, as an encoder
// sends them; the frames are numbered and stamped (tools/frame.h).
// One thread, one epoll.  "ready N" goes to stderr when all sources were accepted; at the end
// (time, SIGTERM or SIGINT) one JSON line goes to stdout.  Status 0: no source was refused or lost.
// Frame g of the whole program is frame g / N of source g % N and is due at start + g * 26.122 ms /
// N: the sources are spread evenly and no timer queue is needed.
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "tools/common.h"
#include "tools/frame.h"

namespace lb {
namespace {

constexpr std::size_t kMaxPending = 8 << 20;  // behind by this much, a source skips frames
constexpr std::uint64_t kSignalKey = ~0ULL;

struct FeedPlan {
  Address to;
  std::string mount, method, user, password, type;
  unsigned kbit = 128;
  unsigned frames_per_packet = 1;
  double lead_seconds = 0;
};

std::string base64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    unsigned group = 0;
    const std::size_t have = std::min<std::size_t>(3, text.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < have ? static_cast<unsigned char>(text[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out.push_back(k <= have ? kDigits[group >> (18 - 6 * k) & 63] : '=');
    }
  }
  return out;
}

class Source {
 public:
  enum class State : std::uint8_t { kConnecting, kAsked, kStreaming, kEnded };

  Source(const FeedPlan& plan, std::uint32_t id, int epoll)
      : plan_(plan), id_(id), epoll_(epoll), fd_(begin_connect(plan.to, "", 0)) {
    if (!fd_) die_errno("connect");
    const int yes = 1;
    setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    epoll_event event{EPOLLIN | EPOLLOUT, {.u64 = id}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_.get(), &event);
    ask();
  }

  State state() const noexcept { return state_; }
  std::uint64_t frames() const noexcept { return number_; }
  std::uint64_t skipped() const noexcept { return skipped_; }
  std::size_t most_pending() const noexcept { return most_pending_; }

  void on_event(std::uint32_t events) {
    if (state_ == State::kEnded) return;
    if ((events & EPOLLIN) != 0 && !read_answer()) return;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return end("connection ended");
    if ((events & EPOLLOUT) != 0) flush();
  }

  void send_packet() {
    if (state_ != State::kStreaming) return;
    if (pending_.size() > kMaxPending) {
      ++skipped_;
      return;
    }
    for (unsigned i = 0; i < plan_.frames_per_packet; ++i) append_next();
    flush();
  }

 private:
  void append_next() {
    append_frame(pending_, plan_.kbit, {.source = id_, .number = number_++, .sent_ns = now_ns()});
  }

  void ask() {
    const bool put = plan_.method == "PUT";
    pending_ = plan_.method + " " + with_number(plan_.mount, id_) +
               (put ? " HTTP/1.1" : " HTTP/1.0") + "\r\nHost: localhost\r\nAuthorization: Basic " +
               base64(plan_.user + ":" + plan_.password) +
               "\r\nUser-Agent: icelb-feed\r\nContent-Type: " + plan_.type +
               "\r\nIce-Public: 0\r\nIce-Name: feed " + std::to_string(id_) +
               "\r\nIce-Bitrate: " + std::to_string(plan_.kbit) + "\r\n" +
               (put ? "Expect: 100-continue\r\n\r\n" : "\r\n");
  }

  // False when the source ended.
  bool read_answer() {
    std::array<char, 1024> in{};
    const ssize_t got = recv(fd_.get(), in.data(), in.size(), 0);
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) {
      end(got == 0 ? "the server closed the connection" : strerrordesc_np(errno));
      return false;
    }
    if (state_ == State::kStreaming) return true;
    answer_.append(in.data(), static_cast<std::size_t>(got));
    const std::size_t head = answer_.find("\r\n\r\n");
    if (head == std::string::npos) return true;
    const std::string_view status = std::string_view(answer_).substr(8, 4);
    if (status != " 200" && status != " 100") {
      end(answer_.substr(0, answer_.find('\r')));
      return false;
    }
    state_ = State::kStreaming;
    const double lead = plan_.lead_seconds / kFrameSeconds;
    while (static_cast<double>(number_) < lead) append_next();
    flush();
    return true;
  }

  void flush() {
    if (state_ == State::kConnecting) state_ = State::kAsked;
    std::size_t done = 0;
    while (done < pending_.size()) {
      const ssize_t sent =
          send(fd_.get(), pending_.data() + done, pending_.size() - done, MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return end(strerrordesc_np(errno));
      if (sent < 0) break;
      done += static_cast<std::size_t>(sent);
    }
    pending_.erase(0, done);
    most_pending_ = std::max(most_pending_, pending_.size());
    want(!pending_.empty());
  }

  void want(bool write) {
    if (write == wants_write_) return;
    wants_write_ = write;
    epoll_event event{EPOLLIN | (write ? EPOLLOUT : 0U), {.u64 = id_}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_.get(), &event);
  }

  void end(std::string_view why) {
    print_line(2, "source " + with_number(plan_.mount, id_) + " ended after " +
                      std::to_string(number_) + " frames: " + std::string(why));
    fd_.reset();
    state_ = State::kEnded;
  }

  const FeedPlan& plan_;
  std::uint32_t id_;
  int epoll_;
  UniqueFd fd_;
  State state_ = State::kConnecting;
  bool wants_write_ = true;
  std::string pending_, answer_;
  std::uint64_t number_ = 0;
  std::uint64_t skipped_ = 0;
  std::size_t most_pending_ = 0;
};

class Feed {
 public:
  Feed(const FeedPlan& plan, unsigned mounts) : plan_(plan), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    signals_.reset(signalfd(-1, &ends, SFD_CLOEXEC));
    epoll_event event{EPOLLIN, {.u64 = kSignalKey}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, signals_.get(), &event);
    sources_.reserve(mounts);
  }

  // New sources connect at this many a second; an accept queue of 5 (Icecast's) loses SYNs
  // otherwise.
  int run(double seconds, double connects_per_second, unsigned mounts) {
    const std::uint64_t start = now_ns();
    const auto end = start + static_cast<std::uint64_t>(seconds * 1e9);
    const double step = kFrameSeconds * 1e9 * plan_.frames_per_packet / mounts;
    const double connect_step = 1e9 / connects_per_second;
    std::uint64_t tick = 0;
    for (;;) {
      const std::uint64_t now = now_ns();
      if (now >= end || stop_ || ended_ == mounts) break;
      auto due = [&](std::uint64_t n, double each) {
        return start + static_cast<std::uint64_t>(static_cast<double>(n) * each);
      };
      while (sources_.size() < mounts && due(sources_.size(), connect_step) <= now) {
        sources_.emplace_back(plan_, static_cast<std::uint32_t>(sources_.size()), epoll_.get());
      }
      for (; due(tick, step) <= now; ++tick) {
        if (ready_) latest_ = std::max(latest_, now - due(tick, step));
        const std::size_t index = tick % mounts;
        if (index < sources_.size()) sources_[index].send_packet();
      }
      std::uint64_t next = std::min(end, due(tick, step));
      if (sources_.size() < mounts) next = std::min(next, due(sources_.size(), connect_step));
      wait_until(next);
      look_at_states(mounts);
    }
    return report(static_cast<double>(now_ns() - start) / 1e9);
  }

 private:
  void wait_until(std::uint64_t when) {
    const std::uint64_t now = now_ns();
    const std::uint64_t left = when > now ? when - now : 0;
    const timespec timeout{static_cast<time_t>(left / kSecond), static_cast<long>(left % kSecond)};
    std::array<epoll_event, 256> events{};
    const int count = epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   &timeout, nullptr);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == kSignalKey) {
        stop_ = true;
      } else {
        sources_[event.data.u64].on_event(event.events);
      }
    }
  }

  void look_at_states(unsigned mounts) {
    const auto in = [&](Source::State state) {
      const auto is = [=](const Source& source) { return source.state() == state; };
      return std::count_if(sources_.begin(), sources_.end(), is);
    };
    ended_ = static_cast<unsigned>(in(Source::State::kEnded));
    if (ready_ || in(Source::State::kStreaming) < mounts) return;
    ready_ = true;
    print_line(2, "ready " + std::to_string(mounts));
  }

  int report(double seconds) {
    std::uint64_t frames = 0, skipped = 0, pending = 0;
    std::uint64_t ended = 0;
    for (const Source& source : sources_) {
      ended += source.state() != Source::State::kStreaming ? 1U : 0U;
      frames += source.frames();
      skipped += source.skipped();
      pending = std::max<std::uint64_t>(pending, source.most_pending());
    }
    print_line(1, JsonLine()
                      .add("sources", std::uint64_t{sources_.size()})
                      .add("not_streaming", ended)
                      .add("frames", frames)
                      .add("packets_skipped", skipped)
                      .add("most_pending_bytes", pending)
                      .add("latest_ms", static_cast<double>(latest_) / 1e6)
                      .add("seconds", seconds)
                      .text());
    return ended == 0 && skipped == 0 ? 0 : 1;
  }

  const FeedPlan& plan_;
  UniqueFd epoll_, signals_;
  std::vector<Source> sources_;
  std::uint64_t latest_ = 0;
  unsigned ended_ = 0;
  bool ready_ = false;
  bool stop_ = false;
};

}  // namespace
}  // namespace lb

int main(int argc, char** argv) {
  const lb::Options options(
      argc, argv, "icelb-feed: paced, numbered and stamped MP3 sources",
      {{"to", "127.0.0.1:8000", "address and port of the server"},
       {"mount", "/live", "mount; %d in it is the source's number, from 0"},
       {"mounts", "1", "how many sources"},
       {"bitrate", "128", "kbit/s: 32 … 320, as MPEG-1 layer III has them"},
       {"seconds", "60", "run time, after which the sources leave"},
       {"lead", "0", "seconds of audio sent at once in the beginning, to fill the burst"},
       {"packet", "1", "frames a packet"},
       {"connects", "500", "new sources a second"},
       {"method", "SOURCE", "SOURCE or PUT"},
       {"type", "audio/mpeg", "Content-Type"},
       {"user", "source", "user name"},
       {"password", "hackme", "password"}});
  lb::FeedPlan plan;
  plan.to = lb::parse_address(options.text("to"));
  plan.mount = options.text("mount");
  plan.method = options.text("method");
  plan.user = options.text("user");
  plan.password = options.text("password");
  plan.type = options.text("type");
  plan.kbit = options.count("bitrate");
  plan.frames_per_packet = std::max(1U, options.count("packet"));
  plan.lead_seconds = options.number("lead");
  const unsigned mounts = std::clamp(options.count("mounts"), 1U, 65535U);
  if (!lb::is_bitrate(plan.kbit)) lb::die("option --bitrate: not one of MPEG-1 layer III's");
  lb::need_descriptors(mounts + 64);
  lb::Feed feed(plan, mounts);
  return feed.run(options.number("seconds"), std::max(1.0, options.number("connects")), mounts);
}
