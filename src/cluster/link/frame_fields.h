// The members of every frame, and of the rows in them: name, kind and bounds, in the order in which
// they are written.  parse_frame() and render_frame() are loops over these tables, and
// tests/unit/cluster/link/frame_doc_test.cc compares doc/link.md with them.
//
// A member without always() is left out if it is empty.
//
// Source: doc/link.md.
// Thread: constants.
#pragma once

#include <array>

#include "cluster/link/frame.h"
#include "cluster/link/frame_values.h"

namespace lb {

constexpr std::uint64_t kMaxFrameKbps = 1'000'000'000;  // a terabit a second
constexpr std::uint64_t kMaxFrameMasters = 64;
constexpr std::uint64_t kLongestTurn = 3'600'000;  // ms
constexpr std::uint64_t kLongestEvery = 60'000, kLongestDead = 600'000;

inline constexpr auto kCapacityFields =
    std::to_array({member<Whole<kMaxListeners>, &NodeCapacity::listeners>("lis"),
                   member<Real<kMaxFrameKbps>, &NodeCapacity::kbps>("kbps"),
                   member<Whole<kMaxListeners>, &NodeCapacity::accepts>("acc"),
                   member<Whole<1'000'000>, &NodeCapacity::sources>("src"),
                   member<Real<kMaxFrameKbps>, &NodeCapacity::ingest_kbps>("in")});

inline constexpr auto kHelloFields = std::to_array(
    {member<Word, &NodeFacts::id, HelloFrame>("id").needed(),
     member<Word, &NodeFacts::epoch, HelloFrame>("epoch").needed(),
     member<Text<>, &HelloFrame::version>("ver"), whole_member<Proto, HelloFrame>("proto").always(),
     member<Addresses, &NodeFacts::addresses, HelloFrame>("pub"),
     member<Object<kCapacityFields>, &NodeFacts::capacity, HelloFrame>("cap").always(),
     member<Words, &NodeFacts::countries, HelloFrame>("geo"),
     member<Words, &NodeFacts::tags, HelloFrame>("tags"),
     member<Enforces, &NodeFacts::enforces, HelloFrame>("enforces"),
     member<Boolean, &HelloFrame::tokens>("tokens"), member<Boolean, &HelloFrame::keyed>("keyed"),
     member<Whole<kMaxFrameMasters>, &NodeFacts::masters, HelloFrame>("masters").always(),
     member<Boolean, &HelloFrame::wants_listeners>("listeners").always(),
     member<Wall, &HelloFrame::now_ms>("now").always()});

inline constexpr auto kKeyFields = std::to_array(
    {member<Whole<255>, &TokenKey::number>("k").needed(),
     member<Base64<kLongestText, kLongestText, 1>, &TokenKey::key>("key").always().or_fault(
         "is not base64")});
struct KeyRow : Object<kKeyFields> {
  static void read(const FrameValue& value, TokenKey& out) {
    Fields(kKeyFields).read(value.in, value.json, out);
  }
};
inline constexpr auto kPortFields =
    std::to_array({member<Whole<65'535>, &WelcomeFrame::http_port>("http"),
                   member<Whole<65'535>, &WelcomeFrame::https_port>("https")});
inline void judge_beat(FrameMembers& in, const WelcomeFrame& frame) {
  if (frame.every.count() < 50) in.wrong("every", "is less than 50");
  if (frame.dead < 2 * frame.every) in.wrong("dead", "is less than twice every");
}

inline constexpr auto kWelcomeFields = std::to_array(
    {member<Word, &WelcomeFrame::id>("id").needed(),
     member<Word, &WelcomeFrame::epoch>("epoch").needed(),
     member<Text<>, &WelcomeFrame::version>("ver"), whole_member<Proto, WelcomeFrame>("proto"),
     member<Wall, &WelcomeFrame::now_ms>("now").always(),
     member<Whole<kLongestEvery>, &WelcomeFrame::every>("every").always(),
     member<Whole<kLongestDead>, &WelcomeFrame::dead>("dead").always(),
     whole_member<Check<judge_beat>, WelcomeFrame>().always(),
     whole_member<Object<kPortFields>, WelcomeFrame>("ports").always(),
     member<Addresses, &WelcomeFrame::addresses>("pub"),
     member<ListOf<KeyRow, 8>, &WelcomeFrame::keys>("keys"),
     member<Boolean, &WelcomeFrame::audience>("audience"),
     member<Boolean, &WelcomeFrame::accounts>("accounts")});

inline constexpr auto kOfferFields =
    std::to_array({member<MountName, &StreamOffer::mount>("m").always().or_fault("is not text"),
                   member<Text<>, &StreamOffer::content_type>("ct"),
                   member<Real<1'000'000>, &StreamOffer::kbps>("br"),
                   member<OfferWay, &StreamOffer::path>("from").or_fault("is empty"),
                   member<Needs, &StreamOffer::needs>("needs")});

inline constexpr auto kSnapFields = std::to_array(
    {member<Seq, &SnapFrame::seq>("seq").needed(),
     member<ListOf<RowOf<kOfferFields>>, &SnapFrame::offers>("mounts"),
     member<Loads, &SnapFrame::carried>("carried"), member<Boolean, &SnapFrame::more>("more")});

inline constexpr auto kDeltaFields =
    std::to_array({member<Seq, &DeltaFrame::seq>("seq").needed(),
                   member<ListOf<RowOf<kOfferFields>>, &DeltaFrame::added>("add"),
                   member<ListOf<MountName>, &DeltaFrame::removed>("del")});

inline constexpr auto kLoadFields = std::to_array(
    {member<Seq, &LoadFrame::seq>("seq").needed(),
     member<Whole<>, &LoadFrame::at_ms>("at").needed(),
     member<Whole<kMaxListeners>, &LoadFrame::listeners>("lis").needed(),
     member<Real<kMaxFrameKbps>, &LoadFrame::kbps>("kbps").needed(),
     member<Whole<kLongestTurn>, &LoadFrame::loop_ms>("loop_ms").always(),
     member<Whole<kMaxListeners>, &LoadFrame::relays>("relays").always(),
     member<Whole<kMaxFrameMasters>, &LoadFrame::masters>("masters").always(),
     member<Whole<60'000'000>, &LoadFrame::round_trip_us>("rtt_us"),
     member<Wall, &LoadFrame::now_ms>("now"),
     member<Name<parse_pull_fault>, &LoadFrame::cannot>("cannot"),
     member<Whole<>, &LoadFrame::arrivals>("arr"), member<Clients, &LoadFrame::clients>("by"),
     member<Boolean, &LoadFrame::tokens>("tokens"), member<Whole<>, &LoadFrame::conf_runs>("conf"),
     member<Loads, &LoadFrame::changed>("c")});

inline constexpr auto kAckFields = std::to_array(
    {member<Seq, &AckFrame::seq>("seq").needed(), member<Wall, &AckFrame::now_ms>("now").always(),
     member<Whole<>, &AckFrame::issued>("iss").always()});

inline constexpr char kNoDrain[] = "is not one of off, soft, move, hard";
using DrainName = Name<parse_drain_or_off, kNoDrain>;
inline constexpr auto kDrainFields =
    std::to_array({member<DrainName, &DrainFrame::kind>("mode").always(),
                   member<Text<>, &DrainFrame::why>("why")});

inline constexpr auto kKickFields =
    std::to_array({member<MountName, &CommandFrame::mount>("m").needed(),
                   member<Whole<>, &CommandFrame::listener>("cid"),
                   member<Whole<>, &CommandFrame::encoder>("sid")});
inline constexpr auto kFallbackFields =
    std::to_array({member<MountName, &CommandFrame::mount>("m").needed(),
                   member<MountName, &CommandFrame::to>("to")});
inline constexpr auto kSongFields = std::to_array(
    {member<Text<kLongestTitle>, &SongDetails::album>("album"),
     member<Word, &SongDetails::isrc>("isrc"),
     member<Whole<SongDetails::kLongestMs>, &SongDetails::duration_ms>("ms"),
     member<Text<>, &SongDetails::label>("label"), member<Text<>, &SongDetails::label_code>("lc"),
     member<Text<>, &SongDetails::composer>("comp"),
     member<Text<kLongestTitle>, &SongDetails::artist>("artist")});
inline constexpr auto kMoveFields =
    std::to_array({member<MountName, &CommandFrame::mount>("m").needed(),
                   member<MountName, &CommandFrame::to>("to").needed(),
                   member<Whole<>, &CommandFrame::listener>("cid")});
inline constexpr auto kMetadataFields =
    std::to_array({member<MountName, &CommandFrame::mount>("m").needed(),
                   member<Text<kLongestTitle>, &CommandFrame::title>("title"),
                   member<Text<kLongestTitle>, &CommandFrame::artist>("artist"),
                   member<Text<kLongestTitle>, &CommandFrame::url>("url"),
                   member<Word, &CommandFrame::art>("art"),
                   member<Text<kLongestTitle>, &CommandFrame::next>("next"),
                   member<Object<kSongFields>, &CommandFrame::about>("about"),
                   member<Object<kSongFields>, &CommandFrame::next_about>("nabout"),
                   member<Wall, &CommandFrame::wall_ms>("wall")});
inline constexpr auto kDrainOrderFields =
    std::to_array({member<DrainName, &CommandFrame::drain>("mode").always()});
// The members that the order needs, by its verb.
struct OrderMembers : FrameKind {
  using Verb = CommandFrame::Verb;
  static Fields<CommandFrame, FrameMembers> of(const CommandFrame& frame) {
    if (frame.verb == Verb::kDrain) return kDrainOrderFields;
    if (frame.verb == Verb::kMove) return kMoveFields;
    if (frame.verb == Verb::kMetadata) return kMetadataFields;
    if (frame.verb == Verb::kFallback) return kFallbackFields;
    return kKickFields;
  }
  static void read(const FrameValue& frame, CommandFrame& out) {
    of(out).read(frame.in, frame.json, out);
  }
  static void write(JsonWriter& json, const CommandFrame& frame) { of(frame).write(json, frame); }
};
inline constexpr char kNoVerb[] = "is not one of kick, move, drain, metadata, fallback";
constexpr auto kParseVerb =
    one_of<CommandFrame::Verb::kKick, CommandFrame::Verb::kMove, CommandFrame::Verb::kDrain,
           CommandFrame::Verb::kMetadata, CommandFrame::Verb::kFallback>;
inline constexpr auto kCommandFields =
    std::to_array({member<Whole<>, &CommandFrame::number>("id").needed(),
                   member<Name<kParseVerb, kNoVerb>, &CommandFrame::verb>("do").needed(),
                   whole_member<OrderMembers, CommandFrame>().always()});

inline constexpr auto kResultFields = std::to_array(
    {member<Whole<>, &ResultFrame::number>("id").needed(),
     member<Boolean, &ResultFrame::done>("ok").needed(), member<Text<>, &ResultFrame::why>("why"),
     member<Whole<>, &ResultFrame::count>("n")});

inline constexpr auto kMessageFields = std::to_array(
    {member<Word, &MessageFrame::topic>("topic").needed(),
     member<Word, &MessageFrame::from>("from").needed(),
     member<Word, &MessageFrame::serial>("id").needed(),
     member<Base64<kLongestMessage * 2, kLongestMessage, 0>, &MessageFrame::bytes>("b").always()});

inline constexpr auto kWhoFields = std::to_array(
    {member<MountName, &WhoFrame::mount>("m").needed(), member<Boolean, &WhoFrame::known>("ok")});

inline constexpr auto kByeFields = std::to_array(
    {member<Text<>, &ByeFrame::why>("why"), member<Whole<999>, &ByeFrame::code>("code"),
     member<Whole<kLongestDead>, &ByeFrame::back>("back")});

inline constexpr auto kProveFields =
    std::to_array({member<Word, &ProveFrame::ask>("ask").needed(),
                   member<Word, &ProveFrame::say>("say").needed()});

inline constexpr auto kSourceFields =
    std::to_array({member<Text<kMaxReportedText>, &ReportedSource::user>("u"),
                   member<Text<>, &ReportedSource::address>("ip"),
                   member<Text<kMaxReportedText>, &ReportedSource::agent>("ua"),
                   member<Whole<>, &ReportedSource::since>("since")});
// A source of the node's own that is connected; another type than an object is ignored.
struct RowSource : Object<kSourceFields> {
  static void read(const FrameValue& value, IngestRow& out) {
    if (value.json.is_object()) Object::read(value, out.by);
  }
  static void write(JsonWriter& json, const IngestRow& row) { Object::write(json, row.by); }
  static bool empty(const IngestRow& row) {
    return !row.source || row.state != IngestState::kOn || row.by.since <= 0;
  }
};
// A node in an unknown state, of a later version, does not capture.
inline constexpr auto kIngestFields = std::to_array(
    {member<MountName, &IngestRow::mount>("m").needed(),
     member<Word, &IngestRow::at>("at").needed(),
     member<Name<one_of<IngestState::kOn, IngestState::kReady>>, &IngestRow::state>("st").needed(),
     member<StreamWay, &IngestRow::via>("via"), member<RowFlag, &IngestRow::source>("src"),
     whole_member<RowSource, IngestRow>("by"), member<Word, &IngestRow::end>("end")});

inline constexpr auto kArchiveFields = std::to_array(
    {member<MountName, &ArchiveRow::mount>("m").needed(),
     member<Word, &ArchiveRow::at>("at").needed(),
     member<RowAddresses, &ArchiveRow::addresses>("pub"),
     member<Ranges, &ArchiveRow::have>("have").needed(), member<Word, &ArchiveRow::pass>("pass"),
     member<Needs, &ArchiveRow::needs>("needs")});

inline constexpr auto kTitleFields = std::to_array(
    {member<MountName, &TitleRow::mount>("m").needed(), member<Word, &TitleRow::at>("at").needed(),
     member<Text<kLongestTitle>, &TitleRow::song>("song"), member<Word, &TitleRow::place>("id"),
     member<Wall, &TitleRow::wall_ms>("wall"), member<Whole<kMaxTitleHops>, &TitleRow::hops>("hop"),
     member<Word, &TitleRow::art>("art"), member<Text<kLongestTitle>, &TitleRow::next>("next"),
     member<Text<kLongestTitle>, &TitleRow::url>("url"),
     member<Object<kSongFields>, &TitleRow::about>("about"),
     member<Object<kSongFields>, &TitleRow::next_about>("nabout"),
     member<Text<kLongestText>, &TitleRow::live>("live"),
     member<Wall, &TitleRow::live_ms>("lwall")});

inline constexpr auto kBookFields = std::to_array(
    {member<Word, &BookFrame::epoch>("epoch").needed(),
     member<Whole<kMaxBookNumber>, &BookFrame::last>("last").needed(),
     member<ListOf<Text<kLongestBookRow>, kMaxBookRows>, &BookFrame::rows>("rows").needed(),
     member<Boolean, &BookFrame::wants_keys>("keys")});
inline constexpr auto kBookedFields =
    std::to_array({member<Word, &BookedFrame::epoch>("epoch").needed(),
                   member<Whole<kMaxBookNumber>, &BookedFrame::last>("last").needed(),
                   member<Text<>, &BookedFrame::why>("why"),
                   member<ListOf<Text<>, 3>, &BookedFrame::keys>("keys")});

// An unknown word, of a later version, is treated as no answer.
inline constexpr auto kParseSlotWord = one_of<SlotWord::kUsed, SlotWord::kHeld, SlotWord::kLate,
                                              SlotWord::kOpen, SlotWord::kAgain, SlotWord::kEnd>;
inline constexpr auto kSlotDownFields =
    std::to_array({member<MountName, &SlotRow::mount>("m").needed(),
                   member<Whole<>, &SlotRow::life>("life").needed(),
                   member<Whole<kMaxSlotCount>, &SlotRow::given>("given").needed(),
                   member<Whole<kMaxSlotCount>, &SlotRow::claimed>("claimed"),
                   member<Whole<kMaxSlotsAtOnce>, &SlotRow::recall>("recall"),
                   member<Name<kParseSlotWord>, &SlotRow::word>("word")});
inline constexpr auto kSlotUpFields = std::to_array(
    {member<MountName, &SlotRow::mount>("m").needed(),
     member<Whole<>, &SlotRow::life>("life").needed(),
     member<Whole<kMaxSlotCount>, &SlotRow::back>("back").needed(),
     member<Whole<kMaxSlotCount>, &SlotRow::claim>("claim"),
     member<Whole<kMaxSlotCount>, &SlotRow::moved>("moved"),
     member<Whole<kMaxSlotsAtOnce>, &SlotRow::want>("want"),
     member<Whole<kMaxSlotCount>, &SlotRow::got>("got"), member<RowFlag, &SlotRow::none>("none")});

struct SlotMembers : FrameKind {
  static void read(const FrameValue& value, SlotRow& out) {
    out.down = !value.json.at("given").missing();
    out.down ? Down::read(value, out) : Up::read(value, out);
  }
  static void write(JsonWriter& json, const SlotRow& row) {
    row.down ? Down::write(json, row) : Up::write(json, row);
  }

 private:
  using Down = RowOf<kSlotDownFields>;
  using Up = RowOf<kSlotUpFields>;
};

inline constexpr auto kSeatFields = std::to_array(
    {member<MountName, &SeatRow::mount>("m").needed(), member<Word, &SeatRow::user>("u").needed(),
     member<Word, &SeatRow::who>("who"), member<Whole<>, &SeatRow::number>("n").needed(),
     // A row with an act of a later version is for later nodes only.
     member<Name<parse_seat_act, kNoFault, true>, &SeatRow::act>("do").needed(),
     member<Positive<kMaxSeatsOfUser>, &SeatRow::most>("most"),
     member<RowFlag, &SeatRow::drop>("drop")});

inline constexpr auto kReportedListenerFields = std::to_array(
    {member<Whole<>, &ListenerRow::id>("n").needed(), member<Text<>, &ListenerRow::address>("ip"),
     member<Text<kMaxReportedText>, &ListenerRow::agent>("ua"),
     member<Text<kMaxReportedText>, &ListenerRow::user>("u"),
     member<Whole<>, &ListenerRow::seconds>("s").always(),
     member<RowFlag, &ListenerRow::hls>("hls"), member<Whole<>, &ListenerRow::round_trip_us>("rtt"),
     member<Whole<>, &ListenerRow::retransmits>("re"),
     member<Whole<>, &ListenerRow::queue_bytes>("q"),
     member<Whole<>, &ListenerRow::lag_ms>("lag")});

inline constexpr auto kItemFields = std::to_array(
    {member<ConfKey, &ConfItem::key>("k").needed(),
     member<ConfValue, &ConfItem::value>("v").needed(), member<RowFlag, &ConfItem::part>("part")});

template <class T, class Row>
inline constexpr auto kRowsFields =
    std::to_array({member<ListOf<Row>, &RowsFrame<T>::rows>("rows").needed()});

inline void judge_question(FrameMembers&, AskFrame& frame) {
  if (frame.what != "listeners") frame.most = 0;  // of a later version, so it cannot be answered
}
inline constexpr auto kAskFields = std::to_array(
    {member<Whole<>, &AskFrame::number>("id").needed(),
     member<Word, &AskFrame::what>("what").needed(),
     member<MountName, &AskFrame::mount>("m").needed(), member<Whole<>, &AskFrame::after>("after"),
     member<Whole<kMaxReportedRows>, &AskFrame::most>("most").needed(),
     whole_member<Check<judge_question>, AskFrame>().always()});

inline constexpr auto kTellFields = std::to_array(
    {member<Whole<>, &TellFrame::number>("id").needed(),
     member<ListOf<RowOf<kReportedListenerFields>, kMaxReportedRows>, &TellFrame::rows>("rows")
         .needed(),
     member<Boolean, &TellFrame::more>("more"), member<Text<>, &TellFrame::why>("why")});

inline constexpr auto kConfFields = std::to_array(
    {member<Word, &ConfFrame::store>("store").needed(),
     member<Whole<>, &ConfFrame::revision>("rev").needed(), member<Boolean, &ConfFrame::all>("all"),
     member<ListOf<RowOf<kItemFields>>, &ConfFrame::set>("set"),
     member<ListOf<ConfKey>, &ConfFrame::removed>("del"),
     member<Boolean, &ConfFrame::more>("more")});

}  // namespace lb
