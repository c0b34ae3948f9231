#include "app/topology/country_watch.h"

#include "app/test_server.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(CountryWatch) {
  TestServer server;
  std::string country() {
    return server.services().countries->country_of(*Address::parse("192.0.2.1", 0));
  }
};

TEST(CountryWatch, WithoutADatabaseNoCountryIsKnown) {
  server.start();
  CHECK_EQUAL(std::string(""), country());
  CHECK_FALSE(server.says("cluster/country"));
}
TEST(CountryWatch, AFileThatIsNoDatabaseIsSaid) {
  server.paths = "<geoipdb>" + server.directory.put("geo", "nothing") + "</geoipdb>";
  server.start();
  CHECK_EQUAL(std::string(""), country());
  CHECK(server.says("the country of a listener is not known"));
}
TEST(CountryWatch, ThatIsSaidOnceUntilTheFileChanges) {
  server.paths = "<geoipdb>" + server.directory.put("geo", "nothing") + "</geoipdb>";
  server.start();
  server.reload();
  const auto times = [this] {
    int n = 0;
    const std::string log = server.errors();
    for (std::size_t at = 0; (at = log.find("cluster/country", at)) != std::string::npos; ++at) ++n;
    return n;
  };
  LONGS_EQUAL(1, times());
  server.directory.put("geo", "nothing else");
  server.reload();
  LONGS_EQUAL(2, times());
}
