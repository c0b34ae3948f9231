// ICY (Shoutcast) in-band metadata: `metaint` bytes of audio, one length byte n, 16*n bytes of
// text.
// Source: Icecast 2.4.4 behaviour.
// Thread: pure values, one owner each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/record.h"

namespace lb {

constexpr std::size_t kMaxIcyText = 4080;  // 255 * 16

// "StreamTitle='…';StreamUrl='…';" with its length byte and at least one NUL; title and url in wire
// charset.
// "';" in a title is neutralised ("’;" in a title with UTF-8 beyond ASCII, otherwise "' ;"); in a
// url it becomes "%27;".  Control bytes are dropped.  A title beyond 4079 bytes is cut (in UTF-8 at
// a character); a url and other fields that do not fit after it are left out, because part of a url
// leads nowhere.  Empty url: no StreamUrl.
std::string make_icy_block(std::string_view title, std::string_view url,
                           std::string_view others = {});

// The block with one more field at the end, "LB='PLACE';", which players ignore; "": it does not
// fit.  REQUIRES: no quote in the place
std::string with_icy_place(std::string_view block, std::string_view place);

struct IcyText {
  std::string title;
  std::string url;
  std::string place;   // of the title in its stream, as another icecast-lb sends it
  std::string others;  // fields for players ("adw_ad='true';"), as written
};
// Parses the text of a block without its length byte.  Quotes inside a title are allowed. nullopt:
// no StreamTitle.
std::optional<IcyText> parse_icy_text(std::string_view block);

// Takes the metadata blocks out of a source that sends icy-metaint, in place.
class IcyDeinterleaver {
 public:
  // The text of a block, and the number of this call's audio bytes before it.
  using OnBlock = std::function<void(std::string_view text, std::size_t audio_offset)>;

  // metaint 0: no blocks, only audio.
  explicit IcyDeinterleaver(std::size_t metaint = 0) : metaint_(metaint), until_block_(metaint) {}
  // Moves the audio of `data` to its front and returns its size.  Calls on_block for each complete
  // non-empty block that differs from the previous one, because ad servers repeat the same text in
  // every block.
  std::size_t take(std::span<std::byte> data, const OnBlock& on_block);

  template <class Io, RecordOf<IcyDeinterleaver> T>
  friend void record_fields(Io& io, T& taker) {
    io(1, taker.metaint_, taker.until_block_, taker.text_left_, taker.text_);
    io.choice(5, taker.state_, State::kText);
    io(6, taker.known_);
    if constexpr (Io::kReads)
      if (taker.until_block_ > taker.metaint_ || taker.text_left_ > kMaxIcyText ||
          taker.text_.size() > kMaxIcyText || taker.known_.size() > kMaxIcyText)
        io.wrong(2, "does not fit to the others");
  }

 private:
  enum class State : std::uint8_t { kAudio, kLength, kText };
  std::size_t metaint_;
  std::size_t until_block_;
  std::size_t text_left_ = 0;
  std::string text_;
  std::string known_;  // the last text given to on_block
  State state_ = State::kAudio;
};

}  // namespace lb
