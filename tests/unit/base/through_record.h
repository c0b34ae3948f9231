// What another process has of a value that was handed over to it.
#pragma once

#include <string>

#include "base/record.h"

#include "CppUTest/TestHarness.h"

namespace lb::test {

// out: a value of the same making, for what its constructor says.
template <class T>
T through_record(const T& from, T out = T()) {
  RecordOut record;
  record_fields(record, from);
  RecordIn in("hand-over", record.bytes());
  record_fields(in, out);
  const auto done = in.done();
  CHECK_TEXT(done.has_value(), done ? "" : done.error().what.c_str());
  return out;
}

}  // namespace lb::test
