// The present titles for listeners' pages and apps: the addresses of /api/v1/now and AzuraCast's,
// as pages of the PageCache.  Like status-json.xsl they show no hidden mount and no address of a
// listener.
//
//   /api/v1/now                     all streams that are shown, short
//   /api/v1/now/MOUNT?history=N     one, with the titles before; also station:ID
//   /api/v1/now/MOUNT/place?wall=MS  the byte of a moment: NowStage
//   /api/v1/now/MOUNT/art           redirects to the present picture: NowStage
//   /api/v1/now/MOUNT/events         its changes: now_feed_stage()
//   /api/nowplaying, /api/nowplaying/ID, /api/nowplaying_static/ID.json   AzuraCast's
//   /api/stations, /api/station/ID
//
// ID is the name of a station, or the number that SHOUTcast's pages have for it.
//
// Thread: now_page_ask() any; now_page() "pages".
// Source of the shapes: admin/feed/now_json.h, admin/feed/azuracast_json.h.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "admin/feed/now_json.h"
#include "base/result.h"

namespace lb {

struct Config;
struct ListenersElsewhere;
struct PageAsk;
struct RenderedPage;
struct Services;
struct StatsDocument;

// Why an address has no answer.
struct NowFault {
  int status = 404;
  std::string text;
};

bool is_now_path(std::string_view path);
std::variant<PageAsk, NowFault> now_page_ask(const Services& services, const std::string& path,
                                             const std::string& query);
// The mount of /api/v1/now/MOUNT/place; nullopt: another address, or no shown stream.
std::optional<std::string> place_path_mount(const Services& services, const std::string& path);
// The mount of /api/v1/now/MOUNT/art, likewise.
std::optional<std::string> art_path_mount(const Services& services, const std::string& path);
// The path of the present title's or the station's picture; "": none.  Any thread.
std::string present_art(const Services& services, const std::string& mount);
// The mount of /api/v1/now/MOUNT/events, likewise.
std::optional<std::string> feed_path_mount(const Services& services, const std::string& path);
// A stream that is gone counts as off the air.
// Thread: "pages".
NowMount now_of(const Services& services, const ListenersElsewhere& elsewhere,
                const std::string& mount, unsigned titles);
// nullopt: not one of these pages.
std::optional<Result<RenderedPage>> now_page(const Services& services, const PageAsk& ask,
                                             const Config& config, const StatsDocument& document);

}  // namespace lb
