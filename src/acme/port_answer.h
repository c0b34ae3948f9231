// PortAnswer: what a port of a name answers when it is asked for a token of this server's own, in
// words: whether an authority would reach this server there.
// Thread: pure; a PortToken is made by chance.
// Source: RFC 8555 8.3.
#pragma once

#include <string>

#include "net/fetch/fetch.h"

namespace lb {

// Where authorities ask.
inline constexpr int kAskedHttpPort = 80, kAskedHttpsPort = 443;

// Of the form of an answer of http-01: a server of the name that does not know it may ask another.
struct PortToken {
  static PortToken make();
  std::string name, answer;
};

// name: of a certificate, an address too.
FetchRequest port_question(const std::string& name, int port, bool is_tls, const PortToken& token);

struct PortAnswer {
  bool is_here = false;
  // A server of TLS that has no certificate for the name: this one may be it.
  bool is_bare = false;
  bool is_other = false;  // another program has answered
  std::string text;       // "answers, but not with this server: nginx"; "": it is here
};
PortAnswer port_answer(const Result<FetchAnswer>& answer, const PortToken& token);

}  // namespace lb
