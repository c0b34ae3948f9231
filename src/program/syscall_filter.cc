#include "program/syscall_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArch = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArch = 0;
#endif

// Linux 6.10: mseal.  All behind 423 have the same numbers on every processor; those of x32 are far
// above.
constexpr std::uint32_t kLastJudged = 462;

constexpr long kRefused[] = {
    // Other processes.
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, 438 /* pidfd_getfd */,
    440 /* process_madvise */,
    // What the machine's files look like.
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
    // Clocks and memory of the whole machine.
    SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex, SYS_mbind,
    SYS_set_mempolicy, SYS_migrate_pages, SYS_move_pages};

constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kAbsent = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::uint32_t kNoFamily = SECCOMP_RET_ERRNO | EAFNOSUPPORT;

constexpr std::uint32_t kNewSpaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

// The low half of an argument; all that are judged here fit into it.
constexpr std::uint32_t argument(unsigned number) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + number * sizeof(std::uint64_t));
}

class Builder {
 public:
  void load(std::size_t offset) {
    add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
  }
  void end(std::uint32_t verdict) { add(BPF_RET | BPF_K, verdict); }
  // Ends with the verdict where the value that is loaded is this one, or above it.
  void end_if(std::uint32_t value, std::uint32_t verdict) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    end(verdict);
  }
  void end_if_above(std::uint32_t value, std::uint32_t verdict) {
    add(BPF_JMP | BPF_JGT | BPF_K, value, 0, 1);
    end(verdict);
  }
  // The rules that follow, `size` of them, are for this call alone.
  void only_for(long call, std::uint8_t size) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, size);
  }
  // Where a bit of the mask is set.
  void bits(long call, unsigned number, std::uint32_t mask, std::uint32_t verdict) {
    only_for(call, 4);
    load(argument(number));
    add(BPF_JMP | BPF_JSET | BPF_K, mask, 0, 1);
    end(verdict);
    end(SECCOMP_RET_ALLOW);
  }
  // Where all of them are.
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

std::vector<sock_filter> syscall_filter() {
  if (kArch == 0) return {};
  Builder to;
  to.load(offsetof(seccomp_data, arch));
  to.add(BPF_JMP | BPF_JEQ | BPF_K, kArch, 1, 0);
  to.end(kRefuse);  // of another processor: their numbers mean other calls
  to.load(offsetof(seccomp_data, nr));
  to.end_if_above(kLastJudged, kAbsent);
  for (const long call : kRefused) to.end_if(static_cast<std::uint32_t>(call), kRefuse);
  // Its flags lie in memory, which a filter does not see; the C library goes on with clone.
  to.end_if(435 /* clone3 */, kAbsent);
  to.bits(SYS_clone, 0, kNewSpaces, kRefuse);
  // Keys that are put into a terminal, as if the administrator had pressed them.
  to.only_for(SYS_ioctl, 5);
  to.load(argument(1));
  to.add(BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 1, 0);
  to.add(BPF_JMP | BPF_JEQ | BPF_K, TIOCLINUX, 0, 1);
  to.end(kRefuse);
  to.end(SECCOMP_RET_ALLOW);
  to.only_families(SYS_socket);
  to.only_families(SYS_socketpair);
  // Memory is written or run, not both.
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
