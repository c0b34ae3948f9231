// The console: one page for the whole cluster, with its scripts and sheets.  The files are those of
// admin/console/ of the source tree, built into the program; all data comes from /api/v1.
// Thread: constant data, pure functions.
// Source: doc/operators.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/page/identity.h"

namespace lb {

inline constexpr std::string_view kConsolePath = "/admin/console";

struct ConsoleFile {
  std::string_view bytes;
  std::string_view gzip;  // "": the page itself has none
  std::string_view content_type;
  bool is_page = false;  // the page itself, which has several addresses
};
// nullopt: not an address of the console.
std::optional<ConsoleFile> console_file(std::string_view path);

// Whether this value of Accept-Encoding allows gzip (RFC 9110, 12.5.3).
bool takes_gzip(std::string_view accept_encoding);

// Fills in the page: the type of the store ("files", "etcd", "masters" or "none"), whether the
// audience is counted, and the menu of this role.
std::string console_page(std::string_view page, std::string_view store, bool audience,
                         AdminRole role);

}  // namespace lb
