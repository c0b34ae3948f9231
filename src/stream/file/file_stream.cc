#include "stream/file/file_stream.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"
#include "media/ogg_headers.h"
#include "media/ogg_page.h"
#include "media/ogg_sound.h"
#include "media/same_format.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

// The layer in MpegKind of ADTS, which has none.
constexpr std::uint8_t kAdtsLayer = 0;

using What = MpegUnit::What;

// A file that begins with more bytes without a frame is not MPEG audio.
constexpr std::size_t kMaxJunk = 128 * 1024;

struct Content {
  Bytes bytes;
  const FramerPlugin* plugin = nullptr;
  std::optional<MpegKind> kind;
  std::string subtype;
  double seconds = 0;  // 0: not known
};

const FramerPlugin& plugin_named(std::string_view name) {
  for (const FramerPlugin& plugin : framer_plugins())
    if (plugin.name == name) return plugin;
  return framer_plugins().back();
}

// The size of an ID3v2 tag without a limit: a cover may be larger than any tag in a live stream.
std::size_t id3v2_size(ByteSpan bytes) {
  constexpr std::size_t kHeader = 10;
  if (bytes.size() < kHeader || !begins_with(bytes, "ID3")) return 0;
  std::size_t size = 0;
  for (std::size_t i = 6; i < kHeader; ++i) size = size << 7 | (u8(bytes, i) & 0x7f);
  const bool footer = (u8(bytes, 5) & 0x10) != 0;
  return std::min(bytes.size(), kHeader + size + (footer ? kHeader : 0));
}

// Whether the frame has only the file's number of frames, and no sound.
bool is_xing_frame(ByteSpan frame) {
  constexpr std::size_t kLatest = 4 + 2 + 32 + 4;
  const auto text = as_text(frame.first(std::min(frame.size(), kLatest)));
  return text.find("Xing") != std::string_view::npos ||
         text.find("Info") != std::string_view::npos || text.find("VBRI") != std::string_view::npos;
}

// Returns nullopt if this is not MPEG audio.
std::optional<Content> read_mpeg(ByteSpan bytes) {
  Content content;
  std::size_t at = id3v2_size(bytes), frames = 0;
  const std::size_t first = at;
  while (at < bytes.size()) {
    const ByteSpan rest = bytes.subspan(at);
    const MpegUnit unit = mpeg_unit_at(rest);
    if (unit.what == What::kNeedsMore || (unit.what != What::kNothing && unit.size > rest.size()))
      break;
    if (unit.what == What::kTag) {
      at += unit.size;
      continue;
    }
    const bool known = unit.what == What::kFrame && content.kind && unit.kind == *content.kind;
    // The first frame, and the one after junk, counts if a frame of the same kind follows.
    if (unit.what == What::kFrame && !known) {
      const MpegUnit next =
          rest.size() > unit.size ? mpeg_unit_at(rest.subspan(unit.size)) : MpegUnit{};
      if (content.kind || next.what != What::kFrame || next.kind != unit.kind) {
        ++at;
        continue;
      }
      content.kind = unit.kind;
    }
    if (unit.what == What::kNothing) {
      ++at;
      if (frames == 0 && at > first + kMaxJunk) return std::nullopt;
      continue;
    }
    const ByteSpan frame = rest.first(unit.size);
    at += unit.size;
    if (frames++ == 0 && is_xing_frame(frame)) continue;
    content.bytes.insert(content.bytes.end(), frame.begin(), frame.end());
    content.seconds += static_cast<double>(unit.samples) / unit.rate_hz;
  }
  if (!content.kind || content.bytes.empty()) return std::nullopt;
  content.plugin = &plugin_named("mpeg");
  return content;
}

class OggFile final : public OggPageSink {
 public:
  void page(std::uint64_t, const OggPage& page) override {
    content_.bytes.insert(content_.bytes.end(), page.header.begin(), page.header.end());
    content_.bytes.insert(content_.bytes.end(), page.body.begin(), page.body.end());
    if (const auto sounds = sound_.page(page)) {
      lasts_ += *sounds;
      timed_bytes_ += page.size();
    }
    if (page.bos()) {
      if (!in_first_pages_) end_of_chain();
      add_ogg_facts(ogg_codec_of(page.body), page.body, facts_);
    }
    in_first_pages_ = page.bos();
  }
  std::optional<Content> take() {
    end_of_chain();
    if (content_.bytes.empty()) return std::nullopt;
    // Chains whose time is not known have the mean rate of the others.
    if (timed_bytes_ > 0)
      content_.seconds = std::chrono::duration<double>(lasts_).count() *
                         static_cast<double>(content_.bytes.size()) /
                         static_cast<double>(timed_bytes_);
    content_.subtype = first_subtype_;
    content_.plugin = &plugin_named("ogg");
    return std::move(content_);
  }

 private:
  void end_of_chain() {
    if (first_subtype_.empty()) first_subtype_ = facts_.subtype;
    facts_ = {};
  }

  Content content_;
  OggSound sound_;
  CodecFacts facts_;
  std::string first_subtype_;
  std::chrono::microseconds lasts_{};
  std::size_t timed_bytes_ = 0;
  bool in_first_pages_ = false;
};

std::optional<Content> read_content(ByteSpan bytes) {
  if (begins_with(bytes, "OggS")) {
    OggFile file;
    OggPageScanner(0).feed(bytes, file);
    return file.take();
  }
  if (begins_with(bytes, "\x1a\x45\xdf\xa3")) {
    Content content;
    content.bytes.assign(bytes.begin(), bytes.end());
    content.plugin = &plugin_named("ebml");
    return content;
  }
  return read_mpeg(bytes);
}

// A whole file is one segment and one mapping.
std::size_t mapped_bytes(std::uint64_t bytes) {
  const std::size_t page = Store::page_bytes();
  return static_cast<std::size_t>((bytes + page - 1) / page * page);
}

std::shared_ptr<const StreamView> whole_view(std::shared_ptr<Store> store,
                                             std::shared_ptr<Segment> segment,
                                             std::uint64_t bytes) {
  auto view = std::make_shared<StreamView>();
  view->end = bytes;
  view->store = std::move(store);
  view->segments = std::make_shared<const SegmentTable>(SegmentTable{std::move(segment)});
  view->ended = true;
  return view;
}

Result<std::shared_ptr<const StreamView>> in_memory(const std::string& path, const Bytes& bytes) {
  auto store = Store::memfd("icecast-lb:" + path);
  if (!store) return store.error();
  auto segment = (*store)->extend(0, mapped_bytes(bytes.size()));
  if (!segment) return segment.error();
  std::memcpy((*segment)->data, bytes.data(), bytes.size());
  return whole_view(std::move(*store), std::move(*segment), bytes.size());
}

Result<std::shared_ptr<FileStream>> build(const std::string& path, ByteSpan bytes) {
  auto content = read_content(bytes);
  if (!content) return Error::invalid(path + ": no audio that could be streamed was found in it");
  auto view = in_memory(path, content->bytes);
  if (!view) return view.error();
  auto file = std::make_shared<FileStream>();
  file->path = path;
  file->plugin = content->plugin;
  file->kind = content->kind;
  file->subtype = content->subtype;
  file->view = std::move(*view);
  if (content->seconds > 0)
    file->bytes_per_second =
        static_cast<std::uint64_t>(static_cast<double>(content->bytes.size()) / content->seconds);
  return file;
}

}  // namespace

Result<std::shared_ptr<const FileStream>> make_file_stream(const std::string& path,
                                                           ByteSpan bytes) {
  auto file = build(path, bytes);
  if (!file) return file.error();
  return std::shared_ptr<const FileStream>(std::move(*file));
}

Result<std::shared_ptr<const FileStream>> load_file_stream(const std::string& path) {
  const auto read = read_file(path, {.limit = kMaxFileBytes, .cut = true});
  if (!read && read.error().code == Error::Code::kInvalid)
    return Error::not_found(read.error().what);
  if (!read) return read.error();
  auto file = build(path, std::as_bytes(std::span(read->text)));
  if (!file) return file.error();
  (*file)->stamp = read->stamp;
  (*file)->cut_short = read->stamp.bytes > kMaxFileBytes;
  return std::shared_ptr<const FileStream>(std::move(*file));
}

Result<std::shared_ptr<const FileStream>> adopt_file_stream(const std::string& path,
                                                            std::string_view plugin, UniqueFd file,
                                                            std::uint64_t bytes) {
  struct stat facts {};
  const bool there = ::fstat(file.get(), &facts) == 0 && S_ISREG(facts.st_mode);
  if (!there || bytes == 0 || bytes > kMaxFileBytes ||
      mapped_bytes(bytes) > static_cast<std::uint64_t>(facts.st_size))
    return Error::invalid(cat({path, ": its bytes in memory are not there"}));
  auto store = Store::adopt(std::move(file));
  auto segment = store->map(0, mapped_bytes(bytes));
  if (!segment) return segment.error();
  auto adopted = std::make_shared<FileStream>();
  adopted->path = path;
  adopted->plugin = &plugin_named(plugin);
  adopted->view = whole_view(std::move(store), std::move(*segment), bytes);
  return std::shared_ptr<const FileStream>(std::move(adopted));
}

unsigned rate_in_name(std::string_view name) {
  const std::size_t open = name.rfind('[');
  const std::size_t close = open == std::string_view::npos ? open : name.find(']', open);
  if (close == std::string_view::npos) return 0;
  const auto rate = parse_u64(name.substr(open + 1, close - open - 1));
  constexpr std::uint64_t kHighest = 100'000;
  return rate && *rate <= kHighest ? static_cast<unsigned>(*rate) : 0;
}

std::string why_not_playable(const FileStream& file, const Mount& mount) {
  const auto facts = mount.facts();
  if (facts->plugin == nullptr) return {};
  if (file.plugin->name != facts->plugin->name)
    return cat({"its format is ", file.plugin->name, ", the stream's is ", facts->plugin->name});
  if (file.kind) {
    const auto view = mount.channel().newest();
    if (!view->sync.empty() && view->sync[view->sync.end() - 1].position < view->end) {
      const MpegUnit live =
          mpeg_frame_at(view->bytes_at(view->sync[view->sync.end() - 1].position));
      if (live.what == What::kFrame && live.kind != *file.kind)
        return "its layer or sample rate is not the stream's";
    } else if (const bool aac = file.kind->layer == kAdtsLayer;
               !same_format(facts->content_type, aac ? "audio/aac" : "audio/mpeg")) {
      // Nothing was sent yet, but the player already knows the type.
      return cat({"it is ", aac ? "AAC" : "MPEG audio", ", the stream is ", facts->content_type});
    }
  }
  const std::string live = mount.codec()->subtype;
  if (!file.subtype.empty() && !live.empty() && file.subtype != live)
    return cat({"its codec is ", file.subtype, ", the stream's is ", live});
  return {};
}

}  // namespace lb
