// ICY (Shoutcast) in-band metadata: `metaint` bytes of audio, one length byte n, 16*n bytes of
// text.  Source: Icecast 2.4.4 behaviour, compat.md 2.2.
// Thread: pure values, one owner each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lb {

// "StreamTitle='…';StreamUrl='…';" with its length byte, NUL padded; title and url in wire charset.
// "';" inside a text is neutralised and control bytes are dropped.  A text that would not fit
// 4080 bytes is cut (at a UTF-8 character where it is UTF-8).  Empty url: no StreamUrl.
std::string make_icy_block(std::string_view title, std::string_view url);

struct IcyText {
  std::string title;
  std::string url;
};
// The text of a block (without its length byte).  Quotes inside a title are allowed; unknown
// fields are skipped.  nullopt when there is no StreamTitle.
std::optional<IcyText> parse_icy_text(std::string_view block);

// Takes the metadata blocks out of a source that sends icy-metaint, in place.
class IcyDeinterleaver {
 public:
  explicit IcyDeinterleaver(std::size_t metaint) : metaint_(metaint), until_block_(metaint) {}
  // Moves the audio of `data` to its front and returns how many bytes of audio there are.  Calls
  // on_block(text) for each complete non-empty block, with the block's audio offset within the
  // returned bytes.
  template <class F>
  std::size_t take(std::span<std::byte> data, F&& on_block);

 private:
  enum class State : std::uint8_t { kAudio, kLength, kText };
  std::size_t metaint_;
  std::size_t until_block_;
  std::size_t text_left_ = 0;
  std::string text_;
  State state_ = State::kAudio;
};

template <class F>
std::size_t IcyDeinterleaver::take(std::span<std::byte> data, F&& on_block) {
  std::size_t in = 0, out = 0;
  while (in < data.size()) {
    switch (state_) {
      case State::kAudio: {
        const std::size_t n = data.size() - in < until_block_ ? data.size() - in : until_block_;
        if (in != out)
          for (std::size_t i = 0; i < n; ++i) data[out + i] = data[in + i];
        in += n;
        out += n;
        until_block_ -= n;
        if (until_block_ == 0) state_ = State::kLength;
        break;
      }
      case State::kLength:
        text_left_ = std::to_integer<std::size_t>(data[in++]) * 16;
        text_.clear();
        if (text_left_ == 0) {
          until_block_ = metaint_;
          state_ = State::kAudio;
        } else {
          state_ = State::kText;
        }
        break;
      case State::kText: {
        const std::size_t n = data.size() - in < text_left_ ? data.size() - in : text_left_;
        text_.append(reinterpret_cast<const char*>(data.data() + in), n);
        in += n;
        text_left_ -= n;
        if (text_left_ == 0) {
          on_block(std::string_view(text_), out);
          until_block_ = metaint_;
          state_ = State::kAudio;
        }
        break;
      }
    }
  }
  return out;
}

}  // namespace lb
