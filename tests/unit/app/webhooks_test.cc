// What an address of <webhook> is told, and how it knows that it is us.
#include "app/services/webhooks.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

ServerEvent event_of(std::string type, std::string subject) {
  ServerEvent event;
  event.type = std::move(type);
  event.subject = std::move(subject);
  return event;
}
WebhookSettings hook(std::vector<std::string> events, std::string mount) {
  WebhookSettings settings;
  settings.events = std::move(events);
  settings.mount = std::move(mount);
  return settings;
}

}  // namespace

TEST_GROUP(Webhooks){};

TEST(Webhooks, ByEventAndMount) {
  const ServerEvent title = event_of("title", "/live/a.mp3"), drain = event_of("drain", "edge1");
  CHECK_TRUE(is_sent({}, title));
  CHECK_TRUE(is_sent({}, drain));
  CHECK_TRUE(is_sent(hook({"drain", "title"}, ""), title));
  CHECK_FALSE(is_sent(hook({"drain"}, ""), title));
  CHECK_TRUE(is_sent(hook({}, "/live/a.mp3"), title));
  CHECK_TRUE(is_sent(hook({}, "/live/*"), title));
  CHECK_FALSE(is_sent(hook({}, "/*"), title));  // as <mount-name>: a pattern stays in its folder
  CHECK_FALSE(is_sent(hook({}, "/live/*"), drain));
}

TEST(Webhooks, TheSignatureIsOfTimeAndBody) {
  // printf '1795158091.{"a":1}' | openssl dgst -sha256 -hmac secret
  STRCMP_EQUAL("t=1795158091,v1=24b84551ec77666e1f489e02c3296887c2e6cb7bd54486bc087e1cbbd565fbaa",
               webhook_signature("secret", 1795158091, "{\"a\":1}").c_str());
}
