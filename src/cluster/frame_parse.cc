// The way from a line to a Frame; see frame.h.
#include <algorithm>
#include <limits>

#include "base/encoding.h"
#include "base/json.h"
#include "cluster/frame.h"
#include "cluster/node_report.h"
#include "cluster/public_address.h"
#include "cluster/stream_list.h"

namespace lb {
namespace {

constexpr std::size_t kDeepest = 6;
constexpr std::size_t kMostWords = 32;   // tags, countries, addresses
constexpr std::size_t kLongestPath = 8;  // nodes that a stream has come through
constexpr std::size_t kMostKeys = 8;
constexpr std::uint64_t kMostListeners = 10'000'000;
constexpr double kMostKbps = 1e9;  // a terabit a second
constexpr std::uint64_t kMostMasters = 64;
constexpr std::uint64_t kLongestTurn = 3'600'000;  // ms
constexpr std::uint64_t kShortestEvery = 50, kLongestEvery = 60'000, kLongestDead = 600'000;
constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();

bool control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
// The members of one frame; the first fault is kept, and everything after it reads as nothing.
class Members {
 public:
  Members(Json object, std::string_view frame) : object_(std::move(object)), frame_(frame) {}

  const std::optional<Error>& fault() const noexcept { return fault_; }
  void wrong(std::string_view name, std::string_view how) {
    if (!fault_)
      fault_ =
          Error::invalid(std::string(frame_) + ": " + std::string(name) + " " + std::string(how));
  }
  // Missing where `need` is not set: an empty one.
  Json member(std::string_view name, bool need = false) {
    if (fault_) return {};
    Json found = object_.at(name);
    if (found.missing() && need) wrong(name, "is missing");
    return found;
  }

  std::uint64_t whole(std::string_view name, std::uint64_t most, std::uint64_t otherwise) {
    return whole(name, member(name), most).value_or(otherwise);
  }
  std::uint64_t needed_whole(std::string_view name, std::uint64_t most) {
    return whole(name, member(name, true), most).value_or(0);
  }
  std::optional<std::uint64_t> whole(std::string_view name, const Json& value, std::uint64_t most) {
    if (fault_ || value.missing()) return std::nullopt;
    const auto number = value.u64();
    if (!number) {
      wrong(name, "is not a whole number");
    } else if (*number > most) {
      wrong(name, "is " + std::to_string(*number) + ", the most is " + std::to_string(most));
    } else {
      return number;
    }
    return std::nullopt;
  }
  double real(std::string_view name, const Json& value, double most) {
    if (fault_ || value.missing()) return 0;
    const auto number = value.number();
    if (!number)
      wrong(name, "is not a number");
    else if (!(*number >= 0 && *number <= most))
      wrong(name, "is out of range");
    else
      return *number;
    return 0;
  }
  bool flag(std::string_view name, bool otherwise) {
    const Json value = member(name);
    if (fault_ || value.missing()) return otherwise;
    if (const auto is = value.boolean()) return *is;
    wrong(name, "is neither true nor false");
    return otherwise;
  }

  std::string text(std::string_view name, std::size_t most = kLongestText) {
    return text(name, member(name), most);
  }
  std::string text(std::string_view name, const Json& value, std::size_t most) {
    if (fault_ || value.missing()) return {};
    const auto found = value.text();
    if (!found)
      wrong(name, "is no text");
    else if (found->size() > most)
      wrong(name,
            "has " + std::to_string(found->size()) + " bytes, the most is " + std::to_string(most));
    else if (std::any_of(found->begin(), found->end(), control))
      wrong(name, "has a control character");
    else
      return std::string(*found);
    return {};
  }
  std::string word(std::string_view name, bool need) { return word(name, member(name, need)); }
  std::string word(std::string_view name, const Json& value) {
    std::string found = text(name, value, kLongestText);
    if (!fault_ && !value.missing() && !is_node_id(found))
      wrong(name, "is not 1 to 64 of A-Z a-z 0-9 . _ -");
    return fault_ ? std::string() : found;
  }
  std::string mount(std::string_view name, const Json& value) {
    if (fault_) return {};
    const auto found = value.text();
    if (!found) {
      wrong(name, "is no text");
      return {};
    }
    auto decoded = percent_decode(*found, false);
    if (!decoded || !may_be_relayed_as(*decoded)) {
      wrong(name, "is no mount that may be relayed");
      return {};
    }
    return std::move(*decoded);
  }
  // Calls each(element) for every element of an array; a missing one has none.
  template <class Each>
  void array(std::string_view name, const Json& value, std::size_t most, Each each) {
    if (fault_ || value.missing()) return;
    if (!value.is_array()) {
      wrong(name, "is no array");
    } else if (value.size() > most) {
      wrong(name, "has " + std::to_string(value.size()) + " elements, the most is " +
                      std::to_string(most));
    } else {
      for (std::size_t i = 0; i < value.size() && !fault_; ++i) each(value.at(i));
    }
  }
  std::vector<std::string> words(std::string_view name, const Json& value, std::size_t most) {
    std::vector<std::string> out;
    array(name, value, most, [&](const Json& element) { out.push_back(word(name, element)); });
    return out;
  }
  Json object(std::string_view name, bool need = false) {
    Json found = member(name, need);
    if (fault_ || found.missing() || found.is_object()) return found;
    wrong(name, "is no object");
    return {};
  }
  std::int64_t wall(std::string_view name) {
    return static_cast<std::int64_t>(whole(name, kLargest, 0));
  }
  unsigned small(std::string_view name, std::uint64_t most, unsigned otherwise) {
    return static_cast<unsigned>(whole(name, most, otherwise));
  }
  std::uint64_t seq() {
    const std::uint64_t number = needed_whole("seq", kLargest);
    if (number == 0) wrong("seq", "is 0");
    return number;
  }

 private:
  const Json object_;
  const std::string_view frame_;
  std::optional<Error> fault_;
};

constexpr std::pair<std::string_view, Protection> kProtections[] = {
    {"auth", Protection::kListenerAuth},
    {"lists", Protection::kAddressLists},
    {"limits", Protection::kLimits}};

// Names that we do not know are kept out of what a node enforces, and of what a mount needs they
// make something that nobody enforces.
ProtectionSet protections(Members& in, std::string_view name, const Json& value, bool strict) {
  ProtectionSet set = 0;
  in.array(name, value, kMostWords, [&](const Json& element) {
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

void addresses_of(Members& in, PublicScheme scheme, std::string_view name, const Json& list,
                  std::vector<NodeAddress>& out) {
  in.array(name, list, kMostWords, [&](const Json& element) {
    auto address = parse_public_address(scheme, in.text(name, element, kLongestText), 0);
    if (address)
      out.push_back(std::move(*address));
    else
      in.wrong(name, "has one that is none: " + address.error().what);
  });
}

// [["/rock.mp3", 812], ["/gone.mp3", null], ["/secret.mp3", 3, ["auth"]]]
std::vector<MountLoad> loads(Members& in, std::string_view name) {
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
      load.listeners =
          static_cast<unsigned>(in.whole(name, pair.at(1), kMostListeners).value_or(0));
    load.enforces = protections(in, name, pair.at(2), false);
    out.push_back(std::move(load));
  });
  return out;
}

std::vector<StreamOffer> offers(Members& in, std::string_view name) {
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
    if (!in.fault() && offer.path.empty()) in.wrong("from", "names nobody");
    offer.needs = protections(in, "needs", element.at("needs"), true);
    out.push_back(std::move(offer));
  });
  return out;
}

DrainMode drain_mode(Members& in, std::string_view name) {
  const std::string word = in.word(name, false);
  const auto mode = parse_drain_or_off(word);
  if (!mode && !word.empty()) in.wrong(name, "is none of off, soft, move, hard");
  return mode.value_or(DrainMode::kSoft);
}

Frame read_hello(Members& in) {
  HelloFrame out;
  out.id = in.word("id", true);
  out.epoch = in.word("epoch", true);
  out.version = in.text("ver");
  if (const Json proto = in.member("proto"); !proto.missing()) {
    const bool pair = proto.is_array() && proto.size() == 2;
    if (!pair) in.wrong("proto", "is not [major, minor]");
    out.major =
        static_cast<unsigned>(in.whole("proto", proto.at(std::size_t{0}), 1000).value_or(1));
    out.minor = static_cast<unsigned>(in.whole("proto", proto.at(1), 1000).value_or(0));
  }
  const Json pub = in.object("pub");
  addresses_of(in, PublicScheme::kHttp, "pub.http", pub.at("http"), out.addresses);
  addresses_of(in, PublicScheme::kHttps, "pub.https", pub.at("https"), out.addresses);
  const Json cap = in.object("cap");
  out.capacity.listeners =
      static_cast<unsigned>(in.whole("cap.lis", cap.at("lis"), kMostListeners).value_or(0));
  out.capacity.kbps = in.real("cap.kbps", cap.at("kbps"), kMostKbps);
  out.capacity.accepts =
      static_cast<unsigned>(in.whole("cap.acc", cap.at("acc"), kMostListeners).value_or(0));
  out.tags = in.words("tags", in.member("tags"), kMostWords);
  out.countries = in.words("geo", in.member("geo"), kMostWords);
  out.enforces = protections(in, "enforces", in.member("enforces"), false);
  out.tokens = in.flag("tokens", false);
  out.masters = in.small("masters", kMostMasters, 1);
  out.wants_listeners = in.flag("listeners", true);
  out.now_ms = in.wall("now");
  return out;
}

Frame read_welcome(Members& in) {
  WelcomeFrame out;
  out.id = in.word("id", true);
  out.epoch = in.word("epoch", true);
  out.version = in.text("ver");
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
  in.array("keys", in.member("keys"), kMostKeys, [&](const Json& element) {
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

Frame read_snap(Members& in) {
  SnapFrame out;
  out.seq = in.seq();
  out.offers = offers(in, "mounts");
  out.carried = loads(in, "carried");
  out.more = in.flag("more", false);
  return out;
}

Frame read_delta(Members& in) {
  DeltaFrame out;
  out.seq = in.seq();
  out.added = offers(in, "add");
  in.array("del", in.member("del"), kLongestFrame,
           [&](const Json& element) { out.removed.push_back(in.mount("del", element)); });
  return out;
}

Frame read_load(Members& in) {
  LoadFrame out;
  out.seq = in.seq();
  out.at_ms = in.needed_whole("at", kLargest);
  out.listeners = static_cast<unsigned>(in.needed_whole("lis", kMostListeners));
  out.kbps = in.real("kbps", in.member("kbps", true), kMostKbps);
  out.loop_ms = in.small("loop_ms", kLongestTurn, 0);
  out.relays = in.small("relays", kMostListeners, 0);
  out.masters = in.small("masters", kMostMasters, 1);
  out.round_trip_us = in.small("rtt_us", 60'000'000, 0);
  out.arrivals = in.whole("arr", in.member("arr"), kLargest);
  out.changed = loads(in, "c");
  return out;
}

Frame read_ack(Members& in) {
  AckFrame out;
  out.seq = in.seq();
  out.now_ms = in.wall("now");
  out.issued = in.whole("iss", kLargest, 0);
  return out;
}

Frame read_drain(Members& in) {
  DrainFrame out;
  out.kind = drain_mode(in, "mode");
  out.why = in.text("why");
  return out;
}

Frame read_command(Members& in) {
  using Verb = CommandFrame::Verb;
  CommandFrame out;
  out.number = in.needed_whole("id", kLargest);
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
  if (out.verb == Verb::kKick) out.listener = in.whole("cid", kLargest, 0);
  if (out.verb == Verb::kMove) out.to = in.mount("to", in.member("to", true));
  if (out.verb == Verb::kMetadata) {
    out.title = in.text("title", kLongestTitle);
    out.artist = in.text("artist", kLongestTitle);
    out.url = in.text("url", kLongestTitle);
  }
  return out;
}

Frame read_result(Members& in) {
  ResultFrame out;
  out.number = in.needed_whole("id", kLargest);
  in.member("ok", true);
  out.done = in.flag("ok", false);
  out.why = in.text("why");
  return out;
}

Frame read_message(Members& in) {
  MessageFrame out;
  out.topic = in.word("topic", true);
  out.from = in.word("from", true);
  out.serial = in.word("id", true);
  const Json bytes = in.member("b");
  auto decoded = base64_decode(in.text("b", bytes, kLongestMessage * 2));
  if (!decoded)
    in.wrong("b", "is no base64");
  else if (decoded->size() > kLongestMessage)
    in.wrong("b", "holds " + std::to_string(decoded->size()) + " bytes, the most is " +
                      std::to_string(kLongestMessage));
  else
    out.bytes = std::move(*decoded);
  return out;
}

Frame read_who(Members& in) {
  WhoFrame out;
  out.mount = in.mount("m", in.member("m", true));
  if (const Json known = in.member("ok"); !known.missing()) out.known = in.flag("ok", false);
  return out;
}

Frame read_bye(Members& in) {
  ByeFrame out;
  out.why = in.text("why");
  out.code = static_cast<int>(in.whole("code", 999, 0));
  out.back = std::chrono::milliseconds(in.whole("back", kLongestDead, 0));
  return out;
}

Frame read_prove(Members& in) {
  ProveFrame out;
  out.ask = in.word("ask", true);
  out.say = in.word("say", true);
  return out;
}

struct Reader {
  std::string_view name;
  Frame (*read)(Members&);
};
constexpr Reader kReaders[] = {
    {"HELLO", read_hello}, {"WELCOME", read_welcome}, {"SNAP", read_snap},   {"DELTA", read_delta},
    {"LOAD", read_load},   {"ACK", read_ack},         {"DRAIN", read_drain}, {"CMD", read_command},
    {"RES", read_result},  {"MSG", read_message},     {"WHO", read_who},     {"BYE", read_bye},
    {"PROVE", read_prove}};

}  // namespace

Result<std::optional<Frame>> parse_frame(std::string_view line) {
  if (line.size() >= kLongestFrame)
    return Error::limit("a frame of " + std::to_string(line.size()) + " bytes, the most is " +
                        std::to_string(kLongestFrame - 1));
  auto json = Json::parse(line, kDeepest);
  if (!json) return json.error();
  if (!json->is_object()) return Error::invalid("a frame that is no JSON object");
  const auto type = json->at("t").text();
  if (!type) return Error::invalid("a frame without its type, t");
  for (const Reader& reader : kReaders) {
    if (reader.name != *type) continue;
    Members in(std::move(*json), reader.name);
    Frame frame = reader.read(in);
    if (in.fault()) return *in.fault();
    return std::optional<Frame>(std::move(frame));
  }
  return std::optional<Frame>();
}

}  // namespace lb
