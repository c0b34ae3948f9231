// What every request to a certificate authority has in common.
// Thread: pure.
// Trust: answers of 64 KiB, no redirect. A public authority names public addresses only; one of the
// operator's own may name its own.
#pragma once

#include <string>

#include "acme/settings.h"
#include "net/fetch/fetch.h"

namespace lb {

FetchRequest authority_request(const AcmeAuthority& authority, const std::string& url);

}  // namespace lb
