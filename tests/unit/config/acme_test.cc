// What is said of <acme> without a network: the hints, word for word.
#include <cstdlib>
#include <string>

#include "config/load_text.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(AcmeChecks) {
  static void error(const std::string& acme, std::string_view text, Severity severity = kError_) {
    const LoadedConfig loaded = load(
        "<hostname>radio.example.org</hostname><paths><state-dir>/tmp</state-dir></paths>" + acme);
    CHECK_TEXT(count(loaded, severity, text) == 1, std::string(text).c_str());
  }
  static constexpr Severity kError_ = Severity::kError;
};

TEST(AcmeChecks, NamesThatNoAuthoritySigns) {
  for (const auto& [name, why] :
       {std::pair{"localhost", "it has no dot"},
        {"radio.local", "it is a name of local networks or of examples"},
        {"radio.internal", "it is a name of local networks or of examples"},
        {"192.168.1.7", "it is not a public address"},
        {"\xE2\x80\xAE.example.org", "it is not a DNS name"},
        {"203.0.113.7", "it is an address of examples"}})
    error(std::string("<acme names=\"") + name + "\"/>",
          std::string("no public CA gives a certificate for ") + name +
              "; use names= or ssl-certificate (" + why + ")");
  error("<acme names=\"radio.local\"><authority url=\"https://ca.local/dir\"/></acme>",
        "no public CA gives a certificate for radio.local", Severity::kNote);
  for (const char* public_one : {"https://acme.zerossl.com/v2/DV90",
                                 "https://acme-v02.api.letsencrypt.org/directory/", "letsencrypt"})
    error(std::string("<acme names=\"radio.local\"><authority url=\"https://ca.local/dir\"/>"
                      "<authority url=\"") +
              public_one + "\"/></acme>",
          "no public CA gives a certificate for radio.local");
}
TEST(AcmeChecks, WhatIsMissing) {
  error("<acme names=\"*.example.org\"/>", "*.example.org needs the challenge dns-01");
  error("<acme names=\"9.9.9.9\" dns-hook=\"/bin/true\" challenges=\"dns-01\"/>",
        "9.9.9.9 is an address, which dns-01 is not for");
  error("<acme><authority url=\"https://ca.example.org/\" eab-kid=\"a\"/></acme>",
        "eab-kid and eab-key belong together");
  error("<acme><authority url=\"https://ca.example.org/\" eab-kid=\"a\" eab-key=\"?\"/></acme>",
        "eab-key is not base64url");
  for (const char* email : {"radio", "@example.org", "radio@", "a@example.org,b@example.org",
                            "a b@c", "mailto:a@example.org"})
    error(std::string("<acme email=\"") + email + "\"/>",
          std::string("<acme> <email>: ") + email + " is not an address such as radio@example.org");
  error("<acme answer-from=\"192.0.2.7:8000\"/>",
        "192.0.2.7:8000 is not an address such as http://HOST:PORT");
  error("<acme names=\"a.example.org\"/><acme names=\"b.example.org A.example.org\"/>",
        "a.example.org was named already; it is ordered once", Severity::kWarning);
  error("<acme names=\"M\xC3\xBCnchen.example.org. xn--mnchen-3ya.example.org\"/>",
        "xn--mnchen-3ya.example.org was named already", Severity::kWarning);
  error("<acme challenges=\"dns-01 http-01\"/>", "dns-01 needs dns-hook; it is passed over");
  error("<acme challenges=\"http-02\"/>", "http-02 is not one of tls-alpn-01, http-01, dns-01");
  error("<acme><authority url=\"http://ca.example.org/\"/></acme>",
        "http://ca.example.org/ is neither letsencrypt");
  error("<acme><authority url=\"https://ca.example.org/\" staging=\"http://ca\"/></acme>",
        "staging=http://ca is not an https address");
  error("<acme/><security><chroot>1</chroot></security>", "outside of <chroot>");
  std::string names;
  for (int i = 0; i < 101; ++i) names += "n" + std::to_string(i) + ".example.org ";
  error("<acme names=\"" + names + "\"/>", "101 names: 2 certificates", Severity::kNote);
}
// "PORT", with 's' behind one for https, '@ADDRESS' where it is not all of them.
static std::string sockets_of(const std::string& body, const std::string& acme,
                              const std::string& paths = "<state-dir>/tmp</state-dir>") {
  const LoadedConfig loaded =
      load("<hostname>radio.example.org</hostname><paths>" + paths + "</paths>" + body + acme);
  std::string all;
  for (const ListenSettings& socket : loaded.config->listen)
    all += std::to_string(socket.port) + (socket.tls ? "s" : "") +
           (socket.bind_address.empty() ? "" : "@" + socket.bind_address) + " ";
  return all;
}
TEST(AcmeChecks, PortsAreOpenedBesideTheOthers) {
  const std::string plain = "<listen-socket><port>8000</port></listen-socket>";
  STRCMP_EQUAL("8000 80 443s ", sockets_of("", "<acme/>").c_str());
  STRCMP_EQUAL("8000 80 443s ", sockets_of(plain, "<acme/>").c_str());
  STRCMP_EQUAL("8000 ", sockets_of(plain, "<acme ports=\"off\"/>").c_str());
  STRCMP_EQUAL("8000 ", sockets_of(plain, "<acme names=\"off\"/>").c_str());
  STRCMP_EQUAL("8000 443s 80 ",
               sockets_of(plain, "<acme ports=\"443\"/><acme names=\"a.example.org\"/>").c_str());
  STRCMP_EQUAL("8000 443s ", sockets_of(plain, "<acme ports=\"443\"/>").c_str());
  STRCMP_EQUAL("8000 8080 8443s ", sockets_of(plain, "<acme ports=\"8080 8443\"/>").c_str());
  STRCMP_EQUAL("80 8443s 443s ",
               sockets_of("<listen-socket><port>80</port></listen-socket><listen-socket>"
                          "<port>8443</port><ssl>1</ssl></listen-socket>",
                          "<acme/>")
                   .c_str());
  const std::string two =
      "<listen-socket><port>8000</port><bind-address>127.0.0.1</bind-address></listen-socket>"
      "<listen-socket><port>8000</port><bind-address>127.0.0.2</bind-address></listen-socket>";
  STRCMP_EQUAL(
      "8000@127.0.0.1 8000@127.0.0.2 80@127.0.0.1 80@127.0.0.2 443s@127.0.0.1 "
      "443s@127.0.0.2 ",
      sockets_of(two, "<acme/>").c_str());
  STRCMP_EQUAL("8000@127.0.0.1 8000@127.0.0.2 8001@:: 80@:: 443s@:: ",
               sockets_of(two + "<listen-socket><port>8001</port><bind-address>::</bind-address>"
                                "</listen-socket>",
                          "<acme/>")
                   .c_str());
  // Nothing is ordered, so nobody asks.
  STRCMP_EQUAL("8000 ", sockets_of(plain, "<acme names=\"radio.local\"/>").c_str());
  ::unsetenv("STATE_DIRECTORY");
  STRCMP_EQUAL("8000 ", sockets_of(plain, "<acme/>", "").c_str());
  error("<acme ports=\"80 443 8443\"/>", "of these 3 words 3 are opened");
  error("<acme ports=\"http 443\"/>",
        "they are one or two ports, as 80 443, or off; of these 2 words 1 are opened");
}
// "NAMES KEY@NODES" of each certificate that is ordered.
static std::string wanted_of(const std::string& acme, const std::string& cluster) {
  const LoadedConfig loaded =
      load("<hostname>m.example.org</hostname>" + acme + "<cluster>" + cluster + "</cluster>");
  std::string all;
  for (const WantedCertificate& one : wanted_certificates(*loaded.config)) {
    for (const std::string& name : one.names) all += name + " ";
    all += one.key == AcmeKeyKind::kRsa ? "rsa" : "ecdsa";
    for (const std::string& node : one.nodes) all += "@" + node;
    all += "; ";
  }
  return all;
}
TEST(AcmeChecks, ACertificateIsOfNamesThatTheSameNodesHave) {
  STRCMP_EQUAL("m.example.org ecdsa; ", wanted_of("<acme/>", "").c_str());
  STRCMP_EQUAL("m.example.org ecdsa; m.example.org rsa; ",
               wanted_of("<acme keys=\"ecdsa rsa ecdsa\"/>", "").c_str());
  const std::string node = "<node id=\"e1\" secret=\"s\" ";
  STRCMP_EQUAL("m.example.org www.example.org ecdsa; radio.example.org ecdsa@e1; ",
               wanted_of("<acme names=\"m.example.org Radio.example.org www.example.org\"/>",
                         node + "certificates=\"radio.example.org\"/>")
                   .c_str());
  // By the address that it may announce, and by a pattern of names, not by one of addresses.
  const std::string acme = "<acme names=\"radio.example.org\"/>";
  for (const auto& [attributes, has] :
       {std::pair{"allow-public=\"radio.example.org:8000,8443\"", true},
        {"allow-public=\"e1.example.org:8000 radio.example.org:443\"", true},
        {"allow-public=\"*.example.org:443\"", false},
        {"certificates=\"*.example.org\"", true},
        {"certificates=\"*.org\"", false},
        {"certificates=\"example.org\"", false}})
    STRCMP_EQUAL(has ? "radio.example.org ecdsa@e1; " : "radio.example.org ecdsa; ",
                 wanted_of(acme, node + attributes + "/>").c_str());
  STRCMP_EQUAL("m.example.org e.example.org ecdsa; ",
               wanted_of("<acme/>",
                         "<public-address scheme=\"https\">e.example.org:443"
                         "</public-address><public-address>p.example.org:80"
                         "</public-address>")
                   .c_str());
  std::string names;
  for (int i = 0; i < 101; ++i) names += "n" + std::to_string(i) + ".example.org ";
  const LoadedConfig many = load("<acme names=\"" + names + "\"/>");
  const auto split_up = wanted_certificates(*many.config);
  LONGS_EQUAL(2, split_up.size());
  LONGS_EQUAL(100, split_up[0].names.size());
  error("<acme keys=\"ed25519\"/>", "ed25519 is neither ecdsa nor rsa; it is passed over");
}
TEST(AcmeChecks, EachElementHasCertificatesOfItsOwn) {
  STRCMP_EQUAL("m.example.org ecdsa; b.example.org ecdsa; b.example.org rsa; ",
               wanted_of("<acme/><acme names=\"b.example.org m.example.org\" keys=\"ecdsa rsa\"/>"
                         "<acme names=\"c.example.org\">0</acme>",
                         "")
                   .c_str());
  const LoadedConfig two = load(
      "<hostname>a.example.org</hostname><acme hsts=\"7\"/>"
      "<acme names=\"*.b.example.org\" hsts=\"9\"><directory url=\"https://ca.example/\"/></acme>");
  LONGS_EQUAL(9, acme_of_name(*two.config, "x.b.example.org")->hsts.count());
  LONGS_EQUAL(7, acme_of_name(*two.config, "other.example.org")->hsts.count());
  STRCMP_EQUAL("https://ca.example/", two.config->acme[1].authorities.at(0).url.c_str());
}
// Of names that more than one master of an etcd has: "+" behind them.
TEST(AcmeChecks, WhatIsSharedByAStore) {
  const auto shared = [](const std::string& key) {
    const LoadedConfig loaded = load(
        "<hostname>radio.example.org</hostname><acme/><cluster><id>m1</id><public-address "
        "scheme=\"https\">m1.example.org:443</public-address></cluster><store type=\"etcd\"" +
        key + "><member>http://127.0.0.1:2379</member></store>");
    std::string all;
    for (const WantedCertificate& one : wanted_certificates(*loaded.config)) {
      for (const std::string& name : one.names) all += name + " ";
      all += one.in_store ? "+; " : "; ";
    }
    return all;
  };
  STRCMP_EQUAL("radio.example.org m1.example.org ; ", shared("").c_str());
  STRCMP_EQUAL("radio.example.org +; m1.example.org ; ",
               shared(" key=\"" + std::string(64, 'a') + "\"").c_str());
}
// Certbot and others have one address there: without it, orders would go to Let's Encrypt.
TEST(AcmeChecks, TheAddressOfAnAuthorityMayBeItsText) {
  for (const char* acme : {"<acme><authority>https://ca.example/</authority></acme>",
                           "<acme><directory>https://ca.example/</directory></acme>",
                           "<acme directory=\"https://ca.example/\"/>"}) {
    const LoadedConfig loaded = load(acme);
    STRCMP_EQUAL("https://ca.example/", loaded.config->acme[0].authorities.at(0).url.c_str());
    LONGS_EQUAL(0, count(loaded, Severity::kWarning, "has no effect"));
  }
}
TEST(AcmeChecks, WithoutAStateDirectoryNothingIsOrdered) {
  ::unsetenv("STATE_DIRECTORY");
  LONGS_EQUAL(1, count(load("<hostname>radio.example.org</hostname><acme/>"), Severity::kError,
                       "there is no directory to keep it in"));
}
TEST(AcmeChecks, UnknownChildrenAreNamedWithWhatWasMeant) {
  for (const auto& [written, meant] : {std::pair{"name", "names"},
                                       {"challenge", "challenges"},
                                       {"e-mail", "email"},
                                       {"autority", "authority"},
                                       {"dns-hok", "dns-hook"},
                                       {"redirects", "redirect"}}) {
    const LoadedConfig loaded = load(std::string("<hostname>radio.example.org</hostname><acme><") +
                                     written + ">x</" + written + "></acme>");
    const std::string text = std::string("did you mean ") + meant + "?";
    int found = 0;
    for (const Diagnostic& one : loaded.diagnostics)
      found += one.text.find(text) != std::string::npos;
    CHECK_TEXT(found == 1, text.c_str());
  }
}
TEST(AcmeChecks, AFileThatIsInOrderHasNothingSaidOfIt) {
  const LoadedConfig loaded = load(
      "<hostname>radio.example.org</hostname><paths><state-dir>/tmp</state-dir></paths><acme "
      "email=\"a@example.org\"/>");
  LONGS_EQUAL(0, count(loaded, Severity::kError, "acme"));
  LONGS_EQUAL(0, count(loaded, Severity::kWarning, "acme"));
}
