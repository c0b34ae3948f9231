#include "config/loader.h"

#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

LoadedConfig load(const std::string& inside, const LoadOptions& options = {}) {
  auto loaded = load_config_text("<icecast>" + inside + "</icecast>", "test.xml", options);
  CHECK(loaded.has_value());
  return *loaded;
}

}  // namespace

TEST_GROUP(Loader){};

TEST(Loader, AnEmptyFileOfSettingsHasIcecastsDefaults) {
  const LoadedConfig loaded = load("");
  const Config& c = *loaded.config;
  STRCMP_EQUAL("Earth", c.location.c_str());
  LONGS_EQUAL(1, c.listen.size());
  LONGS_EQUAL(8000, c.listen[0].port);
  LONGS_EQUAL(256, c.limits.clients);
  STRCMP_EQUAL("relay", c.authentication.relay_user.c_str());
  STRCMP_EQUAL("-", c.logging.error_path.c_str());
  STRCMP_EQUAL("", c.logging.access_path.c_str());
  CHECK(c.logging.max_bytes == 1u << 30);
  CHECK(!loaded.has_errors());
}
TEST(Loader, AMountInheritsTheDefaultMountAndTheLimits) {
  const LoadedConfig loaded = load(
      "<mount><mount-name>/a</mount-name><max-listeners>5</max-listeners></mount>"
      "<mount type='default'><max-listeners>7</max-listeners><hidden>1</hidden>"
      "<http-headers><header name='a' value='b'/></http-headers></mount>"
      "<mount mount-name='/b/*'><http-headers><header name='c' value='d'/></http-headers></mount>"
      "<limits><burst-size>1000</burst-size></limits>");
  const Config& c = *loaded.config;
  const MountSettings a = mount_settings(c, "/a");
  LONGS_EQUAL(5, a.max_listeners);
  CHECK(a.hidden);
  LONGS_EQUAL(1000, a.burst_bytes);
  const MountSettings b = mount_settings(c, "/b/x");
  LONGS_EQUAL(7, b.max_listeners);
  LONGS_EQUAL(2, b.http_headers.size());
  STRCMP_EQUAL("/b/x", b.name.c_str());
  const MountSettings other = mount_settings(c, "/b/x/y");
  LONGS_EQUAL(7, other.max_listeners);
  LONGS_EQUAL(1, other.http_headers.size());
}
