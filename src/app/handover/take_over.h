// TakeOver: takes over everything from another process of this program (there: Handover).
//
//   begin() → the server is made, with what was offered → prepared() → restore() → GO
//
// Until GO nothing is read, written or reported.  Any failure ends this process, and the other one
// goes on.
//
// Thread: main, before the loops start; then control.
// Ownership: Server; the parts taken over belong to their usual owners.
// Bounds: kOffer for the first record, kState for all; records are checked like foreign input,
// because another version may have written them.
// Errors: name the mismatch; the other process logs them.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "admin/directory/yp.h"
#include "app/handover/offer_record.h"
#include "app/handover/stand_in.h"
#include "app/operate/metrics_service.h"
#include "app/services/listen_sockets.h"
#include "app/topology/cluster_record.h"
#include "base/clock.h"
#include "net/socket/fd_channel.h"
#include "net/tls/tls_context.h"
#include "registry/registry.h"

namespace lb {

struct AdmissionRecord;
struct ArchiveFile;
struct AudienceRecord;
struct DumpRecord;
struct EndedRecord;
struct HeardFileRecord;
struct HlsSessionRecord;
class Listener;
struct ListenerRecord;
struct ListenersRecord;
struct DirectRecord;
struct MasterRecord;
struct Metadata;
class Mount;
struct Network;
struct NodeRecord;
struct PastRecord;
struct TakenDirect;
struct PicturesRecord;
struct PlayersRecord;
struct ProgramRecord;
struct RecordsRecord;
struct RecordsSinceRecord;
struct RequestRecord;
struct ServerRecord;
struct ServiceManager;
struct SourceRecord;
struct StandbyRecord;
struct WriterLease;

class TakeOver {
 public:
  // fd: the channel.
  static Result<std::unique_ptr<TakeOver>> begin(int fd);
  ~TakeOver();

  unsigned workers() const noexcept { return offer_.workers; }
  bool stands_in() const noexcept { return offer_.stands_in; }
  bool confined() const noexcept { return offer_.confined; }
  std::uint64_t file_limit() const noexcept { return offer_.file_limit; }
  // Each may be called once.
  ServiceManager manager();
  std::vector<ListenSockets::Handed> sockets() {
    return handed(offer_.sockets, &FdsIn::take_socket);
  }
  // The sockets of SwitchService, which checks their kind.
  std::vector<ListenSockets::Handed> switch_ports() {
    return handed(offer_.switch_ports, &FdsIn::take);
  }
  // The <cluster-port>'s socket and configured port; invalid: none.
  std::pair<UniqueFd, int> cluster_port();
  FileCopies certificates();
  // REQUIRES: restore()
  const CountsRecord& counts() const noexcept { return counts_; }
  ListingsRecord listings() noexcept { return std::exchange(listings_, {}); }
  bool has_certificate() const noexcept { return offer_.has_certificate; }
  const std::vector<std::string>& certificates_in_use() const noexcept {
    return offer_.certificates_in_use;
  }
  Standing standing();

  // Reads the parts that were offered before the pause.
  void prepare(Network& network);
  // REQUIRES: the settings from masters are in force
  void prepare_records(Network& network);
  void prepare_titles(Network& network);
  // Reports that this process cannot take over.
  void refuse(std::string_view why);
  Result<void> prepared();
  // Takes all records, until GO.
  Result<void> restore(Network& network);
  // Starts to read and send.  REQUIRES: after the first configuration, before the loops start
  void go_on(Network& network, const ListenSockets& sockets);
  // Before go_on(), so that relays of the masters' offers exist.
  void cluster_goes_on(Network& network);
  // Calls `then` when the other process has reported this one to the service manager.
  void when_left(Loop& control, UniqueFunction<void()> then);
  // The mounts that were taken over.
  const std::vector<std::string>& mounts() const noexcept { return mounts_; }
  std::uint64_t upgrades() const noexcept { return upgrades_; }
  // When the pause began; not known from versions before.
  SteadyTime paused() const noexcept { return paused_; }

  static constexpr std::chrono::seconds kOffer{5}, kState{60}, kGo{10}, kDirects{3};

 private:
  explicit TakeOver(FdChannel channel);
  std::vector<ListenSockets::Handed> handed(const std::vector<SocketRecord>& sockets,
                                            UniqueFd (FdsIn::*taken)(MovedFd));
  Result<void> read_all(Network& network);
  Result<void> read(Network& network, std::string_view bytes);
  Result<void> has_all() const;
  Result<void> read_one(Network& network, const RecordHead& head);
  struct Row;
  struct Taken;
  template <class T, class F = Taken>
  static constexpr Row row(HandoverType type, std::string_view name, F = {});
  static const Row kRows[];
  void take(Network& network, RecordsRecord saved);
  void take(Network& network, const ServerRecord& saved);
  Result<void> take(Network& network, const AdmissionRecord& saved);
  Result<void> take(Network& network, const ProgramRecord& saved);
  Result<void> take(Network& network, const SourceRecord& saved);
  Result<void> take(Network& network, const PlayersRecord& saved);
  Result<void> take_player(Network& network, const HlsSessionRecord& saved);
  Result<void> take(Network& network, const StandbyRecord& saved);
  Result<void> take(Network& network, const HeardFileRecord& saved);
  Result<void> take(Network& network, const EndedRecord& saved);
  Result<void> take(Network& network, const ListenersRecord& saved);
  Result<std::unique_ptr<Listener>> take_listener(
      Network& network, const ListenerRecord& saved, const std::shared_ptr<Mount>& mount,
      const std::vector<std::shared_ptr<const Metadata>>& titles);
  Result<void> take(Network& network, const PastRecord& saved);
  std::shared_ptr<const ArchiveFile> unnamed_file(const PastRecord& saved);
  void requests_go_on(Network& network, const ListenSockets& sockets);
  void directs_go_on(Network& network, SteadyTime until);
  void direct_goes_on(Network& network, TakenDirect direct, std::shared_ptr<Mount> mount);
  static void take(Network& network, PicturesRecord saved);
  Result<void> take(Network& network, const DumpRecord& saved);
  Result<void> take(Network&, const EndRecord& saved);
  void take(Network& network, DirectRecord saved);
  void take(Network& network, RecordsSinceRecord saved);
  void take(Network& network, AudienceRecord saved);
  void take(Network& network, ClusterRecord saved);
  void has_come(const ListenerRecord& listener);
  void left(short events);

  FdChannel channel_;
  OfferRecord offer_;
  RegistryContent records_;
  std::uint64_t records_revision_ = 0;  // of the accepted offer
  bool has_titles_ = false;             // likewise
  FdsIn offered_, fds_;
  std::unordered_map<std::uint64_t, std::unique_ptr<WriterLease>> leases_;
  std::vector<std::vector<SourceRecord>> sources_;    // by worker
  std::vector<std::vector<std::uint64_t>> standbys_;  // ids, by worker
  std::vector<RequestRecord> requests_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Mount>> files_;  // and ended ones, by number
  std::vector<TakenDirect> directs_;
  std::unique_ptr<Timer> wait_;  // for the mounts of directs_
  ClusterRecord cluster_;
  CountsRecord counts_;
  ListingsRecord listings_;
  std::vector<MasterRecord> masters_;
  std::vector<NodeRecord> nodes_;
  std::vector<HolderRecord> holders_;
  std::vector<std::string> mounts_;
  std::uint64_t next_lease_ = 0, upgrades_ = 0;
  SteadyTime paused_{};
  EndRecord taken_;
  bool whole_ = false;
  Watch watch_;
  UniqueFunction<void()> then_;
  std::unordered_map<MovedFd, std::shared_ptr<const ArchiveFile>>
      unnamed_files_;  // of past listeners
};

}  // namespace lb
