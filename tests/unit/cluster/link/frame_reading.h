// What tests of frames share: a line is read as the frame that it must be, refused with a reason,
// or written again as it was.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "cluster/link/frame.h"

#include "CppUTest/TestHarness.h"

namespace lb::test {

template <class T>
T read(std::string_view line) {
  auto frame = parse_frame(line);
  if (!frame) FAIL(frame.error().what.c_str());
  CHECK(frame->has_value());
  CHECK(std::holds_alternative<T>(**frame));
  return std::get<T>(**frame);
}

// Why a line is refused.
inline std::string wrong(std::string_view line) {
  auto frame = parse_frame(line);
  return frame ? "(valid)" : frame.error().what;
}

// A frame reads as it was written, and writes as it was read.
inline std::string again(const Frame& frame) {
  std::string line = render_frame(frame);
  CHECK(line.ends_with('\n'));
  line.pop_back();
  auto read = parse_frame(line);
  if (!read) FAIL(read.error().what.c_str());
  STRCMP_EQUAL((line + "\n").c_str(), render_frame(**read).c_str());
  return line;
}

}  // namespace lb::test
