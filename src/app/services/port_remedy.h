// What an operator does about a port that could not be opened, as its line in the log ends.
// Thread: pure.
#pragma once

#include <string_view>

#include "base/result.h"

namespace lb {

struct PortFault {
  Error::Code code = Error::Code::kIo;  // kDenied: this account may not
  int port = 0;
  bool is_running = false;  // by a reload: the rights of the start are given up
  bool is_asked = false;    // by a certificate authority: <acme> is on
};
// "it is skipped", with what to do before it.
std::string_view port_remedy(const PortFault& fault);

}  // namespace lb
