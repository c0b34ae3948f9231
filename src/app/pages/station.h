// ServerStation: answers admin commands and masters' orders from this server alone;
// app/operate/cluster_station.h asks other nodes too.
// Thread: control.
// Ownership: Services.
#pragma once

#include <string>

#include "admin/command/station.h"
#include "cluster/nodes/clock_offset.h"

namespace lb {

class Mount;
struct Services;
struct UserEdit;
struct UserEditResult;

class ServerStation : public Station {
 public:
  explicit ServerStation(Services& services);

  void print(UniqueFunction<std::string()> make, Then<std::string> then) override;
  void stats_text(std::optional<std::string> mount, Then<std::string> then) override;
  void stats_news(std::shared_ptr<const StatsDocument> since, bool dump_too,
                  Then<StatsNews> then) override;
  void mounts(Then<Result<std::vector<MountRow>>> then) override;
  MountState state_of(const std::string& mount) override;
  ShoutcastSight shoutcast_sight(const std::string& mount) override;
  bool fed_by_shoutcast(const std::string& mount) override;
  void archive(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms,
               Then<ArchiveSight> then) override;
  void remove_recorded(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms,
                       Then<std::uint64_t> files) override;
  void listeners_of(const std::string& mount, Then<Result<MountListeners>> then) override;
  void kill_listener(const std::string& mount, std::uint64_t id, Then<OrderOutcome> then) override;
  void listeners_page(const std::string& mount, std::uint64_t after, std::size_t most,
                      Then<ListenerPage> then) override;
  MoveOffer move_offer(const std::string& from, const std::string& to) override;
  void move_listeners(const std::string& from, const std::string& to,
                      Then<MoveOutcome> then) override;
  void move_listener(const std::string& from, std::uint64_t id, const std::string& to,
                     Then<std::string> then) override;
  void kill_source(const std::string& mount, Then<OrderOutcome> then) override;
  void kill_encoder(const std::string& mount, std::uint64_t id, Then<OrderOutcome> then) override;
  void set_fallback(const std::string& mount, const std::string& fallback,
                    Then<std::string> then) override;
  void set_title(const std::string& mount, TitleRequest request, Then<TitleOutcome> then) override;
  void node_posted(NodePost post, Then<NodePostAnswer> then) override;
  void list_polled(ListPoll poll) override;
  ClusterSight cluster() override;
  bool is_redirecting() override;
  Explanation explain(const ExplainAsk& ask) override;
  std::vector<LinkRow> links() override;
  std::vector<IngestSight> ingest_rows() override;
  std::vector<PassedMessage> messages() override;
  Result<void> publish(const std::string& topic, std::string bytes) override;
  void order(const std::string& node, CommandFrame command, Then<ResultFrame> then) override;
  std::string external_json() override;
  Result<void> confirm_external(const std::string& etag) override;
  Result<void> drain(DrainRequest request) override;
  Result<void> undrain() override;
  DrainStatus drain_status() override;
  void users(const std::string& mount, UserEdit edit, Then<UserEditResult> then) override;

 private:
  void note_title(const std::string& mount, const std::string& song, const TitleRequest& request);
  std::shared_ptr<Mount> mount_of(const std::string& name) const;

  Services& services_;
  LateReads late_posts_;
};

}  // namespace lb
