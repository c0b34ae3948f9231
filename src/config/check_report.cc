#include "config/check_report.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/unique_fd.h"

namespace lb {
namespace {

std::string counted(std::ptrdiff_t n, std::string_view what) {
  if (n == 0) return "";
  return ", " + std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

// Without its certificate a socket for TLS stays closed.  A start reports it too, but only then.
void check_files(const LoadedConfig& loaded, std::vector<Diagnostic>& lines) {
  const Config& config = *loaded.config;
  if (config.security.chroot) return;  // the names may be meant inside it
  const auto check = [&](const std::vector<std::string>& files, const std::string& path) {
    for (const std::string& file : files) {
      if (UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC)).valid()) continue;
      const std::string why = std::generic_category().message(errno);
      const auto at = loaded.written.find(path);
      lines.push_back(
          {at == loaded.written.end() ? 0 : at->second, Severity::kWarning,
           "<" + path.substr(path.rfind('/') + 1) + ">: " + escaped(file) + ": " + why});
    }
  };
  check(config.paths.ssl_certificate, "paths/ssl-certificate");
  check(config.paths.ssl_private_key, "paths/ssl-private-key");
  check(config.security.tls_certificate, "security/tls-context/tls-certificate");
  check(config.security.tls_key, "security/tls-context/tls-key");
}

}  // namespace

CheckReport check_report(const std::string& file, const LoadOptions& options) {
  const auto loaded = load_config_file(file, options);
  if (!loaded.has_value()) return {fatal_text(file, loaded.error()), false};

  std::vector<Diagnostic> lines = loaded->diagnostics;
  check_files(*loaded, lines);
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.line < b.line; });
  CheckReport report;
  report.valid = !loaded->has_errors();
  for (const Diagnostic& line : lines) report.text += to_string(line, file) + "\n";
  const auto count = [&](Severity severity) {
    return std::count_if(lines.begin(), lines.end(),
                         [&](const Diagnostic& line) { return line.severity == severity; });
  };
  report.text += file + ": " + (report.valid ? "valid" : "not valid") +
                 counted(count(Severity::kFatal), "fatal fault") +
                 counted(count(Severity::kError), "error") +
                 counted(count(Severity::kWarning), "warning") +
                 counted(count(Severity::kNote), "note") + "\n";
  return report;
}

}  // namespace lb
