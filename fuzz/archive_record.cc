// Records of the archive's index: no input makes reading fail; what is read is written again and
// read alike; nothing behind a wrong record counts.
#include "archive/files/archive_name.h"
#include "archive/files/record.h"
#include "check.h"

using namespace lb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const FileIndex index = read_index(text);
  fuzz::must(index.bytes <= size, "more was read than there is");
  for (std::size_t i = 1; i < index.marks.size(); ++i)
    fuzz::must(index.marks[i - 1].offset < index.marks[i].offset, "marks do not ascend");
  fuzz::must(read_index(std::string_view(text).substr(0, index.bytes)).marks == index.marks,
             "bytes behind the end change what is read");
  if (index.bytes > 0) {
    std::string again;
    append_head(again, index.head);
    for (const FileMark& mark : index.marks) append_mark(again, mark);
    fuzz::must(read_index(again).marks == index.marks, "marks are not read as they are written");
    fuzz::must(read_index(again).head.span.id == index.head.span.id, "the identity has changed");
  }
  FileMark end;
  read_end(text, end);
  // Names are of the same directory.
  if (const auto name = parse_archive_file(text))
    fuzz::must(to_string(*name) == text, "a file has two names");
  if (const auto mount = archive_mount(text))
    fuzz::must(archive_directory(*mount) == text, "a mount has two directories");
  const std::string directory = archive_directory(text);
  fuzz::must(directory.find('/') == std::string::npos && directory.find('.') == std::string::npos,
             "a name leaves its directory");
  return 0;
}
