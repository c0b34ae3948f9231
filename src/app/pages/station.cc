#include "app/pages/station.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/audience/audience_service.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/title_links.h"
#include "app/external/external_service.h"
#include "app/pages/due_titles.h"
#include "app/pages/foreign_pages.h"
#include "app/pages/now_feeds.h"
#include "app/pages/station_stats.h"
#include "app/pages/stats_renderer.h"
#include "app/services/archive_service.h"
#include "app/services/hls_service.h"
#include "app/services/login_service.h"
#include "app/services/mount_fallbacks.h"
#include "app/services/mount_files.h"
#include "app/services/picture_files.h"
#include "app/services/playing_mount.h"
#include "app/services/worker.h"
#include "app/topology/country_watch.h"
#include "app/topology/mount_load.h"
#include "auth/listener/authenticator.h"
#include "auth/listener/authenticators.h"
#include "base/cat.h"
#include "cluster/polling/report_intake.h"
#include "config/settings/config.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

MountState state_of_mount(const Mount& mount) {
  switch (mount.phase()) {
    case MountPhase::kIdle:
      return MountState::kIdle;
    case MountPhase::kRunning:
    case MountPhase::kLingering:
      return MountState::kRunning;
    case MountPhase::kEnded:
      break;
  }
  return MountState::kStopped;
}

// The title for players, from the encoder's request; nullopt: unusable.
std::optional<Metadata> make_title(const TitleRequest& request, const Mount& mount) {
  const bool pair = request.artist && request.title;
  if (!request.song && !pair) return std::nullopt;
  const auto settings = mount.settings();
  const auto facts = mount.facts();
  const std::string song =
      request.song ? *request.song : cat({*request.artist, " - ", *request.title});
  if (facts->plugin->icy_metadata)
    return make_icy_metadata(song, request.url.value_or(""), request.charset, settings->charset);
  // Ogg comments are UTF-8, and without a charset the request is too (Icecast's rule for Vorbis).
  const std::string from = request.charset.empty() ? "UTF-8" : request.charset;
  const auto utf8 = [&from](const std::string& text) {
    return clean_utf8(convert_charset(text, from, "UTF-8"));
  };
  Metadata metadata;
  if (request.song) {
    metadata.title = utf8(*request.song);
  } else {
    metadata.artist = utf8(*request.artist);
    metadata.title = utf8(*request.title);
  }
  return metadata;
}

// The artist in a title that was made of artist and title.
std::string artist_told(const TitleRequest& request, const Metadata& made, const Mount& mount) {
  const std::string artist =
      made.artist.empty()
          ? make_icy_metadata(*request.artist, "", request.charset, mount.settings()->charset).title
          : made.artist;
  return artist_apart(TitleHistory::shown_text(made.song()), artist);
}

std::vector<EncoderRow> encoder_rows(const SourceAdmission& admission, const std::string& mount) {
  std::vector<EncoderRow> rows;
  for (const auto& encoder : admission.encoders_of(mount))
    rows.push_back({encoder.id, encoder.facts->source_ip, encoder.user, encoder.rank.priority,
                    encoder.writes     ? "writes"
                    : encoder.dead_air ? "dead-air"
                    : encoder.flows    ? "flows"
                                       : "silent"});
  return rows;
}

// The encoders that get a title; the first answer counts.  encoder: the login; "": all encoders of
// the mount.
std::vector<SourceAdmission::Encoder> title_targets(const SourceAdmission& admission,
                                                    const SourceAdmission::Writer& writer,
                                                    const std::string& mount,
                                                    const std::string& encoder) {
  std::vector<SourceAdmission::Encoder> all = admission.encoders_of(mount);
  if (all.empty())  // a relay
    all.push_back({{writer.lease, writer.home, {}, {}, writer.mount->facts(), true}, true});
  if (!encoder.empty()) std::erase_if(all, [&](const auto& one) { return one.user != encoder; });
  return all;
}

// The moment of a title that was told late, but not before the one that it follows, if that has
// begun: readers take the newest that has.
std::int64_t moment_of(const std::vector<PlayedTitle>& titles, const std::string& text,
                       std::int64_t at_ms, std::int64_t now_ms) {
  constexpr std::int64_t kShortestMs = 1000;  // so that the two do not begin at one byte
  const bool again = !titles.empty() && titles.front().title == text;
  const std::size_t follows = again ? 1 : 0;
  if (titles.size() <= follows) return at_ms;
  const std::int64_t before_ms = unix_ms(titles[follows].at);
  if (at_ms > before_ms || before_ms >= now_ms) return at_ms;
  return std::min(before_ms + kShortestMs, now_ms);
}

// Gives the title to encoders; the first one's outcome goes to `then`.
void send_title(Services& services, const std::vector<SourceAdmission::Encoder>& targets,
                const Metadata& title, std::optional<std::int64_t> at_ms,
                UniqueFunction<void(TitleOutcome)> then) {
  for (std::size_t i = 1; i < targets.size(); ++i) {
    Worker& home = *services.workers[targets[i].home];
    home.loop.post([&home, id = targets[i].id, title = std::make_shared<Metadata>(title)] {
      home.sources->set_title(id, std::move(*title));
    });
  }
  Worker& home = *services.workers[targets.front().home];
  auto answer = std::make_shared<UniqueFunction<void(TitleOutcome)>>(std::move(then));
  home.loop.post([&services, &home, lease = targets.front().id, at_ms,
                  title = std::make_shared<Metadata>(title), answer] {
    const TitleResult result = home.sources->set_title(lease, std::move(*title), at_ms);
    services.loops.control().post([answer, result] {
      (*answer)(result == TitleResult::kDone ? TitleVerdict::kDone : TitleVerdict::kRefused);
    });
  });
}

// The files that play as fallback and have listeners.
void add_heard_files(const Services& services, std::vector<MountRow>& rows) {
  std::set<std::string> added;
  for (const auto& file : services.mount_files->fallbacks()) {
    if (file->listeners() <= 0 || services.mounts.find(file->name()) ||
        !added.insert(file->name()).second)
      continue;
    MountRow row;
    row.mount = file->name();
    row.content_type = file->facts()->content_type;
    row.listeners = audience_at(*file);
    row.state = MountState::kIdle;
    row.is_file = true;
    rows.push_back(std::move(row));
  }
}

}  // namespace

void ServerStation::print(UniqueFunction<std::string()> make, Then<std::string> then) {
  services_.stats_thread.loop().post([this, make = std::move(make),
                                      then = std::move(then)]() mutable {
    services_.loops.control().post([text = std::exchange(make, {})(),
                                    then = std::move(then)]() mutable { then(std::move(text)); });
  });
}

// One mount is gathered at once; all mounts take many times as long.
void ServerStation::stats_text(std::optional<std::string> mount, Then<std::string> then) {
  if (!mount) return services_.stats_renderer->stats_text(std::move(then));
  const StatsDocument document =
      make_stats(services_, services_.cluster->listeners_elsewhere(mount), mount);
  then(stats_xml(document, {.hidden_too = true, .mount = std::move(mount)}));
}

Station::ShoutcastSight ServerStation::shoutcast_sight(const std::string& mount) {
  const StatsDocument document =
      make_stats(services_, services_.cluster->listeners_elsewhere(mount), mount);
  return {shoutcast_stream(services_, *services_.config.read(), mount, document, true),
          services_.titles.of(mount)};
}

void ServerStation::stats_news(std::shared_ptr<const StatsDocument> since, bool dump_too,
                               Then<StatsNews> then) {
  services_.stats_renderer->stats_news(std::move(since), dump_too, std::move(then));
}

void ServerStation::mounts(Then<Result<std::vector<MountRow>>> then) {
  std::vector<MountRow> rows;
  const SteadyTime now = services_.clock.steady();
  const ListenersElsewhere elsewhere = services_.cluster->listeners_elsewhere();
  for (const auto all = services_.mounts.all(); const auto& [name, mount] : *all) {
    const auto settings = mount->settings();
    const auto facts = mount->facts();
    MountRow row;
    row.mount = name;
    row.fallback = settings->fallback_mount;
    row.authenticator = settings->authenticator.type;
    row.content_type = facts->content_type;
    row.listeners = audience_at(*mount);
    row.relays = static_cast<std::uint64_t>(std::max<std::int64_t>(0, mount->relays()));
    if (elsewhere.counted) {
      row.listeners_local = audience_at(*mount);
      row.listeners = *row.listeners_local + elsewhere.of(name);
    }
    row.state = state_of_mount(*mount);
    if (row.state == MountState::kRunning)
      row.connected_seconds = static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::seconds>(now - facts->started).count());
    row.hidden = settings->hidden;
    if (mount->standbys.load(std::memory_order_relaxed) > 0 || settings->standby_places() > 0)
      row.encoders = encoder_rows(*services_.admission, name);
    rows.push_back(std::move(row));
  }
  // Without those that play a file, as every slave would play its own loop of it without listeners.
  for (const MountSettings& settings :
       mounts_on_fallback(*services_.config.read(), *services_.mounts.all(), nullptr)) {
    MountRow row;
    row.mount = settings.name;
    row.fallback = settings.fallback_mount;
    row.state = MountState::kStopped;
    row.hidden = settings.hidden;
    row.fallback_runs = true;
    rows.push_back(std::move(row));
  }
  for (const auto& mount : services_.archive->off_air()) {
    if (services_.mounts.find(mount->name()) || mount->listeners() == 0) continue;
    MountRow row;
    row.mount = mount->name();
    row.content_type = mount->facts()->content_type;
    row.listeners = audience_at(*mount);
    if (elsewhere.counted) row.listeners_local = row.listeners;
    row.state = MountState::kStopped;
    row.hidden = mount->settings()->hidden;
    rows.push_back(std::move(row));
  }
  add_heard_files(services_, rows);
  then(std::move(rows));
}

// A mount that does not play may have listeners of its past, or be a file that plays as fallback.
std::shared_ptr<Mount> ServerStation::mount_of(const std::string& name) const {
  auto mount = services_.mounts.find(name);
  if (!mount) mount = services_.archive->off_air(name);
  return mount ? mount : services_.mount_files->fallback(name);
}

MountState ServerStation::state_of(const std::string& name) {
  if (const auto mount = services_.mounts.find(name)) return state_of_mount(*mount);
  // Such a mount sends nothing, but commands may ask for its listeners.
  const auto heard = mount_of(name);
  return heard && heard->listeners() > 0 ? MountState::kIdle : MountState::kUnknown;
}

bool ServerStation::fed_by_shoutcast(const std::string& name) {
  const auto mount = services_.mounts.find(name);
  return mount && mount->facts()->shoutcast;
}

void ServerStation::listeners_of(const std::string& name, Then<Result<MountListeners>> then) {
  const auto mount = mount_of(name);
  if (!mount) return then(MountListeners());
  services_.loops.gather<std::vector<ListenerRow>>(
      [this, mount](unsigned i) { return services_.workers[i]->streams->list(*mount); },
      [this, mount, then = std::move(then)](std::vector<std::vector<ListenerRow>> answers) mutable {
        MountListeners all{services_.hls->sessions().list(*mount, services_.clock.steady())};
        for (auto& rows : answers)
          std::move(rows.begin(), rows.end(), std::back_inserter(all.rows));
        then(std::move(all));
      });
}

void ServerStation::listeners_page(const std::string& name, std::uint64_t after, std::size_t most,
                                   Then<ListenerPage> then) {
  const auto mount = mount_of(name);
  if (!mount) return then({});
  services_.loops.gather<ListenerPage>(
      [this, mount, after, most](unsigned i) {
        return services_.workers[i]->streams->page(*mount, after, most);
      },
      [this, mount, after, most,
       then = std::move(then)](std::vector<ListenerPage> answers) mutable {
        ListenerPage page;
        page.rows =
            services_.hls->sessions().page(*mount, services_.clock.steady(), after, most + 1);
        for (ListenerPage& answer : answers) {
          page.more = page.more || answer.more;
          std::move(answer.rows.begin(), answer.rows.end(), std::back_inserter(page.rows));
        }
        std::sort(page.rows.begin(), page.rows.end(),
                  [](const ListenerRow& a, const ListenerRow& b) { return a.id < b.id; });
        page.more = page.more || page.rows.size() > most;
        if (page.rows.size() > most)
          page.rows.erase(page.rows.begin() + static_cast<std::ptrdiff_t>(most), page.rows.end());
        then(std::move(page));
      });
}

void ServerStation::kill_listener(const std::string& name, std::uint64_t id,
                                  Then<OrderOutcome> then) {
  const auto mount = mount_of(name);
  if (!mount) return then({});
  if (services_.hls->end(mount.get(), id)) return then({true});
  services_.loops.gather<int>(
      [this, mount, id](unsigned i) {
        return services_.workers[i]->streams->kill(*mount, id) ? 1 : 0;
      },
      [then = std::move(then)](const std::vector<int>& answers) mutable {
        then({std::find(answers.begin(), answers.end(), 1) != answers.end()});
      });
}

MoveOffer ServerStation::move_offer(const std::string& from, const std::string& to) {
  const auto source = mount_of(from);
  const auto target = playing_mount(services_, *services_.config.read(), to, true);
  if (!source || !target || !services_.mounts.find(target->name())) return {};
  // A relay that waits for its first listener has no listener to move and no format yet.
  const bool possible = source->phase() == MountPhase::kIdle || may_move(*source, *target);
  return {static_cast<std::uint64_t>(std::max<std::int64_t>(0, source->listeners())), possible,
          source->facts()->content_type, target->facts()->content_type, target->name()};
}

void ServerStation::move_listeners(const std::string& from, const std::string& to,
                                   Then<MoveOutcome> then) {
  const auto source = mount_of(from), target = services_.mounts.find(to);
  if (!source || !target) return then({});
  services_.loops.gather<std::uint64_t>(
      [this, source, target](unsigned i) {
        return services_.workers[i]->streams->move(*source, target);
      },
      [then = std::move(then)](const std::vector<std::uint64_t>& answers) mutable {
        MoveOutcome outcome;
        for (const auto one : answers) outcome.moved += one;
        then(std::move(outcome));
      });
}

void ServerStation::move_listener(const std::string& from, std::uint64_t id, const std::string& to,
                                  Then<std::string> then) {
  const auto source = mount_of(from), target = services_.mounts.find(to);
  if (!source || !target) return then(cat({"there is no mount ", source ? to : from}));
  services_.loops.gather<ListenerMove>(
      [this, source, target, id](unsigned i) {
        return services_.workers[i]->streams->move(*source, target, id);
      },
      [id, to, then = std::move(then)](std::vector<ListenerMove> answers) mutable {
        const ListenerMove done = *std::max_element(answers.begin(), answers.end());
        if (done == ListenerMove::kMoved) return then({});
        then(done == ListenerMove::kNone
                 ? cat({"listener ", id, " is not there, or listens by HLS"})
                 : cat({"listener ", id, " cannot go on with ", to,
                        ": it has another format, or does not hear the end of its stream"}));
      });
}

void ServerStation::kill_source(const std::string& name, Then<OrderOutcome> then) {
  const auto* writer = services_.admission->writer_of(name);
  if (writer != nullptr)
    Worker::end_source(services_, writer->home, writer->lease, EndReason::kKilled);
  then({writer != nullptr});
}

void ServerStation::kill_encoder(const std::string& name, std::uint64_t id,
                                 Then<OrderOutcome> then) {
  for (const auto& encoder : services_.admission->encoders_of(name)) {
    if (encoder.id != id) continue;
    Worker::end_source(services_, encoder.home, id, EndReason::kKilled);
    return then({true});
  }
  then({});
}

void ServerStation::set_fallback(const std::string& name, const std::string& fallback,
                                 Then<std::string> then) {
  if (const auto mount = services_.mounts.find(name)) {
    mount->set_fallback(fallback);
    services_.mount_files->add_fallback(fallback);
  }
  then({});
}

ServerStation::ServerStation(Services& services) : services_(services) {
  services.due_titles = std::make_unique<DueTitles>(
      services.loops.control(), [this](const std::string& mount, TitleRequest request) {
        set_title(mount, std::move(request), [this, mount](const TitleOutcome& outcome) {
          if (outcome.verdict == TitleVerdict::kDone) return;
          services_.log.warn(
              "station/title",
              cat({"mount ", mount,
                   ": a title that was told ahead was not set: the source has left, or "
                   "its format has its titles in the stream"}));
        });
      });
}

void ServerStation::set_title(const std::string& name, TitleRequest request,
                              Then<TitleOutcome> then) {
  const auto* writer = services_.admission->writer_of(name);
  if (writer == nullptr) {
    then(TitleVerdict::kNoSource);
    return;
  }
  // A title of the mount goes to all its encoders, so that it stays when one takes over.
  auto targets = title_targets(*services_.admission, *writer, name, request.encoder);
  if (targets.empty()) {
    then(TitleVerdict::kNoSource);
    return;
  }
  const auto facts = targets.front().facts;
  const bool other_address =
      !request.only_from_ip.empty() && request.only_from_ip != facts->source_ip;
  if (other_address || (!facts->plugin->icy_metadata && facts->plugin->make_rewriter == nullptr)) {
    then(TitleVerdict::kRefused);
    return;
  }
  auto title = make_title(request, *writer->mount);
  if (!title) {
    const bool takes_titles =
        facts->plugin->icy_metadata || writer->mount->codec()->subtype == "Vorbis";
    then(takes_titles ? TitleVerdict::kDone : TitleVerdict::kRefused);
    return;
  }
  if (request.at_ms && *request.at_ms > unix_ms(services_.clock.wall())) {
    then(services_.due_titles->add(name, std::move(request)) ? TitleVerdict::kDone
                                                             : TitleVerdict::kFull);
    return;
  }
  if (request.at_ms)
    request.at_ms = moment_of(services_.titles.of(name), TitleHistory::shown_text(title->song()),
                              *request.at_ms, unix_ms(services_.clock.wall()));
  // Before the title, so that every reader gets it with picture and details.
  if (!request.art.empty()) services_.titles.paint(name, title->song(), request.art);
  if (!request.song) request.details.artist = artist_told(request, *title, *writer->mount);
  services_.titles.describe(name, title->song(), request.details);
  services_.listenings->song(name, title->song(),
                             {request.details.isrc, request.details.album, request.details.label,
                              request.details.label_code, request.details.composer});
  const auto at_ms = request.at_ms;
  send_title(services_, targets, *title, at_ms,
             [this, name, song = title->song(), request = std::move(request),
              then = std::move(then)](TitleOutcome outcome) mutable {
               if (outcome.verdict == TitleVerdict::kDone) note_title(name, song, request);
               then(std::move(outcome));
             });
}

// Stores the facts that come with a title but are in no stream.
void ServerStation::note_title(const std::string& mount, const std::string& song,
                               const TitleRequest& request) {
  // The time of a present title may be sent later.
  if (request.at_ms) {
    TitlePlace place;
    place.wall_ms = request.at_ms;
    const auto titles = services_.titles.of(mount);
    if (!titles.empty() && titles.front().title == TitleHistory::shown_text(song))
      place.at = titles.front().place;
    services_.titles.mend(mount, song, place, services_.clock.wall());
  }
  if (!request.art.empty()) services_.picture_files->titles_changed();
  if (request.next)
    services_.titles.announce(mount, *request.next, services_.clock.wall(), request.next_details);
  services_.now_feeds->check(mount);
  services_.links->titles().mount_changed(mount);
}

void ServerStation::users(const std::string& mount, UserEdit edit, Then<UserEditResult> then) {
  const auto config = services_.config.read();
  const MountSettings& section = mount_section(*config, mount);
  if (section.authenticator.type.empty()) {
    then({});
    return;
  }
  services_.auth->edit_users(section.name, std::move(edit), std::move(then));
}

}  // namespace lb
