// The command line of both programs without the server: for the checks of conf/, doc/ and
// tests/config/.
#include <cstdio>
#include <optional>

#include "commands/commands.h"
#include "program/options.h"

int main(int argc, char** argv) {
  const lb::Options options = lb::parse_options({argv + 1, argv + argc});
  std::optional<lb::Answer> answer = lb::answer(options);
  if (options.action == lb::Options::Action::kImport) answer = lb::answer_import(options);
  if (options.action == lb::Options::Action::kSimulate) answer = lb::answer_simulation(options);
  if (!answer) {
    std::puts("this program does not serve");
    return 2;
  }
  std::fputs(answer->out.c_str(), stdout);
  std::fputs(answer->err.c_str(), stderr);
  return answer->status;
}
