// LineStream: an HTTP answer without an end that consists of lines, as a watch of etcd is one; told
// line by line while it comes.
//
// Thread: one loop (control).  Callbacks come there, never from within the constructor; either of
// them may destroy the LineStream.
// Ownership: the destructor ends the connection; nothing is called from then on.
// Bounds: request.timeout until the head of the answer is there, no time-out after it (TCP
// keep-alive finds a machine that is gone); a line of at most request.body_bytes.  Redirects are
// not followed.
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
    // Once.  An answer of another status, with its body; or a 200 that has ended (the body is
    // empty).  Errors as those of Fetcher; kLimit: a line was too long.
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
