#include "stream/source_admission.h"

#include <sys/resource.h>

#include "stream/support.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(SourceAdmission) {
  FakeClock clock;
  LogBook book{clock};
  MountTable mounts;
  int max_listeners = 5;
  std::vector<std::string> told;
  SourceAdmission admission{
      mounts,
      book.log,
      2,
      SourceAdmission::Settings{[this](std::string_view name) {
        MountSettings settings;
        settings.name = name;
        settings.max_listeners = max_listeners;
        return lb::test::mount_settings(settings);
      }},
      SourceAdmission::Listener{
          [this](const std::shared_ptr<Mount>& mount) {
            told.push_back("begun " + mount->name() + (mounts.find(mount->name()) ? " +" : " -"));
          },
          [this](const std::shared_ptr<Mount>& mount) {
            told.push_back("ended " + mount->name() + (mounts.find(mount->name()) ? " +" : " -"));
          }},
      Rng(1)};

  static std::shared_ptr<const SourceFacts> facts() {
    auto made = std::make_shared<SourceFacts>();
    made->source_ip = "192.0.2.1";
    made->content_type = "audio/mpeg";
    return made;
  }
};

TEST(SourceAdmission, GrantsAMountToItsFirstSource) {
  auto lease = admission.admit("/a", facts(), 1);
  CHECK(lease.has_value());
  STRCMP_EQUAL("/a", lease->mount->name().c_str());
  CHECK(lease->log != nullptr);
  CHECK(lease->id != 0);
  CHECK((lease->identity != StreamIdentity{}));
  CHECK(mounts.find("/a") == lease->mount);
  STRCMP_EQUAL("192.0.2.1", lease->mount->facts()->source_ip.c_str());
  LONGS_EQUAL(5, lease->mount->settings()->max_listeners);
  LONGS_EQUAL(1, admission.sources());
  const auto* writer = admission.writer_of("/a");
  CHECK(writer->mount == lease->mount);
  LONGS_EQUAL(lease->id, writer->lease);
  LONGS_EQUAL(1, writer->home);
  CHECK(told == std::vector<std::string>{"begun /a +"});
  CHECK(
      book.says("INFO source/admission source logging in at mountpoint \"/a\" from 192.0.2.1 "
                "(audio/mpeg)"));
}
TEST(SourceAdmission, RefusesASecondSourceInIcecastsWords) {
  auto first = admission.admit("/a", facts(), 0);
  const auto second = admission.admit("/a", facts(), 1);
  CHECK(!second.has_value());
  CHECK(second.error().code == Error::Code::kDenied);
  STRCMP_EQUAL("Mountpoint in use", second.error().what.c_str());
  LONGS_EQUAL(0, admission.writer_of("/a")->home);
  CHECK(admission.admit("/b", facts(), 0).has_value());
}
TEST(SourceAdmission, AMountIsFreeWhenItsLeaseIsGivenBack) {
  auto lease = admission.admit("/a", facts(), 0);
  const StreamIdentity identity = lease->identity;
  const std::uint64_t id = lease->id;
  admission.give_back(SourceEnd{std::move(*lease), EndReason::kDone});
  CHECK(mounts.find("/a") == nullptr);
  CHECK(admission.writer_of("/a") == nullptr);
  LONGS_EQUAL(0, admission.sources());
  CHECK(told == (std::vector<std::string>{"begun /a +", "ended /a -"}));
  const auto next = admission.admit("/a", facts(), 0);
  CHECK(next->identity != identity);
  CHECK(next->id != id);
}
TEST(SourceAdmission, AnOldLeaseDoesNotFreeTheMountOfItsSuccessor) {
  auto lease = admission.admit("/a", facts(), 0);
  WriterLease copy;
  copy.mount = lease->mount;
  copy.id = lease->id;
  admission.give_back(SourceEnd{std::move(*lease), EndReason::kDone});
  const auto next = admission.admit("/a", facts(), 0);
  admission.give_back(SourceEnd{std::move(copy), EndReason::kDone});
  CHECK(mounts.find("/a") == next->mount);
  LONGS_EQUAL(3, told.size());
}
TEST(SourceAdmission, ALeaseOfAMountThatIsFreeChangesNothing) {
  WriterLease lease;
  lease.mount = std::make_shared<Mount>("/a", lb::test::mount_settings(), 1);
  lease.id = 7;
  admission.give_back(SourceEnd{std::move(lease), EndReason::kDone});
  CHECK(told.empty());
}
TEST(SourceAdmission, RefusesWhenThereIsNoMemoryForALog) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  rlimit none = limit;
  none.rlim_cur = 0;
  ::setrlimit(RLIMIT_NOFILE, &none);
  const auto lease = admission.admit("/a", facts(), 0);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  CHECK(!lease.has_value());
  STRCMP_EQUAL("internal format allocation problem", lease.error().what.c_str());
  CHECK(book.says("EROR source/admission mount /a: log of icecast-lb:/a: memfd_create failed"));
  CHECK(mounts.find("/a") == nullptr);
  CHECK(admission.admit("/a", facts(), 0).has_value());
}
TEST(SourceAdmission, NewSettingsReachEveryMountThatIsBeingWritten) {
  const auto a = admission.admit("/a", facts(), 0), b = admission.admit("/b", facts(), 0);
  max_listeners = 9;
  LONGS_EQUAL(5, a->mount->settings()->max_listeners);
  admission.settings_changed();
  LONGS_EQUAL(9, a->mount->settings()->max_listeners);
  LONGS_EQUAL(9, b->mount->settings()->max_listeners);
  STRCMP_EQUAL("/b", b->mount->settings()->name.c_str());
}
