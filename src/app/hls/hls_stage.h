// hls_path_stage(), HlsStage: HTTP Live Streaming of mounts that have it.
//
// hls_path_stage() takes /live.m3u8, or the name of a segment, and s= out of the request once and
// leaves the mount as its path, so redirect, drain, access lists and listener authentication see
// the mount.  A mount or a file with the full name wins.  HlsStage answers: the master playlist for
// a list without a session, the media playlist with one, or a segment from the log, or from the
// archive of this node or others.  An unknown session is a new listener, under all limits.
// Thread: their worker.
// Ownership: their worker.
// Bounds: 1024 requests wait for a first segment, or for earlier players of their address, each at
// most header-timeout.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/request/polled_waits.h"
#include "base/log.h"
#include "base/rate_limit.h"
#include "cluster/balance/eligibility.h"
#include "hls/cut.h"
#include "hls/master_playlist.h"
#include "hls/media_playlist.h"
#include "hls/settings.h"
#include "http/stage.h"
#include "stream/mount/mount.h"

namespace lb {

struct Config;
struct HlsAsk;
struct HlsLiveList;
struct HlsPast;
struct HlsSegmentBody;
struct PastList;
struct Worker;

Verdict hls_path_stage(Worker& worker, Connection& connection);

class HlsStage final : public Stage {
 public:
  explicit HlsStage(Worker& worker);
  Verdict handle(Connection& connection) override;

 private:
  Verdict serve_master(Connection& connection, const Mount& mount);
  // list: its name.  only: the nodes that have it, and this node; null: any node, without this one.
  Verdict serve_redirecting_master(Connection& connection, std::vector<std::string> mounts,
                                   std::vector<HlsVariant> variants, std::string list,
                                   std::shared_ptr<const NodeNames> only);
  Verdict serve_list(Connection& connection, const std::shared_ptr<Mount>& mount);
  Verdict serve_segment(Connection& connection, const std::shared_ptr<Mount>& mount);
  Verdict send_segment(Connection& connection, const std::shared_ptr<Mount>& mount,
                       HlsSegmentBody body);
  // The past: readers of the archive look it up, and the stage is asked again.
  Verdict serve_past_list(Connection& connection);
  Verdict serve_past_master(Connection& connection, const PastList& list);
  Verdict serve_past_segment(Connection& connection);
  Verdict look_up_list(Connection& connection, std::int64_t earliest_ms);
  Verdict look_up_segment(Connection& connection);
  // How far back this client may listen, Unix; nullopt: it may not, and has got its answer.
  std::optional<std::int64_t> earliest_ms(Connection& connection, Verdict& verdict,
                                          bool& administrator);
  // The mount that plays, or one in no table, for listeners of the past.  bytes_per_second: about.
  std::shared_ptr<Mount> mount_of_past(const std::string& name, const std::string& type,
                                       std::uint64_t bytes_per_second);
  void end_other_variants(Connection& connection, const Mount& mount);
  // nullopt: it is a listener now.
  std::optional<Verdict> admit(Connection& connection, const std::shared_ptr<Mount>& mount);
  // held: the segments of the log. recorded: the segments before them, found by a reader.  Returns
  // null if the recorded ones have to be looked up first.
  std::shared_ptr<const HlsLiveList> list_of(const std::shared_ptr<Mount>& mount,
                                             const HlsSettings& settings, const HlsPast* recorded,
                                             std::vector<HlsSegment>& held);
  bool is_recorded(const Mount& mount) const;
  // False: the present `list` stays in use for a moment.
  bool put_recorded_in_front(const StreamView& view, const HlsLiveList& list,
                             const HlsPast* recorded, std::size_t length,
                             std::vector<HlsSegment>& segments);
  Verdict look_up_older(Connection& connection, const std::vector<HlsSegment>& held,
                        std::size_t length);
  Verdict wait(Connection& connection, std::string_view why);
  std::string new_session(const HlsAsk& ask) const;
  // The mounts of the master playlist, beginning with the asked one.
  std::vector<std::shared_ptr<const Mount>> mounts_of(const Mount& mount, const Config& config);

  Worker& worker_;
  PolledWaits waits_;
  RepeatGuard variants_;
};

// The address of a list in the same directory.
std::string relative_list(std::string_view name, const std::string& query);
void reply_hls_master(Worker& worker, Connection& connection, std::span<const HlsVariant> variants,
                      HlsSessionKind by);

}  // namespace lb
