// Times of requests: no text makes reading fail, and what is read lies within the years that have
// four digits.
#include "archive/files/time_text.h"

#include "base/clock.h"
#include "check.h"

using namespace lb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kNow = 1'795'158'000'000;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto time = parse_time(text, kNow)) {
    fuzz::must(*time >= 0 && *time < 253'402'300'800'000, "a time is out of bounds");
    const auto again = parse_time(utc_text(*time, UtcForm::kSecond), 0);
    fuzz::must(again && *again == *time / 1000 * 1000, "a printed time is read as another");
  }
  if (const auto duration = parse_duration(text)) {
    fuzz::must(*duration >= 0, "a duration is negative");
    fuzz::must(text.find('-') == std::string::npos, "a duration has a sign");
  }
  return 0;
}
