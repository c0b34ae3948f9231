// RedirectAnswer: the answer to a RedirectAsk, as a stage carries it out.
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
    kServeRelay,  // here, and it is a server
    kRedirect,
    kRefuse,
  };
  Kind kind = Kind::kServe;
  std::string origin = {};  // "http://edge1.example.org:8000"
  std::string token = {};   // "": none
  std::chrono::seconds retry_after{2};
  bool direct = false;  // kServe: only because the listener cannot be redirected
};

}  // namespace lb
