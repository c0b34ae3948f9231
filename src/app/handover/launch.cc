#include "app/handover/launch.h"

#include <spawn.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstring>
#include <string_view>

#include "app/handover/stand_in.h"
#include "base/cat.h"

namespace lb {
namespace {

constexpr int kTheirEnd = 3;
constexpr char kOwnProgram[] = "/proc/self/exe";

// The path that this program was started by: behind a symbolic link there may be another one next
// time.  "": it is not known, or names another file.
std::string path_of_start() {
  const auto* const name = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  struct stat named {};
  struct stat own {};
  // A program that is started by its descriptor has a name below /dev.
  if (name == nullptr || std::string_view(name).starts_with("/dev/") || ::stat(name, &named) != 0)
    return {};
  // Within a <chroot> there is no /proc.
  const bool known = ::stat(kOwnProgram, &own) == 0;
  if (known && (named.st_dev != own.st_dev || named.st_ino != own.st_ino)) return {};
  if (*name == '/') return name;
  std::array<char, PATH_MAX> place{};
  return ::getcwd(place.data(), place.size()) ? cat({place.data(), "/", name}) : std::string();
}

}  // namespace

Launch Launch::take(int argc, char** argv) {
  Launch launch;
  launch.program = path_of_start();
  std::array<char, PATH_MAX> path{};
  if (const ssize_t n = ::readlink(kOwnProgram, path.data(), path.size());
      launch.program.empty() && n > 0)
    launch.program.assign(path.data(), static_cast<std::size_t>(n));
  for (int i = 1; i < argc; ++i)
    if (!std::string_view(argv[i]).starts_with("--take-over="))
      launch.arguments.emplace_back(argv[i]);
  return launch;
}

Result<pid_t> Launch::start(const FdChannel& theirs) const {
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  words.push_back(cat({"--take-over=", kTheirEnd}));
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  // If the descriptor has that number already, this removes its close-on-exec flag.
  ::posix_spawn_file_actions_adddup2(&files, theirs.fd(), kTheirEnd);
  // Our descriptors are close-on-exec, but libcurl's socket pairs are not, and would pile up.
  ::posix_spawn_file_actions_addclosefrom_np(&files, kTheirEnd + 1);
  const sigset_t held = watched_signals();
  sigset_t all;
  ::sigfillset(&all);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setsigmask(&attributes, &held);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  const int failed =
      ::posix_spawn(&pid, program.c_str(), &files, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0)
    return Error::io(cat(
        {"program ", program, " could not be started (", std::strerror(failed), ")",
         root.empty() ? ""
                      : cat({": it and its libraries have to be within the <chroot> ", root})}));
  return pid;
}

}  // namespace lb
