#include "cluster/link/frame.h"

#include <array>

#include "base/cat.h"
#include "base/json.h"
#include "base/strings.h"
#include "cluster/link/frame_fields.h"

namespace lb {
namespace {

constexpr std::size_t kDeepest = 6;

struct FrameType {
  std::string_view name;
  Frame (*read)(FrameMembers& in, const Json& object);
  void (*write)(JsonWriter& json, const Frame& frame);
};
template <const auto& kFields>
constexpr FrameType type(std::string_view name) {
  using T = typename std::remove_cvref_t<decltype(kFields)>::value_type::Object;
  return {name,
          [](FrameMembers& in, const Json& object) -> Frame {
            T out;
            Fields(kFields).read(in, object, out);
            return out;
          },
          [](JsonWriter& json, const Frame& frame) {
            Fields(kFields).write(json, *std::get_if<T>(&frame));
          }};
}
// In the order of Frame.
constexpr std::array<FrameType, std::variant_size_v<Frame>> kTypes = {
    type<kHelloFields>("HELLO"),
    type<kWelcomeFields>("WELCOME"),
    type<kSnapFields>("SNAP"),
    type<kDeltaFields>("DELTA"),
    type<kLoadFields>("LOAD"),
    type<kAckFields>("ACK"),
    type<kDrainFields>("DRAIN"),
    type<kCommandFields>("CMD"),
    type<kResultFields>("RES"),
    type<kMessageFields>("MSG"),
    type<kWhoFields>("WHO"),
    type<kByeFields>("BYE"),
    type<kProveFields>("PROVE"),
    type<kRowsFields<IngestRow, RowOf<kIngestFields>>>("INGEST"),
    type<kRowsFields<ArchiveRow, RowOf<kArchiveFields>>>("ARCH"),
    type<kRowsFields<SlotRow, SlotMembers>>("SLOT"),
    type<kRowsFields<SeatRow, RowOf<kSeatFields>>>("SEAT"),
    type<kAskFields>("ASK"),
    type<kTellFields>("TELL"),
    type<kConfFields>("CONF"),
    type<kRowsFields<TitleRow, RowOf<kTitleFields>>>("TITLE"),
    type<kBookFields>("BOOK"),
    type<kBookedFields>("BOOKED")};

}  // namespace

std::string_view to_text(IngestState state) noexcept {
  return word_of<IngestState::kOn>(state, {"off", "ready", "on"});
}

std::string_view to_text(CommandFrame::Verb verb) noexcept {
  return word_of<CommandFrame::Verb::kFallback>(verb,
                                                {"kick", "move", "drain", "metadata", "fallback"});
}

std::string_view to_text(SlotWord word) noexcept {
  return word_of<SlotWord::kCut>(word,
                                 {"", "used", "held", "late", "open", "again", "end", "held"});
}

bool has_rows(const Frame& frame) noexcept {
  return std::holds_alternative<IngestFrame>(frame) ||
         std::holds_alternative<ArchiveFrame>(frame) || std::holds_alternative<SlotFrame>(frame) ||
         std::holds_alternative<SeatFrame>(frame) || std::holds_alternative<TitleFrame>(frame) ||
         std::holds_alternative<BookFrame>(frame) || std::holds_alternative<BookedFrame>(frame);
}

std::string_view frame_name(const Frame& frame) noexcept { return kTypes[frame.index()].name; }

Result<std::optional<Frame>> parse_frame(std::string_view line) {
  if (line.size() >= kLongestFrame)
    return Error::limit(
        cat({"a frame of ", line.size(), " bytes, the most is ", kLongestFrame - 1}));
  auto json = Json::parse(line, kDeepest);
  if (!json) return json.error();
  if (!json->is_object()) return Error::invalid("a frame that is not a JSON object");
  const auto name = json->at("t").text();
  if (!name) return Error::invalid("a frame without its type, t");
  for (const FrameType& type : kTypes) {
    if (type.name != *name) continue;
    FrameMembers in(type.name);
    Frame frame = type.read(in, *json);
    if (in.fault()) return *in.fault();
    return std::optional<Frame>(std::move(frame));
  }
  return std::optional<Frame>();
}

std::string render_frame(const Frame& frame) {
  const FrameType& type = kTypes[frame.index()];
  JsonWriter json;
  json.begin_object();
  json.key("t").text(type.name);
  type.write(json, frame);
  json.end_object();
  return json.take() + "\n";
}

}  // namespace lb
