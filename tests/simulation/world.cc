#include "world.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/cat.h"
#include "wire.h"

namespace lb::sim {
namespace {

World* present = nullptr;
constexpr std::uint16_t kLinkPort = 8100;

}  // namespace

World* present_world() noexcept { return present; }

World::World(std::uint64_t seed, Trace& trace)
    : random_(seed),
      trace_(trace),
      hosts_(kMaxHosts),
      cuts_(kMaxHosts, std::vector<bool>(kMaxHosts)),
      delays_(kMaxHosts, std::vector<Nanos>(kMaxHosts)) {
  for (unsigned id = 0; id < kMaxHosts; ++id) {
    hosts_[id].id = id;
    hosts_[id].random = Rng(random_.next());
  }
  present = this;
}

World::~World() {
  for (const auto& [id, wire] : wires_)
    for (End& end : wire->ends)
      if (end.fd >= 0) ::close(std::exchange(end.fd, -1));
  present = nullptr;
}

Host& World::host(unsigned id) { return hosts_.at(id); }
std::string World::ip(unsigned host) { return cat({"10.0.0.", host == kOutside ? 200U : host}); }

void World::after(Nanos delay, std::function<void()> what) {
  events_.push({now_ + std::max(Nanos(0), delay), next_number_++,
                std::make_shared<std::function<void()>>(std::move(what))});
}

void World::fire() {
  while (!events_.empty() && events_.top().at <= now_) {
    const auto what = events_.top().what;
    events_.pop();
    (*what)();
  }
}

Nanos World::way(unsigned from, unsigned to) {
  const Nanos least = from == to ? 20us : 200us + 150us * ((from * 7 + to * 5) % 9);
  return least + delays_[from][to] + Nanos(random_.below(100'000));
}

// -- faults ---------------------------------------------------------------------------------------

void World::cut(unsigned from, unsigned to, bool closed) {
  if (cuts_[from][to] == closed) return;
  cuts_[from][to] = closed;
  if (closed) return;
  // What was sent meanwhile is sent once more, as the retransmission timers of a kernel have it.
  for (const auto& [id, wire] : wires_)
    for (int number = 0; number < 2; ++number)
      if (wire->ends[number].host == to && wire->ends[1 - number].host == from &&
          !wire->ends[number].coming.empty())
        deliver_after(wire, number, Nanos(random_.below(400'000'000)));
}

void World::reset_between(unsigned a, unsigned b, bool half) {
  std::vector<std::shared_ptr<Wire>> those;
  for (const auto& [id, wire] : wires_)
    if (wire->open && ((wire->ends[0].host == a && wire->ends[1].host == b) ||
                       (wire->ends[0].host == b && wire->ends[1].host == a)))
      those.push_back(wire);
  for (const auto& wire : those) {
    const int first = wire->ends[0].host == a ? 0 : 1;
    break_end(wire, first, ECONNRESET);
    // One that only reads would never hear of it.
    if (!half || wire->port != kLinkPort) break_end(wire, 1 - first, ECONNRESET);
  }
}

void World::unplug(unsigned host, bool replaced) {
  Host& it = hosts_[host];
  for (const auto& [port, fd] : it.listening) {
    auto waiting = std::exchange(sockets_[static_cast<std::size_t>(fd)]->waiting, {});
    if (replaced)
      it.waiting[port] = std::move(waiting);
    else
      for (const auto& [wire, accepted] : waiting) ::close(accepted);
  }
  it.listening.clear();
  std::vector<std::shared_ptr<Wire>> those;
  for (const auto& [id, wire] : wires_)
    if (wire->ends[0].host == host || wire->ends[1].host == host) those.push_back(wire);
  for (const auto& wire : those)
    for (int number = 0; number < 2; ++number) {
      const End& end = wire->ends[number];
      if (end.host != host || is_leaving(*wire, number)) continue;
      break_end(wire, number, ECONNRESET);
      const End& other = wire->ends[1 - number];
      if (!wire->open && number == 0 && other.peer == nullptr && other.fd < 0)
        drop(wire);  // not answered yet
      else
        finish_to(wire, 1 - number, true);
    }
}

// It goes to the next process of its host.
bool World::is_leaving(const Wire& wire, int number) const {
  const End& end = wire.ends[static_cast<std::size_t>(number)];
  for (const auto& [inode, socket] : leaving_)
    if (socket->end == wire.id * 2 + static_cast<unsigned>(number)) return true;
  const auto at = hosts_[end.host].waiting.find(wire.port);
  if (number == 0 || at == hosts_[end.host].waiting.end()) return false;
  return std::any_of(at->second.begin(), at->second.end(),
                     [&wire](const auto& each) { return each.first.get() == &wire; });
}

// -- outside --------------------------------------------------------------------------------------

std::unique_ptr<World::Line> World::dial(unsigned host, std::uint16_t port, Peer& peer) {
  const auto wire = make_wire(kOutside, host, port);
  wire->ends[0].peer = &peer;
  knock(wire);
  return std::make_unique<Line>(*this, wire, 0);
}

World::Line::~Line() {
  End& end = wire_->ends[end_];
  end.peer = nullptr;
  // The other side may have ended first.
  end.gone = true;
  if (wire_->ends[1 - end_].gone)
    world_.drop(wire_);
  else if (wire_->open || end_ == 1)
    world_.finish_to(wire_, 1 - end_, false);
}

bool World::Line::is_over() const noexcept { return wire_->ends[end_].gone; }
bool World::Line::is_ending() const noexcept { return wire_->ends[end_].finishing; }

void World::Line::send(std::string bytes) {
  if (!wire_->ends[end_].gone) world_.send_to(wire_, 1 - end_, std::move(bytes));
}

}  // namespace lb::sim
