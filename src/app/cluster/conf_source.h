// ConfSource: sends linked nodes the settings to enforce: mounts, stations, bans, epochs and ended
// logins from the store's records, the keys and the address of this master, and the mounts of
// <config-external> for the cluster.
//
// A node gets everything after WELCOME, then changes; of a name that changes twice before it is
// sent, it gets only the latest value.  One list has all names in the order of their last changes,
// and each node has a place in it; values for most nodes are made once (ConfPieces).  Hashes of
// source logins go only to nodes that a record allows (may_have_logins()).  A server without a
// store and without external records for the cluster sends nothing.
//
// Thread: control.
// Ownership: ClusterLinks.
// Bounds: kFramesATurn, kNotedATurn and kTurn of the loop; at most kMaxQueued for a node that does
// not read.
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
  static constexpr std::size_t kNotedATurn = 1000;  // names, when a whole store is sent
  static constexpr std::chrono::milliseconds kTurn{5};
  static constexpr std::size_t kMaxQueued = 2 << 20;

  ConfSource(Network& network, NodeLinks& nodes);

  void configure(const Config& config);
  void stop();
  // Takes all records of the store.
  void set_records(std::shared_ptr<const RecordBook> book);
  // Takes all mounts of <config-external> for the cluster: external/PCT, with the XML of a record.
  void set_external(std::vector<RegistryRecord> records);
  // Takes the accounts and mounts whose hard monthly limit is used up: by name, the JSON of
  // closed/.
  void set_closed(const std::map<std::string, std::string>& closed);
  // Takes the answers that nodes give to an authority: challenge/TOKEN.
  void set_challenges(std::map<std::string, std::string> items);
  // Certificates with their keys: certificate/NAME, each only for its nodes.
  struct Certificate {
    std::string value;
    std::set<std::string> nodes;
    bool operator==(const Certificate&) const = default;
  };
  void set_certificates(std::map<std::string, Certificate> items);
  // Whether a node is told anything at all.
  bool has_anything() const noexcept;
  // Those of these nodes that are linked and have not yet confirmed all that was sent.
  std::vector<std::string> behind(const std::vector<std::string>& nodes) const;
  // The keys that sign sessions have changed.
  void keys_changed();
  // A node is linked, before its WELCOME; a link of it has ended.
  void joined(const std::string& node);
  void left(const std::string& node);

 private:
  struct Listener {
    std::uint64_t told = 0;  // up to this change
    bool all = true;         // this link has sent nothing yet
  };
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
  // Sends at most so many frames until then; returns their number.
  std::size_t tell(NodeSession& node, Listener& listener, std::size_t most, SteadyTime until);
  std::vector<std::string> all_keys() const;
  // nullopt: the node has no such item.
  std::optional<std::string> value_of(const std::string& key, const std::string& node);
  // Adds the nodes whose value differs from the common one.
  void add_sent_apart(const std::string& key, std::set<std::string>& nodes) const;
  // The value for nodes that are not a home of the mount.
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
  bool has_certificates_ = false;  // or has had some
  std::string id_;
  std::vector<std::string> origins_;
  std::map<std::string, Listener> listeners_;
  ConfPieces::Changes changes_;
  ConfPieces pieces_;
  std::vector<std::string> to_note_;  // rest of all_keys(), taken from the end
  std::map<std::string, std::uint64_t, std::less<>> change_of_;
  std::uint64_t last_change_ = 0;
  std::set<std::string> perhaps_gone_;            // keys that changed while no node was due
  std::map<std::string, std::string> elsewhere_;  // by key; while a node is due
  std::string next_;                              // the node to start with in the next turn
  bool stopped_ = false;
  Timer timer_;
};

// Whether a node may have the logins of a mount's source: it is or may become the mount's home.
bool may_have_logins(const MountRecord& record, std::string_view node);

// {"epoch","role","account","mounts","disabled","addresses"} of a user, without any secret.
std::string epoch_json(const User& user);

}  // namespace lb
