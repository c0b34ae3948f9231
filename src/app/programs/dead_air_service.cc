#include "app/programs/dead_air_service.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "app/services/event_service.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "media/silence_line.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kListener = "ffmpeg";
constexpr auto kFirstRest = 1000ms, kLongestRest = 60'000ms;
// A program that ran for this long is not at fault itself.
constexpr auto kRunsWell = 30s;
// Between two starts, as a reload may need many.
constexpr auto kStartPause = 20ms;
// For a silent encoder: sound counts only if no silence follows within this time, which is longer
// than pauses in speech.
constexpr std::chrono::seconds kNoSoundYet{2};

// The demuxer by the type, since one chosen by the stream could be a playlist's, which opens files.
std::string_view format_of(std::string_view type) {
  if (type == "audio/mpeg") return "mp3";
  if (type == "audio/aac" || type == "audio/aacp") return "aac";
  if (type == "application/ogg" || type == "audio/ogg" || type == "video/ogg") return "ogg";
  if (type == "audio/webm" || type == "video/webm") return "matroska";
  return {};
}

std::string seconds_text(SteadyTime::duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

}  // namespace

std::vector<std::string> dead_air_program(std::string_view content_type, std::chrono::seconds after,
                                          int level, bool probing) {
  std::string filter = cat({"silencedetect=noise=", level, "dB:duration=", after.count()});
  if (probing) filter = cat({"adelay=delays=", (after.count() + 1) * 1000, ":all=1,", filter});
  std::vector<std::string> words{
      std::string(kListener), "-nostdin", "-hide_banner", "-nostats", "-v", "info", "-threads", "1",
      "-protocol_whitelist",  "pipe"};
  if (const std::string_view format = format_of(content_type); !format.empty())
    words.insert(words.end(), {"-f", std::string(format)});
  words.insert(words.end(),
               {"-i", "pipe:0", "-vn", "-sn", "-dn", "-af", filter, "-f", "null", "-"});
  return words;
}

struct DeadAirService::Wanted {
  std::uint64_t encoder = 0;
  unsigned home = 0;
  bool writes = false, dead_air = false;
  std::shared_ptr<const SourceFacts> facts;
};

DeadAirService::DeadAirService(Traffic& traffic)
    : traffic_(traffic),
      null_device_(::open("/dev/null", O_RDWR | O_CLOEXEC)),
      starter_(traffic.loops.control(), [this] { start_next(); }),
      feeds_(traffic.disk.loop(), [this](std::uint64_t id) {
        traffic_.loops.control().post([this, id] {
          const auto at = ears_.find(id);
          if (at != ears_.end() && at->second.child) at->second.child->terminate();
        });
      }) {}

DeadAirService::~DeadAirService() = default;

void DeadAirService::stop() {
  stopped_ = true;
  starter_.cancel();
  feeds_.end_all();
  ears_.clear();
}

void DeadAirService::configure() {
  begin_taken();
  std::erase_if(ears_, [](const auto& row) { return row.second.state == State::kMissing; });
  const auto all = traffic_.mounts.all();
  for (const auto& [name, mount] : *all) check(name);
}

std::vector<DeadAirService::Wanted> DeadAirService::wanted_of(const std::string& mount,
                                                              const Mount* found) const {
  std::vector<Wanted> wanted;
  const auto* writer = traffic_.admission->writer_of(mount);
  if (found == nullptr || writer == nullptr) return wanted;
  const auto settings = found->settings();
  if (settings->dead_air.after == 0s) return wanted;
  wanted.push_back({writer->lease, writer->home, true, false, found->facts()});
  if (!settings->dead_air.failover) return wanted;
  for (const auto& encoder : traffic_.admission->encoders_of(mount)) {
    if (encoder.writes) {
      wanted.front().dead_air = encoder.dead_air;
      continue;
    }
    const Ear* known = ear_of(mount, encoder.id);
    if (encoder.dead_air || (known != nullptr && !known->writes))
      wanted.push_back({encoder.id, encoder.home, false, encoder.dead_air, encoder.facts});
  }
  return wanted;
}

const DeadAirService::Ear* DeadAirService::ear_of(const std::string& mount,
                                                  std::uint64_t encoder) const {
  for (const auto& [id, ear] : ears_)
    if (ear.state != State::kEnds && ear.encoder == encoder && ear.mount == mount) return &ear;
  return nullptr;
}

void DeadAirService::check(const std::string& mount) {
  if (stopped_) return;
  const auto found = traffic_.mounts.find(mount);
  const auto wanted = wanted_of(mount, found.get());
  if (wanted.empty() && ears_.empty()) return;
  for (auto at = ears_.begin(); at != ears_.end();) {
    const auto now = at++;
    const Ear& ear = now->second;
    if (ear.mount != mount || ear.state == State::kEnds) continue;
    const bool stays = std::any_of(wanted.begin(), wanted.end(), [&](const Wanted& each) {
      return each.encoder == ear.encoder && each.writes == ear.writes &&
             found->settings()->dead_air == ear.settings;
    });
    if (!stays) end(now);
  }
  for (const Wanted& each : wanted)
    if (ear_of(mount, each.encoder) == nullptr) add(mount, *found, each);
  const auto dead = dead_.find(mount);
  if (dead == dead_.end()) return;
  const auto* writer = traffic_.admission->writer_of(mount);
  if (writer == nullptr)
    over(mount, "the source has ended");
  else if (writer->lease != dead->second.encoder)
    over(mount, "another encoder has taken over");
  else if (wanted.empty())
    over(mount, "nothing listens any more");
}

void DeadAirService::add(const std::string& mount, const Mount& found, const Wanted& wanted) {
  const std::uint64_t id = next_id_++;
  Ear& ear = ears_[id];
  ear.mount = mount;
  ear.encoder = wanted.encoder;
  ear.home = wanted.home;
  ear.writes = wanted.writes;
  ear.about =
      cat({"mount ", mount, ": ", kListener, ", which listens to ", wanted.facts->source_ip});
  ear.content_type = wanted.facts->content_type;
  ear.settings = found.settings()->dead_air;
  ear.from = found.channel().newest()->end;
  ear.silent = !wanted.writes;
  // The encoder writes because no other is left: its sound is judged from the beginning.
  if (wanted.writes && wanted.dead_air) traffic_.admission->sound(mount, wanted.encoder, true);
  queue_.push_back(id);
  if (!starter_.armed()) starter_.after(0us);
}

void DeadAirService::start_next() {
  while (!queue_.empty()) {
    const std::uint64_t id = queue_.front();
    queue_.pop_front();
    const auto at = ears_.find(id);
    if (at == ears_.end() || at->second.state != State::kQueued) continue;
    start(id, at->second);
    break;
  }
  if (!queue_.empty()) starter_.after(kStartPause);
}

ChildProcess::Callbacks DeadAirService::callbacks_of(std::uint64_t id) {
  return {[this, id](std::string_view line) { on_line(id, line); },
          [this, id](const ChildEnd& end) { on_end(id, end); }};
}

void DeadAirService::start(std::uint64_t id, Ear& ear) {
  const auto mount = traffic_.mounts.find(ear.mount);
  if (!mount) return;
  ChildSpec spec;
  const auto after = ear.writes ? ear.settings.after : std::min(ear.settings.after, kNoSoundYet);
  spec.words = dead_air_program(ear.content_type, after, ear.settings.level, ear.silent);
  spec.environment = passed_on_environment();
  spec.null_device = null_device_.get();
  spec.has_input = true;
  spec.lines_a_second = kMaxLines;
  auto child = ChildProcess::start(traffic_.loops.control(), spec, callbacks_of(id));
  if (!child) {
    ear.state = State::kMissing;
    if (!std::exchange(missing_logged_, true))
      traffic_.log.warn("source/dead-air",
                        cat({"mount ", ear.mount, ": ", child.error().what,
                             "; nothing listens for dead air, the streams go on"}));
    return;
  }
  missing_logged_ = false;
  ear.state = State::kRuns;
  ear.child = std::move(*child);
  traffic_.log.debug("source/dead-air", cat({ear.about, ", runs as process ", ear.child->pid()}));
  if (ear.writes) {
    feeds_.begin(id, mount, ear.from, ear.child->take_input());
    return;
  }
  Worker& home = *traffic_.workers[ear.home];
  home.loop.post(
      [&home, encoder = ear.encoder, pipe = std::make_shared<UniqueFd>(ear.child->take_input())] {
        home.sources->let_hear(encoder, std::move(*pipe));
      });
}

void DeadAirService::end(Ears::iterator at) {
  Ear& ear = at->second;
  // Without a program no encoder counts as silent.
  if (ear.settings.failover && ear.silent)
    for (const auto& encoder : traffic_.admission->encoders_of(ear.mount))
      if (encoder.id == ear.encoder && encoder.writes == ear.writes)
        traffic_.admission->sound(ear.mount, ear.encoder, true);
  feeds_.end(at->first);
  if (!ear.child) {
    ears_.erase(at);
    return;
  }
  ear.state = State::kEnds;
  ear.child->terminate();
}

void DeadAirService::on_line(std::uint64_t id, std::string_view line) {
  const auto at = ears_.find(id);
  if (at == ears_.end() || at->second.state == State::kEnds) return;
  const auto silence = parse_silence_line(line);
  if (silence)
    heard(at->second, !silence->begins);
  else
    at->second.last_line = line;
}

void DeadAirService::heard(Ear& ear, bool sound) {
  if (std::exchange(ear.silent, !sound) == !sound) return;
  if (!ear.writes) {
    traffic_.log.info(
        "source/dead-air",
        cat({ear.about, ", hears ", sound ? "sound again" : "silence again", ": it stands by"}));
  } else if (sound) {
    over(ear.mount, "its sound is back");
  } else {
    const SteadyTime since = traffic_.loops.control().now() - ear.settings.after;
    dead_.insert_or_assign(ear.mount, DeadMountRecord{ear.mount, ear.encoder, since});
    const std::string seconds = seconds_text(ear.settings.after);
    traffic_.log.warn("source/dead-air",
                      cat({"mount ", ear.mount, ": dead air, its sound has been below ",
                           ear.settings.level, " dB for ", seconds, "s"}));
    traffic_.events->publish("dead-air", ear.mount, {{"seconds", seconds}});
  }
  if (ear.settings.failover) traffic_.admission->sound(ear.mount, ear.encoder, sound);
}

void DeadAirService::over(const std::string& mount, std::string_view why) {
  const auto dead = dead_.find(mount);
  if (dead == dead_.end()) return;
  const std::string seconds = seconds_text(traffic_.loops.control().now() - dead->second.since);
  dead_.erase(dead);
  traffic_.log.info("source/dead-air",
                    cat({"mount ", mount, ": dead air is over after ", seconds, "s, ", why}));
  traffic_.events->publish("dead-air-over", mount,
                           {{"seconds", seconds}, {"why", std::string(why)}});
}

void DeadAirService::on_end(std::uint64_t id, const ChildEnd& end) {
  auto at = ears_.find(id);
  at->second.child.reset();
  if (at->second.state == State::kEnds) {
    ears_.erase(at);
    return;
  }
  feeds_.end(id);
  at->second.state = State::kRests;
  check(at->second.mount);  // it may have ended with its encoder
  at = ears_.find(id);
  if (at == ears_.end()) return;
  Ear& ear = at->second;
  const bool first = ear.rest == 0ms;
  ear.rest = first || end.lasted >= kRunsWell ? kFirstRest : std::min(ear.rest * 2, kLongestRest);
  const std::string text = cat({ear.about, ", ", to_text(end), " after ", end.lasted.count(), "ms",
                                ear.last_line.empty() ? "" : cat({" (", ear.last_line, ")"}),
                                "; it is started again after ", ear.rest.count(), "ms"});
  if (first)
    traffic_.log.warn("source/dead-air", text);
  else
    traffic_.log.debug("source/dead-air", text);
  ear.again = std::make_unique<Timer>(traffic_.loops.control(), [this, id] {
    const auto resting = ears_.find(id);
    if (resting == ears_.end() || resting->second.state != State::kRests) return;
    resting->second.state = State::kQueued;
    queue_.push_back(id);
    if (!starter_.armed()) starter_.after(0us);
  });
  ear.again->after(ear.rest);
}

}  // namespace lb
