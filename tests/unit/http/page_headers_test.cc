#include "http/page_headers.h"

#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_GROUP(PageHeaders){};

TEST(PageHeaders, AreCompleteLines) {
  for (const PageKind kind : {PageKind::kPlain, PageKind::kTemplate, PageKind::kDesigned}) {
    const std::string lines = page_header_lines(kind, {});
    const bool ours = kind == PageKind::kPlain;
    for (const char* part : {"Content-Security-Policy: ",
                             ours ? "frame-ancestors 'none'\r\n" : "frame-ancestors 'self'\r\n",
                             "object-src 'none'", "X-Content-Type-Options: nosniff\r\n",
                             ours ? "X-Frame-Options: DENY\r\n" : "X-Frame-Options: SAMEORIGIN\r\n",
                             "Referrer-Policy: same-origin\r\n"})
      CHECK_TEXT(has(lines, part), part);
    STRCMP_EQUAL("\r\n", lines.substr(lines.size() - 2).c_str());
  }
}
TEST(PageHeaders, LetAnySiteFrameAPublicTemplate) {
  for (const PageKind kind : {PageKind::kTemplate, PageKind::kDesigned}) {
    const std::string lines = page_header_lines(kind, {}, FrameSites::kAny);
    CHECK(has(lines, "; frame-ancestors *\r\n"));
    CHECK(!has(lines, "X-Frame-Options"));
    CHECK(has(lines, "nosniff"));
  }
  // The program's own pages stay out of frames.
  STRCMP_EQUAL(page_header_lines(PageKind::kPlain, {}).c_str(),
               page_header_lines(PageKind::kPlain, {}, FrameSites::kAny).c_str());
}
TEST(PageHeaders, LetAPlainPageLoadFromThisServerOnly) {
  for (const PageKind kind : {PageKind::kPlain, PageKind::kTemplate}) {
    const std::string lines = page_header_lines(kind, {});
    CHECK(has(lines, "default-src 'self'"));
    CHECK(has(lines, "form-action 'self'"));
    CHECK(has(lines, "media-src 'self' http: https:"));  // a redirect leads to another node
    CHECK(!has(lines, "unsafe"));
  }
}
TEST(PageHeaders, LetTheConsoleRunWhatLiesOnThisServerOnly) {
  const std::string lines = page_header_lines(PageKind::kConsole, {});
  for (const char* part :
       {"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
        "frame-ancestors 'none'", "X-Frame-Options: DENY\r\n"})
    CHECK_TEXT(has(lines, part), part);
  CHECK(!has(lines, "unsafe"));
}
TEST(PageHeaders, LetASiteShowAPageOfAStreamInAFrame) {
  const std::string lines =
      player_header_lines("https://a.example.org", " http://edge.example.org:8000", {});
  CHECK(has(lines, "frame-ancestors https://a.example.org\r\n"));
  CHECK(!has(lines, "X-Frame-Options"));
  CHECK(has(player_header_lines("'none'", {}, {}), "X-Frame-Options: DENY\r\n"));
}
TEST(PageHeaders, LetADesignedPageLoadWhatItsAuthorChose) {
  const std::string lines = page_header_lines(PageKind::kDesigned, {});
  CHECK(!has(lines, "default-src"));
  CHECK(!has(lines, "script-src"));
}
TEST(PageHeaders, LeaveOutWhatTheConfigurationSets) {
  const std::vector<HttpHeader> configured = {{"content-security-policy", "default-src *", 0},
                                              {"X-Other", "x", 0},
                                              {"X-FRAME-OPTIONS", "SAMEORIGIN", 404}};
  const std::string lines = page_header_lines(PageKind::kPlain, configured);
  CHECK(!has(lines, "Content-Security-Policy"));
  CHECK(!has(lines, "X-Frame-Options"));
  CHECK(has(lines, "nosniff"));
  STRCMP_EQUAL("",
               nosniff_line(std::vector<HttpHeader>{{"X-Content-Type-Options", "", 0}}).c_str());
  STRCMP_EQUAL("X-Content-Type-Options: nosniff\r\n", nosniff_line(configured).c_str());
}
TEST(PageHeaders, AreForWhatABrowserShowsAsAPage) {
  for (const char* type :
       {"text/html", "text/html; charset=utf-8", "TEXT/HTML;charset=x", "text/xml; charset=UTF-8",
        "application/xhtml+xml", "application/xml ;x"})
    CHECK_TEXT(is_page_type(type), type);
  for (const char* type : {"", "text/plain", "application/json; charset=UTF-8", "audio/mpeg",
                           "application/xspf+xml; charset=UTF-8", "text/htmlx", ";text/html"})
    CHECK_TEXT(!is_page_type(type), type);
}
