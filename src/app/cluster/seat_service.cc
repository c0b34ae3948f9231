#include "app/cluster/seat_service.h"

#include <algorithm>
#include <utility>

#include "app/cluster/slot_service.h"
#include "app/services/network.h"
#include "auth/listener/authenticators.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "config/settings/config.h"
#include "net/crypto/digest.h"
#include "net/loop/loop.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kWhileAsked = 20ms;
constexpr auto kSeatRest = 250ms;
// Until then a node whose link is being made again does not count as gone.
constexpr auto kLinksAreBack = 2s;
constexpr auto kMayBeBack = 1s;
constexpr Rate kWarnings{1, 1min};
constexpr std::size_t kUserBytes = 16;

// All nodes compute the same value, which replaces the user's name in frames.
std::string seat_user(std::string_view purpose, const std::string& mount, std::string_view text) {
  const std::string key = cat({"lbedge-cluster/1 ", purpose, " ", mount});
  return hex_encode(std::string_view(hmac_sha256(key, text)).substr(0, kUserBytes));
}

}  // namespace

// If the service is gone, the loop may be gone too.
SeatPass::~SeatPass() {
  if (control_ == nullptr || service_.expired()) return;
  control_->post([service = std::move(service_), number = number_] {
    if (const auto self = service.lock()) (*self)->off(number);
  });
}

SeatService::SeatService(Network& network, LinkedNeighbours& neighbours, const SlotService& slots)
    : network_(network),
      neighbours_(neighbours),
      self_(std::make_shared<SeatService*>(this)),
      book_([this, &slots](const std::string& mount) { return parent_of(slots, mount); },
            [this](const std::string& mount) { return rule_of(mount); }, SeatTiming{}),
      unanswered_(network.loops.control(), {},
                  [this](std::uint64_t number) {
                    book_.decide_here(number, network_.clock.steady());
                    settle();
                  }),
      outbox_(network.loops.control(), neighbours),
      timer_(network.loops.control(), [this] { work(); }) {}

std::string SeatService::parent_of(const SlotService& slots, const std::string& mount) const {
  std::string parent = slots.parent_of(mount);
  if (neighbours_.is_linked(parent)) return parent;
  // A replaced process, here or there, will be linked in a moment, so requests wait.
  const SteadyTime now = network_.clock.steady();
  if (const auto lost = lost_.find(parent); lost != lost_.end() && now < lost->second + kMayBeBack)
    return std::string(SeatBook::kParentToCome);
  if (now >= links_are_back_) return {};
  const auto relayed = network_.mounts.find(mount);
  return relayed && relayed->facts()->relayed ? std::string(SeatBook::kParentToCome)
                                              : std::string();
}

std::optional<SeatBook::Rule> SeatService::rule_of(const std::string& mount) const {
  const auto config = network_.config.read();
  const MountSettings& section = mount_section(*config, mount);
  if (section.sessions_per_user == 0) return std::nullopt;
  return SeatBook::Rule{section.sessions_per_user,
                        auth_option_set(section.authenticator.options, "drop_existing_listener")};
}

void SeatService::stop() {
  stopped_ = true;
  timer_.cancel();
  outbox_.stop();
  listening_.clear();
  unanswered_.clear();
}

void SeatService::ask(const Ask& ask, Then then) {
  if (stopped_) return;
  const std::uint64_t number = next_++;
  const SteadyTime now = network_.clock.steady();
  listening_[number] = {ask.mount, ask.listener};
  const auto patience = std::chrono::ceil<std::chrono::milliseconds>(
      std::max(links_are_back_ - now, SteadyTime::duration(0)) + kPatience);
  static_cast<void>(unanswered_.park(number, std::move(then), patience));  // has no limits
  SeatRow row;
  row.mount = ask.mount;
  row.user = seat_user("user", ask.mount, ask.user);
  row.who = seat_user("who", ask.mount, ask.who);
  row.number = number;
  row.most = ask.most;
  row.drop = ask.drop;
  book_.ask(row, now);
  settle();
  // Armed once: otherwise frequent questions would postpone each other's deadline.
  if (unanswered_.size() > 0 && !std::exchange(hurries_, true)) timer_.after(kWhileAsked);
}

void SeatService::off(std::uint64_t number) {
  if (stopped_) return;
  book_.off(number);
  listening_.erase(number);
  settle();
}

void SeatService::joined(const std::string& id, bool restarted) {
  if (stopped_) return;
  lost_.erase(id);
  book_.joined(id, restarted, network_.clock.steady());
  settle();
}

void SeatService::left(const std::string& id, bool silent) {
  outbox_.drop(id);
  if (stopped_) return;
  const SteadyTime now = network_.clock.steady();
  std::erase_if(lost_, [&](const auto& one) { return one.second + kMayBeBack <= now; });
  lost_[id] = now;
  book_.left(id, silent, now);
  settle();
}

void SeatService::resend(const std::string& id) {
  if (stopped_) return;
  book_.resend(id);
  settle();
}

void SeatService::take(const std::string& sender, const std::vector<SeatRow>& rows) {
  if (stopped_ || !neighbours_.is_linked(sender)) return;
  const SteadyTime now = network_.clock.steady();
  const std::size_t limit = neighbours_.most_listeners(sender);
  const std::size_t most = limit == 0 ? SeatBook::kMaxOfNode : limit;
  for (const SeatRow& row : rows)
    if (!book_.take(sender, row, now, most) && full_.take(now, kWarnings))
      network_.log.warn("auth/seats",
                        cat({"node ", sender, " asks for more than ", most,
                             " sessions of users (max-listeners of its <node>); the further ones "
                             "are not counted"}));
  settle();
}

SeatBookRecord SeatService::save() const {
  SeatBookRecord saved;
  saved.next_here = next_;
  book_.save(saved);
  for (const auto& [number, one] : listening_)
    saved.seated.push_back({number, one.listener, one.mount});
  return saved;
}

void SeatService::restore(const SeatBookRecord& saved) {
  next_ = std::max(next_, saved.next_here);
  book_.restore(saved, network_.clock.steady());
  for (const SeatedRecord& one : saved.seated) {
    listening_[one.number] = {one.mount, one.listener};
    unclaimed_.insert(one.number);
  }
}

SeatPass SeatService::seat_of(std::uint64_t number) {
  const auto at = listening_.find(number);
  unclaimed_.erase(number);
  return at == listening_.end() ? SeatPass() : pass_of(number, at->second);
}

SeatPass SeatService::pass_of(std::uint64_t number, const Listening& one) const {
  return SeatPass(network_.loops.control(), self_, number, one.dropped);
}

// A request that still waits asks for its seat again.
void SeatService::go_on() {
  for (const std::uint64_t number : std::exchange(unclaimed_, {})) off(number);
  links_are_back_ = network_.clock.steady() + kLinksAreBack;
  if (book_.size() > 0) timer_.after(kLinksAreBack);
}

void SeatService::settle() {
  for (const SeatBook::Answer& answer : book_.take_answers()) {
    const auto at = listening_.find(answer.number);
    if (at == listening_.end()) continue;
    auto asked = unanswered_.release(answer.number);
    if (answer.act == SeatAct::kDrop && asked.empty()) {
      network_.log.info("auth/seats",
                        at->second.mount + ": a listener is ended, its user listens elsewhere now");
      // Its request may still wait for a relay or a slot, and no listener is found.
      at->second.dropped->store(true, std::memory_order_release);
      network_.auth->end_listener(at->second.mount, at->second.listener);
      continue;
    }
    if (asked.empty()) continue;
    if (answer.act == SeatAct::kYes) {
      asked.front()(true, pass_of(answer.number, at->second));
    } else {
      listening_.erase(at);
      asked.front()(false, SeatPass());
    }
  }
  outbox_.add_all(book_.take_outgoing());
  if (book_.size() > 0 && !timer_.armed()) timer_.after(kSeatRest);
}

void SeatService::work() {
  if (stopped_) return;
  const SteadyTime now = network_.clock.steady();
  book_.tick(now);
  settle();
  hurries_ = unanswered_.size() > 0;
  if (book_.size() > 0)
    timer_.after(hurries_ ? kWhileAsked : coalesced(network_.loops.control(), kSeatRest));
}

}  // namespace lb
