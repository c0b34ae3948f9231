// What the files of CertificateService share: its name in the log, and its lists.
// Thread: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lb {

inline constexpr std::string_view kAcmeModule = "tls/acme";

// With spaces between.
std::string listed(const std::vector<std::string>& names);

}  // namespace lb
