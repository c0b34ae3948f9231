// The menu of the administration: one list, admin/navigation.json, for the console and for the
// pages made by XSLT.
//
// A page has <ul class="navigation"> with the entry under which it stands, so that it is whole
// without this; the list takes the place of what is in it.  Pages without that element, those of a
// station's own admin root, are left as they are.
// Thread: pure functions of constant data.
#pragma once

#include <string>
#include <string_view>

#include "admin/page/identity.h"

namespace lb {

struct NavigationFor {
  AdminRole role = AdminRole::kNone;  // what it may not see is not there
  bool console = false;               // <console> is on; without it there are the XSLT pages alone
  bool records = false;               // there is a store
  // Where an entry has both: its page of the console, or the one made by XSLT.
  bool in_console = false;
};

// The <li> of each entry.  current: the address of the entry under which the page stands, or its
// last part; exact: it is that page itself.
std::string navigation_items(const NavigationFor& whom, std::string_view current, bool exact);

std::string with_navigation(std::string_view page, const NavigationFor& whom);

// Where in the console a built-in page has its counterpart: "/admin/console/mounts"; "": it has
// none.  path, query: of the request for the page.
std::string console_place(std::string_view path, std::string_view query);

}  // namespace lb
