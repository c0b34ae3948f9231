#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"
#include "commands/commands.h"
#include "config/load/loader.h"
#include "config/mounts/record_secrets.h"
#include "config/settings/cluster_id.h"
#include "program/process.h"
#include "registry/copy_registry.h"
#include "registry/store_copy.h"
#include "store/node_copies.h"
#include "store/store_registry.h"

namespace lb {
namespace {

constexpr std::string_view kFilesName = "files:";

int fail(std::string_view what) {
  write_console(STDERR_FILENO, cat({"icecast-lb: ", what, "\n"}));
  return 1;
}

// The meaning of a name on the command line.
struct NamedStore {
  StoreSettings store;
  std::string own_copy;                  // etcd: the file of its last good copy
  std::shared_ptr<const Config> config;  // null: the store is named directly
};

Result<NamedStore> find_store(const std::string& name, const Options& options) {
  NamedStore named;
  if (name.starts_with(kFilesName)) {
    named.store.type = StoreType::kFiles;
    named.store.path = name.substr(kFilesName.size());
    if (named.store.path.empty()) return Error::invalid(name + ": names no directory");
    return named;
  }
  const auto loaded = load_config_file(name, {options.allow_default_passwords});
  if (!loaded) return loaded.error();
  for (const Diagnostic& d : loaded->diagnostics)
    if (loaded->refuses_start() && d.severity == Severity::kFatal)
      return Error::invalid(to_string(d, name));
  named.config = loaded->config;
  named.store = loaded->config->store;
  if (named.store.type == StoreType::kNone)
    return Error::invalid(name + ": has no <store>; files:DIRECTORY names one of files");
  // The copy for starts without etcd belongs to the server; here an unreachable etcd is an error.
  if (named.store.type == StoreType::kEtcd) named.own_copy = std::exchange(named.store.path, {});
  return named;
}

// Files must belong to the server's user, because the server could not read those of root.
Result<void> become_server(const std::vector<const NamedStore*>& stores, const Config* config) {
  if (::geteuid() != 0) return {};
  bool files = false;
  for (const NamedStore* named : stores) {
    files = files || named->store.type == StoreType::kFiles;
    if (config == nullptr) config = named->config.get();
  }
  if (config != nullptr && !config->security.user.empty())
    return drop_privileges(config->security, config->paths, false);
  if (!files) return {};
  return Error::denied(
      "the files of a store belong to the user that serves, and root would take them; run it as "
      "that user: sudo -u USER icecast-lb …");
}

// A directory that is only read must not be created.
Result<void> is_there(const StoreSettings& store) {
  struct stat facts {};
  if (store.type != StoreType::kFiles) return {};
  if (::stat((store.path + "/format").c_str(), &facts) != 0)
    return Error::not_found(store_name(store) + ": there is no store");
  return {};
}

std::string summary(const RegistryCopied& copied) {
  std::string classes;
  std::size_t all = 0;
  for (const auto& [name, count] : copied.classes) {
    classes += cat({classes.empty() ? "" : ", ", name, " ", count});
    all += count;
  }
  return cat({all, " records (", classes, "); ", copied.written, " written, of them ",
              copied.replaced, " over another value; ", copied.there_already,
              " were there already; ", copied.removed, " removed"});
}

// The loop and the log of one command.
class Desk {
 public:
  Desk() {
    // Without paths the log goes to standard error.
    LogSettings quiet;
    quiet.level = LogLevel::kError;
    std::ignore = log_.open(quiet);  // standard error is open
  }
  std::unique_ptr<Registry> open(const StoreSettings& store) {
    return open_store_as_kept(store, loop_, loop_, log_);
  }
  std::unique_ptr<Registry> open_sealing(const StoreSettings& store) {
    return open_store(store, loop_, loop_, log_);
  }
  Result<RegistryCopied> wait() {
    while (!copied_) loop_.run_once(true);
    return *std::move(copied_);
  }
  auto done() {
    return [this](Result<RegistryCopied> copied) { copied_.emplace(std::move(copied)); };
  }
  // Waits until the registries have written everything to the disk.
  void close(std::unique_ptr<Registry> registry) {
    registry.reset();
    loop_.run_once(false);
  }

 private:
  Loop loop_{0, system_clock()};
  Log log_{system_clock()};
  std::optional<Result<RegistryCopied>> copied_;
};

int report(const std::string& from, const std::string& to, const Result<RegistryCopied>& copied,
           const Options& options) {
  const std::string way = cat({from, " to ", to, ": "});
  if (!copied)
    return fail(way + copied.error().what +
                (copied.error().code == Error::Code::kDenied && !options.overwrite
                     ? "; --overwrite makes it what the other one is"
                     : ""));
  write_console(STDOUT_FILENO, cat({way, summary(*copied), "\n"}));
  return 0;
}

// The contents from which a store is rebuilt.
struct LastGood {
  std::string name;  // of the copies
  RegistryContent content;
  bool open = false;                 // its secrets are not sealed
  std::vector<std::string> remarks;  // printed at the end
};

void print_copy(const std::string& path, std::size_t records, std::uint64_t revision,
                const std::string& of) {
  write_console(STDOUT_FILENO,
                cat({path, ": ", records, " records at revision ", revision, of, "\n"}));
}

// The newest copy of a master is complete: records that only an older copy has were deleted since.
Result<LastGood> newest_copy(const std::vector<std::pair<std::string, std::string>>& files) {
  LastGood newest;
  for (const auto& [path, text] : files) {
    auto content = parse_store_copy(std::nullopt, text);
    if (!content) return Error{content.error().code, cat({path, ": ", content.error().what})};
    // Later acknowledged writes are in a file beside the copy.
    if (const auto added = read_file(cat({path, StoreCopy::kNewer})))
      content->revision =
          std::max(content->revision, add_store_additions(std::nullopt, added->text, *content));
    const bool newer = newest.name.empty() || content->revision > newest.content.revision;
    print_copy(path, content->records.size(), content->revision, "");
    if (newer) newest = {path, std::move(*content), false, {}};
  }
  return newest;
}

// Joins the copies of nodes, because none has the passwords of all mounts.
Result<LastGood> joined_copy(const std::vector<std::pair<std::string, std::string>>& files,
                             const std::string& master) {
  std::vector<NodeCopy> copies;
  for (const auto& [path, text] : files) {
    auto book = ConfBook::parse(text);
    if (!book) return Error{book.error().code, cat({path, ": ", book.error().what})};
    for (const ConfBook::MasterCopy& said : book->master_copies())
      print_copy(path, said.items.size(), said.revision,
                 cat({" of master ", said.master, ", store ", said.store, ".", said.life}));
    copies.push_back({path, *std::move(book)});
  }
  auto joined = join_node_copies(copies, master);
  if (!joined) return joined.error();
  return LastGood{cat({files.size(), " copies of store ", joined->store}),
                  std::move(joined->content), true, std::move(joined->remarks)};
}

Result<LastGood> last_good(const std::vector<std::string>& paths, const Config* config) {
  std::vector<std::pair<std::string, std::string>> files;
  std::size_t nodes = 0;
  for (const std::string& path : paths) {
    auto file = read_file(path);
    if (!file) return file.error();
    nodes += ConfBook::is_text(file->text) ? 1 : 0;
    files.emplace_back(path, std::move(file->text));
  }
  if (nodes == 0) return newest_copy(files);
  if (nodes == files.size())
    return joined_copy(files, config == nullptr ? "" : cluster_id(*config, ""));
  return Error::invalid(
      "copies of masters' stores and of nodes (conf.cache) are not joined; those of masters are "
      "whole, name them alone");
}

// Checked before the first write.
Result<void> can_be_sealed(const LastGood& copy, const StoreSettings& store) {
  if (!copy.open || !store.keys.empty()) return {};
  for (const RegistryRecord& record : copy.content.records)
    if (record.key.starts_with("mounts/"))
      if (auto sealed = seal_record(SealKeys(), record.key, record.value); !sealed)
        return sealed.error();
  return {};
}

}  // namespace

int copy_store(const Options& options) {
  const auto from = find_store(options.stores[0], options);
  if (!from) return fail(from.error().what);
  const bool given = options.stores.size() > 1;
  const auto to = find_store(given ? options.stores[1] : options.config_file, options);
  if (!to) return fail(to.error().what);
  const std::string from_name = store_name(from->store), to_name = store_name(to->store);
  if (from_name == to_name) return fail(from_name + ": is the source and the target");
  if (auto user = become_server({&*to, &*from}, nullptr); !user) return fail(user.error().what);
  if (auto there = is_there(from->store); !there) return fail(there.error().what);
  Desk desk;
  auto source = desk.open(from->store), target = desk.open(to->store);
  copy_registry(*source, *target, options.overwrite ? CopyOver::kEverything : CopyOver::kNothing,
                desk.done());
  const auto copied = desk.wait();
  desk.close(std::move(source));
  desk.close(std::move(target));
  return report(from_name, to_name, copied, options);
}

int rebuild_store(const Options& options) {
  const auto to = find_store(options.config_file, options);
  if (!to) return fail(to.error().what);
  std::vector<std::string> paths = options.stores;
  if (paths.empty() && !to->own_copy.empty()) paths.push_back(to->own_copy);
  if (paths.empty())
    return fail(
        "--store-rebuild needs the files of last good copies: those of other masters' etcd "
        "stores (<store path=…>), or those of its nodes (conf.cache)");
  if (auto user = become_server({&*to}, nullptr); !user) return fail(user.error().what);
  auto copy = last_good(paths, to->config.get());
  if (!copy) return fail(copy.error().what);
  if (auto sealed = can_be_sealed(*copy, to->store); !sealed) return fail(sealed.error().what);
  Desk desk;
  auto target = copy->open ? desk.open_sealing(to->store) : desk.open(to->store);
  copy_records(std::move(copy->content.records), *target,
               options.overwrite ? CopyOver::kEverything : CopyOver::kNothing, desk.done());
  const auto copied = desk.wait();
  desk.close(std::move(target));
  const int status = report(copy->name, store_name(to->store), copied, options);
  if (status == 0)
    for (const std::string& remark : copy->remarks) write_console(STDOUT_FILENO, remark + "\n");
  return status;
}

}  // namespace lb
