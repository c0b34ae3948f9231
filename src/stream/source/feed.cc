#include "stream/source/feed.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/cat.h"
#include "stream/log/wall_place.h"
#include "stream/source/seam_search.h"
#include "stream/source/title_line.h"

namespace lb {
namespace {

// A relay that asks while another upstream still writes gets some bytes twice.
constexpr std::uint64_t kMaxTwice = std::uint64_t{4} << 20;
// The key for finding the seam.  For Ogg it begins at a page, whose checksum makes it unique.
constexpr std::uint64_t kKeyBytes = 1024;
constexpr std::uint64_t kLongestKey = 64 * 1024;
// For servers that switch to this one after a silence of one second at theirs (RelayPlan::stall).
constexpr std::chrono::milliseconds kKeptForServers{2500};
// Pages of players ask for a place every 5 s, and every 30 s while they play.  The bytes are kept
// so that the place is still available when the player asks, or after a loss of its network.
constexpr std::chrono::milliseconds kKeptForPlayers{20000};
constexpr std::chrono::seconds kPlayersAskWithin{35};

struct NoMarks final : MarkSink {
  void sync(std::uint64_t, UnitTime) override {}
  void clock(std::uint64_t, unsigned) override {}
  void start(std::uint64_t) override {}
  void headers(std::uint64_t, Bytes) override {}
  void metadata(std::uint64_t, Metadata) override {}
  void codec(const CodecFacts&) override {}
};

}  // namespace

Feed::Feed(FeedHost& host, BodyReader body, std::size_t metaint, WriterLease lease,
           std::shared_ptr<const SourceFacts> facts, std::optional<StreamPlace> place)
    : host_(host),
      body_(std::move(body)),
      lease_(std::move(lease)),
      facts_(std::move(facts)),
      place_(std::move(place)),
      framer_(std::move(lease_.framer)),
      seam_at_(std::min(lease_.log->head(), lease_.mount->channel().newest()->end)),
      search_end_(host.loop(), [this] { on_search_end(); }),
      last_before_(lease_.mount->last_data()) {
  StreamLog& log = *lease_.log;
  if (facts_->plugin->make_rewriter != nullptr) rewriter_ = facts_->plugin->make_rewriter();
  // As in Icecast, inline titles are read only in formats that have them; Ogg ignores the header.
  if (metaint > 0 && facts_->plugin->icy_metadata) deinterleaver_.emplace(metaint);
  const bool continues = log.head() > 0;
  if (continues && resumes()) {
    skip_ = log.span().origin_of(log.head()) - place_->at.position;
    log.resume_source(place_->span());
    note_seam(SeamHow::kExact);
    publish();
    return;
  }
  Bytes key = seam_key();
  // While the seam is searched, the stream's first byte is not known, so its address comes later.
  // A format without a framer has no units to wait for.
  begins_later_ =
      continues && framer_ && !facts_->plugin->types.empty() && (place_ || !key.empty());
  if (begins_later_)
    log.note_seam(seam_at_);
  else
    begin(0);
  if (!key.empty()) search_end_.after(SeamSearch::kKeyMayCome);
  if (continues && facts_->plugin->types.empty()) note_seam(SeamHow::kUnit);
  if (continues && !facts_->plugin->types.empty())
    search_ = std::make_unique<SeamSearch>(*facts_->plugin, std::move(key), host_.loop().now());
  // Listeners of the predecessor get the title again: a relay keeps the last one, and another
  // source begins without a title.
  if (!facts_->relayed) {
    if (!lease_.mount->metadata()->song().empty()) host_.logged_title(*lease_.mount, "");
    lease_.mount->set_metadata(std::make_shared<const Metadata>());
    lease_.mount->set_codec(std::make_shared<const CodecFacts>());
  }
  if (continues && facts_->plugin->icy_metadata)
    log.placed_metadata(seam_at_, *lease_.mount->metadata(),
                        facts_->relayed ? log.title_place() : place_of_title(seam_at_));
  publish();
}

bool Feed::is_of_the_log(const StreamPlace& place) const {
  return lease_.log->has_span() && lease_.log->span().id == place.at.id;
}

// Whether the upstream continues the log's own stream at or before its last byte.
bool Feed::resumes() const {
  if (!place_ || !framer_ || place_->header_bytes > 0 || !is_of_the_log(*place_)) return false;
  const std::uint64_t head = lease_.log->span().origin_of(lease_.log->head());
  return place_->at.position <= head && head - place_->at.position <= kMaxTwice;
}

// Returns the last bytes of the log, or nothing if the seam is at a unit.  Only relays of one
// stream send the same bytes; their upstreams may have no addresses, or different ones, if one
// encoder sends to two servers.
Bytes Feed::seam_key() const {
  if (!facts_->relayed || facts_->plugin->types.empty() || !framer_) return {};
  if (place_ && (place_->after || is_of_the_log(*place_))) return {};
  // Ogg with another address begins a chain of its own, so its decoder gets headers at once.
  if (place_ && facts_->plugin->name == "ogg") return {};
  const std::uint64_t head = lease_.log->head();
  std::uint64_t from = head - std::min(head, kKeyBytes);
  if (facts_->plugin->name == "ogg") {
    const auto view = lease_.mount->channel().newest();
    const auto i = view->sync.last_where([&](const SyncMark& m) { return m.position <= from; });
    if (i != view->sync.end()) from = view->sync[i].position;
  }
  if (head - from > kLongestKey) return {};
  return lease_.log->bytes_before_head(static_cast<std::size_t>(head - from));
}

// Begins the stream at the seam; its first `passed` bytes are left out.
void Feed::begin(std::size_t passed) {
  StreamLog& log = *lease_.log;
  const bool told = place_ && passed == 0;
  const std::uint64_t at = close_last_stream();
  if (!told) {
    log.begin_source(at, first_span());
    // Bytes of an upstream are passed on unchanged.
    if (rewriter_ && framer_ && !facts_->relayed) rewriter_->avoid(framer_->serials());
  } else if (place_->header_bytes == 0) {
    log.begin_source(at, place_->span());
  } else {
    // Headers that the upstream has put in front have no address.
    log.begin_source(at);
    log.new_span(at + place_->header_bytes, place_->span());
  }
  framer_ = facts_->plugin->make(log.head(), told ? place_->media : MediaTime{});
  enters_here_ = !told;
  if (enters_here_) log.note_entry();
}

// Whether a part of the log's own stream is missing within one chain of Ogg.  The chain is not
// over, and RFC 3533 section 4 forbids another chain with the same serial number.  Decoders notice
// the loss by the page numbers.
bool Feed::goes_on_in_chain(std::span<const std::byte> bytes) const {
  if (!place_ || place_->after || entered_ || !framer_ || !is_of_the_log(*place_)) return false;
  if (place_->header_bytes == 0 || bytes.size() <= place_->header_bytes) return false;
  if (framer_->closing().empty()) return false;
  const auto reader = facts_->plugin->make(0, {});
  NoMarks none;
  reader->consume(bytes.first(place_->header_bytes), none);
  return reader->serials() == framer_->serials();
}

void Feed::go_on_in_chain(std::span<const std::byte> headers) {
  lease_.log->begin_source(seam_at_, place_->span());
  framer_ = facts_->plugin->make(lease_.log->head() - std::min(lease_.log->head(), headers.size()),
                                 place_->media);
  NoMarks none;
  framer_->consume(headers, none);
}

// The stream continues within this connection's bytes, which have another address and media time
// there.  `passed`: the bytes before that.
void Feed::follow_address(std::span<const std::byte> passed) {
  StreamSpan span = place_->span();
  if (passed.size() < place_->header_bytes) return;
  const auto reader = facts_->plugin->make(0, place_->media);
  NoMarks none;
  reader->consume(passed, none);
  MediaClock *const mine = framer_->clock(), *const theirs = reader->clock();
  if (mine == nullptr || theirs == nullptr || theirs->now().rate_hz != mine->now().rate_hz) return;
  *mine = *theirs;
  span.origin += passed.size() - place_->header_bytes;
  lease_.log->change_address(span);
}

// Cuts the last stream to whole units and closes it as its format requires.  Returns where the next
// stream begins.
std::uint64_t Feed::close_last_stream() {
  StreamLog& log = *lease_.log;
  log.cut(seam_at_);
  const Bytes closing = framer_ ? framer_->closing() : Bytes();
  if (closing.empty()) return seam_at_;
  if (facts_->relayed && log.has_span()) {
    // The last stream has a foreign address, which does not cover these bytes.
    StreamSpan span = first_span();
    span.id = {};
    log.new_span(seam_at_, span);
  }
  // After a failed append the next room() reports the lack of memory.
  (void)log.append(closing, host_.loop().now());
  return log.head();
}

Feed::~Feed() = default;

// A stream that enters here gets an address of its own.
StreamSpan Feed::first_span() const {
  const std::int64_t wall_ms = wall_now_ms();
  StreamSpan span;
  span.id = lease_.identity;
  span.wall_ms = wall_ms;
  span.segments = lease_.log->next_numbers(wall_ms, lease_.mount->settings()->segment_ms,
                                           host_.after_recorded(*lease_.mount));
  span.segments.epoch_ms = wall_ms;
  return span;
}

std::int64_t Feed::wall_now_ms() const { return unix_ms(host_.loop().clock().wall()); }

WriterLease Feed::take_lease() noexcept {
  search_end_.cancel();
  search_.reset();
  lease_.framer = std::move(framer_);
  return std::move(lease_);
}

Result<void> Feed::enter(SourceState state) {
  body_ = std::move(state.body);
  deinterleaver_ = std::move(state.titles);
  ring_ = std::move(state.ring);
  const SourceRing::Entry entry = ring_->entry(state.since);
  if (entry.aligned) search_.reset();
  const auto& title = ring_->title();
  if (title && facts_->plugin->icy_metadata) {
    put_title(lease_.log->head(), *title, std::nullopt);
    // The title is sent to listeners again, but not logged again.
    if (state.last_title) {
      lease_.mount->set_metadata(std::move(state.last_title));
      // The constructor has ended it.
      host_.logged_title(mount(), mount().metadata()->song());
    }
  }
  if (auto put = put_audio(entry.bytes, false); !put) return put;
  if (title && rewriter_) rewriter_->set_title(*title);
  return {};
}

Result<void> Feed::enter_spare(SourceState state) {
  body_ = std::move(state.body);
  deinterleaver_ = std::move(state.titles);
  const auto& title = state.ring->title();
  if (title && facts_->plugin->icy_metadata && title->song() != mount().metadata()->song())
    put_title(lease_.log->head(), *title, state.ring->title_place());
  if (search_ && !search_->has_key()) search_.reset();
  if (search_) {
    // The key may still come.
    entered_ = state.since;
    ring_ = std::move(state.ring);
    search_->known(ring_->held().size());
    return put_audio(ring_->held(), false);
  }
  if (place_ && !begins_later_) return put_audio(state.ring->held().subspan(state.from), false);
  if (begins_later_) begin(1);
  return put_audio(state.ring->entry(state.since).bytes, false);
}

std::unique_ptr<SourceState> Feed::take_state() {
  if (!ring_) return nullptr;
  auto state = std::make_unique<SourceState>();
  state->body = std::move(body_);
  state->titles = std::move(deinterleaver_);
  state->ring = std::move(ring_);
  return state;
}

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
  if (payload->bytes > 0) lease_.mount->note_data(host_.loop().now());
  std::span<std::byte> audio = received.first(payload->bytes);
  const std::uint64_t position = lease_.log->head();
  if (deinterleaver_) {
    const std::size_t n = deinterleaver_->take(audio, [&](std::string_view text, std::size_t at) {
      on_icy_block(text, search_ ? seam_at_ : position + at);
    });
    audio = audio.first(n);
  }
  if (bad_icy_) return Error::invalid("Incorrect metadata format, ending stream");
  if (ring_) ring_->put(audio, host_.loop().now());
  if (auto put = put_audio(audio, in_place); !put) return put.error();
  return !payload->ended;
}

void Feed::span_ended() {
  if (search_) {
    search_->no_more();
    on_search_end();
  }
  MediaClock* const clock = framer_ ? framer_->clock() : nullptr;
  if (clock != nullptr && framer_->complete() == lease_.log->head())
    lease_.log->take_address(clock->unit());
}

// The key has not come in time, so the bytes held so far are used.
void Feed::on_search_end() {
  if (!search_) return;
  if (auto put = put_audio({}, false); !put)
    host_.log().warn("source/source", cat({"mount ", mount().name(), ": ", put.error().what}));
  publish();
}

Result<void> Feed::put_audio(std::span<const std::byte> audio, bool in_place) {
  if (skip_ > 0) {
    const auto twice = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, audio.size()));
    skip_ -= twice;
    audio = audio.subspan(twice);
  }
  if (!search_) return put_unit_aligned(audio, in_place);
  if (!search_->take(audio, host_.loop().now())) return {};
  const auto search = std::move(search_);
  if (search->found() == SeamSearch::Found::kContent) {
    note_seam(SeamHow::kContent);
    if (place_)
      follow_address(search->passed());
    else
      enters_here_ = lease_.log->enters_here();
  } else if (begins_later_ && search->passed().empty() && goes_on_in_chain(search->bytes())) {
    const auto bytes = search->bytes();
    go_on_in_chain(bytes.first(place_->header_bytes));
    note_seam(SeamHow::kUnit);
    return put_unit_aligned(bytes.subspan(place_->header_bytes), false);
  } else {
    if (begins_later_) begin(search->passed().size() + (entered_ ? 1 : 0));
    note_seam(SeamHow::kUnit);
    if (entered_) {
      const SourceRing::Entry entry = std::exchange(ring_, nullptr)->entry(*entered_);
      return put_unit_aligned(entry.bytes, false);
    }
  }
  if (entered_) ring_.reset();
  return put_unit_aligned(search->bytes(), false);
}

Result<void> Feed::put_unit_aligned(std::span<const std::byte> audio, bool in_place) {
  if (seam_ && !audio.empty()) report_seam();
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
  Metadata title =
      make_icy_metadata(icy->title, icy->url, "", lease_.mount->settings()->charset, icy->others);
  const auto told = parse_title_place(icy->place);
  if (ring_) ring_->set_title(title, place_ ? told : std::nullopt);
  put_title(position, std::move(title), told);
}

// Only an upstream that sends addresses knows a title's place; an encoder's title may look like one
// by chance.
void Feed::put_title(std::uint64_t position, Metadata title,
                     const std::optional<TitlePlace>& told) {
  const TitlePlace& last = lease_.log->title_place();
  const bool believed = told && place_ && !enters_here_;
  // A repeated title keeps its first place.
  const bool again = last.at && !title.song().empty() && title.song() == mount().metadata()->song();
  const TitlePlace place = believed ? *told : again ? last : place_of_title(position);
  lease_.log->placed_metadata(position, std::move(title), place);
}

// While the stream has no times, a title that enters here gets the time of its arrival, with which
// all relays show it.
TitlePlace Feed::place_of_title(std::uint64_t position) const {
  TitlePlace place = lease_.log->place_of_title(position);
  if (enters_here_ && place.at && !place.wall_ms) place.wall_ms = wall_now_ms();
  // Corrects an encoder whose titles are always early or late.
  const auto offset = lease_.mount->settings()->title_offset;
  if (enters_here_ && place.wall_ms && offset.count() != 0)
    return place_at(position, *place.wall_ms + offset.count());
  return place;
}

// The address of that moment, if the window has it.
TitlePlace Feed::place_at(std::uint64_t position, std::int64_t wall_ms) const {
  TitlePlace place = lease_.log->place_of_title(position);
  place.wall_ms = wall_ms;
  const auto view = lease_.mount->channel().newest();
  const auto newest = view ? newest_place(*view) : std::nullopt;
  if (newest && wall_ms < newest->wall_ms)
    if (const auto found = place_at_wall(*view, wall_ms)) place.at = found->at;
  return place;
}

TitleResult Feed::set_title(Metadata metadata, std::optional<std::int64_t> wall_ms) {
  if (ring_) ring_->set_title(metadata);
  if (facts_->plugin->icy_metadata) {
    const std::uint64_t position = lease_.log->head();
    if (wall_ms && enters_here_)
      lease_.log->placed_metadata(position, std::move(metadata), place_at(position, *wall_ms));
    else
      put_title(position, std::move(metadata), std::nullopt);
  } else if (!rewriter_ || !rewriter_->set_title(metadata)) {
    return TitleResult::kRefused;
  } else if (!enters_here_ && lease_.log->has_span()) {
    // From here on the bytes differ from those of the upstream.
    lease_.log->new_span(lease_.log->head(), first_span());
    lease_.log->note_entry();
    enters_here_ = true;
  }
  publish();
  return TitleResult::kDone;
}

void Feed::publish() {
  Mount& mount = *lease_.mount;
  const auto settings = mount.settings();
  if (enters_here_) lease_.log->keep_wall(host_.loop().now(), wall_now_ms());
  const SteadyTime placed = mount.last_place();
  const bool is_placed = placed != SteadyTime() && host_.loop().now() - placed < kPlayersAskWithin;
  // What has left the log before it was recorded must not be missed by players.
  const bool is_recorded = mount.channel().is_recorded_from(mount.channel().newest()->begin);
  const LogWindow window{
      settings->burst_bytes, settings->queue_bytes,
      is_recorded ? std::chrono::milliseconds(settings->hls_kept_recorded_ms) : settings->hls_kept,
      is_placed ? kKeptForPlayers : kKeptForServers,
      is_recorded ? 0 : mount.hls_listed_end.load(std::memory_order_relaxed)};
  auto view = lease_.log->publish(framer_->complete(), window, mount.channel().low_water(), false);
  // Until the rate of a new source is known, the last source's rate is the best guess.
  if (const auto rate = lease_.log->bytes_per_second(); rate > 0)
    mount.bytes_per_second.store(rate, std::memory_order_relaxed);
  if (const auto rate = lease_.log->usual_bytes_per_second(); rate > 0) mount.set_usual_rate(rate);
  if (auto codec = lease_.log->take_new_codec()) mount.set_codec(std::move(codec));
  if (auto metadata = lease_.log->take_new_metadata()) {
    const bool changed = mount.metadata()->song() != metadata->song();
    mount.set_metadata(metadata);
    if (changed) {
      host_.titled(mount, metadata->song(), lease_.log->title_place());
      log_title(metadata->song());
    }
  }
  if (unlogged_title_ && titles_guard_.may_pass(host_.loop().now()))
    log_title(std::string(*unlogged_title_));
  if (StreamPicture picture = lease_.log->take_new_picture(); !picture.bytes.empty())
    host_.pictured(mount, std::move(picture));
  host_.wake(mount.channel().publish(std::move(view)), lease_.mount);
}

void Feed::note_seam(SeamHow how) {
  if (!facts_->relayed) return;
  static constexpr std::array<std::string_view, 3> kWhere = {
      "at the exact byte", "where the same bytes were found", "at a unit"};
  host_.log().info("source/source", cat({"mount ", mount().name(), ": the stream goes on ",
                                         kWhere[static_cast<std::size_t>(how)]}));
  // A stream that follows the last one at its origin is no change of upstreams.
  if (!place_ || !place_->after) seam_ = how;
}

void Feed::report_seam() {
  const auto gap =
      std::chrono::duration_cast<std::chrono::milliseconds>(host_.loop().now() - last_before_);
  host_.went_on(mount(), {lease_.id, *seam_, std::max(gap, std::chrono::milliseconds(0))});
  seam_.reset();
}

void Feed::log_title(const std::string& song) {
  unsigned left_out = 0;
  if (!titles_guard_.pass(host_.loop().now(), left_out)) {
    unlogged_title_ = song;
    return;
  }
  if (std::exchange(unlogged_title_, std::nullopt) == song) --left_out;
  host_.logged_title(mount(), song);
  std::string text = cat({"mount ", mount().name(), ": title is now \"", song, "\""});
  if (left_out > 0) text += cat({" (", left_out, " titles before it are not in the logs)"});
  host_.log().info("source/source", text);
  const LogFormat format = host_.log().playlist_format();
  const TitleFacts facts{mount().name(), mount().audience(), song};
  host_.log().playlist(title_line(format, facts, host_.loop().clock().wall()), format);
}

}  // namespace lb
