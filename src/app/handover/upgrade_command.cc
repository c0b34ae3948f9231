#include "app/handover/upgrade_command.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "app/handover/handover.h"
#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"
#include "config/load/loader.h"

namespace lb {
namespace {

constexpr int kPatienceMs = 60'000;
constexpr std::size_t kMaxText = 4096;

int end(int status, std::string_view why) {
  const std::string line = cat({"icecast-lb: ", why, "\n"});
  [[maybe_unused]] const auto n = ::write(STDERR_FILENO, line.data(), line.size());
  return status;
}

// Whether it has something to do with USR2, which ends a process that has not.
bool catches_usr2(std::uint64_t pid) {
  const auto file = read_file(cat({"/proc/", pid, "/status"}));
  if (!file) return false;
  const std::string& status = file->text;
  for (const std::string_view name : {"SigCgt:", "SigBlk:"}) {
    const std::size_t at = status.find(name);
    if (at == std::string::npos) continue;
    const std::size_t digits = status.find_first_not_of(" \t", at + name.size());
    const std::string text = status.substr(digits, status.find('\n', digits) - digits);
    if ((std::strtoull(text.c_str(), nullptr, 16) >> (SIGUSR2 - 1) & 1) != 0) return true;
  }
  return false;
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

}  // namespace

int upgrade_server(const Options& options) {
  const auto loaded = load_config_file(options.config_file, LoadOptions{true});
  if (!loaded) return end(1, cat({options.config_file, ": ", loaded.error().what}));
  const std::string& path = loaded->config->paths.pidfile;
  if (path.empty())
    return end(1, cat({options.config_file,
                       " has no <pidfile>, which would name the server; send "
                       "USR2 to its process instead"}));
  const auto text = read_file(path, {64});
  const auto pid = text ? parse_u64(trim(first_line(text->text))) : std::nullopt;
  if (!pid || *pid < 2 || *pid > 0x7fffffff)
    return end(1, cat({"no server runs with ", options.config_file, ": ", path,
                       " names no process; start it instead"}));
  if (::kill(static_cast<pid_t>(*pid), 0) != 0 && errno == ESRCH)
    return end(1, cat({"no server runs with ", options.config_file, ": process ", *pid, " of ",
                       path, " is not there; start it instead"}));
  if (!catches_usr2(*pid))
    return end(1, cat({"process ", *pid, " of ", path,
                       " does not know how to be replaced: it is an "
                       "older version, or no icecast-lb; restart it instead"}));
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const std::string name = upgrade_address(*pid);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
    return end(1,
               errno == EADDRINUSE
                   ? cat({"another --upgrade of process ", *pid, " waits already; this one ends"})
                   : cat({"the answer could not be waited for (", std::strerror(errno), ")"}));
  if (::kill(static_cast<pid_t>(*pid), SIGUSR2) != 0)
    return end(1, cat({"process ", *pid, " of ", path, " could not be sent USR2 (",
                       std::strerror(errno), "); run this as the user of the server, or as root"}));
  pollfd answer{socket.get(), POLLIN, 0};
  int ready = 0;
  while ((ready = ::poll(&answer, 1, kPatienceMs)) < 0 && errno == EINTR) {
  }
  std::array<char, kMaxText> said{};
  const ssize_t n = ready > 0 ? ::recv(socket.get(), said.data(), said.size(), 0) : 0;
  if (n < 1)
    return end(1, cat({"process ", *pid, " has not said how it ended within ", kPatienceMs / 1000,
                       " s; see its error log"}));
  const std::string_view outcome(said.data(), static_cast<std::size_t>(n));
  return outcome[0] == '0'
             ? end(0, outcome.substr(1))
             : end(1, cat({"the server was not replaced, it goes on: ", outcome.substr(1)}));
}

}  // namespace lb
