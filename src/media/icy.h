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

// "StreamTitle='…';StreamUrl='…';" with its length byte and a NUL or more behind it; title and url
// in wire charset.
// "';" inside a title is neutralised ("’;" in a title that is UTF-8 beyond ASCII, else "' ;"), in
// a url it becomes "%27;"; control bytes are dropped.  A title that would not fit 4079 bytes is
// cut (at a UTF-8 character where it is UTF-8); a url that does not fit behind it is left out, for
// a part of it leads nowhere, and so are other fields.  Empty url: no StreamUrl.
std::string make_icy_block(std::string_view title, std::string_view url,
                           std::string_view others = {});

// The block with one more field behind the others, "LB='PLACE';", which players pass over; "" where
// it does not fit.  REQUIRES: no quote in the place
std::string with_icy_place(std::string_view block, std::string_view place);

struct IcyText {
  std::string title;
  std::string url;
  std::string place;   // of the title in its stream, as another server of ours writes it
  std::string others;  // fields that are players' business ("adw_ad='true';"), as they are written
};
// The text of a block (without its length byte).  Quotes inside a title are allowed.  nullopt when
// there is no StreamTitle.
std::optional<IcyText> parse_icy_text(std::string_view block);

// Takes the metadata blocks out of a source that sends icy-metaint, in place.
class IcyDeinterleaver {
 public:
  // The text of a block, and how many bytes of audio of this call come before it.
  using OnBlock = std::function<void(std::string_view text, std::size_t audio_offset)>;

  // metaint 0: there are no blocks, all is audio.
  explicit IcyDeinterleaver(std::size_t metaint = 0) : metaint_(metaint), until_block_(metaint) {}
  // Moves the audio of `data` to its front and returns how many bytes of audio there are.  Calls
  // on_block for each complete non-empty block with another text than the one before it: ad servers
  // send the same in every block.
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
  std::string known_;  // the last text that on_block got
  State state_ = State::kAudio;
};

}  // namespace lb
