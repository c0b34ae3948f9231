#include "net/address/host_name.h"

#include <idn2.h>

#include <algorithm>
#include <cstdint>

#include "base/cat.h"
#include "base/strings.h"
#include "net/address/address.h"

namespace lb {

std::string host_name(std::string_view written) {
  if (const auto address = Address::parse(written, 0)) return address->ip();
  std::string name = to_lower(written);
  if (name.ends_with('.')) name.pop_back();
  if (std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return name;
  const std::size_t begin = name.starts_with("*.") ? 2 : 0;
  std::uint8_t* label = nullptr;
  if (idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(name.c_str() + begin), &label,
                     IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK)
    name.replace(begin, std::string::npos, reinterpret_cast<const char*>(label));
  idn2_free(label);
  return name;
}

std::string url_host(std::string_view host) {
  const bool v6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
  return v6 ? cat({"[", host, "]"}) : std::string(host);
}

}  // namespace lb
