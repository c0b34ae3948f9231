// CountryWatch: the database of <geoipdb>: read at the start, again after HUP, and within 10 s
// after it has changed.  What cannot be read leaves the last one in its place.
//
// Thread: control; file() any thread.  The file is read on the clerk.
// Ownership: Services.
#pragma once

#include <memory>
#include <string>

#include "base/file_stamp.h"
#include "base/snapshot.h"
#include "net/country_file.h"
#include "net/loop.h"

namespace lb {

struct Services;

class CountryWatch {
 public:
  explicit CountryWatch(Services& services);
  // Now, and from now on every 10 s.  The first call, before the loops start, reads at once.
  void begin();
  void look();

  // Two capital letters; "": not known.
  std::string country_of(const Address& address) const;

 private:
  struct Holder {
    std::shared_ptr<const CountryFile> file;  // null: none
  };
  void read();  // clerk

  Services& services_;
  Snapshot<Holder> holder_;
  std::string path_;  // this and the next of the clerk
  FileStamp stamp_;
  Timer timer_;
};

}  // namespace lb
