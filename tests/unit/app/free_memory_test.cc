#include "app/process/free_memory.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(FreeMemory) {
  std::string root = "free_memory_test." + std::to_string(::getpid());
  void teardown() override { std::filesystem::remove_all(root); }
  void put(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void machine(unsigned free_mb) {
    put("/proc/meminfo",
        "MemTotal:       4014044 kB\nMemFree:           12345 kB\nMemAvailable:   " +
            std::to_string(free_mb * 1024) + " kB\nBuffers:  1 kB\n");
  }
  void process(unsigned own_mb) {
    put("/proc/self/status", "VmRSS:\t  900000 kB\nRssAnon:\t   " + std::to_string(own_mb * 1024) +
                                 " kB\nRssShmem:\t  700000 kB\n");
  }
  void group(const std::string& path, const std::string& most, unsigned used_mb,
             unsigned cache_mb = 0) {
    const auto bytes = [](unsigned mb) { return std::to_string(std::uint64_t{mb} << 20); };
    put("/sys/fs/cgroup" + path + "/memory.max", most + "\n");
    put("/sys/fs/cgroup" + path + "/memory.current", bytes(used_mb) + "\n");
    put("/sys/fs/cgroup" + path + "/memory.stat",
        "anon 4096\nfile 8192\ninactive_file " + bytes(cache_mb) + "\nactive_file 0\n");
  }
};

TEST(FreeMemory, ASecondProcessNeedsWhatThisOneHasAndHalfOfIt) {
  process(100);
  machine(150);
  STRCMP_EQUAL("", why_no_second_process(root).c_str());
  machine(149);
  STRCMP_EQUAL(
      "a second process may need 151 MB of memory for a moment, and 149 MB are free here: free "
      "some, or restart the server instead",
      why_no_second_process(root).c_str());
}
TEST(FreeMemory, EachGroupOfTheProcessMayHaveLessThanTheMachine) {
  machine(9000);
  process(100);
  put("/proc/self/cgroup", "1:name=systemd:/other\n0::/system.slice/icecast-lb.service\n");
  group("/system.slice/icecast-lb.service", "max", 300);
  LONGS_EQUAL(9000, *free_memory(root) >> 20);
  group("/system.slice", "524288000", 400);  // 500 MB
  LONGS_EQUAL(100, *free_memory(root) >> 20);
  CHECK(!why_no_second_process(root).empty());
  // The kernel gives the page cache away.
  group("/system.slice", "524288000", 400, 50);
  LONGS_EQUAL(150, *free_memory(root) >> 20);
  STRCMP_EQUAL("", why_no_second_process(root).c_str());
}
TEST(FreeMemory, AContainerSeesItsGroupAsTheRoot) {
  machine(9000);
  put("/proc/self/cgroup", "0::/\n");
  group("/", "104857600", 90, 20);
  LONGS_EQUAL(30, *free_memory(root) >> 20);
}
TEST(FreeMemory, WhatIsHiddenIsNoLack) {
  CHECK(!free_memory(root));
  STRCMP_EQUAL("", why_no_second_process(root).c_str());
  process(100);
  STRCMP_EQUAL("", why_no_second_process(root).c_str());
}
