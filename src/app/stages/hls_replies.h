// What the answers to requests for HLS have in common.
// Thread: the connection's worker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/connection.h"
#include "stream/mount.h"

namespace lb {

inline constexpr std::string_view kHlsNoSession = "-";  // s= where sessions have no names

// Of an answer over a connection that is kept.
ResponseHead hls_head(Connection& connection, int status, std::string_view type);
// What has no segment, no list, or no HLS at all; it may be another in a moment.
Verdict refuse_hls(Connection& connection, int status, std::string text, std::string extra = {});

std::string with_session(const std::string& query, std::string_view session);
// MPEG audio, or AAC in ADTS.
bool has_hls_format(const Mount& mount);
// The length of its segments, ms; 0: no source has begun.
std::uint32_t hls_cut_of(const Mount& mount);

}  // namespace lb
