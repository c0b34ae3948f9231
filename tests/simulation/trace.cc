#include "trace.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace lb::sim {

void Trace::mix(std::string_view bytes) noexcept {
  for (const char c : bytes) {
    hash_ ^= static_cast<unsigned char>(c);
    hash_ *= 0x100000001b3ULL;
  }
}

void Trace::mix(std::uint64_t value) noexcept {
  hash_ ^= value;
  hash_ *= 0x100000001b3ULL;
  hash_ ^= hash_ >> 29;
}

void Trace::note(std::chrono::nanoseconds at, std::string_view kind, unsigned a, unsigned b,
                 std::uint64_t size) {
  Row& row = rows_[count_++ % kKept];
  row.at = at;
  row.kind = kind;
  row.a = a;
  row.b = b;
  row.size = size;
  row.text.clear();
  mix(static_cast<std::uint64_t>(at.count()));
  mix(kind);
  mix((static_cast<std::uint64_t>(a) << 32) | b);
  mix(size);
  if (shown_) print(row);
}

void Trace::say(std::chrono::nanoseconds at, std::string text) {
  Row& row = rows_[count_++ % kKept];
  row = {at, {}, 0, 0, 0, std::move(text)};
  mix(static_cast<std::uint64_t>(at.count()));
  mix(row.text);
  if (shown_) print(row);
}

void Trace::print(const Row& row) {
  const double seconds = std::chrono::duration<double>(row.at).count() - 3600;
  if (row.text.empty())
    std::fprintf(stderr, "%11.6f  %-8.*s %u > %u  %llu bytes\n", seconds,
                 static_cast<int>(row.kind.size()), row.kind.data(), row.a, row.b,
                 static_cast<unsigned long long>(row.size));
  else
    std::fprintf(stderr, "%11.6f  %s\n", seconds, row.text.c_str());
}

void Trace::print_last() const {
  for (std::uint64_t i = count_ - std::min<std::uint64_t>(count_, kKept); i < count_; ++i)
    print(rows_[i % kKept]);
}

}  // namespace lb::sim
