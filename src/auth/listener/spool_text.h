// The text of the listener spool: the listeners whose end a backend must hear of.
//
// One line a fact, fields separated by one space, bytes other than plain text as %xx:
//   icecast-lb-spool 1
//   A SEQ CLIENT TIME URL USER PASSWORD BEFORE AFTER   a listener came in; seconds since 1970
//   E SEQ SECONDS BYTES                                it has gone
//   D SEQ                                              the backend has heard of it
//   H TIME                                             the server was still running then
// A line without its end (the power failed) or with the wrong fields is passed over.
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/listener/authenticator.h"

namespace lb {

struct SpoolEntry {
  std::uint64_t seq = 0;
  std::uint64_t client_id = 0;
  std::int64_t since = 0;  // seconds since 1970
  RemovalNotice notice;
  bool ended = false;  // then these are known:
  std::uint64_t seconds = 0, bytes_sent = 0;
};

struct SpoolContent {
  std::vector<SpoolEntry> open;  // listeners that no backend has heard of, by seq
  std::int64_t last_alive = 0;   // the newest time in the file
  std::uint64_t highest_seq = 0, highest_client_id = 0;
};

inline constexpr std::string_view kSpoolTitle = "icecast-lb-spool 1\n";

SpoolContent parse_spool(std::string_view text);
std::string spool_added(const SpoolEntry& entry);
std::string spool_ended(std::uint64_t seq, std::uint64_t seconds, std::uint64_t bytes_sent);
std::string spool_done(std::uint64_t seq);
std::string spool_alive(std::int64_t now);
// A whole file with the fewest lines that say the same.
std::string spool_compacted(const SpoolContent& content);

}  // namespace lb
