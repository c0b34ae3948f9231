#include "cluster/balance/redirect_decider.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "cluster/balance/redirect_token.h"
#include "cluster/nodes/public_address.h"

namespace lb {
namespace {

// A request with the data that it points to.
struct Prepared {
  explicit Prepared(const RedirectAsk& ask) : tags(ask.tags.begin(), ask.tags.end()) {
    request.mount = ask.mount;
    request.scheme = ask.scheme;
    request.family = family_of(ask.client);
    request.country = ask.country;
    request.tags = tags;
    request.needs = ask.needs;
    request.redirected = ask.arrival.redirected();
    request.direct = ask.direct;
    request.full_here = ask.full_here;
    request.sent_back = ask.arrival.sent_back();
    request.only = ask.only.get();
  }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  std::vector<std::string_view> tags;
  PickRequest request;
};

// 0: unknown tag.
NodeKey node_of_tag(const NodeTable& table, std::uint8_t tag) {
  for (const Node& node : table.nodes())
    if (!node.id.empty() && token_tag(node.id) == tag) return node.key;
  return 0;
}

ClientKey key_of(const RedirectAsk& ask) {
  const auto& bytes = ask.client.bytes();
  return client_key({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, ask.user_agent,
                    ask.mount);
}

using namespace std::chrono_literals;

constexpr auto kServerMemory = 30min;
constexpr std::size_t kMaxServers = 4096;
constexpr std::size_t kMaxAgents = 8;  // of one address
constexpr std::size_t kLongestAgent = 200;

}  // namespace

bool is_ours(const Node& node) noexcept {
  return node.kind == NodeKind::kLink ||
         (node.kind == NodeKind::kLegacy && node.scope == MountScope::kAll);
}

void RedirectDecider::lock() const {
  const auto me = std::this_thread::get_id();
  // Only this thread can have put its own id there, so the order of memory does not matter.
  if (holder_.load(std::memory_order_relaxed) == me) {
    std::fputs(
        "icecast-lb: the table of nodes was asked for by a function that has it already; "
        "the process ends\n",
        stderr);
    std::abort();
  }
  mutex_.lock();
  holder_.store(me, std::memory_order_relaxed);
}

void RedirectDecider::unlock() const {
  holder_.store({}, std::memory_order_relaxed);
  mutex_.unlock();
}

RedirectDecider::Change::~Change() {
  const bool events = decider_.table_.has_events();
  const bool first = events && !decider_.events_announced_;
  decider_.events_announced_ = events;
  decider_.unlock();
  if (first && decider_.on_events_) decider_.on_events_();
}

RedirectDecider::RedirectDecider(const NodeTable::Settings& table, BalanceSettings settings,
                                 Rng rng, SteadyTime started, std::function<void()> on_events)
    : table_(table, started),
      rng_(rng),
      balancer_(table_, std::move(settings), rng_),
      on_events_(std::move(on_events)) {}

SteadyTime RedirectDecider::time(SteadyTime now) const noexcept {
  now = std::max(latest_, now);
  return expired_ == SteadyTime{} ? now
                                  : std::min(now, std::max<SteadyTime>(latest_, expired_ + kLate));
}

void RedirectDecider::expire(SteadyTime now) {
  const Change change(*this);
  const SteadyTime due = expired_ + kLate;
  if (expired_ != SteadyTime{} && now > due) table_.was_away(due, now, kLate);
  expired_ = latest_ = std::max(expired_, now);
  table_.expire(now);
}

Decision RedirectDecider::decide(const RedirectAsk& ask, SteadyTime now, bool sure) {
  Prepared prepared(ask);
  const ClientKey key = key_of(ask);
  Decision out;
  const Change change(*this);
  now = latest_ = time(now);
  if (askers_.is_server(ask.client, ask.user_agent, ask.bare, now)) {
    out.kind = Decision::Kind::kServeRelay;
    return out;
  }
  if (!sure && !ruled_.contains(ask.mount)) {
    out.kind = Decision::Kind::kNewMount;
    return out;
  }
  if (ask.arrival.sent_back())
    prepared.request.avoid = node_of_tag(table_, ask.arrival.sent_back_by);
  const Balancer::Client client{key, ask.user_agent, ask.arrival.sent_back()};
  const Choice choice = balancer_.decide(prepared.request, client, now);
  out.direct = choice.reason == PickReason::kCannotFollow;
  out.retry_after = choice.retry_after;
  out.hold_until = choice.hold_until;
  switch (choice.kind) {
    case Choice::Kind::kServe:
      return out;
    case Choice::Kind::kHold:
      out.kind = Decision::Kind::kHold;
      return out;
    case Choice::Kind::kRefuse:
      out.kind = Decision::Kind::kRefuse;
      return out;
    case Choice::Kind::kRedirect:
      break;
  }
  const Node& node = table_.node(choice.node);
  const NodeAddress* address = node.address_for(ask.scheme, prepared.request.family);
  out.kind = address == nullptr ? Decision::Kind::kRefuse : Decision::Kind::kRedirect;
  if (address == nullptr) return out;
  out.node = node.id;
  out.origin = origin_of(*address);
  out.checks_tokens = node.checks_tokens;
  out.is_master = balancer_.is_master(node.id);
  out.keyed = node.keyed;
  out.client = key;
  out.ours = is_ours(node);
  return out;
}

Choice RedirectDecider::explain(const RedirectAsk& ask, SteadyTime now, PickTrace& trace) const {
  Prepared prepared(ask);
  const ClientKey key = ask.stranger ? 0 : key_of(ask);
  const Turn turn(*this);
  now = time(now);
  prepared.request.relay =
      !ask.stranger && askers_.is_server(ask.client, ask.user_agent, ask.bare, now);
  if (ask.arrival.sent_back())
    prepared.request.avoid = node_of_tag(table_, ask.arrival.sent_back_by);
  return balancer_.explain(prepared.request, {key, ask.user_agent, ask.arrival.sent_back()}, now,
                           trace);
}

void RedirectDecider::arrived(std::span<const ClientKey> clients) {
  const Turn turn(*this);
  balancer_.arrived(clients);
}

void RedirectDecider::configure(BalanceSettings settings, std::unordered_set<std::string> ruled) {
  const Turn turn(*this);
  balancer_.configure(std::move(settings));
  ruled_.swap(ruled);
}

void RedirectDecider::set_rules(const std::string& mount,
                                const std::optional<BalanceRules>& rules) {
  const Turn turn(*this);
  balancer_.set_rules(mount, rules);
  ruled_.insert(mount);
}

BalanceSettings RedirectDecider::settings() const {
  const Turn turn(*this);
  return balancer_.settings();
}

void RedirectDecider::set_masters(std::set<std::string, std::less<>> ids) {
  const Turn turn(*this);
  balancer_.set_masters(std::move(ids));
}

void RedirectDecider::remember_server(const Address& peer, std::string_view agent, SteadyTime now) {
  const Turn turn(*this);
  askers_.remember(peer, agent, now);
}

bool RedirectDecider::is_server(const Address& peer, std::string_view agent, bool bare,
                                SteadyTime now) const {
  const Turn turn(*this);
  return askers_.is_server(peer, agent, bare, now);
}

void ListAskers::remember(const Address& peer, std::string_view agent, SteadyTime now) {
  const auto old = [now](const auto& row) { return now - row.second > kServerMemory; };
  if (servers_.size() >= kMaxServers && !servers_.contains(peer.bytes())) {
    for (auto at = servers_.begin(); at != servers_.end();) {
      std::erase_if(at->second, old);
      at = at->second.empty() ? servers_.erase(at) : std::next(at);
    }
    if (servers_.size() >= kMaxServers) return;
  }
  Agents& agents = servers_[peer.bytes()];
  if (agents.size() >= kMaxAgents) std::erase_if(agents, old);
  const std::string_view name = agent.substr(0, kLongestAgent);
  if (const auto found = agents.find(name); found != agents.end())
    found->second = now;
  else if (agents.size() < kMaxAgents)
    agents.emplace(name, now);
}

bool ListAskers::is_server(const Address& peer, std::string_view agent, bool bare,
                           SteadyTime now) const {
  if (servers_.empty()) return false;
  const auto found = servers_.find(peer.bytes());
  if (found == servers_.end()) return false;
  const auto asked = [&](std::string_view name) {
    const auto at = found->second.find(name);
    return at != found->second.end() && now - at->second <= kServerMemory;
  };
  if (!agent.empty() && asked(agent.substr(0, kLongestAgent))) return true;
  return bare && std::any_of(found->second.begin(), found->second.end(),
                             [now](const auto& row) { return now - row.second <= kServerMemory; });
}

}  // namespace lb
