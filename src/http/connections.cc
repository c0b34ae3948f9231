#include "http/connections.h"

#include <utility>

namespace lb {
namespace {

constexpr std::chrono::seconds kHeadGrace{2};

}  // namespace

Connections::Connections(Loop& loop, Log& log, const Snapshot<HttpSettings>& settings,
                         std::atomic<std::uint64_t>& next_id)
    : loop_(loop), log_(log), settings_(settings), next_id_(next_id) {}

Connections::~Connections() = default;

void Connections::accepted(std::unique_ptr<Transport> transport, const std::shared_ptr<const ListenSocket>& socket) {
  loop_.assert_here();
  plan_.accepted();
  if (!plan_.welcome(transport->peer())) return;
  const std::uint64_t id = next_id_.fetch_add(1, std::memory_order_relaxed);
  auto connection = std::make_unique<Connection>(*this, id, std::move(transport), socket);
  Connection& added = *connection;
  connections_[id] = std::move(connection);
  head_begins(added);
  added.start(settings_.read()->header_timeout);
}

void Connections::head_begins(Connection& connection) {
  open_heads_.push_back(connection);
  ++open_head_count_;
  // Only who has had time to ask: in a crowd, many connections wait for us, not we for them.
  if (open_head_count_ > settings_.read()->most_open_heads &&
      loop_.now() - open_heads_.front().head_since_ > kHeadGrace)
    remove(open_heads_.front());
}

bool Connections::make_room() {
  if (open_heads_.empty()) return false;
  remove(open_heads_.front());
  return true;
}

Connection* Connections::find(std::uint64_t id) {
  loop_.assert_here();
  const auto at = connections_.find(id);
  return at == connections_.end() ? nullptr : at->second.get();
}

void Connections::head_complete(Connection& connection) {
  if (!connection.linked()) return;
  connection.unlink();
  --open_head_count_;
}

void Connections::remove(Connection& connection) {
  head_complete(connection);
  const auto at = connections_.find(connection.id());
  if (at == connections_.end()) return;
  // Its own callback may be on the stack: it dies in the next round.
  auto gone = std::make_shared<std::unique_ptr<Connection>>(std::move(at->second));
  connections_.erase(at);
  (*gone)->watch_.stop();
  (*gone)->deadline_.cancel();
  loop_.post([gone] {});
}

void Connections::end_all() {
  while (!connections_.empty()) remove(*connections_.begin()->second);
}

}  // namespace lb
