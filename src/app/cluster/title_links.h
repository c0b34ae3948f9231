// TitleLinks: sends linked nodes the titles of mounts that have their source here, repeats the
// titles of its neighbours, and takes the titles that it receives (doc/link.md, TITLE).
//
// A node sends its own titles to its masters and its nodes.  A node repeats a master's titles to
// its own nodes, at most kMaxTitleHops times, so all nodes below get them.  From a node that is not
// a master of this one only titles of its own sources are accepted, and only if a master would pull
// these sources (IngestService::believes).
// Titles of mounts that are known here are shown in pages.  For a mount that plays elsewhere the
// row is the title; for one that is relayed here it corrects the time of the stream's own title.
//
// Thread: control; elsewhere() any.
// Ownership: ClusterLinks.
// Bounds: kMaxRows rows of one neighbour; frames are sent once in kEvery, with only the newest
// title of each mount.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/persistent_map.h"
#include "base/snapshot.h"
#include "cluster/link/frame.h"
#include "cluster/link/replica.h"
#include "net/loop/loop.h"
#include "stream/mount/presenter.h"
#include "stream/source/title_history.h"

namespace lb {

struct HolderRecord;
class IngestService;
class LinkedNeighbours;
class MasterLinks;
struct Network;

class TitleLinks {
 public:
  static constexpr std::size_t kMaxRows = 20'000;
  static constexpr std::chrono::milliseconds kEvery{250};

  TitleLinks(Network& network, MasterLinks& masters, IngestService& ingest,
             LinkedNeighbours& neighbours);

  void stop();
  // The mount's title or source, or whether it has one, may have changed.
  void mount_changed(const std::string& mount);
  // A link to this neighbour has begun, perhaps a further one.
  void joined(const std::string& id);
  // The last link to it has ended.
  void left(const std::string& id);
  void resend(const std::string& id);  // one of two links to it has ended
  void take(const std::string& sender, const std::vector<TitleRow>& rows);
  // For a hand-over; restore() comes after that of IngestService.  Rows stay until their senders
  // repeat them.
  std::vector<HolderRecord> save() const;
  void restore(const std::vector<HolderRecord>& saved);

  // Sets the callback for each mount whose title from elsewhere has changed.
  void set_heard(std::function<void(const std::string& mount)> heard) { heard_ = std::move(heard); }
  // The title of a mount whose source is at another node; nullopt: none known.
  std::optional<PlayedTitle> elsewhere(const std::string& mount) const;
  // The title that the other node announces to follow this one; nullopt: none.
  std::optional<PlayedTitle> next_elsewhere(const std::string& mount, std::string_view title) const;
  // The presenter at that node.
  std::optional<Presenter> presenter_elsewhere(const std::string& mount) const;
  // The neighbours that have sent the mount's title, the closest first; none if its source is here.
  std::vector<std::string> tellers(const std::string& mount) const;
  bool is_own(const std::string& mount) const;

 private:
  using Table = Replica<TitleRow>;
  struct Told {
    PlayedTitle title;
    PlayedTitle next;  // empty text: unknown
    std::optional<Presenter> presenter;
  };
  using Elsewhere = PersistentMap<Told>;

  void soon();
  void work();
  void see_own(const std::string& mount);
  void use(const std::string& mount);
  void tell();

  Network& network_;
  MasterLinks& masters_;
  IngestService& ingest_;
  LinkedNeighbours& neighbours_;
  std::function<void(const std::string&)> heard_;
  Table table_;
  std::set<std::string> due_;  // own mounts
  bool sees_own_ = false;      // table_ and due_ have all of them; not needed without neighbours
  Snapshot<Elsewhere> elsewhere_;
  SteadyTime worked_{};
  bool stopped_ = false;
  Timer timer_;
};

}  // namespace lb
