// Trace: what happens in a World, as a hash and as its last events.
// Thread: one.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lb::sim {

class Trace {
 public:
  static constexpr std::size_t kKept = 200;

  // Each event to standard error as it comes.
  void show(bool shown) noexcept { shown_ = shown; }
  void note(std::chrono::nanoseconds at, std::string_view kind, unsigned a, unsigned b,
            std::uint64_t size);
  void say(std::chrono::nanoseconds at, std::string text);
  std::uint64_t hash() const noexcept { return hash_; }
  std::uint64_t events() const noexcept { return count_; }
  void print_last() const;

 private:
  struct Row {
    std::chrono::nanoseconds at{};
    std::string_view kind;  // of a literal
    unsigned a = 0, b = 0;
    std::uint64_t size = 0;
    std::string text;
  };
  void mix(std::string_view bytes) noexcept;
  void mix(std::uint64_t value) noexcept;
  static void print(const Row& row);

  bool shown_ = false;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL, count_ = 0;
  std::array<Row, kKept> rows_{};
};

}  // namespace lb::sim
