// The command "icecast-lb --check-https": whether the certificate of <acme> can be ordered from
// here: what each name leads to, which server answers there, the authority, and the clock. It
// changes nothing but a file of the web root, for as long as it is asked for.
// Thread: main; it has a loop of its own, and waits for the resolver.
#pragma once

#include "program/options.h"

namespace lb {

// The exit status: 0: nothing speaks against it, 1: something does.
int check_https(const Options& options);

}  // namespace lb
