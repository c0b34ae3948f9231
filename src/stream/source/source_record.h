// SourceRecord: a source between two reads, for the process that takes over.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/record.h"
#include "net/address/address.h"
#include "stream/log/span.h"
#include "stream/mount/moved_fd.h"
#include "stream/source/feed_record.h"

namespace lb {

struct SourceRecord {
  std::uint64_t lease = 0;
  std::string mount;
  StreamIdentity identity{};
  MovedFd fd = 0;
  Address peer;
  std::string request, user_agent, referer, user;
  std::uint64_t bytes_sent = 0;
  std::uint64_t metaint = 0;
  bool counted = false;  // among the clients
  FeedRecord feed;
  SteadyTime started{}, last_data{};
  std::uint64_t bytes_before = 0;
  std::int64_t allowed = 0;  // bytes, of <limit-rate>
  SteadyTime allowed_at{};
  bool shows_user = false;
};
template <class Io, RecordOf<SourceRecord> T>
void record_fields(Io& io, T& source) {
  auto& [lease, mount, identity, fd, peer, request, user_agent, referer, user, bytes_sent, metaint,
         counted, feed, started, last_data, bytes_before, allowed, allowed_at, shows_user] = source;
  io.needed(1, lease, mount);
  io(3, identity);
  io.needed(4, fd);
  io(5, peer, request, user_agent, referer, user, bytes_sent, metaint, counted, feed, started,
     last_data, bytes_before, allowed, allowed_at, shows_user);
}

}  // namespace lb
