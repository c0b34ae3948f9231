#include "http/connections.h"

#include <utility>

#include "base/cat.h"
#include "base/log.h"
#include "http/connection_record.h"
#include "net/loop/loop.h"

namespace lb {
namespace {

constexpr std::chrono::seconds kHeadGrace{2};
// A decision on another loop takes less, one of a backend may take longer.
constexpr std::chrono::milliseconds kQuickDecision{100};

}  // namespace

Connections::Connections(Loop& loop, Log& log, const Snapshot<HttpSettings>& settings,
                         std::atomic<std::uint64_t>& next_id)
    : loop_(loop),
      log_(log),
      access_(std::make_shared<AccessBatch>(loop, log)),
      settings_(settings),
      next_id_(next_id),
      gone_(std::make_shared<std::vector<std::unique_ptr<Connection>>>()),
      undecided_timer_(loop, [this] { watch_the_undecided(); }) {}

Connections::~Connections() { access_->flush(); }

void Connections::accepted(std::unique_ptr<Transport> transport,
                           const std::shared_ptr<const ListenSocket>& socket) {
  loop_.assert_here();
  plan_.accepted();
  if (!plan_.welcome(transport->peer())) return;
  if (!may_speak_for_others(*transport, *socket)) {
    log_refusal(transport->peer().ip() + ": is not one of the x-forwarded-for", *socket);
    return;
  }
  start(new_id(), std::move(transport), socket, [this](Connection& added) {
    head_begins(added);
    added.start();
  });
}

void Connections::adopt(std::unique_ptr<Transport> transport,
                        const std::shared_ptr<const ListenSocket>& socket,
                        const HeldRequest& held) {
  loop_.assert_here();
  start(held.id != 0 ? held.id : new_id(), std::move(transport), socket,
        [this, &held](Connection& added) {
          held.kept ? is_kept(added) : head_begins(added);
          added.start_with(held);
        });
}

template <class Start>
void Connections::start(std::uint64_t id, std::unique_ptr<Transport> transport,
                        const std::shared_ptr<const ListenSocket>& socket, Start&& start_it) {
  auto connection = std::make_unique<Connection>(*this, id, std::move(transport), socket);
  Connection& added = *connection;
  connections_[id] = std::move(connection);
  count_.store(connections_.size(), std::memory_order_relaxed);
  starting_ = &added;
  start_it(added);
  starting_ = nullptr;
  // A connection that was answered at once is freed here: its memory is warm for the next one.
  ended_at_once_.reset();
}

void Connections::head_begins(Connection& connection) {
  open_heads_.push_back(connection);
  ++open_head_count_;
  // Ends only a connection that has had time to send its request: under a burst the worker is late.
  Connection& oldest = open_heads_.front();
  if (open_head_count_ > settings_.read().most_open_heads && &oldest != &connection &&
      loop_.now() - oldest.head_since_ > kHeadGrace)
    remove(oldest);
}

void Connections::is_kept(Connection& connection) {
  if (kept_count_ >= settings_.read().most_kept && !kept_.empty()) remove(kept_.front());
  kept_.push_back(connection);
  ++kept_count_;
  connection.kept_ = true;
}

bool Connections::make_room() {
  if (!kept_.empty()) {
    remove(kept_.front());
    return true;
  }
  if (open_heads_.empty()) return false;
  remove(open_heads_.front());
  return true;
}

Connection* Connections::find(std::uint64_t id) {
  loop_.assert_here();
  const auto at = connections_.find(id);
  return at == connections_.end() ? nullptr : at->second.get();
}

// A form may be held back as a head may, and takes more memory.
void Connections::form_begins(Connection& connection) {
  if (!connection.kept_) return;
  request_complete(connection);
  head_begins(connection);
}

void Connections::request_complete(Connection& connection) {
  if (!connection.linked()) return;
  connection.unlink();
  if (std::exchange(connection.kept_, false))
    --kept_count_;
  else
    --open_head_count_;
}

void Connections::decision_begins(Connection& connection) {
  undecided_.push_back(connection);
  if (!undecided_timer_.armed()) undecided_timer_.after(kQuickDecision);
}

// A decision takes long: the socket is watched in case the client leaves.
void Connections::watch_the_undecided() {
  while (!undecided_.empty()) {
    Connection& connection = undecided_.front();
    connection.unlink();
    connection.watch_.want(EV_READ);
  }
}

std::unique_ptr<Opening> Connections::opening_of(const ListenSocket& socket) const {
  auto context = plan_.certificates ? plan_.certificates() : nullptr;
  TlsUse use = TlsUse::kNever;
  if (socket.settings.tls)
    use = TlsUse::kAlways;
  else if (context && !socket.shoutcast)
    use = TlsUse::kDetect;
  if (use == TlsUse::kNever && !socket.settings.proxy_protocol) return nullptr;
  return std::make_unique<Opening>(socket.settings.proxy_protocol, use, std::move(context));
}

void Connections::handshake_begins(const Connection& connection) {
  if (++handshake_count_ <= settings_.read().most_handshakes) return;
  Connection* oldest = nullptr;
  open_heads_.for_each([&](Connection& other) {
    if (oldest == nullptr && &other != &connection && other.handshaking()) oldest = &other;
  });
  if (oldest != nullptr) remove(*oldest);
}

void Connections::opening_failed(const Connection& connection, const Opening& opening) {
  const std::string text = cat({connection.ip(), ": ", opening.problem()});
  if (!opening.lacks_proxy_header()) {
    log_.debug("connection/connection", text);
    return;
  }
  log_refusal(text, connection.socket());
}

bool Connections::may_speak_for_others(const Transport& transport, const ListenSocket& socket) {
  if (!socket.settings.proxy_protocol) return true;
  const AddressList& trusted = settings_.read().trusted_proxies;
  return trusted.empty() || trusted.contains(transport.peer());
}

void Connections::log_refusal(const std::string& text, const ListenSocket& socket) {
  if (unsigned held = 0; proxy_guard_.pass(loop_.now(), held))
    log_.warn("connection/connection", cat({text, "; dropped on port ", socket.port,
                                            ", whose listen-socket has proxy-protocol (", held,
                                            " more since the last message)"}));
}

void Connections::remove(Connection& connection) {
  if (connection.state_ == Connection::State::kGone) return;
  if (connection.handshaking()) handshake_ends();
  connection.enter(Connection::State::kGone);
  const auto at = connections_.find(connection.id());
  std::unique_ptr<Connection> gone = std::move(at->second);
  connections_.erase(at);
  count_.store(connections_.size(), std::memory_order_relaxed);
  if (gone.get() == starting_) {
    ended_at_once_ = std::move(gone);
    return;
  }
  // Its own callback may be on the stack, so the next task destroys all that ended in this turn.
  if (gone_->empty()) loop_.post([ended = gone_] { std::exchange(*ended, {}); });
  gone_->push_back(std::move(gone));
}

void Connections::end_readers_of(const void* owner) {
  loop_.assert_here();
  std::vector<Connection*> readers;
  for (const auto& [id, connection] : connections_)
    if (connection->page_.owner.get() == owner) readers.push_back(connection.get());
  for (Connection* reader : readers) remove(*reader);
}

void Connections::end_all() {
  while (!connections_.empty()) remove(*connections_.begin()->second);
}

void AccessBatch::add(AccessFacts facts, WallTime now) {
  if (!log_.access_ip()) facts.ip = {};
  // The task runs after the events of this turn.
  if (lines_.empty()) loop_.post([self = shared_from_this()] { self->flush(); });
  if (log_.access_format() == LogFormat::kJson) {
    lines_ += access_json(facts, now);
  } else {
    const WallTime second = std::chrono::floor<std::chrono::seconds>(now);
    if (second != second_ || time_.empty()) {
      second_ = second;
      time_ = clf_time(now);
    }
    append_access_line(lines_, facts, time_);
  }
  lines_ += '\n';
  if (lines_.size() >= kMaxBytes) flush();
}

void AccessBatch::flush() {
  if (lines_.empty()) return;
  log_.access_lines(lines_);
  lines_.clear();
}

}  // namespace lb
