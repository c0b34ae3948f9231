// PortAnswer: the answer of a name's port to a token of this server, in words: whether an authority
// would reach this server there.
// Thread: pure; a PortToken is random.
// Source: RFC 8555 8.3.
#pragma once

#include <string>

#include "net/fetch/fetch.h"

namespace lb {

// The ports that authorities connect to.
inline constexpr int kAskedHttpPort = 80, kAskedHttpsPort = 443;

// In the form of http-01: a server with the name that does not know the token may ask others.
struct PortToken {
  static PortToken make();
  std::string name, answer;
};

// name: of a certificate; may be an address.
FetchRequest port_question(const std::string& name, int port, bool is_tls, const PortToken& token);

struct PortAnswer {
  bool is_here = false;
  // A TLS server without a certificate for the name, which may be this server.
  bool is_bare = false;
  bool is_other = false;  // another program has answered
  std::string text;       // "answers, but not with this server: nginx"; "": this server
};
PortAnswer port_answer(const Result<FetchAnswer>& answer, const PortToken& token);

}  // namespace lb
