// What the answers to requests for HLS have in common.
// Thread: the connection's worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hls/cut.h"
#include "http/connection.h"
#include "media/metadata.h"
#include "stream/mount/settings.h"

namespace lb {

struct HlsPast;
class Mount;
struct Traffic;
struct Worker;

// Of an answer over a connection that is kept.
ResponseHead hls_head(Connection& connection, int status, std::string_view type);
// What has no segment, no list, or no HLS at all; it may be another in a moment.
Verdict refuse_hls(Connection& connection, int status, std::string text, std::string extra = {});

// A list of the past; query: of the segments' addresses.
void reply_past_list(Connection& connection, ResponseHead head, std::shared_ptr<const HlsPast> past,
                     std::string query);
// The players that share segments without a session: of one address and program.
std::string crowd_of(const Connection& connection, const Request& request,
                     const std::string& mount);
// Adds the tag; true: the client has it, and has been told so.  One line a listening stands in the
// access log, at its end: none of this answer.
bool hls_unchanged(Connection& connection, ResponseHead& head, const std::string& tag);
void count_hls_sent(Worker& worker, Mount& mount, const Connection& connection, std::uint64_t bytes,
                    const std::string& request);
// Something of it is recorded, here or at other nodes, or will be.
bool has_past(Traffic& traffic, const MountSettings& section, const std::string& mount);
// MPEG audio, or AAC in ADTS.
bool has_hls_format(const Mount& mount);
// The length of its segments, ms; 0: no source has begun.
std::uint32_t hls_cut_of(const Mount& mount);

// The answer to a request for a segment: an ID3 tag, then its sound, out of a log or out of files.
struct HlsSegmentBody {
  HlsSegment segment;
  std::shared_ptr<const Metadata> title;  // null: none
  std::vector<ReplyRun> sound;
};

// [first, end) of what these send, one after the other.
std::vector<ReplyRun> slice_of(std::vector<ReplyRun> runs, std::uint64_t first, std::uint64_t end);

}  // namespace lb
