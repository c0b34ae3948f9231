#include "stream/file/text_feed.h"

#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "media/bytes.h"

namespace lb {
namespace {

constexpr std::string_view kComment = ":\n\n";
constexpr std::size_t kPositionDigits = 12;
// So many bytes are kept for readers that return, even if no present reader needs them.
constexpr std::size_t kKeptBytes = 16 * 1024;

// The length is fixed, because an event's position depends on the lengths of earlier ids.
std::string print_position(std::uint64_t position) {
  return hex_text(position & 0xffff'ffff'ffff, kPositionDigits);
}

std::optional<std::uint64_t> parse_position(std::string_view text) {
  return text.size() == kPositionDigits ? parse_whole<std::uint64_t>(text, 16) : std::nullopt;
}

std::shared_ptr<MountSettings> feed_settings(const std::string& name) {
  auto settings = std::make_shared<MountSettings>();
  settings->name = name;
  settings->burst_bytes = kKeptBytes;
  settings->queue_bytes = TextFeed::kWindowBytes;
  return settings;
}

}  // namespace

Result<std::shared_ptr<TextFeed>> TextFeed::create(const std::string& name, unsigned workers,
                                                   std::string run) {
  auto log = StreamLog::create("icecast-lb:" + name);
  if (!log) return log.error();
  auto mount = std::make_shared<Mount>(name, feed_settings(name), workers);
  auto facts = std::make_shared<SourceFacts>();
  facts->content_type = "text/event-stream";
  mount->set_facts(std::move(facts));
  return std::shared_ptr<TextFeed>(new TextFeed(std::move(mount), std::move(*log), std::move(run)));
}

TextFeed::TextFeed(std::shared_ptr<Mount> mount, std::unique_ptr<StreamLog> log, std::string run)
    : mount_(std::move(mount)),
      log_(std::move(log)),
      run_(std::move(run)),
      start_(std::make_shared<const Start>()) {}

// JSON escapes line ends, so one data line is enough.
std::string TextFeed::print(std::uint64_t begin, std::string_view event,
                            std::string_view data) const {
  if (event.empty()) return cat({"data: ", data, "\n\n"});
  const std::size_t size =
      cat({"id: ", run_, "-\nevent: ", event, "\ndata: ", data, "\n\n"}).size() + kPositionDigits;
  return cat({"id: ", run_, "-", print_position(begin + size), "\nevent: ", event, "\ndata: ", data,
              "\n\n"});
}

TextFeed::Start TextFeed::start_for(std::string_view last_id) const {
  const std::size_t dash = last_id.rfind('-');
  if (dash != std::string_view::npos && last_id.substr(0, dash) == run_)
    if (const auto at = parse_position(last_id.substr(dash + 1))) {
      const auto view = mount_->channel().newest();
      if (*at >= view->begin && *at <= view->end) return {nullptr, *at};
    }
  return *start_.read();
}

Result<Channel::Loops> TextFeed::append(std::string_view event, std::string_view data,
                                        SteadyTime now) {
  return write(print(log_->head(), event, data), now);
}

void TextFeed::set_state(std::string_view event, std::string_view data) {
  const std::uint64_t at = log_->head();
  // The id is the position at which the reader continues.
  const std::string text = event.empty() ? cat({kRetry, "data: ", data, "\n\n"})
                                         : cat({kRetry, "id: ", run_, "-", print_position(at),
                                                "\nevent: ", event, "\ndata: ", data, "\n\n"});
  const ByteSpan bytes = std::as_bytes(std::span(text));
  start_.publish(std::make_shared<const Start>(
      Start{std::make_shared<const Bytes>(bytes.begin(), bytes.end()), at}));
}

Result<Channel::Loops> TextFeed::beat(SteadyTime now, std::string_view data) {
  return write(data.empty() ? std::string(kComment) : print(log_->head(), {}, data), now);
}

Result<Channel::Loops> TextFeed::write(std::string_view text, SteadyTime now) {
  written_ = now;
  if (auto written = log_->append(std::as_bytes(std::span(text)), now); !written)
    return written.error();
  return publish(false);
}

Channel::Loops TextFeed::publish(bool ended) {
  const LogWindow window{kKeptBytes, kWindowBytes};
  return mount_->channel().publish(
      log_->publish(log_->head(), window, mount_->channel().low_water(), ended));
}

Channel::Loops TextFeed::end() { return publish(true); }

}  // namespace lb
