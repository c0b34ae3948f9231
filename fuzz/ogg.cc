// Ogg framer and Vorbis rewriter.
//  - The framer gives the same marks and the same complete() for every split; its header sets are
//    whole pages that begin with a first page.
//  - The rewriter changes nothing without a title.  With titles, every split gives the same, and
//    where the input was pages only, so is the output, and no page is lost.
// Every input is tried as it is, and once more with all checksums put right, because a mutated
// page would otherwise always be junk.
#include "../tests/unit/media/recorder.h"
#include "check.h"
#include "media/ogg_page.h"

using namespace lb;

namespace {

constexpr std::size_t kMaxByteByByte = 2000;  // larger inputs are split at random only

struct PageCount final : OggPageSink {
  explicit PageCount(std::string_view bytes) {
    OggPageScanner scanner(0);
    scanner.feed(as_byte_span(bytes), *this);
  }
  void page(std::uint64_t, const OggPage& page) override {
    first_is_bos = pages++ == 0 ? page.bos() : first_is_bos;
    end += page.size();
  }
  void between(ByteSpan bytes) override { junk += bytes.size(); }
  std::size_t pages = 0;
  std::size_t junk = 0;
  std::size_t end = 0;
  bool first_is_bos = false;
};

void check_framer(std::string_view bytes) {
  const FramerPlugin& ogg = framer_for("application/ogg");
  const std::string fault = check_splits(ogg, bytes, 0, 2, bytes.size() <= kMaxByteByByte);
  fuzz::must(fault.empty(), fault);
  for (const std::string& set : run_framer(ogg, bytes, all_at_once).marks.header_sets) {
    const PageCount pages(set);
    fuzz::must(pages.first_is_bos && pages.end == set.size(), "a header set is not whole pages");
    fuzz::must(set.size() <= 16 * 256 * 1024, "a header set is too large");
  }
}

std::string rewritten(std::string_view bytes, Pieces pieces,
                      const std::vector<TitleChange>& titles) {
  return run_rewriter(framer_for("application/ogg").make_rewriter(), bytes, pieces, titles);
}

void check_rewriter(std::string_view bytes) {
  const std::string same = rewritten(bytes, at_random, {});
  fuzz::must(bytes.starts_with(same), "bytes were changed without a title");
  fuzz::must(bytes.size() - same.size() <= kOggMaxPage, "more than a page is held");

  std::vector<TitleChange> titles;
  for (std::size_t i = 0; i < 5; ++i) {
    Metadata metadata;
    if (i % 2 == 0) metadata.artist = "Artist";
    if (i != 3) metadata.title = std::string(i * 100, 't');
    titles.push_back({bytes.size() * i / 6, metadata});
  }
  const std::string out = rewritten(bytes, all_at_once, titles);
  if (bytes.size() <= kMaxByteByByte)
    fuzz::must(out == rewritten(bytes, byte_by_byte, titles), "a split changes the output");
  fuzz::must(out == rewritten(bytes, at_random, titles), "a split changes the output");
  const PageCount before(bytes), after(out);
  if (before.junk == 0) {
    fuzz::must(after.junk == 0 && after.end == out.size(), "the output is not whole pages");
    fuzz::must(after.pages >= before.pages, "a page was lost");
  }
}

// Puts the checksum right of all that looks like a page and is whole.
std::string with_right_checksums(std::string_view bytes) {
  Bytes out;
  while (!bytes.empty()) {
    const ByteSpan rest = as_byte_span(bytes);
    std::size_t header = kOggHeaderSize, size = kOggHeaderSize;
    if (bytes.starts_with("OggS") && rest.size() >= header) size = header += u8(rest, 26);
    for (std::size_t i = kOggHeaderSize; i < header && header <= rest.size(); ++i)
      size += u8(rest, i);
    if (bytes.starts_with("OggS") && size <= rest.size()) {
      const OggPage page{rest.first(header), rest.subspan(header, size - header)};
      append_ogg_page(out, {u8(rest, 5), page.granule(), page.serial(), page.sequence()},
                      page.lacing(), page.body);
    } else {
      size = std::min(bytes.find("OggS", 1), bytes.size());
      out.insert(out.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
    }
    bytes.remove_prefix(size);
  }
  return std::string(as_text(out));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(fuzz::text_of(data, size));
  for (const std::string& input : {bytes, with_right_checksums(bytes)}) {
    check_framer(input);
    check_rewriter(input);
  }
  return 0;
}
