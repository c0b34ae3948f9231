#include "http/connection_record.h"

#include <utility>

#include "base/cat.h"
#include "http/connections.h"

namespace lb {
namespace {

// Asked a second time it does nothing that the first time has done already.
bool may_ask_again(const Request& request) {
  switch (request.method) {
    case Method::kGet:
    case Method::kHead:
    case Method::kOptions:
    case Method::kSource:
    case Method::kStats:
      return true;
    case Method::kPut:
      return !is_below_api(request);
    default:
      return false;
  }
}

std::string request_text(const Request& request, std::string_view behind) {
  std::string text = cat({request.method_text, " ", request.target,
                          request.protocol == Protocol::kIce ? " ICE/1." : " HTTP/1.",
                          request.version_minor, "\r\n"});
  for (const auto& [name, value] : request.headers.all()) text += cat({name, ": ", value, "\r\n"});
  return cat({text, "\r\n", behind});
}

}  // namespace

std::optional<std::string> Connection::unanswered() const {
  if (!transport_ || !transport_->can_move() || half_closed_) return std::nullopt;
  if (state_ == State::kHead && !opening_) return head_so_far_ + leftover_;
  if (state_ == State::kHandling && may_ask_again(request_) &&
      request_.protocol != Protocol::kIcy && form_.empty() && bytes_sent_ == 0)
    return request_text(request_, leftover_);
  return std::nullopt;
}

std::vector<HeldRequest> Connections::unanswered() const {
  std::vector<HeldRequest> all;
  for (const auto& [id, connection] : connections_)
    if (auto bytes = connection->unanswered())
      all.push_back({connection->transport_->fd(), connection->socket_peer_, connection->socket_,
                     std::move(*bytes)});
  return all;
}

void Connections::forget_unanswered() {
  std::vector<Connection*> held;
  for (const auto& [id, connection] : connections_)
    if (connection->unanswered()) held.push_back(connection.get());
  for (Connection* connection : held) remove(*connection);
}

void Connections::adopt(std::unique_ptr<Transport> transport,
                        const std::shared_ptr<const ListenSocket>& socket, std::string_view bytes) {
  loop_.assert_here();
  const std::uint64_t id = next_id_.fetch_add(1, std::memory_order_relaxed);
  auto connection = std::make_unique<Connection>(*this, id, std::move(transport), socket);
  Connection& added = *connection;
  connections_[id] = std::move(connection);
  head_begins(added);
  starting_ = &added;
  added.start_with(bytes);
  starting_ = nullptr;
  ended_at_once_.reset();
}

}  // namespace lb
