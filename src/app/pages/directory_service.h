// DirectoryService: announces the public streams of this server to the configured directories.
// Thread: control.
// Ownership: Services.
#pragma once

#include "admin/directory/yp.h"
#include "net/fetch/fetch.h"

namespace lb {

struct Config;
struct Network;

class DirectoryService {
 public:
  explicit DirectoryService(Network& network);

  // The configuration is (another) one.
  void configure(const Config& config);
  // The server stops: the streams are removed; `done` follows, after two seconds at the latest.
  void stop(UniqueFunction<void()> done);

 private:
  void tick();
  std::vector<YpStream> public_streams() const;
  void post(const YpDirectory& directory, std::string form, YpAnnouncer::Answer answer);
  void finish();

  Network& network_;
  Fetcher fetcher_;
  YpAnnouncer announcer_;
  Timer timer_;
  bool stopping_ = false;
  UniqueFunction<void()> done_;
};

}  // namespace lb
