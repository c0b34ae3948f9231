// ExecSources: the programs of <exec>: each writes the stream of a relay instead of a server.
//
// A program lives as long as the transport that reads its output: it ends with the source, whatever
// the reason.  The relay decides when it may start again (relay.h).
//
// A hand-over includes the programs that write a mount, with their sources: save() and hand_over()
// here, take_over(), reading() and go_on() there, where the mount's relay claims its program
// (HandedRelays).
//
// Thread: control; a transport may be destroyed on any thread.
// Ownership: RelayService.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "net/loop/child_process.h"
#include "net/socket/transport.h"

namespace lb {

class FdsIn;
class FdsOut;
struct ProgramRecord;
struct Traffic;

class ExecSources {
 public:
  // REQUIRES: before a chroot, which hides /dev/null
  explicit ExecSources(Traffic& traffic);
  ~ExecSources();

  // Starts a program; returns the transport of its standard output.
  Result<std::unique_ptr<Transport>> start(const std::string& mount,
                                           const std::vector<std::string>& words);

  // For a hand-over.  begin_save(): forgets earlier saves.  output: the descriptor that the source
  // reads; nullopt: no program that can be handed over writes there.
  void begin_save();
  std::optional<ProgramRecord> save(std::uint64_t lease, int output, FdsOut& fds);
  // The next process has the saved programs; ends the others.
  void hand_over();
  // In the next process: nothing is read, and no program ends with it, before go_on().
  Result<void> take_over(const ProgramRecord& saved, FdsIn& fds);
  // Null: no program writes this mount with this lease, or its output is not a pipe.
  std::unique_ptr<Transport> reading(const std::string& mount, std::uint64_t lease,
                                     UniqueFd output);
  void go_on();

 private:
  struct Running {
    std::string mount;
    std::vector<std::string> words;
    int output = -1;                      // read descriptor; -1: no reader
    bool asked = false;                   // it was asked to end
    bool handed = false;                  // save() has saved it
    std::unique_ptr<ChildProcess> child;  // null: before go_on()
    std::unique_ptr<Timer> patience;      // null: the output is open
  };
  // A program of the former process.
  struct Taken {
    std::uint64_t id = 0, lease = 0;
    ChildProcess::Handed<UniqueFd> child;
  };
  static std::string about(const Running& running);
  ChildProcess::Callbacks callbacks_of(std::uint64_t id, std::string text);
  std::unique_ptr<Transport> transport_of(std::uint64_t id, UniqueFd output);
  void reader_gone(std::uint64_t id, bool at_end);
  void on_end(std::uint64_t id, const ChildEnd& end);

  Traffic& traffic_;
  const UniqueFd null_device_;
  std::map<std::uint64_t, Running> running_;
  std::set<std::string> ended_;  // mounts whose program ended by itself
  std::uint64_t next_id_ = 1;
  std::map<std::string, Taken> taken_;  // by mount, until go_on()
};

}  // namespace lb
