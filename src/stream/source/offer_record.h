// EncoderRecord: the common part of the records of a source and of a standby: its connection.
// Thread: pure functions.
#pragma once

#include <memory>
#include <utility>

#include "base/unique_fd.h"
#include "net/address/address.h"
#include "stream/mount/moved_fd.h"
#include "stream/source/source_offer.h"

namespace lb {

struct EncoderRecord {
  MovedFd fd = 0;
  Address peer;
  EncoderFacts facts;
  bool counted = false;  // among the clients
};

inline EncoderRecord save_offer(const SourceOffer& offer, FdsOut& fds) {
  Transport& transport = *offer.transport;
  return {fds.add(transport), transport.peer(), offer, static_cast<bool>(offer.client_pass)};
}

// Null: the record has none.
inline std::unique_ptr<Transport> restore_transport(const EncoderRecord& saved, FdsIn& fds) {
  UniqueFd fd = fds.take_socket(saved.fd);
  return fd ? std::make_unique<PlainTransport>(std::move(fd), saved.peer) : nullptr;
}

// Without its places, which belong to the server.
inline SourceOffer restore_offer(const EncoderRecord& saved, std::unique_ptr<Transport> transport) {
  SourceOffer offer;
  static_cast<EncoderFacts&>(offer) = saved.facts;
  offer.transport = std::move(transport);
  return offer;
}

}  // namespace lb
