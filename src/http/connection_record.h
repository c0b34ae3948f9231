// HeldRequest: a connection whose request is not answered yet, for a process that asks it once
// more, from its first byte.
// Thread: plain values.
#pragma once

#include <memory>
#include <string>

#include "net/acceptor.h"
#include "net/address.h"

namespace lb {

struct HeldRequest {
  int fd = -1;  // stays with its connection
  Address peer;
  std::shared_ptr<const ListenSocket> socket;
  std::string bytes;  // that have come
};

}  // namespace lb
