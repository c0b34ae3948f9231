// A RemoteArchive whose requests wait for their answer.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "archive/remote/remote_archive.h"

namespace lb::test {

struct AskedNode {
  std::string node, path, range;
  Fetcher::Done done;
};

inline std::unique_ptr<RemoteArchive> make_remote(Loop& loop, Log& log, Catalog& own,
                                                  std::deque<AskedNode>& asked) {
  return std::make_unique<RemoteArchive>(
      [&loop]() -> Loop& { return loop; }, log, own,
      [&asked](FetchRequest request, Fetcher::Done done) {
        const std::string url = request.url.substr(7);
        AskedNode one{url.substr(0, url.find('/')), url.substr(url.find('/')), "", std::move(done)};
        for (const std::string& line : request.headers)
          if (line.starts_with("Range: bytes=")) one.range = line.substr(13);
        asked.push_back(std::move(one));
      });
}

}  // namespace lb::test
