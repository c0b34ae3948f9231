// HlsPath: whatever is parsed is below a mount and has one name only: printed again it is the same.
#include <string>

#include "check.h"
#include "hls/media_playlist.h"
#include "hls/path.h"

using namespace lb;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view path = fuzz::text_of(data, size);
  const auto parsed = parse_hls_path(path);
  if (!parsed) return 0;
  fuzz::must(parsed->mount.size() >= 2 && parsed->mount.front() == '/', "it has no mount");
  std::string name = hls_list_name(*parsed);
  if (parsed->kind == HlsPath::Kind::kSegment) {
    HlsSegment segment;
    segment.stream = parsed->stream;
    segment.sequence = parsed->sequence;
    segment.adts = parsed->adts;
    name = segment_name(segment);
  }
  fuzz::must(path == std::string(parsed->mount) + "/" + name, "it has two names");
  return 0;
}
