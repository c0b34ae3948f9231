// A cluster's crowd: simulated nodes at one real master, and listeners that send it real requests.
//   cluster-crowd KEY=VALUE …
//     master=HOST:PORT link=HOST:PORT   where it takes listeners and nodes
//     node=ID,HOST:PORT,LISTENERS,KBPS[,MS]   a node; with MS it posts so often, else it has a link
//     mounts=N zipf=S bitrates=same|mixed     /b0, /b1 … of 128 kbit/s; mixed: of every twenty ten
//     are
//       /aN of 64, seven /bN, three /cN of 320
//     requests=N over=SECONDS           how many listeners come; begins when all nodes are in
//     settle=SECONDS                    after the last has come
//     way=MS,MS stay=SECONDS renew=0|1 retry=MS back=MS tokens=0|1
// Lines of the standard input while it runs: "kill ID", "bye ID", "drain ID", "silence ID",
// "join ID", "out ID" (the master knows that it takes no more), "more N" (listeners), "freeze" and
// "thaw" (no listener leaves, none follows those that have left), "count", "end".
// Prints a JSON line for what happens: {"event": "linked" …}, and {"event": "end"} with everything.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/json.h"
#include "base/strings.h"
#include "bench/crowd_listeners.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

constexpr auto kTick = 50ms;
constexpr auto kComing = 2ms;

struct Options {
  std::vector<SwarmPlan> nodes;
  unsigned mounts = 1;
  double zipf = 1;
  bool mixed = false;
  unsigned requests = 0;
  double over = 5, settle = 1;
  CrowdPlan crowd;
};

std::vector<std::string> words(const std::string& text, char between) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == between)
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

bool take_option(const std::string& key, const std::string& value, Options& to, Swarm& swarm) {
  const double number = std::atof(value.c_str());
  const auto parts = words(value, ',');
  if (key == "master") {
    swarm.master = endpoint_of(value);
  } else if (key == "link") {
    swarm.link = endpoint_of(value);
  } else if (key == "node" && parts.size() >= 4) {
    SwarmPlan plan{parts[0], endpoint_of(parts[1]), {}, std::chrono::milliseconds{0}};
    plan.capacity.listeners = static_cast<unsigned>(std::atoi(parts[2].c_str()));
    plan.capacity.kbps = std::atof(parts[3].c_str());
    if (parts.size() > 4) plan.posts = std::chrono::milliseconds(std::atoi(parts[4].c_str()));
    to.nodes.push_back(std::move(plan));
  } else if (key == "mounts") {
    to.mounts = static_cast<unsigned>(number);
  } else if (key == "zipf") {
    to.zipf = number;
  } else if (key == "bitrates") {
    to.mixed = value == "mixed";
  } else if (key == "requests") {
    to.requests = static_cast<unsigned>(number);
  } else if (key == "over") {
    to.over = number;
  } else if (key == "settle") {
    to.settle = number;
  } else if (key == "way" && parts.size() == 2) {
    to.crowd.way_ms_least = std::atof(parts[0].c_str());
    to.crowd.way_ms_most = std::atof(parts[1].c_str());
  } else if (key == "stay") {
    to.crowd.stay_seconds = number;
  } else if (key == "renew") {
    to.crowd.renew = number != 0;
  } else if (key == "retry") {
    to.crowd.retry_ms = number;
  } else if (key == "back") {
    to.crowd.back_ms = number;
  } else if (key == "tokens") {
    swarm.tokens = number != 0;
  } else {
    return false;
  }
  return true;
}

struct Popular {
  SwarmMount mount;
  double share = 0;
};

// By Zipf's law; ordered by name, as a node's book is.
std::vector<Popular> popular_mounts(unsigned count, double zipf, bool mixed) {
  constexpr std::array<double, 3> kKbps = {64, 128, 320};
  std::array<unsigned, 3> so_far{};
  std::vector<Popular> out;
  double sum = 0;
  for (unsigned rank = 0; rank < count; ++rank) {
    const unsigned twentieth = rank % 20;
    const std::size_t kind = !mixed ? 1 : twentieth < 10 ? 0 : twentieth < 17 ? 1 : 2;
    const std::string name =
        std::string("/") + static_cast<char>('a' + kind) + std::to_string(so_far[kind]++);
    out.push_back({{name, kKbps[kind]}, std::pow(rank + 1, -zipf)});
    sum += out.back().share;
  }
  for (Popular& each : out) each.share /= sum;
  std::sort(out.begin(), out.end(),
            [](const Popular& a, const Popular& b) { return a.mount.name < b.mount.name; });
  return out;
}

class Program {
 public:
  Program(Swarm& swarm, Options options)
      : swarm_(swarm),
        options_(std::move(options)),
        tick_(swarm.loop, [this] { tick(); }),
        come_(swarm.loop, [this] { come(); }),
        end_(swarm.loop, [this] { finish(); }) {
    double sum = 0;
    for (const Popular& each : popular_mounts(options_.mounts, options_.zipf, options_.mixed)) {
      swarm.mounts.push_back(each.mount);
      options_.crowd.popularity.push_back(sum += each.share);
    }
    for (const SwarmPlan& plan : options_.nodes) {
      ids_.push_back(plan.id);
      nodes_.push_back(std::make_unique<SwarmNode>(swarm, plan));
    }
    most_kbps_.resize(nodes_.size());
    most_listeners_.resize(nodes_.size());
    crowd_ = std::make_unique<CrowdListeners>(swarm, nodes_, options_.crowd);
    swarm.on_link = [this](const std::string& id, bool linked, const std::string& why) {
      JsonWriter out = event(linked ? "linked" : "lost");
      out.key("id").text(id).key("why").text(why);
      say(out);
    };
  }

  void run() {
    ::fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    input_.start<&Program::on_input>(swarm_.loop, STDIN_FILENO, EV_READ, this);
    for (const auto& node : nodes_) node->join();
    tick();
    swarm_.loop.run();
  }

 private:
  JsonWriter event(const char* what) const {
    JsonWriter out;
    out.begin_object().key("event").text(what).key("at").number(now());
    return out;
  }
  void say(JsonWriter& out) const {
    out.end_object();
    std::puts(out.take().c_str());
    std::fflush(stdout);
  }
  double now() const {
    return std::chrono::duration<double>(swarm_.loop.now().time_since_epoch()).count();
  }

  void tick() {
    tick_.after(kTick);
    double kbps = 0, size = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      nodes_[i]->tick();
      most_kbps_[i] = std::max(most_kbps_[i], nodes_[i]->kbps());
      most_listeners_[i] = std::max(most_listeners_[i], nodes_[i]->listeners());
      kbps += nodes_[i]->kbps();
      size += nodes_[i]->plan().capacity.kbps;
    }
    most_mean_ = std::max(most_mean_, kbps / std::max(1.0, size));
    most_relays_ = std::max(most_relays_, relays());
    if (!begun_ && swarm_.linked == nodes_.size()) {
      begun_ = true;
      begin_ = swarm_.loop.now();
      JsonWriter out = event("begin");
      say(out);
      come();
    }
  }

  void come() {
    const double part =
        std::chrono::duration<double>(swarm_.loop.now() - begin_).count() / options_.over;
    const auto due = static_cast<unsigned>(std::min(1.0, part) * options_.requests);
    while (come_so_far_ < due) {
      crowd_->one_more();
      ++come_so_far_;
    }
    if (come_so_far_ < options_.requests) {
      come_.after(kComing);
    } else if (options_.settle > 0) {
      end_.after(std::chrono::microseconds(static_cast<std::int64_t>(options_.settle * 1e6)));
    }
  }

  unsigned relays() const {
    unsigned sum = 0;
    for (const auto& node : nodes_)
      sum += static_cast<unsigned>(std::count_if(node->by_mount().begin(), node->by_mount().end(),
                                                 [](unsigned here) { return here > 0; }));
    return sum;
  }
  unsigned used_mounts() const {
    unsigned sum = 0;
    for (std::size_t i = 0; i < swarm_.mounts.size(); ++i)
      sum += std::any_of(nodes_.begin(), nodes_.end(),
                         [i](const auto& node) { return node->by_mount()[i] > 0; })
                 ? 1
                 : 0;
    return sum;
  }

  void on_input(short) {
    std::array<char, 4096> bytes{};
    const ssize_t n = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (n == 0) input_.stop();
    if (n <= 0) return;
    pending_.append(bytes.data(), static_cast<std::size_t>(n));
    for (std::size_t at; (at = pending_.find('\n')) != std::string::npos;) {
      const std::string line = pending_.substr(0, at);
      pending_.erase(0, at + 1);
      obey(words(line, ' '));
    }
  }

  void obey(const std::vector<std::string>& line) {
    const std::string& verb = line[0];
    if (verb == "end") return finish();
    if (verb == "count") return count("count");
    if (verb == "freeze" || verb == "thaw") {
      crowd_->freeze(verb == "freeze");
      JsonWriter out = event(verb.c_str());
      return say(out);
    }
    if (line.size() < 2) return;
    if (verb == "more") {
      for (int i = std::atoi(line[1].c_str()); i > 0; --i) crowd_->one_more();
      return;
    }
    const auto found = std::find(ids_.begin(), ids_.end(), line[1]);
    if (found == ids_.end()) return;
    const auto at = static_cast<std::size_t>(found - ids_.begin());
    SwarmNode& node = *nodes_[at];
    if (verb == "kill" || verb == "bye") {
      node.leave(verb == "bye");
      crowd_->lost(at);
    } else if (verb == "drain") {
      node.drain();
    } else if (verb == "silence") {
      node.fall_silent();
    } else if (verb == "join") {
      crowd_->out(at, false);
      node.join();
    } else if (verb == "out") {
      crowd_->out(at, true);
    }
    JsonWriter out = event(verb.c_str());
    out.key("id").text(line[1]);
    say(out);
  }

  void finish() {
    count("end");
    swarm_.loop.stop();
  }

  void count(const char* what) {
    const CrowdTally& tally = crowd_->tally();
    JsonWriter out = event(what);
    const std::pair<const char*, std::uint64_t> numbers[] = {
        {"listeners", crowd_->size()},
        {"unserved", crowd_->unserved()},
        {"asked", tally.asked},
        {"redirected", tally.redirected},
        {"served_here", tally.served_here},
        {"refused", tally.refused},
        {"unanswered", tally.unanswered},
        {"other", tally.other},
        {"arrived", tally.arrived},
        {"departed", tally.departed},
        {"wasted", tally.wasted},
        {"over", tally.over},
        {"wrong", tally.wrong},
        {"most_tries", tally.most_tries},
        {"linked", swarm_.linked},
        {"hearing", crowd_->hearing()},
        {"relays", relays()},
        {"most_relays", most_relays_},
        {"used_mounts", used_mounts()},
    };
    for (const auto& [key, number] : numbers) out.key(key).number(number);
    out.key("first_wrong").text(tally.first_wrong);
    out.key("begin").number(std::chrono::duration<double>(begin_.time_since_epoch()).count());
    out.key("most_mean").number(most_mean_);
    out.key("answer_ms_p50").number(part_of(tally.answer_ms, 0.5));
    out.key("answer_ms_p99").number(part_of(tally.answer_ms, 0.99));
    out.key("back_ms").begin_array();
    for (const double ms : tally.back_ms) out.number(ms);
    out.end_array().key("statuses").begin_object();
    for (const auto& [status, times] : tally.statuses) out.key(status).number(times);
    out.end_object().key("redirects_to").begin_object();
    for (const auto& [to, times] : tally.redirects_to) out.key(to).number(times);
    out.end_object().key("last_redirect").begin_object();
    for (const auto& [to, when] : tally.last_redirect) out.key(to).number(when);
    out.end_object().key("nodes").begin_object();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const NodeCapacity& size = nodes_[i]->plan().capacity;
      out.key(ids_[i]).begin_object();
      out.key("listeners").number(nodes_[i]->listeners());
      out.key("kbps").number(nodes_[i]->kbps());
      out.key("most_listeners").number(most_listeners_[i]);
      out.key("most_kbps").number(most_kbps_[i]);
      out.key("max_listeners").number(size.listeners);
      out.key("max_kbps").number(size.kbps);
      std::uint64_t in = 0, sent = 0;
      if (const MasterSession* session = nodes_[i]->session())
        if (const Link* link = session->link()) in = link->bytes_in(), sent = link->bytes_out();
      out.key("bytes_in").number(in).key("bytes_out").number(sent);
      out.end_object();
    }
    out.end_object();
    say(out);
  }

  static double part_of(std::vector<double> values, double part) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
  }

  Swarm& swarm_;
  Options options_;
  Timer tick_, come_, end_;
  Watch input_;
  std::string pending_;
  std::vector<std::string> ids_;
  std::vector<std::unique_ptr<SwarmNode>> nodes_;
  std::unique_ptr<CrowdListeners> crowd_;
  std::vector<double> most_kbps_;
  std::vector<unsigned> most_listeners_;
  double most_mean_ = 0;
  unsigned most_relays_ = 0, come_so_far_ = 0;
  bool begun_ = false;
  SteadyTime begin_{};
};

}  // namespace

int main(int argc, char** argv) {
  Swarm swarm;
  Options options;
  static_cast<void>(swarm.log.open(LogSettings{}));
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos ||
        !take_option(word.substr(0, equals), word.substr(equals + 1), options, swarm)) {
      std::fprintf(stderr, "cluster-crowd: '%s' is not understood\n", argv[i]);
      return 2;
    }
  }
  if (swarm.master.port == 0 || options.mounts == 0) {
    std::fprintf(stderr, "usage: cluster-crowd master=HOST:PORT link=HOST:PORT node=… …\n");
    return 2;
  }
  Program(swarm, std::move(options)).run();
  return 0;
}
