#include "app/switch_service.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "app/services/event_service.h"
#include "app/services/node_health.h"
#include "app/services/traffic.h"
#include "base/cat.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr std::string_view kSwitchModule = "cluster/switch";

}  // namespace

SwitchService::SwitchService(Traffic& traffic) : traffic_(traffic) {
  traffic_.drain.on_change([this](const DrainPicture& now) { shut(now.mode != DrainMode::kOff); });
}

void SwitchService::bind(const Config& config, const ListenSockets& sockets) {
  apply(config, sockets, ListenSockets::Attempt::kFirst);
  handed_.clear();  // closes removed ports
}

std::vector<ListenSockets::Handed> SwitchService::share() const {
  std::vector<ListenSockets::Handed> all;
  const auto add = [&all](const std::string& address, int port, int fd) {
    UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!copy) return;
    ListenSockets::Handed& one = all.emplace_back();
    one.port = port;
    one.bind_address = address;
    one.fds.push_back(std::move(copy));
  };
  for (const Datagrams& datagrams : datagrams_)
    add(datagrams.address, datagrams.port, datagrams.socket->fd());
  if (agent_) add(agent_address_, agent_port_, agent_->fd());
  return all;
}

UniqueFd SwitchService::take_handed(int kind, const std::string& address, int port) {
  for (ListenSockets::Handed& one : handed_) {
    if (one.bind_address != address || one.port != port || one.fds.size() != 1) continue;
    int is = 0;
    socklen_t size = sizeof is;
    if (::getsockopt(one.fds.front().get(), SOL_SOCKET, SO_TYPE, &is, &size) == 0 && is == kind)
      return std::exchange(one.fds.front(), UniqueFd());
  }
  return {};
}

void SwitchService::begin() {
  begun_ = true;
  for (Datagrams& datagrams : datagrams_) start(datagrams);
  start_agent();
}

void SwitchService::apply(const Config& config, const ListenSockets& sockets,
                          ListenSockets::Attempt attempt) {
  if (attempt == ListenSockets::Attempt::kFirst) failed_.clear();
  const auto& open = sockets.open_sockets();
  const auto wanted = [&](const Datagrams& datagrams) {
    return config.cluster.udp && std::any_of(open.begin(), open.end(), [&](const auto& socket) {
             return socket->port == datagrams.port &&
                    socket->settings.bind_address == datagrams.address;
           });
  };
  std::erase_if(datagrams_, [&](const Datagrams& datagrams) { return !wanted(datagrams); });
  for (const auto& socket : open) {
    const bool known =
        std::any_of(datagrams_.begin(), datagrams_.end(), [&](const Datagrams& datagrams) {
          return datagrams.port == socket->port &&
                 datagrams.address == socket->settings.bind_address;
        });
    if (config.cluster.udp && !known && !socket->shoutcast)
      open_datagrams(socket->settings.bind_address, socket->port);
  }

  const ClusterSettings& cluster = config.cluster;
  if (cluster.agent_port == agent_port_ && cluster.agent_bind_address == agent_address_) return;
  agent_.reset();
  agent_port_ = cluster.agent_port;
  agent_address_ = cluster.agent_bind_address;
  if (agent_port_ == 0) return;
  if (UniqueFd handed = take_handed(SOCK_STREAM, agent_address_, agent_port_)) {
    agent_ = std::make_unique<LinePort>(std::move(handed));
    return;
  }
  auto made = LinePort::open(agent_address_, agent_port_);
  if (!made) {
    traffic_.log.error(kSwitchModule, cat({"cluster/agent: ", made.error().what,
                                           "; the agent-check port stays closed"}));
    return;
  }
  agent_ = std::move(*made);
  if (begun_) start_agent();
}

void SwitchService::open_datagrams(const std::string& address, int port) {
  if (UniqueFd handed = take_handed(SOCK_DGRAM, address, port)) {
    datagrams_.push_back({address, port, std::make_unique<DatagramPort>(std::move(handed))});
    return;
  }
  auto made = DatagramPort::open(address, port);
  if (!made) {
    if (failed_.emplace(address, port).second)
      traffic_.log.error(kSwitchModule, cat({"cluster/udp: ", made.error().what,
                                             "; datagrams are not answered there"}));
    return;
  }
  failed_.erase({address, port});
  Datagrams& datagrams = datagrams_.emplace_back(Datagrams{address, port, std::move(*made)});
  if (begun_) start(datagrams);
}

void SwitchService::start(Datagrams& datagrams) {
  datagrams.socket->start(traffic_.loops.control(), [&traffic = traffic_](std::size_t asked) {
    return datagram_answer(node_health(traffic), node_name(*traffic.config.read()), asked);
  });
  datagrams.socket->set_shut(traffic_.drain.draining());
}

void SwitchService::start_agent() {
  if (agent_)
    agent_->start(traffic_.loops.control(),
                  [&traffic = traffic_] { return agent_line(node_health(traffic)); });
}

void SwitchService::shut(bool shut) {
  for (Datagrams& datagrams : datagrams_)
    if (!datagrams.socket->set_shut(shut))
      traffic_.log.error(kSwitchModule,
                         cat({"cluster/udp: port ", datagrams.port,
                              shut ? " cannot be shut" : " cannot be opened again"}));
}

}  // namespace lb
