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
  SoundFeedRecord feed;
  feed.from = from;
  take_over(id, std::move(mount), feed, std::move(pipe));
}

void SoundFeeds::rest(std::function<void(std::map<std::uint64_t, SoundFeedRecord>)> done) {
  loop_.post([this, done = std::move(done)] {
    rests_ = true;
    timer_.cancel();
    std::map<std::uint64_t, SoundFeedRecord> all;
    for (const Feed& feed : feeds_)
      all.emplace(feed.id, feed).first->second.pipe = static_cast<MovedFd>(feed.out.get());
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
  auto feed = std::make_shared<Feed>(Feed{saved, id, std::move(mount), std::move(pipe)});
  loop_.post([this, feed = std::move(feed)] {
    feeds_.push_back(std::move(*feed));
    if (!rests_ && !timer_.armed()) timer_.after(0ms);
  });
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
  if (plan.headers) feed.headers = as_text(*plan.headers);
  return true;
}

bool SoundFeeds::advance(Feed& feed) {
  const auto view = feed.mount->channel().newest();
  if (!feed.position && !find_begin(feed, *view)) return !view->ended;
  if (*feed.position < view->begin) return false;
  if (!feed.headers.empty()) {
    const auto taken = put_into(feed.out.get(), std::as_bytes(std::span(feed.headers)));
    if (!taken) return false;
    feed.headers.erase(0, *taken);
    if (!feed.headers.empty()) return true;
  }
  while (*feed.position < view->end) {
    const auto bytes = view->bytes_at(*feed.position);
    if (bytes.empty()) break;
    const auto taken = put_into(feed.out.get(), bytes);
    if (!taken) return false;
    *feed.position += *taken;
    if (*taken < bytes.size()) return true;
  }
  return !view->ended;
}

}  // namespace lb
