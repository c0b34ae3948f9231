// The memory that another process of this program can have, and whether that is enough.
// Thread: any; reads /proc and /sys, so not on a worker.
// Errors: what a chroot or an old kernel hides does not count as a lack.
// Source: proc(5); Linux, "Control Group v2", memory.max, memory.current, memory.stat.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lb {

// The least of the machine's free memory and that of all control groups of this process, with the
// page cache, which the kernel gives away; nullopt: not known.  root: "" for that of this machine.
std::optional<std::uint64_t> free_memory(const std::string& root = {});

// Why the memory does not suffice for a second process beside this one; "": it does.  It needs what
// this one has of its own (streams are shared), and half of that for the records on their way.
std::string why_no_second_process(const std::string& root = {});

}  // namespace lb
