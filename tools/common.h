// What the measuring programs share: options, one JSON line, addresses, limits, the clock.
// Thread: Options and JsonLine belong to one thread; the functions are safe from any.
// Errors: these are command-line programs; a wrong option or a refused system call at the start
// ends the program by die() with one sentence and status 2.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lb {

// CLOCK_MONOTONIC, comparable between processes of one machine.
std::uint64_t now_ns() noexcept;
inline constexpr std::uint64_t kSecond = 1'000'000'000;

[[noreturn]] void die(std::string_view sentence);
[[noreturn]] void die_errno(std::string_view subject);

// A row: name, default, one sentence of help.  Values are given as --name value or --name=value.
struct OptionRow {
  std::string_view name, value, help;
};

class Options {
 public:
  // Prints the rows and exits with 0 for --help; unknown options end the program.
  Options(int argc, char** argv, std::string_view about, const std::vector<OptionRow>& rows);
  const std::string& text(std::string_view name) const;
  double number(std::string_view name) const;   // not negative
  unsigned count(std::string_view name) const;  // a whole number
  bool on(std::string_view name) const { return count(name) != 0; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// {"a": 1, "b": 2.5} in the order of the calls.
class JsonLine {
 public:
  JsonLine& add(std::string_view name, std::uint64_t value);
  JsonLine& add(std::string_view name, double value);  // three decimals
  std::string text() const { return "{" + body_ + "}"; }

 private:
  JsonLine& field(std::string_view name, std::string_view value);
  std::string body_;
};

// "127.0.0.1:8000" or "[::1]:8000"; numbers only, so that no name service takes part.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
Address parse_address(const std::string& text);
// %d in the pattern is the number.
std::string with_number(const std::string& pattern, std::uint32_t number);

// A socket that is connecting, not yet connected.  `from` (IPv4 text) may be empty.
int begin_connect(const Address& to, const std::string& from, int receive_buffer);

// As many descriptors as the system lets us have, and at least this many.
void need_descriptors(unsigned count);

// Writes one whole line to descriptor 1 or 2.
void print_line(int fd, std::string line);

}  // namespace lb
