// Makes a string of parts with one allocation: for log lines, messages and keys.
//
//   cat({"port ", port, " is closed: ", error.what})
//
// It is not inline, because each step of a chain of `+` would be compiled at its place.
// Thread: a pure function.
// Ownership: a part is a view until the end of the full expression; the caller owns the result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace lb {

// Text, a char, or an integer in decimal.  Bools and floating-point numbers are no parts, because
// their form is not unique.
class CatPart {
 public:
  CatPart(std::string_view text) noexcept
      : text_(text.data()), size_(text.size()) {}  // NOLINT: implicit
  CatPart(const std::string& text) noexcept
      : text_(text.data()), size_(text.size()) {}                          // NOLINT: implicit
  CatPart(const char* text) noexcept : CatPart(std::string_view(text)) {}  // NOLINT: implicit
  CatPart(char c) noexcept
      : number_(static_cast<unsigned char>(c)), size_(kChar) {}     // NOLINT: implicit
  CatPart(int n) noexcept : CatPart(static_cast<long long>(n)) {}   // NOLINT: implicit
  CatPart(long n) noexcept : CatPart(static_cast<long long>(n)) {}  // NOLINT: implicit
  CatPart(long long n) noexcept                                     // NOLINT: implicit
      : number_(static_cast<std::uint64_t>(n)), size_(kSigned) {}
  CatPart(unsigned n) noexcept : CatPart(static_cast<unsigned long long>(n)) {}  // NOLINT: implicit
  CatPart(unsigned long n) noexcept
      : CatPart(static_cast<unsigned long long>(n)) {}                      // NOLINT: implicit
  CatPart(unsigned long long n) noexcept : number_(n), size_(kUnsigned) {}  // NOLINT: implicit
  CatPart(bool) = delete;
  CatPart(double) = delete;

 private:
  friend std::string cat(std::initializer_list<CatPart> parts);

  // Sizes that no text has; they tell the type of number_.
  static constexpr std::size_t kChar = SIZE_MAX;
  static constexpr std::size_t kSigned = SIZE_MAX - 1;
  static constexpr std::size_t kUnsigned = SIZE_MAX - 2;

  union {
    const char* text_;
    std::uint64_t number_;
  };
  std::size_t size_;
};

std::string cat(std::initializer_list<CatPart> parts);

}  // namespace lb
