// Forwarded: the client that a trusted proxy names in X-Forwarded-For and X-Forwarded-Proto.
//
// Every proxy adds the address of its peer at the right.  So the list is read from the right for as
// long as the addresses are those of trusted proxies; the first other one is the client.  What
// stands left of it comes from the client and is not trusted.  Headers from other peers are
// ignored.
// Source: <x-forwarded-for> of Icecast-KH; RFC 7239 for the reasons.
// Thread: pure.
#pragma once

#include <optional>

#include "http/message.h"
#include "net/address/address.h"
#include "net/address/address_list.h"

namespace lb {

struct Forwarded {
  Address client;              // the peer itself where no proxy names a client
  std::optional<bool> secure;  // the client speaks https; nothing: not known
};

// A proxy has passed the request on, as it says, or its sender claims so.
bool was_passed_on(const Headers& headers) noexcept;

Forwarded read_forwarded(const AddressList& trusted, const Address& peer, const Headers& headers);

}  // namespace lb
