#include "config/load/named_paths.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <variant>

#include "auth/listener/authenticator.h"
#include "config/load/command_words.h"
#include "config/schema/schema.h"
#include "config/schema/value.h"

namespace lb {
namespace {

// Paths that the server writes or creates; rows that are not listed are only read.
struct Written {
  std::string_view row;
  bool is_directory;
};
constexpr std::array kWritten{
    Written{"paths/logdir", true},
    Written{"paths/pidfile", false},
    Written{"paths/auth-spool", false},
    Written{"paths/state-dir", true},
    Written{"archive/dir", true},
    Written{"archive/cache-dir", true},
    Written{"audience/directory", true},
    Written{"audience/database", false},
    Written{"external/cache", false},
    Written{"mount/dump-file", false},
    Written{"security/confine/write", true},
};

class Walk {
 public:
  explicit Walk(const Config& config) : config_(config) {}

  std::vector<NamedPath> run() {
    block(kRootBlock, &config_, "");
    mount(config_.default_mount);
    for (const MountSettings& one : config_.mounts) mount(one);
    for (const RelaySettings& relay : config_.relays)
      if (const auto words = command_words(relay.exec); words && !words->empty())
        add({words->front()});
    return std::move(paths_);
  }

 private:
  void add(NamedPath path) {
    // A program without a '/' is looked up in $PATH, and "-" is no file.
    const bool may_be_word = !path.is_written && path.path.find('/') == std::string::npos;
    if (path.path.empty() || path.path == "-" || may_be_word) return;
    if (std::find(paths_.begin(), paths_.end(), path) == paths_.end())
      paths_.push_back(std::move(path));
  }

  void block(const SchemaBlock& block, const void* object, const std::string& path) {
    for (const SchemaElement& row : block.elements) {
      if (!has_value(row)) continue;
      const std::string inner = join_path(path, row);
      if (row.kind == ValueKind::kBlock) {
        const std::size_t count = row.nest.count(object);
        for (std::size_t i = 0; i < count; ++i)
          this->block(*row.block, row.nest.at(object, i), inner);
      } else if (row.kind == ValueKind::kPath || row.kind == ValueKind::kFiles) {
        leaf(row, object, inner);
      }
    }
  }

  void leaf(const SchemaElement& row, const void* object, const std::string& path) {
    if (path == "mount/intro") return;  // a file of the web root
    NamedPath named;
    const auto at = std::find_if(kWritten.begin(), kWritten.end(),
                                 [&](const Written& one) { return one.row == path; });
    if (at != kWritten.end()) {
      named.is_written = true;
      named.is_directory = at->is_directory;
    } else if (object == &config_.logging) {
      named.is_written = true;
    } else if (path == "store/@path") {
      named.is_written = true;
      named.is_directory = config_.store.type == StoreType::kFiles;
    }
    const Slot slot = row.slot(const_cast<void*>(object));
    if (auto* const* list = std::get_if<std::vector<std::string>*>(&slot)) {
      for (const std::string& one : **list) add({one, named.is_written, named.is_directory});
      return;
    }
    named.path = show_value(row, object);
    const bool is_hook = path == "mount/on-connect" || path == "mount/on-disconnect";
    if (is_hook && !named.path.empty()) named.path = hook_words(named.path).front();
    add(std::move(named));
  }

  // Administrators add users to a password file.
  void mount(const MountSettings& mount) {
    if (mount.authenticator.type == "htpasswd")
      add({std::string(auth_option(mount.authenticator.options, "filename")), true});
  }

  const Config& config_;
  std::vector<NamedPath> paths_;
};

}  // namespace

std::vector<NamedPath> named_paths(const Config& config) { return Walk(config).run(); }

TlsSettings tls_files(const Config& config) {
  const SecuritySettings& newer = config.security;
  TlsSettings files{config.paths.ssl_certificate, config.paths.ssl_private_key,
                    config.paths.ssl_allowed_ciphers};
  files.certificates.insert(files.certificates.end(), newer.tls_certificate.begin(),
                            newer.tls_certificate.end());
  files.keys.insert(files.keys.end(), newer.tls_key.begin(), newer.tls_key.end());
  if (files.ciphers.empty()) files.ciphers = newer.tls_allowed_ciphers;
  return files;
}

}  // namespace lb
