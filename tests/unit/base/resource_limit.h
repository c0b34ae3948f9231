// A limit of this process, for as long as this lives: RLIMIT_FSIZE is a disk that is full.
#pragma once

#include <sys/resource.h>

#include <csignal>

namespace lb::test {

class ResourceLimit {
 public:
  ResourceLimit(__rlimit_resource which, rlim_t limit)
      : which_(which), handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(which_, &before_);
    const rlimit now{limit, before_.rlim_max};
    ::setrlimit(which_, &now);
  }
  ~ResourceLimit() {
    ::setrlimit(which_, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  ResourceLimit(const ResourceLimit&) = delete;
  ResourceLimit& operator=(const ResourceLimit&) = delete;

 private:
  const __rlimit_resource which_;
  void (*const handler_)(int);
  rlimit before_{};
};

}  // namespace lb::test
