// EtcdLoader: everything below a prefix of etcd, page by page, all of one revision.
//
// Thread: control.
// Ownership: the client outlives it; nothing is called after its end.
// Bounds: kPage records an answer: etcd's own limit for one is 4 MiB.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "registry/etcd_client.h"
#include "registry/etcd_text.h"
#include "registry/registry.h"

namespace lb {

class EtcdLoader {
 public:
  static constexpr std::uint64_t kPage = 40;
  struct Loaded {
    RegistryContent content;             // keys without the prefix, without `format`
    std::string format;                  // "": none
    std::uint64_t format_revision = 0;   // of the last write to it
    std::uint64_t deleted_revision = 0;  // of the last deletion by a master
    std::size_t foreign = 0;  // keys that are none of ours, or too large; not in the content
    std::string member;
  };
  using Done = UniqueFunction<void(Result<Loaded>)>;

  EtcdLoader(EtcdClient& client, std::string prefix)
      : client_(client), prefix_(std::move(prefix)) {}

  // One at a time: another start drops the first.  `within`: of each page.
  void start(std::chrono::milliseconds within, bool impatient, Done done);

 private:
  void ask_page();
  void on_page(Result<EtcdAnswer> answer);
  void end(Result<Loaded> result);
  // Without the prefix, and the format taken out.
  void take(RegistryRecord record);

  EtcdClient& client_;
  const std::string prefix_;
  std::chrono::milliseconds within_{};
  bool impatient_ = false;
  Done done_;
  Loaded loaded_;
  std::string next_key_;
  unsigned restarts_ = 0;
  std::shared_ptr<int> run_;  // of this start
};

}  // namespace lb
