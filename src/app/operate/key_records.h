// KeyRecords: publishes this master's session keys to other servers, as records of the store: the
// public halves of the signing keys (keys/MASTER/KID) and the addresses of its pages (masters/ID).
//
// A master's records belong to it alone.  A record that another server wrote under this one's name
// is reported once and not overwritten, so that two servers do not undo each other for ever.  A key
// whose record is deleted by hand is no longer trusted, not even by this server.
// Thread: control.
// Ownership: RecordService.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "registry/store_writer.h"

namespace lb {

struct Accounts;
class RecordBook;

class KeyRecords {
 public:
  explicit KeyRecords(Accounts& accounts);

  // The store has been loaded; it must outlive this object.
  void begin(Registry& registry) { writer_.begin(registry); }
  // Takes the present records.
  void follow(std::shared_ptr<const RecordBook> book) { book_ = std::move(book); }
  // REQUIRES: before follow() gets the changed records
  void note_deleted(const RegistryChange& change);
  // The keys, or the addresses of the pages, may have changed.
  void check() { writer_.check(); }
  void stop() { writer_.stop(); }

 private:
  using Rows = std::map<std::string, std::string>;  // values by key

  Rows wanted() const;
  RegistryWrite plan();
  RegistryWrite plan(const Rows& wanted);
  void written(const CommitAnswer& answer);
  void check_again();

  Accounts& accounts_;
  std::shared_ptr<const RecordBook> book_;
  Rows told_;                         // written by this process
  RegistryWrite publishing_;          // the write under way
  std::set<std::string> complained_;  // other servers' records of its name
  bool all_published_ = false;
  StoreWriter writer_;
};

}  // namespace lb
