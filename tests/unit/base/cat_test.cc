#include "base/cat.h"

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::literals;

namespace {

template <class T>
bool is_as_to_string(T n) {
  return cat({n}) == std::to_string(n) && cat({"<", n, ">"}) == "<" + std::to_string(n) + ">";
}

template <class T>
bool limits_are_right() {
  using Limits = std::numeric_limits<T>;
  return is_as_to_string<T>(Limits::min()) && is_as_to_string<T>(Limits::max()) &&
         is_as_to_string<T>(static_cast<T>(Limits::min() + 1)) &&
         is_as_to_string<T>(static_cast<T>(Limits::max() - 1)) && is_as_to_string<T>(T{0}) &&
         is_as_to_string<T>(static_cast<T>(-1));
}

static_assert(!std::is_convertible_v<bool, CatPart>);
static_assert(!std::is_convertible_v<double, CatPart>);
static_assert(!std::is_convertible_v<float, CatPart>);
static_assert(!std::is_convertible_v<long double, CatPart>);
static_assert(!std::is_convertible_v<void*, CatPart>);
static_assert(std::is_trivially_copyable_v<CatPart>);

}  // namespace

TEST_GROUP(Cat){};
TEST(Cat, JoinsTextOfEveryKind) {
  const std::string owned = "owned";
  const std::string_view view = "a view of it"sv.substr(2, 4);
  char buffer[8] = "buf";
  const char* pointer = buffer;
  CHECK(cat({owned, "/", view, '/', buffer, '/', pointer, "/", std::string("temporary")}) ==
        "owned/view/buf/buf/temporary");
}
TEST(Cat, NothingMakesNothing) {
  CHECK(cat({}).empty());
  CHECK(cat({""}).empty());
  CHECK(cat({"", std::string(), std::string_view(), ""sv}).empty());
  CHECK(cat({"", "a", std::string_view(), "b", ""}) == "ab");
}
TEST(Cat, IntegersOfEachWidthHaveTheirLimits) {
  CHECK(limits_are_right<signed char>());
  CHECK(limits_are_right<unsigned char>());
  CHECK(limits_are_right<short>());
  CHECK(limits_are_right<unsigned short>());
  CHECK(limits_are_right<int>());
  CHECK(limits_are_right<unsigned>());
  CHECK(limits_are_right<long>());
  CHECK(limits_are_right<unsigned long>());
  CHECK(limits_are_right<long long>());
  CHECK(limits_are_right<unsigned long long>());
  CHECK(cat({std::int64_t{-9223372036854775807 - 1}}) == "-9223372036854775808");
  CHECK(cat({~std::uint64_t{0}}) == "18446744073709551615");
}
TEST(Cat, EveryNumberOfDigitsIsRight) {
  for (std::uint64_t n = 1; n != 0; n = n > ~std::uint64_t{0} / 10 ? 0 : n * 10) {
    CHECK(is_as_to_string(n - 1));
    CHECK(is_as_to_string(n));
    CHECK(is_as_to_string(-static_cast<std::int64_t>(n / 2)));
  }
}
TEST(Cat, ACharIsItself) { CHECK(cat({'a', '\xff', '\0', 'z'}) == "a\xff\0z"s); }
TEST(Cat, ANulInATextStays) { CHECK(cat({"a\0b"s, "\0"sv, "c"}) == "a\0b\0c"s); }
TEST(Cat, LongTextIsWhole) {
  const std::string a(100'000, 'a');
  const std::string b(1'000'000, 'b');
  const std::string all = cat({a, 1, b, -1, a});
  CHECK(all == a + "1" + b + "-1" + a);
}
TEST(Cat, OneAllocationIsOfTheRightSize) {
  // A string that grew would have room for more.
  const std::string a(40, 'a');
  const std::string all = cat({a, "b", 1234567, 'c', a, a, a});
  LONGS_EQUAL(169, all.size());
  LONGS_EQUAL(all.size(), all.capacity());
}
TEST(Cat, PartsAreMadeFromLeftToRight) {
  int n = 0;
  const auto next = [&n] { return ++n; };
  CHECK(cat({next(), "-", next(), "-", next()}) == "1-2-3");
}
