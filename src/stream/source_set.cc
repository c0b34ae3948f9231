#include "stream/source_set.h"

#include <string>
#include <utility>

#include "http/access_line.h"

namespace lb {
namespace {

// So many times four reads: more than a socket's buffer holds, and yet an end.
constexpr int kLooks = 64;

}  // namespace

SourceSet::SourceSet(Loop& loop, Log& log, Doors doors)
    : loop_(loop), log_(log), doors_(std::move(doors)) {}
SourceSet::~SourceSet() = default;

void SourceSet::add(SourceOffer offer, WriterLease lease,
                    std::shared_ptr<const SourceFacts> facts) {
  loop_.assert_here();
  const std::uint64_t id = lease.id;
  auto source =
      std::make_unique<Source>(*this, std::move(offer), std::move(lease), std::move(facts));
  Source& added = *source;
  sources_[id] = std::move(source);
  added.start();  // may end it
}

void SourceSet::kill(std::uint64_t lease, EndReason reason) {
  loop_.assert_here();
  if (const auto at = sources_.find(lease); at != sources_.end()) at->second->finish(reason);
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
    at->second->look();
    const auto after = sources_.find(lease);
    if (after != sources_.end() && after->second->bytes_read() == before) return false;
  }
  return !sources_.contains(lease);
}

TitleResult SourceSet::set_title(std::uint64_t lease, Metadata metadata) {
  loop_.assert_here();
  const auto at = sources_.find(lease);
  return at == sources_.end() ? TitleResult::kRefused : at->second->set_title(std::move(metadata));
}

void SourceSet::end_all(EndReason reason) {
  while (!sources_.empty()) sources_.begin()->second->finish(reason);
}

void SourceSet::source_ended(Source& source, EndReason reason) {
  const auto lasted =
      std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - source.started());
  const auto silent =
      std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - source.last_data());
  SourceEnd end{source.take_lease(), reason, source.bytes_read(), lasted, silent};
  const SourceOffer& offer = source.offer();
  const std::string ip = offer.transport->peer().ip();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lasted).count();
  if (!offer.request.empty()) {
    AccessFacts facts;
    facts.ip = ip;
    facts.user = offer.user;
    facts.request = offer.request;
    facts.bytes_sent = offer.bytes_sent;
    facts.referer = offer.referer;
    facts.user_agent = offer.user_agent;
    facts.seconds = seconds;
    log_access(log_, facts, loop_.clock().wall());
  }
  log_.info("source/source_shutdown", "Source from " + ip + " at \"" + end.lease.mount->name() +
                                          "\" exiting (" + std::string(end_reason_text(reason)) +
                                          ", " + std::to_string(source.bytes_read()) +
                                          " bytes in " + std::to_string(seconds) + "s)");
  const std::uint64_t id = end.lease.id;
  doors_.ended(std::move(end));
  // The last reference goes when the caller, a member of the source, has returned.
  if (const auto at = sources_.find(id); at != sources_.end()) {
    auto done = std::make_shared<std::unique_ptr<Source>>(std::move(at->second));
    sources_.erase(at);
    loop_.post([done] {});
  }
}

}  // namespace lb
