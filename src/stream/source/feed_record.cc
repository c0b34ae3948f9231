#include "stream/source/feed_record.h"

#include <utility>

#include "base/cat.h"
#include "stream/source/feed.h"
#include "stream/source/seam_search.h"

namespace lb {

std::string_view Feed::cannot_move() const noexcept {
  if (entered_ && search_) return "a relay's spare enters it at this moment";
  return {};
}

std::string Feed::saved_framer() const { return framer_ ? saved_bytes(*framer_) : std::string(); }

FeedRecord Feed::save() const {
  FeedRecord saved;
  saved.body = body_;
  saved.place = place_;
  saved.framer = saved_framer();
  if (rewriter_) saved.rewriter = saved_bytes(*rewriter_);
  saved.seam_at = seam_at_;
  saved.titles = deinterleaver_;
  if (ring_) saved.ring = saved_bytes(*ring_);
  saved.bytes_read = bytes_read_;
  saved.last_before = last_before_;
  if (seam_) saved.seam_how = static_cast<std::uint64_t>(*seam_);
  if (search_) saved.search = search_->save();
  saved.begins_later = begins_later_;
  saved.skip = skip_;
  saved.enters_here = enters_here_;
  return saved;
}

Feed::Feed(FeedHost& host, FeedRecord saved, WriterLease lease,
           std::shared_ptr<const SourceFacts> facts)
    : host_(host),
      body_(saved.body),
      lease_(std::move(lease)),
      facts_(std::move(facts)),
      place_(std::move(saved.place)),
      framer_(std::move(lease_.framer)),
      seam_at_(saved.seam_at),
      search_end_(host.loop(), [this] { on_search_end(); }),
      deinterleaver_(std::move(saved.titles)),
      bytes_read_(saved.bytes_read),
      last_before_(saved.last_before),
      begins_later_(saved.begins_later),
      skip_(saved.skip),
      enters_here_(saved.enters_here) {
  if (saved.seam_how && *saved.seam_how < kSeamNames.size())
    seam_ = static_cast<SeamHow>(*saved.seam_how);
}

Result<void> Feed::restore(const FeedRecord& saved) {
  if (enters_here_) lease_.log->note_entry();  // not in the log's record of a former version
  framer_ = facts_->plugin->make(lease_.log->head(), {});
  if (!saved.framer.empty())
    if (auto done = restore_part("framer", saved.framer, *framer_); !done) return done;
  if (facts_->plugin->make_rewriter != nullptr) rewriter_ = facts_->plugin->make_rewriter();
  if (rewriter_ && !saved.rewriter.empty())
    if (auto done = restore_part("rewriter", saved.rewriter, *rewriter_); !done) return done;
  if (saved.ring) {
    keep_ring();
    if (auto done = restore_part("ring", *saved.ring, *ring_); !done) return done;
  }
  if (saved.search) {
    search_ = std::make_unique<SeamSearch>(*facts_->plugin, *saved.search);
    if (search_->has_key()) search_end_.after(SeamSearch::kKeyMayCome);
  }
  return {};
}

// The bytes of an unfinished search are searched again.
Result<void> Feed::go_on(const FeedRecord& saved) {
  if (saved.search) {
    Bytes held = saved.search->held;
    if (auto put = put_audio(held, false); !put) return put;
  }
  publish();
  return {};
}

}  // namespace lb
