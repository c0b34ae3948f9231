// HlsListTable: the newest list of each live mount.  All workers answer by the same one, so no
// player gets an older list after a newer one, whichever worker its next request reaches.
//
// Thread: any.
// Ownership: HlsService.
// Bounds: lists that were not asked for lately are dropped as others come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "hls/cut.h"
#include "hls/list_pace.h"
#include "hls/list_record.h"
#include "hls/media_playlist.h"

namespace lb {

class Mount;

// A published list is never modified.
struct HlsLiveList {
  std::weak_ptr<const Mount> mount;  // another mount at its address has another list
  SteadyTime until{};
  std::vector<HlsSegment> segments;
  PlaylistText text;
  std::string tag;
  ListPace pace;
};
using HlsLiveListPtr = std::shared_ptr<const HlsLiveList>;

class HlsListTable {
 public:
  // Never null: a mount without a list has an empty one.
  HlsLiveListPtr of(const std::string& mount) const;
  // `next` was made from `from`.  Returns the newest list: another worker may have been first.
  HlsLiveListPtr follow(const std::string& mount, const HlsLiveListPtr& from, HlsLiveListPtr next);
  std::vector<HlsListRecord> save() const;
  void go_on(const HlsListRecord& saved, const std::shared_ptr<Mount>& mount, SteadyTime now);

 private:
  void drop_unasked(SteadyTime now);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, HlsLiveListPtr> lists_;
  std::size_t most_ = 256;  // more than these are looked through
};

}  // namespace lb
