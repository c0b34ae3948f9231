#include "app/handover/upgrade_command.h"

#include <poll.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "app/handover/handover.h"
#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"
#include "config/load/loader.h"

namespace lb {
namespace {

constexpr std::chrono::milliseconds kPatience{60'000}, kAskAgain{1000};
constexpr std::size_t kMaxText = 4096;
constexpr std::string_view kProgramName = "icecast-lb";

int end(int status, std::string_view why) {
  const std::string line = cat({"icecast-lb: ", why, "\n"});
  [[maybe_unused]] const auto n = ::write(STDERR_FILENO, line.data(), line.size());
  return status;
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

// A line of /proc/PID/status; "": missing.
std::string_view status_line(std::string_view status, std::string_view name) {
  const std::size_t at = status.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view line = status.substr(at + name.size());
  return trim(line.substr(0, line.find('\n')));
}

// Whether the process handles USR2, which would otherwise end it.
bool catches_usr2(std::string_view status) {
  for (const std::string_view name : {"SigCgt:", "SigBlk:"}) {
    const std::string text(status_line(status, name));
    if ((std::strtoull(text.c_str(), nullptr, 16) >> (SIGUSR2 - 1) & 1) != 0) return true;
  }
  return false;
}

bool ask(pid_t pid, std::uint64_t asker) {
  sigval value{};
  std::memcpy(&value, &asker, sizeof value);
  return ::sigqueue(pid, SIGUSR2, value) == 0;
}

// The answer of a process of that user or of root; any other program may send to the address too.
// The process is asked again, since the kernel drops a USR2 while another one waits.
// "": nothing came in time, or the process has ended.
std::string answer_of(int socket, std::uint64_t user, pid_t pid, std::uint64_t asker) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (bool there = true;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return {};
    pollfd answer{socket, POLLIN, 0};
    const int come =
        ::poll(&answer, 1, there ? static_cast<int>(std::min(left, kAskAgain).count()) : 0);
    if (come == 0 && !there) return {};
    if (come == 0) there = ask(pid, asker);
    if (come < 1) continue;
    std::array<char, kMaxText> text{};
    iovec part{text.data(), text.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    const cmsghdr* const header = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (header == nullptr || header->cmsg_type != SCM_CREDENTIALS) continue;
    ucred sender{};
    std::memcpy(&sender, CMSG_DATA(header), sizeof(sender));
    if (sender.uid == 0 || sender.uid == user) return {text.data(), static_cast<std::size_t>(n)};
  }
}

bool waits_at(int socket, std::uint64_t pid, std::uint64_t asker) {
  const std::string name = upgrade_address(pid, asker);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0;
}

// The configuration that a process reads at an upgrade.
struct TheirFile {
  std::string name;
  std::optional<bool> is_ours;  // nullopt: not known
  bool is_server = false;       // by the name of its program
};
TheirFile their_file(std::uint64_t pid, const std::string& ours) {
  const std::string process = cat({"/proc/", pid, "/"});
  const auto line = read_file(process + "cmdline");
  if (!line || line->text.empty()) return {};
  auto words = split(line->text, '\0');
  const std::string_view program = words.front().substr(words.front().rfind('/') + 1);
  words.erase(words.begin());
  std::erase_if(words, [](std::string_view word) { return word.starts_with("--stand-in="); });
  TheirFile theirs{parse_options({words.begin(), words.end()}).config_file, std::nullopt,
                   program == kProgramName};
  const bool from_root = theirs.name.starts_with('/');
  struct stat here {};
  if (theirs.name.empty() || ::stat(ours.c_str(), &here) != 0) return theirs;
  const auto is_ours = [&here](const std::string& file) -> std::optional<bool> {
    struct stat there {};
    if (::stat(file.c_str(), &there) != 0) return std::nullopt;
    return here.st_dev == there.st_dev && here.st_ino == there.st_ino;
  };
  theirs.is_ours = is_ours(cat({process, from_root ? "root" : "cwd/", theirs.name}));
  // Read before a <chroot>, it need not be within; what is there may be a copy for the next
  // process.
  std::error_code unknown;
  const auto root = std::filesystem::read_symlink(process + "root", unknown);
  if (theirs.is_ours != true && from_root && !unknown && root != "/")
    if (const auto outside = is_ours(theirs.name)) theirs.is_ours = outside;
  return theirs;
}

// Servers with this configuration: of processes of which one has begun the other, the first, which
// passes USR2 on.
std::vector<std::uint64_t> servers_with(const std::string& config_file) {
  std::map<std::uint64_t, std::uint64_t> parents;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", failed)) {
    const auto pid = parse_u64(entry.path().filename().string());
    if (!pid || *pid == static_cast<std::uint64_t>(::getpid())) continue;
    const auto status = read_file(cat({"/proc/", *pid, "/status"}));
    const TheirFile theirs = their_file(*pid, config_file);
    if (status && catches_usr2(status->text) && theirs.is_server && theirs.is_ours == true)
      parents[*pid] = parse_u64(status_line(status->text, "PPid:")).value_or(0);
  }
  std::vector<std::uint64_t> first;
  for (const auto& [pid, parent] : parents)
    if (!parents.contains(parent)) first.push_back(pid);
  return first;
}

// Finds the server that runs with this configuration.  Errors: none does, or several do.
Result<std::uint64_t> find_server(const std::string& config_file, const std::string& pidfile) {
  if (pidfile.empty()) {
    const auto servers = servers_with(config_file);
    if (servers.size() == 1) return servers.front();
    return Error::not_found(
        servers.empty()
            ? cat({"no server of this user runs with ", config_file, "; start it instead"})
            : cat({servers.size(), " servers run with ", config_file,
                   ", which has no <pidfile> to name one; send USR2 to its process instead"}));
  }
  const auto text = read_file(pidfile, {64});
  // A cleaner of /tmp or /run may have removed it.
  if (!text)
    if (const auto servers = servers_with(config_file); servers.size() == 1) return servers.front();
  const auto pid = text ? parse_u64(trim(first_line(text->text))) : std::nullopt;
  if (!pid || *pid < 2 || *pid > 0x7fffffff)
    return Error::not_found(cat({"no server runs with ", config_file, ": ", pidfile,
                                 " names no process; start it instead"}));
  if (::kill(static_cast<pid_t>(*pid), 0) != 0 && errno == ESRCH)
    return Error::not_found(cat({"no server runs with ", config_file, ": process ", *pid, " of ",
                                 pidfile, " is not there; start it instead"}));
  return *pid;
}

}  // namespace

std::string upgrade_address(std::uint64_t known_pid, std::uint64_t asker) {
  std::string name = cat({"icecast-lb-upgrade-", known_pid});
  return asker > kUsualAsker ? cat({name, "-", asker}) : name;
}

int upgrade_server(const Options& options) {
  const auto loaded = load_config_file(options.config_file, LoadOptions{true});
  if (!loaded) return end(1, cat({options.config_file, ": ", loaded.error().what}));
  if (loaded->refuses_start())
    return end(1, cat({options.config_file, " cannot be used, and the server was left alone; its ",
                       "faults: icecast-lb -c ", options.config_file, " --check-config"}));
  const std::string& path = loaded->config->paths.pidfile;
  const auto pid = find_server(options.config_file, path);
  if (!pid) return end(1, pid.error().what);
  const std::string server = cat({"process ", *pid, path.empty() ? "" : " of ", path});
  const auto status = read_file(cat({"/proc/", *pid, "/status"}));
  const std::string_view facts = status ? std::string_view(status->text) : std::string_view();
  if (!catches_usr2(facts))
    return end(1, cat({server,
                       " does not know how to be replaced: it is an "
                       "older version, or no icecast-lb; restart it instead"}));
  if (const TheirFile other = their_file(*pid, options.config_file); other.is_ours == false)
    return end(1, cat({server, " runs with ", other.name,
                       ", which it reads again at an upgrade, and not ", options.config_file,
                       "; it was left alone: change that file, or restart the server with -c ",
                       options.config_file}));
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
  std::uint64_t asker = kUsualAsker;  // where an older program answers
  if (!waits_at(socket.get(), *pid, asker)) {
    // Another --upgrade has the address, or a program that pretends to be one.
    if (::getrandom(&asker, sizeof asker, 0) != sizeof asker ||
        !waits_at(socket.get(), *pid, asker))
      return end(1, cat({"the answer could not be waited for (", std::strerror(errno), ")"}));
  }
  if (!ask(static_cast<pid_t>(*pid), asker))
    return end(1, cat({server, " could not be sent USR2 (", std::strerror(errno),
                       "); run this as the user of the server, or as root"}));
  const std::string_view users = status_line(facts, "Uid:");  // real, effective, ...
  const auto user = parse_u64(users.substr(0, users.find_first_of(" \t")));
  const std::string outcome =
      answer_of(socket.get(), user.value_or(0), static_cast<pid_t>(*pid), asker);
  if (outcome.empty())
    return end(1, cat({"process ", *pid, " has not said how it ended; see its error log"}));
  const std::string_view what = std::string_view(outcome).substr(1);
  return outcome[0] == '0' ? end(0, what)
                           : end(1, cat({"the server was not replaced, it goes on: ", what}));
}

}  // namespace lb
