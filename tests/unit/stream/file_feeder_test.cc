#include "stream/file/file_feeder.h"

#include <set>

#include "media/builders.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

std::string frames(int n, char fill = 'm') {
  std::string all;
  while (n-- > 0) all += mp3_frame(false, fill);
  return all;
}

std::string opus_file(std::uint32_t serial, int pages, bool ends) {
  OggWriter writer(serial);
  std::string all = opus_headers(writer);
  for (int i = 1; i <= pages; ++i)
    all += writer.page({std::string(240, 'o')}, static_cast<std::uint64_t>(i) * 960,
                       i == pages && ends ? kEos : 0);
  return all;
}

std::shared_ptr<const FileStream> made(const std::string& content) {
  return *make_file_stream("/x", as_byte_span(content));
}

}  // namespace

TEST_GROUP(FileFeeder) {
  FakeClock clock;
  Loop loop{0, clock};
  CapturedLog captured{clock};
  Gate sources;
  int woken = 0;
  std::shared_ptr<Mount> mount;

  std::unique_ptr<FileFeeder> feeder(const std::string& content, std::uint64_t rate,
                                     std::size_t burst = 4000) {
    MountSettings settings;
    settings.burst_bytes = burst;
    mount = std::make_shared<Mount>("/f", lb::test::mount_settings(settings), 1);
    // Everything stays readable.
    mount->channel().set_low_water(0, 0);
    FileFeeder::Callbacks callbacks{
        [this](Channel::Loops, const std::shared_ptr<Mount>&) { ++woken; }, &sources};
    return std::make_unique<FileFeeder>(loop, captured.log, std::move(callbacks), mount,
                                        *StreamLog::create("test"), made(content), rate);
  }
  std::uint64_t end() { return mount->channel().newest()->end; }
  std::string all() { return read_view(*mount->channel().newest(), 0); }
  void after(std::chrono::milliseconds time) {
    clock.advance(time);
    loop.run_once(true);
  }
  // How many rounds of `content`, whose mean rate is not named, are heard in 10 s.
  double rounds(const std::string& content) {
    const auto f = feeder(content, made(content)->bytes_per_second, 1);
    mount->gate().enter();
    f->play();
    const auto before = end();
    for (int i = 0; i < 10; ++i) after(1s);
    return static_cast<double>(end() - before) / static_cast<double>(content.size());
  }
};

TEST(FileFeeder, HasTheBurstReadyAndThenRests) {
  const auto f = feeder(frames(100), 10'000);
  CHECK(end() > 3000 && end() <= 4000);
  CHECK_FALSE(f->playing());
  CHECK_EQUAL(0, sources.inside());
  CHECK_EQUAL(10'000u, mount->bytes_per_second.load());
}

TEST(FileFeeder, PlaysAtItsRateWhileItHasListeners) {
  const auto f = feeder(frames(100), 10'000);
  mount->gate().enter();
  f->play();
  f->play();
  CHECK_EQUAL(1, sources.inside());
  after(1s);  // of frames of 128 kbit/s, whatever the mean of the file is
  CHECK(end() > 19'500 && end() <= 21'000);
  after(1s);
  CHECK(end() > 35'500 && end() <= 37'000);
  mount->gate().leave();
  after(1s);
  CHECK_FALSE(f->playing());
  CHECK_EQUAL(0, sources.inside());
  CHECK(mount->channel().newest()->seam <= 37'000);
}

TEST(FileFeeder, HasItsBeginningReadyBehindItsLastListener) {
  const std::string content = frames(1, 'a') + frames(99);
  const auto f = feeder(content, 10'000);
  mount->gate().enter();
  f->play();
  after(1s);
  mount->gate().leave();
  after(1s);
  const std::uint64_t rested = end();
  const std::string next = read_view(*mount->channel().newest(), mount->channel().newest()->seam);
  CHECK(next.size() > 3000 && next.size() <= 4000);
  CHECK(next == content.substr(0, next.size()));
  clock.advance(1s);
  loop.run_once(false);
  CHECK_EQUAL(rested, end());
}

TEST(FileFeeder, PlaysByItsMeanRateWithoutAClock) {
  const std::string content = webm_head() + file_cluster(100) + file_cluster(100);
  const auto f = feeder(content, 10'000);
  mount->gate().enter();
  f->play();
  const auto before = end();
  after(1s);
  after(1s);
  CHECK(end() - before >= 10'000 && end() - before <= 21'000);
}

TEST(FileFeeder, ADensePartIsHeardAtItsPace) {
  // More than the mean of its file.
  const auto f = feeder(frames(100), 10'000);
  mount->gate().enter();
  f->play();
  const auto before = end();
  for (int i = 0; i < 5; ++i) after(1s);
  const double heard_s = static_cast<double>(end() - before) / 417 * 1152 / 44100;
  DOUBLES_EQUAL(5, heard_s, 0.3);
}

TEST(FileFeeder, BeginsAnewAtTheEndOfTheFileWithWholeFrames) {
  const auto f = feeder(frames(10), 10'000);
  mount->gate().enter();
  f->play();
  after(1s);
  const std::string heard = all();
  CHECK(heard == frames(60).substr(0, heard.size()));
  CHECK_EQUAL(0u, heard.size() % 417);
}

TEST(FileFeeder, AnOggFileWhoseSoundIsOnePageLastsAsLongAsItDoes) {
  for (const std::uint64_t seconds : {1u, 5u}) {
    OggWriter writer(77);
    std::string content = opus_headers(writer);
    content += writer.page(std::vector<std::string>(250, "\xfc"), seconds * 48'000, kEos);
    const auto f = feeder(content, content.size() / seconds, 1);
    mount->gate().enter();
    f->play();
    const auto before = end();
    const std::uint64_t heard_s = 2 * seconds + 1;
    for (std::uint64_t i = 0; i < heard_s; ++i) after(1s);
    const auto rounds = static_cast<double>(end() - before) / static_cast<double>(content.size());
    DOUBLES_EQUAL(static_cast<double>(heard_s), rounds * static_cast<double>(seconds),
                  1.5 * static_cast<double>(seconds));
  }
}

TEST(FileFeeder, ARecordedStreamOfOggHasNoPauseBetweenItsRounds) {
  constexpr std::uint64_t kHours = std::uint64_t{3} * 3600 * 48'000;
  OggWriter writer(77);
  std::string content = opus_headers(writer);
  for (std::uint64_t i = 1; i <= 50; ++i)
    content += writer.page({"\xfc" + std::string(240, 'o')}, kHours + i * 960);
  DOUBLES_EQUAL(10, rounds(content), 0.3);
}

TEST(FileFeeder, AHoleInOggIsNotWaitedFor) {
  OggWriter writer(77);
  std::string content = opus_headers(writer);
  for (std::uint64_t i = 1; i <= 50; ++i)
    content += writer.page({"\xfc" + std::string(240, 'o')}, i * 960 + (i > 25 ? 48'000'000 : 0));
  DOUBLES_EQUAL(10, rounds(content), 0.3);
}

TEST(FileFeeder, APictureOfOggIsNotWaitedFor) {
  constexpr std::size_t kPicture = 20'000;
  OggWriter writer(77);
  std::string content = join({writer.page({opus_head()}, 0, kBos),
                              writer.page({opus_tags({"X=" + std::string(kPicture, 'p')})}, 0)});
  for (std::uint64_t i = 1; i <= 500; ++i)
    content += writer.page({"\xfc" + std::string(2, 'o')}, i * 960, i == 500 ? kEos : 0);
  DOUBLES_EQUAL(1, rounds(content), 0.15);
}

TEST(FileFeeder, AChainOfOggWithoutAudioHasTheMeanRate) {
  OggWriter sound(77), picture(78);
  std::string content = opus_headers(sound);
  for (std::uint64_t i = 1; i <= 50; ++i)
    content += sound.page({"\xfc" + std::string(240, 'o')}, i * 960, i == 50 ? kEos : 0);
  const std::size_t second = content.size();
  content += picture.page({theora_head()}, 0, kBos);
  for (std::uint64_t i = 0; content.size() < 40 * second; ++i)
    content += picture.page({theora_key(2000)}, i);
  DOUBLES_EQUAL(0.25, rounds(content), 0.02);
}

TEST(FileFeeder, DoesNotMakeUpForALongPause) {
  const auto f = feeder(frames(100), 10'000);
  mount->gate().enter();
  f->play();
  after(1h);
  after(1s);
  CHECK(end() <= 4000 + 20'000);
}

TEST(FileFeeder, PlaysAnotherFileFromTheNextRoundOn) {
  const auto f = feeder(frames(10, 'a'), 4170);
  mount->gate().enter();
  f->play();
  f->replace(made(frames(10, 'b')), 8340);
  after(1s);
  CHECK(all().find('b') != std::string::npos);
  CHECK(all().find('b') > 4000);
  const auto before = end();
  after(1s);
  CHECK(end() - before >= 15'000 && end() - before <= 17'000);
  CHECK_EQUAL(8340u, mount->bytes_per_second.load());
}

TEST(FileFeeder, GivesEachRoundOfAnOggFileItsOwnSerial) {
  const std::string content = opus_file(77, 20, false);
  const auto f = feeder(content, content.size(), content.size() + 10);
  mount->gate().enter();
  f->play();
  after(1s);
  after(1s);
  struct Pages final : OggPageSink {
    void page(std::uint64_t, const OggPage& page) override {
      if (page.bos()) {
        CHECK(serials.insert(page.serial()).second);
        CHECK(ended);
        ended = false;
        next = 0;
      }
      CHECK_EQUAL(next, page.sequence());
      ++next;
      ended = page.eos();
    }
    void between(ByteSpan) override { FAIL("bytes that are not a page"); }
    std::set<std::uint32_t> serials;
    bool ended = true;
    std::uint32_t next = 0;
  } pages;
  const std::string heard = all();
  OggPageScanner(0).feed(as_byte_span(heard), pages);
  CHECK(pages.serials.size() >= 3);
  CHECK(pages.serials.contains(77));
}

TEST(FileFeeder, LetsItsListenersGoWhenTheFileIsNoFallbackAnyMore) {
  const auto f = feeder(frames(10), 10'000);
  mount->gate().enter();
  f->play();
  f->end();
  f->end();
  CHECK(mount->channel().newest()->ended);
  CHECK_EQUAL(0, sources.inside());
  f->play();
  CHECK_FALSE(f->playing());
}
