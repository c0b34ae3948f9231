// CountryFile: the country of an address, from a database in MaxMind's format (GeoLite2 Country and
// City, DB-IP, IP2Location's .mmdb and others).
// Source: the MaxMind DB file format; the key is country → iso_code, if missing registered_country
// → iso_code.
//
// The file is copied to memory, because an update in place would remove pages under a reader.
//
// Thread: immutable; country() from any thread, about a microsecond.
// Ownership: shared_ptr.
// Errors of open(): "FILE: …", if the file is missing, too large or not such a database; always, if
// this program was built without libmaxminddb.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/address/address.h"

namespace lb {

class CountryFile {
 public:
  static constexpr std::size_t kLargest = std::size_t{512} << 20;

  static Result<std::shared_ptr<const CountryFile>> open(const std::string& path);
  ~CountryFile();
  CountryFile(const CountryFile&) = delete;
  CountryFile& operator=(const CountryFile&) = delete;

  // Two capital letters; "": not known.
  std::string country(const Address& address) const;
  // The database's type, for the log: "GeoLite2-Country".
  const std::string& type() const noexcept { return type_; }

 private:
  struct Database;
  explicit CountryFile(std::unique_ptr<Database> database);
  const std::unique_ptr<Database> database_;
  std::string type_;
};

// Two letters, as ISO 3166 has them.
bool is_country(std::string_view text) noexcept;

}  // namespace lb
