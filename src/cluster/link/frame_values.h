// Kinds of values with a form of their own: protections, addresses, loads of mounts, times of
// recordings, items of CONF.
//
// Source: doc/link.md.
// Thread: pure functions; FrameMembers has one user.
// Errors: the fault of FrameMembers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/link/frame_kinds.h"
#include "cluster/nodes/public_address.h"
#include "cluster/polling/node_report.h"

namespace lb {

constexpr std::size_t kMaxFrameWords = 32;  // tags, countries, addresses
using Words = ListOf<Word, kMaxFrameWords>;
// Nodes that a stream has passed.
using StreamWay = ListOf<Word, Behind::kLongestWay>;
// Such a way that is not empty: it has at least the node of the source.
struct OfferWay : StreamWay {
  static void read(const FrameValue& value, std::vector<std::string>& out) {
    StreamWay::read(value, out);
    if (out.empty()) value.wrong("is empty");
  }
};

// Wall time in ms; 0: missing.
struct Wall : Whole<> {
  static bool empty(std::int64_t value) { return value <= 0; }
};

// [major, minor]; left out where minor is 0.
struct Proto : FrameKind {
  template <class T>
  static void read(const FrameValue& value, T& out) {
    if (!value.json.is_array() || value.json.size() != 2) value.wrong("is not [major, minor]");
    const auto major = value.part(value.json.at(std::size_t{0})).whole(1000);
    if constexpr (requires { out.major; }) out.major = static_cast<unsigned>(major.value_or(1));
    out.minor = static_cast<unsigned>(value.part(value.json.at(1)).whole(1000).value_or(0));
  }
  template <class T>
  static void write(JsonWriter& json, const T& from) {
    unsigned major = 1;
    if constexpr (requires { from.major; }) major = from.major;
    json.begin_array().number(major).number(from.minor).end_array();
  }
  template <class T>
  static bool empty(const T& from) {
    return from.minor == 0;
  }
};

// Unknown names: among those that a node enforces they are ignored; a mount that needs one needs a
// protection that no node enforces (kNeeds).
template <bool kNeeds>
struct Protections : FrameKind {
  static constexpr std::string_view kText = "*protections*";

  static void read(const FrameValue& value, ProtectionSet& out) {
    value.array(kMaxFrameWords, [&](const FrameValue& element) {
      const std::string word = element.word();
      ProtectionSet set = kNeeds ? 0xff : 0;
      for (const auto& [text, protection] : kProtectionNames)
        if (text == word) set = static_cast<ProtectionSet>(protection);
      out = static_cast<ProtectionSet>(out | set);
    });
  }
  static void write(JsonWriter& json, ProtectionSet set) {
    json.begin_array();
    for (const auto& [name, protection] : kProtectionNames) {
      if ((set & static_cast<ProtectionSet>(protection)) != 0) json.text(name);
      set = static_cast<ProtectionSet>(set & ~static_cast<ProtectionSet>(protection));
    }
    if (set != 0) json.text("others");
    json.end_array();
  }
};
using Enforces = Protections<false>;
using Needs = Protections<true>;

// {"http": [address …], "https": […]}
struct RowAddresses : FrameKind {
  static constexpr std::pair<std::string_view, PublicScheme> kLists[] = {
      {"http", PublicScheme::kHttp}, {"https", PublicScheme::kHttps}};

  static void read(const FrameValue& value, std::vector<NodeAddress>& out) {
    value.in.within(value.name);
    for (const auto& [list, scheme] : kLists) {
      const Json addresses = value.json.at(list);
      FrameValue{value.in, list, addresses}.array(
          kMaxFrameWords, [&, &scheme = scheme](const FrameValue& element) {
            auto address = parse_public_address(scheme, element.text(kLongestText), 0);
            if (!address) return element.wrong("has an invalid address: " + address.error().what);
            out.push_back(std::move(*address));
          });
    }
    value.in.within("");
  }
  static void write(JsonWriter& json, const std::vector<NodeAddress>& addresses) {
    json.begin_object();
    for (const auto& [list, scheme] : kLists) {
      bool any = false;
      for (const NodeAddress& address : addresses) {
        if (address.scheme != scheme) continue;
        if (!std::exchange(any, true)) json.key(list).begin_array();
        json.text(to_text(address));
      }
      if (any) json.end_array();
    }
    json.end_object();
  }
};
struct Addresses : RowAddresses {
  static void read(const FrameValue& value, std::vector<NodeAddress>& out) {
    if (!value.json.is_object()) value.wrong("is not an object");
    RowAddresses::read(value, out);
  }
};

// ["/rock.mp3", 812], ["/gone.mp3", null], ["/secret.mp3", 3, ["auth"], {"free": 7}],
// ["/far.mp3", 2, [], {"below": 40, "from": ["m1", "e1"]}]
struct Load : FrameKind {
  using Count = Whole<kMaxListeners>;

  static void read(const FrameValue& pair, MountLoad& out) {
    const Json& json = pair.json;
    if (!json.is_array() || json.size() < 2) return pair.wrong("has an element that is not a pair");
    out.mount = pair.part(json.at(std::size_t{0})).mount();
    const Json listeners = json.at(1);
    out.carries = !listeners.is_null();
    if (out.carries) Count::read(pair.part(listeners), out.listeners);
    Enforces::read(pair.part(json.at(2)), out.enforces);
    const Json more = json.at(3);
    if (!more.is_object()) return;
    if (const Json cannot = more.at("cannot"); !cannot.missing())
      out.cannot = parse_pull_fault(pair.part(cannot).word());
    Count::read(pair.part(more.at("free")), out.free);
    Count::read(pair.part(more.at("below")), out.below);
    if (const Json from = more.at("from"); !from.missing())
      StreamWay::read(pair.part(from), out.from.emplace());
  }
  static void write(JsonWriter& json, const MountLoad& load) {
    json.begin_array();
    MountName::write(json, load.mount);
    if (load.carries)
      json.number(load.listeners);
    else
      json.null();
    const bool more = load.cannot != PullFault::kNone || load.free != MountLoad::kUnlimited ||
                      load.below != 0 || load.from;
    if (load.enforces != 0 || more) Enforces::write(json, load.enforces);
    if (more) {
      json.begin_object();
      if (load.cannot != PullFault::kNone) json.key("cannot").text(to_text(load.cannot));
      if (load.free != MountLoad::kUnlimited) json.key("free").number(load.free);
      if (load.below != 0) json.key("below").number(load.below);
      if (load.from) StreamWay::write(json.key("from"), *load.from);
      json.end_object();
    }
    json.end_array();
  }
};
using Loads = ListOf<Load>;

struct Clients : FrameKind {
  static void read(const FrameValue& value, std::vector<std::uint32_t>& out) {
    auto clients = clients_of_text(value.text((4 * kMaxClients + 2) / 3 * 4));
    if (!clients) return value.wrong("is not base64 of 4 bytes each");
    out = std::move(*clients);
  }
  static void write(JsonWriter& json, const std::vector<std::uint32_t>& clients) {
    json.text(clients_text(clients));
  }
};

struct Range : FrameKind {
  static void read(const FrameValue& range, ArchiveRow::Range& out) {
    using Time = Whole<253'402'300'799'000>;  // the end of the year 9999
    const Json from = range.json.at(std::size_t{0}), to = range.json.at(1);
    if (from.missing() || to.missing()) range.wrong("has an element that is not a pair of times");
    Time::read(range.part(from), out.from_ms);
    Time::read(range.part(to), out.to_ms);
    if (out.to_ms != 0 && out.to_ms < out.from_ms)
      range.wrong("has a range that ends before it begins");
  }
  static void write(JsonWriter& json, const ArchiveRow::Range& range) {
    json.begin_array().number(range.from_ms).number(range.to_ms).end_array();
  }
};
struct Ranges : ListOf<Range, kMaxArchiveRanges> {
  static void write(JsonWriter& json, const std::vector<ArchiveRow::Range>& ranges) {
    ListOf::write(json, std::span(ranges).first(std::min(ranges.size(), kMaxArchiveRanges)));
  }
};

struct ConfKey : Word {
  static constexpr std::string_view kText = "";
  static void read(const FrameValue& value, std::string& out) {
    out = value.text(kConfKeyBytes);
    if (!is_conf_key(out)) value.wrong("has an invalid key");
  }
};
struct ConfValue : Word {
  static void read(const FrameValue& value, std::string& out) {
    const auto text = value.json.text();
    if (!text) return value.wrong("is not text");
    out = *text;
  }
};

}  // namespace lb
