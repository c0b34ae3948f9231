// SourceRecord: a source between two reads, for the process that takes over.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/record.h"
#include "stream/log/span.h"
#include "stream/source/feed_record.h"
#include "stream/source/offer_record.h"

namespace lb {

struct SourceRecord {
  std::uint64_t lease = 0;
  std::string mount;
  StreamIdentity identity{};
  EncoderRecord encoder;
  std::uint64_t metaint = 0;
  FeedRecord feed;
  SteadyTime started{}, last_data{};
  std::uint64_t bytes_before = 0;
  std::int64_t allowed = 0;  // bytes, of <limit-rate>
  SteadyTime allowed_at{};
};
template <class Io, RecordOf<SourceRecord> T>
void record_fields(Io& io, T& source) {
  auto& [lease, mount, identity, encoder, metaint, feed, started, last_data, bytes_before, allowed,
         allowed_at] = source;
  auto& [fd, peer, facts, counted] = encoder;
  auto& [request, user_agent, referer, user, bytes_sent, shows_user] = facts;
  io.needed(1, lease, mount);
  io(3, identity);
  io.needed(4, fd);
  io(5, peer, request, user_agent, referer, user, bytes_sent, metaint, counted, feed, started,
     last_data, bytes_before, allowed, allowed_at, shows_user);
}

}  // namespace lb
