// A certificate authority for tests: answers the requests of an AcmeOrder, signs what it is asked
// to, and can be told to misbehave. It verifies what an authority does: nonce, URL, signature,
// account.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "acme/order.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/random.h"

#include "CppUTest/TestHarness.h"

namespace lb::test {

struct FakeAuthority {
  std::string base = "https://ca.test/";
  Rng rng{1};
  double bad_nonces = 0;                       // of the requests
  std::map<std::string, FetchAnswer> instead;  // by the path: what is answered there
  int pending = 1;                             // how often an authorization is not decided yet
  std::string challenge_error;                 // of the validation; "": it is valid
  std::string only_fails;                      // the challenge; "": each
  std::string address;                         // that a failed validation has reached
  bool renewal_info = false, already_replaced = false;
  std::string profiles;        // of the directory, in JSON
  std::string cut_from_names;  // a name that the certificate lacks
  bool other_key = false;      // the certificate is for
  long days = 90;

  std::vector<std::string> asked;  // paths
  std::vector<std::string> names;  // of the order
  std::set<std::string> nonces;
  int accounts = 0;
  std::string chain, external, replaces, profile, revoked;
  std::function<std::string(const std::string& chain)> sent;  // in place of it
  std::string retry_after;   // of what is not decided yet; "": none
  std::string begun_status;  // of the order, the first time that it is asked for
  int unready = 0;           // how often a finalize is too early
  int pending_orders = 0;    // how often the order is pending after that
  int pending_left = 0;

  FetchAnswer answer(const AcmeOrder::Ask& ask) {
    const std::string path = ask.url.substr(base.size());
    asked.push_back(path);
    FetchAnswer made = reply(path, ask);
    if (path != "directory") made.headers.push_back(cat({"Replay-Nonce: ", fresh()}));
    if (!retry_after.empty()) made.headers.push_back(cat({"Retry-After: ", retry_after}));
    return made;
  }

 private:
  std::string fresh() {
    const std::string nonce = base64url_encode(std::to_string(rng.next()));
    nonces.insert(nonce);
    return nonce;
  }
  static FetchAnswer problem(int status, std::string_view type, std::string_view detail) {
    return {
        status,
        {},
        cat({R"({"type":"urn:ietf:params:acme:error:)", type, R"(","detail":")", detail, R"("})"})};
  }
  std::string url(std::string_view path) const { return cat({base, path}); }

  FetchAnswer reply(const std::string& path, const AcmeOrder::Ask& ask) {
    if (path == "nonce") return {204, {}, ""};
    if (const auto found = instead.find(path); found != instead.end()) return found->second;
    if (path == "directory")
      return {200,
              {},
              cat({R"({"newNonce":")", url("nonce"), R"(","newAccount":")", url("account"),
                   R"(","revokeCert":")", url("revoke"), R"(","newOrder":")", url("order"),
                   renewal_info ? cat({R"(","renewalInfo":")", url("renewal")}) : std::string(),
                   R"(","meta":{)",
                   profiles.empty() ? std::string() : cat({R"("profiles":)", profiles, ","}),
                   R"("termsOfService":"https://ca.test/terms"}})"})};
    CHECK_TRUE(ask.body.has_value());
    const Json body = *Json::parse(*ask.body);
    const Json head = *Json::parse(*base64url_decode(*body.at("protected").text()));
    STRCMP_EQUAL(ask.url.c_str(), std::string(*head.at("url").text()).c_str());
    if (nonces.erase(std::string(*head.at("nonce").text())) == 0 || rng.unit() < bad_nonces)
      return problem(400, "badNonce", "again");
    const bool is_by_key = path == "account" || path == "revoke";
    CHECK_EQUAL(!is_by_key, head.at("kid").text() == url("account/1"));
    CHECK_EQUAL(is_by_key, head.at("jwk").is_object());
    const std::string payload = *base64url_decode(*body.at("payload").text());
    return act(path, payload.empty() ? Json() : *Json::parse(payload));
  }
  FetchAnswer act(const std::string& path, const Json& payload) {
    if (path == "account") {
      ++accounts;
      external =
          std::string(payload.at("externalAccountBinding").at("protected").text().value_or(""));
      CHECK_TRUE(payload.at("termsOfServiceAgreed").boolean().value_or(false));
      return {201, {cat({"Location: ", url("account/1")})}, R"({"status":"valid"})"};
    }
    if (path == "order") {
      if (std::exchange(already_replaced, false)) return problem(409, "alreadyReplaced", "once");
      replaces = payload.at("replaces").text().value_or("");
      profile = payload.at("profile").text().value_or("");
      names.clear();
      told.clear();
      polled.clear();
      JsonWriter out;
      out.begin_object().key("status").text("pending").key("finalize").text(url("finalize"));
      out.key("authorizations").begin_array();
      for (std::size_t i = 0; i < payload.at("identifiers").size(); ++i) {
        names.emplace_back(*payload.at("identifiers").at(i).at("value").text());
        out.text(url(cat({"authorization/", i})));
      }
      out.end_array().end_object();
      return {201, {cat({"location: ", url("order/1")})}, out.take()};
    }
    if (path.starts_with("authorization/")) return authorization(path.substr(14));
    if (path.starts_with("challenge/")) {
      const std::string one = path.substr(10);
      told.insert(one.substr(0, one.find('/')));
      asked_way = one.substr(one.find('/') + 1);
      return {200, {}, R"({"status":"processing"})"};
    }
    if (path == "finalize" && unready > 0) {
      --unready;
      pending_left = pending_orders;
      begun_status = "ready";
      return problem(403, "orderNotReady", "not ready yet");
    }
    if (path == "finalize") {
      sign(*base64url_decode(*payload.at("csr").text()));
      return {200, {}, R"({"status":"processing"})"};
    }
    if (path == "revoke") {
      LONGS_EQUAL(1, payload.at("reason").u64().value_or(0));
      revoked = payload.at("certificate").text().value_or("");
      return {200, {}, ""};
    }
    if (path == "order/1" && pending_left-- > 0)
      return {200, {}, cat({R"({"status":"pending","finalize":")", url("finalize"), R"("})"})};
    if (path == "order/1" && !begun_status.empty())
      return {200,
              {},
              cat({R"({"status":")", std::exchange(begun_status, ""), R"(","finalize":")",
                   url("finalize"), R"("})"})};
    if (path == "order/1")
      return {200,
              {"Retry-After: 1"},
              cat({R"({"status":"valid","certificate":")", url("chain"), R"("})"})};
    if (path == "chain") return {200, {}, sent ? sent(chain) : chain};
    return problem(404, "malformed", "no such thing");
  }
  FetchAnswer authorization(const std::string& number) {
    const bool done = told.contains(number) && ++polled[number] > pending;
    const bool fails = !challenge_error.empty() && (only_fails.empty() || only_fails == asked_way);
    const std::string_view status = !done ? "pending" : fails ? "invalid" : "valid";
    const std::string error = done && fails
                                  ? cat({R"(,"validationRecord":[{"addressUsed":")", address,
                                         R"("}],"error":{"type":"urn:ietf:params:acme:error:)",
                                         challenge_error, R"(","detail":"as told"})"})
                                  : std::string();
    const std::string& name = names[std::stoul(number)];
    const bool wildcard = name.starts_with("*.");
    std::string all;
    for (const std::string_view way : {"dns-01", "http-01", "tls-alpn-01"}) {
      if (is_address_name(name) && way == "dns-01") continue;
      all += cat({all.empty() ? "" : ",", R"({"type":")", way, R"(","token":"tok-)", number,
                  R"(","url":")", url(cat({"challenge/", number, "/", way})), R"(")",
                  way == asked_way ? error : std::string(), "}"});
    }
    return {200,
            {},
            cat({R"({"status":")", status, R"(",)", wildcard ? R"("wildcard":true,)" : "",
                 R"("identifier":{"type":"dns","value":")", wildcard ? name.substr(2) : name,
                 R"("},"challenges":[)", all, "]}"})};
  }

 public:
  // Into chain.
  void sign(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    X509_REQ* request = d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size()));
    CHECK_TRUE(request != nullptr && X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1);
    const KeyPtr mine(EVP_EC_gen("P-256"));
    X509* made = X509_new();
    X509_set_version(made, 2);
    X509_gmtime_adj(X509_getm_notBefore(made), -60);
    X509_gmtime_adj(X509_getm_notAfter(made), days * 86400);
    X509_set_pubkey(made, other_key ? mine.get() : X509_REQ_get0_pubkey(request));
    X509_NAME_add_entry_by_txt(X509_get_issuer_name(made), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("Fake CA"), -1, -1, 0);
    std::string all;
    for (const std::string& name : names)
      if (name != cut_from_names)
        all += cat({all.empty() ? "" : ",", is_address_name(name) ? "IP:" : "DNS:", name});
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, all.c_str());
    X509_add_ext(made, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(made, mine.get(), EVP_sha256());
    const BioPtr out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), made);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    chain.assign(data, static_cast<std::size_t>(size));
    X509_free(made);
    X509_REQ_free(request);
  }

 private:
  std::set<std::string> told;
  std::string asked_way;
  std::map<std::string, int> polled;
};

}  // namespace lb::test
