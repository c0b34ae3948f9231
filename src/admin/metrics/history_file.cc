// The format in which a History survives a restart: "lbhist1\n", the newest slot of each tier, the
// rows, each with the contents of its rings from the first point that is no gap, and a CRC-32C of
// all that; little-endian.
#include <memory>

#include "admin/metrics/history.h"
#include "archive/files/record.h"
#include "base/cat.h"
#include "media/bytes.h"

namespace lb {
namespace {

constexpr std::string_view kMagic = "lbhist1\n";
constexpr std::size_t kLongestName = 4096, kSumBytes = 4;
enum class Family : std::uint8_t { kAll, kMount, kNode };

std::uint32_t sum_of(std::string_view bytes) { return crc32c(as_byte_span(bytes)); }

class HistoryOut {
 public:
  void number(std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) text_ += static_cast<char>(value >> (8 * i));
  }
  void text(std::string_view text) { text_ += text; }
  std::string take() {
    number(sum_of(text_), kSumBytes);
    return std::move(text_);
  }

 private:
  std::string text_;
};

class HistoryIn {
 public:
  explicit HistoryIn(std::string_view text) : left_(text) {}
  std::uint64_t number(unsigned bytes) {
    const std::string_view raw = text(bytes);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < raw.size(); ++i)
      value |= std::uint64_t{static_cast<std::uint8_t>(raw[i])} << (8 * i);
    return value;
  }
  std::string_view text(std::size_t bytes) {
    if (bytes > left_.size()) {
      good_ = false;
      return {};
    }
    const std::string_view out = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return out;
  }
  bool good() const noexcept { return good_; }
  bool at_end() const noexcept { return good_ && left_.empty(); }

 private:
  std::string_view left_;
  bool good_ = true;
};

Error damaged(std::string what) { return Error::invalid(std::move(what)); }

}  // namespace

std::string History::bytes() const {
  const std::lock_guard lock(mutex_);
  HistoryOut out;
  out.text(kMagic);
  for (const std::int64_t slot : last_) out.number(static_cast<std::uint64_t>(slot), 8);
  out.number(1 + mounts_.size() + nodes_.size(), 4);
  const auto write = [&](Family family, std::string_view name, const Row& row) {
    out.number(static_cast<std::uint64_t>(family), 1);
    out.number(name.size(), 2);
    out.text(name);
    out.number(static_cast<std::uint64_t>(row.heard), 8);
    for (const Series& series : row.series)
      for (std::size_t tier = 0; tier < kTiers.size(); ++tier) {
        const auto& ring = series.rings[tier];
        const std::size_t size = kTiers[tier].points;
        // The points in order of time, the newest last.
        const auto at = [&](std::size_t i) {
          return ring.at((static_cast<std::size_t>(last_[tier]) + 1 + i) % size);
        };
        std::size_t first = 0;
        while (first < size && at(first) == kGap) ++first;
        out.number(size - first, 4);
        for (std::size_t i = first; i < size; ++i) out.number(at(i), 4);
      }
  };
  write(Family::kAll, "", all_);
  for (const auto& [name, row] : mounts_)
    if (name.size() <= kLongestName) write(Family::kMount, name, row);
  for (const auto& [name, row] : nodes_)
    if (name.size() <= kLongestName) write(Family::kNode, name, row);
  return out.take();
}

Result<void> History::restore(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + kSumBytes || !bytes.starts_with(kMagic))
    return damaged("it does not begin as a history");
  const std::string_view body = bytes.substr(0, bytes.size() - kSumBytes);
  if (HistoryIn(bytes.substr(body.size())).number(kSumBytes) != sum_of(body))
    return damaged("its checksum is another one");
  HistoryIn in(body.substr(kMagic.size()));
  History read;
  for (std::size_t tier = 0; tier < kTiers.size(); ++tier) {
    const std::uint64_t slot = in.number(8);
    if (slot > (std::uint64_t{1} << 40)) return damaged("its time is out of range");
    read.last_[tier] = static_cast<std::int64_t>(slot);
  }
  const std::uint64_t rows = in.number(4);
  if (rows > 2 * kMaxRows + 1) return damaged(cat({"it has ", rows, " rows"}));
  for (std::uint64_t i = 0; i < rows && in.good(); ++i) {
    const std::uint64_t family = in.number(1);
    const std::string name(in.text(in.number(2)));
    auto row = std::make_unique<Row>();
    row->heard = static_cast<std::int64_t>(in.number(8));
    for (Series& series : row->series)
      for (std::size_t tier = 0; tier < kTiers.size(); ++tier) {
        const std::size_t size = kTiers[tier].points;
        const std::uint64_t count = in.number(4);
        if (count > size || !in.good()) return damaged("a row of it is cut");
        for (std::uint64_t n = count; n > 0; --n)
          series.rings[tier].put(
              (static_cast<std::size_t>(read.last_[tier]) + size - (n - 1)) % size,
              static_cast<Point>(in.number(4)));
      }
    if (family == static_cast<std::uint64_t>(Family::kAll))
      read.all_ = std::move(*row);
    else if (family <= static_cast<std::uint64_t>(Family::kNode))
      (family == static_cast<std::uint64_t>(Family::kMount) ? read.mounts_ : read.nodes_)
          .insert_or_assign(name, std::move(*row));
    else
      return damaged("it has a row of an unknown kind");
  }
  if (!in.at_end()) return damaged("a row of it is cut");
  const std::lock_guard lock(mutex_);
  all_ = std::move(read.all_);
  mounts_ = std::move(read.mounts_);
  nodes_ = std::move(read.nodes_);
  last_ = read.last_;
  return {};
}

}  // namespace lb
