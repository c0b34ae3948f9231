// Worker: the parts that live on one worker loop: its connections, sources, fan-outs and acceptors.
// Thread: made on the main thread before the loops start; afterwards its loop only.
// Ownership: Services.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/services/services.h"
#include "base/snapshot.h"
#include "base/unique_function.h"

namespace lb {

class Acceptor;
class BanList;
class Connection;
class Connections;
struct DirectOffer;
enum class EndReason : std::uint8_t;
class FileFeeder;
struct ListenSocket;
class LoopStreams;
struct ParkedRequest;
class ShiftedStreams;
class SlotPass;
enum class SlotWord : std::uint8_t;
class SourceSet;
class Stage;
enum class WaitOutcome : std::uint8_t;

struct Worker {
  Worker(Services& services, unsigned index);
  ~Worker();

  Services& services;
  Loop& loop;
  const std::unique_ptr<LoopStreams> streams;
  const std::unique_ptr<ShiftedStreams> shifted;
  const std::unique_ptr<SourceSet> sources;
  const std::unique_ptr<Connections> connections;
  SnapshotReader<BanList> bans;
  // Fallback files, by their mounts.
  std::unordered_map<const Mount*, std::unique_ptr<FileFeeder>> files;
  std::vector<std::unique_ptr<Stage>> stages;
  // The first stage about mounts that does not serve pages or other servers too.  The chain
  // restarts from it for a mount that was unknown before.
  const Stage* of_mounts = nullptr;
  std::vector<std::unique_ptr<Acceptor>> acceptors;

  // Null: it is gone.
  Connection* find_connection(std::uint64_t id);
  // Gives a request that has waited back to its worker: calls `then` there, unless the client has
  // left meanwhile; from any thread.
  void answer(std::uint64_t id, UniqueFunction<void(Connection&)> then);
  // before: the same socket with its previous settings; null: it is new.
  void accept_from(const std::shared_ptr<const ListenSocket>& socket,
                   const ListenSocket* before = nullptr);
  void stop_accepting(const ListenSocket& socket);
  // Wakes the workers of these loops (bit i: worker i) for new bytes; from any thread.
  static void wake(Traffic& traffic, std::uint64_t loops, const std::shared_ptr<Mount>& mount);
  // Ends the source that has this lease at the worker `home`; from any thread.
  static void end_source(Traffic& traffic, unsigned home, std::uint64_t lease, EndReason reason);
  // Ends all sources of this mount at this server, standbys too; on control.
  static void end_encoders(Traffic& traffic, const std::string& mount, EndReason reason);
  // Ends the wait of a request: its stage is asked again, with the outcome in its context; from any
  // thread.
  static void resume(Traffic& traffic, const ParkedRequest& request, WaitOutcome outcome,
                     std::shared_ptr<DirectOffer> offer = nullptr);
  // Resumes a request that has waited for a slot of its mount, or for its user's seat.
  static void resume_with_slot(Traffic& traffic, unsigned worker, std::uint64_t connection,
                               SlotPass pass, SlotWord word);
};

}  // namespace lb
