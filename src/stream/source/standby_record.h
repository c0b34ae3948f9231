// StandbyRecord: an encoder that stands by, between two reads, for the process that goes on with
// it.
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
  std::uint64_t id = 0;  // that of its place
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
  std::vector<MovedFd> hearing;  // of the program that listens; one or none
  bool shows_user = false;
};
template <class Io, RecordOf<StandbyRecord> T>
void record_fields(Io& io, T& standby) {
  auto& [id, mount, fd, peer, request, user_agent, referer, user, bytes_sent, counted, flows, body,
         titles, ring, connected, bytes_read, hearing, shows_user] = standby;
  io.needed(1, id);
  io.needed(2, mount);
  io.needed(3, fd);
  io(4, peer);
  io(5, request);
  io(6, user_agent);
  io(7, referer);
  io(8, user);
  io(9, bytes_sent);
  io(10, counted);
  io(11, flows);
  io(12, body);
  io(13, titles);
  io(14, ring);
  io(15, connected);
  io(16, bytes_read);
  io(17, hearing);
  io(18, shows_user);
}

}  // namespace lb
