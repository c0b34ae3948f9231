// TitleLinks: tells the nodes at the other ends of links what plays on the mounts that have their
// source here, repeats what its neighbours have, and takes what it is told (doc/link.md, TITLE).
//
// A node tells its masters and its nodes of its own mounts.  All nodes below hear it: one that
// is told by a master repeats it to its own nodes, kMaxTitleHops times at most.  Of a node that is
// no master of this one only rows about sources of its own are believed that a master would pull
// from it (IngestService::believes).
// What comes of mounts that are known here is kept for pages: of a mount that plays elsewhere it is
// the title; of one that is relayed here it mends the time of the title that its stream has
// brought.
//
// Thread: control; elsewhere() any.
// Ownership: ClusterLinks.
// Bounds: kMaxRows rows of one neighbour; frames go out once in kEvery, with the newest title of
// each mount only.
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
  // Its title, its source, or whether it has one, may be another.
  void mount_changed(const std::string& mount);
  // A link to this neighbour stands, perhaps one more.
  void joined(const std::string& id);
  // The last link to it has ended.
  void left(const std::string& id);
  void take(const std::string& sender, const std::vector<TitleRow>& rows);

  // Called with each mount of which something was heard.
  void set_heard(std::function<void(const std::string& mount)> heard) { heard_ = std::move(heard); }
  // What plays on a mount whose source is at another node; nullopt: nothing that is known.
  std::optional<PlayedTitle> elsewhere(const std::string& mount) const;
  // What that node says of the song that follows this title; nullopt: nothing.
  std::optional<PlayedTitle> next_elsewhere(const std::string& mount, std::string_view title) const;
  // The presenter of it there.
  std::optional<Presenter> presenter_elsewhere(const std::string& mount) const;
  // The neighbours that have told of the mount, the closest first; its source is here: none.
  std::vector<std::string> tellers(const std::string& mount) const;
  bool is_own(const std::string& mount) const;

 private:
  using Table = Replica<TitleRow>;
  struct Told {
    PlayedTitle title;
    PlayedTitle next;  // an empty text: not known
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
  std::set<std::string> due_;  // of this node's own
  Snapshot<Elsewhere> elsewhere_;
  SteadyTime worked_{}, stands_until_{};  // what lost neighbours have said
  bool stopped_ = false;
  Timer timer_;
};

}  // namespace lb
