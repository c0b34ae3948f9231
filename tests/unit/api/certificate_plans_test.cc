// The certificates of a server, and an order by hand.
#include "api/api_bench.h"
#include "base/cat.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(CertificatePlans) {
  ApiBench api;

  void setup() override {
    CertificateNow kept;
    kept.names = {"a.example.org", "b.example.org"};
    kept.issuer = "An authority";
    kept.kind = "EC 256";
    kept.until = 2'000'000'000;
    kept.ordered = true;
    kept.next = 1'900'000'000;
    CertificateNow file;
    file.names = {"c.example.org"};
    file.until = 5;
    api.live->certificates = {kept, file};
  }
  CertificateNow& kept() { return api.live->certificates[0]; }
  int order(const char* name) {
    return api.ask(api.admin, Method::kPost, cat({"/certificates/", name, "/order"}), "{}");
  }
};

TEST(CertificatePlans, AnAdministratorSeesThem) {
  kept().failures = 2;
  kept().failure = "the CA said \"no\"";
  LONGS_EQUAL(200, api.ask(api.admin, Method::kGet, "/certificates"));
  LONGS_EQUAL(2, api.json().at("items").size());
  const Json one = api.json().at("items").at(0);
  STRCMP_EQUAL("b.example.org", std::string(*one.at("names").at(1).text()).c_str());
  STRCMP_EQUAL("the CA said \"no\"", std::string(*one.at("failure").text()).c_str());
  UNSIGNED_LONGS_EQUAL(2'000'000'000, *one.at("until").u64());
  CHECK(api.json().at("items").at(1).at("next").is_null());
  for (const ApiCaller* who : {&api.owner, &api.operator_, &api.viewer})
    LONGS_EQUAL(403, api.ask(*who, Method::kGet, "/certificates"));
}
TEST(CertificatePlans, OneOfItsNamesIsEnoughToOrderIt) {
  LONGS_EQUAL(204, order("b.example.org"));
  CHECK(api.order && api.order->kind == ApiOrder::Kind::kOrderCertificate);
}
TEST(CertificatePlans, WhatCannotBeOrderedIsRefusedWithTheReason) {
  LONGS_EQUAL(404, order("d.example.org"));
  LONGS_EQUAL(409, order("c.example.org"));
  kept().may_be_asked = std::chrono::seconds(61);
  LONGS_EQUAL(429, order("a.example.org"));
  CHECK(api.problem.detail.find("again in 2 minutes") != std::string::npos);
  kept().under_way = true;
  CHECK(order("a.example.org") >= 400);
  CHECK(!api.order);
  LONGS_EQUAL(403,
              api.ask(api.operator_, Method::kPost, "/certificates/a.example.org/order", "{}"));
}
