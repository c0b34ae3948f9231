#include "stream/source/source_set.h"

#include <string>
#include <utility>

#include "base/cat.h"
#include "base/log.h"
#include "http/access_line.h"

namespace lb {
namespace {

// Reads of a turn: more than a socket's buffer holds, but limited.
constexpr int kLooks = 64;
// The pause after a turn that left bytes unread.
constexpr std::chrono::milliseconds kSoon{5};

}  // namespace

SourceSet::SourceSet(Loop& loop, Log& log, Callbacks callbacks)
    : loop_(loop),
      log_(log),
      callbacks_(std::move(callbacks)),
      turn_(loop, [this] { take_turn(); }) {}
SourceSet::~SourceSet() = default;

void SourceSet::add(SourceOffer offer, WriterLease lease,
                    std::shared_ptr<const SourceFacts> facts) {
  loop_.assert_here();
  offer.is_logged = lease.is_logged;
  if (!lease.log) {
    add_standby(std::move(offer), lease, *facts);
    return;
  }
  const std::uint64_t id = lease.id;
  auto source =
      std::make_unique<Source>(*this, std::move(offer), std::move(lease), std::move(facts));
  Source& added = *source;
  sources_[id] = std::move(source);
  added.start();  // may end it
  if (by_turns_ && sources_.contains(id)) read_by_turns(id, added);
  choose_reading();
}

void SourceSet::choose_reading() {
  const bool by_turns = sources_.size() >= (by_turns_ ? kFewAgain : kMany);
  if (by_turns == by_turns_) return;
  ready_ = UniqueFd(by_turns ? ::epoll_create1(EPOLL_CLOEXEC) : -1);
  if (by_turns && !ready_) return;
  by_turns_ = by_turns;
  for (const auto& [id, source] : sources_)
    if (by_turns)
      read_by_turns(id, *source);
    else
      source->watch(true);
  if (by_turns)
    turn_.after(kTurn);
  else
    turn_.cancel();
}

// A socket that the kernel refuses keeps its own watch.
void SourceSet::read_by_turns(std::uint64_t lease, Source& source) {
  epoll_event readable{};
  readable.events = EPOLLIN;
  readable.data.u64 = lease;
  source.watch(
      ::epoll_ctl(ready_.get(), EPOLL_CTL_ADD, source.offer().transport->fd(), &readable) != 0);
}

void SourceSet::take_turn() {
  found_.resize(sources_.size());
  const int found = ::epoll_wait(ready_.get(), found_.data(), static_cast<int>(found_.size()), 0);
  bool more = false;
  for (int i = 0; i < found; ++i) {
    const std::uint64_t id = found_[static_cast<std::size_t>(i)].data.u64;
    const auto at = sources_.find(id);  // another source's end may have removed it
    if (at == sources_.end()) continue;
    at->second->read_now();  // may end it
    if (const auto after = sources_.find(id); after != sources_.end())
      more = more || after->second->has_more();
  }
  if (by_turns_) turn_.after(more ? kSoon : kTurn);
}

void SourceSet::kill(std::uint64_t lease, EndReason reason) {
  loop_.assert_here();
  if (const auto at = sources_.find(lease); at != sources_.end())
    at->second->finish(reason);
  else if (const auto standby = standbys_.find(lease); standby != standbys_.end())
    standby->second->finish(reason);
}

bool SourceSet::replace_if_silent(std::uint64_t lease, std::chrono::milliseconds silence) {
  if (has_ended(lease)) return true;
  const auto at = sources_.find(lease);
  if (loop_.now() - at->second->last_data() < silence) return false;
  at->second->finish(EndReason::kReplaced);
  return true;
}

bool SourceSet::has_ended(std::uint64_t lease) {
  loop_.assert_here();
  for (int i = 0; i < kLooks; ++i) {
    const auto at = sources_.find(lease);
    if (at == sources_.end()) return true;
    const std::uint64_t before = at->second->bytes_read();
    at->second->drain();
    const auto after = sources_.find(lease);
    if (after != sources_.end() && after->second->bytes_read() == before) return false;
  }
  return !sources_.contains(lease);
}

TitleResult SourceSet::set_title(std::uint64_t lease, Metadata metadata,
                                 std::optional<std::int64_t> wall_ms) {
  loop_.assert_here();
  const auto at = sources_.find(lease);
  if (at != sources_.end()) return at->second->set_title(std::move(metadata), wall_ms);
  const auto standby = standbys_.find(lease);
  if (standby == standbys_.end()) return TitleResult::kRefused;
  standby->second->set_title(std::move(metadata));
  return TitleResult::kDone;
}

void SourceSet::end_all(EndReason reason) {
  while (!standbys_.empty()) standbys_.begin()->second->finish(reason);
  while (!sources_.empty()) sources_.begin()->second->finish(reason);
}

void SourceSet::log_end(const SourceOffer& offer, const Mount& mount, EndReason reason,
                        std::uint64_t bytes_read, std::chrono::milliseconds lasted) {
  const std::string ip = offer.transport->peer().ip();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lasted).count();
  if (!offer.request.empty()) {
    AccessFacts facts;
    facts.ip = ip;
    facts.user = offer.user;
    facts.shows_user = offer.shows_user;
    facts.request = offer.request;
    facts.bytes_sent = offer.bytes_sent;
    facts.referer = offer.referer;
    facts.user_agent = offer.user_agent;
    facts.seconds = seconds;
    log_access(log_, facts, loop_.clock().wall());
  }
  if (!offer.is_logged) return;
  const LogLevel level = reason == EndReason::kSpan ? LogLevel::kDebug : LogLevel::kInfo;
  log_.write(level, "source/source_shutdown",
             cat({"Source from ", ip, " at \"", mount.name(), "\" exiting (",
                  end_reason_text(reason), ", ", bytes_read, " bytes in ", seconds, "s)"}));
}

void SourceSet::source_ended(Source& source, EndReason reason) {
  const auto lasted =
      std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - source.started());
  const auto silent =
      std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - source.last_data());
  SourceEnd end{source.take_lease(), reason, source.bytes_read(), lasted, silent,
                source.last_data(),  false};
  end.lease.mount->set_fed(false);
  log_end(source.offer(), *end.lease.mount, reason, source.bytes_read(), lasted);
  const std::uint64_t id = end.lease.id;
  callbacks_.ended(std::move(end));
  silence_.erase(id);
  // The last reference is dropped after the caller, a member of the source, has returned.
  if (const auto at = sources_.find(id); at != sources_.end()) {
    auto done = std::make_shared<std::unique_ptr<Source>>(std::move(at->second));
    sources_.erase(at);
    loop_.post([done] {});
    choose_reading();
  }
}

}  // namespace lb
