// Checks of <mount> sections, alone and against each other.
#include <algorithm>
#include <set>

#include "auth/listener/authenticator.h"
#include "base/cat.h"
#include "base/strings.h"
#include "cluster/balance/redirect_reply.h"
#include "config/load/checks.h"
#include "config/load/icecast25.h"
#include "config/load/mount_rules.h"
#include "media/metadata.h"

namespace lb {
namespace {

void check_authenticator(const AuthenticatorSettings& settings, const std::string& path,
                         Filler& filler) {
  if (settings.type.empty() && settings.options.empty()) return;
  const std::string block = path + "/authentication";
  const int line = std::max(filler.line_of(block), filler.line_of(block + "/@type"));
  // The role that closes the mount is reported already.
  if (settings.type == kClosedByRoles && filler.line_of(block + "/role") != 0) return;
  for (const std::string& text : authenticator_complaints(settings.type, settings.options)) {
    // A mount that refuses all listeners is an error, but the server starts for the other mounts.
    const bool closed = text.find("every listener is refused") != std::string::npos;
    filler.report(line, closed ? Severity::kError : Severity::kWarning, "<authentication>: " + text,
                  Concern::kUnsupported);
  }
}

// Icecast-KH replaces a variable in these names by the mount.
void check_names(const MountSettings& mount, const std::string& path, Filler& filler) {
  for (const auto& [name, value] :
       {std::pair("intro", &mount.intro), std::pair("fallback-mount", &mount.fallback_mount)}) {
    const int line = filler.line_of(cat({path, "/", name}));
    if (line == 0 || value->find("${mount}") == std::string::npos) continue;
    filler.report(
        line, Severity::kWarning,
        cat({"<", name, ">: ${mount} is not replaced here; write a section for each mount"}),
        Concern::kUnsupported);
  }
}

// As MountFiles: an intro may be anywhere, a fallback only in the web root.
void check_fallback_file(const MountSettings& mount, const std::string& path, Filler& filler) {
  const int line = filler.line_of(path + "/fallback-mount");
  if (line == 0 || cat({mount.fallback_mount, "/"}).find("/../") == std::string::npos) return;
  filler.report(line, Severity::kWarning,
                "<fallback-mount>: a file outside the web root is not played");
}

void check_charset(const MountSettings& mount, const std::string& path, Filler& filler) {
  const int line = filler.line_of(path + "/charset");
  if (line == 0 || mount.charset.empty() || is_known_charset(mount.charset)) return;
  filler.report(
      line, Severity::kWarning,
      cat({"<charset>: ", quoted(mount.charset), " is not known; titles are taken as ISO-8859-1"}));
}

void check_redirects(const MountSettings& mount, const std::string& path, Filler& filler) {
  for (const auto& [name, value] :
       {std::pair("redirect", &mount.redirect), std::pair("redirect-to", &mount.redirect_to)}) {
    const int line = filler.line_of(cat({path, "/", name}));
    if (line == 0 || value->empty() || is_web_address(*value)) continue;
    filler.report(
        line, Severity::kError,
        cat({"<", name, ">: ", quoted(*value),
             " is not an address like https://cdn.example.org; no listener is sent there"}));
  }
}

// An <encoder> without a password has that of the mount, or the <source-password>.
void check_encoders(const Config& config, const MountSettings& mount, const std::string& path,
                    Filler& filler) {
  const bool inherits = !mount.password.empty() || !config.authentication.source_password.empty();
  std::set<std::string> names;
  for (std::size_t i = 0; i < mount.encoders.size(); ++i) {
    const EncoderSettings& row = mount.encoders[i];
    const std::string& name = row.username.empty() ? mount.username : row.username;
    const int own = filler.line_of(cat({path, "/", numbered("encoder", i)}));
    const int line = own != 0 ? own : filler.line_of(path + "/mount-name");
    if (row.password.empty() && !inherits)
      filler.report(line, Severity::kWarning,
                    cat({"<encoder>: ", quoted(name),
                         " has no password, and neither has its mount; it cannot log in"}));
    if (!names.insert(name).second)
      filler.report(
          line, Severity::kWarning,
          cat({"<encoder>: ", quoted(name), " of ", quoted(mount.name),
               " is the name of another row too; logs and pages cannot tell them apart"}));
  }
}

void check_hls(const MountSettings& mount, int line, Filler& filler) {
  if (!mount.hls) return;
  const std::string fault = hls_fault(mount.name);
  if (!fault.empty())
    filler.report(line, Severity::kWarning, cat({"<hls>: ", fault, "; there are no lists of it"}));
}

// Presenters and their programs know the password of a source.
void check_administrator(const Config& config, const std::string& password, int line,
                         Filler& filler) {
  if (line == 0 || password.empty() || password != config.authentication.admin_password) return;
  filler.report(line, Severity::kWarning,
                "<password>: is the same as admin-password, so every source of this mount is an "
                "administrator",
                Concern::kDanger);
}

// A block without a value and without <enabled>, which sets nothing in motion.
bool lacks_enabled(const XmlNode& block) {
  const auto is_enabled = [](const auto& part) { return part.name == "enabled"; };
  return trim(block.text).empty() && std::ranges::none_of(block.children, is_enabled) &&
         std::ranges::none_of(block.attributes, is_enabled);
}

}  // namespace

void check_mounts(const Config& config, Filler& filler) {
  const FallbackOf fallback_of = [&config](std::string_view mount) {
    return mount_section(config, mount).fallback_mount;
  };
  check_redirects(config.default_mount, "mount[default]", filler);
  check_authenticator(config.default_mount.authenticator, "mount[default]", filler);
  check_names(config.default_mount, "mount[default]", filler);
  check_fallback_file(config.default_mount, "mount[default]", filler);
  check_charset(config.default_mount, "mount[default]", filler);
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const MountSettings& mount = config.mounts[i];
    const int line = filler.line_of(numbered("mount", i) + "/mount-name");
    // The first section that matches a name is used: this one or an earlier one.
    const std::size_t counts = config.mount_index->find(mount.name).value_or(i);
    if (counts != i)
      filler.report(line, Severity::kWarning,
                    cat({"<mount-name>: ", quoted(mount.name), " is already matched by ",
                         quoted(config.mounts[counts].name), " in line ",
                         filler.line_of(numbered("mount", counts) + "/mount-name"),
                         ", which comes first; this second section is ignored"}));
    check_authenticator(mount.authenticator, numbered("mount", i), filler);
    check_names(mount, numbered("mount", i), filler);
    check_fallback_file(mount, numbered("mount", i), filler);
    check_charset(mount, numbered("mount", i), filler);
    check_redirects(mount, numbered("mount", i), filler);
    const std::string fault = fallback_fault(mount.name, fallback_of);
    if (!fault.empty()) filler.report(line, Severity::kWarning, "<fallback-mount>: " + fault);
    check_encoders(config, mount, numbered("mount", i), filler);
    check_hls(mount, line, filler);
    check_administrator(config, mount.password, filler.line_of(numbered("mount", i) + "/password"),
                        filler);
  }
}

void check_mount(const MountSettings& mount, const XmlNode& node, Filler& filler) {
  if (mount.fallback_mount.empty() && (mount.fallback_override || mount.fallback_when_full)) {
    filler.report(node.line, Severity::kWarning,
                  cat({"<mount>: ", quoted(mount.name),
                       " has fallback-override or fallback-when-full, but no fallback-mount"}));
  }
  if (mount.queue_bytes < mount.burst_bytes) {
    filler.report(node.line, Severity::kWarning,
                  cat({"<mount>: ", quoted(mount.name), ": queue-size ", mount.queue_bytes,
                       " is smaller than burst-size ", mount.burst_bytes,
                       "; the queue is made as large as the burst"}));
  }
  for (const XmlNode& block : node.children) {
    const bool idle =
        (block.name == "archive" && !mount.archive.enabled) || (block.name == "hls" && !mount.hls);
    if (idle && lacks_enabled(block))
      filler.report(
          block.line, Severity::kWarning,
          cat({"<", block.name, ">: ", quoted(mount.name), " has it without <enabled>; ",
               block.name == "hls" ? "there are no lists of it" : "nothing is recorded"}));
  }
}

}  // namespace lb
