// ExternalService: <config-external>: asks a backend for its mounts periodically, and overlays the
// configuration with the answer.
//
// ExternalBook decides which answers are accepted and when mounts are removed; a backend that fails
// changes nothing.  The mounts in force are kept in a file, for a start without the backend.  If
// `for` includes the cluster, linked nodes get them too, without relays: a node gets the stream
// from this server.  The source of a removed mount is ended after <grace>, unless the mount is back
// by then.
// Thread: control, except on_demand() and restore(); the clerk parses lists, the disk thread writes
// the copy.
// Ownership: Services.
// Source: doc/external.md.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/external/external_fetch.h"
#include "app/external/external_lookups.h"
#include "config/mounts/external_book.h"
#include "net/loop/saved_copy.h"
#include "registry/registry.h"

namespace lb {

struct Config;
struct Traffic;

class ExternalService {
 public:
  static constexpr std::chrono::seconds kMaxPause{60};  // between tries of a failing backend
  static constexpr std::chrono::seconds kByNameAgain{60};
  static constexpr std::size_t kNamesAtOnce = 64;

  struct Callbacks {
    // Sends the linked nodes all mounts to enforce: external/PCT with the XML of a record.
    std::function<void(std::vector<RegistryRecord>)> send_nodes;
    // The element was removed: masters' external mounts may be in force.
    std::function<void()> gone;
  };
  ExternalService(Traffic& traffic, Callbacks callbacks);
  ~ExternalService();

  // Reads the copy of the last run; nullopt: none.  REQUIRES: before the loops start
  std::optional<MountRecords> restore(const Config& config);
  // At the start and at each reload.
  void configure(const Config& config);
  // A new configuration is in force.
  void configured() { lookups_.configured(); }
  void stop();

  // Whether unknown names are asked for; any thread.
  bool on_demand() const noexcept { return on_demand_.load(std::memory_order_relaxed); }
  void look_up(const std::string& mount, const ParkedRequest& request,
               ExternalLookups::Asker asker);

  struct Numbers {
    bool on = false;
    double age = 0;  // seconds since the last good answer, or the start
    std::uint64_t mounts = 0, bad_mounts = 0, failures = 0;
  };
  Numbers numbers() const;
  // For administrators: state, faults, and a removal that waits.
  std::string json() const;
  bool waits_for(const std::string& etag) const {
    return book_.pending() && book_.pending()->identity == etag;
  }
  Result<void> confirm(const std::string& etag);

 private:
  void ask();
  void came(Result<ExternalAnswer> answer, SteadyTime begun, bool waited);
  void failed(const std::string& why);
  void plan(std::chrono::milliseconds pause);
  void take(ExternalBook::Step step);
  void apply();
  void ask_missing(std::vector<std::string> names, std::size_t from,
                   std::shared_ptr<std::vector<ExternalMount>> found);
  void ask_names(std::vector<std::string> names);
  void ask_by_name_again();
  ExternalFetch::Ask by_name(const std::vector<std::string>& names) const;
  void removed(const std::vector<std::string>& mounts);
  void end_sources(const std::string& mount);
  void report_faults();
  void report_hidden();
  // Mounts of the list that another section overrides: by "file" or "store".
  std::map<std::string, std::string_view> hidden() const;
  SavedCopy::Write copy();

  Traffic& traffic_;
  const Callbacks callbacks_;
  ExternalSettings settings_;
  std::string node_, epoch_, copy_path_;
  ExternalBook book_;
  ExternalFetch fetch_;
  ExternalLookups lookups_;
  Timer timer_, by_name_timer_;
  std::string etag_;                        // of the book's list
  std::string copied_etag_;                 // of the copy on the disk
  std::uint64_t wanted_ = 0, applied_ = 0;  // numbers of set_external() calls
  std::uint64_t told_ = 0;                  // number of records made for nodes
  bool asking_missing_ = false, stopped_ = false;
  std::chrono::seconds pause_{0};  // after the last failure; 0: none
  std::uint64_t failures_ = 0;
  std::string trouble_;    // the last question's error, or ""
  bool answered_ = false;  // since the start, or a change of the element
  SteadyTime good_{};      // time of the last good answer
  ExternalBook::Faults reported_;
  std::map<std::string, std::string_view> hidden_;  // as reported
  std::map<std::string, std::unique_ptr<Deadline>, std::less<>> ending_;
  bool sends_nodes_ = false;
  std::atomic<bool> on_demand_{false};
  SavedCopy copy_;  // last: it reads the members above
};

}  // namespace lb
