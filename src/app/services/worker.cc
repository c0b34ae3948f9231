#include "app/services/worker.h"

namespace lb {

void Worker::wake(Services& services, Channel::Loops loops, const std::shared_ptr<Mount>& mount) {
  for (unsigned i = 0; loops != 0; ++i, loops >>= 1) {
    if ((loops & 1) == 0) continue;
    Worker& worker = *services.workers[i];
    worker.loop.post([&worker, mount] { worker.streams.wake(mount); });
  }
}

void Worker::end_source(Services& services, unsigned home, std::uint64_t lease, EndReason reason) {
  Worker& worker = *services.workers[home];
  worker.loop.post([&worker, lease, reason] { worker.sources.kill(lease, reason); });
}

void Worker::end_encoders(Services& services, const std::string& mount, EndReason reason) {
  for (const auto& encoder : services.admission->encoders_of(mount))
    end_source(services, encoder.home, encoder.id, reason);
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
