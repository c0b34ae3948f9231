// Worker: what lives on one worker loop: its connections, sources, fan-outs and acceptors.
// Thread: made on the main thread before the loops start; afterwards its loop only.
// Ownership: Services.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "app/services.h"
#include "http/connections.h"
#include "net/acceptor.h"
#include "stream/file_feeder.h"
#include "stream/loop_streams.h"
#include "stream/source_set.h"

namespace lb {

struct Worker {
  Worker(Services& services, unsigned index);
  ~Worker();

  Services& services;
  Loop& loop;
  LoopStreams streams;
  SourceSet sources;
  Connections connections;
  std::unordered_map<const Mount*, std::unique_ptr<FileFeeder>>
      files;  // fallback files, by their mounts
  std::vector<std::unique_ptr<Stage>> stages;
  std::vector<std::unique_ptr<Acceptor>> acceptors;

  // before: the same socket with its settings so far, if there is one.
  void accept_from(const std::shared_ptr<const ListenSocket>& socket,
                   const ListenSocket* before = nullptr);
  void stop_accepting(const ListenSocket& socket);
  // New bytes for the listeners of these workers; from any thread.
  static void wake(Services& services, Channel::Loops loops, const std::shared_ptr<Mount>& mount);
};

// What a connection holds from admission to its end: a place among the clients, and what an
// authenticator said.
struct ClientPass final : Held {
  GatePass pass;
  bool authorised = false;  // by the authenticator of the path that was asked for
  bool is_relay = false;    // limits of listeners do not hold
  bool is_server = false;   // another server that relays the mount: no part of the audience
  bool redirected = false;  // came with a valid token of the cluster
  bool from_list = false;   // … which was in a playlist
  std::uint8_t redirected_by = 0;
  bool direct = false;  // cannot be redirected; that alone is why it is served here
  std::optional<std::chrono::seconds> time_limit;
  std::unique_ptr<EndNotice> notice;
};

}  // namespace lb
