#include <string>

#include "config/load_text.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Icecast25){static AuthenticatorSettings listeners_of(const std::string& roles){
    return load("<mount mount-name='/m'><authentication>" + roles + "</authentication></mount>")
        .config->mounts[0]
        .authenticator;
}
}
;

TEST(Icecast25, ARoleForListenersBecomesAnAuthenticator) {
  const auto file = listeners_of(
      "<role type='htpasswd' name='x'><option name='filename' value='/u'/></role>"
      "<role type='anonymous' deny-all='*'/>");
  STRCMP_EQUAL("htpasswd", file.type.c_str());
  LONGS_EQUAL(2, file.options.size());
  STRCMP_EQUAL("allow_duplicate_users",
               file.options[1].first.c_str());  // a role has no limit of its own
  STRCMP_EQUAL("1", file.options[1].second.c_str());
  STRCMP_EQUAL("/u", file.options[0].second.c_str());
  const auto url = listeners_of(
      "<role type='url' match-method='get,head'><option name='client_add' "
      "value='http://a'/></role>");
  STRCMP_EQUAL("url", url.type.c_str());
  STRCMP_EQUAL("listener_add", url.options[0].first.c_str());
  STRCMP_EQUAL("", listeners_of("<role type='anonymous' allow-all='*'/>").type.c_str());
}
TEST(Icecast25, AttributesWithoutAnEffectAreTaken) {
  const auto once = listeners_of(
      "<role type='htpasswd' match-method='get,post,head,options' allow-web='*' deny-admin='*' "
      "connections-per-user='1'><option name='filename' value='/u'/></role>");
  STRCMP_EQUAL("htpasswd", once.type.c_str());
  STRCMP_EQUAL("0", once.options[1].second.c_str());
  STRCMP_EQUAL("url",
               listeners_of("<role type='url' may-alter='send_error,redirect'/>").type.c_str());
  STRCMP_EQUAL(
      "", listeners_of("<role type='anonymous' deny-all='*' allow-method='get'/>").type.c_str());
}
TEST(Icecast25, AClosedMountIsAnErrorThatNamesTheAttribute) {
  const auto loaded = load(
      "<mount mount-name='/m'><authentication><role type='anonymous' match-origin='home'/>"
      "</authentication></mount>");
  CHECK(loaded.has_errors());
  CHECK(!loaded.refuses_start());
  bool named = false;
  for (const auto& said : loaded.diagnostics)
    named = named || said.text.find("match-origin=\"home\"") != std::string::npos;
  CHECK(named);
}
TEST(Icecast25, RolesWithoutACounterpartRefuseEveryListener) {
  for (const char* roles :
       {"<role type='anonymous' deny-all='*'/>", "<role type='enforce-auth'/>",
        "<role type='htpasswd' connections-per-user='3'><option name='filename' "
        "value='/u'/></role>",
        "<role type='htpasswd' match-method='post'><option name='filename' value='/u'/></role>",
        "<role type='static'><option name='username' value='u'/></role>",
        "<role type='htpasswd'><option name='filename' value='/u'/></role><role type='url'/>",
        "<role type='htpasswd'><option name='filename' value='/u'/></role>"
        "<role type='anonymous' allow-all='*'/>"}) {
    STRCMP_EQUAL_TEXT("role", listeners_of(roles).type.c_str(), roles);
  }
}
TEST(Icecast25, AStaticRoleForSourcesIsTheLoginOfItsMount) {
  const auto config =
      load(
          "<mount mount-name='/m'><authentication><role type='static' match-method='source'>"
          "<option name='username' value='dj'/><option name='password' value='p'/></role>"
          "</authentication></mount>")
          .config;
  STRCMP_EQUAL("dj", config->mounts[0].username.c_str());
  STRCMP_EQUAL("p", config->mounts[0].password.c_str());
  STRCMP_EQUAL("", config->mounts[0].authenticator.type.c_str());
}
TEST(Icecast25, GlobalRolesNeverReplaceAPasswordOrWidenARight) {
  const auto config =
      load(
          "<authentication><source-password>mine</source-password>"
          "<role type='static' match-method='put'><option name='username' value='source'/>"
          "<option name='password' value='other'/></role>"
          "<role type='static' allow-admin='listclients'><option name='username' value='v'/>"
          "<option name='password' value='w'/></role></authentication>")
          .config;
  STRCMP_EQUAL("mine", config->authentication.source_password.c_str());
  STRCMP_EQUAL("", config->authentication.admin_password.c_str());
}
TEST(Icecast25, AnAddressOfAnUpstreamIsTakenApart) {
  struct {
    const char* uri;
    const char* server;
    int port;
    bool tls;
    const char* mount;
  } cases[] = {{"http://a.example/x", "a.example", 80, false, "/x"},
               {"https://a.example", "a.example", 443, true, "/"},
               {"HTTP://1.2.3.4:8000/x/y?z=1", "1.2.3.4", 8000, false, "/x/y?z=1"},
               {"http://[::1]:8000/x", "::1", 8000, false, "/x"},
               {"https://[::1]/x", "::1", 443, true, "/x"}};
  for (const auto& c : cases) {
    const auto loaded = load("<relay><uri>" + std::string(c.uri) + "</uri></relay>");
    const RelayUpstreamSettings& host = loaded.config->relays[0].host;
    STRCMP_EQUAL(c.server, host.server.c_str());
    LONGS_EQUAL(c.port, host.port);
    CHECK_EQUAL(c.tls, host.tls);
    STRCMP_EQUAL(c.mount, host.mount.c_str());
    LONGS_EQUAL(0, count(loaded, Severity::kError, ""));
  }
  for (const char* uri : {"ftp://a/x", "a.example/x", "http://", "http://:80/x", "http://a:0/x",
                          "http://a:65536/x", "http://a:b/x", "http://u:p@a:80/x", "/x"}) {
    const auto loaded = load("<relay><uri>" + std::string(uri) + "</uri></relay>");
    LONGS_EQUAL_TEXT(1, count(loaded, Severity::kError, "<uri>"), uri);
    LONGS_EQUAL(0, loaded.config->relays[0].host.port);
  }
}
TEST(Icecast25, EventsThatRunAProgramAreHooksAndTheMountsOwnComeFirst) {
  const auto event = [](const std::string& trigger, const std::string& program) {
    return "<event type='exec' trigger='" + trigger + "'><option name='executable' value='" +
           program + "'/></event>";
  };
  const auto config = load("<event-bindings>" + event("source-connect", "/all") +
                           event("source-disconnect", "/off") +
                           "</event-bindings><mount mount-name='/m'><event-bindings>" +
                           event("source-connect", "/own") + "</event-bindings></mount>")
                          .config;
  STRCMP_EQUAL("/all", config->default_mount.on_connect.c_str());
  STRCMP_EQUAL("/own", config->mounts[0].on_connect.c_str());
  STRCMP_EQUAL("/off", config->mounts[0].on_disconnect.c_str());
}
TEST(Icecast25, HostsOfARelayInheritWhateverTheOrderIs) {
  const auto config = load(
                          "<relay><host><mount>/x</mount></host><host priority='9' server='b'/>"
                          "<host/><server>a</server><port>8000</port><mount>/m</mount>"
                          "<ssl>1</ssl><timeout>7</timeout><bind>1.2.3.4</bind></relay>")
                          .config;
  const auto& hosts = config->relays[0].hosts;
  LONGS_EQUAL(3, hosts.size());
  STRCMP_EQUAL("a", hosts[0].server.c_str());
  STRCMP_EQUAL("/x", hosts[0].mount.c_str());
  LONGS_EQUAL(8000, hosts[0].port);
  CHECK(hosts[0].tls);
  LONGS_EQUAL(7, hosts[2].timeout.count());
  STRCMP_EQUAL("1.2.3.4", hosts[2].bind_address.c_str());
  STRCMP_EQUAL("b", hosts[1].server.c_str());
  LONGS_EQUAL(1, hosts[0].priority);
  LONGS_EQUAL(9, hosts[1].priority);
  LONGS_EQUAL(10, hosts[2].priority);
}
TEST(Icecast25, WordsForSwitchesAreNoWarningInSuchAFile) {
  const std::string words = "<fileserve>true</fileserve><relays-on-demand>false</relays-on-demand>";
  LONGS_EQUAL(2, count(load(words), Severity::kWarning, "Icecast 2.4 reads every word as 0"));
  const std::string newer =
      "<mount mount-name='/m'><authentication><role type='anonymous' "
      "allow-all='*'/></authentication></mount>";
  LONGS_EQUAL(0,
              count(load(words + newer), Severity::kWarning, "Icecast 2.4 reads every word as 0"));
  CHECK(load(words + newer).config->fileserve);
}
