// simulate-cluster: clusters of whole servers in virtual time, one a seed.
//
//   simulate-cluster --seeds N [--from N] [--directory DIR]   "N passed, M failed" at the end
//   simulate-cluster --seed N [--trace]                       one; --trace: every event
//   simulate-planted --plant FAULT [--seeds N]                until a seed finds it
//   simulate-planted --plants                                 the faults, one a line
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "cluster.h"
#include "planted.h"

using namespace lb::sim;

namespace {

// Of seeds that fail, so many print their last events.
constexpr int kPrinted = 3;
int printed = 0;

struct Outcome {
  std::optional<std::string> failure;
  std::uint64_t hash = 0, events = 0;
};

Outcome run_seed(std::uint64_t seed, const std::string& directory, bool shown, bool prints) {
  Cluster::Options options;
  options.seed = seed;
  options.directory = directory;
  options.shown = shown;
  Cluster cluster(options);
  Outcome outcome;
  outcome.failure = cluster.run();
  outcome.hash = cluster.trace().hash();
  outcome.events = cluster.trace().events();
  if (outcome.failure) {
    if (!shown && printed++ < kPrinted) cluster.trace().print_last();
    std::printf("FAIL seed %llu: %s\n", static_cast<unsigned long long>(seed),
                outcome.failure->c_str());
  }
  if (prints)
    std::printf("seed %llu: hash %016llx, %llu events, %llu redirected, %llu served, %.1f s\n",
                static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(outcome.hash),
                static_cast<unsigned long long>(outcome.events),
                static_cast<unsigned long long>(cluster.redirected()),
                static_cast<unsigned long long>(cluster.served()),
                std::chrono::duration<double>(cluster.lasted()).count());
  std::fflush(stdout);
  return outcome;
}

int print_plantable() {
  for (const char* fault : plantable()) std::puts(fault);
  return 0;
}

// The first seed that finds the fault prints what did not hold; no more is asked of it.
int find_planted(const std::string& fault, std::uint64_t seeds, const std::string& directory) {
  if (!plant(fault)) return std::fprintf(stderr, "no such fault: %s\n", fault.c_str()), 2;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Cluster::Options options;
    options.seed = seed;
    options.directory = directory;
    Cluster cluster(options);
    const auto failure = cluster.run();
    if (!failure) continue;
    std::printf("%s: found by seed %llu: %s\n1 passed, 0 failed\n", fault.c_str(),
                static_cast<unsigned long long>(seed), failure->c_str());
    return 0;
  }
  std::printf("FAIL %s: not found by %llu seeds\n0 passed, 1 failed\n", fault.c_str(),
              static_cast<unsigned long long>(seeds));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 0, from = 1, one = 0;
  bool trace = false;
  std::string directory, fault;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] { return ++i < argc ? argv[i] : "0"; };
    if (word == "--seeds")
      seeds = std::strtoull(value(), nullptr, 10);
    else if (word == "--from")
      from = std::strtoull(value(), nullptr, 10);
    else if (word == "--seed")
      one = std::strtoull(value(), nullptr, 10);
    else if (word == "--trace")
      trace = true;
    else if (word == "--plant")
      fault = value();
    else if (word == "--plants")
      return print_plantable();
    else if (word == "--directory")
      directory = value();
    else
      return std::fprintf(stderr, "unknown argument %s\n", argv[i]), 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  // In memory where there is such a place: each server has its files.
  char fast[] = "/dev/shm/simulate-cluster.XXXXXX", made[] = "/tmp/simulate-cluster.XXXXXX";
  const bool own = directory.empty();
  if (own) directory = ::mkdtemp(fast) != nullptr ? fast : ::mkdtemp(made);
  if (!fault.empty()) {
    const int status = find_planted(fault, seeds > 0 ? seeds : 1000, directory);
    if (own) std::filesystem::remove_all(directory);
    return status;
  }
  std::uint64_t passed = 0, failed = 0;
  if (one > 0) {
    failed = run_seed(one, directory, trace, true).failure ? 1 : 0;
    passed = 1 - failed;
  }
  for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
    const Outcome outcome = run_seed(seed, directory, false, false);
    bool good = !outcome.failure;
    // The same seed is the same history.
    if (seed % 100 == 0 && run_seed(seed, directory, false, false).hash != outcome.hash) {
      std::printf("FAIL seed %llu: another history the second time\n",
                  static_cast<unsigned long long>(seed));
      good = false;
    }
    ++(good ? passed : failed);
  }
  if (own) std::filesystem::remove_all(directory);
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(passed),
              static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
