#include "acme/port_answer.h"

#include <algorithm>
#include <chrono>

#include "acme/answer.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "net/address/host_name.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kPortTime = 10s;
constexpr std::size_t kPortTokenBytes = 32;

}  // namespace

PortToken PortToken::make() {
  PortToken made{base64url_encode(random_bytes(kPortTokenBytes)), {}};
  made.answer = cat({made.name, ".", base64url_encode(sha256(made.name))});
  return made;
}

FetchRequest port_question(const std::string& name, int port, bool is_tls, const PortToken& token) {
  FetchRequest request;
  request.purpose = FetchPurpose::kCertificate;
  request.url = cat({is_tls ? "https://" : "http://", url_host(name), ":", port,
                     "/.well-known/acme-challenge/", token.name});
  request.timeout = kPortTime;
  // Any certificate is accepted, because an expired one must be replaced; the token is the proof.
  request.tls.is_any_trusted = true;
  return request;
}

PortAnswer port_answer(const Result<FetchAnswer>& answer, const PortToken& token) {
  PortAnswer out;
  if (!answer) {
    std::string_view what = answer.error().what;
    // The address of the question is left out, because it explains nothing.
    if (const std::size_t at = what.find(token.name); at != std::string_view::npos)
      what = what.substr(std::min(what.size(), at + token.name.size() + 2));
    out.text = cleaned_text(what);
    out.is_bare = out.text.find("unrecognized name") != std::string::npos;
  } else if (answer->body == token.answer) {
    out.is_here = true;
  } else {
    const std::string server = cleaned_text(answer->header("Server"));
    out.is_other = true;
    out.text = cat({"answers, but not with this server: ",
                    server.empty() ? cat({"status ", answer->status}) : server});
  }
  return out;
}

}  // namespace lb
