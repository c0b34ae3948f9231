#include "admin/page/shoutcast_pages.h"

#include <algorithm>

#include "admin/page/text.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/json.h"

namespace lb {
namespace {

std::uint64_t played_at(WallTime at) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, unix_seconds(at)));
}

constexpr std::string_view kFurtherGenres[] = {"2", "3", "4", "5"};

// The common start of both documents; distinct: the document's name for distinct listeners.
void write_audience(XmlWriter& xml, const ShoutcastStream& stream, std::string_view distinct) {
  xml.element("CURRENTLISTENERS", stream.listeners);
  xml.element("PEAKLISTENERS", stream.peak);
  xml.element("MAXLISTENERS", stream.most);
  xml.element(distinct, stream.listeners);
  xml.element("AVERAGETIME", std::uint64_t{0});
  xml.element("SERVERGENRE", stream.genre);
}

void write_names(XmlWriter& xml, const ShoutcastStream& stream) {
  xml.element("SERVERURL", stream.url);
  xml.element("SERVERTITLE", stream.name);
  xml.element("SONGTITLE", stream.title);
}

void write_song_history(XmlWriter& xml, const std::vector<PlayedTitle>& played) {
  xml.open("SONGHISTORY");
  for (const PlayedTitle& one : played) {
    xml.open("SONG");
    xml.element("PLAYEDAT", played_at(one.at));
    xml.element("TITLE", one.title);
    xml.close();
  }
  xml.close();
}

}  // namespace

std::string shoutcast_7_html(const ShoutcastStream& stream) {
  const auto number = [](std::uint64_t value) { return cat({value, ","}); };
  std::string out = "<html><head><meta http-equiv=\"Pragma\" content=\"no-cache\"></head><body>";
  out += number(stream.listeners) + number(stream.on_air ? 1 : 0) + number(stream.peak) +
         number(stream.most) + number(stream.listeners);
  append_text(out, stream.bitrate.empty() ? "0" : stream.bitrate, Escape::kXml);
  out += ",";
  append_text(out, stream.title, Escape::kXml);
  return out + "</body></html>";
}

std::string shoutcast_stats_xml(const ShoutcastStream& stream) {
  XmlWriter xml;
  xml.open("SHOUTCASTSERVER");
  write_audience(xml, stream, "UNIQUELISTENERS");
  for (const std::string_view number : kFurtherGenres)
    xml.element(cat({"SERVERGENRE", number}), "");
  write_names(xml, stream);
  xml.element("STREAMHITS", stream.hits);
  xml.element("STREAMSTATUS", std::uint64_t{stream.on_air});
  xml.element("BACKUPSTATUS", std::uint64_t{0});
  xml.element("STREAMLISTED", std::uint64_t{stream.listed});
  xml.element("STREAMPATH", stream.mount);
  xml.element("STREAMUPTIME", stream.uptime_seconds);
  xml.element("BITRATE", stream.bitrate.empty() ? "0" : stream.bitrate);
  xml.element("SAMPLERATE", stream.samplerate);
  xml.element("CONTENT", stream.content_type);
  xml.element("VERSION", stream.version);
  return std::move(xml).finish();
}

std::string shoutcast_view_xml(const ShoutcastStream& stream,
                               const std::vector<ShoutcastListener>& listeners,
                               const std::vector<PlayedTitle>& played) {
  XmlWriter xml;
  xml.open("SHOUTCASTSERVER");
  write_audience(xml, stream, "REPORTEDLISTENERS");
  write_names(xml, stream);
  for (const std::string_view none : {"SONGURL", "IRC", "ICQ", "AIM"}) xml.element(none, "");
  xml.element("WEBHITS", std::uint64_t{0});
  xml.element("STREAMHITS", stream.hits);
  xml.element("STREAMSTATUS", std::uint64_t{stream.on_air});
  xml.element("BITRATE", stream.bitrate.empty() ? "0" : stream.bitrate);
  xml.element("CONTENT", stream.content_type);
  xml.element("VERSION", stream.version);
  xml.open("LISTENERS");
  for (const ShoutcastListener& one : listeners) {
    xml.open("LISTENER");
    xml.element("HOSTNAME", one.address);
    xml.element("USERAGENT", one.agent);
    xml.element("UNDERRUNS", std::uint64_t{0});
    xml.element("CONNECTTIME", one.seconds);
    xml.element("POINTER", std::uint64_t{0});
    xml.element("UID", one.id);
    xml.close();
  }
  xml.close();
  write_song_history(xml, played);
  return std::move(xml).finish();
}

std::string shoutcast_stats_json(const ShoutcastStream& stream) {
  JsonWriter json;
  json.begin_object();
  json.key("currentlisteners").number(stream.listeners);
  json.key("peaklisteners").number(stream.peak);
  json.key("maxlisteners").number(stream.most);
  json.key("uniquelisteners").number(stream.listeners);
  json.key("averagetime").number(0);
  json.key("servergenre").text(stream.genre);
  for (const std::string_view number : kFurtherGenres)
    json.key(cat({"servergenre", number})).text("");
  json.key("serverurl").text(stream.url);
  json.key("servertitle").text(stream.name);
  json.key("songtitle").text(stream.title);
  json.key("streamhits").number(stream.hits);
  json.key("streamstatus").number(stream.on_air ? 1 : 0);
  json.key("backupstatus").number(0);
  json.key("streamlisted").number(stream.listed ? 1 : 0);
  json.key("streampath").text(stream.mount);
  json.key("streamuptime").number(stream.uptime_seconds);
  json.key("bitrate").text(stream.bitrate.empty() ? "0" : stream.bitrate);
  json.key("samplerate").text(stream.samplerate);
  json.key("content").text(stream.content_type);
  json.key("version").text(stream.version);
  json.end_object();
  return json.take();
}

std::string shoutcast_played_xml(const std::vector<PlayedTitle>& played) {
  XmlWriter xml;
  xml.open("SHOUTCASTSERVER");
  write_song_history(xml, played);
  return std::move(xml).finish();
}

std::string shoutcast_played_json(const std::vector<PlayedTitle>& played) {
  JsonWriter json;
  json.begin_array();
  for (const PlayedTitle& one : played) {
    json.begin_object();
    json.key("playedat").number(played_at(one.at));
    json.key("title").text(one.title);
    json.end_object();
  }
  json.end_array();
  return json.take();
}

std::string history_xml(const std::vector<MountHistory>& mounts) {
  XmlWriter xml;
  xml.open("history");
  for (const MountHistory& mount : mounts) {
    xml.open("source", "mount", mount.mount);
    if (!mount.name.empty()) xml.element("server_name", mount.name);
    for (const PlayedTitle& one : mount.played) {
      xml.open("played");
      xml.element("at", utc_text(one.at, UtcForm::kSecond));
      xml.element("clock", local_text(one.at, "%H:%M:%S"));
      xml.element("title", one.title);
      xml.close();
    }
    xml.close();
  }
  return std::move(xml).finish();
}

std::string history_json(const std::vector<MountHistory>& mounts) {
  JsonWriter json;
  json.begin_object();
  json.key("history").begin_array();
  for (const MountHistory& mount : mounts) {
    json.begin_object();
    json.key("mount").text(mount.mount);
    json.key("played").begin_array();
    for (const PlayedTitle& one : mount.played) {
      json.begin_object();
      json.key("title").text(one.title);
      json.key("at").text(utc_text(one.at, UtcForm::kSecond));
      json.key("unix").number(played_at(one.at));
      json.end_object();
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace lb
