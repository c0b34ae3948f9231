// CountryWatch: the database of <geoipdb>, read again when the file changes.  An unreadable file
// leaves the previous database in use.
//
// Thread: read() on the clerk, or before the loops start; country_of() any thread.
// Ownership: Services.
#pragma once

#include <memory>
#include <string>

#include "base/file_stamp.h"
#include "base/snapshot.h"
#include "net/address/country_file.h"

namespace lb {

struct Runtime;

class CountryWatch {
 public:
  explicit CountryWatch(Runtime& runtime);
  void read();
  // Two capital letters; "": unknown.
  std::string country_of(const Address& address) const;

 private:
  struct Holder {
    std::shared_ptr<const CountryFile> file;  // null: none
  };

  Runtime& runtime_;
  Snapshot<Holder> holder_;
  std::string path_;  // path_ and stamp_: only read()
  FileStamp stamp_;
};

}  // namespace lb
