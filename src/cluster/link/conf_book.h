// ConfBook: what the masters of a node have told it to enforce, and what of that is in force.
//
// Masters with one store say the same things, some sooner than others.  The linked one
// with the highest (life, revision) counts.  The life of a store is a number that grows when it is
// restored from a backup, where revisions begin at a lower number again. Of masters with different
// stores all count; where two have an item of one name, that of the first <master> does.  So it is
// with items that masters say for themselves (is_of_store()). What a master has said stays when its
// link is lost, until it, or another master with the same store, has said everything again. Items
// of logins (is_of_logins()) are kept of masters alone that may tell them.  What two say that are
// linked under one id is not taken: one of them is not what it says.
//
// Thread: one owner.
// Errors: of text that is no copy.
// Bounds: kConfItems and kConfBytes a master; a master that says more is not believed.
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
    bool empty() const noexcept { return set.empty() && removed.empty(); }
  };
  // In the order of the configuration.
  struct Master {
    std::string name;  // of the way to it: stays from one run of the node to the next
    std::string id;    // "": it was never linked in this run
    bool linked = false;
    bool sends_logins = true;  // what it says of keys, users and ended logins counts

    bool operator==(const Master&) const = default;
  };

  void set_masters(std::vector<Master> masters);
  void take(const std::string& master, const ConfFrame& frame);
  // What is in force by now and was not at the last call.
  Change settle();
  const Items& in_force() const noexcept { return in_force_; }
  // Whether the item that is in force is this master's, as of the last settle(): it is the one that
  // counts, or it has the item too and the same store.  Of a master that is not linked, or has not
  // said everything over this link: no.
  bool owns(const std::string& master, const std::string& key) const;
  // Sentences for the log, each of them once.
  std::vector<std::string> take_remarks() { return std::exchange(remarks_, {}); }

  // All that a master has said completely.
  struct MasterCopy {
    std::string master;
    std::string name;   // of the way to it
    std::string store;  // without its life
    std::uint64_t life = 0, revision = 0;
    Items items;
  };
  std::vector<MasterCopy> master_copies() const;

  static Result<ConfBook> parse(std::string_view text);
  // Whether a file begins as the text of a book.
  static bool is_text(std::string_view text) noexcept;

 private:
  // What one master has said.
  struct MasterPart {
    std::string name;                      // of its Master, as last seen
    std::string store;                     // without its life
    std::uint64_t life = 0, revision = 0;  // life 0: it has no store
    bool complete = false;                 // it has said everything at least once
    bool fresh = false;                    // … over the link that there is now
    Items items;
    std::size_t bytes = 0;  // of the items
    // Of the run that is under way:
    bool running = false, all = false, refused = false, deaf_to_logins = false;
    Items arriving;
    std::set<std::string> leaving;
    std::size_t arriving_bytes = 0;
    std::string part_key, part;  // "": no value goes on
  };
  struct Candidate {
    std::string id;
    bool counts = false;  // for items of its store

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
  // The one whose item counts; null: none has it.
  const Candidate* candidate_of(const std::string& key) const;
  const Value* value_by(const Candidate& candidate, const std::string& key) const;
  Value find(const std::string& key);
  void remark(std::string text);

  std::vector<Master> masters_;
  std::map<std::string, MasterPart, std::less<>> parts_;  // by the id of the master
  std::vector<Candidate> candidates_;                     // at the last settle()
  Items in_force_;
  std::set<std::string> touched_;
  bool everything_ = false;  // is touched
  std::vector<std::string> remarks_;
  std::set<std::string> remarked_;
};

// The text of a book, which parse() reads, for any thread: pieces of some 64 KiB, "" behind the
// last one.
UniqueFunction<std::string_view()> conf_book_pieces(
    std::vector<ConfBook::MasterCopy> master_copies);

// An item about logins: keys, origins, users, ended logins.
bool is_of_logins(std::string_view key) noexcept;

// An item of a master's store, not one that the master says for itself.
bool is_of_store(std::string_view key) noexcept;

}  // namespace lb
