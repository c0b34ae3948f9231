#include "api/records/live_plans.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <tuple>
#include <utility>

#include "admin/feed/now_json.h"
#include "api/records/mount_answer.h"
#include "api/request/ban.h"
#include "api/request/list_page.h"
#include "api/request/live_fields.h"
#include "api/request/order_fields.h"
#include "api/request/record_book.h"
#include "api/request/rights.h"
#include "api/request/secrets.h"
#include "base/cat.h"
#include "base/strings.h"
#include "media/metadata.h"
#include "stream/source/picture_shelf.h"
#include "stream/source/title_history.h"

namespace lb {
namespace {

constexpr std::size_t kMaxAgentShown = 512;
constexpr std::uint64_t kLastBanSecond = 1'000'000'000'000;

std::string mount_in_path(const PlanContext& context) {
  return mount_name_of(context.request.names.at(0));
}

std::optional<Problem> judge_mount(const PlanContext& context, const std::string& name,
                                   bool to_act) {
  if (!sees_present_mount(context, name)) return not_found("mount", name);
  if (to_act && !acts_on_mounts(context.who))
    return forbidden("the login may not act on mount " + name);
  return std::nullopt;
}

template <class A, class B>
bool comes_before(const A& a, const B& b) {
  return std::tie(a.node, a.id) < std::tie(b.node, b.id);
}

// Rounds a number that varies constantly, because each variation would count as a change.
std::optional<std::uint64_t> rough(std::optional<std::uint64_t> number, std::uint64_t step) {
  if (!number) return number;
  return (*number + step / 2) / step * step;
}

}  // namespace

std::optional<ListenerPlace> parse_listener_place(std::string_view text) {
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto id = parse_u64(text.substr(slash + 1));
  if (!id) return std::nullopt;
  return ListenerPlace{std::string(text.substr(0, slash)), *id};
}

std::string live_listener_json(const ListenerNow& row, bool addresses, std::int64_t since) {
  constexpr std::uint64_t kRoughRoundTrip = 1000, kRoughQueue = 1024, kRoughLag = 100;
  ListenerNow shown = row;
  shown.since = since;
  if (!addresses) shown.address.clear();
  if (shown.agent.size() > kMaxAgentShown) shown.agent.resize(kMaxAgentShown);
  shown.round_trip_us = rough(row.round_trip_us, kRoughRoundTrip);
  shown.queue_bytes = rough(row.queue_bytes, kRoughQueue);
  shown.lag_ms = rough(row.lag_ms, kRoughLag);
  return object_json<kListenerFields>(Form::kBrief, shown);
}

std::string to_text(const ListenerPlace& place) { return cat({place.node, "/", place.id}); }

Plan list_listeners(const PlanContext& context) {
  const std::string name = mount_in_path(context);
  if (auto problem = judge_mount(context, name, false)) return *std::move(problem);
  const auto page = list_page(context.request);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  const auto& [after, most] = std::get<ListPage>(page);
  const LiveView& live = *context.world.live;
  if (const auto node = query_param(context.request.query, "node");
      node && std::ranges::find(live.nodes, *node, &NodeNow::id) == live.nodes.end())
    return at_parameter(not_found("node", *node), "node");
  std::vector<const ListenerNow*> rows;
  for (const ListenerNow& row : live.listeners) rows.push_back(&row);
  std::ranges::sort(
      rows, [](const ListenerNow* a, const ListenerNow* b) { return comes_before(*a, *b); });
  auto at = rows.begin();
  if (!after.empty()) {
    const auto place = parse_listener_place(after);
    if (!place)
      return wrong_parameter("after", cat({"after=", after, " is not a NODE/ID of a listener"}));
    at = std::ranges::find_if(rows,
                              [&](const ListenerNow* row) { return comes_before(*place, *row); });
  }
  PageWriter out(most);
  JsonWriter& json = out.json();
  for (; at != rows.end() && out.begin_row(to_text({(*at)->node, (*at)->id})); ++at) {
    ListenerNow row = **at;
    if (!context.who.addresses) row.address.clear();
    JsonObject<kListenerFields>::write(json, row, Form::kAnswer);
  }
  out.end_rows(live.more);
  if (const auto& missing = live.missing; !missing.empty()) {
    json.key("partial").boolean(true);
    json.key("missing").texts(missing);
  }
  return out.answer();
}

namespace {

struct NamedListener {
  const NodeNow* node = nullptr;
  const ListenerNow* row = nullptr;  // null: its node has not reported it
  std::uint64_t id = 0;
  std::string text;  // NODE/ID
};
std::variant<NamedListener, Problem> named_listener(const PlanContext& context) {
  const std::string &node_id = context.request.names.at(1), &text = context.request.names.at(2);
  const LiveView& live = *context.world.live;
  const auto id = parse_u64(text);
  const auto node =
      std::ranges::find_if(live.nodes, [&](const NodeNow& one) { return one.id == node_id; });
  if (node == live.nodes.end()) return not_found("node", node_id);
  if (!id || *id == 0) return not_found("listener", text);
  const auto row = std::ranges::find_if(
      live.listeners, [&](const ListenerNow& one) { return one.node == node_id && one.id == *id; });
  if (row == live.listeners.end() && node->self) return not_found("listener", text);
  return NamedListener{&*node, row == live.listeners.end() ? nullptr : &*row, *id,
                       cat({node_id, "/", text})};
}

ApiOrder order_about(ApiOrder::Kind kind, const std::string& mount, const NamedListener& named) {
  ApiOrder order;
  order.kind = kind;
  order.mount = mount;
  order.listener = named.id;
  if (!named.node->self) order.node = named.node->id;
  return order;
}

}  // namespace

Plan end_listener(const PlanContext& context) {
  const std::string name = mount_in_path(context);
  if (auto problem = judge_mount(context, name, true)) return *std::move(problem);
  const auto found = named_listener(context);
  if (const auto* problem = std::get_if<Problem>(&found)) return *problem;
  const auto& named = std::get<NamedListener>(found);
  Planned plan = done({"kick", record_key("mounts", name), {{"listener", named.text, ""}}});
  plan.order = order_about(ApiOrder::Kind::kEndListener, name, named);
  const auto until = query_param(context.request.query, "until");
  if (!context.request.is_on(Switch::kBan)) {
    if (until) return wrong_parameter("until", "until: it needs ban=1");
    return plan;
  }
  const auto last = until ? parse_u64(*until) : std::optional<std::uint64_t>(0);
  if (!last || *last > kLastBanSecond)
    return wrong_parameter("until", "until: it must be a time in Unix seconds");
  if (until && static_cast<std::int64_t>(*last) <= unix_seconds(context.now))
    return wrong_parameter("until", "until: the time is in the past");
  if (context.who.role != Role::kAdmin) return forbidden("a ban needs the role admin");
  if (!context.world.has_store)
    return Problem{ProblemName::kNoStore, "a ban is a record, and this server has no <store>"};
  if (named.row == nullptr)
    return Problem{
        ProblemName::kRefused,
        cat({"node ", named.node->id, " does not report the address of listener ", named.id})};
  Ban ban;
  ban.id = new_id(context.world.random);
  ban.by = context.who.name;
  ban.kind = BanKind::kAddress;
  ban.value = named.row->address;
  ban.mounts = {name};
  ban.until = static_cast<std::int64_t>(*last);
  ban.reason = "kicked from " + name;
  if (auto fault = ban_fault(ban.kind, ban.value); !fault.empty())
    return Problem{ProblemName::kRefused, cat({"address ", ban.value, ": ", fault})};
  plan.write.put(record_key("bans", ban.id), ban_json(ban), 0);
  plan.deed->changes.push_back({"ban", "", ban.value});
  return plan;
}

Plan move_listener(const PlanContext& context) {
  const std::string name = mount_in_path(context);
  if (auto problem = judge_mount(context, name, true)) return *std::move(problem);
  const auto found = named_listener(context);
  if (const auto* problem = std::get_if<Problem>(&found)) return *problem;
  const auto& named = std::get<NamedListener>(found);
  std::vector<JsonFault> faults;
  ApiOrder order = order_about(ApiOrder::Kind::kMoveListener, name, named);
  ObjectReader(context.request.json, Form::kNew, faults).take(kListenerMoveBody, order).finish();
  if (!faults.empty()) return invalid(std::move(faults));
  order.to = mount_name_of(std::move(order.to));
  const std::string& to = order.to;
  if (to == name) return invalid_at("/to", "the listener is already there");
  if (auto problem = judge_mount(context, to, true)) {
    if (problem->name == ProblemName::kNotFound)
      return invalid_at("/to", cat({"there is no mount ", to}));
    return *std::move(problem);
  }
  Planned plan =
      done({"move-listener", record_key("mounts", name), {{"listener", named.text, to}}});
  plan.order = std::move(order);
  return plan;
}

namespace {

// at: the pointer of the song's object.
SongDetails details_of(ObjectReader& body, const std::string& at, const Song& song) {
  if (song.seconds && song.duration_ms)
    body.wrong_at(at + "/duration", "duration_ms already gives it");
  return {song.album, song.isrc,       song.duration_ms.value_or(song.seconds.value_or(0) * 1000),
          song.label, song.label_code, song.composer};
}

// Checks that the title begins at most ten minutes from now.
void judge_title_time(ObjectReader& body, std::int64_t at_ms, WallTime now) {
  constexpr std::int64_t kFurthestMs = std::chrono::milliseconds(TitleHistory::kFurthest).count();
  if (at_ms < unix_ms(now) - kFurthestMs || at_ms > unix_ms(now) + kFurthestMs)
    body.wrong("at_ms", cat({at_ms, " is more than ten minutes from now, ", unix_ms(now)}));
}

}  // namespace

void Isrc::read(const ObjectValue& value, std::string& out) {
  JsonText::read(value, out);
  if (out.empty()) return;
  if (auto plain = isrc_of(out))
    out = *std::move(plain);
  else
    value.wrong("two letters, three letters or digits, and seven digits are needed");
}

Plan list_titles(const PlanContext& context) {
  const std::string name = mount_in_path(context);
  if (auto problem = judge_mount(context, name, false)) return *std::move(problem);
  JsonWriter json;
  json.begin_object();
  json.key("items");
  write_titles(json, {}, context.world.titles_of(name));
  json.end_object();
  return answered(json);
}

Plan set_mount_title(const PlanContext& context) {
  const std::string name = mount_in_path(context);
  if (auto problem = judge_mount(context, name, true)) return *std::move(problem);
  std::vector<JsonFault> faults;
  ObjectReader body(context.request.json, Form::kNew, faults);
  TitleBody title;
  body.take(kTitleBody, title).finish();
  ApiOrder order;
  order.kind = ApiOrder::Kind::kSetTitle;
  order.mount = name;
  TitleRequest& wanted = order.title;
  wanted = TitleRequest::of_texts(title.artist, title.title, title.url);
  wanted.encoder = context.who.encoder;
  wanted.details = details_of(body, "", title);
  wanted.at_ms = title.at_ms;
  if (title.at_ms.value_or(0) != 0) judge_title_time(body, *title.at_ms, context.now);
  if (body.has("next")) wanted.next = "";
  if (title.next) {
    wanted.next = song_text(title.next->artist, title.next->title);
    wanted.next_details = details_of(body, "/next", *title.next);
    wanted.next_details.artist = artist_apart(*wanted.next, title.next->artist);
  }
  if (!title.url.empty() && TitleHistory::shown_url(title.url).empty())
    body.wrong("url", "an address that begins with http:// or https:// is needed");
  if (!title.art.empty()) {
    wanted.art = name_in_picture_path(title.art);
    if (wanted.art.empty())
      body.wrong("art", "it is not the address of a picture, such as PUT .../art returns");
  }
  if (!faults.empty()) return invalid(std::move(faults));
  const MountNow now = context.world.now_of(name);
  if (!now.on_air) return Problem{ProblemName::kNoSource, cat({"mount ", name, " has no source"})};
  Planned plan = done({"title",
                       record_key("mounts", name),
                       {{"title", now.title, song_text(title.artist, title.title)}}});
  plan.order = std::move(order);
  return plan;
}

LiveAsk asked_live(const ApiRequest& request) {
  LiveAsk ask{query_param(request.query, "mount").value_or(""),
              query_param(request.query, "account").value_or(""),
              request.is_on(Switch::kListeners)};
  if (!ask.mount.empty()) ask.mount = mount_name_of(std::move(ask.mount));
  return ask;
}

Plan follow_live(const PlanContext& context) {
  const LiveAsk ask = asked_live(context.request);
  if (!ask.mount.empty())
    if (auto problem = judge_mount(context, ask.mount, false))
      return at_parameter(*std::move(problem), "mount");
  if (auto problem = hidden_account(context, ask.account)) return *std::move(problem);
  if (ask.listeners && ask.mount.empty())
    return wrong_parameter("listeners", "listeners=1 needs the mount= that they listen to");
  return Planned{};
}

Plan set_mount_art(const PlanContext& context) {
  const std::string name = mount_in_path(context);
  if (auto problem = judge_mount(context, name, true)) return *std::move(problem);
  const std::string& body = context.request.body;
  const auto type = picture_type(as_byte_span(body));
  if (!type)
    return Problem{ProblemName::kMediaType,
                   body.empty() ? "art: the request has no picture as its body"
                                : "art: it is not a JPEG, PNG or WebP by its first bytes"};
  if (const auto judged = judge_picture(as_byte_span(body)); !judged)
    return invalid_at("/art", judged.error().what);
  ApiOrder order;
  order.kind = ApiOrder::Kind::kSetPicture;
  order.mount = name;
  order.title.encoder = context.who.encoder;
  order.title.art = picture_name(*type, body);
  order.picture = body;
  if (!context.request.is_on(Switch::kKeep)) {
    const MountNow now = context.world.now_of(name);
    if (!now.on_air)
      return Problem{ProblemName::kNoSource, cat({"mount ", name, " has no source"})};
    if (now.title.empty())
      return Problem{ProblemName::kRefused, cat({"mount ", name,
                                                 " has no title for the picture; keep=1 "
                                                 "keeps it for a title that names it"})};
    if (const std::string& by = order.title.encoder;
        !by.empty() && (!now.source || now.source->user != by))
      return Problem{ProblemName::kRefused, cat({"encoder ", by, " does not feed mount ", name,
                                                 "; keep=1 keeps the picture for a title that "
                                                 "names it"})};
    order.title.song = now.title;
    order.title.charset = "UTF-8";
  }
  JsonWriter json;
  json.begin_object().key("art").text(cat({kPicturePath, order.title.art})).end_object();
  Planned plan = answered(json);
  plan.deed = ApiDeed{"art", record_key("mounts", name), {{"art", "", order.title.art}}};
  plan.order = std::move(order);
  return plan;
}

}  // namespace lb
