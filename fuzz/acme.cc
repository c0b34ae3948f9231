// Fuzzes what a certificate authority sends: answers, one behind another, to an order.
// Oracles: an order ends; it asks https addresses alone; what it publishes is a token in the
// alphabet of tokens; what it says of a failure is a short line without control characters.
// Input: answers with a line of "==" between: the status, header lines, an empty line, the body.
#include <algorithm>
#include <string>
#include <string_view>
#include <variant>

#include "acme/order.h"
#include "base/strings.h"
#include "fuzz/check.h"

namespace {

using namespace lb;

constexpr int kMaxSteps = 20000;
constexpr std::size_t kLongestLine = 2000;

FetchAnswer answer_of(std::string_view text) {
  FetchAnswer answer;
  const std::size_t end = text.find('\n');
  answer.status = static_cast<int>(parse_u64(trim(text.substr(0, end))).value_or(200) % 600);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  while (!text.empty() && text.front() != '\n') {
    const std::size_t line = std::min(text.find('\n'), text.size());
    answer.headers.emplace_back(text.substr(0, line));
    text.remove_prefix(std::min(text.size(), line + 1));
  }
  if (!text.empty()) text.remove_prefix(1);
  answer.body = text;
  return answer;
}

void check_line(std::string_view text) {
  fuzz::must(text.size() <= kLongestLine, "a line is short");
  fuzz::must(std::ranges::none_of(
                 text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
             "a line has no control characters", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const AcmeKey account = *AcmeKey::generate(), key = *AcmeKey::generate();
  std::string_view rest = fuzz::text_of(data, size);
  // An order that was begun before the last restart goes on.
  const bool goes_on = rest.starts_with('+');
  if (goes_on) rest.remove_prefix(1);
  AcmeOrder order({"https://ca.test/directory",
                   {"radio.test", "*.radio.test", "192.0.2.7"},
                   "",
                   "",
                   account,
                   key,
                   {},
                   {},
                   {AcmeChallenge::kTls, AcmeChallenge::kHttp, AcmeChallenge::kDns},
                   {},
                   "replaced.one",
                   goes_on ? "https://ca.test/order/1" : ""});
  const WallTime now = WallTime(std::chrono::seconds(1'700'000'000));
  AcmeOrder::Step step = order.begin();
  for (int i = 0; i < kMaxSteps; ++i) {
    if (const auto* ask = std::get_if<AcmeOrder::Ask>(&step)) {
      fuzz::must(ask->url.starts_with("https://"), "https alone is asked", ask->url);
      constexpr std::string_view kBetween = "==\n";
      const std::size_t end = rest.find(kBetween);
      if (rest.empty()) {
        step = order.next(Error::timeout("no answer is left"), now);
        continue;
      }
      step = order.next(answer_of(rest.substr(0, end)), now);
      rest =
          end == std::string_view::npos ? std::string_view() : rest.substr(end + kBetween.size());
    } else if (const auto* publish = std::get_if<AcmeOrder::Publish>(&step)) {
      const std::string_view token = publish->token;
      fuzz::must(!token.empty() && std::ranges::all_of(token,
                                                       [](char c) {
                                                         return (c >= 'a' && c <= 'z') ||
                                                                (c >= 'A' && c <= 'Z') ||
                                                                (c >= '0' && c <= '9') ||
                                                                c == '-' || c == '_';
                                                       }),
                 "a token has the alphabet of tokens", token);
      step = order.next();
    } else if (const auto* failure = std::get_if<AcmeFailure>(&step)) {
      check_line(failure->text);
      return 0;
    } else if (const auto* other = std::get_if<AcmeOrder::OtherWay>(&step)) {
      check_line(other->failure.text);
      step = order.next();
    } else if (std::holds_alternative<AcmeOrder::Done>(step)) {
      return 0;
    } else {
      step = order.next();
    }
  }
  fuzz::must(false, "an order ends");
  return 0;
}
