// A directory of a test's own, removed with everything in it, and what is in its files.  It is in
// memory where the system has a place for that: a killed process loses no more there than on a
// disk, and nothing waits for one.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace lb {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char memory[] = "/dev/shm/lb-registry-XXXXXX", disk[] = "/tmp/lb-registry-XXXXXX";
    const char* made = ::mkdtemp(memory);
    path_ = made != nullptr ? made : ::mkdtemp(disk);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  void put(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(file(name)).parent_path());
    std::ofstream(file(name), std::ios::binary | std::ios::trunc) << text;
  }
  std::string text(const std::string& name) const {
    std::ifstream stream(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  bool has(const std::string& name) const { return std::filesystem::exists(file(name)); }
  void remove(const std::string& name) const { std::filesystem::remove_all(file(name)); }

 private:
  std::string path_;
};

}  // namespace lb
