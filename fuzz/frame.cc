// Frames of a link: whatever comes in, what is accepted is clean and bounded, and reads the same
// when it is written again; cutting bytes into lines does not depend on how they arrive.
#include "cluster/link/frame.h"

#include <algorithm>

#include "check.h"
#include "cluster/nodes/names.h"
#include "cluster/nodes/public_address.h"
#include "cluster/polling/node_report.h"
#include "cluster/polling/stream_list.h"

using namespace lb;

namespace {

bool clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}
void must_be_word(std::string_view word) {
  fuzz::must(is_node_id(word), "a word that is none", word);
}
void must_be_mount(std::string_view mount) {
  fuzz::must(may_be_relayed_as(mount) && clean(mount), "a mount that may not be", mount);
}

void judge(const HelloFrame& frame) {
  must_be_word(frame.id);
  must_be_word(frame.epoch);
  fuzz::must(clean(frame.version), "version");
  for (const NodeAddress& address : frame.addresses) {
    fuzz::must(address.port != 0, "a port that is none");
    // It may end up in a Location.
    const std::string origin = origin_of(address);
    fuzz::must(clean(origin) && origin.find_first_of(" /@?#\\\"<>", 8) == std::string::npos,
               "an address", origin);
  }
  for (const std::string& tag : frame.tags) must_be_word(tag);
  fuzz::must(frame.capacity.kbps >= 0 && frame.capacity.kbps <= 1e9, "capacity");
}
void judge(const WelcomeFrame& frame) {
  must_be_word(frame.id);
  fuzz::must(frame.every.count() >= 50 && frame.dead >= 2 * frame.every, "times");
}
void judge(const std::vector<StreamOffer>& offers) {
  for (const StreamOffer& offer : offers) {
    must_be_mount(offer.mount);
    fuzz::must(clean(offer.content_type) && offer.content_type.size() <= kLongestText,
               "content type");
    fuzz::must(!offer.path.empty() && offer.path.size() <= 8, "path");
    for (const std::string& id : offer.path) must_be_word(id);
  }
}
void judge(const std::vector<MountLoad>& loads) {
  for (const MountLoad& load : loads) {
    must_be_mount(load.mount);
    fuzz::must(load.listeners <= 10'000'000 && (load.carries || load.listeners == 0), "listeners");
    fuzz::must(load.below <= 10'000'000 && (!load.from || load.from->size() <= 8),
               "what is behind");
    for (const std::string& id : load.from.value_or(std::vector<std::string>())) must_be_word(id);
  }
}
void judge(const SnapFrame& frame) {
  judge(frame.offers);
  judge(frame.carried);
}
void judge(const DeltaFrame& frame) {
  judge(frame.added);
  for (const std::string& mount : frame.removed) must_be_mount(mount);
}
void judge(const LoadFrame& frame) {
  judge(frame.changed);
  fuzz::must(frame.seq > 0 && frame.kbps >= 0 && frame.kbps <= 1e9 && frame.masters <= 64,
             "a load");
}
void judge(const AckFrame& frame) { fuzz::must(frame.seq > 0, "seq"); }
void judge(const DrainFrame& frame) { fuzz::must(clean(frame.why), "why"); }
void judge(const CommandFrame& frame) {
  if (frame.verb != CommandFrame::Verb::kDrain) must_be_mount(frame.mount);
  if (frame.verb == CommandFrame::Verb::kMove) must_be_mount(frame.to);
  fuzz::must(clean(frame.title) && clean(frame.artist) && clean(frame.url), "a title");
}
void judge(const ResultFrame& frame) { fuzz::must(clean(frame.why), "why"); }
void judge(const MessageFrame& frame) {
  must_be_word(frame.topic);
  must_be_word(frame.from);
  must_be_word(frame.serial);
  fuzz::must(frame.bytes.size() <= kLongestMessage, "a message");
}
void judge(const WhoFrame& frame) { must_be_mount(frame.mount); }
void judge(const ProveFrame& frame) {
  must_be_word(frame.ask);
  must_be_word(frame.say);
}
void judge(const IngestFrame& frame) {
  for (const IngestRow& row : frame.rows) {
    must_be_mount(row.mount);
    must_be_word(row.at);
    for (const std::string& node : row.via) must_be_word(node);
    fuzz::must(clean(row.by.user) && row.by.user.size() <= kMaxReportedText &&
                   clean(row.by.address) && clean(row.by.agent) &&
                   row.by.agent.size() <= kMaxReportedText && row.by.since >= 0,
               "a source");
  }
}
void judge(const ArchiveFrame& frame) {
  for (const ArchiveRow& row : frame.rows) {
    must_be_mount(row.mount);
    must_be_word(row.at);
    fuzz::must(row.pass.empty() || clean(row.pass), "a pass");
    fuzz::must(row.have.size() <= kMaxArchiveRanges, "ranges");
    for (const ArchiveRow::Range& range : row.have)
      fuzz::must(range.from_ms >= 0 && (range.to_ms == 0 || range.to_ms >= range.from_ms),
                 "a range");
  }
}
void judge(const SlotFrame& frame) {
  for (const SlotRow& row : frame.rows) {
    must_be_mount(row.mount);
    for (const std::uint64_t count :
         {row.given, row.claimed, row.back, row.claim, row.moved, row.got})
      fuzz::must(count <= kMaxSlotCount, "a count");
    fuzz::must(row.recall <= kMaxSlotsAtOnce && row.want <= kMaxSlotsAtOnce, "slots at once");
  }
}
void judge(const SeatFrame& frame) {
  for (const SeatRow& row : frame.rows) {
    must_be_mount(row.mount);
    must_be_word(row.user);
    fuzz::must(row.who.empty() || clean(row.who), "who");
    fuzz::must(row.most <= kMaxSeatsOfUser, "seats");
  }
}
void judge(const ConfFrame& frame) {
  must_be_word(frame.store);
  for (const ConfItem& item : frame.set) {
    fuzz::must(is_conf_key(item.key) && clean(item.key), "a key", item.key);
    fuzz::must(item.value.size() <= kConfValueBytes, "a value");
  }
  for (const std::string& key : frame.removed) fuzz::must(is_conf_key(key), "a key", key);
}
void judge(const TitleFrame& frame) {
  for (const TitleRow& row : frame.rows) {
    must_be_mount(row.mount);
    must_be_word(row.at);
    fuzz::must(clean(row.song) && row.song.size() <= kLongestTitle, "a title", row.song);
    fuzz::must(row.place.empty() || clean(row.place), "a place");
    fuzz::must(row.wall_ms >= 0 && row.hops <= kMaxTitleHops, "a time, or hops");
  }
}
void judge(const BookFrame& frame) {
  must_be_word(frame.epoch);
  fuzz::must(frame.last <= kMaxBookNumber && frame.rows.size() <= kMaxBookRows, "a book");
  for (const std::string& row : frame.rows)
    fuzz::must(clean(row) && row.size() <= kLongestBookRow, "a row", row);
}
void judge(const BookedFrame& frame) {
  must_be_word(frame.epoch);
  fuzz::must(frame.last <= kMaxBookNumber && clean(frame.why) && frame.keys.size() <= 3,
             "what is booked");
  for (const std::string& key : frame.keys) fuzz::must(clean(key), "a key");
}
void judge(const AskFrame& frame) {
  must_be_mount(frame.mount);
  fuzz::must(frame.most <= kMaxReportedRows, "most");
}
void judge(const TellFrame& frame) {
  fuzz::must(frame.rows.size() <= kMaxReportedRows && clean(frame.why), "what is told");
  for (const ListenerRow& row : frame.rows)
    fuzz::must(clean(row.address) && clean(row.agent) && row.agent.size() <= kMaxReportedText &&
                   clean(row.user) && row.user.size() <= kMaxReportedText,
               "a listener");
}
void judge(const ByeFrame& frame) {
  fuzz::must(clean(frame.why) && frame.code >= 0 && frame.back.count() >= 0, "a bye");
}

void check_line(std::string_view line) {
  const auto frame = parse_frame(line);
  if (!frame) {
    fuzz::must(!frame.error().what.empty(), "an error without words");
    fuzz::must(frame.error().what.size() < 1024, "an error of many words");
    return;
  }
  if (!*frame) return;
  std::visit([](const auto& each) { judge(each); }, **frame);
  const std::string again = render_frame(**frame);
  fuzz::must(again.ends_with('\n') && std::count(again.begin(), again.end(), '\n') == 1, "one line",
             again);
  fuzz::must(clean(std::string_view(again).substr(0, again.size() - 1)),
             "a line with control characters");
  // A host or a number may grow a little when it is written out.
  if (again.size() > kLongestFrame) return;
  const auto twice = parse_frame(std::string_view(again).substr(0, again.size() - 1));
  fuzz::must(twice.has_value() && twice->has_value(), "our own line is not understood", again);
  fuzz::must(render_frame(**twice) == again, "it reads as something else", again);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes = fuzz::text_of(data, size);
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    check_line(bytes.substr(0, end));
    bytes = end == std::string_view::npos ? std::string_view() : bytes.substr(end + 1);
  }
  return 0;
}
