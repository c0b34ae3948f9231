// The common part of the records of a source and of a standby: its connection.
// Thread: pure functions.
#pragma once

#include <memory>
#include <utility>

#include "base/unique_fd.h"
#include "net/socket/transport.h"
#include "stream/mount/moved_fd.h"
#include "stream/source/source_offer.h"

namespace lb {

template <class Record>
void save_offer(const SourceOffer& offer, FdsOut& fds, Record& saved) {
  saved.fd = fds.add(*offer.transport);
  saved.peer = offer.transport->peer();
  saved.request = offer.request;
  saved.user_agent = offer.user_agent;
  saved.referer = offer.referer;
  saved.user = offer.user;
  saved.shows_user = offer.shows_user;
  saved.bytes_sent = offer.bytes_sent;
  saved.counted = static_cast<bool>(offer.client_pass);
}

// Without its places, which belong to the server.
template <class Record>
SourceOffer restore_offer(const Record& saved, std::unique_ptr<Transport> transport) {
  SourceOffer offer;
  offer.transport = std::move(transport);
  offer.request = saved.request;
  offer.user_agent = saved.user_agent;
  offer.referer = saved.referer;
  offer.user = saved.user;
  offer.shows_user = saved.shows_user;
  offer.bytes_sent = saved.bytes_sent;
  return offer;
}

template <class Record>
SourceOffer restore_offer(const Record& saved, UniqueFd fd) {
  return restore_offer(saved, std::make_unique<PlainTransport>(std::move(fd), saved.peer));
}

}  // namespace lb
