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
#include "stream/mount/moved_fd.h"
#include "stream/source/offer_record.h"

namespace lb {

struct StandbyRecord {
  std::uint64_t id = 0;  // of its place
  std::string mount;
  EncoderRecord encoder;
  bool flows = false;
  BodyReader body;
  std::optional<IcyDeinterleaver> titles;
  std::string ring;  // a record of its own
  SteadyTime connected{};
  std::uint64_t bytes_read = 0;
  std::vector<MovedFd> hearing;  // of the program that analyses it; one or none
};
template <class Io, RecordOf<StandbyRecord> T>
void record_fields(Io& io, T& standby) {
  auto& [id, mount, encoder, flows, body, titles, ring, connected, bytes_read, hearing] = standby;
  auto& [fd, peer, facts, counted] = encoder;
  auto& [request, user_agent, referer, user, bytes_sent, shows_user] = facts;
  io.needed(1, id, mount, fd);
  io(4, peer, request, user_agent, referer, user, bytes_sent, counted, flows, body, titles, ring,
     connected, bytes_read, hearing, shows_user);
}

}  // namespace lb
