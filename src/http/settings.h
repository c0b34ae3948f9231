// Plain settings of the http floor; config/ fills them, nothing here knows XML.
// Thread: plain values.
#pragma once

#include <string>

namespace lb {

// <header name= value= status=/>: added to replies that the server makes itself.
struct HttpHeader {
  std::string name;
  std::string value;
  int status = 0;  // 0: on every status
};

// <alias source= destination= port= bind-address=/>: exact match on the decoded path of a GET.
struct Alias {
  std::string source;
  std::string destination;
  int port = 0;              // 0: any
  std::string bind_address;  // "": any
};

}  // namespace lb
