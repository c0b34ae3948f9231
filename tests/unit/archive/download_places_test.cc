#include "archive/read/download_places.h"

#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

Address from(const char* ip) { return *Address::parse(ip, 0); }

}  // namespace

TEST_GROUP(DownloadPlaces) {
  std::shared_ptr<DownloadPlaces> places = std::make_shared<DownloadPlaces>();
  std::vector<DownloadPlaces::Place> taken;

  bool enter(const char* ip, unsigned limit = 4, bool of_many = false) {
    auto place = places->try_enter(from(ip), limit, of_many);
    if (!place) return false;
    taken.push_back(std::move(*place));
    return true;
  }
};

TEST(DownloadPlaces, OneAddressLeavesHalfOfThem) {
  CHECK(enter("192.0.2.1"));
  CHECK(enter("192.0.2.1"));
  CHECK(!enter("192.0.2.1"));
  CHECK(enter("192.0.2.2"));
  CHECK(!enter("192.0.2.2"));  // the last one is for an address that has none
  CHECK(enter("192.0.2.3"));
  CHECK(!enter("192.0.2.4"));
  CHECK_EQUAL(4u, places->taken());
}
TEST(DownloadPlaces, ManyOfThemAreForOneAddressWhileFewAreTaken) {
  for (int i = 0; i < 5; ++i) CHECK(enter("192.0.2.1", 10));
  CHECK(!enter("192.0.2.1", 10));
}
TEST(DownloadPlaces, OneGoesToWhatComesFirst) {
  CHECK(enter("192.0.2.1", 1));
  CHECK(!enter("192.0.2.2", 1));
  taken.clear();
  CHECK(enter("192.0.2.2", 1));
  CHECK_EQUAL(1u, places->taken());
}
TEST(DownloadPlaces, AHouseholdOfIPv6IsOneAddress) {
  CHECK(enter("2001:db8::1"));
  CHECK(enter("2001:db8::2"));
  CHECK(!enter("2001:db8::3"));
  CHECK(enter("2001:db8:1::1"));
}
TEST(DownloadPlaces, AProxyHasAllOfThemForItsClients) {
  for (int i = 0; i < 4; ++i) CHECK(enter("127.0.0.1", 4, true));
  CHECK(!enter("127.0.0.1", 4, true));
}
TEST(DownloadPlaces, APlaceOutlivesItsOwner) {
  CHECK(enter("192.0.2.1"));
  places.reset();
  taken.clear();
}
