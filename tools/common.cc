#include "tools/common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace lb {

std::uint64_t now_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

void print_line(int fd, std::string line) {
  line.push_back('\n');
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t wrote = write(fd, line.data() + done, line.size() - done);
    if (wrote <= 0) return;
    done += static_cast<std::size_t>(wrote);
  }
}

void die(std::string_view sentence) {
  print_line(2, std::string(sentence));
  exit(2);
}

void die_errno(std::string_view subject) {
  die(std::string(subject) + ": " + strerrordesc_np(errno));
}

Options::Options(int argc, char** argv, std::string_view about,
                 const std::vector<OptionRow>& rows) {
  for (const OptionRow& row : rows) values_.emplace(row.name, row.value);
  for (int i = 1; i < argc; ++i) {
    std::string_view name = argv[i];
    if (name == "--help") {
      std::string help(about);
      for (const OptionRow& row : rows) {
        std::string line = "  --" + std::string(row.name);
        if (!row.value.empty()) line += " " + std::string(row.value);
        line.resize(std::max<std::size_t>(line.size() + 2, 30), ' ');
        help += "\n" + line + std::string(row.help);
      }
      print_line(1, help);
      exit(0);
    }
    if (name.substr(0, 2) != "--") die("argument " + std::string(name) + ": options start with --");
    name.remove_prefix(2);
    const std::size_t equals = name.find('=');
    const auto found = values_.find(name.substr(0, equals));
    if (found == values_.end()) die("option --" + std::string(name) + ": unknown, try --help");
    if (equals != std::string_view::npos) {
      found->second = name.substr(equals + 1);
    } else if (i + 1 < argc) {
      found->second = argv[++i];
    } else {
      die("option --" + std::string(name) + ": a value is missing");
    }
  }
}

const std::string& Options::text(std::string_view name) const { return values_.find(name)->second; }

double Options::number(std::string_view name) const {
  const std::string& given = text(name);
  double value = -1;
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
  if (error != std::errc() || end != given.data() + given.size() || !(value >= 0 && value < 1e9)) {
    die("option --" + std::string(name) + ": " + given + " is not a number from 0 to 1e9");
  }
  return value;
}

unsigned Options::count(std::string_view name) const {
  const double value = number(name);
  const auto whole = static_cast<unsigned>(value);
  if (static_cast<double>(whole) != value) {
    die("option --" + std::string(name) + ": " + text(name) + " is not a whole number");
  }
  return whole;
}

JsonLine& JsonLine::field(std::string_view name, std::string_view value) {
  if (!body_.empty()) body_ += ", ";
  body_.append("\"").append(name).append("\": ").append(value);
  return *this;
}

JsonLine& JsonLine::add(std::string_view name, std::uint64_t value) {
  return field(name, std::to_string(value));
}

JsonLine& JsonLine::add(std::string_view name, double value) {
  std::array<char, 64> out{};
  const auto end =
      std::to_chars(out.data(), out.data() + out.size(), value, std::chars_format::fixed, 3).ptr;
  return field(name, {out.data(), static_cast<std::size_t>(end - out.data())});
}

Address parse_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) die("address " + text + ": the port is missing");
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), text.c_str() + colon + 1, &hints, &found) != 0) {
    die("address " + text + ": not a numeric address and port");
  }
  Address out;
  memcpy(&out.storage, found->ai_addr, found->ai_addrlen);
  out.size = found->ai_addrlen;
  freeaddrinfo(found);
  return out;
}

std::string with_number(const std::string& pattern, std::uint32_t number) {
  const std::size_t at = pattern.find("%d");
  return at == std::string::npos ? pattern
                                 : std::string(pattern).replace(at, 2, std::to_string(number));
}

int begin_connect(const Address& to, const std::string& from, int receive_buffer) {
  const int fd = socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die_errno("socket");
  if (receive_buffer > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  if (!from.empty()) {
    const int yes = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    if (inet_pton(AF_INET, from.c_str(), &here.sin_addr) != 1)
      die("address " + from + ": not IPv4");
    if (bind(fd, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0) {
      die_errno("bind " + from);
    }
  }
  if (connect(fd, to.get(), to.size) != 0 && errno != EINPROGRESS) {
    const int saved = errno;
    close(fd);
    errno = saved;
    return -1;
  }
  return fd;
}

void need_descriptors(unsigned count) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= count) return;
  rlimit wanted{count, std::max<rlim_t>(limit.rlim_max, count)};
  if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) return;
  die("open files: " + std::to_string(count) + " are needed, the limit is " +
      std::to_string(limit.rlim_max) + "; raise it with ulimit -Hn");
}

}  // namespace lb
