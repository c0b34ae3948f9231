// Runs a fuzz target once over every file of its corpus, so that `make check` needs no fuzzer.
//   replay_NAME [directory]    default: $srcdir/fuzz/corpus/NAME, as automake runs its tests
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "check.h"

int main(int argc, char** argv) {
  const std::string program = std::filesystem::path(argv[0]).filename();
  const char* srcdir = std::getenv("srcdir");
  std::filesystem::path corpus = srcdir != nullptr ? srcdir : ".";
  corpus = corpus / "fuzz" / "corpus" / program.substr(program.find('_') + 1);
  if (argc > 1) corpus = argv[1];

  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(corpus, error))
    if (entry.is_regular_file()) files.push_back(entry.path());
  if (error || files.empty()) {
    std::fprintf(stderr, "%s: no files in %s\n", program.c_str(), corpus.c_str());
    return 1;
  }
  std::sort(files.begin(), files.end());
  LLVMFuzzerTestOneInput(nullptr, 0);
  for (const auto& file : files) {
    std::fprintf(stderr, "%s\n", file.c_str());
    std::ifstream in(file, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  std::fprintf(stderr, "%s: %zu files\n", program.c_str(), files.size());
  return 0;
}
