// The console: one page for the whole cluster, and what it loads.  The files are those of
// admin/console/ of the source tree, built into the program; all that they show comes from /api/v1.
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
  std::string_view gzip;  // "": of the page itself
  std::string_view content_type;
  bool is_page = false;  // the page itself, which has several addresses
};
// nullopt: the console has no such address, and it means what it means without a console.
std::optional<ConsoleFile> console_file(std::string_view path);

// Of the value of Accept-Encoding: RFC 9110, 12.5.3.
bool takes_gzip(std::string_view accept_encoding);

// The page, with where the records are ("files", "etcd", "masters" or "none"), whether the audience
// is counted, and the menu of this role.
std::string console_page(std::string_view page, std::string_view store, bool audience,
                         AdminRole role);

}  // namespace lb
