#include "app/services/mount_files.h"

#include "app/test_server.h"
#include "stream/file/heard_file_record.h"

// Last, because it redefines `new`.
#include "stream/listener/loop_streams.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

std::string with_fallback(const std::string& file) {
  return "<mount><mount-name>/live</mount-name><fallback-mount>" + file +
         "</fallback-mount></mount>";
}

}  // namespace

TEST_GROUP(MountFiles) {
  TestServer server;
  MountFiles& files() { return *server.services().mount_files; }
};

TEST(MountFiles, AFallbackThatIsAFilePlaysForWhoComes) {
  server.put_web("song.mp3", mp3_frames(50, 's'));
  server.start(with_fallback("/song.mp3"));
  CHECK(files().fallback("/song.mp3") != nullptr);
  auto listener = server.open("/live");
  CHECK(server.until([&] { return listener.reply().body.find("ssss") != std::string::npos; }));
  CHECK_EQUAL(std::string("audio/mpeg"), listener.reply().header("Content-Type"));
  LONGS_EQUAL(1, files().fallback("/song.mp3")->listeners());
}
TEST(MountFiles, AFileIsNoMountByItsOwnName) {
  server.put_web("song.mp3", mp3_frames(50));
  server.start(with_fallback("/song.mp3"));
  CHECK_EQUAL(mp3_frames(50), server.get("/song.mp3").body);
}
TEST(MountFiles, AFallbackThatIsNoFileMayBeAMount) {
  server.start(with_fallback("/other"));
  POINTERS_EQUAL(nullptr, files().fallback("/other").get());
  CHECK(server.errors().find("/other") == std::string::npos);
}
TEST(MountFiles, WhatItsNameSaysHasToBeInTheFile) {
  server.put_web("song.ogg", mp3_frames(50));
  server.start(with_fallback("/song.ogg"));
  POINTERS_EQUAL(nullptr, files().fallback("/song.ogg").get());
  CHECK(server.says("fallback-mount /song.ogg: by its name it is "));
}
TEST(MountFiles, AComplaintIsMadeOnceUntilTheFileChanges) {
  server.put_web("song.ogg", mp3_frames(50));
  server.start(with_fallback("/song.ogg"));
  server.reload();
  const std::string log = server.errors();
  const std::string complaint = "it is not played";
  CHECK(log.find(complaint) != std::string::npos);
  CHECK_EQUAL(log.find(complaint), log.rfind(complaint));
}
TEST(MountFiles, NoFallbackLeavesTheWebRoot) {
  server.directory.put("secret.mp3", mp3_frames(50));
  server.put_web("x.txt", "");
  server.start(with_fallback("/../secret.mp3"));
  POINTERS_EQUAL(nullptr, files().fallback("/../secret.mp3").get());
  files().add_fallback("/../secret.mp3");
  server.turn();
  LONGS_EQUAL(0, files().fallbacks().size());
}
TEST(MountFiles, TheAdministratorMayNameAnotherAndAReloadKeepsIt) {
  server.put_web("song.mp3", mp3_frames(50));
  server.start();
  files().add_fallback("/song.mp3");
  server.turn();
  LONGS_EQUAL(1, files().fallbacks().size());
  server.reload();
  LONGS_EQUAL(1, files().fallbacks().size());
}
TEST(MountFiles, AFallbackThatIsNamedNoMoreGoes) {
  server.put_web("song.mp3", mp3_frames(50));
  server.start(with_fallback("/song.mp3"));
  auto listener = server.open("/live");
  server.write_config("");
  server.reload();
  POINTERS_EQUAL(nullptr, files().fallback("/song.mp3").get());
  CHECK(server.until([&] { return listener.finished(); }));
}
TEST(MountFiles, AFallbackThatHasLackedMemoryBeginsAnew) {
  server.put_web("song.mp3", mp3_frames(50, 's'));
  server.start(with_fallback("/song.mp3"));
  auto listener = server.open("/live");
  const auto first = files().fallback("/song.mp3");
  server.worker().files.at(first.get())->end();  // as it does then
  POINTERS_EQUAL(nullptr, files().fallback("/song.mp3").get());
  FdsOut fds;
  for (const HeardFileRecord& saved : files().save(fds).files) CHECK_FALSE(saved.feeder);
  server.server().reload();
  CHECK(server.until([this] { return files().fallback("/song.mp3") != nullptr; }));
  CHECK(files().fallback("/song.mp3") != first);
  LONGS_EQUAL(1, server.worker().files.size());
  auto next = server.open("/live");
  CHECK(server.until([&] { return next.reply().body.find("ssss") != std::string::npos; }));
}
TEST(MountFiles, AnIntroIsHeardBeforeTheStream) {
  server.put_web("intro.mp3", mp3_frames(10, 'i'));
  server.start("<mount><mount-name>/live</mount-name><intro>/intro.mp3</intro></mount>");
  auto source = server.source("/live");
  CHECK(files().intro_for(*server.mount("/live")).file != nullptr);
  auto listener = server.open("/live");
  CHECK(server.until([&] { return listener.reply().body.starts_with(mp3_frames(10, 'i')); }));
}
TEST(MountFiles, AnIntroThatThereIsNotIsSaidAndLeftOut) {
  server.start("<mount><mount-name>/live</mount-name><intro>/none.mp3</intro></mount>");
  auto source = server.source("/live");
  POINTERS_EQUAL(nullptr, files().intro_for(*server.mount("/live")).file.get());
  CHECK(server.says("intro /none.mp3: "));
  CHECK_EQUAL(200, server.open("/live").reply().status);
}
TEST(MountFiles, AnIntroOfAnotherKindIsSkipped) {
  server.put_web("intro.mp3", mp3_frames(10, 'i'));
  server.start("<mount><mount-name>/live</mount-name><intro>/intro.mp3</intro></mount>");
  auto source = server.source("/live", "", "application/ogg");
  POINTERS_EQUAL(nullptr, files().intro_for(*server.mount("/live")).file.get());
  CHECK(server.says("mount /live: intro /intro.mp3 is skipped, because "));
}
TEST(MountFiles, AFileThatIsPutThereLaterIsFound) {
  server.start(with_fallback("/song.mp3"));
  server.put_web("song.mp3", mp3_frames(50));
  server.reload();
  CHECK(files().fallback("/song.mp3") != nullptr);
}
