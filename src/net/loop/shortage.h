// note_shortage(): the kernel had no memory or no descriptor for a call.  The awaited event stays
// ready, and a loop that returned to it at once would spin: so the Watch whose callback makes the
// call waits 100 ms, like a Watch that the kernel refused.
//
// Thread: any; without effect outside a Watch's callback, where no event comes again at once.
#pragma once

namespace lb {

void note_shortage() noexcept;

}  // namespace lb
