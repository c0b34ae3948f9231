#include "http/body.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/through_record.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::literals;

namespace {

Request request_with(std::vector<std::pair<std::string, std::string>> headers) {
  Request request;
  request.method = Method::kPut;
  for (auto& [name, value] : headers) request.headers.add(name, value);
  return request;
}

BodyReader chunked() {
  return *BodyReader::for_request(request_with({{"transfer-encoding", "chunked"}}), true);
}

struct Outcome {
  std::string payload;
  bool ended = false;
  bool failed = false;
  std::size_t used = 0;
  bool operator==(const Outcome&) const = default;
};

// Feeds `wire` in pieces of the lengths that `next` gives, until an end or an error.
template <class Next>
Outcome feed(BodyReader reader, const std::string& wire, Next next) {
  Outcome seen;
  while (seen.used < wire.size() && !seen.ended) {
    const std::size_t length = std::min<std::size_t>(next(), wire.size() - seen.used);
    std::vector<std::byte> piece(length);
    std::memcpy(piece.data(), wire.data() + seen.used, length);
    reader = test::through_record(reader);
    const auto taken = reader.take(piece);
    if (!taken) {
      seen.failed = true;
      return seen;
    }
    CHECK(taken->used <= length);
    CHECK(taken->bytes <= taken->used);
    CHECK(taken->ended || taken->used == length);
    CHECK(taken->ended == reader.ended());
    seen.payload.append(reinterpret_cast<const char*>(piece.data()), taken->bytes);
    seen.used += taken->used;
    seen.ended = taken->ended;
  }
  return seen;
}

Outcome feed_whole(const BodyReader& reader, const std::string& wire) {
  return feed(reader, wire, [&] { return wire.size(); });
}

// The same in every split; a failed one differs in how much of the payload was seen before.
Outcome feed_every_way(const BodyReader& reader, const std::string& wire) {
  const Outcome whole = feed_whole(reader, wire);
  const auto check = [&](const Outcome& other) {
    CHECK(other.failed == whole.failed);
    if (!whole.failed) CHECK(other == whole);
  };
  check(feed(reader, wire, [] { return std::size_t{1}; }));
  Rng rng(3);
  for (int round = 0; round < 50; ++round) {
    check(feed(reader, wire, [&] { return 1 + rng.below(1 + rng.below(20)); }));
  }
  return whole;
}

}  // namespace

TEST_GROUP(BodyFraming){};
TEST(BodyFraming, ASourceWithoutEitherStreamsUntilClose) {
  const auto reader = BodyReader::for_request(request_with({}), true);
  CHECK(reader.has_value());
  CHECK(reader->framing() == BodyReader::Framing::kUntilClose);
  const Outcome seen = feed_every_way(*reader, "any bytes \r\n0\r\n\r\n");
  CHECK(seen.payload == "any bytes \r\n0\r\n\r\n");
  CHECK(!seen.ended);
}
TEST(BodyFraming, AnotherRequestWithoutEitherHasNoBody) {
  const auto reader = BodyReader::for_request(request_with({}), false);
  CHECK(reader.has_value());
  CHECK(reader->framing() == BodyReader::Framing::kLength);
  CHECK(reader->ended());
}
TEST(BodyFraming, TakesExactlyTheLength) {
  const auto reader = BodyReader::for_request(request_with({{"content-length", "5"}}), true);
  CHECK(reader.has_value());
  const Outcome seen = feed_every_way(*reader, "helloGET /smuggled HTTP/1.0\r\n\r\n");
  CHECK(seen.payload == "hello");
  CHECK(seen.ended);
  LONGS_EQUAL(5, seen.used);
}
TEST(BodyFraming, ALengthOfZeroEndsOnlyWhatIsNoPutOfAStream) {
  Request request = request_with({{"content-length", "0"}});
  const auto put = BodyReader::for_request(request, true);
  CHECK(put->framing() == BodyReader::Framing::kUntilClose);
  CHECK(!put->ended());
  CHECK(BodyReader::for_request(request, false)->ended());
  request.method = Method::kPost;
  CHECK(BodyReader::for_request(request, true)->ended());
}
TEST(BodyFraming, TheLengthOfASourceIsIgnored) {
  for (const char* value : {"0", "-1", "1000", "4294967295", "99999999999999999999", "endless"}) {
    Request request = request_with({{"content-length", value}});
    request.method = Method::kSource;
    const auto source = BodyReader::for_request(request, true);
    CHECK_TEXT(source.has_value(), value);
    CHECK_TEXT(source->framing() == BodyReader::Framing::kUntilClose, value);
  }
}
TEST(BodyFraming, RefusesEveryLengthThatIsNotPlainDigits) {
  for (const char* value : {"-1", "18446744073709551616", "99999999999999999999999", "0x10", "+5",
                            "1e9", "5, 6", "", " ", "5 ", "9223372036854775808", "1.0", "0b1"}) {
    CHECK_TEXT(
        !BodyReader::for_request(request_with({{"content-length", value}}), true).has_value(),
        value);
    CHECK_TEXT(
        !BodyReader::for_request(request_with({{"content-length", value}}), false).has_value(),
        value);
  }
  CHECK(BodyReader::for_request(request_with({{"content-length", "9223372036854775807"}}), true)
            .has_value());
}
TEST(BodyFraming, RefusesTwoLengthsThatDiffer) {
  CHECK(!BodyReader::for_request(request_with({{"content-length", "5"}, {"content-length", "900"}}),
                                 true)
             .has_value());
  CHECK(!BodyReader::for_request(request_with({{"content-length", "0"}, {"content-length", "00"}}),
                                 true)
             .has_value());
  CHECK(BodyReader::for_request(request_with({{"content-length", "5"}, {"content-length", "5"}}),
                                true)
            .has_value());
}
TEST(BodyFraming, RefusesLengthAndCodingTogether) {
  CHECK(!BodyReader::for_request(
             request_with({{"content-length", "5"}, {"transfer-encoding", "chunked"}}), true)
             .has_value());
  CHECK(!BodyReader::for_request(
             request_with({{"transfer-encoding", "chunked"}, {"content-length", "5"}}), false)
             .has_value());
}
TEST(BodyFraming, RefusesEveryCodingButChunked) {
  for (const char* value : {"xchunked", "gzip, chunked", "chunked, chunked", "chunked;q=1", "",
                            "\"chunked\"", "chunked,", "chun ked"}) {
    CHECK_TEXT(
        !BodyReader::for_request(request_with({{"transfer-encoding", value}}), true).has_value(),
        value);
  }
  CHECK(!BodyReader::for_request(
             request_with({{"transfer-encoding", "xchunked"}, {"transfer-encoding", "chunked"}}),
             true)
             .has_value());
  CHECK(
      !BodyReader::for_request(
           request_with({{"transfer-encoding", "chunked"}, {"transfer-encoding", "chunked"}}), true)
           .has_value());
  CHECK(
      BodyReader::for_request(request_with({{"transfer-encoding", "Chunked"}}), true).has_value());
}
TEST(BodyFraming, AStreamMayNameNoCoding) {
  const auto request = request_with({{"transfer-encoding", "Identity"}});
  const auto reader = BodyReader::for_request(request, true);
  CHECK(reader.has_value());
  CHECK(reader->framing() == BodyReader::Framing::kUntilClose);
  CHECK(!BodyReader::for_request(request, false).has_value());
  CHECK(!BodyReader::for_request(
             request_with({{"transfer-encoding", "identity"}, {"transfer-encoding", "gzip"}}), true)
             .has_value());
}
TEST(BodyFraming, ShoutcastKnowsNone) {
  Request request = request_with({{"content-length", "5"}});
  request.protocol = Protocol::kIcy;
  const auto reader = BodyReader::for_request(request, true);
  CHECK(reader.has_value());
  CHECK(reader->framing() == BodyReader::Framing::kUntilClose);
}
TEST(BodyFraming, BytesAfterTheEndAreAnError) {
  BodyReader reader = *BodyReader::for_request(request_with({{"content-length", "1"}}), true);
  std::byte data[1] = {std::byte{'x'}};
  CHECK(reader.take(data).has_value());
  CHECK(reader.ended());
  CHECK(reader.take({}).has_value());
  CHECK(!reader.take(data).has_value());
}

TEST_GROUP(ChunkedBody){};
TEST(ChunkedBody, TakesTheFramingOut) {
  const Outcome seen = feed_every_way(
      chunked(),
      "5\r\nhello\r\n00000000000006;ext=\"v\"\r\n world\r\nA\r\n0123456789\r\n0\r\n\r\n");
  CHECK(!seen.failed);
  CHECK(seen.payload == "hello world0123456789");
  CHECK(seen.ended);
}
TEST(ChunkedBody, PassesOverTrailers) {
  const Outcome seen =
      feed_every_way(chunked(), "1\r\nx\r\n0;last\r\nExpires: never\r\nX: y\r\n\r\nnot ours");
  CHECK(!seen.failed);
  CHECK(seen.payload == "x");
  CHECK(seen.ended);
  LONGS_EQUAL(std::strlen("1\r\nx\r\n0;last\r\nExpires: never\r\nX: y\r\n\r\n"), seen.used);
}
TEST(ChunkedBody, RefusesWhatIsMalformed) {
  const std::string long_extension = "5;" + std::string(20000, 'e') + "\r\nhello\r\n";
  const std::string long_trailer = "0\r\n" + std::string(5000, 't') + "\r\n\r\n";
  const std::string many_trailers = [] {
    std::string text = "0\r\n";
    for (int i = 0; i < 5000; ++i) text += "t\r\n";
    return text + "\r\n";
  }();
  const std::vector<std::string> bad = {"zz\r\nabc\r\n",
                                        "-5\r\nhello\r\n",
                                        "+5\r\nhello\r\n",
                                        "FFFFFFFFFFFFFFFFF\r\nx",
                                        "7FFFFFFFFFFFFFFF\r\nx",
                                        "80000001\r\nx",
                                        "5\nhello\n",
                                        long_extension,
                                        "5\r\nhelloXX0\r\n",
                                        "\r\n\r\n\r\n",
                                        "\n",
                                        "0x5\r\nhello\r\n",
                                        "5 \r\nhello\r\n",
                                        " 5\r\nhello\r\n",
                                        "5\t\r\nhello\r\n",
                                        "00000000000000000005\r\nhello\r\n0\r\n\r\nGARBAGE",
                                        "00000000000000005\r\nhello\r\n",
                                        "5\rXhello\r\n",
                                        "5\r\nhello\n",
                                        "5\r\nhello\rX",
                                        "5\r\nhello\r\n\r\n",
                                        "5;e\nhello\r\n",
                                        "5;e\0\r\nhello\r\n"s,
                                        "5;e\rX",
                                        "0\r\n\n",
                                        "0\r\n\rX",
                                        "0\r\nt\n\r\n",
                                        "0\r\nt\0\r\n\r\n"s,
                                        long_trailer,
                                        many_trailers,
                                        ";\r\n",
                                        "5,\r\nhello\r\n",
                                        "5\"\r\nhello\r\n"};
  for (const std::string& wire : bad)
    CHECK_TEXT(feed_every_way(chunked(), wire).failed, wire.substr(0, 40).c_str());
}
TEST(ChunkedBody, AcceptsTheLargestSizeAndTheLongestExtension) {
  CHECK(!feed_every_way(chunked(), "80000000\r\nx").failed);
  CHECK(!feed_every_way(chunked(), "0000000080000000\r\nx").failed);
  const std::string extension(4095, 'e');
  CHECK(!feed_every_way(chunked(), "1;" + extension + "\r\nx\r\n").failed);
}
TEST(ChunkedBody, TheLimitOfExtensionsIsPerChunk) {
  std::string wire;
  for (int i = 0; i < 3000; ++i) wire += "1;abc\r\nx\r\n";
  const Outcome seen = feed_whole(chunked(), wire);
  CHECK(!seen.failed);
  LONGS_EQUAL(3000, seen.payload.size());
}
TEST(ChunkedBody, IsNotEndedByACutAnywhere) {
  const std::string wire = "5;x\r\nhello\r\n0\r\nT: v\r\n\r\n";
  for (std::size_t n = 0; n < wire.size(); ++n) {
    const Outcome seen = feed_every_way(chunked(), wire.substr(0, n));
    CHECK(!seen.failed);
    CHECK(!seen.ended);
  }
}
TEST(ChunkedBody, AnyBytesComeOutAsTheyWentIn) {
  Rng rng(5);
  for (int round = 0; round < 30; ++round) {
    std::string wire, payload;
    for (std::uint64_t chunks = rng.below(8); chunks > 0; --chunks) {
      std::string piece;
      for (std::uint64_t n = 1 + rng.below(300); n > 0; --n)
        piece += static_cast<char>(rng.below(256));
      char size[32];
      const int length =
          std::snprintf(size, sizeof size, rng.below(2) != 0 ? "%zX\r\n" : "%zx\r\n", piece.size());
      wire.append(size, static_cast<std::size_t>(length)).append(piece).append("\r\n");
      payload += piece;
    }
    const Outcome seen = feed_every_way(chunked(), wire + "0\r\n\r\n");
    CHECK(seen.payload == payload);
    CHECK(seen.ended);
  }
}
