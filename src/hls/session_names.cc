#include "hls/session_names.h"

#include <algorithm>

#include "base/encoding.h"

namespace lb {

std::string hls_session_name(std::string_view random) {
  return hex_encode(random.substr(0, kHlsNameRandom));
}

bool is_hls_session_name(std::string_view name) noexcept {
  return name.size() == 2 * kHlsNameRandom && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace lb
