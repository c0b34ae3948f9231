#include "admin/page/render.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <thread>

#include "admin/sample_stats.h"
#include "base/temporary_directory.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
namespace fs = std::filesystem;

namespace {

std::string sheet(const std::string& output, const std::string& body,
                  const std::string& head = "") {
  return "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\">" +
         head + output + "<xsl:template match=\"/\">" + body + "</xsl:template></xsl:stylesheet>";
}
const std::string kText = "<xsl:output method=\"text\"/>";
const std::string kDocument = "<icestats><a>1</a></icestats>";

}  // namespace

TEST_GROUP(Render) {
  XsltRenderer renderer;
  TemporaryDirectory place;
  fs::path directory = place.path();
  void setup() override { fs::create_directory(directory / "web"); }

  std::string web() const { return (directory / "web").string(); }
  void write(const std::string& name, const std::string& text) { place.put(name, text); }
  Result<RenderedPage> render(const std::string& name) {
    return renderer.render(TemplateRoot::kWeb, web(), name, kDocument);
  }
  std::string body(const std::string& name) {
    auto page = render(name);
    return page ? page->body : "error: " + page.error().what;
  }
  std::string type(const std::string& output, const std::string& made = "x") {
    write("web/type.xsl", sheet(output, made));
    auto page = render("type.xsl");
    return page ? page->content_type : "error: " + page.error().what;
  }
  Error::Code failure(const std::string& name) {
    auto page = render(name);
    CHECK(!page.has_value());
    CHECK(!page.error().what.empty());
    return page.error().code;
  }
};

TEST(Render, RunsAFileOfTheWebRoot) {
  write("web/custom.xsl", sheet(kText, "a=<xsl:value-of select=\"icestats/a\"/>"));
  STRCMP_EQUAL("a=1", body("custom.xsl").c_str());
}
TEST(Render, TakesTheContentTypeFromTheMediaType) {
  STRCMP_EQUAL("application/json; charset=UTF-8",
               type("<xsl:output method=\"text\" media-type=\"application/json\"/>").c_str());
  STRCMP_EQUAL("text/html; charset=utf-8",
               type("<xsl:output media-type=\"text/html; charset=utf-8\"/>", "<a/>").c_str());
}
TEST(Render, TakesTheContentTypeFromTheMethod) {
  STRCMP_EQUAL("text/html; charset=UTF-8", type("<xsl:output method=\"html\"/>", "<a/>").c_str());
  STRCMP_EQUAL("text/plain; charset=UTF-8", type("<xsl:output method=\"text\"/>").c_str());
  STRCMP_EQUAL("text/xml; charset=UTF-8", type("<xsl:output method=\"xml\"/>", "<a/>").c_str());
  STRCMP_EQUAL("text/xml; charset=UTF-8", type("", "<a/>").c_str());
  STRCMP_EQUAL("text/html; charset=UTF-8", type("", "<html/>").c_str());
}
TEST(Render, NamesTheEncodingThatItWritesIn) {
  write("web/latin.xsl",
        sheet("<xsl:output method=\"text\" encoding=\"ISO-8859-1\"/>", "\xC3\xA9"));
  auto page = render("latin.xsl");
  CHECK(page.has_value());
  STRCMP_EQUAL("text/plain; charset=ISO-8859-1", page->content_type.c_str());
  STRCMP_EQUAL("\xE9", page->body.c_str());
}
TEST(Render, TakesOutputSettingsOfImportedSheetsToo) {
  write("web/base.xslt", sheet("<xsl:output method=\"text\" media-type=\"text/csv\"/>", "base"));
  write("web/user.xsl",
        "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\">"
        "<xsl:import href=\"base.xslt\"/></xsl:stylesheet>");
  auto page = render("user.xsl");
  CHECK(page.has_value());
  STRCMP_EQUAL("text/csv; charset=UTF-8", page->content_type.c_str());
  STRCMP_EQUAL("base", page->body.c_str());
}
TEST(Render, MakesAnEmptyPageOfNothing) {
  write("web/empty.xsl", sheet(kText, ""));
  STRCMP_EQUAL("", body("empty.xsl").c_str());
}
TEST(Render, KnowsTheEntitiesAFileDeclares) {
  write("web/nbsp.xsl", "<!DOCTYPE x [<!ENTITY word \"hello\">]>" + sheet(kText, "&word;"));
  STRCMP_EQUAL("hello", body("nbsp.xsl").c_str());
}
TEST(Render, KnowsExsltStrings) {
  write("web/exslt.xsl", sheet(kText,
                               "<xsl:value-of xmlns:str=\"http://exslt.org/strings\" "
                               "select=\"str:encode-uri('/a b&amp;c', true())\"/>"));
  STRCMP_EQUAL("%2Fa%20b%26c", body("exslt.xsl").c_str());
}

TEST(Render, ParsesAFileOnceUntilItChanges) {
  write("web/a.xsl", sheet(kText, "one"));
  STRCMP_EQUAL("one", body("a.xsl").c_str());
  STRCMP_EQUAL("one", body("a.xsl").c_str());
  LONGS_EQUAL(1, renderer.cached());
  write("web/a.xsl", sheet(kText, "other"));
  STRCMP_EQUAL("other", body("a.xsl").c_str());
  LONGS_EQUAL(1, renderer.cached());
}
TEST(Render, NoticesAChangeOfTheSameSizeWithinASecond) {
  write("web/a.xsl", sheet(kText, "one"));
  STRCMP_EQUAL("one", body("a.xsl").c_str());
  const auto time = fs::last_write_time(directory / "web/a.xsl");
  write("web/a.xsl", sheet(kText, "two"));
  fs::last_write_time(directory / "web/a.xsl", time + std::chrono::nanoseconds(1000));
  STRCMP_EQUAL("two", body("a.xsl").c_str());
}
TEST(Render, KeepsABoundedNumberOfTemplates) {
  for (int i = 0; i < 100; ++i) {
    const std::string name = "t" + std::to_string(i) + ".xsl";
    write("web/" + name, sheet(kText, std::to_string(i)));
    STRCMP_EQUAL(std::to_string(i).c_str(), body(name).c_str());
    CHECK(renderer.cached() <= XsltRenderer::kCacheSize);
  }
}

TEST(Render, UsesTheBuiltInPageWhereThereIsNoFile) {
  auto page = renderer.render(TemplateRoot::kWeb, web(), "status.xsl", "<icestats/>");
  CHECK(page.has_value());
  CHECK(page->body.find("<h1 id=\"header\">icecast-lb</h1>") != std::string::npos);
  page = renderer.render(TemplateRoot::kAdmin, "/nonexistent/place", "stats.xsl", "<icestats/>");
  CHECK(page.has_value());
  CHECK(page->body.find("Icecast2 Admin") != std::string::npos);
  page = renderer.render(TemplateRoot::kAdmin, "", "stats.xsl", "<icestats/>");
  CHECK(page.has_value());
  LONGS_EQUAL(2, renderer.cached());
}
TEST(Render, PrefersTheFileToTheBuiltInPage) {
  write("web/status.xsl", sheet(kText, "mine"));
  STRCMP_EQUAL("mine", body("status.xsl").c_str());
  fs::remove(directory / "web/status.xsl");
  CHECK(body("status.xsl").find("<h1 id=\"header\">icecast-lb</h1>") != std::string::npos);
}
TEST(Render, DoesNotMixTheBuiltInPagesOfTheTwoRoots) {
  CHECK(!renderer.render(TemplateRoot::kWeb, "", "listclients.xsl", kDocument).has_value());
  CHECK(!renderer.render(TemplateRoot::kAdmin, "", "status.xsl", kDocument).has_value());
}
TEST(Render, FindsNothingUnderOtherNames) {
  CHECK(failure("8.xsl") == Error::Code::kNotFound);
  CHECK(failure("status.xsl/x") == Error::Code::kNotFound);
}
TEST(Render, HasShoutcastsLineAtItsUsualPlaceUnlessTheRootHasPagesOfItsOwn) {
  CHECK(body("7.xsl").find("<pre>0,0,0,0,0,,</pre>") == 0);
  STRCMP_EQUAL(body("7.xsl").c_str(), body("compat/7.xsl").c_str());
  CHECK(renderer.render(TemplateRoot::kWeb, "", "7.xsl", kDocument).has_value());
  CHECK(!renderer.render(TemplateRoot::kAdmin, "", "7.xsl", kDocument).has_value());
  write("web/status.xsl", sheet(kText, "Icecast's own folder"));
  CHECK(failure("7.xsl") == Error::Code::kNotFound);
  CHECK(body("compat/7.xsl").find("<pre>") == 0);
  write("web/7.xsl", sheet(kText, "theirs"));
  STRCMP_EQUAL("theirs", body("7.xsl").c_str());
}
TEST(Render, KnowsWhatATemplateBringsAlong) {
  const auto brings = [this](const std::string& made, const std::string& head = "") {
    write("web/own.xsl", sheet("<xsl:output method=\"html\"/>", made, head));
    auto page = render("own.xsl");
    CHECK_TEXT(page.has_value(), made.c_str());
    return page && page->brings_its_own;
  };
  for (const char* made : {"<script src=\"/x.js\"/>",
                           "<script src=\"cluster.js\">1</script>",
                           "<p><SCRIPT>1</SCRIPT></p>",
                           "<style>p {}</style>",
                           "<p style=\"color: red\"/>",
                           "<body onload=\"x()\"/>",
                           "<a onClick=\"x()\"/>",
                           "<iframe src=\"/y\"/>",
                           "<embed src=\"/y\"/>",
                           "<object data=\"/y\"/>",
                           "<base href=\"/\"/>",
                           "<img src=\"http://elsewhere.example/x.png\"/>",
                           "<img src=\"//elsewhere.example/x.png\"/>",
                           "<img src=\"data:image/png;base64,AA\"/>",
                           "<img src=\"{icestats/a}\"/>",
                           "<img srcset=\"https://elsewhere.example/x.png 2x\"/>",
                           "<link rel=\"stylesheet\" href=\"https://fonts.example/x.css\"/>",
                           "<form action=\"https://elsewhere.example/search\"/>",
                           "<input type=\"image\" src=\"http://elsewhere.example/x.png\"/>",
                           "<xsl:element name=\"script\">1</xsl:element>",
                           "<p><xsl:attribute name=\"style\">color: red</xsl:attribute></p>",
                           "<p><xsl:attribute name=\"onclick\">x()</xsl:attribute></p>",
                           "<img><xsl:attribute name=\"src\"><xsl:value-of "
                           "select=\"icestats/a\"/></xsl:attribute></img>",
                           "<p><xsl:copy-of select=\"document('own.xsl')\"/></p>",
                           "<h:script xmlns:h=\"http://www.w3.org/1999/xhtml\">1</h:script>"})
    CHECK_TEXT(brings(made), made);
  for (const char* made :
       {"<p/>", "<script src=\"cluster.js\"/>", "<img src=\"/x.png\"/>", "<img src=\"x.png\"/>",
        "<img src=\"x.png?a:b\"/>", "<img src=\"\"/>",
        "<link rel=\"stylesheet\" href=\"style.css\"/>", "<a href=\"https://elsewhere.example/\"/>",
        "<audio src=\"{icestats/a}\"/>", "<a href=\"{icestats/a}\"/>",
        "<form action=\"killsource.xsl\"/>", "<form action=\"\"/>",
        "<p><xsl:attribute name=\"class\">x</xsl:attribute></p>",
        "<a><xsl:attribute name=\"href\">/x</xsl:attribute></a>",
        "<xsl:element name=\"p\">1</xsl:element>", "<p>script style onload</p>",
        "<p><xsl:copy-of select=\"icestats/a\"/></p>"})
    CHECK_TEXT(!brings(made), made);
  const std::string script =
      "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\">"
      "<xsl:template name=\"x\"><script>1</script></xsl:template></xsl:stylesheet>";
  write("web/part.xsl", script);
  CHECK(brings("<p/>", "<xsl:import href=\"part.xsl\"/>"));
  CHECK(brings("<p/>", "<xsl:include href=\"part.xsl\"/>"));
  write("web/middle.xsl",
        "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\">"
        "<xsl:include href=\"part.xsl\"/></xsl:stylesheet>");
  CHECK(brings("<p/>", "<xsl:import href=\"middle.xsl\"/>"));
  write("web/part.xsl",
        "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\"/>");
  CHECK(!brings("<p/>", "<xsl:import href=\"middle.xsl\"/>"));
}
TEST(Render, GoesByTheTemplateNotByTheTextsOfEncoders) {
  write("web/copy.xsl",
        sheet("<xsl:output method=\"html\"/>", "<body><xsl:copy-of select=\"//script\"/></body>"));
  auto page = renderer.render(TemplateRoot::kWeb, web(), "copy.xsl",
                              "<icestats><script>1</script></icestats>");
  CHECK(page.has_value());
  CHECK(page->body.find("<script>") != std::string::npos);
  CHECK(!page->brings_its_own);
}
TEST(Render, NeverLeavesTheRoot) {
  write("secret.xsl", sheet(kText, "secret"));
  for (const std::string name : {"../secret.xsl", "x/../../secret.xsl", "/etc/passwd", "", ".",
                                 "..", "a//b.xsl", "./status.xsl"})
    CHECK(failure(name) == Error::Code::kDenied);
  CHECK(failure(std::string("status.xsl\0.png", 15)) == Error::Code::kDenied);
}
TEST(Render, ReportsWhatIsWrongWithATemplate) {
  write("web/broken.xsl", "<xsl:stylesheet");
  CHECK(failure("broken.xsl") == Error::Code::kInvalid);
  write("web/plain.xsl", "<html/>");
  CHECK(failure("plain.xsl") == Error::Code::kInvalid);
  write("web/badxpath.xsl", sheet(kText, "<xsl:value-of select=\"][\"/>"));
  CHECK(failure("badxpath.xsl") == Error::Code::kInvalid);
  write("web/empty.xsl", "");
  CHECK(failure("empty.xsl") == Error::Code::kInvalid);
  LONGS_EQUAL(0, renderer.cached());
}
TEST(Render, StopsWhenATemplateStops) {
  write("web/stop.xsl", sheet(kText, "<xsl:message terminate=\"yes\">no more</xsl:message>"));
  auto page = render("stop.xsl");
  CHECK(!page.has_value());
  CHECK(page.error().what.find("no more") != std::string::npos);
}
TEST(Render, SurvivesATemplateThatCallsItselfForever) {
  write("web/loop.xsl", sheet(kText, "<xsl:call-template name=\"x\"/>",
                              "<xsl:template name=\"x\"><xsl:call-template name=\"x\"/>"
                              "</xsl:template>"));
  CHECK(failure("loop.xsl") == Error::Code::kInvalid);
}
TEST(Render, ReportsThatADocumentIsNoXml) {
  write("web/a.xsl", sheet(kText, "one"));
  auto page = renderer.render(TemplateRoot::kWeb, web(), "a.xsl", "<icestats>");
  CHECK(!page.has_value());
  CHECK(!renderer.render(TemplateRoot::kWeb, web(), "a.xsl", "").has_value());
  STRCMP_EQUAL("one", body("a.xsl").c_str());
}
TEST(Render, ReadsRegularFilesOnly) {
  fs::create_directory(directory / "web/dir.xsl");
  CHECK(failure("dir.xsl") == Error::Code::kIo);
  LONGS_EQUAL(0, ::mkfifo((directory / "web/fifo.xsl").c_str(), 0600));
  CHECK(failure("fifo.xsl") == Error::Code::kIo);
}
TEST(Render, RefusesATemplateThatIsTooLarge) {
  write("web/large.xsl", sheet(kText, std::string(XsltRenderer::kMaxTemplateBytes, 'x')));
  CHECK(failure("large.xsl") == Error::Code::kLimit);
}

TEST(Render, ImportsFromItsRootOnly) {
  write("web/sub/part.xsl", sheet("", "part"));
  write("outside.xsl", sheet("", "outside"));
  const auto importing = [](const std::string& href) {
    return "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\">"
           "<xsl:import href=\"" +
           href + "\"/><xsl:output method=\"text\"/></xsl:stylesheet>";
  };
  write("web/good.xsl", importing("sub/part.xsl"));
  STRCMP_EQUAL("part", body("good.xsl").c_str());
  for (const std::string& href :
       {std::string("../outside.xsl"), "file://" + (directory / "outside.xsl").string(),
        (directory / "outside.xsl").string(), std::string("%2e%2e/outside.xsl"),
        std::string("http://127.0.0.1:9/x.xsl")}) {
    write("web/bad.xsl", importing(href));
    CHECK_TEXT(failure("bad.xsl") == Error::Code::kInvalid, href.c_str());
  }
}
TEST(Render, ImportsUnderAPathWithSpaces) {
  fs::create_directory(directory / "my web");
  write("my web/part.xsl", sheet("", "part"));
  write("my web/a.xsl",
        "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" "
        "version=\"1.0\"><xsl:include href=\"part.xsl\"/>"
        "<xsl:output method=\"text\"/></xsl:stylesheet>");
  auto page =
      renderer.render(TemplateRoot::kWeb, (directory / "my web").string(), "a.xsl", kDocument);
  CHECK(page.has_value());
  STRCMP_EQUAL("part", page->body.c_str());
}
TEST(Render, OpensDocumentsOfItsRootOnly) {
  write("web/data.xml", "<d>inside</d>");
  write("outside.xml", "<d>outside</d>");
  write("web/in.xsl", sheet(kText, "<xsl:value-of select=\"document('data.xml')\"/>"));
  STRCMP_EQUAL("inside", body("in.xsl").c_str());
  write("web/out.xsl", sheet(kText, "[<xsl:value-of select=\"document('../outside.xml')\"/>]"));
  CHECK(body("out.xsl") != "[outside]");
}
TEST(Render, LoadsNoEntityFromAnotherFile) {
  write("web/secret.txt", "secret");
  write("web/entity.xsl",
        "<!DOCTYPE x [<!ENTITY e SYSTEM \"" + web() + "/secret.txt\">]>" + sheet(kText, "[&e;]"));
  CHECK(body("entity.xsl") != "[secret]");
}
TEST(Render, WritesNoFile) {
  const std::string target = (directory / "written.txt").string();
  write("web/write.xsl",
        "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\" "
        "xmlns:exsl=\"http://exslt.org/common\" extension-element-prefixes=\"exsl\">"
        "<xsl:output method=\"text\"/><xsl:template match=\"/\">ran"
        "<exsl:document href=\"" +
            target +
            "\" method=\"text\">x</exsl:document>"
            "</xsl:template></xsl:stylesheet>");
  static_cast<void>(render("write.xsl"));
  CHECK(!fs::exists(target));
}

TEST(Render, RenderersInTwoThreadsHearTheirOwnErrorsOnly) {
  for (const char* name : {"left", "right"})
    write(std::string("web/") + name + ".xsl",
          sheet(kText, "<xsl:message terminate=\"yes\">the fault of " + std::string(name) +
                           "</xsl:message>"));
  bool mixed[2] = {false, false};
  const auto work = [&](const char* own, const char* other, bool& wrong) {
    XsltRenderer one;
    for (int i = 0; i < 500; ++i) {
      const auto page = one.render(TemplateRoot::kWeb, web(), std::string(own) + ".xsl", kDocument);
      const std::string said = page ? std::string() : page.error().what;
      if (said.find(std::string("the fault of ") + own) == said.npos ||
          said.find(other) != said.npos)
        wrong = true;
    }
  };
  std::thread left([&] { work("left", "right", mixed[0]); });
  std::thread right([&] { work("right", "left", mixed[1]); });
  left.join();
  right.join();
  CHECK(!mixed[0] && !mixed[1]);
}
