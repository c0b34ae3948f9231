#include "app/services/worker.h"

#include <utility>

#include "http/connections.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_set.h"

namespace lb {

void Worker::wake(Traffic& traffic, std::uint64_t loops, const std::shared_ptr<Mount>& mount) {
  for (unsigned i = 0; loops != 0; ++i, loops >>= 1) {
    if ((loops & 1) == 0) continue;
    Worker& worker = *traffic.workers[i];
    worker.loop.post([&worker, mount] { worker.streams->wake(mount); });
  }
}

void Worker::end_source(Traffic& traffic, unsigned home, std::uint64_t lease, EndReason reason) {
  Worker& worker = *traffic.workers[home];
  worker.loop.post([&worker, lease, reason] { worker.sources->kill(lease, reason); });
}

void Worker::end_encoders(Traffic& traffic, const std::string& mount, EndReason reason) {
  for (const auto& encoder : traffic.admission->encoders_of(mount))
    end_source(traffic, encoder.home, encoder.id, reason);
}

Connection* Worker::find_connection(std::uint64_t id) { return connections->find(id); }

void Worker::answer(std::uint64_t id, UniqueFunction<void(Connection&)> then) {
  loop.post([this, id, then = std::move(then)]() mutable {
    if (Connection* waiting = find_connection(id)) then(*waiting);
  });
}

void Worker::accept_from(const std::shared_ptr<const ListenSocket>& socket,
                         const ListenSocket* before) {
  std::erase_if(acceptors,
                [before](const auto& acceptor) { return &acceptor->socket() == before; });
  acceptors.push_back(std::make_unique<Acceptor>(loop, socket, *connections, services.log));
}

void Worker::stop_accepting(const ListenSocket& socket) {
  std::erase_if(acceptors, [&socket](const auto& acceptor) {
    if (&acceptor->socket() != &socket) return false;
    acceptor->close();
    return true;
  });
}

}  // namespace lb
