#include "app/worker.h"

#include "app/admin_stage.h"
#include "app/mount_files.h"
#include "app/routes.h"
#include "auth/passwords.h"

namespace lb {

Worker::Worker(Services& given, unsigned index)
    : services(given),
      loop(given.loops.worker(index)),
      streams(
          loop,
          LoopStreams::Shared{
              given.mounts, given.counters, given.log,
              [&given](std::string_view mount) {
                return mount_settings(*given.config.read(), mount).fallback_mount;
              },
              [&given](std::string_view name) { return given.mount_files->fallback(name); },
              [&given](const std::shared_ptr<Mount>& file) { given.mount_files->entered(file); }}),
      sources(loop, given.log,
              SourceSet::Doors{[this](Channel::Loops loops, const std::shared_ptr<Mount>& mount) {
                                 const Channel::Loops own = Channel::Loops{1} << loop.id();
                                 if ((loops & own) != 0) streams.wake(mount);
                                 wake(services, loops & ~own, mount);
                               },
                               [this](SourceEnd end) {
                                 auto moved = std::make_shared<SourceEnd>(std::move(end));
                                 services.loops.control().post([this, moved] {
                                   services.admission->give_back(std::move(*moved));
                                 });
                               }}),
      connections(loop, given.log, given.http, given.next_client_id) {
  streams.set_delivery(given.config.read()->limits.delivery);
  stages = make_stages(*this);
  Connections::Plan plan;
  for (const auto& stage : stages) plan.stages.push_back(stage.get());
  plan.welcome = [&given](const Address& peer) {
    if (given.access.lists()->welcome(peer)) return true;
    given.counters.refused(Refusal::kAddress);
    return false;
  };
  plan.accepted = [&given] { given.counters.connections.fetch_add(1, std::memory_order_relaxed); };
  plan.certificates = [&given] { return given.tls.context(); };
  plan.body_limit = [this](Connection& connection) { return body_limit(*this, connection); };
  plan.shoutcast_login = [this](Connection& connection) {
    return shoutcast_login(*this, connection);
  };
  connections.set_plan(std::move(plan));
}

Worker::~Worker() = default;

void Worker::wake(Services& services, Channel::Loops loops, const std::shared_ptr<Mount>& mount) {
  for (unsigned i = 0; loops != 0; ++i, loops >>= 1) {
    if ((loops & 1) == 0) continue;
    Worker& worker = *services.workers[i];
    worker.loop.post([&worker, mount] { worker.streams.wake(mount); });
  }
}

void Worker::accept_from(const std::shared_ptr<const ListenSocket>& socket,
                         const ListenSocket* before) {
  std::erase_if(acceptors,
                [before](const auto& acceptor) { return &acceptor->socket() == before; });
  acceptors.push_back(std::make_unique<Acceptor>(loop, socket, connections, services.log));
}

void Worker::stop_accepting(const ListenSocket& socket) {
  std::erase_if(acceptors, [&socket](const auto& acceptor) {
    if (&acceptor->socket() != &socket) return false;
    acceptor->close();
    return true;
  });
}

}  // namespace lb
