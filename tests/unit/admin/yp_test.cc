#include "admin/directory/yp.h"

#include <cstdlib>
#include <deque>
#include <memory>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

const YpDirectory kDirectory{"http://dir/yp", 6s, 600s};

YpStream stream(const std::string& mount = "/a.mp3") {
  YpStream made;
  made.mount = mount;
  made.name = "My Name";
  made.listenurl = "http://127.0.0.1:8000" + mount;
  made.type = "audio/mpeg";
  made.bitrate = "128";
  made.max_listeners = 100;
  return made;
}

FetchAnswer taken(const char* freq = nullptr) {
  FetchAnswer answer;
  answer.headers = {"YPResponse: 1", "SID: 4711"};
  if (freq != nullptr) answer.headers.push_back(std::string("touchfreq: ") + freq);
  return answer;
}

}  // namespace

TEST_GROUP(Yp) {
  struct Question {
    std::string url, form;
    YpAnnouncer::Answer answer;
  };
  FakeClock clock;
  Log log{clock};
  std::deque<Question> asked;
  YpAnnouncer::Post post = [this](const YpDirectory& directory, std::string form,
                                  YpAnnouncer::Answer answer) {
    asked.push_back({directory.url, std::move(form), std::move(answer)});
  };
  unsigned described = 0;
  YpAnnouncer::Describe describe = [this](const std::string& mount) {
    ++described;
    return stream(mount);
  };
  YpAnnouncer yp{clock, log, describe, post};
  std::vector<std::string> mounts{"/a.mp3"};

  void setup() override { yp.set_directories({kDirectory}); }
  void pass(std::chrono::seconds time) {
    for (; time > 0s; time -= 1s) {
      clock.advance(1s);
      yp.tick(mounts);
    }
  }
  std::string next(Result<FetchAnswer> answer) {
    if (asked.empty()) return "nothing";
    Question question = std::move(asked.front());
    asked.pop_front();
    question.answer(std::move(answer));
    return question.form.substr(0, question.form.find('&'));
  }
  // Of an upgrade.
  std::unique_ptr<YpAnnouncer> next_process(std::vector<YpDirectory> directories) {
    auto later = std::make_unique<YpAnnouncer>(clock, log, describe, post);
    later->restore(yp.save());
    later->set_directories(std::move(directories));
    return later;
  }
  void be_listed() {
    yp.tick(mounts);
    pass(60s);
    CHECK(next(taken()) == "action=add");
  }
};

TEST(Yp, EscapesAllButLettersAndDigits) {
  STRCMP_EQUAL("a%20b%2dC%2f%c3%a9%000", yp_escape(std::string_view("a b-C/\xc3\xa9\0"
                                                                    "0",
                                                                    10))
                                             .c_str());
}

TEST(Yp, SendsTheFieldsInIcecastsOrder) {
  YpStream s = stream();
  s.genre = "g";
  s.cluster_password = "c";
  s.description = "d";
  s.url = "http://y/";
  s.subtype = "Vorbis";
  s.audio_info = "ice-samplerate=44100;ice-channels=2&listenurl=x";
  STRCMP_EQUAL(
      "action=add&sn=My%20Name&genre=g&cpswd=c&desc=d&url=http%3a%2f%2fy%2f&listenurl=http%3a%2f%"
      "2f127%2e0%2e0%2e1%3a"
      "8000%2fa%2emp3&type=audio%2fmpeg&stype=Vorbis&b=128&"
      "ice%2dsamplerate%3d44100%3bice%2dchannels%3d2%26listenurl%3dx\r\n",
      yp_add_form(s).c_str());
  s.song = "A - B";
  s.listeners = 3;
  STRCMP_EQUAL(
      "action=touch&sid=1%262&st=A%20%2d%20B&listeners=3&max_listeners=100&stype=Vorbis\r\n",
      yp_touch_form("1&2", s).c_str());
  STRCMP_EQUAL("action=remove&sid=7", yp_remove_form("7").c_str());
  STRCMP_EQUAL("action=remove&sid=9f1c-4_2.x%25", yp_remove_form("9f1c-4_2.x%").c_str());
}

TEST(Yp, AddsAfterAMinuteTouchesAfterFiveSecondsAndThenAsTheDirectoryLikes) {
  yp.tick(mounts);
  pass(59s);
  CHECK(asked.empty());
  pass(1s);
  CHECK(next(taken("45")) == "action=add");
  pass(4s);
  CHECK(asked.empty());
  pass(1s);
  CHECK(next(taken()) == "action=touch");
  pass(44s);
  CHECK(asked.empty());
  pass(1s);
  CHECK(next(taken()) == "action=touch");
}

TEST(Yp, TouchesNotMoreOftenThanEveryThirtySeconds) {
  yp.tick(mounts);
  pass(60s);
  next(taken("1"));
  pass(5s);
  next(taken());
  pass(29s);
  CHECK(asked.empty());
  pass(1s);
  CHECK(next(taken()) == "action=touch");
}

TEST(Yp, UsesTheConfiguredIntervalWhereTheDirectoryNamesNone) {
  be_listed();
  pass(5s);
  next(taken());
  pass(599s);
  CHECK(asked.empty());
  pass(1s);
  CHECK_EQUAL(1u, asked.size());
}

TEST(Yp, RemovesAStreamThatHasGone) {
  be_listed();
  mounts.clear();
  yp.tick(mounts);
  STRCMP_EQUAL("action=remove&sid=4711", asked.front().form.c_str());
  next(taken());
  mounts = {"/a.mp3"};
  yp.tick(mounts);
  pass(59s);
  CHECK(asked.empty());
}

TEST(Yp, RemovesAStreamThatWentWhileItWasBeingAdded) {
  yp.tick(mounts);
  pass(60s);
  mounts.clear();
  yp.tick(mounts);
  CHECK(next(taken()) == "action=add");
  CHECK(next(taken()) == "action=remove");
  CHECK(asked.empty());
}

TEST(Yp, AsksNothingTwiceWhileAnAnswerIsOut) {
  yp.tick(mounts);
  pass(300s);
  CHECK_EQUAL(1u, asked.size());
}

TEST(Yp, TriesADirectoryAgainAfterTwentyMinutesThatCannotBeReached) {
  yp.tick(mounts);
  pass(60s);
  next(Error::timeout("too late"));
  pass(1199s);
  CHECK(asked.empty());
  pass(1s);
  CHECK(next(taken()) == "action=add");
}

TEST(Yp, TriesADirectoryAgainAfterTwoHoursThatRefused) {
  FetchAnswer refused;
  refused.headers = {"YPResponse: 0", "YPMessage: no"};
  yp.tick(mounts);
  pass(60s);
  next(refused);
  pass(7199s);
  CHECK(asked.empty());
  pass(1s);
  CHECK(next(taken()) == "action=add");
}

TEST(Yp, TakesAnAnswerWithoutAnIdForARefusal) {
  FetchAnswer strange;
  strange.headers = {"YPResponse: 1", "no colon"};
  yp.tick(mounts);
  pass(60s);
  next(strange);
  pass(7199s);
  CHECK(asked.empty());
}

TEST(Yp, AddsAnewAfterATouchThatWasRefused) {
  be_listed();
  pass(5s);
  CHECK(next(FetchAnswer{}) == "action=touch");
  pass(1199s);
  CHECK(asked.empty());
  pass(1s);
  CHECK(next(taken()) == "action=add");
}

// It may have taken the touch, and lists the stream until it is removed.
TEST(Yp, RemovesAStreamFromADirectoryThatDidNotAnswerItsLastTouch) {
  be_listed();
  pass(5s);
  CHECK(next(Error::closed("reset")) == "action=touch");
  mounts.clear();
  yp.tick(mounts);
  STRCMP_EQUAL("action=remove&sid=4711", asked.front().form.c_str());
}

TEST(Yp, TouchesAgainAfterAnOutageAndAddsWhereItIsForgotten) {
  be_listed();
  pass(5s);
  next(Error::closed("reset"));
  pass(1199s);
  CHECK(asked.empty());
  pass(1s);
  CHECK(next(FetchAnswer{}) == "action=touch");
  pass(59s);
  CHECK(asked.empty());
  pass(1s);
  CHECK(next(taken()) == "action=add");
}

// Each touch repeats it, and the next process gets all of them.
TEST(Yp, TakesAnIdOfKilobytesForARefusal) {
  FetchAnswer strange;
  strange.headers = {"YPResponse: 1", "SID: " + std::string(60'000, '7')};
  yp.tick(mounts);
  pass(60s);
  next(strange);
  CHECK(yp.save().listings.front().sid.empty());
  pass(7200s);
  CHECK(next(taken()) == "action=add");
}

TEST(Yp, AnnouncesEveryStreamToEveryDirectory) {
  yp.set_directories({kDirectory, {"http://other/", 6s, 30s}});
  mounts.push_back("/b.mp3");
  yp.tick(mounts);
  pass(60s);
  CHECK_EQUAL(4u, asked.size());
}

// Thousands of streams are looked at each second.
TEST(Yp, AStreamIsDescribedForARequestOnly) {
  be_listed();
  CHECK_EQUAL(1u, described);
  pass(4s);
  CHECK_EQUAL(1u, described);
  pass(1s);
  CHECK_EQUAL(2u, described);
  CHECK(next(taken()) == "action=touch");
}

TEST(Yp, RemovesFromADirectoryThatIsNamedNoMore) {
  be_listed();
  yp.set_directories({});
  CHECK(next(taken()) == "action=remove");
  yp.tick(mounts);
  CHECK(asked.empty());
}

TEST(Yp, TheNextProcessTouchesWhatThisOneHasAdded) {
  be_listed();
  mounts.push_back("/b.mp3");
  pass(4s);
  auto later = next_process({kDirectory});
  const auto pass_later = [&](std::chrono::seconds time) {
    for (; time > 0s; time -= 1s) {
      clock.advance(1s);
      later->tick(mounts);
    }
  };
  pass_later(1s);
  CHECK(asked.front().form.starts_with("action=touch&sid=4711&"));
  CHECK(next(taken()) == "action=touch");
  // The second one has the rest of its minute.
  pass_later(55s);
  CHECK(asked.empty());
  pass_later(1s);
  CHECK(next(taken()) == "action=add");
  mounts.erase(mounts.begin());
  later->tick(mounts);
  CHECK(asked.front().form == "action=remove&sid=4711");
}

TEST(Yp, AnAdditionIsUnderWayUntilItsAnswer) {
  yp.tick(mounts);
  CHECK_FALSE(yp.adds());
  pass(60s);
  CHECK(yp.adds());
  CHECK(next(taken()) == "action=add");
  CHECK_FALSE(yp.adds());
  pass(5s);  // touched by its id
  CHECK_EQUAL(1u, asked.size());
  CHECK_FALSE(yp.adds());
}

TEST(Yp, AStreamWhoseAdditionIsPendingIsAddedAMinuteLater) {
  yp.tick(mounts);
  pass(60s);
  auto later = next_process({kDirectory});
  asked.clear();
  clock.advance(59s);
  later->tick(mounts);
  CHECK(asked.empty());
  clock.advance(1s);
  later->tick(mounts);
  CHECK(next(taken()) == "action=add");
}

TEST(Yp, TheNextProcessRemovesFromADirectoryThatIsNamedNoMore) {
  be_listed();
  auto later = next_process({});
  CHECK_EQUAL(1u, asked.size());
  CHECK_EQUAL(kDirectory.url, asked.front().url);
  CHECK(asked.front().form == "action=remove&sid=4711");
}

TEST(Yp, WithdrawsEverythingAndReportsWhenThatIsDone) {
  be_listed();
  bool done = false;
  yp.withdraw([&done] { done = true; });
  CHECK_FALSE(done);
  CHECK(next(Error::closed("gone")) == "action=remove");
  CHECK(done);
}

TEST(Yp, HasNothingToWithdrawBeforeItIsListed) {
  yp.tick(mounts);
  bool done = false;
  yp.withdraw([&done] { done = true; });
  CHECK(done);
}
