#include "admin/page/builtin.h"

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string file_bytes(const std::string& path) {
  std::ifstream in(std::string(LB_TEST_SRCDIR) + "/" + path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

TEST_GROUP(Builtin){};

TEST(Builtin, HoldsEveryFileByteForByte) {
  CHECK(builtin_files().size() >= 16);
  for (const BuiltinFile& file : builtin_files()) {
    const std::string path(file.path);
    CHECK_TEXT(file_bytes(path) == file.bytes, path.c_str());
  }
}
TEST(Builtin, IsSortedSoThatEveryFileIsFound) {
  for (const BuiltinFile& file : builtin_files()) POINTERS_EQUAL(&file, builtin_file(file.path));
}
TEST(Builtin, HasWhatStockTemplatesLinkTo) {
  for (const char* path : {"web/style.css", "web/icecast.png", "web/favicon.ico", "web/auth.xsl",
                           "web/server_version.xsl", "web/status.xsl"})
    CHECK_TEXT(builtin_file(path) != nullptr, path);
}
TEST(Builtin, KnowsNothingElse) {
  for (const char* path : {"", "web/", "web/7.xsl", "web/zzz", "admin", "style.css"})
    POINTERS_EQUAL(nullptr, builtin_file(path));
}
TEST(Builtin, KnowsItsContentTypes) {
  const auto type = [](const char* path) { return std::string(builtin_content_type(path)); };
  STRCMP_EQUAL("text/css", type("web/style.css").c_str());
  STRCMP_EQUAL("image/png", type("web/icecast.png").c_str());
  STRCMP_EQUAL("image/x-icon", type("web/favicon.ico").c_str());
  STRCMP_EQUAL("application/octet-stream", type("web/x").c_str());
}
