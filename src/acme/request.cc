#include "acme/request.h"

namespace lb {
namespace {

constexpr std::chrono::seconds kAnswerTime{30};

}  // namespace

FetchRequest authority_request(const AcmeAuthority& authority, const std::string& url) {
  FetchRequest request;
  request.purpose = FetchPurpose::kCertificate;
  request.url = url;
  request.json_type = "application/jose+json";
  request.user_agent = "icecast-lb/" LB_VERSION;
  request.tls.ca_file = authority.ca_file;
  request.timeout = kAnswerTime;
  if (is_public_authority(authority)) request.named_by = Reach::kPublic;
  return request;
}

}  // namespace lb
