#include "admin/feed/event_stream.h"

#include <algorithm>
#include <array>

#include "admin/feed/event_shares.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/strings.h"
#include "stream/file/text_feed.h"

namespace lb {
namespace {

constexpr std::size_t kMaxPendingEvents = 64 * 1024;

// Whether a detail is the address of a person or an encoder.
bool is_address(const ServerEvent& event, std::string_view name) {
  const bool switched = event.type == "source-takeover" || event.type == "source-return";
  return name == "address" || (switched && (name == "from" || name == "to"));
}

std::string json_of(const ServerEvent& event, const std::string& node,
                    const Followers::Scope& scope) {
  JsonWriter json;
  json.begin_object();
  json.key("id").text(event.id);
  json.key("time").text(utc_text(event.when, UtcForm::kSecond));
  json.key("node").text(node);
  json.key("event").text(event.type);
  json.key("subject").text(event.subject);
  const bool details = !scope.owns || is_of_mount(event);
  for (const auto& [name, value] : event.details)
    if (details && (scope.addresses || !is_address(event, name))) json.key(name).text(value);
  json.end_object();
  return json.take();
}

std::string text_of(const ServerEvent& event, const std::string& node,
                    const Followers::Scope& scope) {
  // JSON escapes line ends, so one data line is enough.
  return cat(
      {"id: ", event.id, "\nevent: ", event.type, "\ndata: ", json_of(event, node, scope), "\n\n"});
}

constexpr auto kOfNode = std::to_array<std::string_view>(
    {"start", "stop", "reload", "drain", "drained", "undrain", "external-removal", "audience-gap"});

// Of events about neither a mount nor a node (accounts, certificates, reports) a login with only
// some mounts is told those of its account, as the others name customers.
bool is_hidden(const ServerEvent& event, const Followers::Scope& scope) {
  if (!scope.owns) return false;
  if (is_of_mount(event)) return !scope.owns(event.subject, event.account);
  if (event.type == "account-quota") return event.subject != scope.sharer;
  return !event.type.starts_with("node-") &&
         std::ranges::find(kOfNode, event.type) == kOfNode.end();
}

// Returns "" if this reader must not see the event.
std::string shown_text(const ServerEvent& event, const std::string& text, const std::string& node,
                       const Followers::Scope& scope) {
  if (scope.is_whole()) return text;
  if (is_hidden(event, scope)) return {};
  return text_of(event, node, scope);
}

}  // namespace

std::string_view owner_of(const ServerEvent& event) {
  return event.account.empty() ? event.subject : event.account;
}

bool is_of_mount(const ServerEvent& event) { return event.subject.starts_with('/'); }

std::string event_json(const ServerEvent& event, const std::string& node) {
  return json_of(event, node, {});
}

std::string event_json_for(const ServerEvent& event, const std::string& node,
                           const Followers::Scope& scope) {
  return is_hidden(event, scope) ? std::string() : json_of(event, node, scope);
}

EventStream::EventStream(Loop& loop, std::string node)
    : loop_(loop),
      node_(std::move(node)),
      run_(std::to_string(std::chrono::system_clock::to_time_t(loop.clock().wall()))),
      followers_(loop),
      timer_(loop, [this] { beat(); }) {}

const ServerEvent& EventStream::publish(ServerEvent event) {
  loop_.assert_here();
  event.id = cat({run_, "-", ++number_});
  event.when = loop_.clock().wall();
  keep(std::move(event));
  const Kept& newest = kept_.back();
  followers_.check_logins();
  followers_.for_each([&](Followers::Follower& follower) {
    followers_.send(follower, shown_text(newest.event, newest.text, node_, follower.scope));
  });
  followers_.sweep();
  return newest.event;
}

void EventStream::keep(ServerEvent event) {
  std::string text = text_of(event, node_, {});
  kept_.push_back({number_, std::move(text), std::move(event)});
  if (kept_.size() <= kKept) return;
  const auto whose = [](const Kept& one) { return owner_of(one.event); };
  kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(
                                  event_to_drop(kept_, 0, owner_of(kept_.back().event), whose)));
}

EventsRecord EventStream::save() const {
  EventsRecord saved{run_, number_, {}};
  for (const Kept& event : kept_) saved.kept.push_back(event.event);
  return saved;
}

void EventStream::restore(EventsRecord saved) {
  run_ = std::move(saved.run);
  for (ServerEvent& event : saved.kept) {
    number_ = number_of(event.id);
    keep(std::move(event));
  }
  number_ = saved.number;
}

void EventStream::check_logins() {
  followers_.check_logins();
  followers_.sweep();
}

bool EventStream::add(std::unique_ptr<Transport>& transport, std::string head,
                      std::string_view last_id, Followers::Ended ended, Followers::Scope scope) {
  loop_.assert_here();
  if (!followers_.has_place(kMaxReaders, scope.sharer)) return false;
  Followers::Follower& follower =
      followers_.add(std::move(transport), std::move(head), std::move(ended));
  follower.scope = std::move(scope);
  const std::string missed = missed_since(last_id, follower.scope);
  follower.most_pending = kMaxPendingEvents + missed.size();
  followers_.send(follower, cat({TextFeed::kRetry, "\n", missed}));
  followers_.sweep();
  if (!timer_.armed()) timer_.after(kHeartbeat);
  return true;
}

std::uint64_t EventStream::number_of(std::string_view id) const {
  const std::size_t dash = id.find('-');
  if (dash == std::string_view::npos || id.substr(0, dash) != run_) return 0;
  return parse_u64(id.substr(dash + 1)).value_or(0);
}

std::string EventStream::newest_id() const { return cat({run_, "-", number_}); }

std::optional<EventStream::Missed> EventStream::after(std::string_view last_id) const {
  const std::size_t dash = last_id.find('-');
  if (dash == std::string_view::npos || !parse_u64(last_id.substr(0, dash)) ||
      !parse_u64(last_id.substr(dash + 1)))
    return std::nullopt;
  const std::uint64_t known = number_of(last_id);
  if (known > number_) return std::nullopt;
  Missed missed{cat({run_, "-", known}), {}};
  for (const Kept& event : kept_)
    if (event.number > known) missed.events.push_back(event.event);
  return missed;
}

std::string EventStream::missed_since(std::string_view last_id,
                                      const Followers::Scope& scope) const {
  if (last_id.empty()) return {};
  const std::uint64_t known = number_of(last_id);
  std::string missed;
  for (const Kept& event : kept_)
    if (event.number > known) missed += shown_text(event.event, event.text, node_, scope);
  return missed;
}

void EventStream::beat() {
  followers_.check_logins();
  followers_.for_each(
      [this](Followers::Follower& follower) { followers_.send(follower, ":\n\n"); });
  followers_.sweep();
  if (!followers_.empty()) timer_.after(kHeartbeat);
}

}  // namespace lb
