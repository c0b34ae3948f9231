#include "program/confine.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "base/cat.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "config/load/named_paths.h"

namespace lb {
namespace {

// Every program needs these: programs and libraries, names of hosts and users, time zones, /proc.
constexpr const char* kSystem[] = {"/usr",   "/bin", "/sbin", "/lib", "/lib32",
                                   "/lib64", "/etc", "/sys",  "/proc"};

void add_path(std::vector<std::string>& to, const std::string& path) {
  if (!path.empty() && std::find(to.begin(), to.end(), path) == to.end()) to.push_back(path);
}

// Files are replaced by rename(), so the rule is for their directory, except for the root.
std::string reached_by(const std::string& path) {
  if (is_directory(path)) return path;
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? path : path.substr(0, slash);
}

// The target of a symbolic link, such as those of Certbot.
std::string real(const std::string& path) {
  const std::unique_ptr<char, decltype(&::free)> found(::realpath(path.c_str(), nullptr), &::free);
  return found ? found.get() : "";
}

void add_with_target(std::vector<std::string>& to, const std::string& path) {
  add_path(to, reached_by(path));
  if (const std::string target = real(path); !target.empty()) add_path(to, reached_by(target));
}

// Bits that are newer than the kernel headers used for compiling.
constexpr std::uint64_t kRefer = 1ULL << 13, kTruncate = 1ULL << 14, kScopeSignal = 1ULL << 1;

struct Ruleset {
  std::uint64_t files = 0, net = 0, scoped = 0;
};

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kMake = LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SOCK;
// No program may create devices or links anywhere.
constexpr std::uint64_t kNever =
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                   LANDLOCK_ACCESS_FS_READ_FILE | kTruncate;

Error kernel_error(std::string_view what) {
  return Error::io(cat({what, ": ", std::strerror(errno)}));
}

// Returns false if the path does not exist or the user may not see it.
bool add_rule(int ruleset, const std::string& path, std::uint64_t access) {
  const UniqueFd at(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat info {};
  if (!at || ::fstat(at.get(), &info) != 0) return false;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(info.st_mode) ? access : access & kOfFiles;
  rule.parent_fd = at.get();
  return ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

#if defined(__x86_64__)
constexpr std::uint32_t kArch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArch = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArch = 0;
#endif

// The last known call: mseal of Linux 6.10.  Calls above 423 have the same numbers on every
// processor; those of x32 are far above.
constexpr std::uint32_t kLastJudged = 462;

constexpr long kRefused[] = {
    // Access to other processes.
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, 438 /* pidfd_getfd */,
    440 /* process_madvise */,
    // Changes of the machine's mounts and files.
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_swapon, SYS_swapoff, SYS_quotactl,
    SYS_acct, SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_fanotify_init, 428 /* open_tree */,
    429 /* move_mount */, 430 /* fsopen */, 431 /* fsconfig */, 432 /* fsmount */, 433 /* fspick */,
    442 /* mount_setattr */, 443 /* quotactl_fd */, 457 /* statmount */, 458 /* listmount */,
    // Name spaces.
    SYS_unshare, SYS_setns,
    // The kernel, its keys and its state.
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_bpf,
    SYS_perf_event_open, SYS_userfaultfd, SYS_add_key, SYS_request_key, SYS_keyctl, SYS_reboot,
    SYS_sethostname, SYS_setdomainname, SYS_syslog, SYS_vhangup, SYS_lookup_dcookie, SYS_nfsservctl,
    SYS_personality, 425 /* io_uring_setup */, 426 /* io_uring_enter */,
    427 /* io_uring_register */,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#if defined(__x86_64__)
    SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_uselib, SYS_ustat, SYS_sysfs, SYS__sysctl,
#endif
    // The clock and the memory policy of the whole machine.
    SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex, SYS_mbind,
    SYS_set_mempolicy, SYS_migrate_pages, SYS_move_pages};

constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kAbsent = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::uint32_t kNoFamily = SECCOMP_RET_ERRNO | EAFNOSUPPORT;

constexpr std::uint32_t kNewSpaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

// The low half of an argument; all checked values fit into it.
constexpr std::uint32_t argument(unsigned number) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + number * sizeof(std::uint64_t));
}

class Builder {
 public:
  void load(std::size_t offset) {
    add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
  }
  void end(std::uint32_t verdict) { add(BPF_RET | BPF_K, verdict); }
  // Ends with the verdict if the loaded value equals this one.
  void end_if(std::uint32_t value, std::uint32_t verdict) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    end(verdict);
  }
  void end_if_above(std::uint32_t value, std::uint32_t verdict) {
    add(BPF_JMP | BPF_JGT | BPF_K, value, 0, 1);
    end(verdict);
  }
  // Applies the following `size` rules to this call only.
  void only_for(long call, std::uint8_t size) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, size);
  }
  // Returns the verdict if any bit of the mask is set.
  void bits(long call, unsigned number, std::uint32_t mask, std::uint32_t verdict) {
    only_for(call, 4);
    load(argument(number));
    add(BPF_JMP | BPF_JSET | BPF_K, mask, 0, 1);
    end(verdict);
    end(SECCOMP_RET_ALLOW);
  }
  // Returns the verdict if all bits of the mask are set.
  void all_bits(long call, unsigned number, std::uint32_t mask, std::uint32_t verdict) {
    only_for(call, 5);
    load(argument(number));
    add(BPF_ALU | BPF_AND | BPF_K, mask);
    add(BPF_JMP | BPF_JEQ | BPF_K, mask, 0, 1);
    end(verdict);
    end(SECCOMP_RET_ALLOW);
  }
  void only_families(long call) {
    only_for(call, 6);
    load(argument(0));
    add(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 2, 0);
    add(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 1, 0);
    add(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1);
    end(SECCOMP_RET_ALLOW);
    end(kNoFamily);
  }
  std::vector<sock_filter> take() { return std::move(program_); }

  void add(int code, std::uint32_t k, std::uint8_t jump_true = 0, std::uint8_t jump_false = 0) {
    program_.push_back({static_cast<std::uint16_t>(code), jump_true, jump_false, k});
  }

 private:
  std::vector<sock_filter> program_;
};

}  // namespace

FileRules file_rules(const Config& config) {
  FileRules rules;
  for (const char* path : kSystem) rules.read.emplace_back(path);
  add_with_target(rules.read, "/etc/resolv.conf");
  if (!config.file.empty()) add_with_target(rules.read, config.file);
  for (const NamedPath& named : named_paths(config)) {
    // Rules need existing paths, and a rule for the parent would allow too much.
    if (named.is_directory && !is_directory(named.path)) ::mkdir(named.path.c_str(), 0750);
    add_with_target(named.is_written ? rules.write : rules.read, named.path);
  }
  add_path(rules.write, "/dev");
  return rules;
}

Confinement confine(const Config& config, const std::string& program) {
  Confinement made;
  FileRules rules = file_rules(config);
  add_with_target(rules.read, program);
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
  // A core file would contain passwords and keys.
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

Result<std::size_t> bind_files(const FileRules& rules) {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return kernel_error("this kernel has no landlock");
  std::uint64_t write = kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | kMake;
  if (version >= 2) write |= kRefer;
  if (version >= 3) write |= kTruncate;
  const std::uint64_t read = kRead | LANDLOCK_ACCESS_FS_EXECUTE;
  Ruleset all;
  all.files = read | write | kNever;
  if (version >= 6) all.scoped = kScopeSignal;
  // An older kernel requires unknown fields to be zero or missing.
  const UniqueFd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0)));
  if (!ruleset) return kernel_error("landlock");
  std::size_t count = 0;
  for (const std::string& path : rules.read) count += add_rule(ruleset.get(), path, read) ? 1 : 0;
  for (const std::string& path : rules.write) count += add_rule(ruleset.get(), path, write) ? 1 : 0;
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return kernel_error("landlock");
  return count;
}

std::vector<sock_filter> syscall_filter() {
  if (kArch == 0) return {};
  Builder to;
  to.load(offsetof(seccomp_data, arch));
  to.add(BPF_JMP | BPF_JEQ | BPF_K, kArch, 1, 0);
  to.end(kRefuse);  // call numbers of another processor mean other calls
  to.load(offsetof(seccomp_data, nr));
  to.end_if_above(kLastJudged, kAbsent);
  for (const long call : kRefused) to.end_if(static_cast<std::uint32_t>(call), kRefuse);
  // A filter cannot read clone3's flags in memory; with ENOSYS the C library uses clone.
  to.end_if(435 /* clone3 */, kAbsent);
  to.bits(SYS_clone, 0, kNewSpaces, kRefuse);
  // These requests put keys into a terminal as if its user had typed them.
  to.only_for(SYS_ioctl, 5);
  to.load(argument(1));
  to.add(BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 1, 0);
  to.add(BPF_JMP | BPF_JEQ | BPF_K, TIOCLINUX, 0, 1);
  to.end(kRefuse);
  to.end(SECCOMP_RET_ALLOW);
  to.only_families(SYS_socket);
  to.only_families(SYS_socketpair);
  // Memory must not be both writable and executable.
  to.all_bits(SYS_mmap, 2, PROT_WRITE | PROT_EXEC, kRefuse);
  to.bits(SYS_mprotect, 2, PROT_EXEC, kRefuse);
  to.bits(SYS_pkey_mprotect, 2, PROT_EXEC, kRefuse);
  to.bits(SYS_shmat, 2, 0100000 /* SHM_EXEC */, kRefuse);
  to.end(SECCOMP_RET_ALLOW);
  return to.take();
}

Result<void> filter_system_calls() {
  std::vector<sock_filter> rules = syscall_filter();
  if (rules.empty())
    return Error::invalid("there is no list of system calls for this kind of processor");
  const sock_fprog program{static_cast<unsigned short>(rules.size()), rules.data()};
  const long done =
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
  if (done == 0) return {};
  if (done > 0) return Error::io(cat({"thread ", done, " has a filter of its own"}));
  return Error::io(cat({"seccomp: ", std::strerror(errno)}));
}

}  // namespace lb
