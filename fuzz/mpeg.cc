// MPEG framer: the same marks and the same complete() for every split; bytes untouched.
#include "../tests/unit/media/recorder.h"
#include "check.h"

using namespace lb;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string fault =
      check_splits(framer_for("audio/mpeg"), fuzz::text_of(data, size), 0, 2, size <= 2000);
  fuzz::must(fault.empty(), fault);
  return 0;
}
