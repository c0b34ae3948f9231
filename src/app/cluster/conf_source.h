// ConfSource: tells the nodes that are linked here what they are to enforce: mounts, stations,
// bans, epochs and ended logins of the store's records, the keys and the address of this master,
// and what <config-external> says for the cluster.
//
// A node is told everything after WELCOME, and then what changes; of a name that changes twice
// before it is sent, the last word only.  There is one list of all names, in the order of their
// last changes, and each node has a place in it; what most nodes are told is made once for all
// (ConfPieces).  Hashes of sources go to the nodes that a record allows (may_have_logins()).  A
// server without a store, and without external records for the cluster, tells nothing.
//
// Thread: control.
// Ownership: ClusterLinks.
// Bounds: kFramesATurn, kNotedATurn and kTurn of the loop; a node that does not read is sent no more
// than kMaxQueued.
// Source: doc/stores.md; doc/link.md, CONF.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "auth/login/user_book.h"
#include "cluster/link/conf_pieces.h"
#include "cluster/link/frame.h"
#include "net/loop/loop.h"
#include "registry/registry.h"

namespace lb {

struct Config;
struct MountRecord;
struct Network;
class NodeLinks;
class NodeSession;
class RecordBook;

class ConfSource {
 public:
  static constexpr std::size_t kFramesATurn = 20;
  static constexpr std::size_t kNotedATurn = 1000;  // names, of a store that is told whole
  static constexpr std::chrono::milliseconds kTurn{5};
  static constexpr std::size_t kMaxQueued = 2 << 20;

  ConfSource(Network& network, NodeLinks& nodes);

  void configure(const Config& config);
  void stop();
  // All records of the store, as they are by now.
  void set_records(std::shared_ptr<const RecordBook> book);
  // All mounts that <config-external> supplies for the cluster: external/PCT, with the XML of a
  // record.
  void set_external(std::vector<RegistryRecord> records);
  // Accounts whose hard quota is used up, and until when (Unix seconds).
  void set_closed(const std::map<std::string, std::int64_t>& closed);
  // What nodes answer an authority: challenge/TOKEN.
  void set_challenges(std::map<std::string, std::string> items);
  // Certificates with their keys: certificate/NAME, each for its nodes and no other.
  struct Certificate {
    std::string value;
    std::set<std::string> nodes;
    bool operator==(const Certificate&) const = default;
  };
  void set_certificates(std::map<std::string, Certificate> items);
  // Those of these that are linked and have not said yet that they know all that they were told.
  std::vector<std::string> behind(const std::vector<std::string>& nodes) const;
  // The keys that sign sessions are other ones.
  void keys_changed();
  // A node is linked, and is about to be welcomed; a link of it has ended.
  void joined(const std::string& node);
  void left(const std::string& node);

 private:
  struct Listener {
    std::uint64_t told = 0;  // up to this change
    bool all = true;         // it has been told nothing over this link
  };
  bool has_anything() const noexcept;
  void changed(const std::string& key);
  void note(const std::string& key);
  void note_all();
  void forget_gone();
  bool exists(const std::string& key) const;
  bool is_due(const Listener& listener) const noexcept {
    return listener.all || listener.told < last_change_ || !to_note_.empty();
  }
  void note_changes(const RecordBook& before, const RecordBook& now);
  void work();
  // Sends so many frames, or what takes until then; how many it were.
  std::size_t tell(NodeSession& node, Listener& listener, std::size_t most, SteadyTime until);
  std::vector<std::string> all_keys() const;
  // nullopt: none.
  std::optional<std::string> value_of(const std::string& key, const std::string& node);
  // The nodes that are told something else of it than others.
  void add_sent_apart(const std::string& key, std::set<std::string>& nodes) const;
  // What nodes are told that are no home of the mount.
  const std::string& elsewhere(const std::string& key, const MountRecord& record);

  Network& network_;
  NodeLinks& nodes_;
  std::shared_ptr<const RecordBook> book_;  // null: there is no store
  std::map<std::string, std::string> external_;
  bool has_external_ = false;
  std::uint64_t external_number_ = 0;
  std::map<std::string, std::string> own_;  // keys/, masters/ and closed/ of this server
  std::map<std::string, std::string> closed_;
  std::map<std::string, std::string> challenges_;
  std::map<std::string, Certificate> certificates_;
  bool has_certificates_ = false;  // or has had them
  std::string id_;
  std::vector<std::string> origins_;
  std::map<std::string, Listener> listeners_;
  ConfPieces::Changes changes_;
  ConfPieces pieces_;
  std::vector<std::string> to_note_;  // of all_keys(), from the last one on
  std::map<std::string, std::uint64_t, std::less<>> change_of_;
  std::uint64_t last_change_ = 0;
  std::set<std::string> perhaps_gone_;            // keys that have changed since no node was due
  std::map<std::string, std::string> elsewhere_;  // by key; while a node is due
  std::string next_;                              // the node that is served first in the next turn
  bool stopped_ = false;
  Timer timer_;
};

// Whether a node may have the logins of a mount's source: it is its home, or may become it.
bool may_have_logins(const MountRecord& record, std::string_view node);

// {"epoch","role","account","mounts","disabled","addresses"} of a user, without any secret.
std::string epoch_json(const User& user);

}  // namespace lb
