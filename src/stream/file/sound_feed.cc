#include "stream/file/sound_feed.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "stream/log/join.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// Far less comes in this time than fits into a pipe, and no detected sound is this short.
constexpr auto kFeedTick = 200ms;

// Returns the number of bytes written; nullopt: the pipe's reader is gone.
std::optional<std::size_t> put_into(int pipe, std::span<const std::byte> bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    const ssize_t n = ::write(pipe, bytes.data() + taken, bytes.size() - taken);
    if (n >= 0) {
      taken += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      return std::nullopt;
    }
  }
  return taken;
}

}  // namespace

SoundFeeds::SoundFeeds(Loop& loop, std::function<void(std::uint64_t id)> over)
    : loop_(loop), over_(std::move(over)), timer_(loop, [this] { tick(); }) {}

void SoundFeeds::begin(std::uint64_t id, std::shared_ptr<Mount> mount, std::uint64_t from,
                       UniqueFd pipe) {
  auto feed = std::make_shared<Feed>();
  feed->id = id;
  feed->mount = std::move(mount);
  feed->from = from;
  feed->pipe = std::move(pipe);
  add(std::move(feed));
}

void SoundFeeds::add(std::shared_ptr<Feed> feed) {
  loop_.post([this, feed = std::move(feed)] {
    feeds_.push_back(std::move(*feed));
    if (!rests_ && !timer_.armed()) timer_.after(0ms);
  });
}

void SoundFeeds::rest(std::function<void(std::map<std::uint64_t, SoundFeedRecord>)> done) {
  loop_.post([this, done = std::move(done)] {
    rests_ = true;
    timer_.cancel();
    std::map<std::uint64_t, SoundFeedRecord> all;
    for (const Feed& feed : feeds_) {
      SoundFeedRecord saved;
      saved.pipe = static_cast<MovedFd>(feed.pipe.get());
      saved.from = feed.from;
      if (feed.begun) saved.position = feed.position;
      if (feed.headers) {
        const auto rest = std::span(*feed.headers).subspan(feed.headers_written);
        saved.headers.assign(reinterpret_cast<const char*>(rest.data()), rest.size());
      }
      all.emplace(feed.id, std::move(saved));
    }
    done(std::move(all));
  });
}

void SoundFeeds::go_on() {
  loop_.post([this] {
    rests_ = false;
    if (!feeds_.empty()) timer_.after(0ms);
  });
}

void SoundFeeds::take_over(std::uint64_t id, std::shared_ptr<Mount> mount,
                           const SoundFeedRecord& saved, UniqueFd pipe) {
  auto feed = std::make_shared<Feed>();
  feed->id = id;
  feed->mount = std::move(mount);
  feed->from = saved.from;
  feed->pipe = std::move(pipe);
  feed->begun = saved.position.has_value();
  feed->position = saved.position.value_or(0);
  if (!saved.headers.empty()) {
    const auto* const bytes = reinterpret_cast<const std::byte*>(saved.headers.data());
    feed->headers = std::make_shared<const Bytes>(bytes, bytes + saved.headers.size());
  }
  add(std::move(feed));
}

void SoundFeeds::end(std::uint64_t id) {
  loop_.post([this, id] { feeds_.remove_if([id](const Feed& feed) { return feed.id == id; }); });
}

void SoundFeeds::end_all() {
  loop_.post([this] {
    timer_.cancel();
    feeds_.clear();
  });
}

void SoundFeeds::tick() {
  for (auto at = feeds_.begin(); at != feeds_.end();) {
    if (advance(*at)) {
      ++at;
      continue;
    }
    const std::uint64_t id = at->id;
    at = feeds_.erase(at);
    over_(id);
  }
  if (!feeds_.empty()) timer_.after(kFeedTick);
}

bool SoundFeeds::find_begin(Feed& feed, const StreamView& view) {
  if (view.end <= feed.from) return false;
  const JoinPlan plan = plan_join(view, 0);
  if (plan.wait_for_mark || plan.position < feed.from) return false;
  feed.position = plan.position;
  feed.headers = plan.headers;
  return true;
}

bool SoundFeeds::advance(Feed& feed) {
  const auto view = feed.mount->channel().newest();
  feed.begun = feed.begun || find_begin(feed, *view);
  if (!feed.begun) return !view->ended;
  if (feed.position < view->begin) return false;
  if (feed.headers) {
    const auto rest = std::span(*feed.headers).subspan(feed.headers_written);
    const auto taken = put_into(feed.pipe.get(), std::as_bytes(rest));
    if (!taken) return false;
    feed.headers_written += *taken;
    if (*taken < rest.size()) return true;
    feed.headers.reset();
  }
  while (feed.position < view->end) {
    const auto bytes = view->bytes_at(feed.position);
    if (bytes.empty()) break;
    const auto taken = put_into(feed.pipe.get(), bytes);
    if (!taken) return false;
    feed.position += *taken;
    if (*taken < bytes.size()) return true;
  }
  return !view->ended;
}

}  // namespace lb
