// Commands about a mount and its title, and Shoutcast's /admin.cgi.
#include "admin/command/command_task.h"
#include "admin/command/mount_list.h"
#include "admin/page/text.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "media/metadata.h"

namespace lb {
namespace {

constexpr std::string_view kTitleSet = "Metadata update successful";
constexpr std::string_view kNoTitles = "Mountpoint will not accept URL updates";

// The details of a song beside its title, with the bounds of the API.  Invalid values are left out,
// because Icecast ignores invalid parameters.
SongDetails song_details(const AdminTask& task) {
  const std::string charset = task.param("charset").value_or("UTF-8");
  const auto text = [&](std::string_view name, std::size_t most) {
    std::string utf8 = clean_utf8(convert_charset(task.param(name).value_or(""), charset, "UTF-8"));
    return utf8.size() <= most ? utf8 : std::string();
  };
  SongDetails details;
  details.album = text("album", SongDetails::kLongestTitle);
  details.isrc = isrc_of(task.param("isrc").value_or("")).value_or("");
  details.label = text("label", SongDetails::kLongestFact);
  details.label_code = text("label-code", SongDetails::kLongestFact);
  details.composer = text("composer", SongDetails::kLongestFact);
  const auto seconds = parse_u64(task.param("duration").value_or(""));
  if (seconds && *seconds <= SongDetails::kLongestMs / 1000)
    details.duration_ms = static_cast<std::int64_t>(*seconds) * 1000;
  return details;
}

// song= wins over artist= and title=, which count only together (Icecast's rule).
TitleRequest title_request(const AdminTask& task) {
  TitleRequest request;
  request.song = task.param("song");
  if (!request.song) {
    auto artist = task.param("artist");
    auto title = task.param("title");
    if (artist && title) {
      request.artist = std::move(artist);
      request.title = std::move(title);
    }
  }
  request.details = song_details(task);
  request.url = task.param("url");
  request.charset = task.param("charset").value_or("");
  request.encoder = task.request.encoder;
  const bool source_on_raw =
      task.request.role == AdminRole::kSource && task.lookup.format == AdminFormat::kRaw;
  if (source_on_raw) request.only_from_ip = task.request.peer_ip;
  return request;
}

// The text of Icecast's refusal of an /admin.cgi request by a known user, or "".
std::string_view cgi_problem(const AdminTask& task) {
  const MountState state = task.station->state_of(task.mount);
  if (state == MountState::kUnknown) return "Source does not exist";
  if (state != MountState::kRunning) return "Source is not available";
  if (!task.station->fed_by_shoutcast(task.mount)) return "illegal metadata call";
  const auto mode = task.param("mode");
  if (!mode || !task.param("song")) return "Missing parameter";
  return *mode == "updinfo" ? "" : "No such action";
}

// The message for the administrator; code 0 if listeners that should have moved stayed.
struct MoveWords {
  std::string message;
  int code = 1;
};
MoveWords move_words(const std::string& from, const std::string& to, const MoveOffer& offer,
                     const MoveOutcome& outcome) {
  const std::uint64_t moved = outcome.moved;
  const std::string none = cat({"No listener was moved from ", from, " to ", to, ": "});
  if (!offer.possible)
    return {cat({none, from, " is ", offer.from_type, " and ", to, " is ", offer.to_type,
                 ", and a player cannot change its format"}),
            0};
  if (offer.listeners == 0) return {none + "there is none"};
  if (!outcome.why.empty())
    return {moved == 0 ? none + outcome.why
                       : cat({moved, " clients moved from ", from, " to ", to,
                              ", others not: ", outcome.why}),
            moved == 0 ? 0 : 1};
  if (moved == 0)
    return {none + "they have gone, or another server's stream is passed on to them as it is", 0};
  if (moved < offer.listeners)
    return {cat({moved, " of ", offer.listeners, " clients moved from ", from, " to ", to})};
  return {cat({"Clients moved from ", from, " to ", to})};  // the same words as Icecast's
}

void respond_moved(AdminTask task, const std::string& to, const MoveOffer& offer,
                   const MoveOutcome& outcome) {
  const MoveWords words = move_words(task.mount, to, offer, outcome);
  XmlWriter xml;
  xml.open("iceresponse");
  xml.element("message", words.message);
  xml.element("return", static_cast<std::uint64_t>(words.code));
  xml.element("moved", outcome.moved);
  task.send(std::move(xml).finish(), "response.xsl");
}

// SHOUTcast panels poll this document; only administrators see addresses of listeners.
void answer_viewxml(AdminTask task) {
  Station& station = *task.station;
  const auto send = [](AdminTask& asked, const std::vector<ShoutcastListener>& listeners) {
    const Station::ShoutcastSight sight = asked.station->shoutcast_sight(asked.mount);
    AdminAnswer answer;
    answer.content_type = "text/xml; charset=UTF-8";
    answer.body = shoutcast_view_xml(sight.stream, listeners, sight.played);
    asked.done(std::move(answer));
  };
  if (task.request.role != AdminRole::kAdmin) return send(task, {});
  const std::string mount = task.mount;
  station.listeners_of(mount, [task = std::move(task), send](Result<MountListeners> found) mutable {
    if (!found) return task.done(admin_error(503, found.error().what));
    std::vector<ShoutcastListener> listeners;
    for (ListenerRow& row : found->rows)
      listeners.push_back({std::move(row.address), std::move(row.agent), row.id, row.seconds});
    send(task, listeners);
  });
}

}  // namespace

// id= names one encoder of the mount: the writer or a standby.
void run_killsource(AdminTask task) {
  Station& station = *task.station;
  const std::string mount = task.mount;
  if (const auto text = task.param("id")) {
    const std::uint64_t id = parse_u64(*text).value_or(0);  // no encoder has the id 0
    return station.kill_encoder(
        mount, id, [task = std::move(task), id](const OrderOutcome& outcome) mutable {
          task.respond(cat({"Source ", id, result_words(outcome)}), outcome.done ? 1 : 0);
        });
  }
  station.kill_source(mount, [task = std::move(task)](const OrderOutcome& outcome) mutable {
    if (outcome.why.empty()) return task.respond("Source Removed", 1);
    task.respond(cat({"Source", result_words(outcome)}), 0);
  });
}

void run_moveclients(AdminTask task) {
  Station& station = *task.station;
  const std::string from = task.mount;
  const auto to = task.param("destination");
  if (!to) {
    return station.mounts([task = std::move(task)](Result<std::vector<MountRow>> rows) mutable {
      if (!rows) return task.done(admin_error(503, rows.error().what));
      std::erase_if(*rows, [&task](const MountRow& row) {
        return !task.owns(row.mount) || !task.station->move_offer(task.mount, row.mount).possible;
      });
      task.send(mount_list_xml(std::move(*rows), task.mount), "moveclients.xsl");
    });
  }
  MoveOffer offer = station.move_offer(from, *to);
  if (offer.to.empty()) return task.fail("No such destination");
  if (offer.to == from) return task.fail("supplied mountpoints are identical");
  if (station.state_of(offer.to) == MountState::kStopped)
    return task.fail("Destination not running");
  if (!offer.possible || offer.listeners == 0)
    return respond_moved(std::move(task), *to, offer, {});
  const std::string plays = offer.to;
  station.move_listeners(from, plays,
                         [task = std::move(task), to = *to,
                          offer = std::move(offer)](const MoveOutcome& outcome) mutable {
                           respond_moved(std::move(task), to, offer, outcome);
                         });
}

void run_fallbacks(AdminTask task) {
  const auto fallback = task.param("fallback");
  if (!fallback) return task.fail("Missing parameter");
  Station& station = *task.station;
  const std::string mount = task.mount, to = *fallback;
  station.set_fallback(mount, to, [task = std::move(task)](const std::string& why) mutable {
    task.done(admin_success_page(why.empty() ? "Fallback configured"
                                             : cat({"Fallback configured, but not at ", why})));
  });
}

void run_metadata(AdminTask task) {
  const auto mode = task.param("mode");
  if (!mode) return task.fail("Missing parameter");
  if (*mode != "updinfo") return task.respond("No such action", 0);
  TitleRequest request = title_request(task);
  Station& station = *task.station;
  const std::string mount = task.mount;
  station.set_title(mount, std::move(request),
                    [task = std::move(task)](const TitleOutcome& outcome) mutable {
                      switch (outcome.verdict) {
                        case TitleVerdict::kDone:
                          return task.respond(kTitleSet, 1);
                        case TitleVerdict::kAtNode:
                          return task.respond(cat({"Metadata not updated: ", outcome.why}), 0);
                        case TitleVerdict::kFull:  // only the API returns it
                        case TitleVerdict::kRefused:
                          return task.respond(kNoTitles, 1);  // 1: Icecast's code
                        case TitleVerdict::kNoSource:
                          if (task.station->state_of(task.mount) == MountState::kIdle)
                            return task.respond(kNoTitles, 1);
                          return task.fail("Source is not available");
                      }
                    });
}

void run_updatemetadata(AdminTask task) {
  XmlWriter xml;
  xml.open("icestats");
  xml.empty("source", "mount", task.mount);
  task.send(std::move(xml).finish(), "updatemetadata.xsl");
}

void run_buildm3u(AdminTask task) {
  const auto username = task.param("username");
  const auto password = task.param("password");
  if (!username || !password) return task.fail("Missing parameter");
  AdminAnswer answer;
  answer.content_type = "audio/x-mpegurl";
  answer.extra = "Content-Disposition: attachment; filename=listen.m3u\r\n";
  answer.body = cat({task.request.scheme, "://", percent_encode(*username, false), ":",
                     percent_encode(*password, false), "@", task.request.authority,
                     percent_encode(task.mount, true), "\r\n"});
  task.done(std::move(answer));
}

void answer_admin_cgi(AdminRequest request, std::string mount, Station& station,
                      UniqueFunction<void(AdminAnswer)> done) {
  AdminTask task{std::move(request), {}, std::move(mount), &station, std::move(done)};
  const bool views = task.param("mode") == "viewxml";
  // SHOUTcast's own server takes HTTP's login too, and panels use it.
  const bool has_login = views && task.request.headers.find("authorization") != nullptr;
  if (!task.param("pass") && !has_login) return task.fail("missing pass parameter");
  const AdminRole role = task.request.role;
  if (role != AdminRole::kAdmin && role != AdminRole::kSource)
    return task.done(admin_error(401, ""));
  if (views) return answer_viewxml(std::move(task));
  if (const std::string_view problem = cgi_problem(task); !problem.empty())
    return task.fail(problem);
  TitleRequest title;
  title.song = task.param("song");
  title.url = task.param("url");
  title.charset = task.param("charset").value_or("");
  title.encoder = task.request.encoder;
  if (role == AdminRole::kSource) title.only_from_ip = task.request.peer_ip;
  const std::string to = task.mount;
  station.set_title(to, std::move(title),
                    [task = std::move(task)](const TitleOutcome& outcome) mutable {
                      switch (outcome.verdict) {
                        case TitleVerdict::kDone:
                          return task.done(admin_success_page(kTitleSet));
                        case TitleVerdict::kFull:  // only the API returns it
                        case TitleVerdict::kRefused:
                        case TitleVerdict::kAtNode:  // a Shoutcast source is always on this node
                          return task.fail("mountpoint will not accept URL updates");
                        case TitleVerdict::kNoSource:
                          return task.fail("Source is not available");
                      }
                    });
}

}  // namespace lb
