#include "net/fetch/fetch_turns.h"

#include <algorithm>

#include "base/strings.h"

namespace lb {

FetchTurns::FetchTurns(const Limits& limits) : limits_(limits) {}

std::size_t FetchTurns::room_of(const Server& server) const noexcept {
  return server.failed ? std::max<std::size_t>(limits_.of_server / 8, 1) : limits_.of_server;
}

void FetchTurns::place_in_line(Server& server) {
  std::list<Server*>* line = nullptr;
  if (server.waiting.empty())
    line = nullptr;
  else if (server.in_flight == 0)
    line = &without_place_;
  else if (server.in_flight < room_of(server))
    line = &with_place_;
  if (line == server.line) return;
  if (server.line != nullptr) server.line->erase(server.turn);
  if (line != nullptr) server.turn = line->insert(line->end(), &server);
  server.line = line;
}

void FetchTurns::settle(std::unordered_map<std::string, Server>::iterator at) {
  place_in_line(at->second);
  if (at->second.in_flight == 0 && at->second.waiting.empty()) servers_.erase(at);
}

void FetchTurns::wait(const std::string& server, Id id) {
  Server& its = servers_[server];
  its.waiting.push_back(id);
  place_in_line(its);
}

void FetchTurns::withdraw(const std::string& server, Id id) {
  const auto at = servers_.find(server);
  if (at == servers_.end()) return;
  std::erase(at->second.waiting, id);
  settle(at);
}

std::optional<FetchTurns::Id> FetchTurns::next() {
  const std::size_t common = std::max(limits_.in_flight - limits_.in_flight / 4, limits_.of_server);
  std::list<Server*>* line = nullptr;
  if (!without_place_.empty() && in_flight_ < limits_.in_flight)
    line = &without_place_;
  else if (!with_place_.empty() && in_flight_ < std::min(common, limits_.in_flight))
    line = &with_place_;
  if (line == nullptr) return std::nullopt;
  Server& server = *line->front();
  line->pop_front();
  server.line = nullptr;
  const Id id = server.waiting.front();
  server.waiting.pop_front();
  ++server.in_flight;
  ++in_flight_;
  place_in_line(server);
  return id;
}

void FetchTurns::leave(const std::string& server, End end) {
  const auto at = servers_.find(server);
  if (at == servers_.end()) return;
  --at->second.in_flight;
  --in_flight_;
  if (end != End::kUnknown) at->second.failed = end == End::kFailed;
  settle(at);
}

std::size_t FetchTurns::waiting(const std::string& server) const {
  const auto at = servers_.find(server);
  return at == servers_.end() ? 0 : at->second.waiting.size();
}

std::string server_of_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return to_lower(url);
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const std::size_t login = host.rfind('@'); login != std::string_view::npos)
    host.remove_prefix(login + 1);
  std::string server = to_lower(url.substr(0, scheme + 3)) + to_lower(host);
  // A colon within brackets is of an IPv6 address.
  const std::size_t colon = host.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  if (!has_port) server += istarts_with(url, "https") ? ":443" : ":80";
  return server;
}

}  // namespace lb
