// The way from a line to a Frame; see frame.h.
#include <algorithm>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "cluster/link/frame.h"
#include "cluster/link/frame_members.h"
#include "cluster/link/tell_frame.h"
#include "cluster/nodes/public_address.h"
#include "cluster/polling/node_report.h"

namespace lb {
namespace {

constexpr std::size_t kDeepest = 6;
constexpr std::size_t kMaxWords = 32;                      // tags, countries, addresses
constexpr std::size_t kLongestPath = Behind::kLongestWay;  // nodes that a stream has come through
constexpr std::size_t kMaxKeys = 8;
constexpr std::size_t kLongestClients = (4 * kMaxClients + 2) / 3 * 4;  // as base64
constexpr double kMaxFrameKbps = 1e9;                                   // a terabit a second
constexpr std::uint64_t kMaxFrameMasters = 64;
constexpr std::uint64_t kMaxSources = 1'000'000;
constexpr std::uint64_t kLongestTurn = 3'600'000;  // ms
constexpr std::uint64_t kShortestEvery = 50, kLongestEvery = 60'000, kLongestDead = 600'000;

constexpr std::pair<std::string_view, Protection> kProtections[] = {
    {"auth", Protection::kListenerAuth},
    {"lists", Protection::kAddressLists},
    {"limits", Protection::kLimits},
    {"slots", Protection::kSlots}};

// Unknown names: a node does not enforce them; a mount that needs one needs what no node enforces
// (strict).
ProtectionSet protections(FrameMembers& in, std::string_view name, const Json& value, bool strict) {
  ProtectionSet set = 0;
  in.array(name, value, kMaxWords, [&](const Json& element) {
    const std::string word = in.word(name, element);
    const auto* known = std::find_if(std::begin(kProtections), std::end(kProtections),
                                     [&](const auto& row) { return row.first == word; });
    if (known != std::end(kProtections))
      set = static_cast<ProtectionSet>(set | static_cast<ProtectionSet>(known->second));
    else if (strict)
      set = 0xff;
  });
  return set;
}

void addresses_of(FrameMembers& in, PublicScheme scheme, std::string_view name, const Json& list,
                  std::vector<NodeAddress>& out) {
  in.array(name, list, kMaxWords, [&](const Json& element) {
    auto address = parse_public_address(scheme, in.text(name, element, kLongestText), 0);
    if (address)
      out.push_back(std::move(*address));
    else
      in.wrong(name, "has an invalid address: " + address.error().what);
  });
}

// A fault of a later version is a fault.
PullFault pull_fault(FrameMembers& in, std::string_view name, const Json& value) {
  return parse_pull_fault(in.word(name, value));
}

// [["/rock.mp3", 812], ["/gone.mp3", null], ["/secret.mp3", 3, ["auth"], {"free": 7}],
//  ["/far.mp3", 2, [], {"below": 40, "from": ["m1", "e1"]}]]
std::vector<MountLoad> loads(FrameMembers& in, std::string_view name) {
  std::vector<MountLoad> out;
  in.array(name, in.member(name), kLongestFrame, [&](const Json& pair) {
    if (!pair.is_array() || pair.size() < 2) {
      in.wrong(name, "has an element that is no pair");
      return;
    }
    MountLoad load;
    load.mount = in.mount(name, pair.at(0));
    load.carries = !pair.at(1).is_null();
    if (load.carries)
      load.listeners = static_cast<unsigned>(in.whole(name, pair.at(1), kMaxListeners).value_or(0));
    load.enforces = protections(in, name, pair.at(2), false);
    if (const Json more = pair.at(3); more.is_object()) {
      load.cannot = pull_fault(in, name, more.at("cannot"));
      if (const auto free = in.whole(name, more.at("free"), kMaxListeners))
        load.free = static_cast<std::uint32_t>(*free);
      if (const auto below = in.whole(name, more.at("below"), kMaxListeners))
        load.below = static_cast<std::uint32_t>(*below);
      if (const Json from = more.at("from"); !from.missing())
        load.from = in.words(name, from, kLongestPath);
    }
    out.push_back(std::move(load));
  });
  return out;
}

std::vector<StreamOffer> offers(FrameMembers& in, std::string_view name) {
  std::vector<StreamOffer> out;
  in.array(name, in.member(name), kLongestFrame, [&](const Json& element) {
    if (!element.is_object()) {
      in.wrong(name, "has an element that is no object");
      return;
    }
    StreamOffer offer;
    offer.mount = in.mount("m", element.at("m"));
    offer.content_type = in.text("ct", element.at("ct"), kLongestText);
    offer.kbps = static_cast<unsigned>(in.real("br", element.at("br"), 1e6));
    offer.path = in.words("from", element.at("from"), kLongestPath);
    if (!in.fault() && offer.path.empty()) in.wrong("from", "is empty");
    offer.needs = protections(in, "needs", element.at("needs"), true);
    out.push_back(std::move(offer));
  });
  return out;
}

DrainMode drain_mode(FrameMembers& in, std::string_view name) {
  const std::string word = in.word(name, false);
  const auto mode = parse_drain_or_off(word);
  if (!mode && !word.empty()) in.wrong(name, "is none of off, soft, move, hard");
  return mode.value_or(DrainMode::kSoft);
}

// [major, minor]
void read_proto(FrameMembers& in, unsigned& major, unsigned& minor) {
  const Json proto = in.member("proto");
  if (proto.missing()) return;
  if (!proto.is_array() || proto.size() != 2) in.wrong("proto", "is not [major, minor]");
  major = static_cast<unsigned>(in.whole("proto", proto.at(std::size_t{0}), 1000).value_or(1));
  minor = static_cast<unsigned>(in.whole("proto", proto.at(1), 1000).value_or(0));
}

Frame read_hello(FrameMembers& in) {
  HelloFrame out;
  out.id = in.word("id", true);
  out.epoch = in.word("epoch", true);
  out.version = in.text("ver");
  read_proto(in, out.major, out.minor);
  const Json pub = in.object("pub");
  addresses_of(in, PublicScheme::kHttp, "pub.http", pub.at("http"), out.addresses);
  addresses_of(in, PublicScheme::kHttps, "pub.https", pub.at("https"), out.addresses);
  const Json cap = in.object("cap");
  out.capacity.listeners =
      static_cast<unsigned>(in.whole("cap.lis", cap.at("lis"), kMaxListeners).value_or(0));
  out.capacity.kbps = in.real("cap.kbps", cap.at("kbps"), kMaxFrameKbps);
  out.capacity.accepts =
      static_cast<unsigned>(in.whole("cap.acc", cap.at("acc"), kMaxListeners).value_or(0));
  if (const auto sources = in.whole("cap.src", cap.at("src"), kMaxSources))
    out.capacity.sources = static_cast<unsigned>(*sources);
  out.capacity.ingest_kbps = in.real("cap.in", cap.at("in"), kMaxFrameKbps);
  out.tags = in.words("tags", in.member("tags"), kMaxWords);
  out.countries = in.words("geo", in.member("geo"), kMaxWords);
  out.enforces = protections(in, "enforces", in.member("enforces"), false);
  out.tokens = in.flag("tokens", false);
  out.keyed = in.flag("keyed", false);
  out.masters = in.small("masters", kMaxFrameMasters, 1);
  out.wants_listeners = in.flag("listeners", true);
  out.now_ms = in.wall("now");
  return out;
}

Frame read_welcome(FrameMembers& in) {
  WelcomeFrame out;
  out.id = in.word("id", true);
  out.epoch = in.word("epoch", true);
  out.version = in.text("ver");
  unsigned major = 1;
  read_proto(in, major, out.minor);
  out.now_ms = in.wall("now");
  out.every = std::chrono::milliseconds(in.whole("every", kLongestEvery, 250));
  out.dead = std::chrono::milliseconds(in.whole("dead", kLongestDead, 1000));
  if (out.every.count() < static_cast<std::int64_t>(kShortestEvery))
    in.wrong("every", "is less than 50");
  if (out.dead < 2 * out.every) in.wrong("dead", "is less than twice every");
  const Json ports = in.object("ports");
  out.http_port =
      static_cast<std::uint16_t>(in.whole("ports.http", ports.at("http"), 65'535).value_or(0));
  out.https_port =
      static_cast<std::uint16_t>(in.whole("ports.https", ports.at("https"), 65'535).value_or(0));
  const Json pub = in.object("pub");
  addresses_of(in, PublicScheme::kHttp, "pub.http", pub.at("http"), out.addresses);
  addresses_of(in, PublicScheme::kHttps, "pub.https", pub.at("https"), out.addresses);
  in.array("keys", in.member("keys"), kMaxKeys, [&](const Json& element) {
    TokenKey key;
    const Json number = element.at("k");
    if (number.missing()) in.wrong("k", "is missing");
    key.number = static_cast<unsigned>(in.whole("k", number, 255).value_or(0));
    auto bytes = base64_decode(in.text("key", element.at("key"), kLongestText));
    if (!bytes || bytes->empty())
      in.wrong("key", "is no base64");
    else
      key.key = std::move(*bytes);
    out.keys.push_back(std::move(key));
  });
  return out;
}

Frame read_snap(FrameMembers& in) {
  SnapFrame out;
  out.seq = in.seq();
  out.offers = offers(in, "mounts");
  out.carried = loads(in, "carried");
  out.more = in.flag("more", false);
  return out;
}

Frame read_delta(FrameMembers& in) {
  DeltaFrame out;
  out.seq = in.seq();
  out.added = offers(in, "add");
  in.array("del", in.member("del"), kLongestFrame,
           [&](const Json& element) { out.removed.push_back(in.mount("del", element)); });
  return out;
}

Frame read_load(FrameMembers& in) {
  LoadFrame out;
  out.seq = in.seq();
  out.at_ms = in.needed_whole("at", FrameMembers::kLargest);
  out.listeners = static_cast<unsigned>(in.needed_whole("lis", kMaxListeners));
  out.kbps = in.real("kbps", in.member("kbps", true), kMaxFrameKbps);
  out.loop_ms = in.small("loop_ms", kLongestTurn, 0);
  out.relays = in.small("relays", kMaxListeners, 0);
  out.masters = in.small("masters", kMaxFrameMasters, 1);
  out.round_trip_us = in.small("rtt_us", 60'000'000, 0);
  out.now_ms = in.wall("now");
  out.cannot = pull_fault(in, "cannot", in.member("cannot"));
  out.arrivals = in.whole("arr", in.member("arr"), FrameMembers::kLargest);
  if (auto clients = clients_of_text(in.text("by", in.member("by"), kLongestClients)))
    out.clients = std::move(*clients);
  else
    in.wrong("by", "is no base64 of 4 bytes each");
  if (!in.member("tokens").missing()) out.tokens = in.flag("tokens", false);
  out.conf_runs = in.whole("conf", in.member("conf"), FrameMembers::kLargest);
  out.changed = loads(in, "c");
  return out;
}

Frame read_ack(FrameMembers& in) {
  AckFrame out;
  out.seq = in.seq();
  out.now_ms = in.wall("now");
  out.issued = in.whole("iss", FrameMembers::kLargest, 0);
  return out;
}

Frame read_drain(FrameMembers& in) {
  DrainFrame out;
  out.kind = drain_mode(in, "mode");
  out.why = in.text("why");
  return out;
}

Frame read_command(FrameMembers& in) {
  using Verb = CommandFrame::Verb;
  CommandFrame out;
  out.number = in.needed_whole("id", FrameMembers::kLargest);
  const std::string verb = in.word("do", true);
  bool known = false;
  for (const Verb each : {Verb::kKick, Verb::kMove, Verb::kDrain, Verb::kMetadata}) {
    if (verb != to_text(each)) continue;
    out.verb = each;
    known = true;
  }
  if (!known) in.wrong("do", "is none of kick, move, drain, metadata");
  if (out.verb == Verb::kDrain) {
    out.drain = drain_mode(in, "mode");
    return out;
  }
  out.mount = in.mount("m", in.member("m", true));
  if (out.verb == Verb::kKick) out.listener = in.whole("cid", FrameMembers::kLargest, 0);
  if (out.verb == Verb::kMove) out.to = in.mount("to", in.member("to", true));
  if (out.verb == Verb::kMetadata) {
    out.title = in.text("title", kLongestTitle);
    out.artist = in.text("artist", kLongestTitle);
    out.url = in.text("url", kLongestTitle);
  }
  return out;
}

Frame read_result(FrameMembers& in) {
  ResultFrame out;
  out.number = in.needed_whole("id", FrameMembers::kLargest);
  in.member("ok", true);
  out.done = in.flag("ok", false);
  out.why = in.text("why");
  return out;
}

Frame read_message(FrameMembers& in) {
  MessageFrame out;
  out.topic = in.word("topic", true);
  out.from = in.word("from", true);
  out.serial = in.word("id", true);
  const Json bytes = in.member("b");
  auto decoded = base64_decode(in.text("b", bytes, kLongestMessage * 2));
  if (!decoded)
    in.wrong("b", "is no base64");
  else if (decoded->size() > kLongestMessage)
    in.wrong("b", cat({"holds ", decoded->size(), " bytes, the most is ", kLongestMessage}));
  else
    out.bytes = std::move(*decoded);
  return out;
}

Frame read_who(FrameMembers& in) {
  WhoFrame out;
  out.mount = in.mount("m", in.member("m", true));
  if (const Json known = in.member("ok"); !known.missing()) out.known = in.flag("ok", false);
  return out;
}

Frame read_bye(FrameMembers& in) {
  ByeFrame out;
  out.why = in.text("why");
  out.code = static_cast<int>(in.whole("code", 999, 0));
  out.back = std::chrono::milliseconds(in.whole("back", kLongestDead, 0));
  return out;
}

Frame read_prove(FrameMembers& in) {
  ProveFrame out;
  out.ask = in.word("ask", true);
  out.say = in.word("say", true);
  return out;
}

Frame read_ingest(FrameMembers& in) {
  IngestFrame out;
  in.array("rows", in.member("rows", true), kLongestFrame, [&](const Json& element) {
    if (!element.is_object()) {
      in.wrong("rows", "has an element that is no object");
      return;
    }
    for (const std::string_view name : {"m", "at", "st"})
      if (element.at(name).missing()) in.wrong(name, "is missing");
    IngestRow row;
    row.mount = in.mount("m", element.at("m"));
    row.at = in.word("at", element.at("at"));
    const std::string state = in.word("st", element.at("st"));
    if (state == "on")
      row.state = IngestState::kOn;
    else if (state == "ready")
      row.state = IngestState::kReady;
    // In a state of a later version the node does not capture.
    row.via = in.words("via", element.at("via"), kLongestPath);
    row.source = element.at("src").boolean().value_or(false);
    const Json by = element.at("by");
    if (by.is_object()) {
      row.by.user = in.text("by.u", by.at("u"), kLongestTold);
      row.by.address = in.text("by.ip", by.at("ip"), kLongestText);
      row.by.agent = in.text("by.ua", by.at("ua"), kLongestTold);
      row.by.since = static_cast<std::int64_t>(
          in.whole("by.since", by.at("since"), FrameMembers::kLargest).value_or(0));
    }
    out.rows.push_back(std::move(row));
  });
  return out;
}

Frame read_archive(FrameMembers& in) {
  ArchiveFrame out;
  in.array("rows", in.member("rows", true), kLongestFrame, [&](const Json& element) {
    if (!element.is_object()) {
      in.wrong("rows", "has an element that is no object");
      return;
    }
    for (const std::string_view name : {"m", "at", "have"})
      if (element.at(name).missing()) in.wrong(name, "is missing");
    ArchiveRow row;
    row.mount = in.mount("m", element.at("m"));
    row.at = in.word("at", element.at("at"));
    const Json pub = element.at("pub");
    addresses_of(in, PublicScheme::kHttp, "pub.http", pub.at("http"), row.addresses);
    addresses_of(in, PublicScheme::kHttps, "pub.https", pub.at("https"), row.addresses);
    in.array("have", element.at("have"), kMaxArchiveRanges, [&](const Json& range) {
      constexpr std::uint64_t kLastTime = 253'402'300'799'000;  // of the year 9999
      if (range.at(std::size_t{0}).missing() || range.at(std::size_t{1}).missing())
        in.wrong("have", "has an element that is no pair of times");
      const auto from = in.whole("have", range.at(std::size_t{0}), kLastTime).value_or(0);
      const auto to = in.whole("have", range.at(std::size_t{1}), kLastTime).value_or(0);
      if (to != 0 && to < from) in.wrong("have", "has a range that ends before it begins");
      row.have.push_back({static_cast<std::int64_t>(from), static_cast<std::int64_t>(to)});
    });
    if (!element.at("pass").missing()) row.pass = in.word("pass", element.at("pass"));
    row.needs = protections(in, "needs", element.at("needs"), true);
    out.rows.push_back(std::move(row));
  });
  return out;
}

// An unknown word, of a later version, is treated as no answer.
SlotWord slot_word(std::string_view word) noexcept {
  constexpr std::pair<std::string_view, SlotWord> kWords[] = {
      {"used", SlotWord::kUsed}, {"held", SlotWord::kHeld},   {"late", SlotWord::kLate},
      {"open", SlotWord::kOpen}, {"again", SlotWord::kAgain}, {"end", SlotWord::kEnd}};
  for (const auto& [text, value] : kWords)
    if (text == word) return value;
  return SlotWord::kNone;
}

Frame read_slots(FrameMembers& in) {
  SlotFrame out;
  in.array("rows", in.member("rows", true), kLongestFrame, [&](const Json& element) {
    if (!element.is_object()) {
      in.wrong("rows", "has an element that is no object");
      return;
    }
    SlotRow row;
    row.down = !element.at("given").missing();
    for (const std::string_view name : {"m", "life", row.down ? "given" : "back"})
      if (element.at(name).missing()) in.wrong(name, "is missing");
    const auto count = [&](std::string_view name, std::uint64_t most) {
      return in.whole(name, element.at(name), most).value_or(0);
    };
    row.mount = in.mount("m", element.at("m"));
    row.life = count("life", FrameMembers::kLargest);
    if (row.down) {
      row.given = count("given", kMaxSlotCount);
      row.claimed = count("claimed", kMaxSlotCount);
      row.recall = count("recall", kMaxSlotsAtOnce);
      if (const Json word = element.at("word"); !word.missing())
        row.word = slot_word(in.word("word", word));
    } else {
      row.back = count("back", kMaxSlotCount);
      row.claim = count("claim", kMaxSlotCount);
      row.moved = count("moved", kMaxSlotCount);
      row.want = count("want", kMaxSlotsAtOnce);
      row.got = count("got", kMaxSlotCount);
      row.none = element.at("none").boolean().value_or(false);
    }
    out.rows.push_back(std::move(row));
  });
  return out;
}

Frame read_seats(FrameMembers& in) {
  SeatFrame out;
  in.array("rows", in.member("rows", true), kLongestFrame, [&](const Json& element) {
    if (!element.is_object()) {
      in.wrong("rows", "has an element that is no object");
      return;
    }
    for (const std::string_view name : {"m", "u", "n", "do"})
      if (element.at(name).missing()) in.wrong(name, "is missing");
    SeatRow row;
    row.mount = in.mount("m", element.at("m"));
    row.user = in.word("u", element.at("u"));
    if (const Json who = element.at("who"); !who.missing()) row.who = in.word("who", who);
    row.number = in.whole("n", element.at("n"), FrameMembers::kLargest).value_or(0);
    const auto act = parse_seat_act(in.word("do", element.at("do")));
    row.most =
        static_cast<unsigned>(in.whole("most", element.at("most"), kMaxSeatsOfUser).value_or(1));
    row.drop = element.at("drop").boolean().value_or(false);
    // An act of a later version concerns later nodes.
    if (!act) return;
    row.act = *act;
    out.rows.push_back(std::move(row));
  });
  return out;
}

Frame read_conf_frame(FrameMembers& in) { return read_conf(in); }

Frame read_asked(FrameMembers& in) { return read_ask(in); }
Frame read_told(FrameMembers& in) { return read_tell(in); }

struct Reader {
  std::string_view name;
  Frame (*read)(FrameMembers&);
};
constexpr Reader kReaders[] = {
    {"HELLO", read_hello}, {"WELCOME", read_welcome}, {"SNAP", read_snap},
    {"DELTA", read_delta}, {"LOAD", read_load},       {"ACK", read_ack},
    {"DRAIN", read_drain}, {"CMD", read_command},     {"RES", read_result},
    {"MSG", read_message}, {"WHO", read_who},         {"BYE", read_bye},
    {"PROVE", read_prove}, {"INGEST", read_ingest},   {"ARCH", read_archive},
    {"SLOT", read_slots},  {"SEAT", read_seats},      {"ASK", read_asked},
    {"TELL", read_told},   {"CONF", read_conf_frame}};

}  // namespace

Result<std::optional<Frame>> parse_frame(std::string_view line) {
  if (line.size() >= kLongestFrame)
    return Error::limit(
        cat({"a frame of ", line.size(), " bytes, the most is ", kLongestFrame - 1}));
  auto json = Json::parse(line, kDeepest);
  if (!json) return json.error();
  if (!json->is_object()) return Error::invalid("a frame that is no JSON object");
  const auto type = json->at("t").text();
  if (!type) return Error::invalid("a frame without its type, t");
  for (const Reader& reader : kReaders) {
    if (reader.name != *type) continue;
    FrameMembers in(std::move(*json), reader.name);
    Frame frame = reader.read(in);
    if (in.fault()) return *in.fault();
    return std::optional<Frame>(std::move(frame));
  }
  return std::optional<Frame>();
}

}  // namespace lb
