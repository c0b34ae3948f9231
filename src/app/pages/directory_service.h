// DirectoryService: announces the public streams of this server to the configured directories.
// Thread: control.
// Ownership: Services.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/directory/yp.h"
#include "net/fetch/fetch.h"

namespace lb {

struct Config;
struct Network;

class DirectoryService {
 public:
  explicit DirectoryService(Network& network);

  // Takes the first or a new configuration.
  void configure(const Config& config);
  bool adds() const noexcept { return announcer_.adds(); }
  ListingsRecord save() const { return announcer_.save(); }
  // Before the first configure().
  void restore(ListingsRecord saved) { announcer_.restore(std::move(saved)); }
  // The server stops: removes the streams, and calls `done` within two seconds.
  void stop(UniqueFunction<void()> done);

 private:
  void tick();
  std::vector<std::string> public_mounts() const;
  std::optional<YpStream> describe(const std::string& mount) const;
  void post(const YpDirectory& directory, std::string form, YpAnnouncer::Answer answer);
  void finish();

  Network& network_;
  Fetcher fetcher_, farewells_;
  YpAnnouncer announcer_;
  Timer timer_;
  bool stopping_ = false;
  UniqueFunction<void()> done_;
};

}  // namespace lb
