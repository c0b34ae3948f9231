// What a port of a name says of who is there.
#include "acme/port_answer.h"

#include "base/cat.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(PortAnswers) {
  const PortToken token = PortToken::make();
  Result<FetchAnswer> error(std::string_view what) const {
    return Error::closed(cat({"http://a.example/.well-known/acme-challenge/", token.name, what}));
  }
};

TEST(PortAnswers, AreAskedForWhereAuthoritiesAsk) {
  STRCMP_EQUAL(cat({"http://radio.example.org:80/.well-known/acme-challenge/", token.name}).c_str(),
               port_question("radio.example.org", kAskedHttpPort, false, token).url.c_str());
  STRCMP_EQUAL(cat({"https://[2001:db8::7]:443/.well-known/acme-challenge/", token.name}).c_str(),
               port_question("2001:db8::7", kAskedHttpsPort, true, token).url.c_str());
  // A server of the name that does not know the token asks others for it: it has to look like one.
  LONGS_EQUAL(43 + 1 + 43, token.answer.size());
  CHECK_TRUE(token.answer.starts_with(token.name + "."));
}
TEST(PortAnswers, SayWhoIsThere) {
  CHECK_TRUE(port_answer(FetchAnswer{200, {}, token.answer}, token).is_here);
  const auto nginx = port_answer(FetchAnswer{404, {"Server: nginx\x01"}, "no"}, token);
  CHECK_TRUE(nginx.is_other && !nginx.is_here);
  STRCMP_EQUAL("answers, but not with this server: nginx", nginx.text.c_str());
  STRCMP_EQUAL("answers, but not with this server: status 404",
               port_answer(FetchAnswer{404, {}, ""}, token).text.c_str());
}
TEST(PortAnswers, AnErrorHasItsReasonAlone) {
  const auto refused = port_answer(error(": Connection refused"), token);
  STRCMP_EQUAL("Connection refused", refused.text.c_str());
  CHECK_FALSE(refused.is_here || refused.is_bare || refused.is_other);
  CHECK_TRUE(port_answer(error(": SSL routines::tlsv1 unrecognized name"), token).is_bare);
  STRCMP_EQUAL("", port_answer(error(""), token).text.c_str());
  STRCMP_EQUAL("timeout", port_answer(Error::timeout("timeout"), token).text.c_str());
}
