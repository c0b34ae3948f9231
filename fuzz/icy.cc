// ICY: demux(mux(x)) == x, for any split; blocks are well formed, whatever the texts are; reading
// a foreign block never fails and takes nothing that is not in it.
#include "media/icy.h"

#include "../tests/unit/media/recorder.h"
#include "check.h"

using namespace lb;

namespace {

void check_block(std::string_view title, std::string_view url) {
  const std::string block = make_icy_block(title, url);
  const auto length = static_cast<unsigned char>(block[0]);
  fuzz::must(block.size() == 1 + std::size_t{length} * 16, "the length byte is wrong");
  const std::string_view text = std::string_view(block).substr(1, block.find('\0', 1) - 1);
  fuzz::must(text.starts_with("StreamTitle='") && text.ends_with("';"), "the text is wrong");
  const auto read = parse_icy_text(std::string_view(block).substr(1));
  fuzz::must(read.has_value(), "a block cannot be read");
  fuzz::must(read->title.find("';") == std::string::npos, "a title ends itself");
  fuzz::must(read->url.find("';") == std::string::npos, "a url ends itself");
  for (const char c : text)
    fuzz::must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a control byte is left");
}

struct Demuxed {
  std::string audio;
  std::vector<std::string> blocks;
  bool operator==(const Demuxed&) const = default;
};

Demuxed demux(std::string bytes, std::size_t metaint, Pieces pieces) {
  Rng rng(bytes.size());
  IcyDeinterleaver deinterleaver(metaint);
  Demuxed out;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t n = pieces(rng, bytes.size() - at);
    const std::span<char> piece(bytes.data() + at, n);
    const std::size_t audio = deinterleaver.take(std::as_writable_bytes(piece),
                                                 [&](std::string_view text, std::size_t offset) {
                                                   fuzz::must(offset <= n, "a block lies outside");
                                                   out.blocks.emplace_back(text);
                                                 });
    fuzz::must(audio <= n, "more audio than bytes");
    out.audio.append(piece.data(), audio);
    at += n;
  }
  return out;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes = fuzz::text_of(data, size);
  if (bytes.empty()) return 0;
  const auto metaint = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) + 1;
  bytes.remove_prefix(1);
  const std::string_view title = bytes.substr(0, bytes.size() / 2);
  const std::string_view url = bytes.substr(bytes.size() / 2);
  check_block(title, url);

  if (const auto read = parse_icy_text(bytes)) {
    fuzz::must(bytes.find(read->title) != std::string_view::npos, "a title that was not sent");
    fuzz::must(bytes.find(read->url) != std::string_view::npos, "a url that was not sent");
  }

  // As foreign input …
  const Demuxed foreign = demux(std::string(bytes), metaint, all_at_once);
  fuzz::must(foreign == demux(std::string(bytes), metaint, byte_by_byte), "a split changes it");
  fuzz::must(foreign == demux(std::string(bytes), metaint, at_random), "a split changes it");
  // … and as what a multiplexer would send.
  const std::string block = make_icy_block(title, url);
  bytes = bytes.substr(0, metaint * 40);  // blocks are large; more of them tell nothing new
  std::string muxed;
  std::size_t blocks = 0;
  for (std::size_t at = 0; at < bytes.size(); at += metaint) {
    muxed += bytes.substr(at, metaint);
    if (at + metaint > bytes.size()) break;
    const bool is_news = at / metaint % 2 == 0;
    muxed += is_news ? block : std::string(1, '\0');
    if (is_news) ++blocks;
  }
  const Demuxed back = demux(muxed, metaint, at_random);
  fuzz::must(back.audio == bytes, "demux(mux(x)) is not x");
  // The same block again is none.
  const std::vector<std::string> told(blocks > 0 ? 1 : 0, block.substr(1));
  fuzz::must(back.blocks == told, "blocks differ");
  return 0;
}
