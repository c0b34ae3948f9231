// The common part of all requests to a certificate authority.
// Thread: pure.
// Trust: answers are limited to 64 KiB, without redirects.  A public authority may only name public
// addresses; an authority of the operator may name private ones.
#pragma once

#include <string>

#include "acme/settings.h"
#include "net/fetch/fetch.h"

namespace lb {

FetchRequest authority_request(const AcmeAuthority& authority, const std::string& url);

}  // namespace lb
