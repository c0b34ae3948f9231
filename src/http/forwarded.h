// Forwarded: whom a trusted proxy speaks for, from X-Forwarded-For and X-Forwarded-Proto.
//
// Every proxy adds the address that it saw at the right.  So the list is read from the right for as
// long as the addresses are those of trusted proxies; the first other one is the client.  What
// stands left of it was said by the client, and means nothing.  Headers from anybody else are not
// looked at.
// Source: <x-forwarded-for> of Icecast-KH; RFC 7239 for the reasons.
// Thread: pure.
#pragma once

#include <optional>

#include "http/message.h"
#include "net/address.h"
#include "net/address_list.h"

namespace lb {

struct Forwarded {
  Address client;              // the peer itself where nobody speaks for another
  std::optional<bool> secure;  // the client speaks https; nothing: it was not said
};

Forwarded read_forwarded(const AddressList& trusted, const Address& peer, const Headers& headers);

}  // namespace lb
