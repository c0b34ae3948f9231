#include "stream/file/file_feeder.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/log.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kFeederTick = 200ms;
// After a pause of the machine the stream skips what is missing beyond this.
constexpr auto kMaxToCatchUp = 2s;
constexpr std::size_t kFilePiece = 32 * 1024;
// A step is a sixteenth of a second of an ordinary part.
constexpr std::uint64_t kStepsASecond = 16;
// Odd and large, so that serials repeat only after 2^32 rounds of the file.
constexpr std::uint32_t kSerialStep = 0x9e3779b1;

}  // namespace

FileFeeder::FileFeeder(Loop& loop, Log& log, Parts parts)
    : loop_(loop),
      log_(log),
      callbacks_(std::move(parts.callbacks)),
      mount_(std::move(parts.mount)),
      stream_(std::move(parts.stream)),
      file_(std::move(parts.file)),
      rate_(parts.bytes_per_second),
      framer_(file_->plugin->make(stream_->head(), {})),
      timer_(loop, [this] { tick(); }) {
  if (file_->plugin->name == "ogg") scanner_ = std::make_unique<OggPageScanner>(0);
  mount_->bytes_per_second.store(rate_, std::memory_order_relaxed);
  mount_->set_usual_rate(rate_);
}

FileFeeder::FileFeeder(Loop& loop, Log& log, Callbacks callbacks, std::shared_ptr<Mount> mount,
                       std::unique_ptr<StreamLog> stream, std::shared_ptr<const FileStream> file,
                       std::uint64_t bytes_per_second)
    : FileFeeder(loop, log,
                 Parts{std::move(callbacks), std::move(mount), std::move(stream), std::move(file),
                       bytes_per_second}) {
  begin_anew();
}

// With the headers and a burst for the first listener.
void FileFeeder::begin_anew() {
  stream_->begin_source(framer_->complete());
  framer_ = file_->plugin->make(stream_->head(), {});
  append(std::max<std::uint64_t>(mount_->settings()->burst_bytes, 1));
  publish(false);
}

FileFeeder::~FileFeeder() = default;

void FileFeeder::play() {
  if (playing() || stream_ == nullptr) return;
  since_ = loop_.now();
  played_ = {};
  if (callbacks_.sources != nullptr) {
    callbacks_.sources->enter();
    place_ = GatePass(callbacks_.sources);
  }
  log_.info("source/file", cat({"playing ", file_->path, " as fallback at ", rate_, " bytes/s"}));
  timer_.after(kFeederTick);
}

void FileFeeder::replace(std::shared_ptr<const FileStream> file, std::uint64_t bytes_per_second) {
  next_file_ = std::move(file);
  next_rate_ = bytes_per_second;
}

void FileFeeder::end() {
  timer_.cancel();
  place_.leave();
  if (stream_ == nullptr) return;
  publish(true);
  stream_.reset();
}

void FileFeeder::tick() {
  if (mount_->gate().inside() == 0) {
    log_.info("source/file", cat({"fallback file ", file_->path, " paused: no listeners"}));
    place_.leave();
    next_round();
    begin_anew();
    return;
  }
  if (loop_.now() - since_ > played_ + kMaxToCatchUp) {
    since_ = loop_.now();
    played_ = {};
  }
  timer_.after(kFeederTick);
  const auto due = loop_.now() - since_;
  if (due <= played_) return;
  const std::uint64_t step = std::max<std::uint64_t>(rate_ / kStepsASecond, 1);
  // A long part without sound, such as a picture, is spread over some ticks.
  std::uint64_t most = rate_ * static_cast<std::uint64_t>(kMaxToCatchUp.count());
  for (; played_ < due && most >= step; most -= step) {
    if (append(step)) continue;
    log_.error("source/file", cat({"fallback file ", file_->path,
                                   " ends, because there is no memory for more of it"}));
    end();
    return;
  }
  publish(false);
}

bool FileFeeder::append(std::uint64_t bytes) {
  while (bytes > 0) {
    if (at_ == file_->size()) next_round();
    ByteSpan piece = file_->view->bytes_at(at_);
    piece = piece.first(
        static_cast<std::size_t>(std::min<std::uint64_t>({piece.size(), bytes, kFilePiece})));
    at_ += piece.size();
    bytes -= piece.size();
    if (scanner_) {
      pages_.clear();
      scanner_->feed(piece, *this);
      piece = pages_;
    }
    if (!put(piece)) return false;
  }
  return true;
}

bool FileFeeder::put(ByteSpan bytes) {
  if (!stream_->append(bytes, loop_.now())) return false;
  mount_->bytes_read.fetch_add(bytes.size(), std::memory_order_relaxed);
  const MediaTime before = media_time();
  framer_->consume(bytes, *stream_);
  const MediaTime after = media_time();
  if (scanner_)
    played_ += std::exchange(pages_last_, {});
  else if (after.rate_hz == 0)
    played_ += by_mean_rate(bytes.size());
  else if (after.rate_hz == before.rate_hz)
    played_ += std::chrono::milliseconds(after.milliseconds() - before.milliseconds());
  else
    played_ += std::chrono::milliseconds(after.milliseconds());
  return true;
}

std::chrono::microseconds FileFeeder::by_mean_rate(std::size_t bytes) const noexcept {
  return std::chrono::microseconds(bytes * 1'000'000 / rate_);
}

MediaTime FileFeeder::media_time() const noexcept {
  const MediaClock* clock = framer_->clock();
  return clock != nullptr ? clock->now() : MediaTime{};
}

void FileFeeder::next_round() {
  at_ = 0;
  ++round_;
  if (next_file_) {
    file_ = std::move(next_file_);
    rate_ = next_rate_;
    mount_->bytes_per_second.store(rate_, std::memory_order_relaxed);
    mount_->set_usual_rate(rate_);
  }
  if (scanner_) scanner_ = std::make_unique<OggPageScanner>(0);
  sound_ = {};
}

void FileFeeder::page(std::uint64_t position, const OggPage& page) {
  // A stream's clock cannot tell how long the first page of a chain lasts.
  pages_last_ += sound_.page(page).value_or(by_mean_rate(page.size()));
  OggPageFields fields;
  fields.flags = u8(page.header, 5);
  if (position + page.size() == file_->size()) fields.flags |= kOggEos;
  fields.granule = page.granule();
  fields.serial = page.serial() + round_ * kSerialStep;
  fields.sequence = page.sequence();
  append_ogg_page(pages_, fields, page.lacing(), page.body);
}

void FileFeeder::publish(bool ended) {
  const auto settings = mount_->settings();
  const LogWindow window{settings->burst_bytes, settings->queue_bytes};
  auto view = stream_->publish(framer_->complete(), window, mount_->channel().low_water(), ended);
  if (auto codec = stream_->take_new_codec()) mount_->set_codec(std::move(codec));
  if (auto metadata = stream_->take_new_metadata()) mount_->set_metadata(std::move(metadata));
  callbacks_.wake(mount_->channel().publish(std::move(view)), mount_);
}

}  // namespace lb
