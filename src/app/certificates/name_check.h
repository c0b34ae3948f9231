// NameCheck: checks before the first order of a certificate whether its names lead to this server,
// by asking each for a token as its authority will.  Names that do not are logged.
//
// The order does not wait for the result: a router that does not lead back into its own network
// refuses this server, although the authority would get an answer.
// Thread: control.
// Ownership: a CertificateService.
// Bounds: one check at a time, two questions a name; each ends within ten seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "acme/port_answer.h"
#include "acme/settings.h"

namespace lb {

struct Runtime;

// The log module of certificates.
inline constexpr std::string_view kAcmeModule = "tls/acme";

class NameCheck {
 public:
  explicit NameCheck(Runtime& runtime) : runtime_(runtime) {}

  // owner: of the token in the ChallengeTable; challenges: the ways to prove the names.
  void start(std::uint64_t owner, const std::vector<std::string>& names,
             const std::vector<AcmeChallenge>& challenges);
  // Ends the check without its missing answers.
  void stop();

 private:
  struct Name {
    std::string name, what;  // its ports that lead elsewhere
    std::size_t unanswered = 0;
    bool is_here = false;
  };
  void answered(std::size_t name, int port, const Result<FetchAnswer>& answer);

  Runtime& runtime_;
  PortToken token_;
  std::uint64_t owner_ = 0;
  std::vector<Name> names_;
  std::vector<std::uint64_t> requests_;
  std::size_t unanswered_ = 0;
};

}  // namespace lb
