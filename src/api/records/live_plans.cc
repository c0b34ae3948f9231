#include "api/records/live_plans.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

#include "api/records/mount_answer.h"
#include "api/request/ban.h"
#include "api/request/fields.h"
#include "api/request/rights.h"
#include "api/request/secrets.h"
#include "audience/agents.h"
#include "base/cat.h"
#include "base/strings.h"
#include "stream/source/picture_shelf.h"
#include "stream/source/title_history.h"

namespace lb {
namespace {

constexpr std::size_t kMaxAgentShown = 512;
constexpr std::size_t kMaxTitle = 1024, kMaxMountName = 255;
constexpr std::uint64_t kLastBanSecond = 1'000'000'000'000;

std::string mount_in_path(const PlanContext& context) {
  const std::string& given = context.request.names.at(0);
  return given.starts_with('/') ? given : "/" + given;
}

// A mount that the login sees: of a record, of the file, or only running.
std::optional<Problem> judge_mount(const PlanContext& context, const std::string& name,
                                   bool to_act) {
  const auto* row = context.book.mount(name);
  const bool in_file = file_section(context.file, name) != nullptr;
  const std::string account = row != nullptr && !in_file ? row->value.account : "";
  const bool known = row != nullptr || in_file || context.world.now_of(name).on_air;
  if (!known || !sees_mount(context.who, name, account)) return not_found("mount", name);
  if (to_act && !acts_on_mount(context.who, name, account))
    return forbidden("the login may not act on mount " + name);
  return std::nullopt;
}

template <class A, class B>
bool comes_before(const A& a, const B& b) {
  return std::tie(a.node, a.id) < std::tie(b.node, b.id);
}

void write_count(JsonWriter& json, std::string_view name, std::optional<std::uint64_t> count) {
  json.key(name);
  if (count)
    json.number(*count);
  else
    json.null();
}

// How long it listens is told in one of two ways.
struct ListenerShow {
  bool addresses = false;
  std::optional<std::int64_t> since{};
};

void write_listener(JsonWriter& json, const ListenerShow& show, const ListenerNow& row) {
  const auto write_text = [&json](std::string_view name, std::string_view text) {
    json.key(name);
    if (text.empty())
      json.null();
    else
      json.text(text);
  };
  json.begin_object();
  json.key("node").text(row.node);
  json.key("id").text(std::to_string(row.id));
  json.key("address");
  if (show.addresses)
    json.text(row.address);
  else
    json.null();
  json.key("agent").text(row.agent);
  json.key("player").text(player_of(row.agent));
  write_text("user", row.user);
  if (show.since)
    json.key("since").number(*show.since);
  else
    json.key("seconds").number(row.seconds);
  write_text("country", row.country);
  json.key("hls").boolean(row.hls);
  json.key("rtt_ms");
  if (row.round_trip_us)
    json.number(static_cast<double>(*row.round_trip_us) / 1000);
  else
    json.null();
  write_count(json, "retransmits", row.retransmits);
  write_count(json, "queue_bytes", row.queue_bytes);
  write_count(json, "lag_ms", row.lag_ms);
  json.key("path").begin_array();
  for (const std::string& node : row.path) json.text(node);
  json.end_array().end_object();
}

// Numbers that are others at each look would make each row a change.
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
  if (shown.agent.size() > kMaxAgentShown) shown.agent.resize(kMaxAgentShown);
  shown.round_trip_us = rough(row.round_trip_us, kRoughRoundTrip);
  shown.queue_bytes = rough(row.queue_bytes, kRoughQueue);
  shown.lag_ms = rough(row.lag_ms, kRoughLag);
  JsonWriter json;
  write_listener(json, {addresses, since}, shown);
  return json.take();
}

std::string to_text(const ListenerPlace& place) { return cat({place.node, "/", place.id}); }

Plan list_listeners(const PlanContext& context) {
  const std::string name = mount_in_path(context);
  if (auto problem = judge_mount(context, name, false)) return *std::move(problem);
  const auto page = list_page(context.request);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  const auto& [after, most] = std::get<ListPage>(page);
  std::vector<const ListenerNow*> rows;
  for (const ListenerNow& row : context.world.live->listeners) rows.push_back(&row);
  std::sort(rows.begin(), rows.end(),
            [](const ListenerNow* a, const ListenerNow* b) { return comes_before(*a, *b); });
  auto at = rows.begin();
  if (!after.empty()) {
    const auto place = parse_listener_place(after);
    if (!place)
      return Problem{ProblemName::kBadRequest,
                     cat({"after=", after, " is no NODE/ID of a listener"})};
    at = std::find_if(rows.begin(), rows.end(),
                      [&](const ListenerNow* row) { return comes_before(*place, *row); });
  }
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  const ListenerNow* last = nullptr;
  for (std::size_t shown = 0; at != rows.end() && shown < most; ++at, ++shown) {
    write_listener(json, {context.who.addresses}, **at);
    last = *at;
  }
  json.end_array();
  if ((at != rows.end() || context.world.live->more) && last != nullptr)
    json.key("next").text(to_text(ListenerPlace{last->node, last->id}));
  if (const auto& missing = context.world.live->missing; !missing.empty()) {
    json.key("partial").boolean(true);
    json.key("missing").begin_array();
    for (const std::string& node : missing) json.text(node);
    json.end_array();
  }
  json.end_object();
  Planned plan;
  plan.answer.body = json.take() + "\n";
  return plan;
}

namespace {

// The listener that the path names.
struct NamedListener {
  const NodeNow* node = nullptr;
  const ListenerNow* row = nullptr;  // null: its node did not tell it
  std::uint64_t id = 0;
  std::string text;  // NODE/ID
};
std::variant<NamedListener, Problem> named_listener(const PlanContext& context) {
  const std::string &node_id = context.request.names.at(1), &text = context.request.names.at(2);
  const LiveView& live = *context.world.live;
  const auto id = parse_u64(text);
  const auto node = std::find_if(live.nodes.begin(), live.nodes.end(),
                                 [&](const NodeNow& one) { return one.id == node_id; });
  if (node == live.nodes.end()) return not_found("node", node_id);
  if (!id || *id == 0) return not_found("listener", text);
  const auto row =
      std::find_if(live.listeners.begin(), live.listeners.end(),
                   [&](const ListenerNow& one) { return one.node == node_id && one.id == *id; });
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
  Planned plan;
  plan.answer.status = 204;
  plan.deed = ApiDeed{"kick", record_key("mounts", name), {{"listener", named.text, ""}}};
  plan.order = order_about(ApiOrder::Kind::kEndListener, name, named);
  const auto until = query_param(context.request.query, "until");
  if (query_param(context.request.query, "ban").value_or("0") != "1") {
    if (until) return invalid_at("/until", "it is of ban=1");
    return plan;
  }
  const auto last = until ? parse_u64(*until) : std::optional<std::uint64_t>(0);
  if (!last || *last > kLastBanSecond) return invalid_at("/until", "it is a time in Unix seconds");
  if (until && static_cast<std::int64_t>(*last) <= unix_seconds(context.now))
    return invalid_at("/until", "the time is over");
  if (context.who.role != Role::kAdmin) return forbidden("a ban needs the role admin");
  if (!context.world.has_store)
    return Problem{ProblemName::kNoStore, "a ban is a record, and this server has no <store>"};
  if (named.row == nullptr)
    return Problem{
        ProblemName::kRefused,
        cat({"node ", named.node->id, " does not tell the address of listener ", named.id})};
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
  put_record(plan, record_key("bans", ban.id), ban_json(ban), 0);
  plan.deed->changes.push_back({"ban", "", ban.value});
  return plan;
}

Plan move_listener(const PlanContext& context) {
  const std::string name = mount_in_path(context);
  if (auto problem = judge_mount(context, name, true)) return *std::move(problem);
  const auto found = named_listener(context);
  if (const auto* problem = std::get_if<Problem>(&found)) return *problem;
  const auto& named = std::get<NamedListener>(found);
  std::vector<ProblemFault> faults;
  BodyFields fields(context.request.json, faults);
  if (!fields.has("to")) fields.fault("to", "it is missing");
  std::string to = fields.text("to", kMaxMountName).value_or("");
  fields.finish();
  if (!faults.empty()) return invalid(std::move(faults));
  if (!to.starts_with('/')) to.insert(0, 1, '/');
  if (to == name) return invalid_at("/to", "the listener is there");
  if (auto problem = judge_mount(context, to, true)) {
    if (problem->name == ProblemName::kNotFound)
      return invalid_at("/to", cat({"there is no mount ", to}));
    return *std::move(problem);
  }
  Planned plan;
  plan.answer.status = 204;
  plan.deed = ApiDeed{"move-listener", record_key("mounts", name), {{"listener", named.text, to}}};
  plan.order = order_about(ApiOrder::Kind::kMoveListener, name, named);
  plan.order->to = std::move(to);
  return plan;
}

namespace {

std::string song_of(const std::string& artist, const std::string& title) {
  return (artist.empty() ? "" : artist + " - ") + title;
}

// As people write it: "DE-A12-34-56789".
std::optional<std::string> isrc_of(std::string_view text) {
  std::string isrc;
  for (const char c : text)
    if (c != '-') isrc += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (isrc.size() != 12) return std::nullopt;
  for (std::size_t i = 0; i < isrc.size(); ++i)
    if (!(is_digit(isrc[i]) ? i >= 2 : is_letter(isrc[i]) && i < 5)) return std::nullopt;
  return isrc;
}

SongDetails song_details(BodyFields& fields) {
  SongDetails details;
  details.album = fields.text("album", kMaxTitle).value_or("");
  const auto seconds = fields.number("duration", 0, SongDetails::kLongestMs / 1000);
  const auto ms = fields.number("duration_ms", 0, SongDetails::kLongestMs);
  if (seconds && ms) fields.fault("duration", "duration_ms says it already");
  details.duration_ms = static_cast<std::int64_t>(ms.value_or(seconds.value_or(0) * 1000));
  if (const auto isrc = fields.text("isrc", 32); isrc && !isrc->empty()) {
    if (auto plain = isrc_of(*isrc))
      details.isrc = *std::move(plain);
    else
      fields.fault("isrc", "two letters, three letters or digits, and seven digits are wanted");
  }
  return details;
}

// When the title begins to sound.
std::optional<std::int64_t> title_time(BodyFields& fields, WallTime now) {
  const auto at = fields.number("at_ms", 0, std::numeric_limits<std::int64_t>::max());
  if (!at) return std::nullopt;
  const auto at_ms = static_cast<std::int64_t>(*at);
  constexpr std::int64_t kFurthestMs = std::chrono::milliseconds(TitleHistory::kFurthest).count();
  if (at_ms < unix_ms(now) - kFurthestMs || at_ms > unix_ms(now) + kFurthestMs)
    fields.fault("at_ms", cat({at_ms, " is more than ten minutes from now, ", unix_ms(now)}));
  return at_ms;
}

// "": null, it is not known any more.
std::string next_song(BodyFields& fields, std::vector<ProblemFault>& faults, SongDetails& details) {
  const Json value = fields.take("next");
  if (value.is_null()) return {};
  BodyFields next(value, faults, fields.pointer("next"));
  const auto title = next.text("title", kMaxTitle);
  if (!title || title->empty()) next.fault("title", "it is missing");
  std::string artist = next.text("artist", kMaxTitle).value_or("");
  details = song_details(next);
  next.finish();
  return song_of(artist, title.value_or(""));
}

}  // namespace

Plan set_mount_title(const PlanContext& context) {
  const std::string name = mount_in_path(context);
  if (auto problem = judge_mount(context, name, true)) return *std::move(problem);
  std::vector<ProblemFault> faults;
  BodyFields fields(context.request.json, faults);
  ApiOrder order;
  order.kind = ApiOrder::Kind::kSetTitle;
  order.mount = name;
  if (!fields.has("title")) fields.fault("title", "it is missing");
  order.title = fields.text("title", kMaxTitle).value_or("");
  order.artist = fields.text("artist", kMaxTitle).value_or("");
  order.url = fields.text("url", kMaxTitle).value_or("");
  order.details = song_details(fields);
  order.at_ms = title_time(fields, context.now);
  if (fields.has("next")) order.next = next_song(fields, faults, order.next_details);
  if (const auto art = fields.text("art", kMaxTitle); art && !art->empty()) {
    order.art = name_in_picture_path(*art);
    if (order.art.empty())
      fields.fault("art", "it is no address of a picture, as PUT .../art answers with");
  }
  fields.finish();
  if (!faults.empty()) return invalid(std::move(faults));
  const MountNow now = context.world.now_of(name);
  if (!now.on_air) return Problem{ProblemName::kNoSource, cat({"mount ", name, " has no source"})};
  Planned plan;
  plan.answer.status = 204;
  const std::string full = song_of(order.artist, order.title);
  plan.deed = ApiDeed{"title", record_key("mounts", name), {{"title", now.title, full}}};
  plan.order = std::move(order);
  return plan;
}

LiveAsk asked_live(const ApiRequest& request) {
  LiveAsk ask{query_param(request.query, "mount").value_or(""),
              query_param(request.query, "account").value_or(""),
              query_param(request.query, "listeners").value_or("0") == "1"};
  if (!ask.mount.empty() && !ask.mount.starts_with('/')) ask.mount.insert(0, 1, '/');
  return ask;
}

Plan follow_live(const PlanContext& context) {
  const LiveAsk ask = asked_live(context.request);
  std::optional<Problem> problem;
  if (!ask.mount.empty()) problem = judge_mount(context, ask.mount, false);
  if (problem) problem->members.emplace_back("parameter", "mount");
  if (!problem && !ask.account.empty() &&
      (context.book.account(ask.account) == nullptr || !sees_account(context.who, ask.account))) {
    problem = not_found("account", ask.account);
    problem->members.emplace_back("parameter", "account");
  }
  const auto listeners = query_param(context.request.query, "listeners");
  if (!problem && listeners && *listeners != "0" && (*listeners != "1" || ask.mount.empty())) {
    problem = Problem{ProblemName::kBadRequest,
                      *listeners == "1" ? "listeners=1 wants the mount= that they listen to"
                                        : "listeners: 0 or 1 is wanted"};
    problem->members.emplace_back("parameter", "listeners");
  }
  if (problem) return *std::move(problem);
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
                                : "art: it is no JPEG, PNG or WebP by its first bytes"};
  if (const auto judged = judge_picture(as_byte_span(body)); !judged)
    return invalid_at("/art", judged.error().what);
  const std::string keep = query_param(context.request.query, "keep").value_or("0");
  if (keep != "0" && keep != "1")
    return Problem{ProblemName::kBadRequest, "keep: 0 or 1 is wanted"};
  ApiOrder order;
  order.kind = ApiOrder::Kind::kSetPicture;
  order.mount = name;
  order.art = picture_name(*type, body);
  order.picture = body;
  if (keep == "0") {
    const MountNow now = context.world.now_of(name);
    if (!now.on_air)
      return Problem{ProblemName::kNoSource, cat({"mount ", name, " has no source"})};
    if (now.title.empty())
      return Problem{ProblemName::kRefused,
                     cat({"mount ", name,
                          " has no title that the picture could be of; keep=1 "
                          "keeps it for one that names it"})};
    order.title = now.title;
  }
  Planned plan;
  JsonWriter json;
  json.begin_object().key("art").text(cat({kPicturePath, order.art})).end_object();
  plan.answer.body = json.take() + "\n";
  plan.deed = ApiDeed{"art", record_key("mounts", name), {{"art", "", order.art}}};
  plan.order = std::move(order);
  return plan;
}

}  // namespace lb
