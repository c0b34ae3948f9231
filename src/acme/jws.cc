#include "acme/jws.h"

#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

std::string flattened(std::string_view head, std::string_view payload, std::string_view signature) {
  return cat({R"({"protected":")", head, R"(","payload":")", payload, R"(","signature":")",
              base64url_encode(signature), R"("})"});
}

}  // namespace

std::string jws_body(const AcmeKey& key, const JwsHead& head, std::string_view payload) {
  std::string text = R"({"alg":"ES256",)";
  if (head.account.empty()) {
    text += cat({R"("jwk":)", key.jwk()});
  } else {
    text += R"("kid":)";
    append_json_text(text, head.account);
  }
  if (!head.nonce.empty()) {
    text += R"(,"nonce":)";
    append_json_text(text, head.nonce);
  }
  text += R"(,"url":)";
  append_json_text(text, head.url);
  text += '}';
  const std::string first = base64url_encode(text), second = base64url_encode(payload);
  return flattened(first, second, key.sign(cat({first, ".", second})));
}

std::string jws_binding(std::string_view id, std::string_view secret, std::string_view url,
                        const AcmeKey& key) {
  std::string text = R"({"alg":"HS256","kid":)";
  append_json_text(text, id);
  text += R"(,"url":)";
  append_json_text(text, url);
  text += '}';
  const std::string first = base64url_encode(text), second = base64url_encode(key.jwk());
  return flattened(first, second, hmac_sha256(secret, cat({first, ".", second})));
}

}  // namespace lb
