// A directory of a test's own, removed with everything in it, and what is in its files.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace lb {

class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(std::string_view place = "/tmp")
      : path_(std::string(place) + "/lb-test-XXXXXX") {
    ::mkdtemp(path_.data());
  }
  // In memory, where the system has such a place: a disk takes its time for each file, and a killed
  // process loses no more there.
  static TemporaryDirectory quick() {
    return TemporaryDirectory(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string put(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(file(name)).parent_path());
    std::ofstream(file(name), std::ios::binary | std::ios::trunc) << text;
    return file(name);
  }
  std::string text(const std::string& name) const {
    std::ifstream stream(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  bool has(const std::string& name) const { return std::filesystem::exists(file(name)); }
  void remove(const std::string& name) const { std::filesystem::remove_all(file(name)); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_),
                                                  std::filesystem::directory_iterator()));
  }

 private:
  std::string path_;
};

}  // namespace lb
