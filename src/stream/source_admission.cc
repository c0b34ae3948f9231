#include "stream/source_admission.h"

#include <utility>

namespace lb {

SourceAdmission::SourceAdmission(MountTable& mounts, Log& log, unsigned workers, Settings settings, Listener told,
                                 Rng rng)
    : mounts_(mounts),
      log_(log),
      workers_(workers),
      settings_(std::move(settings)),
      told_(std::move(told)),
      rng_(rng) {}

Result<WriterLease> SourceAdmission::admit(const std::string& name, std::shared_ptr<const SourceFacts> facts,
                                           unsigned home) {
  if (writers_.contains(name)) return Error::denied("Mountpoint in use");
  WriterLease lease;
  auto log = StreamLog::create("icecast-lb:" + name);
  if (!log) {
    log_.error("source/admission", "mount " + name + ": " + log.error().what + "; the source was refused");
    return Error::io("internal format allocation problem");
  }
  lease.log = std::move(*log);
  lease.mount = std::make_shared<Mount>(name, settings_.mount(name), workers_);
  lease.mount->set_facts(std::move(facts));
  lease.identity = {rng_.next(), rng_.next()};
  lease.id = next_lease_++;
  writers_[name] = Writer{lease.mount, lease.id, home};
  mounts_.put(lease.mount);
  log_.info("source/admission", "source logging in at mountpoint \"" + name + "\" from " +
                                    lease.mount->facts()->source_ip + " (" + lease.mount->facts()->content_type + ")");
  told_.begun(lease.mount);
  return lease;
}

void SourceAdmission::give_back(SourceEnd end) {
  const std::string& name = end.lease.mount->name();
  const auto at = writers_.find(name);
  if (at == writers_.end() || at->second.lease != end.lease.id) return;
  writers_.erase(at);
  mounts_.erase(name);
  told_.ended(end.lease.mount);
}

const SourceAdmission::Writer* SourceAdmission::writer_of(std::string_view mount) const {
  const auto at = writers_.find(mount);
  return at == writers_.end() ? nullptr : &at->second;
}

void SourceAdmission::settings_changed() {
  for (const auto& [name, writer] : writers_) writer.mount->set_settings(settings_.mount(name));
}

}  // namespace lb
