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

// Of a script or a sheet of the console, which is built in without spaces, comments and the signs
// before a brace (src/admin/squeeze.awk).
bool is_squeezed(std::string_view path) {
  return path == "web/style.css" ||
         (path.starts_with("admin/console/") && (path.ends_with(".js") || path.ends_with(".css")));
}
std::string without_spaces(const std::string& text) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    if (const auto comment = line.find(" // "); comment != std::string::npos) line.erase(comment);
    std::erase(line, ' ');
    const bool is_comment =
        line.starts_with("//") || (line.starts_with("/*") && line.ends_with("*/"));
    if (!is_comment) out += line;
  }
  for (auto at = out.find(";}"); at != std::string::npos; at = out.find(";}", at)) out.erase(at, 1);
  return out;
}

}  // namespace

TEST_GROUP(Builtin){};

TEST(Builtin, HoldsEveryFileByteForByte) {
  CHECK(builtin_files().size() >= 16);
  for (const BuiltinFile& file : builtin_files()) {
    const std::string path(file.path);
    if (is_squeezed(path))
      CHECK_TEXT(without_spaces(file_bytes(path)) == without_spaces(std::string(file.bytes)),
                 path.c_str());
    else
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
