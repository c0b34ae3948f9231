#include "tools/frame.h"

#include <array>
#include <charconv>
#include <cstring>

namespace lb {
namespace {

constexpr std::array<unsigned, 15> kBitrates = {0,   32,  40,  48,  56,  64,  80, 96,
                                                112, 128, 160, 192, 224, 256, 320};
constexpr std::size_t kHeader = 4;
constexpr std::size_t kSideInfo = 32;
constexpr std::string_view kMagic = "LBFR";
constexpr std::size_t kText = kHeader + kSideInfo;
constexpr std::size_t kFill = kText + kMagic.size() + 4 + 16 + 16;
constexpr std::size_t kFills = 4096;         // 2^12
constexpr std::size_t kLargestFrame = 1045;  // 320 kbit/s with padding

constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio

constexpr auto kPattern = [] {
  std::array<char, kFills + kLargestFrame> out{};
  std::uint64_t state = 1;
  for (char& c : out) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    c = static_cast<char>('0' + (state >> 58));
  }
  return out;
}();

const char* fill_of(const FrameStamp& stamp) noexcept {
  const std::uint64_t both = stamp.number ^ static_cast<std::uint64_t>(stamp.source) << 44;
  return kPattern.data() + (both * kSpread >> 52);
}

unsigned index_of(unsigned kbit) noexcept {
  for (unsigned i = 1; i < kBitrates.size(); ++i) {
    if (kBitrates[i] == kbit) return i;
  }
  return 0;
}

std::uint64_t bytes_before(unsigned kbit, std::uint64_t number) noexcept {
  return number * 144'000 * kbit / kSampleRate;
}

void append_hex(std::string& out, std::uint64_t value, unsigned digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (unsigned left = digits; left-- > 0;) out.push_back(kDigits[(value >> (4 * left)) & 15]);
}

bool read_hex(std::string_view text, std::uint64_t& value) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size();
}

// Length of a frame that starts with these four bytes; 0: no frame of ours starts here.
std::size_t length_of(std::string_view header) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(header[i]); };
  if (byte(0) != 0xFF || byte(1) != 0xFB || (byte(2) & 0x0D) != 0 || byte(3) != 0) return 0;
  const unsigned index = byte(2) >> 4;
  if (index == 0 || index >= kBitrates.size()) return 0;
  return 144'000 * kBitrates[index] / kSampleRate + (byte(2) >> 1 & 1U);
}

}  // namespace

bool is_bitrate(unsigned kbit) noexcept { return index_of(kbit) != 0; }

std::size_t frame_bytes(unsigned kbit, std::uint64_t number) noexcept {
  return bytes_before(kbit, number + 1) - bytes_before(kbit, number);
}

void append_frame(std::string& out, unsigned kbit, const FrameStamp& stamp) {
  const std::size_t begin = out.size();
  const std::size_t length = frame_bytes(kbit, stamp.number);
  const bool padded = length > 144'000 * kbit / kSampleRate;
  out.push_back('\xFF');
  out.push_back('\xFB');
  out.push_back(static_cast<char>(index_of(kbit) << 4 | (padded ? 2U : 0U)));
  out.append(1 + kSideInfo, '\0');
  out.append(kMagic);
  append_hex(out, stamp.source, 4);
  append_hex(out, stamp.number, 16);
  append_hex(out, stamp.sent_ns, 16);
  out.append(fill_of(stamp), begin + length - out.size());
}

std::optional<FrameStamp> check_frame(std::string_view frame) noexcept {
  static constexpr std::array<char, kSideInfo> kZeros{};
  if (frame.size() < kFill || length_of(frame) != frame.size()) return std::nullopt;
  if (std::memcmp(frame.data() + kHeader, kZeros.data(), kSideInfo) != 0) return std::nullopt;
  if (frame.substr(kText, kMagic.size()) != kMagic) return std::nullopt;
  const std::size_t text = kText + kMagic.size();
  FrameStamp stamp;
  std::uint64_t source = 0;
  if (!read_hex(frame.substr(text, 4), source) ||
      !read_hex(frame.substr(text + 4, 16), stamp.number) ||
      !read_hex(frame.substr(text + 20, 16), stamp.sent_ns)) {
    return std::nullopt;
  }
  stamp.source = static_cast<std::uint32_t>(source);
  const unsigned kbit = kBitrates[static_cast<unsigned char>(frame[2]) >> 4];
  if (frame_bytes(kbit, stamp.number) != frame.size()) return std::nullopt;
  if (std::memcmp(frame.data() + kFill, fill_of(stamp), frame.size() - kFill) != 0) {
    return std::nullopt;
  }
  return stamp;
}

std::optional<FrameStamp> FrameChecker::next(std::size_t& at) {
  const std::string_view all = rest_;
  while (all.size() - at >= kHeader) {
    const std::size_t length = length_of(all.substr(at, kHeader));
    if (length != 0) {
      if (all.size() - at < length) return std::nullopt;
      if (auto stamp = check_frame(all.substr(at, length))) {
        at += length;
        count(*stamp);
        return stamp;
      }
    }
    ++(counts_.frames == 0 ? counts_.cut : counts_.damaged);
    ++at;
  }
  return std::nullopt;
}

void FrameChecker::count(const FrameStamp& stamp) noexcept {
  if (counts_.frames != 0) {
    if (stamp.source != last_.source) {
      ++counts_.moved;
    } else if (stamp.number > last_.number) {
      counts_.lost += stamp.number - last_.number - 1;
    } else {
      ++counts_.repeated;
    }
  }
  ++counts_.frames;
  last_ = stamp;
}

}  // namespace lb
