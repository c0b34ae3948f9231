// Which addresses of pictures are asked, how, and what becomes of the answer.
#include "app/services/named_pictures.h"

#include <utility>

#include "base/clock.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

const std::vector<std::string> kHosts = {"covers.example.org", "*.mzstatic.com", "*"};

struct Bench {
  FakeClock clock;
  Log log{clock};
  std::vector<std::pair<FetchRequest, Fetcher::Done>> asked;
  std::vector<std::string> found, refused;
  NamedPictures pictures{
      log,
      {[this](FetchRequest request, Fetcher::Done done) {
         asked.emplace_back(std::move(request), std::move(done));
       },
       [](const std::string&, std::string bytes) -> Result<std::string> {
         if (bytes != "picture") return Error{Error::Code::kInvalid, "it is none"};
         return std::string("NAME.png");
       },
       [](const std::string&) { return true; },
       [this](const std::string& mount, const std::string& song, const std::string& name) {
         found.push_back(mount + " " + song + " " + name);
       },
       [this](const std::string& mount, const std::string& song, const std::string& why) {
         refused.push_back(mount + " " + song + ": " + why);
       }}};

  void titled(const std::string& url) { pictures.titled(kHosts, "/a", "Song", url); }
  void answer(int status, std::string body) {
    FetchAnswer given;
    given.status = status;
    given.body = std::move(body);
    auto done = std::move(asked.back().second);
    asked.pop_back();
    done(std::move(given));
  }
};

}  // namespace

TEST_GROUP(NamedPictures){};

TEST(NamedPictures, OnlyTheHostsThatAreNamed) {
  for (const char* url : {"https://covers.example.org/a.jpg", "https://COVERS.example.org/a?b#c",
                          "https://is1.mzstatic.com/", "https://a.b.mzstatic.com/x"})
    CHECK_TRUE(may_fetch_picture(kHosts, url));
  for (const char* url :
       {"http://covers.example.org/a.jpg", "https://example.org/", "https://mzstatic.com/",
        "https://evilmzstatic.com/", "https://covers.example.org:8443/",
        "https://a@covers.example.org/", "https://evil.org\\.mzstatic.com/",
        "https://evil.org:1@a.mzstatic.com/", "https://evil.org/covers.example.org",
        "https://evil.org?.mzstatic.com", "https://covers.example.org.evil.org/",
        "file://covers.example.org/", "https://*", ""})
    CHECK_FALSE(may_fetch_picture(kHosts, url));
  CHECK_FALSE(may_fetch_picture({}, "https://covers.example.org/a.jpg"));
}

TEST(NamedPictures, AskedWithoutRedirectsAtPublicAddresses) {
  Bench bench;
  bench.titled("https://covers.example.org/a.jpg");
  LONGS_EQUAL(1, bench.asked.size());
  const FetchRequest& request = bench.asked[0].first;
  LONGS_EQUAL(0, request.redirects);
  CHECK_TRUE(request.named_by == Reach::kPublic);
  CHECK_TRUE(request.user.empty() && request.headers.empty());
  bench.answer(200, "picture");
  LONGS_EQUAL(1, bench.found.size());
  STRCMP_EQUAL("/a Song NAME.png", bench.found[0].c_str());
  // The same address again is not asked again.
  bench.titled("https://covers.example.org/a.jpg");
  LONGS_EQUAL(0, bench.asked.size());
  LONGS_EQUAL(2, bench.found.size());
}

TEST(NamedPictures, WhatIsNoPictureIsLeftOut) {
  Bench bench;
  for (const int status : {200, 204, 302, 404}) {
    bench.titled("https://covers.example.org/a.jpg");
    bench.answer(status, status == 200 ? "<html>" : "picture");
  }
  LONGS_EQUAL(0, bench.found.size());
}

TEST(NamedPictures, SoManyAtOnce) {
  Bench bench;
  for (std::size_t i = 0; i < 2 * NamedPictures::kUnderWay; ++i)
    bench.titled("https://covers.example.org/" + std::to_string(i));
  LONGS_EQUAL(NamedPictures::kUnderWay, bench.asked.size());
  while (!bench.asked.empty()) bench.answer(404, "");
  bench.titled("https://covers.example.org/x");
  LONGS_EQUAL(1, bench.asked.size());
}
