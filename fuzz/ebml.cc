// EBML framer: the same marks and the same complete() for every split; header sets begin with an
// EBML head and are bounded.
#include "../tests/unit/media/recorder.h"
#include "check.h"

using namespace lb;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const FramerPlugin& ebml = framer_for("video/webm");
  const std::string_view bytes = fuzz::text_of(data, size);
  const std::string fault = check_splits(ebml, bytes, 0, 2, size <= 2000);
  fuzz::must(fault.empty(), fault);
  for (const std::string& set : run_framer(ebml, bytes, all_at_once).marks.header_sets) {
    fuzz::must(set.starts_with("\x1a\x45\xdf\xa3"), "a header set without its head");
    fuzz::must(set.size() <= 256 * 1024, "a header set is too large");
    fuzz::must(bytes.find(set) != std::string_view::npos, "a header set that was not sent");
  }
  return 0;
}
