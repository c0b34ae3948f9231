// The members of answers about the running state: nodes, listeners, certificates.
//
// Thread: constants, pure functions.
#pragma once

#include <array>

#include "api/request/live.h"
#include "audience/agents.h"
#include "base/object_kinds.h"

namespace lb {

inline constexpr std::array<std::string_view, 4> kNodeStates{"up", "suspect", "down", "draining"};
inline constexpr char kNoNodeState[] = "";
using AnyText = JsonText<~std::size_t{0}>;
using AnyTexts = JsonTexts<~std::size_t{0}, ~std::size_t{0}>;

// kBrief: for a login with only some mounts.
inline constexpr auto kNodeFields = std::to_array(
    {member<AnyText, &NodeNow::id>("id"),
     member<JsonWord<kNodeStates, kNoNodeState>, &NodeNow::state>("state"),
     member<JsonFlag, &NodeNow::self>("self").in(Form::kAnswer),
     member<AnyText, &NodeNow::url>("url").in(Form::kAnswer).null(Form::kAnswer),
     member<JsonCount, &NodeNow::listeners>("listeners").in(Form::kAnswer),
     member<JsonCount, &NodeNow::max_listeners>("max_listeners")
         .in(Form::kAnswer)
         .null(Form::kAnswer),
     member<JsonCount, &NodeNow::kbps>("kbps").in(Form::kAnswer),
     member<JsonCount, &NodeNow::max_kbps>("max_kbps").in(Form::kAnswer).null(Form::kAnswer),
     member<JsonCount, &NodeNow::sources>("sources").in(Form::kAnswer),
     member<JsonCount, &NodeNow::max_sources>("max_sources").in(Form::kAnswer).null(Form::kAnswer),
     member<JsonCount, &NodeNow::reserved_kbps>("reserved_kbps")
         .in(Form::kAnswer)
         .about("Rate reserved there by mounts of the store."),
     member<JsonCount, &NodeNow::uptime_s>("uptime_s")
         .in(Form::kAnswer)
         .null(Form::kAnswer)
         .about("For another node: since it was linked."),
     member<JsonCount, &NodeNow::old_processes>("old_processes")
         .in(Form::kAnswer)
         .null(Form::kAnswer)
         .about("Processes from before an upgrade that carry TLS connections; null: another node."),
     member<JsonCount, &NodeNow::old_connections>("old_connections")
         .in(Form::kAnswer)
         .null(Form::kAnswer)
         .about("The TLS connections of old_processes."),
     member<AnyText, &NodeNow::version>("version").in(Form::kAnswer).null(Form::kAnswer),
     member<JsonReal, &NodeNow::rtt_ms>("rtt_ms").in(Form::kAnswer).null(Form::kAnswer),
     member<AnyTexts, &NodeNow::tags>("tags").in(Form::kAnswer),
     member<AnyText, &NodeNow::country>("country").in(Form::kAnswer).null(Form::kAnswer),
     member<JsonCount, &NodeNow::weight>("weight").in(Form::kAnswer)});

struct MicrosecondsAsMs : JsonCount {
  static void write(JsonWriter& json, std::uint64_t value) {
    json.number(static_cast<double>(value) / 1000);
  }
  static void schema(SchemaText& text) { text.type("number"); }
};
struct PlayerOf : ObjectKind {
  static void read(const ObjectValue&, ListenerNow&) {}
  static void write(JsonWriter& json, const ListenerNow& row) { json.text(player_of(row.agent)); }
  static void schema(SchemaText& text) { text.type("string"); }
};
// kBrief: for the live feed, whose listeners have a start instead of a duration.
constexpr Forms kBothAnswers = Form::kAnswer | Form::kBrief;
template <class Kind, auto kMember>
constexpr auto listed(std::string_view name) {
  return member<Kind, kMember, ListenerNow>(name);
}
inline constexpr auto kListenerFields = std::to_array(
    {listed<AnyText, &ListenerNow::node>("node"), listed<NumberAsText, &ListenerNow::id>("id"),
     listed<AnyText, &ListenerNow::address>("address")
         .null(kBothAnswers)
         .about("null: the login may not see it"),
     listed<AnyText, &ListenerNow::agent>("agent"),
     whole_member<PlayerOf, ListenerNow>("player").about(
         "The family of its agent; other, or empty: not known."),
     listed<AnyText, &ListenerNow::user>("user").null(kBothAnswers),
     listed<JsonCount, &ListenerNow::seconds>("seconds").in(Form::kAnswer),
     listed<JsonCount, &ListenerNow::since>("since").in(Form::kBrief),
     listed<AnyText, &ListenerNow::country>("country").null(kBothAnswers),
     listed<JsonFlag, &ListenerNow::hls>("hls").about("By HLS, without a lasting connection."),
     listed<MicrosecondsAsMs, &ListenerNow::round_trip_us>("rtt_ms")
         .null(kBothAnswers)
         .about("Of its connection, as measured by its node's kernel; null: unknown, as for HLS "
                "and older nodes."),
     listed<JsonCount, &ListenerNow::retransmits>("retransmits")
         .null(kBothAnswers)
         .about("Segments sent again."),
     listed<JsonCount, &ListenerNow::queue_bytes>("queue_bytes")
         .null(kBothAnswers)
         .about("Sent or waiting, and not acknowledged."),
     listed<JsonCount, &ListenerNow::lag_ms>("lag_ms")
         .null(kBothAnswers)
         .about("How far the data given to its connection is behind the stream's newest byte."),
     listed<AnyTexts, &ListenerNow::path>("path").about(
         "Servers that the stream passes: the source's first, the listener's node last; servers "
         "unknown here are left out.")});

inline constexpr auto kCertificateFields = std::to_array(
    {member<AnyTexts, &CertificateNow::names>("names"),
     member<AnyText, &CertificateNow::issuer>("issuer").null(Form::kAnswer),
     member<AnyText, &CertificateNow::kind>("kind").null(Form::kAnswer),
     member<JsonCount, &CertificateNow::from>("from")
         .null(Form::kAnswer)
         .about("Begin of its validity, like until."),
     member<JsonCount, &CertificateNow::until>("until")
         .null(Form::kAnswer)
         .about("End of its validity, Unix seconds; null: not received yet."),
     member<JsonFlag, &CertificateNow::ordered>("ordered").about(
         "Ordered by <acme>; else a file of the configuration."),
     member<JsonCount, &CertificateNow::next>("next")
         .null(Form::kAnswer)
         .about("Time of the next order, Unix seconds."),
     member<JsonCount, &CertificateNow::failures>("failures").about("Consecutive failures."),
     member<AnyText, &CertificateNow::failure>("failure").null(Form::kAnswer),
     member<AnyText, &CertificateNow::directory>("directory")
         .null(Form::kAnswer)
         .about("The authority's directory."),
     member<JsonFlag, &CertificateNow::under_way>("under_way"),
     member<JsonCount, &CertificateNow::may_be_asked>("wait_s").about(
         "Seconds until it may be ordered manually."),
     member<JsonFlag, &CertificateNow::staging>("staging").about(
         "?staging=1 tries it without using it."),
     member<AnyTexts, &CertificateNow::nodes>("nodes")
         .null(Form::kAnswer)
         .about("Nodes that have it too; null: it is this server's own.")});

}  // namespace lb
