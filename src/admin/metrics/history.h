// History: numbers of listeners and kbit/s, in all, by mount and by node, for up to 30 days: the
// data of the console's charts.
//
// Three rings a row: 10 s for an hour, a minute for a day, a quarter of an hour for 30 days; a
// coarser point is the mean and the maximum of its finer ones.  A time without a value is a gap,
// not a zero.  A clock that is set back makes later points gaps.
//
// A value has 11 bits of mantissa and 5 of exponent: in sixteenths up to 128, whole up to 2,048,
// then within 0.05 %.
// Thread: any; one lock, held for a sample (1,000 rows: 0.1 ms) or an answer (see read()).
// Bounds: kMaxRows mounts and as many nodes; a row is 3 kB at first, 16 kB after a day, 39 kB after
// 30 days on air; of a mount without listeners 0.5 kB at first, 3 kB after 30 days.  If all rows
// are used, a new mount or node replaces the longest silent row; if none is silent it counts only
// in the sum.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lb {

enum class HistoryOf : std::uint8_t { kListeners, kKbps };
enum class HistoryBy : std::uint8_t { kAll, kMount, kNode };

struct HistoryNow {
  double listeners = 0, kbps = 0;
};
struct HistorySample {
  HistoryNow all;
  std::map<std::string, HistoryNow, std::less<>> mounts, nodes;
};

struct HistoryQuestion {
  HistoryOf of = HistoryOf::kListeners;
  HistoryBy by = HistoryBy::kAll;
  std::int64_t from = 0, to = 0;  // Unix seconds, from < to
  std::size_t points = 300;       // at most
  // Allowed rows: for kAll, the mounts that are summed. nullopt: all.
  std::optional<std::vector<std::string>> only{};
};

struct HistoryRow {
  std::string name;  // "": all, or the rest
  bool others = false;
  std::vector<double> mean, max;  // NaN: a gap
};
struct HistoryAnswer {
  std::int64_t step = 0;
  std::vector<std::int64_t> times;  // of the start of each point
  std::vector<HistoryRow> rows;     // largest first, at most kShownRows and the rest
};

class History {
 public:
  struct Tier {
    std::int64_t step;  // seconds
    std::size_t points;
  };
  static constexpr std::array<Tier, 3> kTiers{{{10, 360}, {60, 1440}, {900, 2880}}};
  static constexpr std::int64_t kLongest = 30 * 86'400, kFar = 86'400;
  static constexpr std::uint32_t kGap = 0xFFFF'FFFF;  // a point without a value
  static constexpr std::size_t kMaxRows = 2000, kShownRows = 8, kMaxPoints = 600;

  // A clock that is not trusted takes no sample if most of what is kept would go by it.
  void take(std::int64_t now, const HistorySample& sample, bool trusts_clock = true);
  // The time of the last sample; 0: none yet.
  std::int64_t newest() const;
  // Cost: one step for each kept point: 1,000 mounts over 30 days take 15 ms.
  HistoryAnswer read(const HistoryQuestion& question) const;
  // Of kMount or kNode.
  std::vector<std::string> names(HistoryBy by) const;
  void clear();

  // The text of a file, with a checksum.
  std::string bytes() const;
  // An error: damaged, or another version; then nothing changes.
  Result<void> restore(std::string_view bytes);

 private:
  // Mean and maximum, 16 bits each.
  using Point = std::uint32_t;
  // Points, gaps until they are set.
  class Ring {
   public:
    Point at(std::size_t place) const noexcept {
      const std::size_t piece = place / kPiece;
      return piece < pieces_.size() ? pieces_[piece].at(place % kPiece) : kGap;
    }
    void put(std::size_t place, Point point);

   private:
    static constexpr std::size_t kPiece = 120;
    // Its points; while they are one value in a row and gaps around it, that row.
    class Piece {
     public:
      Point at(std::size_t place) const noexcept {
        if (points_) return (*points_)[place];
        return place >= from_ && place < until_ ? value_ : kGap;
      }
      void put(std::size_t place, Point point);

     private:
      bool extend(std::size_t place, Point point) noexcept;

      Point value_ = kGap;
      std::uint8_t from_ = 0, until_ = 0;
      std::unique_ptr<std::array<Point, kPiece>> points_;
    };
    std::vector<Piece> pieces_;
  };
  struct Series {
    std::array<Ring, kTiers.size()> rings;
  };
  struct Row {
    std::array<Series, 2> series;  // by HistoryOf
    std::int64_t heard = 0;        // its last sample, in steps of the finest tier
  };
  using Rows = std::map<std::string, Row, std::less<>>;

  template <class F>
  void each_series(F act);
  void advance(std::int64_t slot);
  std::uint32_t point(const Series& series, std::size_t tier, std::int64_t slot) const;
  void clear_slots(std::size_t tier, std::int64_t from, std::int64_t until);
  void forget_silent();
  Row* row_for(Rows& rows, const std::string& name, std::int64_t slot);
  static void put(Row& row, std::int64_t slot, const HistoryNow& now);
  std::size_t tier_from(std::int64_t from) const;
  // The row's values at those times.
  HistoryRow row_at(const HistoryAnswer& times, std::size_t tier, std::string name,
                    const Series& series) const;

  mutable std::mutex mutex_;
  Row all_;
  Rows mounts_, nodes_;
  std::array<std::int64_t, kTiers.size()> last_{};  // the newest slot of each tier; 0: none yet
};

}  // namespace lb
