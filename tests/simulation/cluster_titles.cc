// Clusters of the simulation whose encoders have titles, which each server comes to know.
#include "app/cluster/cluster_links.h"
#include "app/cluster/title_links.h"
#include "app/services/services.h"
#include "base/cat.h"
#include "cluster.h"
#include "stream/source/source_admission.h"

namespace lb::sim {
namespace {

constexpr std::uint64_t kOneOf = 6;  // clusters has titles

std::string text_of(const std::string& title) {
  return title.empty() ? "no title" : cat({"the title ", title});
}

}  // namespace

// With chance of its own: the histories of clusters without titles are as they would be.
void Cluster::choose_titles() {
  Rng chance(options_.seed * 0x9e3779b97f4a7c15ULL + 3);
  if (!is_one() || chance.below(kOneOf) != 0) return;
  titles_.emplace(chance.next());
}

void Cluster::next_title() {
  if (calm_) return;
  if (!presenter_.asks()) {
    const std::string_view mount = titles_->below(2) == 0 ? kOpen : kLimited;
    const auto master = static_cast<unsigned>(1 + titles_->below(masters_));
    presenter_.ask(master, "POST", cat({"/mounts", mount, "/title"}),
                   cat({"{\"title\":\"t", ++titles_set_, "\"}"}), [](int, const std::string&) {});
  }
  world_.after(100ms + Nanos(titles_->below(1'400'000'000)), [this] { next_title(); });
}

// What plays is known where the source is, and so it is at all others, by links and by the stream.
void Cluster::check_titles(const char* when) {
  for (const std::string_view name : {kOpen, kLimited}) {
    const std::string mount(name);
    Seat* home = nullptr;
    for (Seat& seat : seats_) {
      const auto* writer = seat.node->services().admission->writer_of(name);
      if (writer != nullptr && writer->kind == WriterKind::kSource) home = &seat;
    }
    if (home == nullptr) continue;
    const std::string title = home->node->services().mounts.find(mount)->metadata()->song();
    for (Seat& seat : seats_) {
      Services& at = seat.node->services();
      const auto found = at.mounts.find(mount);
      const auto differs = [&](const std::string& has, const char* by) {
        if (has != title)
          fail(cat({when, ": ", seat.node->id(), " has ", text_of(has), " of ", mount, by, ", and ",
                    home->node->id(), " ", text_of(title)}));
      };
      if (&seat == home || (!found && named_section(*at.config.read(), mount) == nullptr)) continue;
      const auto told = at.links->titles().elsewhere(mount);
      differs(told ? told->title : std::string(), " by its links");
      // A peer sets a title that it is asked for where it relays the mount, and there alone.
      if (!peers_ && found && found->phase() == MountPhase::kRunning && found->facts()->relayed)
        differs(found->metadata()->song(), " by its stream");
    }
  }
}

}  // namespace lb::sim
