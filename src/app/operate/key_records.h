// KeyRecords: what this master tells other servers of its sessions, as records of the store: the
// public halves of the keys that sign them (keys/MASTER/KID) and where its pages are (masters/ID).
//
// The records of a master belong to it alone.  What another server has written under this one's
// name is reported once and not overwritten, so that two servers do not undo each other for ever.
// A key whose record is deleted by hand is no longer trusted, not by this server either.
// Thread: control.
// Ownership: RecordService.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "api/request/record_book.h"
#include "registry/store_writer.h"

namespace lb {

struct Accounts;

class KeyRecords {
 public:
  explicit KeyRecords(Accounts& accounts);

  // The store has been loaded; it outlives this object.
  void begin(Registry& registry) { writer_.begin(registry); }
  // The records as they are by now.
  void follow(std::shared_ptr<const RecordBook> book) { book_ = std::move(book); }
  // Before follow() has what the change leads to.
  void note_deleted(const RegistryChange& change);
  // The keys, or the addresses of the pages, may be other ones.
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
  Rows told_;                         // what this process has written
  RegistryWrite publishing_;          // what is being written
  std::set<std::string> complained_;  // records of other servers under its name
  bool all_published_ = false;
  StoreWriter writer_;
};

}  // namespace lb
