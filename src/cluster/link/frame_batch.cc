// Many mounts as several frames; see frame.h.
#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "cluster/link/frame_fields.h"

namespace lb {
namespace {

constexpr std::size_t kForClients = 2 * 4 * kMaxClients;  // of a LOAD

// Upper bounds of an element's size in JSON, percent-encoded and escaped.
std::size_t size_of(std::string_view mount) noexcept { return 3 * mount.size() + 16; }
std::size_t size_of(const MountLoad& load) noexcept {
  std::size_t size = size_of(load.mount) + 160;
  if (load.from)
    for (const std::string& id : *load.from) size += id.size() + 3;
  return size;
}
std::size_t size_of(const StreamOffer& offer) noexcept {
  std::size_t size =
      size_of(offer.mount) + 2 * std::min(offer.content_type.size(), kLongestText) + 128;
  for (const std::string& id : offer.path) size += id.size() + 3;
  return size;
}

// Rows that are sent once, and have many texts of any length, are measured, so that no member is
// forgotten.
template <class Kind, class Row>
std::size_t written_size(const Row& row) {
  JsonWriter json;
  Kind::write(json, row);
  return json.take().size() + 1;
}
std::size_t size_of(const IngestRow& row) { return written_size<RowOf<kIngestFields>>(row); }
std::size_t size_of(const ArchiveRow& row) { return written_size<RowOf<kArchiveFields>>(row); }
std::size_t size_of(const SlotRow& row) { return written_size<SlotMembers>(row); }
std::size_t size_of(const SeatRow& row) { return written_size<RowOf<kSeatFields>>(row); }
std::size_t size_of(const TitleRow& row) { return written_size<RowOf<kTitleFields>>(row); }

std::size_t size_of(const ListenerRow& row) {
  return 2 * (std::min(row.address.size(), kLongestText) +
              std::min(row.agent.size(), kMaxReportedText) +
              std::min(row.user.size(), kMaxReportedText)) +
         192;
}

// Puts each element into a list of frames.back(), and begins another frame when that is full.
template <class Frame, class Element>
void spread(std::vector<Element>& elements, std::vector<Element> Frame::*list,
            std::vector<Frame>& frames, std::size_t& used, std::size_t room = kFrameRoom) {
  for (Element& element : elements) {
    const std::size_t size = size_of(element);
    if (used + size > room) {
      if constexpr (requires { frames.back().more; }) frames.back().more = true;
      frames.emplace_back();
      used = 0;
    }
    used += size;
    (frames.back().*list).push_back(std::move(element));
  }
}

}  // namespace

std::vector<SnapFrame> snap_frames(std::vector<StreamOffer> offers,
                                   std::vector<MountLoad> carried) {
  std::vector<SnapFrame> frames(1);
  std::size_t used = 0;
  spread(offers, &SnapFrame::offers, frames, used);
  spread(carried, &SnapFrame::carried, frames, used);
  return frames;
}

std::vector<DeltaFrame> delta_frames(std::vector<StreamOffer> added,
                                     std::vector<std::string> removed) {
  std::vector<DeltaFrame> frames(1);
  std::size_t used = 0;
  spread(removed, &DeltaFrame::removed, frames, used);
  spread(added, &DeltaFrame::added, frames, used);
  return frames;
}

template <class Row>
std::vector<RowsFrame<Row>> row_frames(std::vector<Row> rows, std::size_t room) {
  std::vector<RowsFrame<Row>> frames(1);
  std::size_t used = 0;
  spread(rows, &RowsFrame<Row>::rows, frames, used, room);
  return frames;
}
template std::vector<IngestFrame> row_frames(std::vector<IngestRow> rows, std::size_t room);
template std::vector<ArchiveFrame> row_frames(std::vector<ArchiveRow> rows, std::size_t room);
template std::vector<SlotFrame> row_frames(std::vector<SlotRow> rows, std::size_t room);
template std::vector<SeatFrame> row_frames(std::vector<SeatRow> rows, std::size_t room);
template std::vector<TitleFrame> row_frames(std::vector<TitleRow> rows, std::size_t room);

TellFrame tell_frame(const AskFrame& ask, std::vector<ListenerRow> rows) {
  TellFrame frame;
  frame.number = ask.number;
  std::sort(rows.begin(), rows.end(),
            [](const ListenerRow& a, const ListenerRow& b) { return a.id < b.id; });
  std::size_t used = 0;
  for (ListenerRow& row : rows) {
    if (row.id <= ask.after) continue;
    const std::size_t size = size_of(row);
    if (frame.rows.size() == std::min(ask.most, kMaxReportedRows) || used + size > kFrameRoom) {
      frame.more = true;
      break;
    }
    used += size;
    frame.rows.push_back(std::move(row));
  }
  return frame;
}

std::string clients_text(const std::vector<std::uint32_t>& clients) {
  std::string bytes;
  for (const std::uint32_t client : clients)
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(client >> shift & 0xff);
  return base64_encode(bytes);
}

std::optional<std::vector<std::uint32_t>> clients_of_text(std::string_view text) {
  const auto bytes = base64_decode(text);
  if (!bytes || bytes->size() % 4 != 0) return std::nullopt;
  std::vector<std::uint32_t> out(bytes->size() / 4);
  for (std::size_t i = 0; i < bytes->size(); ++i)
    out[i / 4] = out[i / 4] << 8 | static_cast<std::uint8_t>((*bytes)[i]);
  return out;
}

std::size_t loads_that_fit(const std::vector<MountLoad>& loads) noexcept {
  std::size_t used = 0, count = 0;
  while (count < loads.size() && used + size_of(loads[count]) <= kFrameRoom - kForClients)
    used += size_of(loads[count++]);
  return count;
}

}  // namespace lb
