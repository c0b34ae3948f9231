#include "app/process/log_writer.h"

#include <algorithm>
#include <utility>

namespace lb {

void LogWriter::post(UniqueFunction<void()> work) {
  loop_.post([this, work = std::move(work)]() mutable {
    work_ = std::move(work);
    const auto wait = paced_ - kBurst - loop_.now();
    if (wait.count() <= 0)
      run();
    else
      timer_.after(wait);
  });
}

void LogWriter::run() {
  paced_ = std::max(paced_, loop_.now()) + kPace;
  std::exchange(work_, {})();
}

}  // namespace lb
