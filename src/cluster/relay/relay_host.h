// RelayHost: the functions of the server that relays call; tests have a fake.
//
// Thread: control.
// Ownership: outlives every Relay.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/persistent_map.h"
#include "base/record.h"
#include "base/result.h"
#include "cluster/nodes/pull_fault.h"
#include "cluster/relay/relay_plans.h"
#include "stream/source/end_reason.h"
#include "stream/source/seam.h"

namespace lb {

class Gate;
class Log;
class Mount;
struct MountSettings;
class MountTable;
class Relay;
class Rng;
class SourceAdmission;
struct SourceFacts;
struct SourceOffer;
class Transport;
struct WriterLease;

// RelayRecord: a relay that streams, for the process that takes its connection over.
struct RelayRecord {
  std::uint64_t lease = 0;  // of the source that reads the connection
  std::string mount;
  // The upstream's place (same_place): a server, or a program, which has its own record.
  Upstream from;
  bool icy_metadata = true;  // it was asked for titles
  bool placed = false;       // the upstream has sent the address of its bytes
  std::uint64_t crowd = 0;
  bool has_flowed = false;
};
template <class Io, RecordOf<RelayRecord> T>
void record_fields(Io& io, T& relay) {
  auto& [lease, mount, from, icy_metadata, placed, crowd, has_flowed] = relay;
  io.needed(1, lease, mount);
  io(3, from.target.host, from.target.port, from.target.tls, from.mount, from.program,
     from.content_type, icy_metadata, placed, crowd, has_flowed);
}

// Time-outs of relays; shorter in tests.
struct RelayTiming {
  std::chrono::milliseconds first_delay{1000};      // after a failure
  std::chrono::milliseconds delay_after_flow{100};  // after the end of a stream that had flowed
  std::chrono::milliseconds flowed{2000};           // a stream that lasted so long counts as flowed
  std::chrono::milliseconds least_run_on{1000};
  std::chrono::milliseconds poll_every{1000};  // how often listeners are checked
  std::chrono::milliseconds slow{1000};  // an upstream that has not answered by then has failed
  // The longest rest of a server while listeners have nothing to hear.
  std::chrono::milliseconds dry_rest{250};
  // At the end of a span the same upstream has this time to answer, then the spare writes.
  std::chrono::milliseconds spare_after{200};
  // At the end of a span with a crowd of relays, each asks at a random time within this.
  std::chrono::milliseconds crowd_spread{200};
  // For a program: the longest rest; after a stream of program_flowed it rests first_delay.
  std::chrono::milliseconds longest_program_rest{30'000};
  std::chrono::milliseconds program_flowed{30'000};
};

// A relay's switch to another connection.
struct RelaySwitch {
  std::string from, to;  // "127.0.0.1:8000/live"; from: "": not known
  std::string why;       // why the last connection ended
  Seam seam;
};

// The writer of a mount, from the former process.
struct HandedWriter {
  unsigned home = 0;
  std::string content_type;  // of the mount
  RelayRecord relay;
};

class RelayHost {
 public:
  virtual ~RelayHost() = default;
  virtual Connector& connector() noexcept = 0;
  virtual SourceAdmission& admission() noexcept = 0;
  virtual const MountTable& mounts() const noexcept = 0;
  // The mounts that have listeners or a source.
  virtual PersistentMap<std::shared_ptr<Mount>> mounts_in_use() = 0;
  virtual Log& log() noexcept = 0;
  virtual Rng& rng() noexcept = 0;
  virtual std::string user_agent() const = 0;
  // The mark of this node in its cluster, and the lines that mark a relay's request; "": none.
  virtual std::string node_mark() const { return {}; }
  virtual std::string request_lines(const std::string& /*mount*/) const { return {}; }
  // So many bytes of a stream that begins were there before it was asked for.
  virtual void past_comes(const std::string& /*mount*/, std::uint64_t /*bytes*/) {}
  // Content types other than audio and video that the mount's sources may send.
  virtual std::vector<std::string> source_types(const std::string& /*mount*/) const { return {}; }
  // A header line that proves this node to that server, for one request; "": there is no link to
  // it.
  virtual std::string pull_line(const Upstream& /*upstream*/) { return {}; }
  virtual std::chrono::milliseconds head_deadline() const = 0;
  virtual std::shared_ptr<const MountSettings> settings_of(const std::string& mount) const = 0;
  // The worker with the fewest sources.
  virtual unsigned quiet_worker() = 0;
  virtual void add_source(unsigned worker, SourceOffer offer, WriterLease lease,
                          std::shared_ptr<const SourceFacts> facts) = 0;
  virtual void end_source(unsigned worker, std::uint64_t lease, EndReason reason) = 0;
  // SourceSet::promote_spare on that worker.
  virtual void promote_spare(unsigned worker, std::uint64_t spare, WriterLease lease,
                             std::shared_ptr<const SourceFacts> facts);
  virtual void relay_switched(const std::string& /*mount*/, const RelaySwitch& /*how*/) {}
  // Whether requests of listeners wait for the mount to begin.
  virtual bool is_awaited(const std::string& mount) const = 0;
  // All upstreams have failed.
  virtual void relay_failed(const std::string& mount) = 0;
  // Null: it is gone.
  virtual Relay* find_relay(std::uint64_t id) = 0;
  // The relays of these mounts, of many new ones, have begun.
  virtual void relays_begun(const std::set<std::string>& /*mounts*/) {}
  // The limit of upstreams being asked, over all relays: a list of thousands must not use up the
  // descriptors at once.
  virtual Gate& calls() noexcept = 0;
  // The limit of upstreams that are asked only to check whether a relay can be pulled again.
  virtual Gate& proofs() noexcept = 0;
  // Counts relays whose listeners have nothing to hear.
  virtual Gate& dry() noexcept = 0;
  // Counts relays of a master's list that have failed and do not stream.  The list may name
  // thousands of such mounts.
  virtual Gate& vain() noexcept = 0;
  // The result of a relay's cannot() has changed; fault: the upstream's latest failure.
  virtual void pull_changed(const ConnectTarget& /*from*/, PullFault /*fault*/) {}
  // Why no mount can be pulled from there; kNone: it works, or is not known.
  virtual PullFault path_fault(const ConnectTarget& /*from*/) const { return PullFault::kNone; }
  virtual RelayTiming timing() const noexcept { return {}; }
  // Starts the program of this upstream, which ends with the transport.
  virtual Result<std::unique_ptr<Transport>> start_program(const std::string& /*mount*/,
                                                           const Upstream& /*upstream*/) {
    return Error::unsupported("no programs are started here");
  }
  // Each writer is returned once; the relay then continues it.
  virtual std::optional<HandedWriter> take_handed(const std::string& /*mount*/) {
    return std::nullopt;
  }
};

}  // namespace lb
