#include "stream/log/channel.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Channel) {
  std::shared_ptr<const StreamView> first = std::make_shared<const StreamView>();
  Channel channel{first, 3};
  std::shared_ptr<const StreamView> next = std::make_shared<const StreamView>();
};

TEST(Channel, ShowsTheNewestView) {
  CHECK(channel.newest() == first);
  channel.publish(next);
  CHECK(channel.newest() == next);
  CHECK(channel.take_and_arm(0) == next);
}
TEST(Channel, WakesNoLoopThatHasNotArmed) {
  LONGS_EQUAL(0, channel.publish(next));
  channel.newest();
  LONGS_EQUAL(0, channel.publish(first));
}
TEST(Channel, WakesEveryArmedLoopExactlyOnce) {
  channel.take_and_arm(0);
  channel.take_and_arm(2);
  channel.take_and_arm(2);
  LONGS_EQUAL(0b101, channel.publish(next));
  LONGS_EQUAL(0, channel.publish(first));
  channel.take_and_arm(1);
  LONGS_EQUAL(0b010, channel.publish(next));
}
TEST(Channel, DoesNotWakeALoopThatHasLeft) {
  channel.take_and_arm(0);
  channel.take_and_arm(1);
  channel.unsubscribe(0);
  LONGS_EQUAL(0b010, channel.publish(next));
}
TEST(Channel, HasAPlaceForSixtyFourLoops) {
  Channel wide(first, 64);
  wide.take_and_arm(63);
  wide.set_low_water(63, 5);
  CHECK(wide.publish(next) == std::uint64_t{1} << 63);
  LONGS_EQUAL(5, wide.low_water());
}
TEST(Channel, LetsTheOldViewGo) {
  std::weak_ptr<const StreamView> old = first;
  first.reset();
  CHECK(!old.expired());
  channel.publish(next);
  CHECK(old.expired());
}
TEST(Channel, TheLowWaterIsThatOfTheSlowestLoop) {
  CHECK(channel.low_water() == Channel::kNoReader);
  channel.set_low_water(0, 500);
  channel.set_low_water(2, 300);
  LONGS_EQUAL(300, channel.low_water());
  channel.set_low_water(2, 700);
  LONGS_EQUAL(500, channel.low_water());
  channel.unsubscribe(0);
  LONGS_EQUAL(700, channel.low_water());
  channel.set_low_water(2, Channel::kNoReader);
  CHECK(channel.low_water() == Channel::kNoReader);
}
