// note_shortage(): the kernel had no memory or no descriptor for a call.  What the call was for
// stays ready, and a loop that returned at once would spin: the Watch whose callback makes the call
// waits 100 ms, as one that the kernel refused.
//
// Thread: any; without effect outside a Watch's callback, where no event comes again at once.
#pragma once

namespace lb {

void note_shortage() noexcept;

}  // namespace lb
