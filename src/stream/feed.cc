#include "stream/feed.h"

#include <algorithm>
#include <utility>

#include "stream/title_line.h"

namespace lb {
namespace {

// Where no unit begins within this, there is nothing to be in step with.
constexpr std::size_t kLongestSearch = 64 * 1024;

}  // namespace

// Holds what comes before the first unit is known to have begun.
class Feed::SeamSearch final : private MarkSink {
 public:
  explicit SeamSearch(const FramerPlugin& plugin) : framer_(plugin.make(0)) {}

  // True: the search is over, and aligned() is where to begin.
  bool take(std::span<const std::byte> audio) {
    held_.insert(held_.end(), audio.begin(), audio.end());
    framer_->consume(audio, *this);
    return first_ || held_.size() >= kLongestSearch;
  }
  std::span<const std::byte> aligned() const {
    return std::span<const std::byte>(held_).subspan(static_cast<std::size_t>(first_.value_or(0)));
  }

 private:
  void sync(std::uint64_t position) override { found(position); }
  void start(std::uint64_t position) override { found(position); }
  void headers(std::uint64_t, Bytes) override {}
  void metadata(std::uint64_t, Metadata) override {}
  void codec(const CodecFacts&) override {}
  void found(std::uint64_t position) {
    if (!first_) first_ = position;
  }

  std::unique_ptr<Framer> framer_;
  Bytes held_;
  std::optional<std::uint64_t> first_;
};

Feed::Feed(FeedHost& host, BodyReader body, std::size_t metaint, WriterLease lease,
           std::shared_ptr<const SourceFacts> facts)
    : host_(host), body_(std::move(body)), lease_(std::move(lease)), facts_(std::move(facts)) {
  StreamLog& log = *lease_.log;
  const bool continues = log.head() > 0;
  log.begin_source(std::min(log.head(), lease_.mount->channel().newest()->end));
  framer_ = facts_->plugin->make(log.head());
  if (facts_->plugin->make_rewriter != nullptr) rewriter_ = facts_->plugin->make_rewriter();
  // Icecast reads inline titles in formats that have them; in Ogg the header means nothing.
  if (metaint > 0 && facts_->plugin->icy_metadata) deinterleaver_.emplace(metaint);
  // A format of which nothing is known has no units to wait for.
  if (continues && !facts_->plugin->types.empty())
    search_ = std::make_unique<SeamSearch>(*facts_->plugin);
  // Whoever listened to the predecessor is told the title anew: a relay goes on with what it knew,
  // another source begins without one.
  if (!facts_->relayed) {
    lease_.mount->set_metadata(std::make_shared<const Metadata>());
    lease_.mount->set_codec(std::make_shared<const CodecFacts>());
  }
  if (continues && facts_->plugin->icy_metadata)
    log.metadata(log.head(), *lease_.mount->metadata());
  publish();
}

Feed::~Feed() = default;

Result<std::span<std::byte>> Feed::room() {
  if (!direct()) {
    room_ = host_.scratch();
    return room_;
  }
  auto room = lease_.log->room(host_.loop().now());
  if (room) room_ = *room;
  return room;
}

Result<bool> Feed::received(std::size_t n) { return put(room_.first(n), direct()); }

Result<bool> Feed::put(std::span<std::byte> received, bool in_place) {
  bytes_read_ += received.size();
  host_.count_received(received.size());
  lease_.mount->bytes_read.fetch_add(received.size(), std::memory_order_relaxed);
  const auto payload = body_.take(received);
  if (!payload) return payload.error();
  std::span<std::byte> audio = received.first(payload->bytes);
  const std::uint64_t position = lease_.log->head();
  if (deinterleaver_) {
    const std::size_t n = deinterleaver_->take(audio, [&](std::string_view text, std::size_t at) {
      on_icy_block(text, search_ ? position : position + at);
    });
    audio = audio.first(n);
  }
  if (bad_icy_) return Error::invalid("Incorrect metadata format, ending stream");
  if (auto put = put_audio(audio, in_place); !put) return put.error();
  return !payload->ended;
}

Result<void> Feed::put_audio(std::span<const std::byte> audio, bool in_place) {
  if (!search_) return put_unit_aligned(audio, in_place);
  if (!search_->take(audio)) return {};
  const auto found = std::move(search_);
  return put_unit_aligned(found->aligned(), false);
}

Result<void> Feed::put_unit_aligned(std::span<const std::byte> audio, bool in_place) {
  if (rewriter_) {
    rewritten_.clear();
    rewriter_->rewrite(audio, rewritten_);
    audio = rewritten_;
    in_place = false;
  }
  if (in_place) {
    lease_.log->commit(audio.size());
  } else if (auto put = lease_.log->append(audio, host_.loop().now()); !put) {
    return put;
  }
  framer_->consume(audio, *lease_.log);
  return {};
}

void Feed::on_icy_block(std::string_view text, std::uint64_t position) {
  const auto icy = parse_icy_text(text);
  if (!icy) {
    bad_icy_ = true;
    return;
  }
  lease_.log->metadata(
      position, make_icy_metadata(icy->title, icy->url, "", lease_.mount->settings()->charset));
}

TitleResult Feed::set_title(Metadata metadata) {
  if (facts_->plugin->icy_metadata) {
    lease_.log->metadata(lease_.log->head(), std::move(metadata));
  } else if (!rewriter_ || !rewriter_->set_title(metadata)) {
    return TitleResult::kRefused;
  }
  publish();
  return TitleResult::kDone;
}

void Feed::publish() {
  Mount& mount = *lease_.mount;
  const auto settings = mount.settings();
  const LogWindow window{settings->burst_bytes, settings->queue_bytes};
  auto view = lease_.log->publish(framer_->complete(), window, mount.channel().low_water(), false);
  // While the rate of a new source is not known, that of the last one is the best guess.
  if (const auto rate = lease_.log->bytes_per_second(); rate > 0)
    mount.bytes_per_second.store(rate, std::memory_order_relaxed);
  if (const auto rate = lease_.log->usual_bytes_per_second(); rate > 0)
    mount.usual_bytes_per_second.store(rate, std::memory_order_relaxed);
  if (auto codec = lease_.log->take_new_codec()) mount.set_codec(std::move(codec));
  if (auto metadata = lease_.log->take_new_metadata()) {
    const bool changed = mount.metadata()->song() != metadata->song();
    mount.set_metadata(metadata);
    if (changed) say_title(*metadata);
  }
  host_.wake(mount.channel().publish(std::move(view)), lease_.mount);
}

void Feed::say_title(const Metadata& metadata) {
  const std::string song = metadata.song();
  host_.log().info("source/source", "mount " + mount().name() + ": title is now \"" + song + "\"");
  const LogFormat format = host_.log().playlist_format();
  const TitleFacts facts{mount().name(), mount().listeners(), song};
  host_.log().playlist(title_line(format, facts, host_.loop().clock().wall()), format);
}

}  // namespace lb
