#include "app/services/mount_files.h"

#include <algorithm>
#include <utility>

#include "app/services/worker.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "http/static_files.h"
#include "stream/file/heard_file_record.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/ended_record.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookAgain = 5s;
// The time in which a listener must have taken an intro, beyond the intro's own length.
constexpr auto kIntroGrace = 30s;
constexpr unsigned kMetaint = 16000;
constexpr std::uint64_t kSlowestRate = 4000;  // bytes a second, for an intro of unknown rate

// The configuration and the administrator name files; neither may leave the web root.
bool is_in_webroot(std::string_view name) {
  return !name.empty() && name.front() == '/' && name.find("/../") == std::string_view::npos &&
         !name.ends_with("/..");
}

std::string file_path(const std::string& webroot, const std::string& name) {
  return webroot + (name.starts_with('/') ? "" : "/") + name;
}

// The file may have been read twice, as it may change within the granule of its time stamp.
bool is_same(const std::shared_ptr<const FileStream>& before, const FileStream& now) {
  return before && std::ranges::equal(before->view->bytes_at(0), now.view->bytes_at(0));
}

// Copies only the settings for listeners from the file's section, or the default mount: a file is
// not recorded, has no fallback of its own and asks no backend.
std::shared_ptr<MountSettings> file_settings(const std::string& name, const Config& config) {
  const MountSettings& section = mount_section(config, name);
  auto settings = std::make_shared<MountSettings>();
  settings->name = name;
  settings->hidden = true;
  settings->metaint = section.metaint;
  settings->http_headers = section.http_headers;
  settings->burst_bytes = section.burst_bytes;
  settings->queue_bytes = section.queue_bytes;
  settings->max_pulse = config.limits.max_pulse;
  return settings;
}

std::shared_ptr<Mount> make_mount(const std::string& name, std::shared_ptr<SourceFacts> facts,
                                  const Config& config, Traffic& traffic) {
  auto mount = std::make_shared<Mount>(name, file_settings(name, config), traffic.loops.workers(),
                                       &traffic.counters.promised);
  facts->from_file = true;
  mount->set_facts(std::move(facts));
  return mount;
}

// A fallback in the table ends for no other reason.
bool lacked_memory(const std::shared_ptr<Mount>& mount) { return mount && is_over(*mount); }

}  // namespace

MountFiles::MountFiles(Traffic& traffic)
    : traffic_(traffic),
      table_(std::make_shared<const Table>()),
      timer_(traffic.loops.control(), [this] { ask_clerk(); }) {}

MountFiles::~MountFiles() = default;

void MountFiles::prepare(const Config& config) {
  want_files_of(config);
  std::set<Wanted> intros;
  for (const Wanted& want : wanted_)
    if (want.role == Role::kIntro) intros.insert(want);
  prepared_ = check(intros, config.paths.webroot, traffic_.clock.steady() + kPrepare);
}

void MountFiles::begin(const Config& config) {
  want_files_of(config);
  if (wanted_.empty() && table_.read()->fallbacks.empty()) return;
  if (auto prepared = std::exchange(prepared_, std::nullopt)) {
    adopt(of_previous_process(*std::move(prepared)));
    if (!wanted_.empty()) ask_clerk();
    return;
  }
  adopt(check(wanted_, config.paths.webroot));
  if (!wanted_.empty()) timer_.after(kLookAgain);
}

// Whether a fallback is another file by now is the clerk's to find out.
MountFiles::News MountFiles::of_previous_process(News prepared) const {
  std::erase_if(prepared, [this](const Finding& one) { return !wanted_.contains(one.wanted); });
  const auto table = table_.read();
  for (const auto& [name, row] : table->fallbacks)
    if (const Wanted want{Role::kFallback, name}; wanted_.contains(want))
      prepared.push_back({want, row.file, true});
  return prepared;
}

void MountFiles::configure(const Config& config) {
  want_files_of(config);
  ask_clerk();
}

void MountFiles::want_files_of(const Config& config) {
  wanted_ = named_by_admin_;
  const auto want = [this](const MountSettings& mount) {
    if (!mount.intro.empty()) wanted_.insert({Role::kIntro, mount.intro});
    if (is_in_webroot(mount.fallback_mount))
      wanted_.insert({Role::kFallback, mount.fallback_mount});
  };
  for_each_section(config, want);
  want(config.default_mount);
}

void MountFiles::add_fallback(const std::string& name) {
  if (!is_in_webroot(name)) return;
  named_by_admin_.insert({Role::kFallback, name});
  wanted_.insert({Role::kFallback, name});
  ask_clerk();
}

void MountFiles::ask_clerk() {
  if (!wanted_.empty()) timer_.after(kLookAgain);
  if (std::exchange(looking_, true)) {
    check_again_ = true;
    return;
  }
  traffic_.loops.clerk().post(
      [this, wanted = wanted_, webroot = traffic_.config.read()->paths.webroot] {
        traffic_.loops.control().post([this, news = check(wanted, webroot)] {
          looking_ = false;
          adopt(news);
          if (std::exchange(check_again_, false)) ask_clerk();
        });
      });
}

MountFiles::News MountFiles::check(const std::set<Wanted>& wanted, const std::string& webroot,
                                   SteadyTime until) {
  const auto table = table_.read();
  std::map<std::string, Found> found;
  News news;
  for (const Wanted& want : wanted) {
    const std::string path = file_path(webroot, want.name);
    if (!found.contains(path)) {
      Found now;
      now.stamp = FileStamp::of_file(path);
      const auto before = found_.find(path);
      const bool is_news = before == found_.end() || !(before->second.stamp == now.stamp);
      if (!is_news && before->second.stamp.settled) {
        now.file = before->second.file;
      } else if (!now.stamp.is_regular()) {
        // Most fallbacks are mounts, and a fallback file may appear later.
        if (is_news && want.role == Role::kIntro) complain(want, path + " is not a file");
      } else if (traffic_.clock.steady() >= until) {
        continue;
      } else if (auto loaded = load_file_stream(path)) {
        now.stamp = (*loaded)->stamp;
        now.file = !is_news && is_same(before->second.file, **loaded) ? before->second.file
                                                                      : std::move(*loaded);
        if (is_news && now.file->cut_short)
          complain(want, cat({"only its first ", kMaxFileBytes >> 20, " MiB are played"}));
      } else if (is_news) {
        complain(want, loaded.error().what);
      }
      found[path] = std::move(now);
    }
    const auto& file = found[path].file;
    const auto row =
        want.role == Role::kFallback ? table->fallbacks.find(want.name) : table->fallbacks.end();
    const bool is_played = file && row != table->fallbacks.end() && row->second.file != file &&
                           is_same(row->second.file, *file);
    news.push_back({want, file, is_played});
  }
  found_ = std::move(found);
  return news;
}

void MountFiles::complain(const Wanted& wanted, const std::string& why) {
  traffic_.log.warn("source/file", cat({wanted.role == Role::kIntro ? "intro " : "fallback-mount ",
                                        wanted.name, ": ", why}));
}

void MountFiles::adopt(const News& news) {
  const auto before = table_.read();
  auto table = std::make_shared<Table>();
  for (const Finding& finding : news) {
    const Wanted& want = finding.wanted;
    const std::shared_ptr<const FileStream>& file = finding.file;
    if (!file) continue;
    if (want.role == Role::kFallback) {
      if (const auto old = before->fallbacks.find(want.name); old != before->fallbacks.end())
        table->fallbacks[want.name] = old->second;
      adopt_fallback(*table, finding);
    } else if (const auto old = before->intros.find(want.name);
               old != before->intros.end() && old->second->file == file) {
      table->intros[want.name] = old->second;
    } else {
      auto intro = std::make_shared<Intro>();
      intro->file = file;
      auto facts = std::make_shared<SourceFacts>();
      facts->plugin = file->plugin;
      intro->mount = make_mount(want.name, std::move(facts), *traffic_.config.read(), traffic_);
      intro->mount->channel().publish(file->view);
      table->intros[want.name] = std::move(intro);
    }
  }
  for (const auto& [name, old] : before->fallbacks)
    if (!table->fallbacks.contains(name)) end_fallback(old);
  table_.publish(std::move(table));
}

void MountFiles::adopt_fallback(Table& table, const Finding& finding) {
  const std::string& name = finding.wanted.name;
  const std::shared_ptr<const FileStream>& file = finding.file;
  Fallback& row = table.fallbacks[name];
  if (lacked_memory(row.mount)) {
    end_fallback(row);
    row = {};  // begins again
  }
  if (row.mount) row.mount->set_settings(file_settings(name, *traffic_.config.read()));
  if (row.file == file) return;
  // The previous process has handed over the same file, which was read again here.
  if (row.mount && finding.is_played) {
    row.file = file;
    return;
  }
  const bool is_new = row.mount == nullptr;
  row.file = file;
  const unsigned named = rate_in_name(name);
  const std::uint64_t rate = named > 0 ? std::uint64_t{named} * 125 : file->bytes_per_second;
  const std::string type(traffic_.files.read()->types().type_of(name));
  std::string why;
  if (rate == 0)
    why = "its bit rate is not known; put it into the name, as in \"name-[128].webm\"";
  else if (framer_for(type).name != file->plugin->name)
    why = cat({"by its name it is ", type, ", but it holds ", file->plugin->name});
  if (!why.empty()) {
    complain(finding.wanted, why + "; it is not played");
    if (!is_new) end_fallback(row);
    row = {};
    row.file = file;  // so the error is logged once
    return;
  }
  if (!is_new) {
    Worker& home = *traffic_.workers[row.home];
    home.loop.post([&home, mount = row.mount.get(), file, rate] {
      if (const auto at = home.files.find(mount); at != home.files.end())
        at->second->replace(file, rate);
    });
    return;
  }
  auto log = StreamLog::create("icecast-lb:" + name);
  if (!log) {
    complain(finding.wanted, log.error().what);
    row = {};
    return;
  }
  auto facts = std::make_shared<SourceFacts>();
  facts->content_type = type;
  facts->plugin = file->plugin;
  // Titles are sent when the listener goes on to a stream.
  if (file->plugin->icy_metadata) facts->metaint = kMetaint;
  facts->stats["server_type"] = type;
  facts->started = traffic_.clock.steady();
  facts->started_wall = traffic_.clock.wall();
  row.mount = make_mount(name, std::move(facts), *traffic_.config.read(), traffic_);
  row.home = home_of(name);
  Worker& home = *traffic_.workers[row.home];
  home.loop.post([this, &home, mount = row.mount, file, rate, log = std::move(*log)]() mutable {
    home.files[mount.get()] = std::make_unique<FileFeeder>(home.loop, traffic_.log, callbacks(home),
                                                           mount, std::move(log), file, rate);
  });
}

unsigned MountFiles::home_of(std::string_view name) const {
  return static_cast<unsigned>(std::hash<std::string_view>{}(name) % traffic_.loops.workers());
}

FileFeeder::Callbacks MountFiles::callbacks(Worker& home) {
  FileFeeder::Callbacks callbacks;
  callbacks.wake = [&home](Channel::Loops loops, const std::shared_ptr<Mount>& woken) {
    Worker::wake(home.services, loops, woken);
  };
  callbacks.sources = &traffic_.counters.sources;
  return callbacks;
}

void MountFiles::end_fallback(const Fallback& fallback) {
  if (!fallback.mount) return;
  Worker& home = *traffic_.workers[fallback.home];
  home.loop.post([&home, mount = fallback.mount] {
    const auto at = home.files.find(mount.get());
    if (at == home.files.end()) return;
    at->second->end();
    home.files.erase(at);
  });
}

ListenerIntro MountFiles::intro_for(const Mount& mount) const {
  const auto settings = mount.settings();
  if (settings->intro.empty()) return {};
  const auto table = table_.read();
  const auto at = table->intros.find(settings->intro);
  if (at == table->intros.end()) return {};
  const Intro& intro = *at->second;
  if (const std::string why = why_not_playable(*intro.file, mount); !why.empty()) {
    if (!intro.complained.exchange(true))
      traffic_.log.warn("source/file", cat({"mount ", mount.name(), ": intro ", settings->intro,
                                            " is skipped, because ", why}));
    return {};
  }
  const std::uint64_t rate =
      intro.file->bytes_per_second > 0 ? intro.file->bytes_per_second : kSlowestRate;
  return {intro.mount, std::chrono::seconds(intro.file->size() / rate) + kIntroGrace};
}

std::shared_ptr<Mount> MountFiles::fallback(std::string_view name) const {
  const auto table = table_.read();
  const auto at = table->fallbacks.find(name);
  return at == table->fallbacks.end() || lacked_memory(at->second.mount) ? nullptr
                                                                         : at->second.mount;
}

std::vector<std::shared_ptr<Mount>> MountFiles::fallbacks() const {
  std::vector<std::shared_ptr<Mount>> mounts;
  const auto table = table_.read();
  for (const auto& [name, row] : table->fallbacks)
    if (row.mount) mounts.push_back(row.mount);
  return mounts;
}

void MountFiles::entered(const std::shared_ptr<Mount>& mount) {
  const auto table = table_.read();
  const auto at = table->fallbacks.find(mount->name());
  if (at == table->fallbacks.end() || at->second.mount != mount) return;
  Worker& home = *traffic_.workers[at->second.home];
  home.loop.post([&home, mount] {
    if (const auto feeder = home.files.find(mount.get()); feeder != home.files.end())
      feeder->second->play();
  });
}

const FileFeeder* MountFiles::feeder_of(const Fallback& fallback) const {
  if (!fallback.mount) return nullptr;
  const auto& files = traffic_.workers[fallback.home]->files;
  const auto at = files.find(fallback.mount.get());
  return at == files.end() || at->second->has_ended() ? nullptr : at->second.get();
}

void MountFiles::each_intro(const std::function<void(const Mount&)>& f) const {
  std::set<const Mount*> others;
  const auto table = table_.read();
  for (const auto& [name, fallback] : table->fallbacks)
    if (feeder_of(fallback) != nullptr) others.insert(fallback.mount.get());
  for (const auto& worker : traffic_.workers)
    worker->streams->each_mount([&](const Mount& mount) {
      if (!mount.facts()->from_file || !others.insert(&mount).second) return;
      const auto view = mount.channel().newest();
      const bool whole = view->begin == 0 && view->segments->size() == 1;
      if (whole) f(mount);  // else a fallback that has been played
    });
}

MountFiles::Saved MountFiles::save(FdsOut& fds) const {
  Saved saved;
  const auto add = [&](const Mount& mount, const StreamView& bytes, const FramerPlugin& plugin) {
    HeardFileRecord& record = saved.files.emplace_back();
    record.number = saved.numbers[&mount] = saved.files.size();
    record.name = record.path = mount.name();
    record.plugin = plugin.name;
    record.file = fds.add(bytes.store->fd());
    record.bytes = bytes.end;
    record.bytes_read = mount.bytes_read.load(std::memory_order_relaxed);
    record.bytes_sent = mount.bytes_sent.load(std::memory_order_relaxed);
    return &record;
  };
  const auto table = table_.read();
  for (const auto& [name, fallback] : table->fallbacks) {
    const FileFeeder* const feeder = feeder_of(fallback);
    if (feeder == nullptr) continue;
    const FileStream& file = feeder->file();
    HeardFileRecord& record = *add(*fallback.mount, *file.view, *file.plugin);
    record.path = file.path;
    record.by_admin = named_by_admin_.contains({Role::kFallback, name});
    feeder->save(record.feeder.emplace(), fds);
  }
  each_intro(
      [&](const Mount& mount) { add(mount, *mount.channel().newest(), *mount.facts()->plugin); });
  return saved;
}

Result<std::shared_ptr<Mount>> MountFiles::restore(const HeardFileRecord& saved, FdsIn& fds) {
  const auto wrong = [&saved](std::string_view what) {
    return Error::invalid(cat({"the file ", saved.name, ": ", what}));
  };
  auto file = adopt_file_stream(saved.path, saved.plugin, fds.take(saved.file), saved.bytes);
  if (!file) return wrong(file.error().what);
  auto facts = std::make_shared<SourceFacts>(saved.feeder ? saved.feeder->facts : SourceFacts());
  facts->plugin = (*file)->plugin;
  auto mount = make_mount(saved.name, std::move(facts), *traffic_.config.read(), traffic_);
  mount->bytes_read.store(saved.bytes_read, std::memory_order_relaxed);
  mount->bytes_sent.store(saved.bytes_sent, std::memory_order_relaxed);
  if (!saved.feeder) {
    mount->channel().publish((*file)->view);
    return mount;
  }
  auto table = std::make_shared<Table>(*table_.read());
  const auto [row, added] =
      table->fallbacks.try_emplace(saved.name, Fallback{*file, mount, home_of(saved.name)});
  if (!added) return wrong("there are two of it");
  Worker& home = *traffic_.workers[row->second.home];
  auto feeder = FileFeeder::restore(home.loop, traffic_.log, callbacks(home), mount, *file,
                                    *saved.feeder, fds);
  if (!feeder) return wrong(feeder.error().what);
  home.files[mount.get()] = std::move(*feeder);
  table_.publish(std::move(table));
  if (saved.by_admin) named_by_admin_.insert({Role::kFallback, saved.name});
  return mount;
}

}  // namespace lb
