#include "http/static_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/resource_limit.h"
#include "base/temporary_directory.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::literals;

TEST_GROUP(StaticFiles) {
  TemporaryDirectory place;
  std::string dir = place.path(), root = place.file("web");

  void setup() override {
    std::filesystem::create_directories(root + "/f/d.txt");
    write("web/f/hello.txt", "abcdefghijklmnopqrstuvwxyz");
    write("web/empty.txt", "");
    write("secret.txt", "TOP-SECRET");
  }
  void write(const std::string& path, const std::string& text) const { place.put(path, text); }
  StaticFiles files(bool serve = true) const { return {root, serve, MimeTypes()}; }
  // "STATUS first+length/size TYPE", or the code of the error.
  std::string ask(std::string_view path, std::string_view range = "") const {
    const auto answer = files().open_file(path, range);
    if (!answer) return answer.error().code == Error::Code::kNotFound ? "404" : "500";
    CHECK(answer->fd.valid() == (answer->status != 416));
    return std::to_string(answer->status) + " " + std::to_string(answer->first) + "+" +
           std::to_string(answer->length) + "/" + std::to_string(answer->size) + " " +
           answer->content_type;
  }
};

TEST(StaticFiles, OpensAWholeFile) {
  CHECK(ask("/f/hello.txt") == "200 0+26/26 text/plain");
  const auto answer = files().open_file("/f/hello.txt", "");
  CHECK(answer.has_value());
  char text[26];
  LONGS_EQUAL(26, ::pread(answer->fd.get(), text, sizeof text, 0));
  CHECK(std::string(text, 26) == "abcdefghijklmnopqrstuvwxyz");
  CHECK(answer->header_lines() == "Accept-Ranges: bytes\r\n");
}
TEST(StaticFiles, AnEmptyFileIsAFile) {
  CHECK(ask("/empty.txt") == "200 0+0/0 text/plain");
  for (const char* range : {"bytes=0-", "bytes=-5", "bytes=0-0"}) {
    STRCMP_EQUAL("416 0+31/0 text/plain; charset=utf-8", ask("/empty.txt", range).c_str());
  }
}
TEST(StaticFiles, HonoursBothEndsOfARange) {
  CHECK(ask("/f/hello.txt", "bytes=10-") == "206 10+16/26 text/plain");
  CHECK(ask("/f/hello.txt", "bytes=10-19") == "206 10+10/26 text/plain");
  CHECK(ask("/f/hello.txt", "bytes=0-0") == "206 0+1/26 text/plain");
  CHECK(ask("/f/hello.txt", "bytes=0-") == "206 0+26/26 text/plain");
  CHECK(ask("/f/hello.txt", "bytes=25-25") == "206 25+1/26 text/plain");
  CHECK(ask("/f/hello.txt", " Bytes=3 - 5 ") == "206 3+3/26 text/plain");
  CHECK(ask("/f/hello.txt", "bytes=20-9999") == "206 20+6/26 text/plain");
  CHECK(ask("/f/hello.txt", "bytes=20-99999999999999999999999") == "206 20+6/26 text/plain");
  const auto answer = files().open_file("/f/hello.txt", "bytes=10-19");
  CHECK(answer.has_value());
  LONGS_EQUAL(19, answer->last());
  CHECK(answer->header_lines() == "Accept-Ranges: bytes\r\nContent-Range: bytes 10-19/26\r\n");
}
TEST(StaticFiles, CountsASuffixFromTheEnd) {
  CHECK(ask("/f/hello.txt", "bytes=-5") == "206 21+5/26 text/plain");
  CHECK(ask("/f/hello.txt", "bytes=-26") == "206 0+26/26 text/plain");
  CHECK(ask("/f/hello.txt", "bytes=-100") == "206 0+26/26 text/plain");
}
TEST(StaticFiles, RefusesARangeThatIsBadOrOutside) {
  for (const char* range : {"bytes=26-", "bytes=999-", "bytes=5-4", "bytes=-0", "bytes=-", "bytes=",
                            "bytes=x-", "bytes=1-x", "bytes=+1-2", "bytes=0x1-", "lines=5-",
                            "bytes 1-2", "bytes=99999999999999999999999-", "bytes=--5"}) {
    STRCMP_EQUAL_TEXT("416 0+31/26 text/plain; charset=utf-8", ask("/f/hello.txt", range).c_str(),
                      range);
  }
  const auto answer = files().open_file("/f/hello.txt", "bytes=26-");
  CHECK(answer.has_value());
  CHECK(answer->header_lines() == "Accept-Ranges: bytes\r\nContent-Range: bytes */26\r\n");
  LONGS_EQUAL(kRangeText.size(), answer->length);
}
TEST(StaticFiles, SeveralRangesGiveTheWholeFile) {
  CHECK(ask("/f/hello.txt", "bytes=1-2,4-5") == "200 0+26/26 text/plain");
}
TEST(StaticFiles, ServesRegularFilesOnly) {
  LONGS_EQUAL(0, ::mkfifo((root + "/fifo").c_str(), 0600));
  std::filesystem::create_symlink("/dev/zero", root + "/zero");
  std::filesystem::create_symlink("loop", root + "/loop");
  for (const char* path : {"/f", "/f/", "/", "/f/d.txt", "/fifo", "/zero", "/loop", "/none",
                           "/f/hello.txt/", "/f/hello.txt/x", ""}) {
    STRCMP_EQUAL_TEXT("404", ask(path).c_str(), path);
    CHECK(!files().has_file(path));
  }
  CHECK(ask("/" + std::string(5000, 'x')) == "404");
  CHECK(ask("/" + std::string(300, 'x')) == "404");
}
TEST(StaticFiles, ANulDoesNotCutTheName) {
  CHECK(ask("/f/hello.txt\0.mp3"sv) == "404");
  CHECK(!files().has_file("/f/hello.txt\0"sv));
}
TEST(StaticFiles, FollowsSymbolicLinksAsIcecastDoes) {
  std::filesystem::create_symlink(root + "/f/hello.txt", root + "/link.css");
  CHECK(ask("/link.css") == "200 0+26/26 text/css");
}
TEST(StaticFiles, AnUnreadableFileIsNotFound) {
  ::chmod(dir.c_str(), 0755);
  ::chmod((root + "/f/hello.txt").c_str(), 0);
  const bool root_user = ::geteuid() == 0;  // which could read it all the same
  if (root_user) LONGS_EQUAL(0, ::seteuid(65534));
  const std::string seen = ask("/f/hello.txt");
  if (root_user) LONGS_EQUAL(0, ::seteuid(0));
  CHECK(seen == "404");
}
TEST(StaticFiles, RunningOutOfDescriptorsIsNotACaseOfNotFound) {
  const lb::test::ResourceLimit none(RLIMIT_NOFILE, 0);
  CHECK(ask("/f/hello.txt") == "500");
}
TEST(StaticFiles, ServesNothingWhenSwitchedOff) {
  CHECK(!files(false).open_file("/f/hello.txt", "").has_value());
  CHECK(!files(false).has_file("/f/hello.txt"));
  CHECK(files().has_file("/f/hello.txt"));
}
TEST(StaticFiles, NeverServesTheSourceOfATemplate) {
  for (const char* name :
       {"status.xsl", "status.xsl.", "status.xsl ", "status.xsl. .", "STATUS.XSL",
        "status.xsl::$DATA", "xml2json.xslt", ".xsl", "status.xsl~"}) {
    write(std::string("web/") + name, "<xsl:stylesheet/>");
    STRCMP_EQUAL_TEXT("404", ask(std::string("/") + name).c_str(), name);
    CHECK(is_template_path(std::string("/") + name));
  }
  CHECK(!is_template_path("/xsl"));
  CHECK(!is_template_path("/a.xsl/b.txt"));
  CHECK(!is_template_path("/page.xsl.txt"));
}

TEST_GROUP(MimeTypes){};
TEST(MimeTypes, KnowsTheUsualOnes) {
  const MimeTypes types;
  for (const auto& [path, type] : std::vector<std::pair<std::string, std::string>>{
           {"/a.ogg", "application/ogg"},
           {"/a.mp3", "audio/mpeg"},
           {"/a.MP3", "audio/mpeg"},
           {"/style.css", "text/css"},
           {"/icecast.png", "image/png"},
           {"/a.js", "text/javascript"},
           {"/a.wasm", "application/wasm"},
           {"/a.html", "text/html"},
           {"/a.m3u", "audio/x-mpegurl"},
           {"/a.aac", "audio/aac"},
           {"/a.tar.gz", "application/octet-stream"},
           {"/README", "application/octet-stream"},
           {"/dir.mp3/README", "application/octet-stream"},
           {"", "application/octet-stream"}}) {
    STRCMP_EQUAL_TEXT(type.c_str(), std::string(types.type_of(path)).c_str(), path.c_str());
  }
}
TEST(MimeTypes, AFileAddsAndReplaces) {
  MimeTypes types;
  types.add_lines(
      "# test\napplication/x-test zzqq ABC # more\r\n\naudio/x-other\tmp3\nlonely/type\n");
  CHECK(types.type_of("/f/blob.zzqq") == "application/x-test");
  CHECK(types.type_of("/f/blob.abc") == "application/x-test");
  CHECK(types.type_of("/a.mp3") == "audio/x-other");
  CHECK(types.type_of("/a.more") == "application/octet-stream");
  CHECK(types.type_of("/a.css") == "text/css");
}
TEST(MimeTypes, LoadsAFileAndReportsWhenItCannot) {
  TemporaryDirectory place;
  const std::string name = place.put("mime.types", "application/x-test zzqq\n\n");
  MimeTypes types;
  CHECK(types.load(name).has_value());
  CHECK(types.type_of("/a.zzqq") == "application/x-test");
  place.remove("mime.types");
  const auto gone = types.load(name);
  CHECK(!gone.has_value());
  STRCMP_CONTAINS(name.c_str(), gone.error().what.c_str());
  CHECK(!types.load("/").has_value());
  CHECK(!types.load("/dev/zero").has_value());
  CHECK(types.type_of("/a.zzqq") == "application/x-test");
}
