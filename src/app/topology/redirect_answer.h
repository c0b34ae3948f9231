// RedirectAnswer: the answer to a RedirectAsk, for a stage to carry out.
//
// Thread: any; a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lb {

struct RedirectAnswer {
  enum class Kind : std::uint8_t {
    kServe,
    kServeRelay,  // here, as a relaying server
    kRedirect,
    kRefuse,
  };
  Kind kind = Kind::kServe;
  std::string origin = {};  // "http://edge1.example.org:8000"
  std::string token = {};   // "": none
  std::chrono::seconds retry_after{2};
  bool direct = false;  // kServe, only as it cannot be redirected
};

}  // namespace lb
