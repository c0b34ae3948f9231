// What is asked of recordings and of files, and what another node says that it has: a range lies
// within its file, and a list that is believed is bounded and reads the same when it is printed.
#include "archive/files/file_list.h"
#include "check.h"
#include "http/byte_range.h"

using namespace lb;

namespace {

void judge_range(std::string_view text, std::uint64_t size) {
  const ByteRange range = parse_byte_range(text, size);
  if (range.kind == ByteRange::Kind::kPart) {
    fuzz::must(range.length > 0 && range.first < size, "a range begins outside", text);
    fuzz::must(range.length <= size - range.first, "a range ends outside", text);
  } else {
    fuzz::must(range.first == 0 && range.length == 0, "what is not a range has bytes", text);
  }
  const std::string lines = range_lines(range, size);
  fuzz::must(lines.ends_with("\r\n") && lines.size() < 128, "lines of an answer", lines);
}

void judge_list(std::string_view text) {
  const auto rows = parse_file_list(text);
  if (!rows) return;
  fuzz::must(rows->size() <= kMaxFiles, "a list has no bound");
  for (const FileRow& row : *rows) {
    fuzz::must(row.remote, "a file of another node is one of this");
    fuzz::must(row.bytes <= kLargestRemoteFile && row.from_ms <= row.to_ms, "a file", text);
    fuzz::must(row.to_ms - row.from_ms <= 600'000, "a file of years", text);
    fuzz::must(row.from_ms >= 0 && row.origin + row.bytes >= row.origin, "a file's place", text);
    fuzz::must(parse_archive_file(to_string(row.name())) == row.name(), "a file's name", text);
  }
  const auto merged = merged_files(RecordedFiles(), {&*rows});
  for (const ArchiveRange& range : merged.ranges())
    fuzz::must(range.from_ms <= range.to_ms, "a range of files ends before it begins", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  for (const std::uint64_t of :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{4801}, ~std::uint64_t{0}})
    judge_range(text, of);
  judge_list(text);
  return 0;
}
