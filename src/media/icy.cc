#include "media/icy.h"

#include <algorithm>
#include <cstring>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "media/metadata.h"

namespace lb {
namespace {

constexpr std::string_view kTitleField = "StreamTitle='";
constexpr std::string_view kUrlField = "StreamUrl='";
constexpr std::string_view kPlaceField = "LB='";
constexpr std::string_view kFieldEnd = "';";

// Removes control bytes, and breaks up the pair that would end the field for a player.
std::string neutralised(std::string_view text, std::string_view quote) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) continue;
    if (c == ';' && out.ends_with('\'')) {
      out.pop_back();
      out += quote;
    }
    out += c;
  }
  return out;
}

bool is_utf8_beyond_ascii(std::string_view text) {
  return valid_utf8(text) &&
         std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

// The number of bytes at the front that may name a field: "adw_ad".
std::size_t name_length(std::string_view text) {
  const auto end =
      std::find_if_not(text.begin(), text.end(), [](char c) { return is_plain_char(c, "_-"); });
  return static_cast<std::size_t>(end - text.begin());
}

// Whether the block ends here, or another field begins ("name='").
bool field_may_begin(std::string_view rest) {
  rest = trim(rest);
  const std::size_t name = name_length(rest);
  return rest.empty() || (name > 0 && rest.substr(name, 2) == "='");
}

// Takes "name='value';" from the front.  A value may contain quotes: it ends at "';" before another
// field or the end of the block; without such a pair it reaches to the end.
bool take_field(std::string_view& rest, std::string_view& name, std::string_view& value) {
  rest = trim(rest);
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return false;
  name = rest.substr(0, equals);
  rest.remove_prefix(equals + 1);
  if (!rest.starts_with('\'')) {  // no quotes: up to the semicolon
    value = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), value.size() + 1));
    return true;
  }
  rest.remove_prefix(1);
  std::size_t end = rest.find(kFieldEnd);
  while (end != std::string_view::npos && !field_may_begin(rest.substr(end + 2)))
    end = rest.find(kFieldEnd, end + 1);
  if (end == std::string_view::npos) {
    value = trim(rest);
    if (value.ends_with('\'')) value.remove_suffix(1);
    rest = {};
  } else {
    value = rest.substr(0, end);
    rest.remove_prefix(end + kFieldEnd.size());
  }
  return true;
}

// The limit of a written block: without a NUL after it Icecast's relays lose its last byte, and
// with "';" the title.
constexpr std::size_t kMaxWritten = kMaxIcyText - 1;

// The block with its length byte, padded with at least one NUL.
std::string in_units(std::string text) {
  const std::size_t units = text.size() / 16 + 1;
  text.resize(units * 16, '\0');
  return static_cast<char>(units) + text;
}

}  // namespace

std::string make_icy_block(std::string_view title, std::string_view url, std::string_view others) {
  std::string text(kTitleField);
  const std::string whole = neutralised(title, is_utf8_beyond_ascii(title) ? "\u2019" : "' ");
  text += cut_utf8(whole, kMaxWritten - kTitleField.size() - kFieldEnd.size());
  text += kFieldEnd;
  const std::string link = neutralised(url, "%27");
  if (!link.empty() &&
      text.size() + kUrlField.size() + link.size() + kFieldEnd.size() <= kMaxWritten) {
    text += kUrlField;
    text += link;
    text += kFieldEnd;
  }
  if (text.size() + others.size() <= kMaxWritten) text += others;
  return in_units(std::move(text));
}

std::string with_icy_place(std::string_view block, std::string_view place) {
  if (block.empty()) return {};
  std::string text(block.substr(1, block.find('\0', 1) - 1));
  text += kPlaceField;
  text += place;
  text += kFieldEnd;
  if (text.size() > kMaxWritten) return {};
  return in_units(std::move(text));
}

std::optional<IcyText> parse_icy_text(std::string_view block) {
  block = block.substr(0, block.find('\0'));
  IcyText all;
  std::optional<std::string> title, url, place;
  for (std::string_view name, value; take_field(block, name, value);) {
    if (name == "StreamTitle") {
      if (!title) title = std::string(value);
    } else if (name == "StreamUrl") {
      if (!url) url = std::string(value);
    } else if (name == "LB") {
      if (!place) place = std::string(value);
    } else if (!name.empty() && name_length(name) == name.size()) {
      all.others += cat({name, "='", neutralised(value, "' "), kFieldEnd});
    }
  }
  if (!title) return std::nullopt;
  all.title = *std::move(title);
  all.url = std::move(url).value_or("");
  all.place = std::move(place).value_or("");
  return all;
}

std::size_t IcyDeinterleaver::take(std::span<std::byte> data, const OnBlock& on_block) {
  if (metaint_ == 0) return data.size();
  std::size_t in = 0;
  std::size_t out = 0;
  while (in < data.size()) {
    switch (state_) {
      case State::kAudio: {
        const std::size_t n = std::min(data.size() - in, until_block_);
        if (in != out) std::memmove(data.data() + out, data.data() + in, n);
        in += n;
        out += n;
        until_block_ -= n;
        if (until_block_ == 0) state_ = State::kLength;
        break;
      }
      case State::kLength:
        text_left_ = std::to_integer<std::size_t>(data[in++]) * 16;
        text_.clear();
        state_ = State::kText;
        break;
      case State::kText: {
        const std::size_t n = std::min(data.size() - in, text_left_);
        text_.append(reinterpret_cast<const char*>(data.data() + in), n);
        in += n;
        text_left_ -= n;
        break;
      }
    }
    if (state_ == State::kText && text_left_ == 0) {
      if (!text_.empty() && text_ != known_) {
        on_block(text_, out);
        known_ = text_;
      }
      until_block_ = metaint_;
      state_ = State::kAudio;
    }
  }
  return out;
}

}  // namespace lb
