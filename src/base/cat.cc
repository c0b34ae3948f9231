#include "base/cat.h"

#include <charconv>
#include <cstring>

namespace lb {
namespace {

std::size_t digits_of(std::uint64_t n) noexcept {
  std::size_t digits = 1;
  for (; n >= 10; n /= 10) ++digits;
  return digits;
}

std::uint64_t magnitude(std::uint64_t n) noexcept {
  return static_cast<std::int64_t>(n) < 0 ? 0 - n : n;
}

}  // namespace

std::string cat(std::initializer_list<CatPart> parts) {
  std::size_t size = 0;
  for (const CatPart& part : parts) {
    switch (part.size_) {
      case CatPart::kChar:
        size += 1;
        break;
      case CatPart::kSigned:
        size += digits_of(magnitude(part.number_)) +
                (static_cast<std::int64_t>(part.number_) < 0 ? 1 : 0);
        break;
      case CatPart::kUnsigned:
        size += digits_of(part.number_);
        break;
      default:
        size += part.size_;
    }
  }
  std::string out(size, '\0');
  char* at = out.data();
  char* const end = at + size;
  for (const CatPart& part : parts) {
    switch (part.size_) {
      case CatPart::kChar:
        *at++ = static_cast<char>(part.number_);
        break;
      case CatPart::kSigned:
        at = std::to_chars(at, end, static_cast<std::int64_t>(part.number_)).ptr;
        break;
      case CatPart::kUnsigned:
        at = std::to_chars(at, end, part.number_).ptr;
        break;
      default:
        if (part.size_ > 0) std::memcpy(at, part.text_, part.size_);
        at += part.size_;
    }
  }
  return out;
}

}  // namespace lb
