#include "stream/source/dump_writer.h"

#include <fstream>
#include <sstream>

#include "stream/support.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

std::string content_of(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return all.str();
}

}  // namespace

TEST_GROUP(DumpWriter) {
  FakeClock clock;
  Loop loop{0, clock};
  CapturedLog captured{clock};
  std::string path = "/tmp/lb_dump_writer_test." + std::to_string(::getpid());
  std::shared_ptr<Mount> mount = std::make_shared<Mount>("/a", lb::test::mount_settings(), 1);
  Writer writer;
  DumpWriter dumps{loop, captured.log};

  void teardown() override { ::unlink(path.c_str()); }
  void tick() { loop.run_once(true); }
  void begin(const std::string& to) {
    dumps.begin(mount, to);
    tick();
  }
};

TEST(DumpWriter, WritesWhatTheSourceSendsFromItsBeginning) {
  writer.bytes(1000).publish(*mount);
  begin(path);
  writer.bytes(5000).publish(*mount);
  tick();
  CHECK(content_of(path) == pattern_text(1000, 6000));
  writer.bytes(10).publish(*mount, true);
  tick();
  CHECK(content_of(path) == pattern_text(1000, 6010));
  CHECK_EQUAL(0u, dumps.running());
  CHECK(captured.says("closed after 5010 bytes"));
}

TEST(DumpWriter, AppendsToAFileThatIsThere) {
  std::ofstream(path) << "before ";
  begin(path);
  writer.text("after").publish(*mount, true);
  tick();
  CHECK(content_of(path) == "before after");
}

TEST(DumpWriter, KeepsTheWindowForWhatItHasNotWritten) {
  begin(path);
  writer.window = {1000, 1'000'000};
  for (int i = 0; i < 50; ++i) writer.bytes(2000).publish(*mount);
  tick();
  CHECK(content_of(path) == pattern_text(0, 100'000));
  CHECK_EQUAL(100'000u, mount->channel().low_water());
}

TEST(DumpWriter, ReportsWhatItHasMissed) {
  begin(path);
  writer.window = {1000, 10'000};
  for (int i = 0; i < 50; ++i) writer.bytes(2000).publish(*mount);
  writer.publish(*mount, true);
  tick();
  CHECK(content_of(path) == pattern_text(90'000, 100'000));
  CHECK(captured.says("lacks 90000 bytes"));
}

TEST(DumpWriter, EndsAtAFullDiskAndLogsItOnce) {
  begin("/dev/full");
  writer.bytes(1000).publish(*mount);
  tick();
  writer.bytes(1000).publish(*mount);
  CHECK_EQUAL(0u, dumps.running());
  CHECK(captured.says("No space left on device after 0 bytes"));
  CHECK_EQUAL(Channel::kNoReader, mount->channel().low_water());
}

TEST(DumpWriter, ReportsWhyAFileCannotBeOpened) {
  begin("/nowhere/at/all.mp3");
  CHECK_EQUAL(0u, dumps.running());
  CHECK(captured.says("/nowhere/at/all.mp3 cannot be opened (No such file or directory)"));
  CHECK_EQUAL(Channel::kNoReader, mount->channel().low_water());
}

TEST(DumpWriter, GivesTheNextSourceOfAMountAFileOfItsOwn) {
  begin(path);
  writer.bytes(3000).publish(*mount);
  dumps.begin(mount, path + ".2");
  writer.bytes(500).publish(*mount);
  tick();
  tick();
  CHECK(content_of(path) == pattern_text(0, 3000));
  CHECK(content_of(path + ".2") == pattern_text(3000, 3500));
  ::unlink((path + ".2").c_str());
}

TEST(DumpWriter, WritesTheRestWhenTheServerStops) {
  begin(path);
  writer.bytes(3'000'000 / 10).publish(*mount);
  dumps.finish_all();
  loop.run_once(false);
  CHECK_EQUAL(300'000u, content_of(path).size());
  CHECK_EQUAL(0u, dumps.running());
}
