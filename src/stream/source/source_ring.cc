#include "stream/source/source_ring.h"

#include <algorithm>
#include <utility>

namespace lb {
namespace {

using namespace std::chrono_literals;

// Arrivals closer together than this count as one.
constexpr auto kOneArrival = 5ms;
// Bounds the list if bytes come one by one.
constexpr std::size_t kMaxArrivals = 4096;
// The excess over the kept bytes before they are moved, so that few reads move them.
constexpr std::size_t kSlack = 32 * 1024;

}  // namespace

SourceRing::SourceRing(const FramerPlugin& plugin, std::chrono::milliseconds kept)
    : framer_(plugin.make(0, {})), has_no_units_(plugin.types.empty()), kept_(kept) {}

void SourceRing::put(std::span<const std::byte> audio, SteadyTime now) {
  if (audio.empty()) return;
  if (arrivals_.empty() || now - arrivals_.back().time >= kOneArrival)
    arrivals_.push_back({end_, now});
  if (arrivals_.size() > kMaxArrivals) arrivals_.pop_front();
  bytes_.insert(bytes_.end(), audio.begin(), audio.end());
  end_ += audio.size();
  framer_->consume(audio, *this);
  if (bytes_.size() > kKept + kSlack) trim(now);
}

void SourceRing::marked(Mark mark) {
  in_step_ = true;
  marks_.push_back(std::move(mark));
}

void SourceRing::trim(SteadyTime now) {
  std::uint64_t keep = end_ - kKept;
  const auto came = std::lower_bound(arrivals_.begin(), arrivals_.end(), now - kept_,
                                     [](const Arrival& a, SteadyTime t) { return a.time < t; });
  if (came != arrivals_.end()) keep = std::min(keep, came->position);
  if (!marks_.empty()) keep = std::min(keep, marks_.back().position);
  keep = std::max(keep, end_ - std::min<std::uint64_t>(end_, kMax));
  if (keep < begin_ + kSlack && bytes_.size() <= kMax) return;
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(keep - begin_));
  begin_ = keep;
  while (!marks_.empty() && marks_.front().position < begin_) marks_.pop_front();
  while (arrivals_.size() > 1 && arrivals_[1].position <= begin_) arrivals_.pop_front();
}

SteadyTime SourceRing::arrival_of(std::uint64_t position) const {
  const auto behind =
      std::upper_bound(arrivals_.begin(), arrivals_.end(), position,
                       [](std::uint64_t p, const Arrival& a) { return p < a.position; });
  return behind == arrivals_.begin() ? SteadyTime{} : std::prev(behind)->time;
}

SourceRing::Entry SourceRing::from(std::uint64_t position,
                                   const std::shared_ptr<const Bytes>& headers) const {
  Entry entry;
  entry.aligned = true;
  if (headers) entry.bytes = *headers;
  entry.bytes.insert(entry.bytes.end(),
                     bytes_.begin() + static_cast<std::ptrdiff_t>(position - begin_), bytes_.end());
  return entry;
}

SourceRing::Entry SourceRing::entry(SteadyTime since) const {
  if (has_no_units_) {
    const auto first = std::find_if(arrivals_.begin(), arrivals_.end(), [&](const Arrival& a) {
      return a.time >= since && a.position >= begin_;
    });
    return from(first == arrivals_.end() ? end_ : first->position, nullptr);
  }
  // Without a place for a decoder to begin, the mount searches a unit itself.
  if (marks_.empty()) return {bytes_, false};
  for (const Mark& mark : marks_)
    if (arrival_of(mark.position) >= since) return from(mark.position, mark.headers);
  return from(marks_.back().position, marks_.back().headers);
}

template <class Io, class Self>
void SourceRing::fields(Io& io, Self& self) {
  io(1, self.bytes_, self.begin_, self.end_, self.arrivals_, self.marks_, self.headers_,
     self.title_, self.in_step_);
  io(10, self.title_place_);
}

void SourceRing::save(RecordOut& out) const {
  fields(out, *this);
  out(9, saved_bytes(*framer_));
}

void SourceRing::restore(RecordIn& in) {
  fields(in, *this);
  std::string framer;
  in(9, framer);
  if (!restore_part("framer of a ring", framer, *framer_) || end_ - begin_ != bytes_.size() ||
      begin_ > end_ || bytes_.size() > std::size_t{2} * kMax)
    in.wrong(9, "does not fit to the others");
}

}  // namespace lb
