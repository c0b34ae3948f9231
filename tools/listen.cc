// icelb-listen: many listeners for measuring.  Joins at a given rate, reads for a given time,
// checks the frames of icelb-feed (tools/frame.h) on some or all connections, and prints one JSON
// line.  Events go to stderr, one line each, for a script that waits: "joined N refused M seconds
// S", "stalled N", "resumed N".  Status 0: every listener joined, none was lost, every checked
// frame was there and right.
// Thread: a shard each, which share nothing but the two counters of Common.
// "Steady" begins when every listener has joined or was refused; the run ends --seconds later.
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "tools/listener.h"

namespace lb {
namespace {

constexpr std::string_view kUserAgent =
    "icelb-listen/1 (a listener of 60 bytes, like VLC or a radio)";
static_assert(kUserAgent.size() == 60);

struct Timing {
  double joins_per_second = 1000;
  std::uint64_t start_ns = 0;
  std::uint64_t join_timeout_ns = 0;  // after the last join was due
  std::uint64_t run_ns = 0;           // all from here: after the beginning of steady
  std::uint64_t stall_at_ns = 0;
  std::uint64_t resume_at_ns = 0;
  std::uint64_t due(unsigned index) const {
    return start_ns + static_cast<std::uint64_t>(index * 1e9 / joins_per_second);
  }
};

struct Common {
  std::atomic<unsigned> joined{0}, refused{0};
  std::atomic<std::uint64_t> steady_ns{0};
};

class Shard {
 public:
  Shard(const ListenPlan& plan, const Timing& timing, Common& common, unsigned first, unsigned step,
        unsigned sources)
      : plan_(plan),
        timing_(timing),
        common_(common),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        next_(first),
        step_(step),
        sources_(sources) {}

  void run() {
    const std::uint64_t give_up = timing_.due(plan_.listeners) + timing_.join_timeout_ns;
    for (;;) {
      const std::uint64_t now = now_ns();
      const std::uint64_t steady = common_.steady_ns.load();
      if (steady != 0 && now >= steady + timing_.run_ns) break;
      while (next_ < plan_.listeners && timing_.due(next_) <= now) join();
      if (steady == 0 && now >= give_up) {
        for (Listener& listener : listeners_) watched(listener, [&] { listener.give_up(); });
      }
      pause_and_resume(now, steady);
      wait(now, steady);
    }
    const std::uint64_t steady = common_.steady_ns.load();
    for (Listener& listener : listeners_) listener.finish(steady + timing_.run_ns, steady);
  }

  const std::deque<Listener>& listeners() const noexcept { return listeners_; }
  const Seen& seen() const noexcept { return seen_; }

 private:
  // Several 127.0.0.x addresses: one has only some 28,000 ports towards a server.
  std::string from() const {
    return sources_ == 0 ? "" : "127.0.1." + std::to_string(1 + next_ % sources_);
  }

  void join() {
    Listener& listener = listeners_.emplace_back(plan_, next_, timing_.due(next_));
    if (listener.connect(from())) {
      epoll_event event{EPOLLOUT, {.ptr = &listener}};
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener.fd(), &event);
    } else {
      settle(common_.refused);
    }
    next_ += step_;
  }

  // Calls what may change the state, and counts when it did for the first time.
  template <class Act>
  void watched(Listener& listener, Act act) {
    const auto waits = [&] { return listener.state() <= Listener::State::kAsked; };
    const bool before = waits();
    act();
    if (!before || waits()) return;
    settle(listener.state() == Listener::State::kJoined ? common_.joined : common_.refused);
  }

  void settle(std::atomic<unsigned>& kind) {
    ++kind;
    const unsigned joined = common_.joined, refused = common_.refused;
    if (joined + refused < plan_.listeners) return;
    const std::uint64_t now = now_ns();
    std::uint64_t nobody = 0;
    if (!common_.steady_ns.compare_exchange_strong(nobody, now)) return;
    print_line(2, "joined " + std::to_string(joined) + " refused " + std::to_string(refused) +
                      " seconds " +
                      std::to_string(static_cast<double>(now - timing_.start_ns) / 1e9));
  }

  void pause_and_resume(std::uint64_t now, std::uint64_t steady) {
    if (plan_.stalling == 0 || steady == 0) return;
    if (phase_ == 0 && now >= steady + timing_.stall_at_ns) set_reading(now, 0, "stalled ");
    if (phase_ == 1 && now >= steady + timing_.resume_at_ns) set_reading(now, EPOLLIN, "resumed ");
  }

  void set_reading(std::uint64_t now, std::uint32_t events, std::string_view word) {
    ++phase_;
    unsigned count = 0;
    for (Listener& listener : listeners_) {
      if (!listener.stalls() || listener.state() != Listener::State::kJoined) continue;
      epoll_event event{events, {.ptr = &listener}};
      epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener.fd(), &event);
      listener.forget_gap(now);
      ++count;
    }
    print_line(2, std::string(word) + std::to_string(count));
  }

  void wait(std::uint64_t now, std::uint64_t steady) {
    std::uint64_t left = kSecond / 20;
    if (next_ < plan_.listeners) left = std::min(left, timing_.due(next_) - now);
    if (steady != 0) left = std::min(left, steady + timing_.run_ns - now);
    const timespec timeout{0, static_cast<long>(left)};
    std::array<epoll_event, 256> events{};
    const int count = epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   &timeout, nullptr);
    for (int i = 0; i < count; ++i) on_event(events[static_cast<std::size_t>(i)], steady);
  }

  void on_event(const epoll_event& event, std::uint64_t steady) {
    Listener& listener = *static_cast<Listener*>(event.data.ptr);
    if (listener.fd() < 0) return;
    if (listener.state() != Listener::State::kConnecting) {
      return watched(listener, [&] { listener.read(steady, seen_); });
    }
    watched(listener, [&] { listener.ask(); });
    if (listener.state() != Listener::State::kAsked) return;
    epoll_event in{EPOLLIN, {.ptr = &listener}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener.fd(), &in);
  }

  const ListenPlan& plan_;
  const Timing& timing_;
  Common& common_;
  UniqueFd epoll_;
  unsigned next_, step_, sources_;
  unsigned phase_ = 0;  // of the stalling ones: 0 reads, 1 stopped, 2 reads again
  std::deque<Listener> listeners_;
  Seen seen_;
};

// Everything of one run, over all shards.
struct Total {
  std::uint64_t joined = 0, refused = 0, last_status = 0, silent = 0;
  std::array<std::uint64_t, 5> refusals{};  // by Listener::Refusal
  std::uint64_t disconnected = 0, stalled_disconnected = 0;
  std::uint64_t gap_ns = 0, join_gap_ns = 0, bytes = 0, deliveries = 0, icy_blocks = 0;
  std::uint64_t least_bytes = ~0ULL, last_join_ns = 0;
  FrameCounts frames, stalled_frames;
  Samples first_audio, gaps;
  Seen seen;

  void add(const FrameCounts& from, FrameCounts& to) {
    to.frames += from.frames;
    to.lost += from.lost;
    to.repeated += from.repeated;
    to.damaged += from.damaged;
    to.cut += from.cut;
    to.moved += from.moved;
  }
  void add(const Listener& listener) {
    if (listener.state() == Listener::State::kRefused) {
      ++refused;
      ++refusals[static_cast<std::size_t>(listener.refusal())];
      last_status = static_cast<std::uint64_t>(listener.status());
      return;
    }
    ++joined;
    const FrameCounts* counts = listener.counts();
    const bool heard = counts == nullptr ? listener.joined_at() != 0 : counts->frames != 0;
    silent += heard ? 0U : 1U;
    if (listener.state() == Listener::State::kLost) {
      ++(listener.stalls() ? stalled_disconnected : disconnected);
    }
    if (counts != nullptr) add(*counts, listener.stalls() ? stalled_frames : frames);
    icy_blocks += listener.icy_blocks();
    if (listener.joined_at() != 0) {
      first_audio.add(listener.first_audio_ns());
      last_join_ns = std::max(last_join_ns, listener.joined_at());
    }
    if (listener.stalls()) return;
    gaps.add(listener.gap_ns());
    gap_ns = std::max(gap_ns, listener.gap_ns());
    join_gap_ns = std::max(join_gap_ns, listener.join_gap_ns());
    bytes += listener.steady_bytes();
    least_bytes = std::min(least_bytes, listener.steady_bytes());
    deliveries += listener.deliveries();
  }

  bool good() const {
    const auto right = [](const FrameCounts& c) {
      return c.lost + c.repeated + c.damaged + c.moved == 0;
    };
    return refused + silent + disconnected + stalled_disconnected == 0 && right(frames) &&
           right(stalled_frames);
  }
};

std::string report(Total& total, const ListenPlan& plan, const Timing& timing) {
  const double steady_seconds = static_cast<double>(timing.run_ns) / 1e9;
  const double join_seconds =
      total.joined == 0 ? 0 : static_cast<double>(total.last_join_ns - timing.start_ns) / 1e9;
  const double reading = static_cast<double>(std::max<std::size_t>(1, total.gaps.size()));
  JsonLine line;
  line.add("listeners", std::uint64_t{plan.listeners})
      .add("joined", total.joined)
      .add("refused", total.refused)
      .add("refused_no_connection", total.refusals[1])
      .add("refused_ended_before_reply", total.refusals[2])
      .add("refused_by_reply", total.refusals[3])
      .add("refused_too_late", total.refusals[4])
      .add("last_refusal_status", total.last_status)
      .add("silent", total.silent)
      .add("disconnected", total.disconnected)
      .add("seconds", steady_seconds)
      .add("join_seconds", join_seconds)
      .add("joins_per_s", static_cast<double>(total.joined) / std::max(join_seconds, 1e-3))
      .add("first_audio_ms_p50", total.first_audio.ms(0.5))
      .add("first_audio_ms_p99", total.first_audio.ms(0.99))
      .add("first_audio_ms_max", total.first_audio.ms(1))
      .add("gap_ms_max", static_cast<double>(total.gap_ns) / 1e6)
      .add("gap_ms_p50_listener", total.gaps.ms(0.5))
      .add("join_gap_ms_max", static_cast<double>(total.join_gap_ns) / 1e6)
      .add("interval_ms_p50", total.seen.interval.ms(0.5))
      .add("interval_ms_mean", total.seen.interval.mean_ms())
      .add("deliveries_per_listener_s",
           static_cast<double>(total.deliveries) / reading / steady_seconds)
      .add("bytes_per_listener_s", static_cast<double>(total.bytes) / reading / steady_seconds)
      .add("least_bytes_per_s",
           total.gaps.size() == 0 ? 0.0 : static_cast<double>(total.least_bytes) / steady_seconds)
      .add("latency_samples", std::uint64_t{total.seen.latency.size()})
      .add("latency_ms_p50", total.seen.latency.ms(0.5))
      .add("latency_ms_p99", total.seen.latency.ms(0.99))
      .add("latency_ms_max", total.seen.latency.ms(1))
      .add("icy_blocks", total.icy_blocks);
  const auto frames = [&](const std::string& prefix, const FrameCounts& counts) {
    line.add(prefix + "frames", counts.frames)
        .add(prefix + "frames_lost", counts.lost)
        .add(prefix + "frames_repeated", counts.repeated)
        .add(prefix + "bytes_damaged", counts.damaged)
        .add(prefix + "bytes_cut_at_join", counts.cut)
        .add(prefix + "source_changes", counts.moved);
  };
  frames("", total.frames);
  if (plan.stalling != 0) {
    line.add("stalled", std::uint64_t{plan.stalling})
        .add("stalled_disconnected", total.stalled_disconnected);
    frames("stalled_", total.stalled_frames);
  }
  return line.add("good", std::uint64_t{total.good() ? 1U : 0U}).text();
}

int run(const ListenPlan& plan, Timing timing, unsigned threads, unsigned sources) {
  Common common;
  timing.start_ns = now_ns();
  std::deque<Shard> shards;
  std::vector<std::thread> running;
  for (unsigned i = 0; i < threads; ++i) {
    Shard& shard = shards.emplace_back(plan, timing, common, i, threads, sources);
    running.emplace_back([&shard] { shard.run(); });
  }
  for (std::thread& thread : running) thread.join();
  Total total;
  for (const Shard& shard : shards) {
    total.seen.latency.merge(shard.seen().latency);
    total.seen.interval.merge(shard.seen().interval);
    for (const Listener& listener : shard.listeners()) total.add(listener);
  }
  print_line(1, report(total, plan, timing));
  return total.good() ? 0 : 1;
}

}  // namespace
}  // namespace lb

int main(int argc, char** argv) {
  const lb::Options options(
      argc, argv, "icelb-listen: many listeners that measure",
      {{"to", "127.0.0.1:8000", "address and port of the server"},
       {"mount", "/live", "mount; %d in it is the listener's number, modulo mounts"},
       {"mounts", "1", "how many mounts"},
       {"listeners", "1", "how many"},
       {"rate", "1000", "joins a second"},
       {"seconds", "10", "run time after all have joined"},
       {"join-timeout", "30",
        "seconds after the last join was due; then the rest counts as refused"},
       {"warm-up", "3", "seconds at the start in which no gap and no latency counts"},
       {"check", "20", "how many read and check every byte and measure latency"},
       {"icy", "0", "1: ask for metadata, and take it out"},
       {"stall", "0", "how many stop reading for a while (and check every byte)"},
       {"stall-after", "2", "seconds after all have joined"},
       {"stall-for", "5", "seconds without reading"},
       {"rcvbuf", "0", "SO_RCVBUF of every listener; 0: the system's"},
       {"threads", "1", "threads"},
       {"sources", "0", "from so many addresses 127.0.1.x; 0: one for each 5,000 above 5,000"}});
  lb::ListenPlan plan;
  plan.to = lb::parse_address(options.text("to"));
  plan.mounts = std::max(1U, options.count("mounts"));
  plan.listeners = std::max(1U, options.count("listeners"));
  plan.checking = options.count("check");
  plan.stalling = std::min(plan.listeners, options.count("stall"));
  plan.warm_up_ns = static_cast<std::uint64_t>(options.number("warm-up") * 1e9);
  plan.receive_buffer = static_cast<int>(options.count("rcvbuf"));
  plan.request = "GET " + options.text("mount") +
                 " HTTP/1.0\r\nHost: localhost\r\nUser-Agent: " + std::string(lb::kUserAgent) +
                 "\r\n" + (options.on("icy") ? "Icy-MetaData: 1\r\n\r\n" : "\r\n");
  lb::Timing timing;
  timing.joins_per_second = std::max(1.0, options.number("rate"));
  timing.join_timeout_ns = static_cast<std::uint64_t>(options.number("join-timeout") * 1e9);
  timing.run_ns = static_cast<std::uint64_t>(options.number("seconds") * 1e9);
  timing.stall_at_ns = static_cast<std::uint64_t>(options.number("stall-after") * 1e9);
  timing.resume_at_ns =
      timing.stall_at_ns + static_cast<std::uint64_t>(options.number("stall-for") * 1e9);
  unsigned sources = options.count("sources");
  if (sources == 0 && plan.listeners > 5000) sources = 1 + plan.listeners / 5000;
  lb::need_descriptors(plan.listeners + 64);
  return lb::run(plan, timing, std::clamp(options.count("threads"), 1U, 64U), sources);
}
