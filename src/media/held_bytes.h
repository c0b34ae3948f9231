// Bytes that a framer has to see again, with more behind them.
// Thread: pure function.
#pragma once

#include <algorithm>

#include "media/bytes.h"
#include "media/framer.h"

namespace lb {

// Gives all bytes to scan(), which returns how many it passed: as they come while nothing is held,
// else behind what is held, `piece` more at a time.
template <class Scan>
void scan_with_held(Bytes& held, ByteSpan bytes, std::size_t piece, Scan&& scan) {
  while (!bytes.empty()) {
    if (held.empty()) {
      const std::size_t n = scan(bytes);
      bytes = bytes.subspan(n);
      if (n > 0) continue;
    }
    const ByteSpan next = bytes.first(std::min(piece, bytes.size()));
    held.insert(held.end(), next.begin(), next.end());
    bytes = bytes.subspan(next.size());
    held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(scan(ByteSpan(held))));
  }
}

}  // namespace lb
