// Forwarded: the client that a trusted proxy names in X-Forwarded-For and X-Forwarded-Proto.
//
// Every proxy appends the address of its peer.  So the list is read from the right over trusted
// proxies; the first other address is the client.  Addresses further left come from the client and
// are not trusted.  Headers from other peers are ignored.
// Source: <x-forwarded-for> of Icecast-KH; RFC 7239 for the reasons.
// Thread: pure.
#pragma once

#include <optional>

#include "http/message.h"
#include "net/address/address.h"
#include "net/address/address_list.h"

namespace lb {

struct Forwarded {
  Address client;              // the peer itself if no proxy names a client
  std::optional<bool> secure;  // nullopt: not known
};

// Whether the headers claim that a proxy has passed the request on.
bool was_passed_on(const Headers& headers) noexcept;

Forwarded read_forwarded(const AddressList& trusted, const Address& peer, const Headers& headers);

}  // namespace lb
