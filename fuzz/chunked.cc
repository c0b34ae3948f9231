// Fuzzes the chunked body reader.
// Oracles: every split gives the same payload and the same end; the payload is never longer than
// what was sent; and any bytes, put into chunks, come out as they went in.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "http/body.h"

namespace {

using namespace lb;

void require(bool promise) {
  if (!promise) std::abort();
}

BodyReader chunked() {
  Request request;
  request.headers.add("transfer-encoding", "chunked");
  return *BodyReader::for_request(request, true);
}

struct Outcome {
  std::string payload;
  std::size_t used = 0;
  bool ended = false;
  bool failed = false;
};

template <class Next>
Outcome feed(std::string_view wire, Next next) {
  BodyReader reader = chunked();
  Outcome seen;
  while (seen.used < wire.size() && !seen.ended) {
    const std::size_t length = std::min<std::size_t>(next(), wire.size() - seen.used);
    // A piece of its own on the heap, so that a byte read or written beyond it is noticed.
    std::vector<std::byte> piece(length);
    std::memcpy(piece.data(), wire.data() + seen.used, length);
    const auto taken = reader.take(piece);
    if (!taken) {
      require(!taken.error().what.empty());
      seen.failed = true;
      return seen;
    }
    require(taken->bytes <= taken->used && taken->used <= length);
    require(taken->ended || taken->used == length);
    require(taken->ended == reader.ended());
    seen.payload.append(reinterpret_cast<const char*>(piece.data()), taken->bytes);
    seen.used += taken->used;
    seen.ended = taken->ended;
  }
  return seen;
}

void same(const Outcome& a, const Outcome& b) {
  require(a.failed == b.failed);
  // A failing call gives nothing of its own piece, so payloads before a failure may differ.
  if (!a.failed) require(a.payload == b.payload && a.used == b.used && a.ended == b.ended);
}

std::string in_chunks(std::string_view payload, Rng& rng) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string wire;
  while (!payload.empty()) {
    const std::size_t length = 1 + rng.below(std::min<std::size_t>(payload.size(), 5000));
    std::string digits;
    for (std::size_t rest = length; rest != 0; rest /= 16) digits.insert(0, 1, kHex[rest % 16]);
    wire.append(digits).append(rng.below(4) == 0 ? ";x=y\r\n" : "\r\n");
    wire.append(payload.substr(0, length)).append("\r\n");
    payload.remove_prefix(length);
  }
  return wire + (rng.below(2) == 0 ? "0\r\n\r\n" : "0\r\nT: v\r\n\r\n");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view wire(reinterpret_cast<const char*>(data), size);
  std::uint64_t seed = size;
  for (const char c : wire.substr(0, 64)) seed = seed * 31 + static_cast<unsigned char>(c);
  Rng rng(seed);
  const auto random_length = [&] { return 1 + rng.below(1 + rng.below(300)); };

  const Outcome whole = feed(wire, [&] { return wire.size(); });
  require(whole.payload.size() <= wire.size());
  same(whole, feed(wire, [] { return std::size_t{1}; }));
  same(whole, feed(wire, random_length));

  const std::string again = in_chunks(wire, rng);
  const Outcome back = feed(again, random_length);
  require(back.ended && back.payload == wire && back.used == again.size());
  return 0;
}
