// ExecSources: the programs of <exec>: each writes the stream of a relay instead of a server.
//
// A program lives as long as the transport that reads its output: with the source, whatever ends
// it, the program is ended.  When it may be started again is the relay's part (relay.h).
//
// Thread: control; a transport may be destroyed on any thread.
// Ownership: RelayService.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/services/services.h"
#include "net/child_process.h"
#include "net/transport.h"

namespace lb {

class ExecSources {
 public:
  // Before a chroot hides /dev/null.
  explicit ExecSources(Services& services);
  ~ExecSources();

  // The program's standard output.
  Result<std::unique_ptr<Transport>> start(const std::string& mount,
                                           const std::vector<std::string>& words);

 private:
  struct Running {
    std::string mount, program;
    bool asked = false;  // to end
    std::unique_ptr<ChildProcess> child;
    std::unique_ptr<Timer> patience;  // null: its output is open
  };
  void reader_gone(std::uint64_t id, bool at_end);
  void on_end(std::uint64_t id, const ChildEnd& end);

  Services& services_;
  const UniqueFd null_device_;
  std::map<std::uint64_t, Running> running_;
  std::set<std::string> ended_;  // mounts whose program has ended by itself
  std::uint64_t next_id_ = 1;
};

}  // namespace lb
