// The menu of the administration: one list, admin/navigation.json, for the console and for the
// pages made by XSLT.
//
// A template has <ul class="navigation"> with its own entry, so that it works without this code,
// which replaces the list's contents.  Pages without that element, as in a station's own admin
// root, are left as they are.
// Thread: pure functions of constant data.
#pragma once

#include <string>
#include <string_view>

#include "admin/page/identity.h"

namespace lb {

struct NavigationFor {
  AdminRole role = AdminRole::kNone;  // entries beyond its rights are left out
  bool console = false;               // <console> is on; otherwise only XSLT pages are linked
  bool records = false;               // there is a store
  // For entries with two pages: links the page of the console, not the one made by XSLT.
  bool in_console = false;
};

// Prints an <li> for each entry.  current: the address of the page's entry, or its last part;
// exact: the page is that entry itself.
std::string navigation_items(const NavigationFor& whom, std::string_view current, bool exact);

std::string with_navigation(std::string_view page, const NavigationFor& whom);

// The console's address for a built-in page, "/admin/console/mounts"; "": none.  path, query: of
// the request for the page.
std::string console_place(std::string_view path, std::string_view query);

}  // namespace lb
