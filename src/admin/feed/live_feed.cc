#include "admin/feed/live_feed.h"

#include <algorithm>
#include <utility>

#include "admin/feed/event_stream.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "net/crypto/digest.h"
#include "stream/file/text_feed.h"

namespace lb {
namespace {

constexpr std::chrono::seconds kLoginPause{1};
constexpr std::size_t kDigestBytes = 4;
constexpr int kIdPartsBeforeEvent = 3;  // run, digest, number

void append_item(std::string& list, std::string_view json) {
  if (!list.empty()) list += ',';
  list += json;
}

void append_name(std::string& list, std::string_view name) {
  if (!list.empty()) list += ',';
  append_json_text(list, name);
}

const std::string& account_in(const LiveMount& mount) { return mount.account; }
std::string account_in(const LiveNode&) { return {}; }
std::string account_in(const LiveListener&) { return {}; }

}  // namespace

LiveFeed::LiveFeed(Loop& loop, std::string node)
    : loop_(loop),
      run_(std::to_string(unix_ms(loop.clock().wall()))),
      node_(std::move(node)),
      followers_(loop) {}

std::string_view LiveFeed::event_in(std::string_view last_id) {
  for (int part = 0; part < kIdPartsBeforeEvent; ++part) {
    const std::size_t dash = last_id.find('-');
    if (dash == std::string_view::npos) return {};
    last_id.remove_prefix(dash + 1);
  }
  return last_id;
}

std::uint64_t LiveFeed::number_of(std::string_view last_id, const std::string& digest) const {
  const std::string begin = cat({run_, "-", digest, "-"});
  if (!last_id.starts_with(begin)) return 0;
  last_id.remove_prefix(begin.size());
  const std::uint64_t number = parse_u64(last_id.substr(0, last_id.find('-'))).value_or(0);
  return number <= number_ && number >= least_ ? number : 0;
}

bool LiveFeed::add(std::unique_ptr<Transport>& transport, std::string head,
                   std::string_view last_id, const EventStream::Missed& missed,
                   Followers::Ended ended, std::function<bool()> holds, LiveScope scope) {
  loop_.assert_here();
  if (!followers_.has_place(kMaxReaders, scope.sharer)) return false;
  forget_unfollowed();
  if (!scope.listeners_of.empty()) {
    const std::size_t most = kMaxFollowed - (scope.sharer.empty() ? 0 : kMaxFollowed / 4);
    if (!followed_.contains(scope.listeners_of) &&
        (followed_.size() >= kMaxFollowed || followed().size() >= most))
      return false;
    if (!followed().contains(scope.listeners_of)) followed_[scope.listeners_of].told = false;
  }
  // Limits the unsent bytes in the kernel: unread text waits here, in one part.
  transport->limit_unsent(kUnsentBytes);
  const auto reader = readers_.emplace(readers_.end());
  const SteadyTime now = loop_.now();
  reader->digest = hex_encode(sha256(scope.key).substr(0, kDigestBytes));
  reader->seen = number_of(last_id, reader->digest);
  reader->scope = std::move(scope);
  reader->event_id = missed.after;
  for (const ServerEvent& event : missed.events) keep_event(*reader, event);
  reader->began = reader->progress_at = reader->sent_at = now;
  Followers::Follower& follower =
      followers_.add(std::move(transport), std::move(head),
                     [this, reader, ended = std::move(ended)](std::uint64_t bytes) mutable {
                       readers_.erase(reader);
                       ended(bytes);
                     });
  follower.scope.holds = std::move(holds);
  follower.scope.sharer = reader->scope.sharer;
  reader->follower = &follower;
  send(*reader, cat({TextFeed::kRetry, "\n"}), now);
  serve(*reader, now);
  followers_.sweep();
  return true;
}

template <class T>
void LiveFeed::merge(Rows<T>& rows, const std::map<std::string, T, std::less<>>& now) {
  const std::uint64_t next = number_ + 1;
  for (const auto& [name, value] : now) {
    Row<T>& row = rows[name];
    if (row.now && *row.now == value) continue;
    if (!row.now && row.changed != 0) --gone_;
    if (row.now && account_in(*row.now) != account_in(value)) {
      row.account_before = account_in(*row.now);
      row.account_changed = next;
    }
    row.now = value;
    row.changed = next;
  }
  for (auto& [name, row] : rows) {
    if (!row.now || now.contains(name)) continue;
    row.account_before = account_in(*row.now);
    row.now.reset();
    row.changed = next;
    ++gone_;
  }
}

std::set<std::string, std::less<>> LiveFeed::followed() const {
  std::set<std::string, std::less<>> mounts;
  for (const Reader& reader : readers_)
    if (!reader.scope.listeners_of.empty()) mounts.insert(reader.scope.listeners_of);
  return mounts;
}

// A mount without readers keeps its rows for a reader that returns, until another mount needs the
// place.
void LiveFeed::forget_unfollowed() {
  if (followed_.size() < kMaxFollowed) return;
  const auto wanted = followed();
  if (std::erase_if(followed_, [&](const auto& row) {
        if (wanted.contains(row.first)) return false;
        for (const auto& [place, listener] : row.second.rows)
          if (!listener.now) --gone_;
        return true;
      }) > 0)
    least_ = number_;
}

void LiveFeed::take_listeners(const std::string& mount, const LiveListeners& listeners, bool more) {
  loop_.assert_here();
  const auto at = followed_.find(mount);
  if (at == followed_.end()) return;
  Followed& followed = at->second;
  merge(followed.rows, listeners);
  const bool is_news =
      followed.more != more ||
      std::any_of(followed.rows.begin(), followed.rows.end(),
                  [this](const auto& row) { return row.second.changed > number_; });
  followed.more = more;
  if (is_news) ++number_;
  if (std::exchange(followed.told, true)) return;
  const SteadyTime now = loop_.now();
  for (Reader& reader : readers_)
    if (reader.scope.listeners_of == mount) serve(reader, now);
  followers_.sweep();
}

bool LiveFeed::waits_for_listeners(const Reader& reader, SteadyTime now) const {
  if (reader.seen != 0 || reader.pass || now - reader.began >= kListenersPause) return false;
  const auto followed = followed_.find(reader.scope.listeners_of);
  return followed != followed_.end() && !followed->second.told;
}

template <class T>
void LiveFeed::forget(Rows<T>& rows, std::uint64_t up_to) {
  gone_ -= std::erase_if(
      rows, [&](const auto& row) { return !row.second.now && row.second.changed <= up_to; });
}

void LiveFeed::take(LiveSample sample) {
  loop_.assert_here();
  merge(mounts_, sample.mounts);
  merge(nodes_, sample.nodes);
  const auto is_new = [this](const auto& row) { return row.second.changed > number_; };
  if (std::any_of(nodes_.begin(), nodes_.end(), is_new) ||
      std::any_of(mounts_.begin(), mounts_.end(), is_new))
    ++number_;
  if (gone_ > kKeptRemovals) {
    least_ = number_;
    forget(mounts_, least_);
    forget(nodes_, least_);
    for (auto& [mount, followed] : followed_) forget(followed.rows, least_);
  }
  const SteadyTime now = loop_.now();
  if (now - checked_ >= kLoginPause) {
    checked_ = now;
    followers_.check_logins();
  }
  for (Reader& reader : readers_) serve(reader, now);
  followers_.sweep();
}

void LiveFeed::take_event(const ServerEvent& event) {
  loop_.assert_here();
  const SteadyTime now = loop_.now();
  for (Reader& reader : readers_) {
    keep_event(reader, event);
    serve(reader, now);
  }
  followers_.sweep();
}

void LiveFeed::keep_event(Reader& reader, const ServerEvent& event) const {
  const LiveScope& scope = reader.scope;
  if (!scope.node_events && !is_of_mount(event)) return;
  Followers::Scope seen;
  seen.owns = scope.shows;
  seen.addresses = scope.event_addresses;
  seen.sharer = scope.sharer;
  std::string json = event_json_for(event, node_, seen);
  if (json.empty()) return;
  reader.event_bytes += json.size();
  reader.events.push_back({event.id, std::move(json)});
  while (reader.events.size() > EventStream::kKept || reader.event_bytes > kEventBytes)
    drop_event(reader);
}

void LiveFeed::drop_event(Reader& reader) {
  reader.event_bytes -= reader.events.front().json.size();
  reader.events.pop_front();
}

std::string LiveFeed::id_line(const Reader& reader, std::uint64_t number) const {
  return cat({"id: ", run_, "-", reader.digest, "-", number, "-", reader.event_id, "\n"});
}

std::string LiveFeed::next_events(Reader& reader) const {
  std::string text;
  while (!reader.events.empty() && text.size() < kPartBytes) {
    reader.event_id = reader.events.front().id;
    text += cat(
        {id_line(reader, reader.seen), "event: event\ndata: ", reader.events.front().json, "\n\n"});
    drop_event(reader);
  }
  return text;
}

void LiveFeed::send(Reader& reader, std::string_view text, SteadyTime now) {
  reader.sent_at = reader.progress_at = now;
  followers_.send(*reader.follower, text);
  reader.sent = reader.follower->sent;
}

void LiveFeed::serve(Reader& reader, SteadyTime now) {
  Followers::Follower& follower = *reader.follower;
  if (follower.sent != reader.sent || follower.out.empty()) {
    reader.sent = follower.sent;
    reader.progress_at = now;
  }
  if (follower.gone) return;
  if (!follower.out.empty()) {
    if (now - reader.progress_at >= kUnreadTime) follower.gone = true;
    return;
  }
  // The changes since are no longer kept, so the reader starts over with the full state.
  if (reader.seen < least_) reader.seen = 0;
  if (reader.pass && reader.pass->since != 0 && reader.pass->since < least_) reader.pass.reset();
  if (waits_for_listeners(reader, now)) return;
  if (!reader.pass &&
      (reader.seen == 0 || (reader.seen < number_ && now - reader.rows_at >= kRowPause))) {
    Pass pass;
    pass.since = reader.seen;
    pass.target = number_;
    reader.pass = std::move(pass);
    reader.rows_at = now;
  }
  while (reader.pass && follower.out.empty() && !follower.gone)
    if (const std::string part = next_part(reader); !part.empty()) send(reader, part, now);
  while (!reader.pass && !reader.events.empty() && follower.out.empty() && !follower.gone)
    send(reader, next_events(reader), now);
  if (!reader.pass && reader.totals_of != number_ && follower.out.empty()) {
    reader.totals_of = number_;
    if (std::string totals = totals_for(reader); totals != reader.totals) {
      send(reader, cat({"event: totals\ndata: ", totals, "\n\n"}), now);
      reader.totals = std::move(totals);
    }
  }
  if (now - reader.sent_at >= kHeartbeat) send(reader, ":\n\n", now);
}

template <class T, class Write>
bool LiveFeed::add_rows(const Rows<T>& rows, Pass& pass, const Part& part, Write write) const {
  for (auto at = pass.after.empty() ? rows.begin() : rows.upper_bound(pass.after); at != rows.end();
       ++at) {
    if (at->second.changed > pass.since) write(at->first, at->second);
    if (part.size() < kPartBytes) continue;
    pass.after = at->first;
    return false;
  }
  return true;
}

void LiveFeed::add_node(const Reader& reader, const std::string& id, const Row<LiveNode>& row,
                        Part& part) const {
  if (!row.now) {
    if (reader.pass->since != 0) append_name(part.gone_nodes, id);
    return;
  }
  JsonWriter json;
  json.begin_object().key("id").text(id).key("state").text(row.now->state);
  if (reader.scope.numbers_of_nodes)
    json.key("listeners").number(row.now->listeners).key("kbps").number(row.now->kbps);
  append_item(part.nodes, json.end_object().take());
}

void LiveFeed::add_mount(const Reader& reader, const std::string& name, const Row<LiveMount>& row,
                         Part& part) const {
  const auto shows = [&](std::string_view account) {
    return !reader.scope.shows || reader.scope.shows(name, account);
  };
  if (!row.now || !shows(row.now->account)) {
    const bool went = !row.now || row.account_changed > reader.pass->since;
    if (reader.pass->since != 0 && went && shows(row.account_before))
      append_name(part.gone_mounts, name);
    return;
  }
  JsonWriter json;
  json.begin_object().key("mount").text(name);
  json.key("listeners").number(row.now->listeners).key("kbps").number(row.now->kbps);
  json.key("title").text(row.now->title);
  append_item(part.mounts, json.end_object().take());
}

void LiveFeed::add_listener(const Reader& reader, const std::string& place,
                            const Row<LiveListener>& row, Part& part) const {
  if (row.now)
    append_item(part.listeners, reader.scope.addresses ? row.now->open : row.now->closed);
  else if (reader.pass->since != 0)
    append_name(part.gone_listeners, place);
}

std::string LiveFeed::next_part(Reader& reader) {
  Pass& pass = *reader.pass;
  Part part;
  using In = Pass::In;
  const auto go_on = [&pass](In next) {
    pass.in = next;
    pass.after.clear();
  };
  if (pass.in == In::kNodes && add_rows(nodes_, pass, part, [&](const auto& id, const auto& row) {
        add_node(reader, id, row, part);
      }))
    go_on(In::kMounts);
  if (pass.in == In::kMounts &&
      add_rows(mounts_, pass, part,
               [&](const auto& name, const auto& row) { add_mount(reader, name, row, part); }))
    go_on(In::kListeners);
  const auto followed = followed_.find(reader.scope.listeners_of);
  const bool whole =
      pass.in == In::kListeners &&
      (followed == followed_.end() ||
       add_rows(followed->second.rows, pass, part, [&](const auto& place, const auto& row) {
         add_listener(reader, place, row, part);
       }));
  std::string text;
  if (whole) text = id_line(reader, pass.target);
  if (pass.since == 0 || part.size() > 0 || !pass.first) {
    reader.totals = totals_for(reader);
    reader.totals_of = number_;
    text += cat(
        {"event: ", pass.since == 0 ? "state" : "change", "\ndata: {\"time\":\"",
         utc_text(loop_.clock().wall(), UtcForm::kSecond),
         "\",\"first\":", pass.first ? "true" : "false", ",\"more\":", whole ? "false" : "true",
         ",\"totals\":", reader.totals, ",\"nodes\":[", part.nodes, "],\"mounts\":[", part.mounts,
         "],\"gone\":{\"nodes\":[", part.gone_nodes, "],\"mounts\":[", part.gone_mounts, "]"});
    if (followed != followed_.end())
      text += cat({",\"listeners\":[", part.gone_listeners, "]},\"listeners\":[", part.listeners,
                   "],\"others\":", followed->second.more ? "true" : "false", "}\n\n"});
    else
      text += "}}\n\n";
  } else {
    text.clear();
  }
  pass.first = false;
  if (whole) {
    reader.seen = pass.target;
    reader.pass.reset();
  }
  return text;
}

std::string LiveFeed::totals_for(const Reader& reader) const {
  LiveMount sum;
  std::uint64_t on_air = 0;
  for (const auto& [name, row] : mounts_) {
    if (!row.now || (reader.scope.shows && !reader.scope.shows(name, row.now->account))) continue;
    sum.listeners += row.now->listeners;
    sum.kbps += row.now->kbps;
    ++on_air;
  }
  JsonWriter json;
  json.begin_object().key("listeners").number(sum.listeners).key("kbps").number(sum.kbps);
  return json.key("on_air").number(on_air).end_object().take();
}

}  // namespace lb
