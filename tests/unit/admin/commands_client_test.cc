#include <string>

#include "admin/fake_station.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(ClientCommands) {
  FakeStation station;
  void setup() override {
    station.states["/a.mp3"] = MountState::kRunning;
    ListenerRow second;
    second.id = 52;
    second.address = "2001:db8::1";
    second.user = "u<v";
    second.referer = "http://r/";
    second.seconds = 1;
    ListenerRow first;
    first.id = 51;
    first.address = "127.0.0.1";
    first.agent = "Foo/1 <script>";
    first.seconds = 70;
    first.lag_bytes = 9;
    first.bytes_sent = 5000;
    station.listeners["/a.mp3"] = {second, first};
  }
};

TEST(ClientCommands, ListClientsAsIcecastWithExtrasBehind) {
  const AdminAnswer answer = ask(station, "/admin/listclients?mount=/a.mp3");
  STRCMP_EQUAL(
      document_of(
          "<icestats><source mount=\"/a.mp3\"><Listeners>2</Listeners>"
          "<listener id=\"51\"><IP>127.0.0.1</IP><UserAgent>Foo/1 &lt;script&gt;</UserAgent>"
          "<Connected>70</Connected><ID>51</ID><lag>9</lag><bytes_sent>5000</bytes_sent>"
          "</listener>"
          "<listener id=\"52\"><IP>2001:db8::1</IP><UserAgent>Unknown</UserAgent>"
          "<Connected>1</Connected><ID>52</ID><username>u&lt;v</username>"
          "<Referer>http://r/</Referer><lag>0</lag><bytes_sent>0</bytes_sent></listener>"
          "</source></icestats>")
          .c_str(),
      answer.body.c_str());
  STRCMP_EQUAL(kXmlType, answer.content_type.c_str());
}
TEST(ClientCommands, RelaysAreMarkedAndInAClusterNotAmongTheNumber) {
  station.listeners["/a.mp3"][0].relay = true;
  const std::string text = ask(station, "/admin/listclients?mount=/a.mp3").body;
  STRCMP_CONTAINS("<Listeners>1</Listeners><relays>1</relays>", text.c_str());
  STRCMP_CONTAINS(
      "<ID>52</ID><username>u&lt;v</username><Referer>http://r/</Referer><lag>0</lag>"
      "<bytes_sent>0</bytes_sent><relay>1</relay></listener>",
      text.c_str());
  STRCMP_CONTAINS("<bytes_sent>5000</bytes_sent></listener>", text.c_str());
  station.redirects = false;  // Icecast counts its rows
  STRCMP_CONTAINS("<Listeners>2</Listeners><relays>1</relays>",
                  ask(station, "/admin/listclients?mount=/a.mp3").body.c_str());
}
TEST(ClientCommands, ListNoListeners) {
  station.listeners.clear();
  STRCMP_EQUAL(document_of("<icestats><source mount=\"/a.mp3\"><Listeners>0</Listeners></source>"
                           "</icestats>")
                   .c_str(),
               ask(station, "/admin/listclients?mount=/a.mp3").body.c_str());
}
TEST(ClientCommands, ListClientsOnAPageAndForTheSource) {
  STRCMP_EQUAL("listclients.xsl",
               ask(station, "/admin/listclients.xsl?mount=/a.mp3", AdminRole::kSource)
                   .template_name.c_str());
}

TEST(ClientCommands, KillAClient) {
  const AdminAnswer answer = ask(station, "/admin/killclient?mount=/a.mp3&id=51");
  STRCMP_EQUAL(
      document_of(
          "<iceresponse><message>Client 51 removed</message><return>1</return></iceresponse>")
          .c_str(),
      answer.body.c_str());
  LONGS_EQUAL(1, station.done.size());
  STRCMP_EQUAL("kill /a.mp3 51", station.done[0].c_str());
}
TEST(ClientCommands, FindNoClientOfThatNumber) {
  for (const auto& [id, shown] :
       {std::pair("99999", "99999"), std::pair("0", "0"), std::pair("x", "0"),
        std::pair("-1", "-1"), std::pair("%0aFORGED", "0"), std::pair("", "0"),
        std::pair("%2b7x", "7")}) {
    const AdminAnswer answer = ask(station, std::string("/admin/killclient?mount=/a.mp3&id=") + id);
    LONGS_EQUAL(200, answer.status);
    CHECK(answer.body.find(std::string("<message>Client ") + shown +
                           " not found</message><return>0</return>") != std::string::npos);
  }
  LONGS_EQUAL(0, station.done.size());
}
TEST(ClientCommands, ListThoseOfOtherNodesAndTheNodesThatHaveNotTold) {
  station.listeners["/a.mp3"][0].node = "edge1";
  station.missing = {"edge<2"};
  const std::string text = ask(station, "/admin/listclients?mount=/a.mp3").body;
  STRCMP_CONTAINS("<Listeners>2</Listeners><missing>edge&lt;2</missing><listener", text.c_str());
  STRCMP_CONTAINS("<Referer>http://r/</Referer><node>edge1</node></listener>", text.c_str());
}
TEST(ClientCommands, KillNoneWhereItsNodeDoesNotAnswer) {
  station.kill_fault = "node edge1: no answer in time";
  STRCMP_EQUAL(document_of("<iceresponse><message>Client 9 not removed: node edge1: no answer in "
                           "time</message><return>0</return></iceresponse>")
                   .c_str(),
               ask(station, "/admin/killclient?mount=/a.mp3&id=9").body.c_str());
}
TEST(ClientCommands, MissTheIdOfTheClient) {
  const AdminAnswer answer = ask(station, "/admin/killclient?mount=/a.mp3");
  LONGS_EQUAL(400, answer.status);
  STRCMP_EQUAL(error_body("Missing parameter").c_str(), answer.body.c_str());
}
TEST(ClientCommands, ShowActionsOnTheResponsePage) {
  STRCMP_EQUAL("response.xsl",
               ask(station, "/admin/killclient.xsl?mount=/a.mp3&id=51").template_name.c_str());
}

TEST_GROUP(ManageAuth) {
  using Action = UserEdit::Action;
  using Outcome = UserEditResult::Outcome;
  FakeStation station;
  void setup() override {
    station.states["/p"] = MountState::kRunning;
    station.users_answer.users = {"alice", "<bob>"};
  }
  void expect_body(const char* query, const std::string& response) {
    const AdminAnswer answer = ask(station, std::string("/admin/manageauth?mount=/p") + query);
    LONGS_EQUAL(200, answer.status);
    STRCMP_EQUAL(
        document_of("<icestats><source mount=\"/p\"><User><username>&lt;bob&gt;</username></User>"
                    "<User><username>alice</username></User></source>" +
                    response + "</icestats>")
            .c_str(),
        answer.body.c_str());
  }
};

TEST(ManageAuth, ListsTheUsers) {
  expect_body("", "");
  expect_body("&action=list", "");
  expect_body("&action=whatever", "");
  CHECK(station.users_request.action == Action::kList);
  STRCMP_EQUAL("manageauth.xsl",
               ask(station, "/admin/manageauth.xsl?mount=/p").template_name.c_str());
}
TEST(ManageAuth, AddsAUser) {
  station.users_answer.outcome = Outcome::kAdded;
  expect_body("&action=add&username=al%20ice&password=p%26w",
              "<iceresponse><message>User added</message></iceresponse>");
  CHECK(station.users_request.action == Action::kAdd);
  STRCMP_EQUAL("al ice", station.users_request.user.c_str());
  STRCMP_EQUAL("p&w", station.users_request.password.c_str());
}
TEST(ManageAuth, DeletesAUser) {
  station.users_answer.outcome = Outcome::kRemoved;
  expect_body("&action=delete&username=bob",
              "<iceresponse><message>User deleted</message></iceresponse>");
  CHECK(station.users_request.action == Action::kRemove);
  STRCMP_EQUAL("bob", station.users_request.user.c_str());
}
TEST(ManageAuth, ReportsWhatWentWrong) {
  station.users_answer.outcome = Outcome::kExists;
  expect_body("&action=add&username=a&password=b",
              "<iceresponse><message>User already exists - not added</message></iceresponse>");
  station.users_answer.outcome = Outcome::kFailed;
  expect_body("&action=add&username=a&password=b",
              "<iceresponse><message>User add failed - check the icecast error log</message>"
              "</iceresponse>");
  expect_body("&action=delete&username=a",
              "<iceresponse><message>User delete failed - check the icecast error log</message>"
              "</iceresponse>");
}
TEST(ManageAuth, MissesParameters) {
  for (const char* query :
       {"&action=add", "&action=add&username=a", "&action=add&password=b",
        "&action=add&username=&password=b", "&action=delete", "&action=delete&username="}) {
    const AdminAnswer answer = ask(station, std::string("/admin/manageauth?mount=/p") + query);
    LONGS_EQUAL(400, answer.status);
    STRCMP_EQUAL(error_body("missing parameter").c_str(), answer.body.c_str());
  }
  LONGS_EQUAL(0, station.done.size());
}
TEST(ManageAuth, HasNothingToManageWithoutAnAuthenticator) {
  station.users_answer.outcome = Outcome::kNoList;
  const AdminAnswer answer = ask(station, "/admin/manageauth?mount=/p");
  LONGS_EQUAL(400, answer.status);
  STRCMP_EQUAL(error_body("This mount has no list of users: its section of the configuration has "
                          "no &lt;authentication type=&quot;htpasswd&quot;&gt;")
                   .c_str(),
               answer.body.c_str());
}
