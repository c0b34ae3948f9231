// What a parser makes of a text, however that is split.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/random.h"
#include "http/parser.h"

#include "CppUTest/Utest.h"
#include "CppUTest/UtestMacros.h"

namespace lb::test {

// Everything that a caller can see, as one text.
template <class Parser>
std::string shown(Parser& parser, std::size_t consumed) {
  std::string out;
  switch (parser.status()) {
    case ParseStatus::kMore:
      out = "more";
      break;
    case ParseStatus::kDone:
      out = "done";
      break;
    case ParseStatus::kRefuse:
      out = "refuse";
      break;
    case ParseStatus::kDrop:
      out = "drop";
      break;
  }
  out += " " + std::to_string(consumed);
  if constexpr (requires { parser.refuse_status(); }) {
    if (parser.status() == ParseStatus::kRefuse) {
      return out + " " + std::to_string(parser.refuse_status()) + " " +
             std::string(parser.refuse_text());
    }
  }
  if (parser.status() != ParseStatus::kDone) return out;
  const Request& r = parser.request();
  out += " " + std::to_string(static_cast<int>(r.method)) + " " + r.method_text + " " +
         std::to_string(static_cast<int>(r.protocol)) + " " + std::to_string(r.version_minor) +
         " [" + r.target + "][" + r.path + "][" + r.query + "][" + r.password + "]";
  for (const auto& [name, value] : r.headers.all()) out += "\n" + name + "=" + value;
  return out;
}

template <class Parser, class Next>
std::string feed(const std::string& wire, Next next, Parser parser = Parser()) {
  std::size_t at = 0, consumed = 0;
  while (at < wire.size()) {
    const std::size_t length = std::min<std::size_t>(next(), wire.size() - at);
    const std::size_t taken = parser.feed(std::string_view(wire).substr(at, length));
    CHECK(taken <= length);
    CHECK(parser.status() != ParseStatus::kMore || taken == length);
    consumed += taken;
    at += length;
  }
  return shown(parser, consumed);
}

// The same in every split, or the test fails.
template <class Parser = RequestParser>
std::string parse(const std::string& wire) {
  const std::string whole = feed<Parser>(wire, [&] { return wire.size(); });
  STRCMP_EQUAL(whole.c_str(), feed<Parser>(wire, [] { return std::size_t{1}; }).c_str());
  Rng rng(wire.size());
  for (int round = 0; round < 20; ++round) {
    STRCMP_EQUAL(whole.c_str(),
                 feed<Parser>(wire, [&] { return 1 + rng.below(1 + rng.below(100)); }).c_str());
  }
  return whole;
}

}  // namespace lb::test
