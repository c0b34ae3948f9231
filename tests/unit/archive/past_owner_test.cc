#include "archive/files/catalog.h"
#include "archive/fixture.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(PastOwner) { TemporaryDirectory dir; };

TEST(PastOwner, EndsWithItsRecordAndGoesOnWithOne) {
  constexpr std::int64_t kNone = PastOwner::kNone;
  CHECK(owner_now({}, kNone, 5000) == PastOwner{});
  CHECK(owner_now({}, 7, 9000) == (PastOwner{7, 0, 0}));
  CHECK(owner_now({7, 0, 0}, kNone, 9000) == (PastOwner{7, 9000, 0}));
  CHECK(owner_now({7, 9000, 0}, kNone, 12'000) == (PastOwner{7, 9000, 0}));
}

TEST(PastOwner, TakesNothingFromARecordThatComesBackAndGivesAnotherOneNothing) {
  CHECK(owner_now({7, 9000, 0}, 7, 12'000) == (PastOwner{7, 0, 0}));
  CHECK(owner_now({7, 9000, 0}, 0, 12'000) == (PastOwner{0, 0, 9000}));
  CHECK(owner_now({0, 9000, 5000}, 0, 12'000) == (PastOwner{0, 0, 5000}));
  // Given to another account by an administrator: it was never deleted.
  CHECK(owner_now({7, 0, 0}, 0, 12'000) == (PastOwner{0, 0, 0}));
}

TEST(PastOwner, IsReadAsItWasWritten) {
  CHECK(read_past_owner(dir.path(), "/a.mp3", 5000) == PastOwner{});
  const PastOwner owner{1'795'132'800, 1'795'132'900'123, 3};
  CHECK(static_cast<bool>(write_past_owner(dir.path(), "/a.mp3", owner)));
  CHECK(read_past_owner(dir.path(), "/a.mp3", 5000) == owner);
  CHECK(read_past_owner(dir.path(), "/b.mp3", 5000) == PastOwner{});
}

// Neither a crash nor a hand opens what was not for everybody.
TEST(PastOwner, OfADamagedNoteIsThatOfARecordThatHasEnded) {
  CHECK(static_cast<bool>(write_past_owner(dir.path(), "/a.mp3", {7, 0, 0})));
  for (const char* text : {"", "7", "7 0 0", "x 0 0\n", "7 -1 0\n", "7 0\n", "7 0 0 0\n"}) {
    std::ofstream(dir.path() + "/%2Fa%2Emp3/.owner", std::ios::trunc) << text;
    CHECK(read_past_owner(dir.path(), "/a.mp3", 5000) == (PastOwner{1, 5000, 5000}));
  }
}
