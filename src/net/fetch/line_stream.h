// LineStream: an endless HTTP answer of lines, such as a watch of etcd, given line by line as it
// arrives.
//
// Thread: one loop (control).  Callbacks run there, never from within the constructor; each may
// destroy the LineStream.
// Ownership: the destructor ends the connection; no callback follows.
// Bounds: request.timeout until the answer's head, no time-out after it (TCP keep-alive detects a
// lost machine); a line of at most request.body_bytes.  Redirects are not followed.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/unique_function.h"
#include "net/fetch/fetch.h"
#include "net/loop/loop.h"

namespace lb {

class LineStream {
 public:
  struct Callbacks {
    UniqueFunction<void(std::string_view line)> line;  // of a 200, without its end; not empty
    // Called once, with an answer of another status and its body, or with a 200 that has ended (an
    // empty body).  Errors as Fetcher's; kLimit: a line was too long.
    UniqueFunction<void(Result<FetchAnswer>)> end;
  };

  LineStream(Loop& loop, FetchRequest request, Callbacks callbacks);
  ~LineStream();
  LineStream(const LineStream&) = delete;
  LineStream& operator=(const LineStream&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace lb
