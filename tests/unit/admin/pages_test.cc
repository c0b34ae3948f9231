// Our pages and Icecast's stock templates, on the documents that the commands make.
#include <libxml/parser.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "admin/fake_station.h"
#include "admin/page/render.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr const char* kStock = "/usr/share/icecast2";

struct Page {
  TemplateRoot root;
  std::string name;
  std::string document;
};

// Every template of Icecast with a document of ours; texts hold `odd`.
std::vector<Page> pages(int sources, const std::string& odd) {
  FakeStation station;
  station.document = sample_stats(sources);
  for (StatsSource& source : station.document.sources) {
    source.fields["title"] = odd;
    source.fields["server_name"] = odd;
    source.fields["server_description"] = odd;
    source.fields["server_url"] = "javascript:alert(document.domain)";
    MountRow row;
    row.mount = source.mount;
    row.fallback = odd;
    row.content_type = "audio/mpeg";
    row.connected_seconds = 93784;
    row.listeners = 2;
    station.rows.push_back(row);
  }
  station.states["/a.mp3"] = MountState::kRunning;
  for (std::uint64_t id = 1; id <= static_cast<std::uint64_t>(sources); ++id) {
    ListenerRow row;
    row.id = id;
    row.address = "192.0.2.1";
    row.agent = row.user = row.referer = odd;
    station.listeners["/a.mp3"].push_back(row);
    station.users_answer.users.push_back(odd);
  }
  const std::string stats = stats_xml(station.document, {});
  std::vector<Page> out;
  for (const char* name : {"status.xsl", "server_version.xsl", "auth.xsl"})
    out.push_back({TemplateRoot::kWeb, name, stats});
  for (const char* name : {"xspf.xsl", "vclt.xsl"})
    out.push_back({TemplateRoot::kAdmin, name, stats});
  for (const char* target :
       {"/admin/stats.xsl", "/admin/listmounts.xsl", "/admin/listclients.xsl?mount=/a.mp3",
        "/admin/moveclients.xsl?mount=/a.mp3", "/admin/updatemetadata.xsl?mount=/a.mp3",
        "/admin/manageauth.xsl?mount=/a.mp3", "/admin/killsource.xsl?mount=/a.mp3"}) {
    const AdminAnswer answer = ask(station, target);
    out.push_back({TemplateRoot::kAdmin, answer.template_name, answer.body});
  }
  return out;
}

bool well_formed(const std::string& xml) {
  xmlDocPtr doc = xmlReadMemory(xml.data(), static_cast<int>(xml.size()), nullptr, nullptr,
                                XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET);
  xmlFreeDoc(doc);
  return doc != nullptr;
}

bool is_page_of_markup(const std::string& type) {
  return type.find("text/html") == 0 || type.find("xml") != std::string::npos;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Renders all pages with the templates below `share` ("": the built-in ones).
void check_all(const std::string& share) {
  XsltRenderer renderer;
  for (const int sources : {0, 1, 3}) {
    for (const std::string& odd : hostile_texts()) {
      for (const Page& page : pages(sources, odd)) {
        const char* folder = page.root == TemplateRoot::kWeb ? "/web" : "/admin";
        auto made = renderer.render(page.root, share.empty() ? "" : share + folder, page.name,
                                    page.document);
        CHECK_TEXT(made.has_value(), page.name.c_str());
        CHECK_TEXT(!is_page_of_markup(made->content_type) || well_formed(made->body),
                   page.name.c_str());
        CHECK_TEXT(!made->brings_its_own, page.name.c_str());
        for (const char* bad : {"<script>alert", "<img src=x", "href=\"javascript:"})
          CHECK_TEXT(!has(made->body, bad) || page.name == "vclt.xsl", page.name.c_str());
      }
    }
  }
}

}  // namespace

TEST_GROUP(Pages) {
  XsltRenderer renderer;
  std::string page(TemplateRoot root, const std::string& name, const std::string& document) {
    auto made = renderer.render(root, "", name, document);
    CHECK_TEXT(made.has_value(), name.c_str());
    content_type = made->content_type;
    return made->body;
  }
  std::string web(const std::string& name, const StatsDocument& document) {
    return page(TemplateRoot::kWeb, name, stats_xml(document, {}));
  }
  std::string content_type;
};

TEST(Pages, OfOursTakeEveryDocument) { check_all(""); }
TEST(Pages, OfIcecastTakeEveryDocument) {
  if (!std::filesystem::exists(kStock)) {
    UT_PRINT("skipped: no stock templates in /usr/share/icecast2");
    return;
  }
  check_all(kStock);
}
TEST(Pages, AreWithoutScriptsAndInlineStyles) {
  for (const Page& p : pages(3, "x")) {
    const std::string body = page(p.root, p.name, p.document);
    for (const char* bad : {"<script", " style=", " onclick", " onload", "<style", "javascript:"})
      CHECK_TEXT(!has(body, bad), p.name.c_str());
  }
}
TEST(Pages, AreHtmlInUtf8) {
  for (const char* name : {"status.xsl", "server_version.xsl", "auth.xsl"}) {
    const std::string body = web(name, sample_stats(1));
    STRCMP_EQUAL("text/html; charset=UTF-8", content_type.c_str());
    CHECK(has(body, "<html"));
    CHECK(!has(body, "<?xml"));
  }
}
TEST(Pages, ShowTheStatusOfEveryMount) {
  const std::string body = web("status.xsl", sample_stats(3));
  for (const char* text :
       {"Icecast", "Mount Point /a.mp3", "Station of /a.mp3", "href=\"/a.mp3.m3u\"",
        "href=\"/a.mp3.xspf\"", "http://127.0.0.1:8000/a.mp3", "Artist - Song",
        "<audio controls=\"controls\" preload=\"none\" aria-label=\"Player of Station of /a.mp3\" "
        "src=\"/a.mp3\"></audio>",
        "Listeners (current):", "href=\"http://station.example/\"", "Mount Point /b &amp; c.mp3",
        "href=\"/b%20%26%20c.mp3.m3u\"", "href=\"/d%22%3Ce%3E.mp3.xspf\""})
    CHECK_TEXT(has(body, text), text);
}
TEST(Pages, ShowThatNothingIsOnTheAir) {
  CHECK(has(web("status.xsl", sample_stats(0)), "No stream is on the air"));
}
TEST(Pages, PutArtistBeforeTitle) {
  StatsDocument document = sample_stats(1);
  document.sources[0].fields["artist"] = "Fixture Artist";
  document.sources[0].fields["title"] = "Fixture Title";
  CHECK(has(web("status.xsl", document), "Fixture Artist - Fixture Title"));
}
TEST(Pages, OfferALoginInsteadOfAPlayerWhereAPasswordIsNeeded) {
  StatsDocument document = sample_stats(1);
  document.sources[0].fields["authenticator"] = "htpasswd";
  const std::string status = web("status.xsl", document);
  CHECK(has(status, "href=\"/auth.xsl\""));
  CHECK(!has(status, "<audio"));
  const std::string login = web("auth.xsl", document);
  CHECK(has(login, "action=\"/admin/buildm3u\""));
  CHECK(has(login, "name=\"mount\" value=\"/a.mp3\""));
  CHECK(has(web("auth.xsl", sample_stats(1)), "No stream asks for a password"));
}
TEST(Pages, PlayVideosAsVideos) {
  StatsDocument document = sample_stats(1);
  document.sources[0].fields["server_type"] = "video/webm";
  CHECK(has(web("status.xsl", document), "<video controls=\"controls\""));
  document.sources[0].fields["server_type"] = "application/octet-stream";
  CHECK(!has(web("status.xsl", document), "controls"));
}
TEST(Pages, ShowAMountThatHasNoSource) {
  StatsDocument document;
  document.sources.push_back({"/off.mp3", false, false, {}});
  CHECK(has(web("status.xsl", document), "/off.mp3 - Not Connected"));
}

TEST(Pages, OfTheAdminCarryTheTextsThatToolsSearchFor) {
  const auto all = pages(3, "odd");
  const auto body_of = [&](const char* name) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Page& p) { return p.name == name; });
    return page(found->root, found->name, found->document);
  };
  for (const char* name : {"stats.xsl", "listmounts.xsl", "listclients.xsl", "moveclients.xsl",
                           "updatemetadata.xsl", "manageauth.xsl", "response.xsl"}) {
    const std::string body = body_of(name);
    CHECK_TEXT(has(body, "<html") && has(body, "Icecast2 Admin"), name);
    STRCMP_EQUAL("text/html; charset=UTF-8", content_type.c_str());
  }
  CHECK(has(body_of("response.xsl"), "Message: Source Removed"));
  CHECK(has(body_of("response.xsl"), "Return Code: 1"));
  CHECK(has(body_of("listmounts.xsl"), "listclients.xsl?mount=/a.mp3"));
  CHECK(has(body_of("listmounts.xsl"), "listclients.xsl?mount=/b%20%26%20c.mp3"));
  CHECK(has(body_of("listmounts.xsl"), "1 d 2 h"));
  CHECK(has(body_of("updatemetadata.xsl"), "action=\"metadata.xsl\""));
  CHECK(has(body_of("updatemetadata.xsl"), "value=\"/a.mp3\""));
  CHECK(has(body_of("listclients.xsl"), "name=\"id\" value=\"3\""));
  CHECK(has(body_of("moveclients.xsl"), "name=\"destination\" value=\"/b &amp; c.mp3\""));
  CHECK(has(body_of("manageauth.xsl"), "name=\"action\" value=\"delete\""));
  CHECK(has(body_of("stats.xsl"), "server_start_iso8601"));
}
TEST(Pages, OfTheAdminChangeThingsByPostOnly) {
  for (const Page& p : pages(3, "x")) {
    const std::string body = page(p.root, p.name, p.document);
    for (const char* action : {"killsource.xsl", "killclient.xsl", "metadata.xsl", "destination="})
      CHECK_TEXT(!has(body, std::string("href=\"") + action), p.name.c_str());
    CHECK_TEXT(!has(body, "method=\"get\""), p.name.c_str());
  }
}

TEST(Pages, GiveTheLineOfShoutcastsSevenHtml) {
  StatsDocument document = sample_stats(1);
  document.sources[0].fields["title"] = "A, B - C";
  STRCMP_EQUAL("<pre>1,1,2,0,1,128,A  B - C</pre>\n", web("compat/7.xsl", document).c_str());
  STRCMP_EQUAL("text/html; charset=UTF-8", content_type.c_str());
  STRCMP_EQUAL("<pre>0,0,0,0,0,,</pre>\n", web("compat/7.xsl", sample_stats(0)).c_str());
  STRCMP_EQUAL("<pre>3,1,6,0,3,128,Artist - Song</pre>\n",
               web("compat/7.xsl", sample_stats(3)).c_str());
}
TEST(Pages, KeepSixCommasWhateverTheTitle) {
  for (const std::string& odd : hostile_texts()) {
    StatsDocument document = sample_stats(1);
    document.sources[0].fields["title"] = odd + ",";
    document.sources[0].fields["artist"] = "x," + odd;
    document.sources[0].fields["bitrate"] = "1,2";
    const std::string line = web("compat/7.xsl", document);
    LONGS_EQUAL(6, std::count(line.begin(), line.end(), ','));
    CHECK(line.rfind("<pre>1,", 0) == 0);
  }
}
TEST(Pages, WritePlaylists) {
  StatsDocument document = sample_stats(1);
  document.sources[0].fields["artist"] = "Fixture Artist";
  document.sources[0].fields["title"] = "Fixture Title";
  document.sources[0].fields["server_type"] = "application/ogg";
  document.sources[0].fields["subtype"] = "Vorbis";
  const std::string stats = stats_xml(document, {});
  STRCMP_EQUAL(
      "STREAMURL=http://127.0.0.1:8000/a.mp3\nARTIST=Fixture Artist\nTITLE=Fixture Title\n"
      "SERVER_NAME=Station of /a.mp3\nDESCRIPTION=All of it\nSIGNALINFO=codec:ogg_vorbis\n"
      "GENRE=Rock & Roll\n==\n",
      page(TemplateRoot::kAdmin, "vclt.xsl", stats).c_str());
  STRCMP_EQUAL("audio/x-vclt; charset=UTF-8", content_type.c_str());
  const std::string xspf = page(TemplateRoot::kAdmin, "xspf.xsl", stats);
  STRCMP_EQUAL("application/xspf+xml; charset=UTF-8", content_type.c_str());
  for (const char* text : {"<playlist xmlns=\"http://xspf.org/ns/0/\" version=\"1\">",
                           "<location>http://127.0.0.1:8000/a.mp3</location>",
                           "<title>Fixture Title</title>", "Stream Title: Station of /a.mp3",
                           "Content Type:application/ogg", "<info>http://station.example/</info>"})
    CHECK_TEXT(has(xspf, text), text);
  CHECK(has(page(TemplateRoot::kAdmin, "xspf.xsl", stats_xml({}, {})), "<trackList/>"));
}
