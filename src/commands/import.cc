#include "commands/import.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "base/cat.h"
#include "base/file.h"
#include "config/load/checks.h"
#include "config/load/config_xml.h"
#include "config/load/reload.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

enum class ImportVerdict : std::uint8_t {
  kTaken,
  kMapped,
  kReplaced,
  kLeftOut,
  kNotSupported,
  kUnknown,
  kWrong,
  kDangerous,
  kWarning,
  kNote,
};
constexpr std::array<std::string_view, 10> kVerdicts = {
    "taken",   "mapped", "replaced",  "left out", "not supported",
    "unknown", "wrong",  "dangerous", "warning",  "note"};

struct ReportLine {
  int line;
  ImportVerdict verdict;
  std::string text;
};

bool is_bad(ImportVerdict verdict) {
  return verdict >= ImportVerdict::kNotSupported && verdict <= ImportVerdict::kDangerous;
}

// The loader stores the flat elements of a master as one <master> block.
std::string canonical(const std::string& stored) {
  constexpr std::string_view kFlat = "master-";
  if (!stored.starts_with(kFlat) || stored == "master-public-slave") return stored;
  std::string name = stored.substr(kFlat.size());
  if (name == "server-port") name = "port";
  if (name == "update-interval") name = "interval";
  return "master/" + name;
}

std::string with_value(std::string text, const std::string& value) {
  return value.empty() ? text : cat({text, " = ", escaped(value)});
}

std::vector<ReportLine> of_readings(const LoadedConfig& loaded) {
  std::vector<ReportLine> lines;
  for (const Reading& reading : loaded.readings) {
    const bool none = reading.stored.empty();
    if (none && (reading.row == nullptr || reading.row->support != SchemaSupport::kQuiet)) continue;
    if (none) {
      lines.push_back({reading.line, ImportVerdict::kLeftOut,
                       reading.written + ": has no effect, and had none in Icecast 2.4"});
      continue;
    }
    const std::string stored = canonical(reading.stored);
    // An attribute has the same place as an element.
    std::string place = stored;
    place.erase(std::remove(place.begin(), place.end(), '@'), place.end());
    if (place == reading.written) {
      lines.push_back({reading.line, ImportVerdict::kTaken, with_value(stored, reading.value)});
    } else {
      lines.push_back({reading.line, ImportVerdict::kMapped,
                       with_value(cat({reading.written, " → ", stored}), reading.value)});
    }
  }
  return lines;
}

ImportVerdict verdict_of(const Diagnostic& diagnostic) {
  switch (diagnostic.concern) {
    case Concern::kUnsupported:
      return ImportVerdict::kNotSupported;
    case Concern::kUnknown:
      return ImportVerdict::kUnknown;
    case Concern::kDanger:
      return ImportVerdict::kDangerous;
    case Concern::kGeneral:
      break;
  }
  if (diagnostic.severity >= Severity::kError) return ImportVerdict::kWrong;
  return diagnostic.severity == Severity::kWarning ? ImportVerdict::kWarning : ImportVerdict::kNote;
}

std::ptrdiff_t rows_of(const LoadedConfig& loaded, SchemaOrigin origin) {
  return std::count_if(loaded.readings.begin(), loaded.readings.end(), [&](const Reading& r) {
    return r.row != nullptr && r.row->origin == origin;
  });
}

bool is_of_kh(const LoadedConfig& loaded) {
  return rows_of(loaded, SchemaOrigin::kKh) > rows_of(loaded, SchemaOrigin::kIcecast25);
}

int line_of(const LoadedConfig& loaded, const std::string& path) {
  const auto at = loaded.written.find(path);
  return at == loaded.written.end() ? 0 : at->second;
}

// Notes defaults and rules of Icecast-KH that differ and matter for this file.
void note_kh(const LoadedConfig& loaded, std::vector<ReportLine>& lines) {
  if (!is_of_kh(loaded)) return;
  const Config& config = *loaded.config;
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const MountSettings& mount = config.mounts[i];
    const std::string path = cat({"mount[", i + 1, "]"});
    const int line = line_of(loaded, path + "/mount-name");
    if (mount.name.find('*') != std::string::npos) {
      lines.push_back({line, ImportVerdict::kNote,
                       cat({path, "/mount-name: the * of ", quoted(mount.name),
                            " does not stand for a / here; in Icecast-KH it does"})});
    }
  }
  for (const MasterSettings& master : config.masters) {
    if (master.relay_auth || line_of(loaded, "master-relay-auth") != 0) continue;
    lines.push_back({line_of(loaded, master.flat ? "master-server" : "master[1]"),
                     ImportVerdict::kNote,
                     "master/relay-auth: is not written; that is 0 here and 1 in Icecast-KH: its "
                     "streams are asked for with username and password"});
  }
}

// In Icecast-KH listeners return from a fallback unless the file forbids it; here they do so only
// if the file says it.  So the new file says it if the old one relied on the default.
void keep_override_of_kh(LoadedConfig& loaded, Config& config, std::vector<ReportLine>& lines) {
  if (!is_of_kh(loaded)) return;
  const auto needs = [&](const MountSettings& mount, const std::string& path) {
    return !mount.fallback_mount.empty() && line_of(loaded, path + "/fallback-override") == 0;
  };
  const auto write = [&](MountSettings& mount, const std::string& path) {
    mount.fallback_override = true;
    int line = line_of(loaded, path + "/fallback-mount");
    if (line == 0) line = line_of(loaded, path + "/mount-name");
    loaded.written.try_emplace(path + "/fallback-override", line);
    lines.push_back({line, ImportVerdict::kNote,
                     path + "/fallback-override = 1: was not written, and is 1 in Icecast-KH then; "
                            "here it would be 0, so the new file sets it"});
  };
  if (line_of(loaded, "mount[default]/fallback-override") != 0) return;  // others inherit it
  const bool of_default = needs(config.default_mount, "mount[default]");
  if (of_default) write(config.default_mount, "mount[default]");
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const std::string path = cat({"mount[", i + 1, "]"});
    if (line_of(loaded, path + "/fallback-override") != 0) continue;
    if (of_default)
      config.mounts[i].fallback_override = true;  // inherited
    else if (needs(config.mounts[i], path))
      write(config.mounts[i], path);
  }
}

// Replaces our own passwords if they are published examples; those for other servers are kept.
std::vector<ReportLine> replace_passwords(const LoadedConfig& loaded, Config& config,
                                          const std::function<std::string()>& new_password) {
  std::vector<ReportLine> lines;
  const auto replace = [&](std::string& password, const std::string& path) {
    if (!is_default_password(password)) return;
    password = new_password();
    lines.push_back({line_of(loaded, path), ImportVerdict::kReplaced,
                     path + ": was a password from a published example; the new file has "
                            "a new one, to be set in the clients that use it"});
  };
  PasswordSettings& roles = config.authentication;
  replace(roles.source_password, "authentication/source-password");
  replace(roles.admin_password, "authentication/admin-password");
  replace(roles.relay_password, "authentication/relay-password");
  replace(config.default_mount.password, "mount[default]/password");
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const std::string path = cat({"mount[", i + 1, "]/password"});
    if (line_of(loaded, path) != 0) {
      replace(config.mounts[i].password, path);
    } else {
      config.mounts[i].password = config.default_mount.password;
    }
  }
  return lines;
}

// The errors of the new file; empty: none.
std::vector<std::string> faults_of(const std::string& xml, const Config& config,
                                   const LoadOptions& options) {
  const auto again = load_config_text(xml, config.file, options);
  if (!again.has_value()) return {again.error().what};
  std::vector<std::string> faults;
  for (const Diagnostic& diagnostic : again->diagnostics) {
    // The report on the old file already names closed mounts.
    if (diagnostic.severity >= Severity::kError && diagnostic.concern != Concern::kUnsupported)
      faults.push_back(diagnostic.text);
  }
  for (const Change& change : reload_plan(config, *again->config)) {
    faults.push_back("means something else: " + to_string(change));
  }
  return faults;
}

std::string written_for(const LoadedConfig& loaded) {
  if (is_of_kh(loaded)) return "Icecast-KH";
  if (rows_of(loaded, SchemaOrigin::kIcecast25) > 0) return "Icecast 2.5";
  return "Icecast 2.4";
}

std::string render(const std::string& file, std::vector<ReportLine> lines,
                   const std::string& server) {
  std::stable_sort(lines.begin(), lines.end(),
                   [](const ReportLine& a, const ReportLine& b) { return a.line < b.line; });
  std::string out;
  std::array<std::size_t, kVerdicts.size()> counts{};
  for (const ReportLine& line : lines) {
    const std::string number = line.line == 0 ? "-" : std::to_string(line.line);
    const std::string_view verdict = kVerdicts[static_cast<std::size_t>(line.verdict)];
    ++counts[static_cast<std::size_t>(line.verdict)];
    out += cat({std::string(5 - std::min<std::size_t>(5, number.size()), ' '), number, "  "});
    out.append(verdict).append(15 - verdict.size(), ' ').append(line.text).append("\n");
  }
  out += cat({file, ": with elements of ", server, ": "});
  std::string_view separator;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    out.append(separator).append(std::to_string(counts[i])).append(" ").append(kVerdicts[i]);
    separator = ", ";
  }
  return out.append(separator.empty() ? "nothing\n" : "\n");
}

}  // namespace

Import import_config(const std::string& file, const LoadOptions& options,
                     const std::function<std::string()>& new_password) {
  auto loaded = load_config_file(file, options);
  if (!loaded.has_value()) return {fatal_text(file, loaded.error()), "", 1};

  Config config = *loaded->config;
  std::vector<ReportLine> lines = of_readings(*loaded);
  std::vector<ReportLine> replaced;
  if (!options.allow_default_passwords) replaced = replace_passwords(*loaded, config, new_password);
  for (const Diagnostic& diagnostic : loaded->diagnostics) {
    // A report about a replaced password does not apply to the new one.
    const bool cured = diagnostic.concern == Concern::kDanger &&
                       std::any_of(replaced.begin(), replaced.end(), [&](const ReportLine& line) {
                         return line.line == diagnostic.line;
                       });
    if (!cured) lines.push_back({diagnostic.line, verdict_of(diagnostic), diagnostic.text});
  }
  lines.insert(lines.end(), replaced.begin(), replaced.end());
  note_kh(*loaded, lines);
  keep_override_of_kh(*loaded, config, lines);

  Import import;
  import.xml = config_xml(*loaded, config, cat({"Made from ", file, " by icecast-lb " LB_VERSION}));
  std::erase_if(config.relays, [](const RelaySettings& relay) { return !can_connect(relay); });
  const bool bad = std::any_of(lines.begin(), lines.end(),
                               [](const ReportLine& line) { return is_bad(line.verdict); });
  import.status = bad ? 2 : 0;
  const std::vector<std::string> faults = faults_of(import.xml, config, options);
  import.report = render(file, std::move(lines), written_for(*loaded));
  for (const std::string& fault : faults) {
    import.report += cat({file, ": the new file cannot be used as it is: ", fault, "\n"});
    import.status = 1;
  }
  return import;
}

Result<void> save_new_file(const std::string& path, const std::string& text) {
  const auto failed = [&] {
    return Error::io(
        cat({path, ": ", std::generic_category().message(errno), "; nothing was written"}));
  };
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return failed();
  if (!write_all(file.get(), text)) {
    const Error error = failed();
    ::unlink(path.c_str());
    return error;
  }
  return {};
}

std::string random_password() {
  constexpr std::string_view kLetters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  constexpr std::size_t kLength = 24;
  std::string password;
  while (password.size() < kLength) {
    const auto byte = static_cast<unsigned char>(random_bytes(1).front());
    if (byte < 256 / kLetters.size() * kLetters.size())
      password += kLetters[byte % kLetters.size()];
  }
  return password;
}

}  // namespace lb
