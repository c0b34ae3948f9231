#include "app/process/mount_hooks.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/cat.h"
#include "base/strings.h"
#include "config/load/command_words.h"
#include "net/loop/child_process.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxChildren = 256;
// An encoder that reconnects endlessly must not use up the limit for other mounts.
constexpr std::size_t kMaxOfMount = 32;
// With kMaxChildren, whose programs may never end, one may still run of each mount without any.
constexpr std::size_t kMaxOfAll = 2 * kMaxChildren;
constexpr std::string_view kAboutNode = "event node-";

// The child's descriptors and signals.
class SpawnPlan {
 public:
  explicit SpawnPlan(int null_device) {
    ::posix_spawn_file_actions_init(&actions_);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      ::posix_spawn_file_actions_adddup2(&actions_, null_device, fd);
    // Our descriptors are close-on-exec; a library may have opened others.
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    // The clerk blocks all signals and ignores SIGPIPE; the program must inherit neither.
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(
        &attributes_,
        static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID));
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // Returns 0 or the error number.
  int spawn(pid_t& pid, char* const* arguments, char* const* environment) const {
    return ::posix_spawn(&pid, arguments[0], &actions_, &attributes_, arguments, environment);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// The event's variables, and those passed on from our own environment.
std::vector<std::string> environment_of(const HookEvent& event) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : event.environment) lines.push_back(cat({name, "=", value}));
  for (std::string& line : passed_on_environment()) lines.push_back(std::move(line));
  return lines;
}

std::vector<std::string> arguments_of(const HookEvent& event, bool of_mount) {
  if (!of_mount) return {event.program, event.argument};
  std::vector<std::string> words = hook_words(event.program);
  for (std::size_t i = 1; i < words.size(); ++i) {
    const bool was_option = words[i].starts_with('-');
    words[i] = expand_mount(words[i], event.argument);
    // A source may choose the name of its mount, but no option of the program.
    if (!was_option && words[i].starts_with('-')) words[i].insert(0, "./");
  }
  if (words.size() == 1) words.push_back(event.argument);
  return words;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

MountHooks::MountHooks(Loop& clerk, Log& log)
    : clerk_(clerk),
      log_(log),
      null_device_(::open("/dev/null", O_RDWR | O_CLOEXEC)),
      again_(clerk, [this] { reap_all(); }) {}

void MountHooks::run(HookEvent event) {
  clerk_.post([this, event = std::move(event)] { start(event); });
}

void MountHooks::start(const HookEvent& event) {
  const std::string what = cat({event.about, ": program ", event.program});
  // Events of nodes count together, whatever they are: no node keeps mounts from their programs.
  const bool of_mount = event.about.starts_with("mount "),
             of_node = event.about.starts_with(kAboutNode);
  const auto same = static_cast<std::size_t>(
      std::count_if(children_.begin(), children_.end(), [&](const Child& child) {
        return of_node ? child.what.starts_with(kAboutNode) : child.what == what;
      }));
  const bool too_many = (of_mount || of_node) && same >= kMaxOfMount;
  const std::size_t most = of_mount && same == 0 ? kMaxOfAll : kMaxChildren;
  if (too_many || children_.size() >= most) {
    log_.warn("source/script", cat({what, " was not run, because ", too_many ? same : most,
                                    " such programs are running already"}));
    return;
  }
  std::vector<std::string> arguments = arguments_of(event, of_mount);
  std::vector<std::string> environment = environment_of(event);
  pid_t pid = 0;
  const int failed =
      SpawnPlan(null_device_.get())
          .spawn(pid, pointers_to(arguments).data(), pointers_to(environment).data());
  if (failed != 0) {
    log_.error("source/script", cat({what, " could not be run (", std::strerror(failed), ")"}));
    return;
  }
  log_.info("source/script", cat({what, " runs as process ", pid}));
  Child& child = children_.emplace_back();
  child.owner = this;
  child.pid = pid;
  child.what = what;
  child.pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (child.pidfd)
    child.watch.start<&Child::on_end>(clerk_, child.pidfd.get(), EV_READ, &child);
  else
    again_.after(1s);
}

bool MountHooks::reap(const Child& child) {
  int status = 0;
  if (::waitpid(child.pid, &status, WNOHANG) == 0) return false;
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
    log_.warn("source/script", cat({child.what, " ended with status ", WEXITSTATUS(status)}));
  else if (WIFSIGNALED(status))
    log_.warn("source/script", cat({child.what, " was ended by signal ", WTERMSIG(status)}));
  return true;
}

void MountHooks::reap_all() {
  bool blind = false;
  for (auto at = children_.begin(); at != children_.end();) {
    if (reap(*at)) {
      at = children_.erase(at);
      continue;
    }
    blind = blind || !at->pidfd;
    ++at;
  }
  if (blind) again_.after(1s);
}

}  // namespace lb
