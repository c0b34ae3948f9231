// The common parts of answers to HLS requests.
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

// The head of an answer on a kept connection.
ResponseHead hls_head(Connection& connection, int status, std::string_view type);
// Answers a request whose segment, list or HLS does not exist; it may exist a moment later.
Verdict refuse_hls(Connection& connection, int status, std::string text, std::string extra = {});

// Answers with a list of the past; query: for the addresses of its segments.
void reply_past_list(Connection& connection, ResponseHead head, std::shared_ptr<const HlsPast> past,
                     std::string query);
// One name for all players of an address and program, which share segments without a session.
std::string crowd_of(const Connection& connection, const Request& request,
                     const std::string& mount);
// Adds the tag.  True: the client has this version, and has got 304.  The access log gets one line
// at the end of a listening, and none for this answer.
bool hls_unchanged(Connection& connection, ResponseHead& head, const std::string& tag);
void count_hls_sent(Worker& worker, Mount& mount, const Connection& connection, std::uint64_t bytes,
                    const std::string& request);
// Whether some of the mount is recorded, here or at other nodes, or will be.
bool has_past(Traffic& traffic, const MountSettings& section, const std::string& mount);
// MPEG audio, or AAC in ADTS.
bool has_hls_format(const Mount& mount);
// The length of its segments, ms; 0: no source yet.
std::uint32_t hls_cut_of(const Mount& mount);

// The body of a segment: an ID3 tag, then sound from a log or from files.
struct HlsSegmentBody {
  HlsSegment segment;
  std::shared_ptr<const Metadata> title;  // null: no title
  std::vector<ReplyRun> sound;
  bool reserved = false;  // only administrators may have it
};

// The part [first, end) of these runs in sequence.
std::vector<ReplyRun> slice_of(std::vector<ReplyRun> runs, std::uint64_t first, std::uint64_t end);

}  // namespace lb
