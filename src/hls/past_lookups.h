// PastLookups: the lookups of recordings under way.  Equal requests share one, and a list is kept
// for kKept, so that a thousand players of one list cost one lookup a second.
//
// Thread: any; `then` is called on a reader, or before the call returns.
// Ownership: app/services/hls_service.
// Bounds: kMaxLists and kMaxSegments lookups at once, and those of PastLimits; kMaxKept lists.
// Errors: null: too many are under way.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "hls/past_lookup.h"

namespace lb {

class PastLookups {
 public:
  static constexpr std::size_t kMaxLists = 64, kMaxSegments = 1024, kMaxKept = 16;
  static constexpr std::chrono::seconds kKept{1};

  PastLookups();
  PastLookups(const PastLookups&) = delete;
  PastLookups& operator=(const PastLookups&) = delete;

  // name: of the list, equal for requests of the same range.
  void list(PastMount mount, const std::string& name, const PastAskRange& range, HlsPastThen then);
  void segment(PastMount mount, std::uint32_t stream, std::uint64_t sequence, HlsPastThen then);

 private:
  struct Kept {
    std::shared_ptr<const HlsPast> past;
    SteadyTime until{};
  };
  using Waiting = std::map<std::string, std::vector<HlsPastThen>>;
  // Shared with the lookups under way, which may outlive this object.
  struct Table {
    std::mutex mutex;
    Waiting lists, segments;
    std::map<std::string, Kept> kept;  // lists
  };

  // False: it was answered, or it waits for a lookup under way.
  bool begins(Waiting& waiting, std::size_t most, const std::string& key, HlsPastThen then);
  static std::vector<HlsPastThen> take(Waiting& waiting, const std::string& key);

  const std::shared_ptr<PastLimits> limits_;
  const std::shared_ptr<Table> table_;
};

}  // namespace lb
