// StandbyRecord: a standby encoder between two reads, for the process that takes over.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/record.h"
#include "http/body.h"
#include "media/icy.h"
#include "net/address/address.h"
#include "stream/mount/moved_fd.h"

namespace lb {

struct StandbyRecord {
  std::uint64_t id = 0;  // of its place
  std::string mount;
  MovedFd fd = 0;
  Address peer;
  std::string request, user_agent, referer, user;
  std::uint64_t bytes_sent = 0;
  bool counted = false;  // among the clients
  bool flows = false;
  BodyReader body;
  std::optional<IcyDeinterleaver> titles;
  std::string ring;  // a record of its own
  SteadyTime connected{};
  std::uint64_t bytes_read = 0;
  std::vector<MovedFd> hearing;  // of the program that analyses it; one or none
  bool shows_user = false;
};
template <class Io, RecordOf<StandbyRecord> T>
void record_fields(Io& io, T& standby) {
  auto& [id, mount, fd, peer, request, user_agent, referer, user, bytes_sent, counted, flows, body,
         titles, ring, connected, bytes_read, hearing, shows_user] = standby;
  io.needed(1, id, mount, fd);
  io(4, peer, request, user_agent, referer, user, bytes_sent, counted, flows, body, titles, ring,
     connected, bytes_read, hearing, shows_user);
}

}  // namespace lb
