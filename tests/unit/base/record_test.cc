#include "base/record.h"

#include <string>

#include "base/random.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

enum class Colour : std::uint8_t { kRed, kBlue };

struct Inner {
  std::uint64_t a = 0;
  bool b = false;
  bool operator==(const Inner&) const = default;
};
template <class Io, RecordOf<Inner> T>
void record_fields(Io& io, T& inner) {
  auto& [a, b] = inner;
  io(1, a, b);
}

struct Outer {
  std::string name;
  std::int64_t below = 0;
  std::uint16_t small = 7;
  Colour colour = Colour::kRed;
  std::vector<Inner> list;
  std::optional<Inner> one;
  std::shared_ptr<const std::vector<std::byte>> shared;
  std::chrono::milliseconds time{0};
  std::array<std::uint64_t, 2> pair{};
};
template <class Io, RecordOf<Outer> T>
void record_fields(Io& io, T& outer) {
  auto& [name, below, small, colour, list, one, shared, time, pair] = outer;
  io(1, name, below, small);
  io.choice(4, colour, Colour::kBlue);
  io(5, list, one, shared, time, pair);
}

Outer example() {
  Outer outer;
  outer.name = std::string("a\0b", 3);
  outer.below = -5;
  outer.small = 65535;
  outer.colour = Colour::kBlue;
  outer.list = {{1, true}, {~0ULL, false}};
  outer.one = Inner{9, true};
  outer.shared =
      std::make_shared<const std::vector<std::byte>>(std::vector<std::byte>(300, std::byte{7}));
  outer.time = -250ms;
  outer.pair = {3, 4};
  return outer;
}

}  // namespace

TEST_GROUP(Record){};

TEST(Record, EveryKindOfValueComesBack) {
  const Outer from = example();
  const auto got = read_record<Outer>("test", record_bytes(from));
  CHECK(got.has_value());
  CHECK(got->name == from.name);
  LONGS_EQUAL(-5, got->below);
  LONGS_EQUAL(65535, got->small);
  CHECK(got->colour == Colour::kBlue);
  CHECK(got->list == from.list);
  CHECK(got->one == from.one);
  CHECK(*got->shared == *from.shared);
  CHECK(got->time == -250ms);
  CHECK(got->pair == from.pair);
}

TEST(Record, WhatIsMissingKeepsWhatTheStructBeginsWith) {
  const auto got = read_record<Outer>("test", "");
  CHECK(got.has_value());
  LONGS_EQUAL(7, got->small);
  CHECK(!got->one && !got->shared && got->list.empty());
}

TEST(Record, AFieldOfALaterVersionIsSkippedUnlessItMustBeKnown) {
  RecordOut out;
  out(1, 4u);
  out(77, std::string_view("news"));
  LONGS_EQUAL(4, read_record<Inner>("test", out.bytes())->a);
  out.needed(78, 1u);
  const auto refused = read_record<Inner>("test", out.bytes());
  CHECK(!refused.has_value());
  STRCMP_EQUAL("record test: field 78 must be known, and this version does not know it",
               refused.error().what.c_str());
}

TEST(Record, ValuesThatDoNotFitAreErrorsOfTheirField) {
  const auto fails = [](auto fill) {
    RecordOut out;
    fill(out);
    return !read_record<Outer>("test", out.bytes()).has_value();
  };
  CHECK(fails([](RecordOut& o) { o(3, 65536u); }));
  CHECK(fails([](RecordOut& o) { o(4, 2u); }));
  CHECK(fails([](RecordOut& o) { o(1, 5u); }));
  CHECK(fails([](RecordOut& o) { o(2, std::string_view("x")); }));
  CHECK(fails([](RecordOut& o) { o(6, 5u); }));
  CHECK(fails([](RecordOut& o) { o(1, std::string_view("x")), o(1, std::string_view("y")); }));
  CHECK(fails([](RecordOut& o) { o(9, std::vector<std::uint64_t>{1, 2, 3}); }));
}

TEST(Record, AListOfRecordsIsReadOneByOne) {
  std::string file;
  RecordOut first, second;
  first(1, 1u);
  put_record(file, 5, true, first);
  put_record(file, 900, false, second);
  RecordList list(file);
  auto one = list.next();
  CHECK(one && *one && (*one)->type == 5 && (*one)->needed);
  auto two = list.next();
  CHECK(two && *two && (*two)->type == 900 && !(*two)->needed && (*two)->bytes.empty());
  auto end = list.next();
  CHECK(end && !*end);
}

// Other bytes than a writer's give an error or a value; sanitizers see the rest.
TEST(Record, CutAndChangedBytesAreReadWithoutHarm) {
  const std::string whole = record_bytes(example());
  for (std::size_t i = 0; i < whole.size(); ++i)
    (void)read_record<Outer>("test", whole.substr(0, i));
  Rng rng(7);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = whole;
    for (int k = 0; k < 3; ++k) bytes[rng.next() % bytes.size()] = static_cast<char>(rng.next());
    (void)read_record<Outer>("test", bytes);
    RecordList list(bytes);
    for (auto head = list.next(); head && *head; head = list.next()) {
    }
  }
  CHECK(!read_record<Outer>("test", std::string(11, '\xff')).has_value());
}
