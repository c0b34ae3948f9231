#include "cluster/link/frame.h"

#include "base/encoding.h"
#include "base/json.h"
#include "cluster/nodes/public_address.h"

namespace lb {
namespace {

std::string fit_text(std::string_view text, std::size_t most) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_char(text);
    const auto byte = static_cast<unsigned char>(text.front());
    const std::size_t take = length == 0 ? 1 : length;
    if (out.size() + take > most) break;
    if (length == 0 || byte < 0x20 || byte == 0x7f)
      out += '?';
    else
      out += text.substr(0, length);
    text.remove_prefix(take);
  }
  return out;
}

class Line {
 public:
  explicit Line(std::string_view type) {
    json.begin_object();
    text("t", type);
  }
  void text(std::string_view name, std::string_view value) { json.key(name).text(value); }
  // Texts of administrators: characters that the peer would refuse are left out.
  void text_if(std::string_view name, std::string_view value, std::size_t most = kLongestText) {
    if (!value.empty()) text(name, fit_text(value, most));
  }
  void number(std::string_view name, std::uint64_t value) { json.key(name).number(value); }
  void number_if(std::string_view name, std::uint64_t value) {
    if (value != 0) number(name, value);
  }
  void wall(std::string_view name, std::int64_t value) { json.key(name).number(value); }
  void flag(std::string_view name, bool value) { json.key(name).boolean(value); }
  void mount(std::string_view value) { json.text(percent_encode(value, true)); }
  void words(std::string_view name, const std::vector<std::string>& values) {
    if (values.empty()) return;
    json.key(name).begin_array();
    for (const std::string& value : values) json.text(value);
    json.end_array();
  }
  std::string take() {
    json.end_object();
    return json.take() + "\n";
  }
  JsonWriter json;
};

// Whole numbers look like whole numbers.
void write_kbps(Line& line, std::string_view name, double kbps) {
  if (kbps >= 0 && kbps < 1e15)
    line.number(name, static_cast<std::uint64_t>(kbps + 0.5));
  else
    line.json.key(name).number(kbps);
}

void write_protection_names(Line& line, ProtectionSet set) {
  line.json.begin_array();
  if ((set & static_cast<ProtectionSet>(Protection::kListenerAuth)) != 0) line.json.text("auth");
  if ((set & static_cast<ProtectionSet>(Protection::kAddressLists)) != 0) line.json.text("lists");
  if ((set & static_cast<ProtectionSet>(Protection::kLimits)) != 0) line.json.text("limits");
  if ((set & static_cast<ProtectionSet>(Protection::kSlots)) != 0) line.json.text("slots");
  if ((set & ~ProtectionSet{15}) != 0) line.json.text("others");
  line.json.end_array();
}
void write_protections(Line& line, std::string_view name, ProtectionSet set) {
  if (set == 0) return;
  line.json.key(name);
  write_protection_names(line, set);
}

void write_addresses(Line& line, const std::vector<NodeAddress>& addresses) {
  if (addresses.empty()) return;
  line.json.key("pub").begin_object();
  for (const PublicScheme scheme : {PublicScheme::kHttp, PublicScheme::kHttps}) {
    bool any = false;
    for (const NodeAddress& address : addresses) {
      if (address.scheme != scheme) continue;
      if (!any) line.json.key(scheme == PublicScheme::kHttp ? "http" : "https").begin_array();
      any = true;
      line.json.text(to_text(address));
    }
    if (any) line.json.end_array();
  }
  line.json.end_object();
}

void write_offers(Line& line, std::string_view name, const std::vector<StreamOffer>& offers) {
  line.json.key(name).begin_array();
  for (const StreamOffer& offer : offers) {
    line.json.begin_object().key("m");
    line.mount(offer.mount);
    line.text_if("ct", offer.content_type);
    line.number_if("br", offer.kbps);
    line.words("from", offer.path);
    write_protections(line, "needs", offer.needs);
    line.json.end_object();
  }
  line.json.end_array();
}

void write_loads(Line& line, std::string_view name, const std::vector<MountLoad>& loads) {
  line.json.key(name).begin_array();
  for (const MountLoad& load : loads) {
    line.json.begin_array();
    line.mount(load.mount);
    if (load.carries)
      line.json.number(load.listeners);
    else
      line.json.null();
    const bool more = load.cannot != PullFault::kNone || load.free != MountLoad::kUnlimited ||
                      load.below != 0 || load.from;
    if (load.enforces != 0 || more) write_protection_names(line, load.enforces);
    if (more) {
      line.json.begin_object();
      if (load.cannot != PullFault::kNone) line.text("cannot", to_text(load.cannot));
      if (load.free != MountLoad::kUnlimited) line.number("free", load.free);
      line.number_if("below", load.below);
      if (load.from) {
        line.json.key("from").begin_array();
        for (const std::string& id : *load.from) line.json.text(id);
        line.json.end_array();
      }
      line.json.end_object();
    }
    line.json.end_array();
  }
  line.json.end_array();
}

std::string render(const HelloFrame& frame) {
  Line line("HELLO");
  line.text("id", frame.id);
  line.text("epoch", frame.epoch);
  line.text_if("ver", frame.version);
  line.json.key("proto").begin_array().number(frame.major).number(frame.minor).end_array();
  write_addresses(line, frame.addresses);
  line.json.key("cap").begin_object();
  line.number_if("lis", frame.capacity.listeners);
  if (frame.capacity.kbps > 0) write_kbps(line, "kbps", frame.capacity.kbps);
  line.number_if("acc", frame.capacity.accepts);
  if (frame.capacity.sources) line.number("src", *frame.capacity.sources);
  if (frame.capacity.ingest_kbps > 0) write_kbps(line, "in", frame.capacity.ingest_kbps);
  line.json.end_object();
  line.words("geo", frame.countries);
  line.words("tags", frame.tags);
  write_protections(line, "enforces", frame.enforces);
  if (frame.tokens) line.flag("tokens", true);
  if (frame.keyed) line.flag("keyed", true);
  line.number("masters", frame.masters);
  line.flag("listeners", frame.wants_listeners);
  line.wall("now", frame.now_ms);
  return line.take();
}

std::string render(const WelcomeFrame& frame) {
  Line line("WELCOME");
  line.text("id", frame.id);
  line.text("epoch", frame.epoch);
  line.text_if("ver", frame.version);
  if (frame.minor != 0)
    line.json.key("proto").begin_array().number(1U).number(frame.minor).end_array();
  line.wall("now", frame.now_ms);
  line.wall("every", frame.every.count());
  line.wall("dead", frame.dead.count());
  line.json.key("ports").begin_object();
  line.number_if("http", frame.http_port);
  line.number_if("https", frame.https_port);
  line.json.end_object();
  write_addresses(line, frame.addresses);
  if (!frame.keys.empty()) {
    line.json.key("keys").begin_array();
    for (const TokenKey& key : frame.keys) {
      line.json.begin_object();
      line.number("k", key.number);
      line.text("key", base64_encode(key.key));
      line.json.end_object();
    }
    line.json.end_array();
  }
  return line.take();
}

std::string render(const SnapFrame& frame) {
  Line line("SNAP");
  line.number("seq", frame.seq);
  if (!frame.offers.empty()) write_offers(line, "mounts", frame.offers);
  if (!frame.carried.empty()) write_loads(line, "carried", frame.carried);
  if (frame.more) line.flag("more", true);
  return line.take();
}

std::string render(const DeltaFrame& frame) {
  Line line("DELTA");
  line.number("seq", frame.seq);
  if (!frame.added.empty()) write_offers(line, "add", frame.added);
  if (!frame.removed.empty()) {
    line.json.key("del").begin_array();
    for (const std::string& mount : frame.removed) line.mount(mount);
    line.json.end_array();
  }
  return line.take();
}

std::string render(const LoadFrame& frame) {
  Line line("LOAD");
  line.number("seq", frame.seq);
  line.number("at", frame.at_ms);
  line.number("lis", frame.listeners);
  write_kbps(line, "kbps", frame.kbps);
  line.number("loop_ms", frame.loop_ms);
  line.number("relays", frame.relays);
  line.number("masters", frame.masters);
  line.number_if("rtt_us", frame.round_trip_us);
  if (frame.now_ms > 0) line.wall("now", frame.now_ms);
  if (frame.cannot != PullFault::kNone) line.text("cannot", to_text(frame.cannot));
  if (frame.arrivals) line.number("arr", *frame.arrivals);
  if (!frame.clients.empty()) line.text("by", clients_text(frame.clients));
  if (frame.tokens) line.flag("tokens", *frame.tokens);
  if (frame.conf_runs) line.number("conf", *frame.conf_runs);
  if (!frame.changed.empty()) write_loads(line, "c", frame.changed);
  return line.take();
}

std::string render(const AckFrame& frame) {
  Line line("ACK");
  line.number("seq", frame.seq);
  line.wall("now", frame.now_ms);
  line.number("iss", frame.issued);
  return line.take();
}

std::string render(const DrainFrame& frame) {
  Line line("DRAIN");
  line.text("mode", to_text(frame.kind));
  line.text_if("why", frame.why);
  return line.take();
}

std::string render(const CommandFrame& frame) {
  using Verb = CommandFrame::Verb;
  Line line("CMD");
  line.number("id", frame.number);
  line.text("do", to_text(frame.verb));
  if (frame.verb == Verb::kDrain) {
    line.text("mode", to_text(frame.drain));
    return line.take();
  }
  line.json.key("m");
  line.mount(frame.mount);
  if (frame.verb == Verb::kKick) line.number_if("cid", frame.listener);
  if (frame.verb == Verb::kMove) {
    line.json.key("to");
    line.mount(frame.to);
  }
  line.text_if("title", frame.title, kLongestTitle);
  line.text_if("artist", frame.artist, kLongestTitle);
  line.text_if("url", frame.url, kLongestTitle);
  return line.take();
}

std::string render(const ResultFrame& frame) {
  Line line("RES");
  line.number("id", frame.number);
  line.flag("ok", frame.done);
  line.text_if("why", frame.why);
  return line.take();
}

std::string render(const MessageFrame& frame) {
  Line line("MSG");
  line.text("topic", frame.topic);
  line.text("from", frame.from);
  line.text("id", frame.serial);
  line.text("b", base64_encode(frame.bytes));
  return line.take();
}

std::string render(const WhoFrame& frame) {
  Line line("WHO");
  line.json.key("m");
  line.mount(frame.mount);
  if (frame.known) line.flag("ok", *frame.known);
  return line.take();
}

std::string render(const ProveFrame& frame) {
  Line line("PROVE");
  line.text("ask", frame.ask);
  line.text("say", frame.say);
  return line.take();
}

std::string render(const IngestFrame& frame) {
  Line line("INGEST");
  line.json.key("rows").begin_array();
  for (const IngestRow& row : frame.rows) {
    line.json.begin_object().key("m");
    line.mount(row.mount);
    line.text("at", row.at);
    line.text("st", to_text(row.state));
    line.words("via", row.via);
    if (row.source) line.flag("src", true);
    if (row.source && row.state == IngestState::kOn && row.by.since > 0) {
      line.json.key("by").begin_object();
      line.text_if("u", row.by.user, kLongestTold);
      line.text_if("ip", row.by.address);
      line.text_if("ua", row.by.agent, kLongestTold);
      line.wall("since", row.by.since);
      line.json.end_object();
    }
    line.json.end_object();
  }
  line.json.end_array();
  return line.take();
}

std::string render(const ArchiveFrame& frame) {
  Line line("ARCH");
  line.json.key("rows").begin_array();
  for (const ArchiveRow& row : frame.rows) {
    line.json.begin_object().key("m");
    line.mount(row.mount);
    line.text("at", row.at);
    write_addresses(line, row.addresses);
    line.json.key("have").begin_array();
    for (std::size_t i = 0; i < std::min(row.have.size(), kMaxArchiveRanges); ++i)
      line.json.begin_array().number(row.have[i].from_ms).number(row.have[i].to_ms).end_array();
    line.json.end_array();
    line.text_if("pass", row.pass);
    write_protections(line, "needs", row.needs);
    line.json.end_object();
  }
  line.json.end_array();
  return line.take();
}

std::string_view to_text(SlotWord word) noexcept {
  switch (word) {
    case SlotWord::kNone:
      return "";
    case SlotWord::kUsed:
      return "used";
    case SlotWord::kHeld:
      return "held";
    case SlotWord::kLate:
      return "late";
    case SlotWord::kOpen:
      return "open";
    case SlotWord::kAgain:
      return "again";
    case SlotWord::kEnd:
      return "end";
    case SlotWord::kCut:
      return "held";
  }
  return "";
}

std::string render(const SlotFrame& frame) {
  Line line("SLOT");
  line.json.key("rows").begin_array();
  for (const SlotRow& row : frame.rows) {
    line.json.begin_object().key("m");
    line.mount(row.mount);
    line.number("life", row.life);
    if (row.down) {
      line.number("given", row.given);
      line.number_if("claimed", row.claimed);
      line.number_if("recall", row.recall);
      line.text_if("word", to_text(row.word));
    } else {
      line.number("back", row.back);
      line.number_if("claim", row.claim);
      line.number_if("moved", row.moved);
      line.number_if("want", row.want);
      line.number_if("got", row.got);
      if (row.none) line.flag("none", true);
    }
    line.json.end_object();
  }
  line.json.end_array();
  return line.take();
}

std::string render(const SeatFrame& frame) {
  Line line("SEAT");
  line.json.key("rows").begin_array();
  for (const SeatRow& row : frame.rows) {
    line.json.begin_object().key("m");
    line.mount(row.mount);
    line.text("u", row.user);
    line.text_if("who", row.who);
    line.number("n", row.number);
    line.text("do", to_text(row.act));
    line.number_if("most", row.most);
    if (row.drop) line.flag("drop", true);
    line.json.end_object();
  }
  line.json.end_array();
  return line.take();
}

std::string render(const ConfFrame& frame) {
  Line line("CONF");
  write_conf(line.json, frame);
  return line.take();
}

std::string render(const AskFrame& frame) {
  Line line("ASK");
  line.number("id", frame.number);
  line.text("what", "listeners");
  line.json.key("m");
  line.mount(frame.mount);
  line.number_if("after", frame.after);
  line.number("most", frame.most);
  return line.take();
}

std::string render(const TellFrame& frame) {
  Line line("TELL");
  line.number("id", frame.number);
  line.json.key("rows").begin_array();
  for (const ToldListener& row : frame.rows) {
    line.json.begin_object();
    line.number("n", row.id);
    line.text_if("ip", row.address);
    line.text_if("ua", row.agent, kLongestTold);
    line.text_if("u", row.user, kLongestTold);
    line.number("s", row.seconds);
    if (row.hls) line.flag("hls", true);
    line.json.end_object();
  }
  line.json.end_array();
  if (frame.more) line.flag("more", true);
  line.text_if("why", frame.why);
  return line.take();
}

std::string render(const ByeFrame& frame) {
  Line line("BYE");
  line.text_if("why", frame.why);
  if (frame.code != 0) line.wall("code", frame.code);
  if (frame.back.count() != 0) line.wall("back", frame.back.count());
  return line.take();
}

}  // namespace

std::string_view to_text(IngestState state) noexcept {
  switch (state) {
    case IngestState::kOff:
      return "off";
    case IngestState::kReady:
      return "ready";
    case IngestState::kOn:
      return "on";
  }
  return "";
}

std::string_view to_text(CommandFrame::Verb verb) noexcept {
  switch (verb) {
    case CommandFrame::Verb::kKick:
      return "kick";
    case CommandFrame::Verb::kMove:
      return "move";
    case CommandFrame::Verb::kDrain:
      return "drain";
    case CommandFrame::Verb::kMetadata:
      return "metadata";
  }
  return "";
}

std::string_view frame_name(const Frame& frame) noexcept {
  constexpr std::string_view kNames[] = {
      "HELLO", "WELCOME", "SNAP",  "DELTA",  "LOAD", "ACK",  "DRAIN", "CMD", "RES",  "MSG",
      "WHO",   "BYE",     "PROVE", "INGEST", "ARCH", "SLOT", "SEAT",  "ASK", "TELL", "CONF"};
  static_assert(std::size(kNames) == std::variant_size_v<Frame>);
  return kNames[frame.index()];
}

std::string render_frame(const Frame& frame) {
  return std::visit([](const auto& each) { return render(each); }, frame);
}

}  // namespace lb
