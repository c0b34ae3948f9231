#include "program/confine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/cat.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "config/load/named_paths.h"
#include "program/syscall_filter.h"

namespace lb {
namespace {

// Programs and their libraries, names of hosts and users, the time, and what the kernel shows.
constexpr const char* kSystem[] = {"/usr",   "/bin", "/sbin", "/lib", "/lib32",
                                   "/lib64", "/etc", "/sys",  "/proc"};

void add_path(std::vector<std::string>& to, const std::string& path) {
  if (!path.empty() && std::find(to.begin(), to.end(), path) == to.end()) to.push_back(path);
}

// Files are replaced by renaming, so their directory counts; but not the root.
std::string reached_by(const std::string& path) {
  if (is_directory(path)) return path;
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? path : path.substr(0, slash);
}

// Behind a symbolic link, as those of Certbot are, the place of the file itself.
std::string real(const std::string& path) {
  const std::unique_ptr<char, decltype(&::free)> found(::realpath(path.c_str(), nullptr), &::free);
  return found ? found.get() : "";
}

void add_with_target(std::vector<std::string>& to, const std::string& path) {
  add_path(to, reached_by(path));
  if (const std::string target = real(path); !target.empty()) add_path(to, reached_by(target));
}

}  // namespace

FileRules file_rules(const Config& config) {
  FileRules rules;
  for (const char* path : kSystem) rules.read.emplace_back(path);
  add_with_target(rules.read, "/etc/resolv.conf");
  if (!config.file.empty()) add_with_target(rules.read, config.file);
  for (const NamedPath& named : named_paths(config)) {
    // What is made later could not be named in a rule; its parent would be too much.
    if (named.is_directory && !is_directory(named.path)) ::mkdir(named.path.c_str(), 0750);
    add_with_target(named.is_written ? rules.write : rules.read, named.path);
  }
  add_path(rules.write, "/dev");
  return rules;
}

Confinement confine(const Config& config, const std::string& program) {
  Confinement made;
  FileRules rules = file_rules(config);
  add_path(rules.read, reached_by(program));
  std::string files, calls;
  if (auto bound = bind_files(rules))
    files = cat({"files are read below ", rules.read.size(), " and written below ",
                 rules.write.size(), " directories"});
  else
    made.lacking.push_back(cat({"<confine>: ", bound.error().what, "; files are not confined"}));
  if (auto filtered = filter_system_calls())
    calls = "system calls are filtered";
  else
    made.lacking.push_back(
        cat({"<confine>: ", filtered.error().what, "; system calls are not confined"}));
  // A core file would hold passwords and keys.
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  made.holds = !files.empty() || !calls.empty();
  if (made.holds)
    made.held = cat(
        {"the process is confined: ", files, files.empty() || calls.empty() ? "" : ", ", calls});
  return made;
}

std::vector<std::string> out_of_reach(const Config& config) {
  std::vector<std::string> lost;
  for (const NamedPath& named : named_paths(config)) {
    const std::string directory = reached_by(named.path);
    const UniqueFd open(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!open && errno == EACCES) add_path(lost, directory);
  }
  return lost;
}

}  // namespace lb
