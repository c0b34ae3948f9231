// HeldThread without a thread: the linker takes this one in place of the server's.  Node turns the
// loop that it would run.
#include "base/thread.h"

namespace lb {

Result<void> HeldThread::make(const char*, UniqueFunction<void()>) { return {}; }
void HeldThread::begin() {}
void HeldThread::join() {}

}  // namespace lb
