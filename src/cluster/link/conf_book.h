// ConfBook: the items that a node's masters have sent for it to enforce, and the items in force.
//
// Masters that share a store send the same items at different times; the linked master with the
// highest (life, revision) counts.  The life of a store grows when the store is restored from a
// backup, where revisions begin at a lower number again.  Masters with different stores all count.
// If two of them have an item of one name, the item of the first <master> counts.  Items of a lost
// master stay until it, or another master with the same store, has sent everything again.
//
// Of items that masters have besides their stores (is_of_store()) those of linked masters count
// before those of lost ones, in the order of the masters; of certificates, the one that ends last.
// Accounts whose quota is used up, closed/, follow from a store and count as its items do.
//
// Items of logins (is_of_logins()) are kept only from masters that may send them.  If two masters
// are linked under one id, their items are ignored, because one of them lies about its id.
//
// Thread: one at a time.
// Ownership: app/operate/conf_service, or a command that reads the copies of nodes.
// Errors: parse() gets a text that is not a book's.
// Bounds: kConfItems and kConfBytes a master; a larger run is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/persistent_map.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "cluster/link/conf_frame.h"

namespace lb {

class ConfBook {
 public:
  static constexpr std::size_t kConfItems = 100'000;
  static constexpr std::size_t kConfBytes = 128 << 20;

  using Value = std::shared_ptr<const std::string>;
  using Items = PersistentMap<Value>;
  struct Change {
    std::vector<std::pair<std::string, Value>> set;
    std::vector<std::string> removed;
    std::vector<std::string> replaced;  // of set: the record of one store by that of another
    bool empty() const noexcept { return set.empty() && removed.empty(); }
  };
  // A configured master; masters are in the order of the configuration.
  struct Master {
    std::string name;  // of the link to it; the same in each run of the node
    std::string id;    // "": it was never linked in this run
    bool linked = false;
    bool sends_logins = true;  // its items of logins count

    bool operator==(const Master&) const = default;
  };

  void set_masters(std::vector<Master> masters);
  void take(const std::string& master, const ConfFrame& frame);
  // When a certificate/ item ends, as any number that grows with the time.
  using EndOf = std::int64_t (*)(const std::string& value);
  // The change of the items in force since the last call.
  Change settle(EndOf end_of = nullptr);
  const Items& in_force() const noexcept { return in_force_; }
  // Whether the item in force is this master's, as of the last settle(): the master has the item,
  // and it counts itself or has the same store.  False for a master that is not linked, or has not
  // sent everything over this link.
  bool owns(const std::string& master, const std::string& key) const;
  // Sentences for the log, each once.
  std::vector<std::string> take_remarks() { return std::exchange(remarks_, {}); }

  // All items of a master that has sent everything.
  struct MasterCopy {
    std::string master;
    std::string name;   // of the link to it
    std::string store;  // without its life
    std::uint64_t life = 0, revision = 0;
    Items items;
  };
  std::vector<MasterCopy> master_copies() const;

  static Result<ConfBook> parse(std::string_view text);
  // Whether a file begins like the text of a book.
  static bool is_text(std::string_view text) noexcept;

 private:
  // The items of one master.
  struct MasterPart {
    std::string name;                      // of its Master, as last seen
    std::string store;                     // without its life
    std::uint64_t life = 0, revision = 0;  // life 0: the master has no store
    bool complete = false;                 // it has sent everything at least once
    bool fresh = false;                    // … over the present link
    Items items;
    std::size_t bytes = 0;  // of the items
    // The run that is under way:
    bool running = false, all = false, refused = false, deaf_to_logins = false;
    Items arriving;
    std::set<std::string> leaving;
    std::size_t arriving_bytes = 0;
    std::string part_key, part;  // "": no value is incomplete
  };
  void went_back(const MasterPart& said);
  struct Candidate {
    std::string id;
    bool counts = false;  // for items of its store
    bool fresh = false;   // as in MasterPart

    bool operator==(const Candidate&) const = default;
  };

  void begin_run(MasterPart& said, bool all);
  bool take_item(MasterPart& said, const ConfItem& item);
  void end_run(MasterPart& said, const ConfFrame& frame);
  bool is_linked(const std::string& id) const;
  std::size_t links_of(const std::string& id) const;
  bool sends_logins(const std::string& id, const std::string& name) const;
  std::vector<Candidate> candidates() const;
  void forget_gone();
  // The candidate whose item counts; null: no candidate has the item.
  const Candidate* candidate_of(const std::string& key) const;
  const Value* value_by(const Candidate& candidate, const std::string& key) const;
  // Of the candidates that are as fresh as the first, the one whose certificate ends last.
  const Candidate* last_to_end(const Candidate* first, const std::string& key, EndOf end_of) const;
  Value find(const std::string& key, bool& replaced, EndOf end_of);
  // Whether the record of a shared name is now that of another store than before.
  bool takes_over(const std::string& key, const std::string& store, bool is_shared);
  void remark(std::string text);

  std::vector<Master> masters_;
  std::map<std::string, MasterPart, std::less<>> parts_;  // by the id of the master
  std::vector<Candidate> candidates_;                     // at the last settle()
  Items in_force_;
  std::set<std::string> touched_;
  bool everything_ = false;                    // all keys count as touched
  std::map<std::string, std::string> shared_;  // names in several stores: the one that counts
  std::vector<std::string> remarks_;
  std::set<std::string> remarked_;
};

// The text of a book for parse(), made by any thread: pieces of some 64 KiB, "" after the last one.
UniqueFunction<std::string_view()> conf_book_pieces(
    std::vector<ConfBook::MasterCopy> master_copies);

// An item about logins: keys, origins, users, ended logins.
bool is_of_logins(std::string_view key) noexcept;

// An item of a master's store, not of the master itself.
bool is_of_store(std::string_view key) noexcept;

}  // namespace lb
